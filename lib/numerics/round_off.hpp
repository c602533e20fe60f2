#pragma once

#include "numerics/types.hpp"

namespace flowcheck {

inline constexpr double unit_round_off = 0x1p-53;  ///< u, half the gap between 1 and its successor

/// Round-off model of a d-dimensional dense computation whose terms have size `scale`:
///
///   |computed − exact| ≤ 64 · d · u · scale.
///
/// The 64 is the dossiers' constant for sums of a few terms, each a product or factorisation of d ×
/// d matrices; what a formula amplifies beyond that (a condition number) belongs into `scale`.
/// tests/distances compares every enclosure made from it with 50-digit arithmetic.
///
/// @param scale      largest intermediate size, times the formula's amplification; ≥ 0
/// @param dimension  d ≥ 1
double round_off(double scale, Index dimension);

}  // namespace flowcheck
