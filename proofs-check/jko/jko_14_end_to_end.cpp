#include "distances/wasserstein.hpp"
#include "jko/convergence.hpp"
#include "jko/jko_claims.hpp"

namespace flowcheck {
namespace jko_14 {

constexpr int steps = 12;

// (ε²/λ)(½ + 1/(γλ)), what is promised one step after the sharp number of steps.
Estimate level(const Estimate& lambda, double gamma, const Estimate& epsilon) {
  return square(epsilon) / lambda * (0.5 + 1.0 / (gamma * lambda));
}

void add_after_sharp_steps(const GaussianProblem& problem, std::vector<Bound>& bounds) {
  const double assumed = assumed_error(problem);
  if (assumed == 0.0) {
    bounds.push_back(left_out("after N + 1 steps", "ε > 0 or p₀ ≠ q"));
    return;
  }
  const double gamma = problem.step_size;
  const Estimate lambda = convexity(problem.target);
  const int n = sharp_steps(lambda, gamma, w2(problem.start, problem.target), assumed);
  if (n > longest_chain) {
    bounds.push_back(left_out("after N + 1 steps", too_many(n + 1)));
    return;
  }
  const JkoChain chain = problem.chain(n + 1);
  const Estimate epsilon = max(assumed, chain.largest_error(n + 1));
  bounds.push_back({.lhs = chain.kl_to_target(n + 1),
                    .rhs = level(lambda, gamma, epsilon),
                    .part = "after N + 1 steps"});
}

// √Δₙ ≤ (1 + a)^{−(n−1)} (W₀ + γε)/√(2γ(2 + a)) + ε/√(2λ): nothing but W₀ is asked of the start.
Outcome end_to_end(const GaussianProblem& problem) {
  const MeasuredChain run = measured(problem.chain(steps));
  const double gamma = problem.step_size;
  const Estimate lambda = convexity(problem.target);
  const Estimate a = gamma * lambda;
  std::vector<Bound> bounds;
  for (int n = 1; n <= steps; ++n) {
    const auto at = static_cast<std::size_t>(n);
    const Estimate epsilon = run.largest_error[at];
    const Estimate after_one = (run.w2[0] + gamma * epsilon) / sqrt(2.0 * gamma * (2.0 + a));
    bounds.push_back({.lhs = sqrt(run.kl[at]),
                      .rhs = pow(1.0 / (1.0 + a), n - 1) * after_one + epsilon / sqrt(2.0 * lambda),
                      .part = "every n",
                      .scale = 1.0});
  }
  add_after_sharp_steps(problem, bounds);
  return bounds;
}

// Half the steps for the same level.
Outcome half_the_steps(const GaussianProblem& problem) {
  const Estimate lambda = convexity(problem.target);
  const int n =
      sharp_steps(lambda, problem.step_size, w2(problem.start, problem.target), problem.error) / 2;
  const JkoChain chain = problem.chain(n + 1);
  return Bound{.lhs = chain.kl_to_target(n + 1),
               .rhs = level(lambda, problem.step_size, chain.largest_error(n + 1))};
}

std::vector<Instance> families() {
  std::vector<Instance> result = gaussian_families(end_to_end);
  result.push_back(short_translate("translate", end_to_end, 0.01));
  return result;
}

}  // namespace jko_14

Claim jko_14_end_to_end() {
  using namespace jko_14;
  // The tight instance comes as near as there is: equality is approached for γλ → ∞ only.
  return {
      .id = "JKO-14",
      .statement =
          "W₀ < ∞, N = ⌈log(λW₀/ε)/log(1 + γλ)⌉ ⇒ KL(p_{N+1} ‖ q) ≤ (ε²/λ)(½ + 1/(γλ)); √Δₙ "
          "≤ (1 + γλ)^{−(n−1)}(W₀ + γε)/√(2γ(2 + γλ)) + ε/√(2λ) for n ≥ 1",
      .source = "derived",
      .provenance = Provenance::derived,
      .hypotheses = {"∇²V ⪰ λI with λ > 0", "W₂(p₀, q) < ∞",
                     "first-order error at most ε in every step"},
      .instances = families(),
      .tight = {fixed_instance("translate, γλ = 10⁴", end_to_end, line_translate(3.0, 1e4, 0.0))},
      .controls = {fixed_instance("half the steps, γλ = 0.05", half_the_steps,
                                  line_translate(3.0, 0.05, 1e-6)),
                   fixed_instance("half the steps, γλ = 0.5", half_the_steps,
                                  line_translate(3.0, 0.5, 1e-6)),
                   fixed_instance("half the steps, γλ = 1.9", half_the_steps,
                                  line_translate(3.0, 1.9, 1e-6))},
      .on_target = on_gaussian_target(end_to_end),
      .file = __FILE__};
}

}  // namespace flowcheck
