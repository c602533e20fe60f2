#include "lfm/generation.hpp"

#include "distances/wasserstein.hpp"
#include "jko/reference_units.hpp"
#include "jko/smoothing.hpp"
#include "measures/gaussian_mixture.hpp"
#include "numerics/rng.hpp"
#include "numerics/round_off.hpp"

#include <Eigen/SVD>

#include <algorithm>
#include <cmath>
#include <variant>

namespace flowcheck {
namespace {

double root_mean_square(const AffineMap& field, const Gaussian& p) {
  return std::sqrt(field(p.mean()).squaredNorm() + (field.linear * p.factor()).squaredNorm());
}

double length_of(const Gaussian& p) {
  return p.mean().norm() + std::sqrt(p.eigenvalues().sum());
}

// A field of L²(p)-norm `error`.
AffineMap random_field(const Gaussian& p, double error, Rng& rng) {
  const Index d = p.dimension();
  AffineMap field{.linear = rng.normal_matrix(d, d), .offset = rng.normal_vector(d)};
  field.offset -= field.linear * p.mean();
  const double factor = error / root_mean_square(field, p);
  return {.linear = factor * field.linear, .offset = factor * field.offset};
}

}  // namespace

std::vector<Gaussian> noised_laws(const Gaussian& p, double step_size, int blocks) {
  std::vector<Gaussian> laws = {p};
  for (int n = 0; n < blocks; ++n) laws.push_back(smoothed(laws.back(), step_size));
  return laws;
}

std::vector<AffineMap> inverse_blocks(const std::vector<Gaussian>& laws) {
  std::vector<AffineMap> maps;
  for (std::size_t n = 1; n < laws.size(); ++n) {
    maps.push_back(optimal_map(laws[n], laws[n - 1]));
  }
  return maps;
}

GeneratedLaw carried(const AffineMap& map, const GeneratedLaw& law) {
  GeneratedLaw image{.law = pushforward(map, law.law),
                     .covariance_error = law.covariance_error,
                     .mean_error = law.mean_error};
  const Index d = law.law.dimension();
  const double stretch = map.linear.norm();
  const double least = image.law.eigenvalues()(0);
  image.covariance_error += round_off(stretch * stretch * law.law.eigenvalues().sum() / least, d);
  image.mean_error +=
      round_off((stretch * law.law.mean().norm() + map.offset.norm()) / std::sqrt(least), d);
  return image;
}

Estimate lipschitz_constant(const AffineMap& map) {
  const double value = Eigen::JacobiSVD<Matrix>(map.linear).singularValues()(0);
  return Estimate::closed_form(value, round_off(value, map.linear.rows()));
}

Estimate map_distance(const AffineMap& F, const AffineMap& S, const Gaussian& p) {
  const AffineMap difference{.linear = F.linear - S.linear, .offset = F.offset - S.offset};
  const double size =
      (F.linear.norm() + S.linear.norm()) * length_of(p) + F.offset.norm() + S.offset.norm();
  return max(
      0.0, Estimate::closed_form(root_mean_square(difference, p), round_off(size, p.dimension())));
}

GenerationErrors generation_errors(const GenerationPair& pair) {
  const std::size_t N = pair.exact.size();
  GeneratedLaw q{.law = pair.noise};
  GeneratedLaw moved = q;
  GenerationErrors result{.distance = std::vector<Estimate>(N + 1),
                          .lipschitz = std::vector<Estimate>(N + 1),
                          .error = std::vector<Estimate>(N + 1),
                          .length = length_of(q.law)};
  for (std::size_t n = N; n > 0; --n) {
    const AffineMap& F = pair.exact[n - 1];
    const AffineMap& S = pair.inexact[n - 1];
    result.lipschitz[n] = lipschitz_constant(F);
    result.error[n] = map_distance(F, S, moved.law);
    q = carried(F, q);
    moved = carried(S, moved);
    result.distance[n - 1] = w2(q, moved);
    result.length = std::max(result.length, length_of(q.law));
  }
  return result;
}

Estimate accumulated(const GenerationErrors& errors) {
  Estimate sum = 0.0;
  for (std::size_t n = errors.error.size() - 1; n > 0; --n) {
    sum = errors.lipschitz[n] * sum + errors.error[n];
  }
  return sum;
}

GenerationPair disturbed(const Gaussian& noise,
                         const std::vector<AffineMap>& exact,
                         double error,
                         Rng& rng) {
  GenerationPair pair{.noise = noise, .exact = exact, .inexact = exact};
  Gaussian law = noise;
  for (std::size_t n = exact.size(); n > 0; --n) {
    const AffineMap field = random_field(law, error, rng);
    AffineMap& S = pair.inexact[n - 1];
    S.linear += field.linear;
    S.offset += field.offset;
    law = pushforward(S, law);
  }
  return pair;
}

GenerationPair uniform_generation(double ratio, double error, int maps) {
  const auto count = static_cast<std::size_t>(maps);
  const AffineMap F{.linear = Matrix::Constant(1, 1, ratio), .offset = Vector::Zero(1)};
  const AffineMap S{.linear = F.linear, .offset = Vector::Constant(1, error)};
  return {.noise = Gaussian::standard(1),
          .exact = std::vector<AffineMap>(count, F),
          .inexact = std::vector<AffineMap>(count, S)};
}

std::function<Outcome(const Target&)> on_generation_target(
    const std::function<Outcome(const Gaussian& start, const Target& target)>& evaluate) {
  return [evaluate](const Target& target) -> Outcome {
    if (!target.reference.has_density()) return Outcome::not_applicable("q has a density");
    const Measure measure = in_units_of_reference(target);
    const auto* start = std::get_if<Gaussian>(&measure);
    const auto* mixture = std::get_if<GaussianMixture>(&measure);
    const bool density =
        start != nullptr ? start->has_density() : mixture != nullptr && mixture->has_density();
    if (!density) return Outcome::not_applicable("p₀ has a density");
    if (start == nullptr) return Outcome::not_applicable("left out: evaluated for Gaussian starts");
    if (start->dimension() > 16) return Outcome::not_applicable("left out: evaluated in d ≤ 16");
    return evaluate(*start, target);
  };
}

}  // namespace flowcheck
