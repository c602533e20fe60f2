#include "jko/smoothing_cost.hpp"
#include "lfm/lfm_claims.hpp"
#include "measures/random_gaussian.hpp"

#include <vector>

namespace flowcheck {
namespace lfm_14 {

std::vector<Bound> bounds_of(const Smoothing& s, double delta) {
  return {{.lhs = s.squared_w2,
           .rhs = coupling_cost(s, delta),
           .part = "W₂² ≤ (1 − e^{−δ})²M₂ + (1 − e^{−2δ})d",
           .scale = size_of(s)},
          {.lhs = s.squared_w2,
           .rhs = linear_cost(s, delta),
           .part = "W₂² ≤ (M₂ + 2d)δ",
           .scale = size_of(s)}};
}

std::vector<Bound> at_times(const SmoothingOf& smoothing, const std::vector<double>& deltas) {
  std::vector<Bound> bounds;
  for (const double delta : deltas) {
    for (const Bound& bound : bounds_of(smoothing(delta), delta)) bounds.push_back(bound);
  }
  return bounds;
}

const std::vector<double> checked_deltas = {1e-3, 1e-2, 0.1, 0.5, 1.0};

Atoms random_line_atoms(Rng& rng) {
  const Index n = 1 + rng.uniform_index(5);
  Vector weights(n);
  for (double& w : weights) w = rng.uniform(0.05, 1.0);
  return sorted_atoms(rng.log_uniform(0.1, 3.0) * rng.normal_vector(n), weights);
}

Outcome random_atoms(Trial& trial) {
  std::vector<Atoms> coordinates(static_cast<std::size_t>(1 + trial.rng.uniform_index(6)));
  for (Atoms& atoms : coordinates) atoms = random_line_atoms(trial.rng);
  return at_times(smoothing_of(coordinates), {trial.rng.log_uniform(1e-3, 1.0)});
}

std::vector<Atoms> on_line(const Vector& places) {
  return {sorted_atoms(places, Vector::Ones(places.size()))};
}

Outcome random_mixture(Trial& trial) {
  const double weight = trial.rng.uniform(0.1, 0.9);
  const double R = trial.rng.uniform(0.3, 2.0);
  const double sigma = trial.rng.uniform(0.2, 1.0);
  return at_times(smoothing_of(GaussianMixture::isotropic(Vector{{weight, 1.0 - weight}},
                                                          Matrix{{-R, R}}, sigma * sigma)),
                  {trial.rng.log_uniform(1e-2, 1.0)});
}

Outcome random_points(Trial& trial) {
  Rng& rng = trial.rng;
  const Index d = 2 + rng.uniform_index(5);
  const Index n = 2 + rng.uniform_index(8);
  Vector weights(n);
  for (double& w : weights) w = rng.uniform(0.1, 1.0);
  return at_times(smoothing_of(PointCloud(rng.log_uniform(0.1, 2.0) * rng.normal_matrix(d, n),
                                          weights / weights.sum())),
                  {rng.log_uniform(1e-3, 1.0)});
}

Outcome random_mixture_above_line(Trial& trial) {
  Rng& rng = trial.rng;
  const Index d = 2 + rng.uniform_index(5);
  const Index n = 2 + rng.uniform_index(4);
  Vector weights(n);
  for (double& w : weights) w = rng.uniform(0.1, 1.0);
  std::vector<Matrix> covariances;
  for (Index k = 0; k < n; ++k) covariances.push_back(random_gaussian(rng, d).covariance());
  return at_times(smoothing_of(GaussianMixture(weights / weights.sum(),
                                               2.0 * rng.normal_matrix(d, n), covariances)),
                  {rng.log_uniform(1e-3, 1.0)});
}

// The first form for every δ, the second at the origin as δ → 0.
Outcome atom(Trial& trial) {
  const Index d = 1 + trial.rng.uniform_index(6);
  const Gaussian origin = Gaussian::dirac(Vector::Zero(d));
  return at_times(smoothing_of(origin), {1e-10, trial.rng.log_uniform(1e-3, 1.0)});
}

Outcome half_the_noise() {
  const double delta = 0.01;
  const Smoothing s = smoothing(Gaussian::dirac(Vector::Zero(1)), delta);
  return Bound{.lhs = s.squared_w2, .rhs = (s.second_moment + 1.0) * delta};
}

Outcome at_times_and_step(const SmoothingOf& smoothing, double step_size) {
  std::vector<double> deltas = checked_deltas;
  deltas.push_back(step_size);
  return at_times(smoothing, deltas);
}

}  // namespace lfm_14

Claim lfm_14_short_smoothing() {
  using namespace lfm_14;
  return {
      .id = "LFM-14",
      .statement =
          "M₂ < ∞, ρ_δ = OU_δP ⇒ W₂²(P, ρ_δ) ≤ (1 − e^{−δ})²M₂ + (1 − e^{−2δ})d ≤ (M₂ + 2d)δ "
          "for every δ > 0, whether P has a density or not",
      .source = "corollary recalled of [XuChengXie2024]; the same noise for both",
      .provenance = Provenance::derived,
      .hypotheses = {"q = N(0, I)", "M₂ < ∞"},
      .instances = {{"products of atoms, d = 1 … 6", random_atoms},
                    {"atoms ±3",
                     [](Trial&) {
                       return at_times(smoothing_of(on_line(Vector{{-3.0, 3.0}})), checked_deltas);
                     },
                     false},
                    {"five atoms",
                     [](Trial&) {
                       return at_times(smoothing_of(on_line(Vector::LinSpaced(5, -2.0, 2.0))),
                                       checked_deltas);
                     },
                     false},
                    {"random mixtures, d = 1", random_mixture},
                    {"random atoms, d = 2 … 6", random_points},
                    {"random mixtures, d = 2 … 6", random_mixture_above_line}},
      .tight = {{"an atom at 0, δ → 0", atom}},
      .controls = {{"(M₂ + d)δ", [](Trial&) { return half_the_noise(); }, false}},
      .on_target = on_smoothing_target(at_times_and_step),
      .file = __FILE__,
      .grade = Grade::converged,
      .without_error = true};
}

}  // namespace flowcheck
