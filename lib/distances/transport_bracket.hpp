#pragma once

#include "numerics/estimate.hpp"

namespace flowcheck {

/// lower ≤ W₂² ≤ upper for points scaled by a power of two.
struct ScaledBracket {
  double lower = 0.0;
  double value = 0.0;
  double upper = 0.0;
};

/// The bracket of sums of nonnegative terms, each of them, and what the sum is divided by, known to
/// a relative error of `roundings` · 2⁻⁵³ together. Leaves room for 2⁻¹⁰⁰⁰ lost by underflow.
ScaledBracket relative_bracket(double lower, double value, double upper, int roundings);

struct TransportBracket {
  Estimate squared_w2 = {};
  Estimate w2 = {};
};

/// The bracket of points scaled by 2^exponent on top: W₂ by that, W₂² by its square. W₂ is a number
/// even where W₂² overflows.
TransportBracket unscaled(const ScaledBracket& bracket, int exponent);

/// x · 2^exponent rounded down, where it underflows or overflows.
double ldexp_down(double x, int exponent);
double ldexp_up(double x, int exponent);

}  // namespace flowcheck
