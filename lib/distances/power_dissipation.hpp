#pragma once

#include "measures/gaussian.hpp"
#include "numerics/estimate.hpp"

namespace flowcheck {

/// ∫ q r^α |∇ log r|² of two Gaussians, r = p/q, in closed form: what the Wasserstein flow of q
/// towards p dissipates (FDIV-03), up to a constant factor, by divergence:
///
///   reverse KL α = 0, squared Hellinger α = 1 (factor 1/16), KL α = 2, Pearson α = 4, Neyman α =
///   −2; α = 1 is the Fisher information I(p ‖ q).
///
/// +∞ exactly if αP + (1 − α)Q, P and Q the precisions, is not positive definite and p ≠ q
/// (FDIV-19): such a flow is infinitely steep in the tail. Decided from the computed eigenvalues.
/// Cost: O(d³).
/// @throws std::invalid_argument  the dimensions differ, or either has no density
Estimate power_dissipation(const Gaussian& p, const Gaussian& q, double alpha);

}  // namespace flowcheck
