#pragma once

#include "measures/line_measure.hpp"

namespace flowcheck {

/// Poincaré constant C_P of a law on the line with all exponential moments of its neighbourhood:
/// Var f ≤ C_P E f′², the best one being 1/λ₁ of −(pf′)′ = λpf with pf′ = 0 at the ends.
///
/// Finite volumes on three grids of n, 2n and 4n cells, cut at the law's kinks where those are few,
/// from one cut in the tails to the other (density e^{−90} of its peak). On each, inverse
/// iteration on g = f′,
///
///   g ← (1/p) ∫ₓ^∞ p f,
///
/// sums of positive terms alone, so that valleys cost no digits: its least and largest growth
/// enclose the grid's own C_P (Collatz and Wielandt; Chen's formula for 1/λ₁). Two Richardson
/// steps in h², their difference being the error: converged. Milliseconds.
/// @throws std::invalid_argument  the density has zeros inside the support
Estimate poincare_constant(const LineMeasure& p, Index cells = 400);

}  // namespace flowcheck
