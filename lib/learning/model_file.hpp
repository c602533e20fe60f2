#pragma once

#include "learning/flow_model.hpp"
#include "learning/network_file.hpp"
#include "measures/input_file.hpp"

#include <string>
#include <vector>

namespace flowcheck {

// A model in a folder: model.json (schema flowcheck.model/1: method, columns, scaling, and of each
// block its step size, steps and nodes) and block_1/, block_2/, …, one network each.

/// Files to be written into the folder, names with their subfolder; model.json is the last: it
/// vouches for the others.
std::vector<NamedBytes> model_files(const FlowModel& model);

/// Nothing in the folder is trusted.
/// @throws InputError  one line: what is missing, damaged or does not fit
FlowModel load_model(const std::string& folder, const InputLimits& limits = {});

}  // namespace flowcheck
