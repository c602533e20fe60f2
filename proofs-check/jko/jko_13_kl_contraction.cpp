#include "distances/wasserstein.hpp"
#include "jko/convergence.hpp"
#include "jko/jko_claims.hpp"

namespace flowcheck {
namespace jko_13 {

constexpr int steps = 12;

// rₙ₊₁ ≤ max{ (rₙ + aε)/(1 + a), ε(1 + a)/(2 + a) } for r = √(2λΔ) and a = γλ, and what follows.
Outcome contraction(const GaussianProblem& problem) {
  if (!problem.start.has_density()) return Outcome::not_applicable("KL(p₀ ‖ q) < ∞");
  const MeasuredChain run = measured(problem.chain(steps));
  const Estimate lambda = convexity(problem.target);
  const Estimate a = problem.step_size * lambda;
  const auto root = [&](std::size_t n) { return sqrt(2.0 * lambda * run.kl[n]); };
  std::vector<Bound> bounds;
  for (std::size_t n = 1; n <= steps; ++n) {
    const Estimate next =
        max((root(n - 1) + a * run.error[n]) / (1.0 + a), (1.0 + a) / (2.0 + a) * run.error[n]);
    bounds.push_back({.lhs = root(n), .rhs = next, .part = "one step", .scale = 1.0});
    bounds.push_back({.lhs = sqrt(run.kl[n]),
                      .rhs = sharp_root_kl_bound(lambda, problem.step_size, static_cast<int>(n),
                                                 run.kl[0], run.largest_error[n]),
                      .part = "chain",
                      .scale = 1.0});
    // The measured error of an exact step is its rounding, so this is Δₙ₊₁ ≤ Δₙ/(1 + a)² of the
    // stored iterates.
    if (problem.error == 0.0) {
      bounds.push_back({.lhs = run.kl[n],
                        .rhs = square(next) / (2.0 * lambda),
                        .part = "exact step, squared",
                        .scale = 1.0});
    }
  }
  return bounds;
}

// Confuses the implicit-Euler rate with the continuous one, e^{−2γλ} a step.
Outcome continuous_rate(const GaussianProblem& problem) {
  const JkoChain chain = problem.chain(10);
  return Bound{
      .lhs = chain.kl_to_target(10),
      .rhs = exp(-20.0 * problem.step_size * convexity(problem.target)) * chain.kl_to_target(0)};
}

// The floor ε²/(2λ), 20 % too low, once nothing is left of the start.
Outcome low_floor(const GaussianProblem& problem) {
  const Estimate lambda = convexity(problem.target);
  const int n = sharp_steps(lambda, problem.step_size, w2(problem.start, problem.target),
                            0.001 * problem.error);
  const JkoChain chain = problem.chain(n);
  const Estimate decay = pow(1.0 / (1.0 + problem.step_size * lambda), n);
  return Bound{.lhs = sqrt(chain.kl_to_target(n)),
               .rhs = decay * sqrt(chain.kl_to_target(0)) +
                      sqrt(Estimate(0.8)) * chain.largest_error(n) / sqrt(2.0 * lambda)};
}

}  // namespace jko_13

Claim jko_13_kl_contraction() {
  using namespace jko_13;
  return {.id = "JKO-13",
          .statement =
              "G is λ-convex, r = √(2λΔ), a = γλ ⇒ rₙ₊₁ ≤ max{(rₙ + aε)/(1 + a), ε(1 + a)/(2 + "
              "a)}, √Δₙ ≤ (1 + a)⁻ⁿ√Δ₀ + ε/√(2λ); ε = 0 ⇒ Δₙ₊₁ ≤ Δₙ/(1 + a)²",
          .source = "derived",
          .provenance = Provenance::derived,
          .hypotheses = {"∇²V ⪰ λI with λ > 0", "KL(p₀ ‖ q) < ∞",
                         "first-order error at most ε in every step"},
          .instances = gaussian_families(contraction),
          .tight = {translate("translate", contraction, 0.05),
                    translate("translate, exact", contraction, 0.0)},
          .controls = {translate("rate e^{−2γλ}", continuous_rate, 0.0),
                       short_translate("floor 0.8 ε²/(2λ)", low_floor, 0.1)},
          .on_target = on_gaussian_target(contraction),
          .file = __FILE__};
}

}  // namespace flowcheck
