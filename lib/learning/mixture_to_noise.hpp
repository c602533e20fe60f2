#pragma once

#include "measures/gaussian_mixture.hpp"
#include "numerics/estimate.hpp"

namespace flowcheck {

// Mixtures against q = N(0, I), in closed form and any dimension; +∞ where one has no density.

/// χ²(p ‖ q), with what rounding p's own moments may change where they were computed.
Estimate chi_squared_to_noise(const GaussianMixture& p);

/// sup p/q: from below at the best point that is found uphill of where each Nₖ/q is largest, from
/// above by Σ wₖ sup Nₖ/q. One component attains both, K leave at most a factor K between them. +∞
/// if a component of positive weight has an eigenvalue above one, or of one with a mean along it;
/// its upper end is, where rounding hides an eigenvalue from one. Cost: O(K² d²), some forty times.
Estimate supremum_to_noise(const GaussianMixture& p);

/// (∫ p ((p + p*)/q)²)^½, a sum over triples of components. +∞ where variances are too large: in
/// d = 1 and for one component each where one is 3/2 or more. Cost: O(K³ d³).
Estimate overlap_with_noise(const GaussianMixture& p, const GaussianMixture& exact);

/// ∫(p − p*)²/q, good to the round-off of ∫p²/q. Cost: O(K² d³).
Estimate squared_gap_to_noise(const GaussianMixture& p, const GaussianMixture& exact);

}  // namespace flowcheck
