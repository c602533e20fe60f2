#include "jko/chain_problem.hpp"
#include "jko/jko_claims.hpp"
#include "jko/manufactured_problem.hpp"

#include <cstddef>

namespace flowcheck {
namespace jko_06 {

constexpr int steps = 6;

// G(p_n) + factor S²/(2γ) ≤ G(p_{n−1}) + εS; the claim's factor is 2 + a.
Bound descent(const ChainProblem& problem,
              const ChainMeasures& run,
              std::size_t n,
              const Estimate& factor,
              std::string part) {
  const Estimate S = run.step_length[n];
  return {.lhs = run.kl[n] + factor * square(S) / (2.0 * problem.step_size),
          .rhs = run.kl[n - 1] + run.error[n] * S,
          .part = std::move(part),
          .scale = 1.0};
}

// G(p_n) ≤ G(p_{n−1}) + γε²/(2(2 + a)).
Bound largest_rise(const ChainProblem& problem, const ChainMeasures& run, std::size_t n) {
  return {.lhs = run.kl[n],
          .rhs = run.kl[n - 1] +
                 problem.step_size * square(run.error[n]) / (2.0 * (2.0 + problem.ratio())),
          .part = "largest rise",
          .scale = 1.0};
}

Outcome inequalities(const ChainProblem& problem) {
  const Estimate factor = 2.0 + problem.ratio();
  const ChainMeasures run = problem.chain(steps);
  const ChainMeasures exact = problem.exact().chain(steps);
  std::vector<Bound> bounds;
  for (std::size_t n = 1; n < run.kl.size(); ++n) {
    bounds.push_back(descent(problem, run, n, factor, "descent"));
    bounds.push_back(largest_rise(problem, run, n));
    bounds.push_back(descent(problem, exact, n, factor, "descent, exact"));
    bounds.push_back(descent(problem, exact, n, 1.0, "minimality alone"));
  }
  return bounds;
}

// The rise is largest from ε/((2 + a)λ) with the error pushing outward: one step attains both
// inequalities, and G grows.
Outcome attained(Trial& trial) {
  const GaussianProblem drawn = draw_translate(trial.rng, 0.3);
  const ChainProblem problem =
      with_translate(drawn, (drawn.error / ((2.0 + drawn.ratio()) * drawn.convexity())).value);
  const ChainMeasures run = problem.chain(1);
  return std::vector<Bound>{descent(problem, run, 1, 2.0 + problem.ratio(), "descent"),
                            largest_rise(problem, run, 1)};
}

Outcome attained_by_exact_steps(const ChainProblem& problem) {
  const ChainMeasures run = problem.chain(steps);
  std::vector<Bound> bounds;
  for (std::size_t n = 1; n < run.kl.size(); ++n) {
    bounds.push_back(descent(problem, run, n, 2.0 + problem.ratio(), "descent, exact"));
  }
  return bounds;
}

Outcome larger_descent(const ChainProblem& problem) {
  return descent(problem, problem.chain(1), 1, 2.3 + 1.3 * problem.ratio(), "");
}

Outcome monotone(const GaussianProblem& problem) {
  GaussianProblem from_target = problem;
  from_target.start = problem.target;
  const ChainMeasures run = ChainProblem(from_target).chain(1);
  return Bound{.lhs = run.kl[1], .rhs = run.kl[0]};
}

}  // namespace jko_06

Claim jko_06_descent() {
  using namespace jko_06;
  return {
      .id = "JKO-06",
      .statement =
          "G(pₙ) − G(pₙ₊₁) ≥ (2 + γλ)S²/(2γ) − εS ≥ −γε²/(2(2 + γλ)); for exact steps at "
          "least S²/γ + λS²/2",
      .source = "derived",
      .provenance = Provenance::derived,
      .hypotheses = {"G λ-convex along generalised geodesics, 1 + γλ > 0",
                     "first-order error at most ε"},
      .instances = with(inexact_chain_families(inequalities), manufactured_family(inequalities)),
      .tight = {translate("translate", attained_by_exact_steps, 0.0),
                {.name = "translate by ε/((2 + γλ)λ), error outward", .draw = attained}},
      .controls = {translate("2.3 + 1.3γλ in place of 2 + γλ", larger_descent, 0.0),
                   translate("G monotone in spite of ε", monotone, 0.3)},
      .on_target = on_chain_target(inequalities),
      .file = __FILE__,
      .grade = Grade::converged};
}

}  // namespace flowcheck
