#pragma once

#include "flows/reference_flow.hpp"
#include "measures/line_measure.hpp"

namespace flowcheck {

/// An extreme singular value of a flow map's Jacobian over all places.
struct MapExtreme {
  Estimate value = 0.0;
  Vector place = {};  ///< that shows it; empty where it is a limit
};

/// Of X_{s,t}: what its singular values are between. Lip X_{s,t} = largest, and of the reverse flow
/// Lip X_{t,s} = 1/least.
struct FlowMapLipschitz {
  MapExtreme largest = {};
  MapExtreme least = {};

  Estimate reverse() const { return 1.0 / least.value; }  ///< +∞ is its upper end if least may be 0
};

struct FlowMapLipschitzOptions {
  double tolerance = 1e-11;  ///< of reference_flow at the place found; 1e-7 on the way, d ≥ 2
  int starts = 8;            ///< of the search, d ≥ 2
};

/// Of the flow of a mixture, from one level (a, b) to another with a larger b/a:
///
/// - a Gaussian: √((a_t² + b_t²λ)/(a_s² + b_s²λ)) at the ends of the spectrum, closed form;
/// - on the line: the slope p_s(x)/p_t(X) of F_t⁻¹∘F_s on a grid of normal quantiles, refined about
///   its best places;
/// - otherwise a search from several starts with the variational equation.
///
/// In the last two, `largest` is seen at its place and bounded from above by the envelope of the
/// mixture's classes, `least` the other way round: the grade is sampled. Branch and bound tightens
/// the bound to 1e-3 on the line, line_slope_above(), and to 1e-2 in the plane, planar_stretch(),
/// for mixtures of one width, where the terms last (eight centres: R/σ ≤ 7). Else in the plane it
/// is also ∫sup_x λ_max(∇v), from largest_centre_covariance() or largest_planar_curvature() on 64
/// intervals or more (docs/derivations/tilted_covariance.md); +∞ where that is. One width with all
/// centres on a line is a case of the line; in the plane the slopes of the hull's edges are limits
/// of ‖∇X‖ far out, and count as seen. A mixture of one width approaches its lower envelope
/// √(S_t/S_s) far out: closed form.
/// @throws std::invalid_argument  as log_map_bound(), or a_t = 0 for points
/// @throws std::logic_error       what is seen contradicts a bound: one of the two is wrong
FlowMapLipschitz flow_map_lipschitz(const GaussianMixture& p,
                                    const NoiseLevel& from,
                                    const NoiseLevel& to,
                                    const FlowMapLipschitzOptions& options = {});

/// Of the whole flow from N(0, 1) to a law on the line, whatever the schedule: the slope
/// φ(z)/p(T(z)) of its increasing map for |z| ≤ 30, and beyond by the envelope of the law's
/// classes. @throws std::logic_error  as above
FlowMapLipschitz noise_to_data_lipschitz(const LineMeasure& p);

}  // namespace flowcheck
