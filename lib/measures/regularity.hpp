#pragma once

#include "numerics/estimate.hpp"
#include "numerics/types.hpp"

namespace flowcheck {

class Gaussian;
class GaussianMixture;
class PointCloud;

/// What is known of a measure p = e^{−U} on ℝᵈ that the theorems' constants are made of. Each is an
/// Estimate of the best constant, with the grade it is known at; infinite (or minus infinite) where
/// the measure has no such constant. Where none is known that end alone is infinite: κ ∈ [−∞, 0.3].
/// A theorem uses the safe end: `lower` of curvature_lower, `upper` of all others.
struct Regularity {
  static constexpr double none = infinity;

  Estimate curvature_lower = -none;  ///< κ: largest with ∇²U ⪰ κI on a convex support
  Estimate curvature_upper = none;   ///< β: least with ∇²U ⪯ βI; needs support ℝᵈ
  Estimate half_diameter = none;     ///< D = ½ diam(supp p)
  Estimate mixture_scale = 0.0;      ///< σ of p = N(0, σ²I) * ρ, the largest known; 0 for none
  Estimate mixture_radius = none;    ///< R: supp ρ in a ball of radius R, for that σ
  Estimate log_lipschitz = none;     ///< L: log(dp/dN(0, I)) is L-Lipschitz
};

/// Of N(m, Σ): κ = 1/λ_max and β = 1/λ_min of Σ, exact for Σ = σ²I, which also has that σ, R = 0,
/// and L = |m| where σ = 1. An atom has κ = ∞ and D = 0.
Regularity regularity(const Gaussian& p);

/// Of Σ wₖ N(mₖ, Σₖ), from the components of positive weight. One component, or several on one mean
/// with one covariance, is its Gaussian. Σₖ = 0: see PointCloud. Otherwise, with U = −log p,
/// posterior weights rₖ and gₖ = Σₖ⁻¹(x − mₖ), the bounds follow from
///
///   ∇²U = Σ rₖ Σₖ⁻¹ − Cov_r(g).
///
/// - Σₖ = σ²I: β = 1/σ², approached far out; κ ≥ 1/σ² − D²/σ⁴ with D half the diameter of the
/// means,
///   as no law on them has a larger variance. Certified, and an equality where the farthest two are
///   an edge of their hull, by is_edge(): two means, a triangle, as a rule few in many dimensions.
///   Otherwise the upper end is β, and on the line κ is enclosed, converged, by
///   log_density_curvature(); in the plane data_law() encloses it. (σ, R) with R the radius of the
///   means' smallest ball, and L = max |mₖ| where σ = 1.
/// - One Σ for all: β = 1/λ_min(Σ); κ ≥ (1 − D²)/λ_max(Σ) if D ≤ 1 and (1 − D²)/λ_min(Σ) else, D
///   half the diameter of Σ^{−½}mₖ, for ∇²U = Σ^{−½}(I − Cov_r(Σ^{−½}m))Σ^{−½}.
///   Of two means κ in closed form, by pair_curvature(); of more this is what is known here, in
///   the plane data_law() encloses κ.
/// - Two components, one wider than the other in every direction: both in closed form, by
///   pair_curvature().
/// - Different widths on the line: both, converged, by log_density_curvature().
/// - Else, in more dimensions, β ≤ max 1/λ_min(Σₖ), and β ≥ 1/λ_min(Cov p), since E_p ∇²U = E_p
/// ∇U∇Uᵀ ⪰ (Cov p)⁻¹; of κ only that it is at most 1/λ_max(Cov p), by Brascamp and Lieb, for
///   Cov_r(g) may be unbounded. Nothing is known of κ without a density.
Regularity regularity(const GaussianMixture& p);

/// Of a finite point set, from the points of positive weight: D = half the diameter and (σ, R) =
/// (0, radius of the smallest enclosing ball), certified; κ = ∞ for one point, −∞ for more.
Regularity regularity(const PointCloud& p);

}  // namespace flowcheck
