#pragma once

#include "measures/gaussian.hpp"
#include "numerics/estimate.hpp"

namespace flowcheck {

/// A functional of measures with closed Gaussian steps:
///
///   G(ρ) = ½∫(x − μ)ᵀA(x − μ) dρ + (κ/4)∬|x − y|² dρ dρ + ∫ρ log ρ,
///
/// a quadratic potential, a quadratic interaction (K(z) = κ|z|²/2) and entropy. Its minimiser is
/// N(μ, (A + κI)⁻¹). Means see A alone, centred covariances A + κI: G is λ_min(A)-convex along
/// generalised geodesics for κ ≥ 0, and no more than that on translations.
struct GaussianObjective {
  Vector centre = {};        ///< μ
  Matrix curvature = {};     ///< A, symmetric positive definite
  double interaction = 0.0;  ///< κ, with A + κI positive definite

  Gaussian minimiser() const;  ///< N(μ, (A + κI)⁻¹)
  /// Modulus of convexity along generalised geodesics: λ_min(A) for κ ≥ 0, λ_min(A) + κ for κ < 0.
  Estimate convexity() const;
  /// Δ(ρ) = G(ρ) − min G, without cancellation; +∞ where ρ has no density.
  Estimate gap(const Gaussian& rho) const;
};

/// argmin_ρ G(ρ) + W₂²(p, ρ)/(2γ): the mean steps with A, the covariance with A + κI.
/// @throws std::invalid_argument  as jko_step()
Gaussian jko_step(const Gaussian& current, const GaussianObjective& objective, double step_size);

}  // namespace flowcheck
