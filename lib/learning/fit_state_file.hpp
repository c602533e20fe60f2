#pragma once

#include "learning/fit_model.hpp"
#include "learning/network_file.hpp"
#include "measures/input_file.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace flowcheck {

// A fit that is under way, in a folder: state.json (schema flowcheck.fit_state/3), block_1/,
// block_2/, … with the network of each trained block, and of a block in training the checkpoint and
// the best network so far in folders of their own, which state.json names: a later state does not
// overwrite them.

/// Files to be written into the folder, names with their subfolder; state.json is the last: it
/// vouches for the others.
/// @param there  of how many trained blocks the networks are in the folder already
std::vector<NamedBytes> fit_state_files(const FitState& state, std::size_t there = 0);

/// The folder of the block in training, "training_2_1000" after 1000 iterations of block 2; or "".
std::string training_folder(const FitState& state);

/// Nothing in the folder is trusted; whether it is of a fit's options says require_fit_state().
/// @throws InputError  one line: what is missing, damaged or does not fit
FitState load_fit_state(const std::string& folder, const InputLimits& limits = {});

}  // namespace flowcheck
