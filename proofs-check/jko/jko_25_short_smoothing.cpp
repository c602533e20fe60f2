#include "distances/monotone_transport.hpp"
#include "distances/wasserstein.hpp"
#include "jko/chain_problem.hpp"
#include "jko/convergence.hpp"
#include "jko/jko_claims.hpp"
#include "jko/line_laws.hpp"
#include "jko/smoothing.hpp"
#include "numerics/round_off.hpp"

#include <cmath>
#include <utility>

namespace flowcheck {
namespace jko_25 {

Estimate second_moment(const Gaussian& P) {
  const double value = P.mean().squaredNorm() + P.covariance().trace();
  return Estimate::closed_form(value, round_off(value, P.dimension()));
}

// W₂²(P, ρ_δ) against the three forms of its bound, each weaker than the one before.
void add_bounds(const Estimate& distance,
                const Estimate& M2,
                double d,
                double delta,
                std::vector<Bound>& bounds) {
  const double size = M2.value + d;
  const Estimate squared = square(distance);
  bounds.push_back({.lhs = squared,
                    .rhs = square(expm1(Estimate(-delta))) * M2 - d * expm1(Estimate(-2.0 * delta)),
                    .part = "coupling",
                    .scale = size});
  bounds.push_back({.lhs = squared,
                    .rhs = Estimate(delta) * delta * M2 + 2.0 * d * Estimate(delta),
                    .part = "δ²M₂ + 2dδ",
                    .scale = size});
  bounds.push_back({.lhs = sqrt(squared),
                    .rhs = sqrt((M2 + 2.0 * d) * delta),
                    .part = "C√δ",
                    .scale = std::sqrt(size)});
}

void add_bounds(const Gaussian& P, double delta, std::vector<Bound>& bounds) {
  add_bounds(smoothing_distance(P, delta), second_moment(P), static_cast<double>(P.dimension()),
             delta, bounds);
}

Outcome mixture_on_the_line(const GaussianMixture& P, double) {
  const double moment = P.mean().squaredNorm() + P.covariance().trace();
  const Estimate M2 = Estimate::closed_form(moment, round_off(moment, 1));
  std::vector<Bound> bounds;
  for (const double delta : {1e-2, 0.1, 1.0}) {
    add_bounds(w2(P, ou_law(P, delta)), M2, 1.0, delta, bounds);
  }
  return bounds;
}

Outcome mixtures(Trial& trial) {
  return mixture_on_the_line(draw_mixture(trial.rng, 2), 0.0);
}

std::vector<Instance> with_mixtures(std::vector<Instance> families) {
  return with(std::move(families), {.name = "mixtures on the line", .draw = mixtures});
}

Outcome short_smoothing(const GaussianProblem& problem) {
  if (!is_standard(problem.target)) return Outcome::not_applicable("q = N(0, I)");
  std::vector<Bound> bounds;
  for (const double delta : {1e-3, 1e-2, 0.1, 0.5, 1.0}) add_bounds(problem.start, delta, bounds);
  return bounds;
}

// An atom attains the first form for every δ; at the origin it attains the others as δ → 0.
Outcome atom(Trial& trial) {
  const Index d = 1 + trial.rng.uniform_index(4);
  std::vector<Bound> bounds;
  add_bounds(Gaussian::dirac(2.0 * trial.rng.normal_vector(d)), trial.rng.log_uniform(1e-3, 1.0),
             bounds);
  bounds.erase(bounds.begin() + 1, bounds.end());
  add_bounds(Gaussian::dirac(Vector::Zero(d)), 1e-10, bounds);
  return bounds;
}

// Linear in δ, as the truth is for smooth P only.
Outcome linear_rate(Trial&) {
  const double delta = 1e-3;
  const Gaussian P = Gaussian::dirac(Vector::Constant(1, 2.0));
  return Bound{.lhs = smoothing_distance(P, delta), .rhs = sqrt(second_moment(P) + 2.0) * delta};
}

// dδ in place of 2dδ.
Outcome half_the_noise(Trial&) {
  const double delta = 0.01;
  const Gaussian P = Gaussian::dirac(Vector::Zero(1));
  return Bound{.lhs = square(smoothing_distance(P, delta)), .rhs = Estimate(delta)};
}

}  // namespace jko_25

Claim jko_25_short_smoothing() {
  using namespace jko_25;
  return {.id = "JKO-25",
          .statement =
              "ρ_δ = law(e^{−δ}X + √(1 − e^{−2δ})Z), M₂ = E|X|² ⇒ W₂²(P, ρ_δ) ≤ (1 − e^{−δ})²M₂ + "
              "(1 − e^{−2δ})d ≤ δ²M₂ + 2dδ ≤ (M₂ + 2d)δ for δ ≤ 1",
          .source = "[ChengLuTanXie2024], constant derived",
          .provenance = Provenance::recalled,
          .hypotheses = {"q = N(0, I)", "M₂ < ∞", "δ ≤ 1 for the last form"},
          .instances = with_mixtures(gaussian_families(short_smoothing, towards_standard)),
          .tight = {{.name = "atom", .draw = atom}},
          .controls = {{.name = "W₂ ≤ Cδ", .draw = linear_rate, .repeat = false},
                       {.name = "dδ in place of 2dδ", .draw = half_the_noise, .repeat = false}},
          .on_target = on_line_mixture_target(short_smoothing, mixture_on_the_line),
          .file = __FILE__,
          .grade = Grade::converged,
          .without_error = true};
}

}  // namespace flowcheck
