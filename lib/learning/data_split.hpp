#pragma once

#include "numerics/types.hpp"

#include <cstdint>

namespace flowcheck {

/// What is trained on, what decides when to stop, and what nobody looks at before the end; d × n
/// each.
struct DataSplit {
  Matrix train = {};
  Matrix validation = {};
  Matrix test = {};
};

/// The part of the points that each of the other two gets, rounded down.
struct SplitShares {
  double validation = 0.1;
  double test = 0.1;
};

/// Each point into one of the three, by a uniform permutation: its first points are for the test,
/// the next ones for the validation.
/// @throws std::invalid_argument  shares that are not positive or leave no point for the training,
///                                or fewer than two points in some part
DataSplit split_data(const Matrix& points, const SplitShares& shares, std::uint64_t seed);

}  // namespace flowcheck
