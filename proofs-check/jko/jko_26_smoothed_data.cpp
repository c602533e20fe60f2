#include "distances/divergence.hpp"
#include "distances/gaussian_divergence.hpp"
#include "distances/monotone_transport.hpp"
#include "distances/wasserstein.hpp"
#include "jko/chain_problem.hpp"
#include "jko/convergence.hpp"
#include "jko/generated_law.hpp"
#include "jko/jko_claims.hpp"
#include "jko/line_laws.hpp"
#include "jko/reference_units.hpp"
#include "jko/smoothing.hpp"
#include "numerics/observed_order.hpp"
#include "proximal/line_blocks.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace flowcheck {
namespace jko_26 {

constexpr const char* in_kl = "KL(ρ_δ ‖ q₀), N regardless of δ";
constexpr const char* in_total_variation = "TV(ρ_δ, q₀), d = 1";

Estimate w2_to_noise(const Gaussian& P) {
  return w2(P, Gaussian::standard(P.dimension()));
}

// KL(ρ_δ ‖ q) ≤ e^{−2δ}W₂²(P, q)/(2(1 − e^{−2δ})) and W₂(ρ_δ, q) ≤ e^{−δ}W₂(P, q).
void add_regularisation(const Estimate& distance,
                        const Estimate& smoothed_kl,
                        const Estimate& smoothed_distance,
                        double delta,
                        std::vector<Bound>& bounds) {
  const Estimate lost = -expm1(Estimate(-2.0 * delta));
  bounds.push_back({.lhs = smoothed_kl,
                    .rhs = exp(Estimate(-2.0 * delta)) * square(distance) / (2.0 * lost),
                    .part = "KL after smoothing",
                    .scale = 1.0});
  bounds.push_back({.lhs = smoothed_distance,
                    .rhs = exp(Estimate(-delta)) * distance,
                    .part = "W₂ after smoothing",
                    .scale = 1.0 + distance.value});
}

void add_regularisation(const Gaussian& P, double delta, std::vector<Bound>& bounds) {
  add_regularisation(w2_to_noise(P), smoothed_kl_to_noise(P, delta), smoothed_w2_to_noise(P, delta),
                     delta, bounds);
}

Outcome mixture_on_the_line(const GaussianMixture& P, double) {
  const GaussianMixture q(Gaussian::standard(1));
  const Estimate distance = w2(P, q);
  std::vector<Bound> bounds;
  for (const double delta : {1e-2, 0.1, 1.0}) {
    const GaussianMixture rho = ou_law(P, delta);
    add_regularisation(distance, kl(rho, q), w2(rho, q), delta, bounds);
  }
  return bounds;
}

Outcome mixtures(Trial& trial) {
  return mixture_on_the_line(draw_mixture(trial.rng, 2), 0.0);
}

std::vector<Instance> with_mixtures(std::vector<Instance> families) {
  return with(std::move(families), {.name = "mixtures on the line", .draw = mixtures});
}

// The data smoothed for a time δ, a chain from there and back. The number of steps is that of the
// data themselves, W₂(ρ_δ, q) being smaller than W₂(P, q): the same for every δ.
struct Pipeline {
  JkoChain chain;
  GeneratedLaw generated;
  Estimate epsilon;
};

std::optional<Pipeline> pipeline(const GaussianProblem& problem, double delta) {
  if (!no_paper_run(problem, 1).empty()) return {};
  const double assumed = assumed_error(problem);
  const int n = 1 + paper_steps(1.0, problem.step_size, w2_to_noise(problem.start), assumed);
  GaussianProblem regular = problem;
  regular.start = smoothed(problem.start, delta);
  JkoChain chain = regular.chain(n);
  GeneratedLaw generated = generated_laws(chain).front();
  const Estimate epsilon = max(assumed, chain.largest_error(n));
  return Pipeline{std::move(chain), std::move(generated), epsilon};
}

void add_pipeline(const GaussianProblem& problem, double delta, std::vector<Bound>& bounds) {
  const bool on_the_line = problem.start.dimension() == 1;
  if (!on_the_line) bounds.push_back(left_out(in_total_variation, "d = 1"));
  const auto run = pipeline(problem, delta);
  if (!run) {
    bounds.push_back(left_out(in_kl, no_paper_run(problem, 1)));
    if (on_the_line) bounds.push_back(left_out(in_total_variation, no_paper_run(problem, 1)));
    return;
  }
  bounds.push_back({.lhs = kl(run->chain[0], run->generated),
                    .rhs = paper_kl_bound(1.0, problem.step_size, run->epsilon),
                    .part = in_kl,
                    .scale = 1.0});  // of terms of size 1
  if (on_the_line) {
    bounds.push_back({.lhs = total_variation(run->chain[0], run->generated),
                      .rhs = paper_total_variation_bound(1.0, problem.step_size, run->epsilon),
                      .part = in_total_variation,
                      .scale = 1.0});
  }
}

// The same for a mixture on the line, its blocks inverted piece by piece.
Outcome pipeline_on_the_line(const LineJkoProblem& problem, int steps, double epsilon) {
  const LineJkoChain chain = problem.chain(steps);
  const LineReverseDensity reverse(chain);
  const Estimate largest = max(epsilon, chain.largest_error(steps));
  return std::vector<Bound>{
      {.lhs = reverse.kl(0), .rhs = paper_kl_bound(1.0, problem.step_size, largest), .part = in_kl},
      {.lhs = reverse.total_variation(0),
       .rhs = paper_total_variation_bound(1.0, problem.step_size, largest),
       .part = in_total_variation}};
}

Outcome mixture_pipelines(const Target& target) {
  const auto* P = std::get_if<GaussianMixture>(&target.start);
  if (P == nullptr || P->dimension() != 1) return Outcome::not_applicable("P is a mixture, d = 1");
  if (!P->has_density()) return Outcome::not_applicable("p₀ has a density");
  const LineJkoProblem data = line_problem(target);
  std::vector<Bound> bounds;
  if (const std::string why = no_paper_run(data, 1); !why.empty()) {
    return std::vector<Bound>{left_out(in_kl, why), left_out(in_total_variation, why)};
  }
  const double epsilon = assumed_error(data);
  const int steps = 1 + paper_steps(1.0, target.step_size, data.distance(), epsilon);
  for (const double delta : {1e-4, 1e-2}) {
    Target smooth = target;
    smooth.start = ou_law(*P, delta);
    Outcome outcome = on_user_line(smooth, [=](const LineJkoProblem& problem) {
      return pipeline_on_the_line(problem, steps, epsilon);
    });
    std::ranges::move(outcome.bounds, std::back_inserter(bounds));
  }
  return bounds;
}

Outcome smoothed_data(const GaussianProblem& problem) {
  std::vector<Bound> bounds;
  for (const double delta : {1e-4, 1e-2, 0.1, 1.0})
    add_regularisation(problem.start, delta, bounds);
  for (const double delta : {1e-4, 1e-2}) add_pipeline(problem, delta, bounds);
  return bounds;
}

// Translates of the noise attain (ii) for every δ.
Outcome translated_noise(Trial& trial) {
  const Index d = 1 + trial.rng.uniform_index(4);
  const Gaussian P(2.0 * trial.rng.normal_vector(d), Matrix::Identity(d, d));
  std::vector<Bound> bounds;
  add_regularisation(P, trial.rng.log_uniform(1e-3, 1.0), bounds);
  bounds.erase(bounds.begin());
  return bounds;
}

GaussianProblem atom_at_origin() {
  GaussianProblem problem = line_translate(0.0, 0.5, 0.01);
  problem.start = Gaussian::dirac(Vector::Zero(1));
  return problem;
}

// (i) without 1 − e^{−2δ}, though KL(ρ_δ ‖ q) ~ ½ log(1/(2δ)) for an atom.
Outcome no_denominator(const GaussianProblem& problem) {
  const double delta = 1e-3;
  return Bound{.lhs = smoothed_kl_to_noise(problem.start, delta),
               .rhs = 0.5 * exp(Estimate(-2.0 * delta)) * square(w2_to_noise(problem.start))};
}

// "N must grow like log(1/δ)/(2 log(1 + γ))", which is what (i) and the contraction of KL would
// need together. The number of steps until Δ is below the paper's level does not change with δ: one
// step forgets that there was no density.
Outcome steps_for_smoothing(const GaussianProblem& problem) {
  std::vector<double> deltas;
  std::vector<double> exp_hits;
  for (double delta = 1e-2; delta > 1e-7; delta *= 0.1) {
    GaussianProblem regular = problem;
    regular.start = smoothed(problem.start, delta);
    const Estimate level = paper_kl_bound(1.0, problem.step_size, problem.error);
    const JkoChain chain = regular.chain(100);
    int n = 0;
    while (n < chain.steps() && chain.kl_to_target(n).value > level.value) ++n;
    deltas.push_back(delta);
    exp_hits.push_back(std::exp(-n));
  }
  return order(observed_order(deltas, exp_hits), 0.5 / std::log1p(problem.step_size));
}

}  // namespace jko_26

