#pragma once

#include "numerics/estimate.hpp"

#include <limits>

namespace flowcheck {

/// What is known of a measure p = e^{−U} on ℝᵈ that the theorems' constants are made of. Each is an
/// Estimate of the best constant, with the grade it is known at; infinite (or minus infinite) where
/// the measure has no such constant, or none is known. A theorem uses the safe end: `lower` of
/// curvature_lower, `upper` of all others.
struct Regularity {
  static constexpr double none = std::numeric_limits<double>::infinity();

  Estimate curvature_lower = -none;  ///< κ: largest with ∇²U ⪰ κI on a convex support
  Estimate curvature_upper = none;   ///< β: least with ∇²U ⪯ βI; needs support ℝᵈ
  Estimate half_diameter = none;     ///< D = ½ diam(supp p)
  Estimate mixture_scale = 0.0;      ///< σ of p = N(0, σ²I) * ρ, the largest known; 0 for none
  Estimate mixture_radius = none;    ///< R: supp ρ in a ball of radius R, for that σ
  Estimate log_lipschitz = none;     ///< L: log(dp/dN(0, I)) is L-Lipschitz
};

}  // namespace flowcheck
