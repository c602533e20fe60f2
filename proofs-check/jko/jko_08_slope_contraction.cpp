#include "jko/gaussian_problem.hpp"
#include "jko/jko_claims.hpp"

#include <cmath>

namespace flowcheck {
namespace jko_08 {

constexpr int steps = 8;

Estimate contraction(const GaussianProblem& problem) {
  return 1.0 / (1.0 + problem.step_size * problem.convexity());
}

double slope_scale(const GaussianProblem& problem) {
  return problem.length() / problem.step_size;
}

// √I_n ≤ factor (√I_{n−1} + ε) + ε.
Bound slope(const JkoChain& chain, int n, const Estimate& factor, double scale) {
  return {.lhs = chain.fisher_norm(n),
          .rhs = factor * (chain.fisher_norm(n - 1) + chain.error(n)) + chain.error(n),
          .part = "slope",
          .scale = scale};
}

// S_n ≤ γ factor (√I_{n−1} + ε).
Bound step(const JkoChain& chain, int n, const Estimate& factor, double scale) {
  return {.lhs = chain.step_length(n),
          .rhs = chain.step_size(n) * factor * (chain.fisher_norm(n - 1) + chain.error(n)),
          .part = "step",
          .scale = scale};
}

// S_n ≤ factor (S_{n−1} + γ(ε_{n−1} + ε_n)), since √I_{n−1} ≤ S_{n−1}/γ + ε_{n−1}.
Bound next_step(const JkoChain& chain, int n, const Estimate& factor, double scale) {
  const Estimate errors = chain.step_size(n) * (chain.error(n - 1) + chain.error(n));
  return {.lhs = chain.step_length(n),
          .rhs = factor * (chain.step_length(n - 1) + errors),
          .part = "consecutive steps",
          .scale = scale};
}

// Σ_{n ≥ 1} S_n ≤ (S_1(1 + a) + γΣ(ε_n + ε_{n+1}))/a, the errors being those of rounding.
Bound total_length(const JkoChain& chain, const Estimate& a, double scale) {
  Estimate sum = chain.step_length(1);
  Estimate errors = 0.0;
  for (int n = 2; n <= chain.steps(); ++n) {
    sum = sum + chain.step_length(n);
    errors = errors + chain.step_size(n) * (chain.error(n - 1) + chain.error(n));
  }
  return {.lhs = sum,
          .rhs = (chain.step_length(1) * (1.0 + a) + errors) / a,
          .part = "total length",
          .scale = scale};
}

Outcome inequalities(const GaussianProblem& problem) {
  const Estimate factor = contraction(problem);
  const double length = problem.length();
  const JkoChain chain = problem.chain(steps);
  std::vector<Bound> bounds;
  for (int n = 1; n <= steps; ++n) {
    bounds.push_back(slope(chain, n, factor, slope_scale(problem)));
    bounds.push_back(step(chain, n, factor, length));
    if (n > 1) bounds.push_back(next_step(chain, n, factor, length));
  }
  const Estimate a = problem.step_size * problem.convexity();
  bounds.push_back(total_length(problem.exact().chain(steps), a, length));
  return bounds;
}

Outcome slope_at_rate(const GaussianProblem& problem, const Estimate& factor) {
  return slope(problem.chain(1), 1, factor, slope_scale(problem));
}

Outcome faster(const GaussianProblem& problem) {
  return slope_at_rate(problem, 1.0 / (1.0 + 1.1 * problem.step_size * problem.convexity()));
}

Outcome continuous_rate(const GaussianProblem& problem) {
  return slope_at_rate(problem, exp(-problem.ratio()));
}

}  // namespace jko_08

Claim jko_08_slope_contraction() {
  using namespace jko_08;
  return {.id = "JKO-08",
          .statement =
              "√Iₙ₊₁ ≤ (√Iₙ + ε)/(1 + γλ) + ε; exact steps: Sₙ₊₁ ≤ γ√Iₙ/(1 + γλ), Sₙ₊₁ ≤ Sₙ/(1 + "
              "γλ) for n ≥ 1, and Σ S ≤ S₁(1 + γλ)/(γλ) for λ > 0",
          .source = "[AmbrosioGigliSavare2008]",
          .provenance = Provenance::derived,
          .hypotheses = {"G λ-convex along generalised geodesics, 1 + γλ > 0"},
          .instances = inexact_gaussian_families(inequalities),
          .tight = {translate("translate", inequalities, 0.0)},
          .controls = {translate("factor 1/(1 + 1.1γλ)", faster, 0.0),
                       translate("factor e^{−γλ}", continuous_rate, 0.0)},
          .on_target = on_gaussian_target(inequalities),
          .file = __FILE__};
}

}  // namespace flowcheck
