#pragma once

#include "claims/claim.hpp"
#include "measures/line_measure.hpp"
#include "measures/regularity.hpp"

#include <functional>
#include <string>
#include <vector>

namespace flowcheck {

/// What a Lipschitz image of N(0, I) inherits: `constant` ≤ Λ², Λ being what bounds the flow's
/// ‖∇X_{0,1}‖ for each class of finite Λ; a part a class, left out where the measure is not in it.
/// `among` is added to the parts' names where the constant is that of some functions only.
std::vector<Bound> below_squared_lipschitz(const Estimate& constant,
                                           const Regularity& measure,
                                           const std::string& among = {});

/// Λ² of the class named, times `factor`. @throws std::invalid_argument  the measure is not in it
Estimate squared_lipschitz(const Regularity& measure, const std::string& name);

/// Laws on the line by families, with random constants, each in one class at least.
std::vector<Instance> line_law_families(
    std::function<Outcome(const LineMeasure& p, Trial& trial)> evaluate);

/// ½N(−R, σ²) + ½N(R, σ²).
LineMeasure two_centres(double radius, double sigma = 1.0);

/// N(0, σ²I) * Σ wₖδ_{mₖ} with |mₖ| ≤ R log-uniform in [0.2, 2], σ in [0.5, 1.5] or 1.
GaussianMixture draw_isotropic_mixture(Rng& rng, Index dimension, Index components);

}  // namespace flowcheck
