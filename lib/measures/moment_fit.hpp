#pragma once

#include "measures/gaussian.hpp"

namespace flowcheck {

/// The Gaussian with the mean and the unbiased covariance of a sample,
///
///   x̄ = (1/N) Σ xᵢ,    S = (1/(N − 1)) Σ (xᵢ − x̄)(xᵢ − x̄)ᵀ,
///
/// singular where the points lie in a plane.
///
/// @param points  d × N, N ≥ 2
/// @throws std::invalid_argument  fewer than two points, or not finite
Gaussian moment_fit(const Matrix& points);

}  // namespace flowcheck
