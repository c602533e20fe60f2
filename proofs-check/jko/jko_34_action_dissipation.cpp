#include "distances/gaussian_divergence.hpp"
#include "distances/wasserstein.hpp"
#include "jko/convergence.hpp"
#include "jko/fokker_planck.hpp"
#include "jko/jko_claims.hpp"
#include "numerics/adaptive_quadrature.hpp"

#include <array>
#include <utility>

namespace flowcheck {
namespace jko_34 {

constexpr int steps = 8;
constexpr std::array<std::pair<double, double>, 4> intervals = {
    {{0.1, 0.11}, {0.1, 0.4}, {0.4, 1.0}, {0.1, 5.0}}};

// ∫_s^t I(ρ_τ) dτ.
Estimate dissipation(const GaussianProblem& problem, double s, double t) {
  const auto fisher = [&](double time) {
    return square(fokker_planck_law(problem.start, problem.target, time).fisher_norm());
  };
  return quadrature(fisher, {s, t}, {.relative_tolerance = 1e-13, .most_panels = 1'000});
}

// W₂²(ρ_s, ρ_t) ≤ (t − s)(KL_s − KL_t), `factor` being 1 where it is true.
Outcome dissipated(const GaussianProblem& problem, double s, double t, double factor) {
  const FokkerPlanckLaw before = fokker_planck_law(problem.start, problem.target, s);
  const FokkerPlanckLaw after = fokker_planck_law(problem.start, problem.target, t);
  return Bound{.lhs = square(after.w2_to(before)),
               .rhs = factor * (t - s) * (before.kl() - after.kl()),
               .part = "flow",
               .scale = problem.length() * problem.length()};
}

Outcome evaluate(const GaussianProblem& problem) {
  std::vector<Bound> bounds;
  for (const auto& [s, t] : intervals) {
    const FokkerPlanckLaw before = fokker_planck_law(problem.start, problem.target, s);
    const FokkerPlanckLaw after = fokker_planck_law(problem.start, problem.target, t);
    bounds.push_back(identity(dissipation(problem, s, t), before.kl() - after.kl(),
                              "∫I = KL_s − KL_t", 1.0 + before.kl().value));
    bounds.push_back(dissipated(problem, s, t, 1.0).bounds.front());
  }
  // The steps' own form, with their measured errors: (2 + a)S²/(2γ) ≤ G_n − G_{n+1} + εS.
  const JkoChain chain = problem.chain(steps);
  const Estimate convex = 2.0 + problem.ratio();
  for (int n = 1; n <= steps; ++n) {
    if (!chain[n - 1].has_density()) continue;  // G_0 = ∞
    const Estimate length = chain.step_length(n);
    bounds.push_back(
        {.lhs = convex * square(length) / (2.0 * problem.step_size),
         .rhs = chain.kl_to_target(n - 1) - chain.kl_to_target(n) + chain.error(n) * length,
         .part = "steps",
         .scale = 1.0 + chain.kl_to_target(n - 1).value});
  }
  return bounds;
}

Outcome short_time(const GaussianProblem& problem) {
  return dissipated(problem, 0.0, 1e-3, 1.0);
}

// At times of order one, where what is missing is seen beside the size of the problem: at short
// ones both sides are squares of t − s.
Outcome halved(const GaussianProblem& problem) {
  return dissipated(problem, 0.0, 0.1, 0.5);
}

}  // namespace jko_34

Claim jko_34_action_dissipation() {
  using namespace jko_34;
  return {
      .id = "JKO-34",
      .statement =
          "W₂²(ρₛ, ρₜ) ≤ (t − s)∫ₛᵗI = (t − s)(KLₛ − KLₜ); of a step S² ≤ 2γ(KLₙ − "
          "KLₙ₊₁ + εS)/(2 + γλ)",
      .source = "[BenamouBrenier2000]",
      .provenance = Provenance::derived,
      .hypotheses = {"∇²V ⪰ λI", "KLₛ < ∞"},
      .instances = gaussian_families(evaluate),
      .tight = {translate("translate, t − s = 0.001", short_time, 0.0)},
      .controls = {fixed_instance("½(t − s)(KLₛ − KLₜ)", halved, line_translate(3.0, 0.5, 0.0))},
      .on_target = on_gaussian_target(evaluate),
      .file = __FILE__,
      .grade = Grade::converged};
}

}  // namespace flowcheck
