#pragma once

#include "learning/training.hpp"
#include "learning/velocity_network.hpp"
#include "measures/input_file.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace flowcheck {

// A network in a folder: network.json, which says its shape, and parameters.npy; a checkpoint has
// first_moment.npy, second_moment.npy and perhaps average.npy beside them, and the iteration in its
// header. Numbers are float64, so that what was trained in single precision is kept too.

/// A file to be written into the folder, by write_file().
struct NamedBytes {
  std::string name = {};
  std::string bytes = {};
};

/// @throws std::invalid_argument  the number of parameters does not fit the shape
std::vector<NamedBytes> network_files(const VelocityNetwork& network);
std::vector<NamedBytes> checkpoint_files(const NetworkShape& shape, const TrainingState& state);

/// Nothing in the folder is trusted: sizes are checked before memory is taken.
/// @throws InputError  one line: what is missing, damaged, too large or does not fit
VelocityNetwork load_network(const std::string& folder, const InputLimits& limits = {});

struct Checkpoint {
  NetworkShape shape = {};
  TrainingState state = {};
};
Checkpoint load_checkpoint(const std::string& folder, const InputLimits& limits = {});

/// The header, network.json: a shape whose parameters are within the limits.
/// @param name  stands for the file in messages
NetworkShape parse_network_header(std::string_view text,
                                  const std::string& name,
                                  const InputLimits& limits = {});
std::string network_header(const NetworkShape& shape);

}  // namespace flowcheck
