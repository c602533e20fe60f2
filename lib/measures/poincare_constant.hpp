#pragma once

#include "measures/line_measure.hpp"

namespace flowcheck {

/// Poincaré constant C_P of a law on the line, the best one in Var f ≤ C_P E f′²: 1/λ₁ of
/// −(pf′)′ = λpf with pf′ = 0 at the ends.
///
/// Finite volumes on three grids of n, 2n and 4n cells or a few more, with edges at the law's
/// kinks, over all of the support where the density is above e^{−90} of its peak. On each, inverse
/// iteration on g = f′,
///
///   g ← (1/p) ∫ₓ^∞ p f,
///
/// in sums of positive terms alone, so that valleys cost no digits: its least and largest growth
/// enclose the grid's own C_P (Collatz and Wielandt; Chen's formula for 1/λ₁). Two Richardson
/// steps in h², their difference being the error: converged. Milliseconds.
/// @throws std::invalid_argument  the density has zeros inside the support, or cells < 10
Estimate poincare_constant(const LineMeasure& p, Index cells = 400);

}  // namespace flowcheck
