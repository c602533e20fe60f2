#pragma once

#include "numerics/estimate.hpp"
#include "numerics/types.hpp"

namespace flowcheck {

class GaussianMixture;

struct CurvatureOptions {
  /// Relative to |(log p)″ − origin|, but for 1e-12/σ² of the narrowest and for rounding.
  double accuracy = 1e-9;
  double origin = 0.0;  ///< what the accuracy is relative to the distance from
  double enough =
      -infinity;  ///< of the supremum: all being proved to lie below this ends the search
  int most_places = 20'000;  ///< and so does this many; the enclosure is what it is
};

/// An extreme of (log p)″ over the line, converged.
struct CurvatureExtreme {
  Estimate value = 0.0;
  double place = 0.0;       ///< that shows it
  bool is_attained = true;  ///< otherwise it is a limit: that of the widest component, far out
};

/// sup and inf of (log p)″ over ℝ, p = Σ wₖ N(mₖ, σₖ²) of any widths σₖ > 0, by branch and bound on
/// intervals with ends up to ±∞. With precisions τₖ = 1/σₖ², posterior weights rₖ and gₖ = τₖ(mₖ −
/// x),
///
///   (log p)″ = −Σ rₖτₖ + Var_r(g).
///
/// As N(0, σ²) * ρ, σ the least width, p is e^{−τx²/2}, τ = 1/σ², times a Laplace transform, so
/// that (log p)″ + τ is the variance of a tilted law of some η and its second derivative that law's
/// fourth cumulant, −2Var² ≤ κ₄ ≤ 8E(η − c)⁴ for any c. With the odds against one component, whose
/// logarithms are parabolas, bounded on an interval, that bounds (log p)″ there to second order in
/// the interval's length; where an end is infinite the component is the widest one (of several the
/// outermost), and e^{d}d′ⁿ is largest at the finite end once d′² ≥ n(τₖ − τ). The enclosure is a
/// proof up to rounding, which is modelled. Derivation: docs/derivations/tilted_covariance.md.
/// @throws std::invalid_argument  not on the line, or without a density
CurvatureExtreme largest_log_density_curvature(const GaussianMixture& p,
                                               const CurvatureOptions& options = {});
CurvatureExtreme smallest_log_density_curvature(const GaussianMixture& p,
                                                const CurvatureOptions& options = {});

}  // namespace flowcheck
