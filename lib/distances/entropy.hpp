#pragma once

#include "measures/gaussian_mixture.hpp"
#include "numerics/estimate.hpp"

namespace flowcheck {

/// H(p) = −∫ p log p of a mixture with a density, d ≤ 2, in nats. Of all laws with its mean and
/// covariance Σ the Gaussian N has the largest entropy, and what p is short of that is a
/// divergence:
///
///   H(p) = ½ log det(2πe Σ) − KL(p ‖ N).
///
/// Enclosed as divergence() encloses KL, and by the rounding of log det. Closed form for one
/// Gaussian. Cost: one divergence().
/// @throws std::invalid_argument  d > 2, or no density
Estimate entropy(const GaussianMixture& p);

}  // namespace flowcheck
