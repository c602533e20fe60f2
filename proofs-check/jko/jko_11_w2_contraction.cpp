#include "jko/gaussian_problem.hpp"
#include "jko/jko_claims.hpp"

#include <cmath>

namespace flowcheck {
namespace jko_11 {

constexpr int steps = 12;

// W_{n+1} ≤ (W_n + γε)/(1 + γλ) step by step, and its sum over the chain.
Outcome contraction(const GaussianProblem& problem) {
  const JkoChain chain = problem.chain(steps);
  const double gamma = problem.step_size;
  const Estimate factor = 1.0 / (1.0 + gamma * problem.convexity());
  std::vector<Bound> bounds;
  Estimate linear = chain.w2_to_target(0);
  for (int n = 1; n <= steps; ++n) {
    const Estimate w = chain.w2_to_target(n);
    const Estimate epsilon = chain.error(n);
    bounds.push_back({.lhs = w,
                      .rhs = factor * (chain.w2_to_target(n - 1) + gamma * epsilon),
                      .part = "one step",
                      .scale = problem.length()});
    linear = factor * (linear + gamma * epsilon);
    bounds.push_back({.lhs = w, .rhs = linear, .part = "chain", .scale = problem.length()});
  }
  return bounds;
}

// Confuses the implicit-Euler rate with the continuous one.
Outcome continuous_rate(const GaussianProblem& problem) {
  const JkoChain chain = problem.chain(10);
  return Bound{.lhs = chain.w2_to_target(10),
               .rhs = exp(-10.0 * problem.ratio()) * chain.w2_to_target(0)};
}

// The floor ε/λ, 20 % too low.
Outcome low_floor(const GaussianProblem& problem) {
  const JkoChain chain = problem.chain(40);
  const Estimate decay = pow(1.0 / (1.0 + problem.ratio()), 40);
  return Bound{.lhs = chain.w2_to_target(40),
               .rhs = decay * chain.w2_to_target(0) +
                      0.8 * chain.largest_error(40) / problem.convexity() * (1.0 - decay)};
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
          .instances = gaussian_families(contraction),
          .tight = {translate("translate", contraction, 0.05)},
          .controls = {translate("rate e^{−γλ}", continuous_rate, 0.0),
                       translate("floor 0.8 ε/λ", low_floor, 0.3)},
          .on_target = on_gaussian_target(contraction),
          .file = __FILE__};
}

}  // namespace flowcheck
