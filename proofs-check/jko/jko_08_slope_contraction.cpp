#include "jko/chain_problem.hpp"
#include "jko/jko_claims.hpp"
#include "jko/manufactured_problem.hpp"

#include <cstddef>

namespace flowcheck {
namespace jko_08 {

constexpr int steps = 8;

Estimate contraction(const ChainProblem& problem) {
  return 1.0 / (1.0 + problem.ratio());
}

// √I_n ≤ factor (√I_{n−1} + ε) + ε.
Bound slope(const ChainProblem& problem,
            const ChainMeasures& run,
            std::size_t n,
            const Estimate& factor) {
  return {.lhs = run.slope[n],
          .rhs = factor * (run.slope[n - 1] + run.error[n]) + run.error[n],
          .part = "slope",
          .scale = problem.length / problem.step_size};
}

// S_n ≤ γ factor (√I_{n−1} + ε).
Bound step(const ChainProblem& problem,
           const ChainMeasures& run,
           std::size_t n,
           const Estimate& factor) {
  return {.lhs = run.step_length[n],
          .rhs = problem.step_size * factor * (run.slope[n - 1] + run.error[n]),
          .part = "step",
          .scale = problem.length};
}

// S_n ≤ factor (S_{n−1} + γ(ε_{n−1} + ε_n)), since √I_{n−1} ≤ S_{n−1}/γ + ε_{n−1}.
Bound next_step(const ChainProblem& problem,
                const ChainMeasures& run,
                std::size_t n,
                const Estimate& factor) {
  const Estimate errors = problem.step_size * (run.error[n - 1] + run.error[n]);
  return {.lhs = run.step_length[n],
          .rhs = factor * (run.step_length[n - 1] + errors),
          .part = "consecutive steps",
          .scale = problem.length};
}

// Σ_{n ≥ 1} S_n ≤ (S_1(1 + a) + γΣ(ε_n + ε_{n+1}))/a, the errors being those of rounding.
Bound total_length(const ChainProblem& problem, const ChainMeasures& run) {
  if (!problem.is_strictly_convex()) return left_out("total length", "λ > 0");
  const Estimate a = problem.ratio();
  Estimate sum = run.step_length[1];
  Estimate errors = 0.0;
  for (std::size_t n = 2; n < run.step_length.size(); ++n) {
    sum = sum + run.step_length[n];
    errors = errors + problem.step_size * (run.error[n - 1] + run.error[n]);
  }
  return {.lhs = sum,
          .rhs = (run.step_length[1] * (1.0 + a) + errors) / a,
          .part = "total length",
          .scale = problem.length};
}

Outcome inequalities(const ChainProblem& problem) {
  const Estimate factor = contraction(problem);
  const ChainMeasures run = problem.chain(steps);
  std::vector<Bound> bounds;
  for (std::size_t n = 1; n < run.kl.size(); ++n) {
    bounds.push_back(slope(problem, run, n, factor));
    bounds.push_back(step(problem, run, n, factor));
    if (n > 1) bounds.push_back(next_step(problem, run, n, factor));
  }
  bounds.push_back(total_length(problem, problem.exact().chain(steps)));
  return bounds;
}

Outcome faster(const ChainProblem& problem) {
  return slope(problem, problem.chain(1), 1, 1.0 / (1.0 + 1.1 * problem.ratio()));
}

Outcome continuous_rate(const ChainProblem& problem) {
  return slope(problem, problem.chain(1), 1, exp(-problem.ratio()));
}

}  // namespace jko_08

Claim jko_08_slope_contraction() {
  using namespace jko_08;
  return {
      .id = "JKO-08",
      .statement =
          "√Iₙ₊₁ ≤ (√Iₙ + ε)/(1 + γλ) + ε; exact steps: Sₙ₊₁ ≤ γ√Iₙ/(1 + γλ), Sₙ₊₁ ≤ Sₙ/(1 + "
          "γλ) for n ≥ 1, and Σ S ≤ S₁(1 + γλ)/(γλ) for λ > 0",
      .source = "[AmbrosioGigliSavare2008]",
      .provenance = Provenance::derived,
      .hypotheses = {"G λ-convex along generalised geodesics, 1 + γλ > 0"},
      .instances = with(inexact_chain_families(inequalities), manufactured_family(inequalities)),
      .tight = {translate("translate", inequalities, 0.0)},
      .controls = {translate("factor 1/(1 + 1.1γλ)", faster, 0.0),
                   translate("factor e^{−γλ}", continuous_rate, 0.0)},
      .on_target = on_chain_target(inequalities),
      .file = __FILE__,
      .grade = Grade::converged};
}

}  // namespace flowcheck
