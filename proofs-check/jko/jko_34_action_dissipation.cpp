#include "distances/divergence.hpp"
#include "distances/gaussian_divergence.hpp"
#include "distances/monotone_transport.hpp"
#include "distances/wasserstein.hpp"
#include "jko/convergence.hpp"
#include "jko/fokker_planck.hpp"
#include "jko/jko_claims.hpp"
#include "jko/line_laws.hpp"
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

// The steps' own form, with their measured errors: (2 + a)S²/(2γ) ≤ G_n − G_{n+1} + εS.
void add_steps(std::vector<Bound>& bounds,
               const ChainMeasures& chain,
               const Estimate& a,
               double gamma,
               bool has_density) {
  for (std::size_t n = has_density ? 1 : 2; n < chain.kl.size(); ++n) {  // G_0 = ∞ without one
    const Estimate& length = chain.step_length[n];
    bounds.push_back({.lhs = (2.0 + a) * square(length) / (2.0 * gamma),
                      .rhs = chain.kl[n - 1] - chain.kl[n] + chain.error[n] * length,
                      .part = "steps",
                      .scale = 1.0 + chain.kl[n - 1].value});
  }
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
  const ChainMeasures chain = measures(problem.chain(steps));
  add_steps(bounds, chain, problem.ratio(), problem.step_size, problem.start.has_density());
  return bounds;
}

Bound dissipated(const GaussianMixture& start, double s, double t, double factor) {
  const GaussianMixture q(Gaussian::standard(1));
  const GaussianMixture before = ou_law(start, s);
  const GaussianMixture after = ou_law(start, t);
  return {.lhs = squared_w2(before, after),
          .rhs = factor * (t - s) * (kl(before, q) - kl(after, q)),
          .part = "flow"};
}

Outcome on_the_line(const GaussianMixture& start, double) {
  const GaussianMixture q(Gaussian::standard(1));
  std::vector<Bound> bounds;
  for (const auto& [s, t] : intervals) {
    const Estimate before = kl(ou_law(start, s), q);
    const Estimate after = kl(ou_law(start, t), q);
    bounds.push_back(
        identity(dissipation(start, s, t), before - after, "∫I = KL_s − KL_t", 1.0 + before.value));
    bounds.push_back(dissipated(start, s, t, 1.0));
  }
  return bounds;
}

Outcome mixtures_on_the_line(Trial& trial) {
  return on_the_line(draw_mixture(trial.rng, 3), 0.0);
}

Outcome steps_on_the_line(const LineJkoProblem& problem) {
  std::vector<Bound> bounds;
  add_steps(bounds, measures(problem.chain(steps)), problem.step_size * problem.convexity(),
            problem.step_size, problem.start.has_density());
  return bounds;
}

Outcome halved_on_the_line(Trial& trial) {
  return dissipated(draw_mixture(trial.rng, 3), 0.1, 0.11, 0.5);
}

std::vector<Instance> families() {
  return with(gaussian_families(evaluate),
              {.name = "mixtures on the line", .draw = mixtures_on_the_line});
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
  return {.id = "JKO-34",
          .statement =
              "W₂²(ρₛ, ρₜ) ≤ (t − s)∫ₛᵗI = (t − s)(KLₛ − KLₜ); of a step S² ≤ 2γ(KLₙ − "
              "KLₙ₊₁ + εS)/(2 + γλ)",
          .source = "[BenamouBrenier2000]",
          .provenance = Provenance::derived,
          .hypotheses = {"∇²V ⪰ λI", "KLₛ < ∞"},
          .instances = families(),
          .tight = {translate("translate, t − s = 0.001", short_time, 0.0)},
          .controls = {fixed_instance("½(t − s)(KLₛ − KLₜ)", halved, line_translate(3.0, 0.5, 0.0)),
                       {.name = "the same, mixtures on the line", .draw = halved_on_the_line}},
          .on_target = on_flow_and_steps(on_line_law_target(evaluate, on_the_line),
                                         on_chain_target(evaluate, steps_on_the_line)),
          .file = __FILE__,
          .grade = Grade::converged};
}

}  // namespace flowcheck
