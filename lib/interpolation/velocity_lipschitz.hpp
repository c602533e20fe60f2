#pragma once

#include "interpolation/data_law.hpp"
#include "interpolation/schedule.hpp"

namespace flowcheck {

/// An extreme of ∇v(t, ·) over all x.
struct VelocityExtreme {
  Estimate value = 0.0;
  Vector place = {};      ///< x that shows it; empty where it is a limit
  Vector direction = {};  ///< of length 1, the way to where it is +∞; otherwise empty
};

/// What ∇v(t, ·) is between, and Lip v(t, ·) = sup_x ‖∇v(t, x)‖.
struct VelocityLipschitz {
  VelocityExtreme largest = {};   ///< sup_x λ_max ∇v(t, x)
  VelocityExtreme smallest = {};  ///< inf_x λ_min ∇v(t, x)

  Estimate constant() const { return max(abs(largest.value), abs(smallest.value)); }
};

/// From the extremes of the posterior covariance, ∇v = (ȧ/a)I + (bΔ/a³)C, in forms regular at both
/// ends where the law has them:
///
/// - Gaussians: (aȧ + λbḃ)/(a² + λb²) at the ends of the spectrum, closed form;
/// - mixtures of one covariance Σ and points, S = a²I + b²Σ: λ_max(½ṠS⁻¹ + abΔ S⁻¹Cov(W|x)S⁻¹), and
///   the least of ½ṠS⁻¹ from below, a limit; enclosed where encloses_centre_covariance();
/// - mixtures of any widths on the line: ḃ/b + (aΔ/b)(log p_x)″, both converged;
/// - mixtures of different covariances in the plane: (ḃ/b)I + (aΔ/b)∇²log p_x, as good as
///   largest_planar_curvature() and smallest_planar_curvature(): converged, or +∞ with its
///   direction where no covariance is the widest in every direction;
/// - all others: seen at the places that a search of C finds, and where no more is known bounded on
///   the other side by the envelopes of the law's classes. Grade sampled then: of the enclosure one
///   side is measured, the other a theorem.
/// @throws std::invalid_argument  t = 1 for a law without a smooth density
VelocityLipschitz velocity_lipschitz(const DataLaw& law,
                                     const Schedule& schedule,
                                     const FlowTime& time);

}  // namespace flowcheck
