#include "jko/smoothing_cost.hpp"

#include "distances/monotone_transport.hpp"
#include "jko/reference_units.hpp"
#include "jko/smoothing.hpp"
#include "numerics/round_off.hpp"
#include "numerics/special_functions.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>
#include <variant>

namespace flowcheck {
namespace {

// ∫_{−∞}^t (y − x)² N(m, s²)(dy), t and x against the mean in units of s.
double partial_square(double mean_gap, double s, double z) {
  if (z == -infinity) return 0.0;
  const double mass = normal_cdf(z);
  const double density = std::isfinite(z) ? normal_density(z) : 0.0;
  const double shift = std::isfinite(z) ? z * density : 0.0;
  return mean_gap * mean_gap * mass - 2.0 * mean_gap * s * density + s * s * (mass - shift);
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

// Σ wₖ W₂²(Nₖ, OU_δNₖ), each component carried to its own image: at least W₂²(P, ρ_δ).
Estimate cost_of_components(const GaussianMixture& P, double delta) {
  Estimate cost = 0.0;
  for (Index k = 0; k < P.size(); ++k) {
    cost = cost + P.weights()(k) * square(smoothing_distance(P.component(k), delta));
  }
  return cost;
}

Estimate enclosed(const Estimate& below, const Estimate& above) {
  return Estimate::between(above.value, std::min(below.lower, above.lower), above.upper,
                           std::min(below.grade, above.grade));
}

// W₂² of two atoms x, y and their image: an optimal coupling moves along their line as on the line
// itself and across it by the noise and the shrinking that both share.
Estimate cost_of_pair(
    const Vector& x, const Vector& y, double mass_x, double mass_y, double delta) {
  const Vector e = (y - x).normalized();
  const Vector across = x - e.dot(x) * e;
  const double shrink = std::expm1(-delta);
  const double of_noise = -std::expm1(-2.0 * delta) * static_cast<double>(x.size() - 1);
  const double value = shrink * shrink * across.squaredNorm() + of_noise;
  const Atoms atoms = sorted_atoms(Vector{{e.dot(x), e.dot(y)}}, Vector{{mass_x, mass_y}});
  return (mass_x + mass_y) * (smoothed_distance(atoms, delta) +
                              Estimate::closed_form(value, round_off(x.squaredNorm(), x.size())));
}

using IndexPair = std::pair<Index, Index>;

// Disjoint pairs of columns, the nearest first; of an odd number one is left.
std::vector<IndexPair> nearest_pairs(const Matrix& points) {
  std::vector<std::pair<double, IndexPair>> all;
  for (Index i = 0; i < points.cols(); ++i) {
    for (Index j = 0; j < i; ++j) {
      all.push_back({(points.col(i) - points.col(j)).squaredNorm(), {j, i}});
    }
  }
  std::ranges::sort(all);
  std::vector<bool> taken(static_cast<std::size_t>(points.cols()), false);
  std::vector<IndexPair> pairs;
  for (const auto& [distance, pair] : all) {
    auto first = taken[static_cast<std::size_t>(pair.first)];
    auto second = taken[static_cast<std::size_t>(pair.second)];
    if (first || second) continue;
    first = second = true;
    pairs.push_back(pair);
  }
  return pairs;
}

// Each atom beside another one: at least W₂²(P, ρ_δ).
Estimate cost_of_pairs(const Matrix& points, const Vector& masses, double delta) {
  Estimate cost = 0.0;
  Vector left = masses;
  for (const auto& [i, j] : nearest_pairs(points)) {
    cost = cost + cost_of_pair(points.col(i), points.col(j), masses(i), masses(j), delta);
    left(i) = left(j) = 0.0;
  }
  for (Index i = 0; i < points.cols(); ++i) {
    if (left(i) == 0.0) continue;
    cost = cost + left(i) * square(smoothing_distance(Gaussian::dirac(points.col(i)), delta));
  }
  return cost;
}

// ∫ minᵢ |y − xᵢ|² ρ_δ(dy) ≤ W₂²(P, ρ_δ), less what the union of half-spaces counts twice: from its
// own atom xₖ, y is nearer to xⱼ by max(0, |y − xₖ|² − |y − xⱼ|²), of a Gaussian on the line.
Estimate cost_to_nearest(const Matrix& points, const Vector& masses, double delta) {
  const double shrink = std::expm1(-delta);
  const double s = std::sqrt(-std::expm1(-2.0 * delta));
  const double d = static_cast<double>(points.rows());
  double value = 0.0;
  double size = 0.0;
  for (Index k = 0; k < points.cols(); ++k) {
    const Vector x = points.col(k);
    double nearer = 0.0;
    for (Index j = 0; j < points.cols(); ++j) {
      const double distance = (points.col(j) - x).norm();
      if (distance == 0.0) continue;
      const double mean = 2.0 * shrink * x.dot(points.col(j) - x) - distance * distance;
      const double deviation = 2.0 * s * distance;
      const double z = mean / deviation;
      nearer += mean * normal_cdf(z) + deviation * normal_density(z);
    }
    value += masses(k) * (shrink * shrink * x.squaredNorm() + s * s * d - nearer);
    size += masses(k) * (x.squaredNorm() + d + nearer);
  }
  return Estimate::closed_form(value, round_off(size, points.rows() + points.cols()));
}

// Atoms alone, as points; a mixture with a density as it is.
bool is_discrete(const GaussianMixture& P) {
  for (Index k = 0; k < P.size(); ++k) {
    if (P.component(k).rank() > 0) return false;
  }
  return true;
}

PointCloud atoms_of(const GaussianMixture& P) {
  Matrix places(P.dimension(), P.size());
  for (Index k = 0; k < P.size(); ++k) places.col(k) = P.component(k).mean();
  return {places, P.weights()};
}

}  // namespace

Estimate coupling_cost(const Smoothing& s, double delta) {
  const double d = static_cast<double>(s.dimension);
  return square(expm1(Estimate(-delta))) * s.second_moment - d * expm1(Estimate(-2.0 * delta));
}

Estimate linear_cost(const Smoothing& s, double delta) {
  return (s.second_moment + 2.0 * static_cast<double>(s.dimension)) * delta;
}

double size_of(const Smoothing& s) {
  return s.second_moment.value + static_cast<double>(s.dimension);
}

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

// On the line exactly. In d > 1 from below by the Gaussians with the moments of P and ρ_δ.
Smoothing smoothing(const GaussianMixture& P, double delta) {
  const double value = P.mean().squaredNorm() + P.covariance().trace();
  Smoothing s{.second_moment = Estimate::closed_form(value, round_off(value, P.dimension())),
              .dimension = P.dimension()};
  if (P.dimension() == 1) {
    s.squared_w2 = squared_w2(line_measure(ou_law(P, delta)), line_measure(P));
  } else {
    s.squared_w2 = enclosed(square(smoothing_distance(Gaussian(P.mean(), P.covariance()), delta)),
                            cost_of_components(P, delta));
  }
  return s;
}

Smoothing smoothing(const PointCloud& P, double delta) {
  if (P.dimension() == 1) {
    return smoothing({sorted_atoms(P.points().row(0).transpose(), P.weights())}, delta);
  }
  const Vector masses = P.weights() / P.weights().sum();
  const Vector mean = P.points() * masses;
  const Matrix centred = P.points().colwise() - mean;
  const Matrix covariance = centred * masses.asDiagonal() * centred.transpose();
  const Estimate of_moments = square(
      smoothing_distance(Gaussian(mean, 0.5 * (covariance + covariance.transpose())), delta));
  const double value = masses.dot(P.points().colwise().squaredNorm().transpose());
  return {.squared_w2 = enclosed(max(of_moments, cost_to_nearest(P.points(), masses, delta)),
                                 cost_of_pairs(P.points(), masses, delta)),
          .second_moment = Estimate::closed_form(value, round_off(value, P.dimension())),
          .dimension = P.dimension()};
}

std::function<Outcome(const Target&)> on_smoothing_target(const EvaluateSmoothing& evaluate) {
  return [evaluate](const Target& target) -> Outcome {
    if (!target.reference.has_density()) return Outcome::not_applicable("q has a density");
    if (target.reference.dimension() > 16) return Outcome::not_applicable("d ≤ 16");
    Measure start = in_units_of_reference(target);
    if (const auto* P = std::get_if<Gaussian>(&start)) {
      return evaluate(smoothing_of(*P), target.step_size);
    }
    if (const auto* P = std::get_if<GaussianMixture>(&start)) {
      if (P->has_density()) return evaluate(smoothing_of(*P), target.step_size);
      if (!is_discrete(*P)) return Outcome::not_applicable("P has a density, or is discrete");
      start = Measure(atoms_of(*P));
    }
    const auto& points = std::get<PointCloud>(start);
    if (points.size() > 1000) return Outcome::not_applicable("at most 1000 atoms");
    return evaluate(smoothing_of(points), target.step_size);
  };
}

}  // namespace flowcheck
