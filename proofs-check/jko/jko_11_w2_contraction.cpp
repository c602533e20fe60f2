#include "jko/chain_problem.hpp"
#include "jko/jko_claims.hpp"

#include <cstddef>

namespace flowcheck {
namespace jko_11 {

constexpr int steps = 12;

// W_{n+1} ≤ (W_n + γε)/(1 + γλ) step by step, and its sum over the chain.
Outcome contraction(const ChainProblem& problem) {
  if (!problem.is_strictly_convex()) return Outcome::not_applicable("λ > 0");
  const ChainMeasures run = problem.chain(steps);
  const double gamma = problem.step_size;
  const Estimate factor = 1.0 / (1.0 + problem.ratio());
  std::vector<Bound> bounds;
  Estimate linear = run.w2[0];
  for (std::size_t n = 1; n < run.kl.size(); ++n) {
    bounds.push_back({.lhs = run.w2[n],
                      .rhs = factor * (run.w2[n - 1] + gamma * run.error[n]),
                      .part = "one step",
                      .scale = problem.length});
    linear = factor * (linear + gamma * run.error[n]);
    bounds.push_back({.lhs = run.w2[n], .rhs = linear, .part = "chain", .scale = problem.length});
  }
  return bounds;
}

// Confuses the implicit-Euler rate with the continuous one.
Outcome continuous_rate(const ChainProblem& problem) {
  const ChainMeasures run = problem.chain(10);
  return Bound{.lhs = run.w2[10], .rhs = exp(-10.0 * problem.ratio()) * run.w2[0]};
}

// The floor ε/λ, 20 % too low.
Outcome low_floor(const ChainProblem& problem) {
  const ChainMeasures run = problem.chain(40);
  const Estimate decay = pow(1.0 / (1.0 + problem.ratio()), 40);
  return Bound{
      .lhs = run.w2[40],
      .rhs = decay * run.w2[0] + 0.8 * run.largest_error[40] / problem.convexity * (1.0 - decay)};
}

}  // namespace jko_11

Claim jko_11_w2_contraction() {
  using namespace jko_11;
  return {.id = "JKO-11",
          .statement =
              "−log q is λ-convex ⇒ Wₙ₊₁ ≤ (Wₙ + γε)/(1 + γλ), Wₙ ≤ (1 + γλ)⁻ⁿW₀ + (ε/λ)(1 − (1 + "
              "γλ)⁻ⁿ)",
          .source = "sharpens the rate of [ChengLuTanXie2024]",
          .provenance = Provenance::derived,
          .hypotheses = {"∇²V ⪰ λI with λ > 0", "first-order error at most ε in every step"},
          .instances = chain_families(contraction),
          .tight = {translate("translate", contraction, 0.05)},
          .controls = {translate("rate e^{−γλ}", continuous_rate, 0.0),
                       translate("floor 0.8 ε/λ", low_floor, 0.3)},
          .on_target = on_chain_target(contraction),
          .file = __FILE__,
          .grade = Grade::converged};
}

}  // namespace flowcheck
