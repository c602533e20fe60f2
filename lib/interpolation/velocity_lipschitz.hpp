#pragma once

#include "interpolation/data_law.hpp"
#include "interpolation/schedule.hpp"

namespace flowcheck {

/// An extreme of ∇v(t, ·) over all x.
struct VelocityExtreme {
  Estimate value = 0.0;
  Vector place = {};  ///< x that shows it; empty where it is a limit
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
/// - mixtures of one width and points, S = a² + σ²b²: Ṡ/2S + (abΔ/S²) sup λ_max Cov(W|x), and Ṡ/2S
///   from below, a limit; as good as largest_centre_covariance();
/// - all others: seen at the places that a search of C finds, and where no more is known bounded on
///   the other side by the envelopes of the law's classes. Grade sampled then: of the enclosure one
///   side is measured, the other a theorem.
/// @throws std::invalid_argument  t = 1 for a law without a smooth density
VelocityLipschitz velocity_lipschitz(const DataLaw& law,
                                     const Schedule& schedule,
                                     const FlowTime& time);

}  // namespace flowcheck
