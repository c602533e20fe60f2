#include "distances/divergence.hpp"
#include "distances/gaussian_divergence.hpp"
#include "jko/chain_problem.hpp"
#include "jko/convergence.hpp"
#include "jko/generated_law.hpp"
#include "jko/jko_claims.hpp"
#include "jko/line_laws.hpp"
#include "numerics/round_off.hpp"
#include "proximal/line_blocks.hpp"

#include <cmath>

namespace flowcheck {
namespace jko_24 {

constexpr int steps = 8;

Bound pinsker(const Estimate& tv, const Estimate& kl) {
  return {.lhs = tv, .rhs = sqrt(0.5 * kl), .part = "Pinsker", .scale = 1.0};
}

Bound bretagnolle_huber(const Estimate& tv, const Estimate& kl) {
  return {.lhs = square(tv), .rhs = -expm1(-kl), .part = "Bretagnolle–Huber", .scale = 1.0};
}

Outcome total_variation_bounds(const GaussianProblem& problem) {
  if (problem.start.dimension() != 1) return Outcome::not_applicable("d = 1");
  if (!problem.start.has_density()) return Outcome::not_applicable("p₀ has a density");
  const MeasuredChain run = measured(problem.chain(steps));
  const Estimate lambda = convexity(problem.target);
  std::vector<Bound> bounds;
  for (int n = 0; n <= steps; ++n) {
    const Estimate kl = run.kl[static_cast<std::size_t>(n)];
    const Estimate tv = total_variation(run.chain[n], problem.target);
    bounds.push_back(pinsker(tv, kl));
    bounds.push_back(bretagnolle_huber(tv, kl));
  }
  const GeneratedLaw generated = generated_laws(run.chain).front();
  const Estimate tv = total_variation(problem.start, generated);
  bounds.push_back({.lhs = tv,
                    .rhs = sqrt(0.5 * run.kl.back()),
                    .part = "TV(p₀, q₀) ≤ √(KL(p_N ‖ q)/2)",
                    .scale = 1.0});
  bounds.push_back(
      {.lhs = tv,
       .rhs = sqrt(Estimate(0.5)) * sharp_root_kl_bound(lambda, problem.step_size, steps, run.kl[0],
                                                        run.largest_error.back()),
       .part = "guarantee, sharp",
       .scale = 1.0});
  if (const auto paper = paper_run(problem, 1)) {
    bounds.push_back({.lhs = total_variation(problem.start, generated_laws(paper->chain).front()),
                      .rhs = paper_total_variation_bound(lambda, problem.step_size, paper->epsilon),
                      .part = "guarantee, paper"});
  } else {
    bounds.push_back(left_out("guarantee, paper", no_paper_run(problem, 1)));
  }
  return bounds;
}

// p = q(1 + δ) on one half of q's mass and q(1 − δ) on the other, for any q: TV = δ/2 and
// KL = ½((1 + δ)log(1 + δ) + (1 − δ)log(1 − δ)), here in a form whose leading terms do not cancel.
struct TwoLevel {
  Estimate tv;
  Estimate kl;
};

TwoLevel two_level(double delta) {
  const double kl = 0.5 * std::log1p(-delta * delta) + delta * std::atanh(delta);
  return {.tv = Estimate::closed_form(0.5 * delta, 0.0),
          .kl = Estimate::closed_form(kl, round_off(delta * delta, 1))};
}

Outcome small_two_level(Trial& trial) {
  const TwoLevel law = two_level(trial.rng.log_uniform(1e-5, 1e-2));
  return std::vector<Bound>{pinsker(law.tv, law.kl), bretagnolle_huber(law.tv, law.kl)};
}

// TV² ≤ KL/4, half of what Pinsker's inequality allows.
Outcome half_of_pinsker(const Estimate& tv, const Estimate& kl) {
  return Bound{.lhs = square(tv), .rhs = 0.25 * kl};
}

Outcome half_on_translate(const GaussianProblem& problem) {
  return half_of_pinsker(total_variation(problem.start, problem.target),
                         kl(problem.start, problem.target));
}

Outcome half_on_two_level(Trial& trial) {
  const TwoLevel law = two_level(trial.rng.uniform(0.01, 0.5));
  return half_of_pinsker(law.tv, law.kl);
}

// ∫|p − q| taken for the total variation.
Outcome no_half(const GaussianProblem& problem) {
  return Bound{.lhs = 2.0 * total_variation(problem.start, problem.target),
               .rhs = sqrt(0.5 * kl(problem.start, problem.target))};
}

// Pinsker's and Bretagnolle and Huber's along the flow towards N(0, 1).
Outcome mixture_on_the_line(const GaussianMixture& start, double) {
  const GaussianMixture q(Gaussian::standard(1));
  std::vector<Bound> bounds;
  for (const double t : {0.0, 0.3, 1.0}) {
    const GaussianMixture p = ou_law(start, t);
    const Estimate divergence = kl(p, q);
    const Estimate tv = total_variation(p, q);
    bounds.push_back(pinsker(tv, divergence));
    bounds.push_back(bretagnolle_huber(tv, divergence));
  }
  return bounds;
}

// TV(p₀, q₀) of a chain whose blocks are inverted piece by piece.
void add_guarantees(const LineJkoProblem& problem, std::vector<Bound>& bounds) {
  const LineJkoChain chain = problem.chain(steps);
  const ChainMeasures run = measures(chain);
  const LineReverseDensity reverse(chain);
  const Estimate tv = reverse.total_variation(0);
  bounds.push_back({.lhs = tv,
                    .rhs = sqrt(0.5 * reverse.kl(steps)),
                    .part = "TV(p₀, q₀) ≤ √(KL(p_N ‖ q)/2)",
                    .scale = 1.0});
  bounds.push_back(
      {.lhs = tv,
       .rhs = sqrt(Estimate(0.5)) * sharp_root_kl_bound(problem.convexity(), problem.step_size,
                                                        steps, run.kl[0], run.largest_error.back()),
       .part = "guarantee, sharp",
       .scale = 1.0});
}

Outcome guarantees_on_the_line(const LineJkoProblem& problem) {
  if (!problem.start.has_density()) return Outcome::not_applicable("p₀ has a density");
  std::vector<Bound> bounds;
  add_guarantees(problem, bounds);
  if (const auto paper = paper_run(problem, 1)) {
    bounds.push_back(
        {.lhs = LineReverseDensity(paper->chain).total_variation(0),
         .rhs = paper_total_variation_bound(problem.convexity(), problem.step_size, paper->epsilon),
         .part = "guarantee, paper"});
  } else {
    bounds.push_back(left_out("guarantee, paper", no_paper_run(problem, 1)));
  }
  return bounds;
}

Outcome mixtures(Trial& trial) {
  return mixture_on_the_line(draw_mixture(trial.rng, 2), 0.0);
}

std::vector<Instance> families() {
  std::vector<Instance> result = gaussian_families(total_variation_bounds, first_coordinate);
  result.push_back(
      fixed_instance("translate", total_variation_bounds, line_translate(2.0, 0.5, 0.01)));
  result.push_back({.name = "mixtures on the line", .draw = mixtures});
  return result;
}

}  // namespace jko_24

Claim jko_24_total_variation() {
  using namespace jko_24;
  // The two-level law attains Pinsker's inequality as δ → 0, to a relative δ²/6.
  return {
      .id = "JKO-24",
      .statement =
          "TV ≤ √(KL/2), TV² ≤ 1 − e^{−KL}; so TV(p₀, q₀) ≤ 3ε/(2λ√γ) and TV(p₀, q₀) ≤ ½((1 + "
          "γλ)^{−N}√(2KL(p₀ ‖ q)) + ε/√λ)",
      .source = "Pinsker; constants from [ChengLuTanXie2024]",
      .provenance = Provenance::recalled,
      .hypotheses = {"d = 1 (total variation has a closed form there)", "p₀ has a density",
                     "as JKO-23 for the guarantees"},
      .instances = families(),
      .tight = {{.name = "two-level law, δ → 0", .draw = small_two_level}},
      .controls = {fixed_instance("TV² ≤ KL/4, translate", half_on_translate,
                                  line_translate(0.1, 1.0, 0.0)),
                   {.name = "TV² ≤ KL/4, two-level law", .draw = half_on_two_level},
                   fixed_instance("∫|p − q| without ½", no_half, line_translate(0.1, 1.0, 0.0))},
      .on_target =
          on_flow_and_steps(on_line_mixture_target(total_variation_bounds, mixture_on_the_line),
                            on_chain_target(total_variation_bounds, guarantees_on_the_line)),
      .file = __FILE__,
      .grade = Grade::converged};
}

}  // namespace flowcheck
