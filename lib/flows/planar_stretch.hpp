#pragma once

#include "flows/reference_flow.hpp"

namespace flowcheck {

class GaussianMixture;

struct PlanarStretchOptions {
  double accuracy = 0.01;  ///< of log ‖∇X‖, against ∫λ_max(∇v) on trajectories that were followed
  double most_terms = 4e7;  ///< of the sums over components: what it may cost
};

/// ‖∇X_{s,t}‖ from above, with the place where it seems to be attained.
struct PlanarStretch {
  double upper = infinity;
  Vector start = {};       ///< x at s of the trajectory that comes closest; empty: a limit
  bool is_closed = false;  ///< within the accuracy, before the terms ran out
};

/// sup ‖∇X_{s,t}‖ ≤ sup exp ∫λ_max(∇v) dτ over trajectories, by branch and bound over their ends: a
/// mixture in the plane of one width σ, whose centres are not all on a line.
///
/// With S = a² + σ²b², n = x/√S and the clock s = b/√S the flow of ν = N(0, σ²I) * ρ is dn/ds = E[W
/// | sn], W ~ ρ tilted by e^{⟨sn, w⟩ − s²|w|²/2}, whose slope s Cov(W | sn) ⪰ 0 lets no two
/// trajectories part on their way back. What ends in a cell is followed back from its middle, with
/// a box about it that shrinks, and in the box
///
///   Cov(W | θ + Δ) ⪯ E[e^{⟨X, Δ⟩} XXᵀ | θ],    X = W − E[W | θ],
///
/// convex in Δ, so that its corners bound it. Cells reach to ∞ in the normal cones of the centres'
/// hull, where an edge's centres are left. A bound up to rounding and to the steps in s, no
/// enclosure: the error of the integral is added as its two rules differ, that of a trajectory as
/// its steps show it, and a step back contracts by the least of what holds at its two ends.
/// Derivation: docs/derivations/flow_map_stretch.md.
///
/// @throws std::invalid_argument  not in the plane, not of one width, centres on a line, or σ² = a
/// = 0
PlanarStretch planar_stretch(const GaussianMixture& p,
                             const NoiseLevel& from,
                             const NoiseLevel& to,
                             const PlanarStretchOptions& options = {});

}  // namespace flowcheck
