#pragma once

#include "claims/claim.hpp"

#include <functional>
#include <vector>

namespace flowcheck {

/// F(ρ), the objective of one step.
using StepObjective = std::function<Estimate(const Gaussian&)>;

/// A step p → p' as a minimiser of F = G + W₂²(p, ·)/(2γ), G λ-convex along generalised geodesics.
struct MinimisingStep {
  Gaussian current;        ///< p
  Gaussian next;           ///< p'
  Estimate convexity;      ///< λ
  double step_size = 0.5;  ///< γ
  Estimate error = {};     ///< ε of p', measured
};

/// What minimality means beside Gaussians ρ drawn near p' and far from it:
///
///   F(p') + ½(λ + 1/γ)W₂²(p', ρ) ≤ F(ρ) + ε(W₂(p, p') + W₂(p, ρ)),
///
/// since F is (λ + 1/γ)-convex along generalised geodesics based at p. No closed form of the step
/// enters: only values of F. Each bound has the part "minimality" and is
/// auxiliary: ρ comes as near to p' as to make any such inequality tight.
std::vector<Bound> minimality(const StepObjective& F, const MinimisingStep& step, Rng& rng);

}  // namespace flowcheck
