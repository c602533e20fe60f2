#include "jko/chain_problem.hpp"
#include "jko/jko_claims.hpp"

#include <cstddef>

namespace flowcheck {
namespace jko_09 {

constexpr int steps = 6;

// Δ_n ≤ (W_{n−1} + γε)²/(denominator γ(2 + a)); the claim's denominator is 2.
Bound sharp(const ChainProblem& problem,
            const ChainMeasures& run,
            std::size_t n,
            double denominator) {
  const double gamma = problem.step_size;
  return {.lhs = run.kl[n],
          .rhs = square(run.w2[n - 1] + gamma * run.error[n]) /
                 (denominator * gamma * (2.0 + problem.ratio())),
          .part = "sharp",
          .scale = 1.0};
}

// Δ_n ≤ W_{n−1}²/(2γ) + ε²/λ.
Bound paper(const ChainProblem& problem, const ChainMeasures& run, std::size_t n) {
  if (!problem.is_strictly_convex()) return left_out("paper", "λ > 0");
  return {.lhs = run.kl[n],
          .rhs = square(run.w2[n - 1]) / (2.0 * problem.step_size) +
                 square(run.error[n]) / problem.convexity,
          .part = "paper",
          .scale = 1.0};
}

Outcome inequalities(const ChainProblem& problem) {
  if (!problem.is_convex()) return Outcome::not_applicable("λ ≥ 0");
  const ChainMeasures run = problem.chain(steps);
  std::vector<Bound> bounds;
  for (std::size_t n = 1; n < run.kl.size(); ++n) {
    bounds.push_back(sharp(problem, run, n, 2.0));
    bounds.push_back(paper(problem, run, n));
  }
  return bounds;
}

// G = ∫c|x| dρ from a point m > 0, λ = 0: the step moves it by γc towards 0 and stops there.
Bound absolute_value(double m, double gamma, double c) {
  const Estimate next = max(0.0, Estimate(m) - gamma * Estimate(c));
  return {.lhs = c * next, .rhs = square(Estimate(m)) / (4.0 * Estimate(gamma)), .part = "λ = 0"};
}

Outcome any_slope(Trial& trial) {
  const double m = trial.rng.uniform(0.5, 5.0);
  const double gamma = trial.rng.log_uniform(0.05, 2.0);
  return absolute_value(m, gamma, trial.rng.uniform(0.0, 1.5) * m / gamma);
}

Outcome half_way(Trial& trial) {
  const double m = trial.rng.uniform(0.5, 5.0);
  const double gamma = trial.rng.log_uniform(0.05, 2.0);
  return absolute_value(m, gamma, 0.5 * m / gamma);
}

// a(2 + a)/(1 + a)² → 1 as a → ∞: 0.984 at a = 7.
GaussianProblem long_step(const GaussianProblem& problem) {
  GaussianProblem result = problem;
  result.step_size = 7.0 / problem.convexity().value;
  return result;
}

Outcome first_step(const ChainProblem& problem, double denominator) {
  return sharp(problem, problem.chain(1), 1, denominator);
}

Outcome nearly_attained(const GaussianProblem& problem) {
  return first_step(long_step(problem), 2.0);
}

Outcome half_of_it(const GaussianProblem& problem) {
  return first_step(long_step(problem), 4.0);
}

}  // namespace jko_09

Claim jko_09_regularisation() {
  using namespace jko_09;
  std::vector<Instance> families = inexact_chain_families(inequalities);
  families.push_back({.name = "G = ∫c|x|dρ from a point", .draw = any_slope});
  return {.id = "JKO-09",
          .statement =
              "Δₙ₊₁ ≤ (Wₙ + γε)²/(2γ(2 + γλ)) for every pₙ with a second moment; paper: Δₙ₊₁ ≤ "
              "Wₙ²/(2γ) + ε²/λ",
          .source = "sharpens a step of [ChengLuTanXie2024]",
          .provenance = Provenance::derived,
          .hypotheses = {"∇²V ⪰ λI with λ ≥ 0 (paper: λ > 0)", "first-order error at most ε"},
          .instances = families,
          .tight = {{.name = "G = ∫c|x|dρ, half way to the minimum", .draw = half_way},
                    translate("translate at γλ = 7", nearly_attained, 0.0)},
          .controls = {translate("denominator 4γ(2 + γλ)", half_of_it, 0.0)},
          .on_target = on_chain_target(inequalities),
          .file = __FILE__,
          .grade = Grade::converged};
}

}  // namespace flowcheck
