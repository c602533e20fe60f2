#include "jko/chain_problem.hpp"
#include "jko/jko_claims.hpp"

namespace flowcheck {
namespace jko_03 {

constexpr int steps = 5;

// (1 + a/2)W₂²(p_n, π) + 2γG(p_n) [+ S²] ≤ W₂²(p_{n−1}, π) + factor (2γ/λ)ε² + 2γG(π), a = γλ.
Bound evi(const ChainProblem& problem,
          const ChainMeasures& run,
          std::size_t n,
          const Competitor& pi,
          std::string part,
          bool keeps_step,
          double error_factor = 1.0) {
  const double gamma = problem.step_size;
  const Estimate lhs = (1.0 + 0.5 * problem.ratio()) * square(pi.after) + 2.0 * gamma * run.kl[n];
  return {.lhs = keeps_step ? lhs + square(run.step_length[n]) : lhs,
          .rhs = square(pi.before) +
                 error_factor * 2.0 * gamma * square(run.error[n]) / problem.convexity +
                 2.0 * gamma * pi.value,
          .part = std::move(part),
          .scale = problem.length * problem.length,
          .auxiliary = keeps_step};  // the statement is the paper's, without S²
}

Outcome inequality(const ChainProblem& problem) {
  if (!problem.is_strictly_convex()) return Outcome::not_applicable("λ > 0");
  const ChainMeasures run = problem.chain(steps);
  std::vector<Bound> bounds;
  for (std::size_t n = 1; n < run.kl.size(); ++n) {
    for (const Competitor& pi : run.competitors(n)) {
      bounds.push_back(evi(problem, run, n, pi, "paper", false));
      bounds.push_back(evi(problem, run, n, pi, "sharp: with S²", true));
    }
  }
  return bounds;
}

Bound one_step(const ChainProblem& problem,
               std::string part,
               bool keeps_step,
               double error_factor = 1.0) {
  const ChainMeasures run = problem.chain(1);
  return evi(problem, run, 1, run.competitors(1).front(), std::move(part), keeps_step,
             error_factor);
}

// Young's inequality is attained where p_n ends 2ε/λ from q, hence starts (2 + a)ε/λ from it.
GaussianProblem attaining(Rng& rng) {
  const GaussianProblem problem = draw_translate(rng, rng.log_uniform(0.01, 0.3));
  return with_translate(problem,
                        ((2.0 + problem.ratio()) * problem.error / problem.convexity()).value);
}

Outcome attained(Trial& trial) {
  return one_step(attaining(trial.rng), "sharp: with S²", true);
}

// What the paper's form loses is S², of second order in a.
Outcome nearly_attained(Trial& trial) {
  GaussianProblem problem = draw_translate(trial.rng, 0.1);
  problem.step_size = 0.01 / problem.convexity().value;
  return one_step(with_translate(problem, 2.01 * problem.error / problem.convexity().value),
                  "paper", false);
}

// From q itself the error alone decides; at γλ = 6 the ratio of the two sides is 2.45.
Outcome quarter_of_the_error(Trial& trial) {
  GaussianProblem problem = draw_translate(trial.rng, 0.3);
  problem.step_size = 6.0 / problem.convexity().value;
  problem.start = problem.target;
  return one_step(problem, "", false, 0.25);
}

}  // namespace jko_03

Claim jko_03_evi_paper() {
  using namespace jko_03;
  return {.id = "JKO-03",
          .statement = "(1 + γλ/2)W₂²(pₙ₊₁, π) + 2γ(G(pₙ₊₁) − G(π)) ≤ W₂²(pₙ, π) + (2γ/λ)ε²",
          .source = "[ChengLuTanXie2024]",
          .provenance = Provenance::recalled,
          .hypotheses = {"∇²V ⪰ λI with λ > 0", "first-order error at most ε"},
          .instances = inexact_chain_families(inequality),
          .tight = {{.name = "translate by (2 + γλ)ε/λ", .draw = attained},
                    {.name = "the same at γλ = 0.01", .draw = nearly_attained}},
          .controls = {{.name = "ε² coefficient γ/(2λ)", .draw = quarter_of_the_error}},
          .on_target = on_chain_target(inequality),
          .file = __FILE__,
          .grade = Grade::converged};
}

}  // namespace flowcheck
