#pragma once

#include "report/experiment.hpp"

#include <vector>

namespace flowcheck {

/// The registry of experiments, in the order of results/README.md.
std::vector<Experiment> all_experiments();

}  // namespace flowcheck
