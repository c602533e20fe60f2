#pragma once

#include "measures/gaussian.hpp"

#include <vector>

namespace flowcheck {

/// One of the 180 targets N(m, S) of the published Ornstein–Uhlenbeck benchmark.
struct OuTarget {
  int dimension = 0;
  int repeat = 0;  ///< 0 … 14 within its dimension
  Gaussian law;
};

/// All targets of data/ou_benchmark/ou_targets.csv, by dimension and repeat.
/// @throws InputError  the file is not there, or is not a complete table of Gaussians
std::vector<OuTarget> read_ou_targets();

}  // namespace flowcheck
