#include "jko/convergence.hpp"
#include "jko/jko_claims.hpp"

#include <cstddef>

namespace flowcheck {
namespace jko_10 {

constexpr int steps = 12;

// Wₙ² ≤ (1 + γλ/2)⁻ⁿ W₀² + 4ε²/λ² at every n, and Wₙ ≤ √5 ε/λ after the paper's number of steps.
Outcome paper_constants(const ChainProblem& problem) {
  if (!problem.is_strictly_convex()) return Outcome::not_applicable("λ > 0");
  const ChainMeasures run = problem.chain(steps);
  const Estimate lambda = problem.convexity;
  const Estimate factor = 1.0 / (1.0 + 0.5 * problem.ratio());
  std::vector<Bound> bounds;
  for (std::size_t n = 1; n < run.kl.size(); ++n) {
    bounds.push_back({.lhs = square(run.w2[n]),
                      .rhs = pow(factor, static_cast<int>(n)) * square(run.w2[0]) +
                             4.0 * square(run.largest_error[n] / lambda),
                      .part = "every n",
                      .scale = problem.length * problem.length});
  }
  if (const auto end = paper_end(problem, 0)) {
    bounds.push_back({.lhs = end->w2,
                      .rhs = sqrt(Estimate(5.0)) * end->epsilon / lambda,
                      .part = "after N steps",
                      .scale = problem.length});
  } else {
    bounds.push_back(left_out("after N steps", no_paper_run(problem, 0)));
  }
  return bounds;
}

// Counts the contraction of W₂ twice: a squared factor where the rate is 1/(1 + γλ) already.
Outcome fast_rate(const ChainProblem& problem) {
  const ChainMeasures run = problem.chain(steps);
  const Estimate factor = 1.0 / (1.0 + 2.0 * problem.ratio());
  return Bound{.lhs = square(run.w2[steps]), .rhs = pow(factor, 2 * steps) * square(run.w2[0])};
}

// The floor ε/λ, 20 % too low, once nothing is left of the start.
Outcome low_floor(const ChainProblem& problem) {
  const auto [run, decay] = settled_run(problem);
  return Bound{.lhs = run.w2.back(),
               .rhs = decay * run.w2[0] + 0.8 * run.largest_error.back() / problem.convexity};
}

// The explicit N far outside γλ < 2: for γλ = 100 it asks for two steps, and W₀ = 10⁶ needs three.
Outcome long_steps(const ChainProblem& problem) {
  const PaperEnd end = paper_end(problem, problem.error, 0);
  return Bound{.lhs = end.w2, .rhs = sqrt(Estimate(5.0)) * end.epsilon / problem.convexity};
}

std::vector<Instance> families() {
  std::vector<Instance> result = chain_families(paper_constants);
  result.push_back(short_translate("translate", paper_constants, 0.01));
  return result;
}

}  // namespace jko_10

Claim jko_10_w2_paper() {
  using namespace jko_10;
  // No instance attains it: the rate is up to four times slower than the truth, the floor twice as
  // high.
  return {.id = "JKO-10",
          .statement =
              "−log q is λ-convex ⇒ Wₙ² ≤ (1 + γλ/2)⁻ⁿW₀² + 4ε²/λ²; γλ < 2 and n ≥ "
              "(8/(γλ)) log(λW₀/ε) ⇒ Wₙ ≤ √5 ε/λ",
          .source = "[ChengLuTanXie2024]",
          .provenance = Provenance::recalled,
          .hypotheses = {"∇²V ⪰ λI with λ > 0", "first-order error at most ε in every step",
                         "γλ < 2 for the number of steps"},
          .instances = families(),
          .controls = {translate("rate (1 + 2γλ)⁻²", fast_rate, 0.0),
                       short_translate("floor 0.8 ε/λ", low_floor, 0.1),
                       fixed_instance("γλ = 100", long_steps, line_translate(1e6, 100.0, 1.0))},
          .on_target = on_chain_target(paper_constants),
          .file = __FILE__,
          .grade = Grade::converged};
}

}  // namespace flowcheck
