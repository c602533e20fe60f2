#include "jko/chain_problem.hpp"
#include "jko/jko_claims.hpp"
#include "jko/line_laws.hpp"
#include "jko/smoothing_cost.hpp"

#include <cmath>
#include <utility>
#include <vector>

namespace flowcheck {
namespace jko_25 {

// W₂²(P, ρ_δ) against the three forms of its bound, each weaker than the one before.
void add_bounds(const Smoothing& s, double delta, std::vector<Bound>& bounds) {
  const double d = static_cast<double>(s.dimension);
  bounds.push_back({.lhs = s.squared_w2,
                    .rhs = coupling_cost(s, delta),
                    .part = "coupling",
                    .scale = size_of(s)});
  bounds.push_back({.lhs = s.squared_w2,
                    .rhs = Estimate(delta) * delta * s.second_moment + 2.0 * d * Estimate(delta),
                    .part = "δ²M₂ + 2dδ",
                    .scale = size_of(s)});
  bounds.push_back({.lhs = sqrt(s.squared_w2),
                    .rhs = sqrt(linear_cost(s, delta)),
                    .part = "C√δ",
                    .scale = std::sqrt(size_of(s))});
}

std::vector<Bound> at_times(const SmoothingOf& smoothing, const std::vector<double>& deltas) {
  std::vector<Bound> bounds;
  for (const double delta : deltas) add_bounds(smoothing(delta), delta, bounds);
  return bounds;
}

Outcome at_checked_times(const SmoothingOf& smoothing, double) {
  return at_times(smoothing, {1e-3, 1e-2, 0.1, 0.5, 1.0});
}

Outcome mixtures(Trial& trial) {
  return at_times(smoothing_of(draw_mixture(trial.rng, 2)), {1e-2, 0.1, 1.0});
}

std::vector<Instance> with_mixtures(std::vector<Instance> families) {
  return with(std::move(families), {.name = "mixtures on the line", .draw = mixtures});
}

Outcome short_smoothing(const GaussianProblem& problem) {
  return at_checked_times(smoothing_of(problem.start), problem.step_size);
}

// An atom attains the first form for every δ; at the origin it attains the others as δ → 0.
Outcome atom(Trial& trial) {
  const Index d = 1 + trial.rng.uniform_index(4);
  const Gaussian P = Gaussian::dirac(2.0 * trial.rng.normal_vector(d));
  std::vector<Bound> bounds = at_times(smoothing_of(P), {trial.rng.log_uniform(1e-3, 1.0)});
  bounds.erase(bounds.begin() + 1, bounds.end());
  const double delta = 1e-10;
  add_bounds(smoothing(Gaussian::dirac(Vector::Zero(d)), delta), delta, bounds);
  return bounds;
}

// Linear in δ, as the truth is for smooth P only.
Outcome linear_rate(Trial&) {
  const double delta = 1e-3;
  const Smoothing s = smoothing(Gaussian::dirac(Vector::Constant(1, 2.0)), delta);
  return Bound{.lhs = sqrt(s.squared_w2), .rhs = sqrt(s.second_moment + 2.0) * delta};
}

// dδ in place of 2dδ.
Outcome half_the_noise(Trial&) {
  const double delta = 0.01;
  const Smoothing s = smoothing(Gaussian::dirac(Vector::Zero(1)), delta);
  return Bound{.lhs = s.squared_w2, .rhs = Estimate(delta)};
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
          .instances = with_mixtures(gaussian_families(short_smoothing)),
          .tight = {{.name = "atom", .draw = atom}},
          .controls = {{.name = "W₂ ≤ Cδ", .draw = linear_rate, .repeat = false},
                       {.name = "dδ in place of 2dδ", .draw = half_the_noise, .repeat = false}},
          .on_target = on_smoothing_target(at_checked_times),
          .file = __FILE__,
          .grade = Grade::converged,
          .without_error = true};
}

}  // namespace flowcheck
