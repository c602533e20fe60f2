#pragma once

#include "measures/gaussian.hpp"
#include "numerics/estimate.hpp"

namespace flowcheck {

/// Wasserstein-2 distance of two Gaussians on ℝᵈ (Bures), singular covariances allowed:
///
///   W₂²(N(a, PPᵀ), N(b, QQᵀ)) = ‖a − b‖² + min { ‖P − QU‖²_F : U orthogonal }.
///
/// A sum of squares, so that nearly equal measures keep their digits; the trace formula has none
/// left at a relative gap of 1e-8. Error model: u · √κ · scale in W₂, κ the worse condition number.
/// Cost: one d × d singular value decomposition, O(d³).
///
/// @throws std::invalid_argument  the dimensions differ
Estimate w2(const Gaussian& p, const Gaussian& q);
Estimate squared_w2(const Gaussian& p, const Gaussian& q);  ///< no factor ½

/// Optimal (Brenier) map from p to q, x ↦ b + B(x − a) with B symmetric positive semidefinite.
///
/// @throws std::invalid_argument  the dimensions differ, or p has no density (no map need exist)
AffineMap optimal_map(const Gaussian& p, const Gaussian& q);

/// D = ‖T_base^first − T_base^second‖ in L²(base), the distance of the two optimal maps from
/// `base`; at least W₂(first, second), with equality on the line and for commuting covariances.
///
/// @throws std::invalid_argument  the dimensions differ, or base has no density
Estimate optimal_map_distance(const Gaussian& base, const Gaussian& first, const Gaussian& second);

/// B L for the optimal map x ↦ b + B(x − a) from p to q and p's factor L: what a map does to p,
/// found without inverting anything. Shape d × d.
Matrix optimal_map_on_factor(const Gaussian& p, const Gaussian& q);

/// Round-off model of ‖optimal_map_on_factor‖-like quantities: u · √(κ_p κ_q) · scale.
double optimal_map_round_off(const Gaussian& p, const Gaussian& q);

}  // namespace flowcheck