Claim jko_26_smoothed_data() {
  using namespace jko_26;
  return {
      .id = "JKO-26",
      .statement =
          "q = N(0, I) ⇒ KL(ρ_δ ‖ q) ≤ e^{−2δ}W₂²(P, q)/(2(1 − e^{−2δ})), W₂(ρ_δ, q) ≤ "
          "e^{−δ}W₂(P, q); from p₀ = ρ_δ, KL(ρ_δ ‖ q₀) ≤ 9ε²/(2γ) with N independent of δ",
      .source = "[ChengLuTanXie2024]; (i), (ii) derived",
      .provenance = Provenance::quoted,
      .hypotheses = {"q = N(0, I)", "W₂(P, q) < ∞", "γ < 2 for the pipeline",
                     "d = 1 for total variation"},
      .instances = with_mixtures(gaussian_families(smoothed_data, towards_standard)),
      .tight = {{.name = "translated noise", .draw = translated_noise}},
      .controls = {fixed_instance("no 1 − e^{−2δ}", no_denominator, atom_at_origin()),
                   fixed_instance("N grows like log(1/δ)", steps_for_smoothing, atom_at_origin())},
      .on_target = in_units_of_reference(on_flow_and_steps(
          on_line_mixture_target(smoothed_data, mixture_on_the_line), mixture_pipelines)),
      .file = __FILE__,
      .grade = Grade::converged};
}

}  // namespace flowcheck
