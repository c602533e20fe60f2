#pragma once

#include "numerics/estimate.hpp"

#include <functional>
#include <string>
#include <vector>

namespace flowcheck {

struct Regularity;

/// A bound of the posterior covariance C(r, y) of X₁ given Z + rX₁ = y, from one side and for every
/// y, in the flow's own clock r = b/a, and what follows of the flow from it. An upper bound is
/// λ_max C(r, y) ≤ c(r), a lower one λ_min C(r, y) ≥ c(r). With q = (1 + r²)^{−½},
///
///   log G(r_s, r_t) = ∫ ρ c(ρ) dρ over [r_s, r_t],
///   log stretch     = log G(r_s, r_t) + log(q_t/q_s).
///
/// Closed forms throughout, without cancellation where r_s and r_t are close. The stretch has a
/// limit at r_t = ∞, where G is infinite and a_t zero: ‖∇X_{s,t}‖ is bounded by (a_t/a_s) G =
/// √((a_t² + b_t²)/(a_s² + b_s²)) · stretch. Infinite where the class gives no bound.
struct CovarianceBound {
  std::string name;                                                  ///< of the class
  std::function<Estimate(double r)> covariance = {};                 ///< c(r), 0 ≤ r < ∞
  std::function<Estimate(double r_s, double r_t)> log_growth = {};   ///< log G, r_s ≤ r_t ≤ ∞
  std::function<Estimate(double r_s, double r_t)> log_stretch = {};  ///< r_s ≤ r_t ≤ ∞
};

// From above. All throw std::invalid_argument for constants that no measure has.

/// ∇²U ⪰ κI on a convex support, κ of either sign: c = 1/(κ + r²), +∞ up to r² = −κ.
CovarianceBound semi_log_concave_bound(double kappa);

/// Support of diameter 2D: c = D².
CovarianceBound bounded_support_bound(double half_diameter);

/// Both, the support convex: c = V(κ + r², D), the variance of e^{−(κ + r²)x²/2} on [−D, D].
CovarianceBound bounded_semi_log_concave_bound(double kappa, double half_diameter);

/// N(0, σ²I) * ρ, ρ on a ball of radius R: c = σ²/v + R²/v², v = 1 + σ²r².
CovarianceBound mixture_bound(double sigma, double radius);

/// log(dp/dN(0, I)) is L-Lipschitz: c = q² V₊(Lq).
CovarianceBound log_lipschitz_bound(double L);

// From below.

/// ∇²U ⪯ βI on ℝᵈ: c = 1/(β + r²).
CovarianceBound semi_log_convex_lower_bound(double beta);

/// Any measure: c = 0.
CovarianceBound trivial_lower_bound();

/// N(0, σ²I) * ρ: c = σ²/v.
CovarianceBound mixture_lower_bound(double sigma);

/// log(dp/dN(0, I)) is L-Lipschitz: c = q² V₋(Lq).
CovarianceBound log_lipschitz_lower_bound(double L);

// The weaker forms found elsewhere, to be shown beside the sharp ones.

/// c = min(D², 1/(κ + r²)₊), the two classes one after the other.
CovarianceBound classical_bounded_bound(double kappa, double half_diameter);

/// c = q² (1 + Lq)², by Talagrand's inequality; stretch e^{L²/2 + 2L} from r = 0 to ∞.
CovarianceBound quick_log_lipschitz_bound(double L);

/// c = q² ((√(ℓ² + 4) − ℓ)/2)², ℓ = Lq, by Fisher information.
CovarianceBound quick_log_lipschitz_lower_bound(double L);

/// What the Hessian bound 5e^{−2τ}L(L + τ^{−½}) of the heat flow's log density says, e^{−τ} = r q:
/// c = q² + 5q⁴L(L + τ^{−½}). Recalled, and false for small L and r (log_lipschitz_bound exceeds it
/// there): to be shown, not to be enforced. τ = ∞ at r = 0.
Estimate recalled_log_lipschitz_covariance(double L, double r);

/// All bounds that hold for a measure, from its constants.
struct CovarianceEnvelope {
  std::vector<CovarianceBound> upper = {};  ///< empty where no class is known
  std::vector<CovarianceBound> lower = {};  ///< with the trivial one

  Estimate largest_covariance(double r) const;   ///< the least upper bound; +∞ if there is none
  Estimate smallest_covariance(double r) const;  ///< the largest lower bound

  // The best class for the whole of [r_s, r_t]; changing class on the way might be better.
  Estimate log_growth_above(double r_s, double r_t) const;
  Estimate log_growth_below(double r_s, double r_t) const;
  Estimate log_stretch_above(double r_s, double r_t) const;
  Estimate log_stretch_below(double r_s, double r_t) const;
};

/// The sharp bounds of every class that the measure is in, by the safe ends of its constants.
CovarianceEnvelope covariance_envelope(const Regularity& constants);

/// The same as they are printed elsewhere: diam/√2 for D, the two-piece bound for bounded convex
/// supports, the quick forms for log-Lipschitz densities.
CovarianceEnvelope classical_covariance_envelope(const Regularity& constants);

/// log of a bound of ‖∇X_{s,t}‖ (or, from below, of its least singular value), from the noise and
/// data scales (a, b) at both ends; a_t = 0 is the end of the flow.
/// @throws std::invalid_argument  a_s ≤ 0, a_t < 0, b < 0, or b_s/a_s > b_t/a_t
Estimate log_map_bound(
    const CovarianceBound& bound, double a_s, double b_s, double a_t, double b_t);

}  // namespace flowcheck
