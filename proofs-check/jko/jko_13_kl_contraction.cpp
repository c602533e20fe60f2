#include "jko/convergence.hpp"
#include "jko/jko_claims.hpp"
#include "jko/manufactured_problem.hpp"

namespace flowcheck {
namespace jko_13 {

constexpr int steps = 12;

// rₙ₊₁ ≤ max{ (rₙ + aε)/(1 + a), ε(1 + a)/(2 + a) } for r = √(2λΔ) and a = γλ, and what follows; as
// squares, for Δ may be down at its round-off, of which a root keeps half the digits. The measured
// error of an exact step is its rounding, so there it is Δₙ₊₁ ≤ Δₙ/(1 + a)² of the stored iterates.
Outcome contraction(const ChainProblem& problem) {
  if (!problem.is_strictly_convex()) return Outcome::not_applicable("λ > 0");
  if (!problem.has_density) return Outcome::not_applicable("KL(p₀ ‖ q) < ∞");
  const ChainMeasures run = problem.chain(steps);
  const Estimate lambda = problem.convexity;
  const Estimate a = problem.ratio();
  std::vector<Bound> bounds;
  for (std::size_t n = 1; n < run.kl.size(); ++n) {
    const Estimate root = sqrt(2.0 * lambda * run.kl[n - 1]);
    const Estimate next =
        max((root + a * run.error[n]) / (1.0 + a), (1.0 + a) / (2.0 + a) * run.error[n]);
    bounds.push_back(
        {.lhs = 2.0 * lambda * run.kl[n], .rhs = square(next), .part = "one step", .scale = 1.0});
    bounds.push_back(
        {.lhs = run.kl[n],
         .rhs = square(sharp_root_kl_bound(lambda, problem.step_size, static_cast<int>(n),
                                           run.kl[0], run.largest_error[n])),
         .part = "chain",
         .scale = 1.0});
  }
  return bounds;
}

// Confuses the implicit-Euler rate with the continuous one, e^{−2γλ} a step.
Outcome continuous_rate(const ChainProblem& problem) {
  const ChainMeasures run = problem.chain(10);
  return Bound{.lhs = run.kl[10], .rhs = exp(-20.0 * problem.ratio()) * run.kl[0]};
}

// The floor ε²/(2λ), 20 % too low, once nothing is left of the start.
Outcome low_floor(const ChainProblem& problem) {
  const Estimate lambda = problem.convexity;
  const auto [run, decay] = settled_run(problem);
  return Bound{.lhs = sqrt(run.kl.back()),
               .rhs = decay * sqrt(run.kl[0]) +
                      sqrt(Estimate(0.8)) * run.largest_error.back() / sqrt(2.0 * lambda)};
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
          .instances = with(chain_families(contraction), manufactured_family(contraction)),
          .tight = {translate("translate", contraction, 0.05),
                    translate("translate, exact", contraction, 0.0)},
          .controls = {translate("rate e^{−2γλ}", continuous_rate, 0.0),
                       short_translate("floor 0.8 ε²/(2λ)", low_floor, 0.1)},
          .on_target = on_chain_target(contraction),
          .file = __FILE__,
          .grade = Grade::converged};
}

}  // namespace flowcheck
