#include "distances/monotone_transport.hpp"
#include "jko/smoothing.hpp"
#include "lfm/generation.hpp"
#include "lfm/lfm_claims.hpp"
#include "measures/gaussian_mixture.hpp"
#include "measures/point_cloud.hpp"
#include "numerics/round_off.hpp"
#include "numerics/special_functions.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <variant>

namespace flowcheck {
namespace lfm_14 {

// What the bound is made of.
struct Smoothing {
  Estimate squared_w2 = 0.0;     // W₂²(P, ρ_δ)
  Estimate second_moment = 0.0;  // M₂
  Index dimension = 1;
};

std::vector<Bound> bounds_of(const Smoothing& s, double delta) {
  const double d = static_cast<double>(s.dimension);
  const double size = s.second_moment.value + d;
  return {
      {.lhs = s.squared_w2,
       .rhs = square(expm1(Estimate(-delta))) * s.second_moment - d * expm1(Estimate(-2.0 * delta)),
       .part = "W₂² ≤ (1 − e^{−δ})²M₂ + (1 − e^{−2δ})d",
       .scale = size},
      {.lhs = s.squared_w2,
       .rhs = (s.second_moment + 2.0 * d) * delta,
       .part = "W₂² ≤ (M₂ + 2d)δ",
       .scale = size}};
}

// ∫_{−∞}^t (y − x)² N(m, s²)(dy), t and x against the mean in units of s.
double partial_square(double mean_gap, double s, double z) {
  if (z == -infinity) return 0.0;
  const double mass = normal_cdf(z);
  const double density = std::isfinite(z) ? normal_density(z) : 0.0;
  const double shift = std::isfinite(z) ? z * density : 0.0;
  return mean_gap * mean_gap * mass - 2.0 * mean_gap * s * density + s * s * (mass - shift);
}

struct Atoms {
  std::vector<double> places = {};  // ascending
  std::vector<double> masses = {};
};

Atoms sorted_atoms(const Vector& places, const Vector& weights) {
  std::vector<Index> order(static_cast<std::size_t>(places.size()));
  std::iota(order.begin(), order.end(), Index{0});
  std::ranges::sort(order, {}, [&](Index i) { return places(i); });
  Atoms atoms;
  for (const Index i : order) {
    if (weights(i) == 0.0) continue;
    atoms.places.push_back(places(i));
    atoms.masses.push_back(weights(i) / weights.sum());
  }
  return atoms;
}

// W₂²(P, ρ_δ) on the line: the increasing coupling sends the mass of ρ_δ between two of its
// quantiles to one atom, a sum of truncated second moments of Gaussians.
Estimate smoothed_distance(const Atoms& atoms, double delta) {
  const std::size_t n = atoms.places.size();
  const double s = std::sqrt(-std::expm1(-2.0 * delta));
  const double shrink = std::exp(-delta);
  Vector weights(static_cast<Index>(n));
  Matrix means(1, static_cast<Index>(n));
  for (std::size_t k = 0; k < n; ++k) {
    weights(static_cast<Index>(k)) = atoms.masses[k];
    means(0, static_cast<Index>(k)) = shrink * atoms.places[k];
  }
  const LineMeasure rho = line_measure(GaussianMixture::isotropic(weights, means, s * s));

  double value = 0.0;
  double size = 0.0;
  double cut_error = 0.0;
  double before = -infinity;
  double below = 0.0;
  double above = 1.0;
  for (std::size_t i = 0; i < n; ++i) {
    const double x = atoms.places[i];
    below += atoms.masses[i];
    above -= atoms.masses[i];
    const double cut = i + 1 < n ? rho.quantile_of_both(below, above) : infinity;
    for (std::size_t k = 0; k < n; ++k) {
      const double mean = shrink * atoms.places[k];
      const double mass = atoms.masses[k];
      value += mass * (partial_square(mean - x, s, (cut - mean) / s) -
                       partial_square(mean - x, s, (before - mean) / s));
      size += mass * ((mean - x) * (mean - x) + s * s);
    }
    if (i + 1 < n) {
      // A misplaced cut sends ρ(cut)|δ cut| of mass to the wrong one of two atoms.
      const double next = atoms.places[i + 1];
      const double misplaced =
          (rho.relative_error(cut) + 4.0 * unit_round_off) * std::min(below, 1.0 - below);
      cut_error += misplaced * std::abs((next - x) * (next + x - 2.0 * cut));
    }
    before = cut;
  }
  return max(0.0, Estimate::converged(value, cut_error, round_off(size, 1)));
}

Estimate second_moment(const Atoms& atoms) {
  double value = 0.0;
  for (std::size_t i = 0; i < atoms.places.size(); ++i) {
    value += atoms.masses[i] * atoms.places[i] * atoms.places[i];
  }
  return Estimate::closed_form(value, round_off(value, 1));
}

// A product of laws on the line: W₂² and M₂ add up over the coordinates.
Smoothing smoothing(const std::vector<Atoms>& coordinates, double delta) {
  Smoothing s{.dimension = static_cast<Index>(coordinates.size())};
  for (const Atoms& atoms : coordinates) {
    s.squared_w2 = s.squared_w2 + smoothed_distance(atoms, delta);
    s.second_moment = s.second_moment + second_moment(atoms);
  }
  return s;
}

Smoothing smoothing(const Gaussian& P, double delta) {
  const double value = P.mean().squaredNorm() + P.covariance().trace();
  return {.squared_w2 = square(smoothing_distance(P, delta)),
          .second_moment = Estimate::closed_form(value, round_off(value, P.dimension())),
          .dimension = P.dimension()};
}

// A law on the line with a density.
Smoothing smoothing(const GaussianMixture& P, double delta) {
  const double value = P.mean().squaredNorm() + P.covariance().trace();
  return {.squared_w2 = squared_w2(line_measure(ou_law(P, delta)), line_measure(P)),
          .second_moment = Estimate::closed_form(value, round_off(value, 1))};
}

template <class Law>
std::vector<Bound> at_times(const Law& P, const std::vector<double>& deltas) {
  std::vector<Bound> bounds;
  for (const double delta : deltas) {
    for (const Bound& bound : bounds_of(smoothing(P, delta), delta)) bounds.push_back(bound);
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
  return at_times(coordinates, {trial.rng.log_uniform(1e-3, 1.0)});
}

std::vector<Atoms> on_line(const Vector& places) {
  return {sorted_atoms(places, Vector::Ones(places.size()))};
}

Outcome random_mixture(Trial& trial) {
  const double weight = trial.rng.uniform(0.1, 0.9);
  const double R = trial.rng.uniform(0.3, 2.0);
  const double sigma = trial.rng.uniform(0.2, 1.0);
  return at_times(
      GaussianMixture::isotropic(Vector{{weight, 1.0 - weight}}, Matrix{{-R, R}}, sigma * sigma),
      {trial.rng.log_uniform(1e-2, 1.0)});
}

// The first form for every δ, the second at the origin as δ → 0.
Outcome atom(Trial& trial) {
  const Index d = 1 + trial.rng.uniform_index(6);
  const Gaussian origin = Gaussian::dirac(Vector::Zero(d));
  return at_times(origin, {1e-10, trial.rng.log_uniform(1e-3, 1.0)});
}

Outcome half_the_noise() {
  const double delta = 0.01;
  const Smoothing s = smoothing(Gaussian::dirac(Vector::Zero(1)), delta);
  return Bound{.lhs = s.squared_w2, .rhs = (s.second_moment + 1.0) * delta};
}

Outcome on_target(const Target& target) {
  if (!target.reference.has_density()) return Outcome::not_applicable("q has a density");
  const Measure start = in_units_of_reference(target);
  std::vector<double> deltas = checked_deltas;
  deltas.push_back(target.step_size);
  if (const auto* gaussian = std::get_if<Gaussian>(&start)) {
    if (gaussian->dimension() > 16) return Outcome::not_applicable("d ≤ 16");
    return at_times(*gaussian, deltas);
  }
  if (dimension(start) != 1) return Outcome::not_applicable("P is Gaussian, or d = 1");
  if (const auto* points = std::get_if<PointCloud>(&start)) {
    if (points->size() > 1000) return Outcome::not_applicable("at most 1000 atoms");
    return at_times(
        std::vector<Atoms>{sorted_atoms(points->points().row(0).transpose(), points->weights())},
        deltas);
  }
  const auto& mixture = std::get<GaussianMixture>(start);
  if (!mixture.has_density()) return Outcome::not_applicable("P has a density, or is discrete");
  return at_times(mixture, deltas);
}

}  // namespace lfm_14

Claim lfm_14_short_smoothing() {
  using namespace lfm_14;
  return {.id = "LFM-14",
          .statement =
              "M₂ < ∞, ρ_δ = OU_δP ⇒ W₂²(P, ρ_δ) ≤ (1 − e^{−δ})²M₂ + (1 − e^{−2δ})d ≤ (M₂ + 2d)δ "
              "for every δ > 0, whether P has a density or not",
          .source = "corollary recalled of [XuChengXie2024]; the same noise for both",
          .provenance = Provenance::derived,
          .hypotheses = {"q = N(0, I)", "M₂ < ∞"},
          .instances = {{"products of atoms, d = 1 … 6", random_atoms},
                        {"atoms ±3",
                         [](Trial&) {
                           return at_times(on_line(Vector{{-3.0, 3.0}}), checked_deltas);
                         },
                         false},
                        {"five atoms",
                         [](Trial&) {
                           return at_times(on_line(Vector::LinSpaced(5, -2.0, 2.0)),
                                           checked_deltas);
                         },
                         false},
                        {"random mixtures, d = 1", random_mixture}},
          .tight = {{"an atom at 0, δ → 0", atom}},
          .controls = {{"(M₂ + d)δ", [](Trial&) { return half_the_noise(); }, false}},
          .on_target = on_target,
          .file = __FILE__,
          .grade = Grade::converged,
          .without_error = true};
}

}  // namespace flowcheck
