#include "lfm/noising_problem.hpp"

#include "jko/reference_units.hpp"
#include "measures/point_cloud.hpp"
#include "measures/random_gaussian.hpp"

#include <fmt/format.h>

#include <cmath>
#include <utility>
#include <variant>

namespace flowcheck {
namespace {

GaussianMixture random_components(Rng& rng, const MixtureFamily& family) {
  const Index K = 1 + rng.uniform_index(family.largest_count);
  const double spread = rng.log_uniform(0.01, 2.0);
  Vector weights(K);
  Matrix means(family.dimension, K);
  std::vector<Matrix> covariances;
  for (Index k = 0; k < K; ++k) {
    const Gaussian component = random_gaussian(rng, family.dimension,
                                               {.mean_scale = spread,
                                                .smallest_variance = family.narrowest,
                                                .largest_variance = family.widest});
    weights(k) = rng.uniform(0.1, 1.0);
    means.col(k) = component.mean();
    covariances.push_back(component.covariance());
  }
  weights /= weights.sum();
  return {std::move(weights), std::move(means), std::move(covariances)};
}

// Draws until a problem meets the claim's hypotheses: what is compared is as much as was asked for.
// Where none of so many does, the hypothesis that the last one fails is the family's.
Outcome evaluate_applicable(Trial& trial,
                            const MixtureFamily& family,
                            const EvaluateNoising& evaluate) {
  constexpr int most_attempts = 100;
  for (int attempt = 1;; ++attempt) {
    NoisingProblem problem = random_noising(trial.rng, family);
    problem.scale = trial.scale;
    Outcome outcome = evaluate(problem);
    if (outcome.applies() || attempt == most_attempts) return outcome;
  }
}

}  // namespace

GaussianMixture NoisingProblem::noised() const {
  return ou_law(data, step_size);
}

Estimate NoisingProblem::decay() const {
  return exp(Estimate(-step_size));
}

NoisingProblem random_noising(Rng& rng, const MixtureFamily& family) {
  const double step_size = rng.log_uniform(0.01, 1.5);
  GaussianMixture data = random_components(rng, family);
  if (family.centred) data = centred(data);
  if (family.whitened) data = whitened(data);
  return {.data = std::move(data), .step_size = step_size};
}

Instance noising_family(const MixtureFamily& family, const EvaluateNoising& evaluate) {
  return {.name = family.name, .draw = [family, evaluate](Trial& trial) -> Outcome {
            const bool cheap = family.draws_at_once > 1;
            const int problems =
                family.draws_at_once * (cheap && trial.scale != Scale::quick ? 10 : 1);
            std::vector<Bound> bounds;
            for (int i = 0; i < problems; ++i) {
              const Outcome outcome = evaluate_applicable(trial, family, evaluate);
              if (!outcome.applies()) return outcome;
              bounds.insert(bounds.end(), outcome.bounds.begin(), outcome.bounds.end());
            }
            return bounds;
          }};
}

Instance noising_instance(std::string name,
                          const NoisingProblem& problem,
                          const EvaluateNoising& evaluate) {
  return {.name = std::move(name),
          .draw =
              [problem, evaluate](Trial& trial) {
                NoisingProblem scaled = problem;
                scaled.scale = trial.scale;
                return evaluate(scaled);
              },
          .repeat = false};
}

GaussianMixture isotropic_gaussian(double mean, double variance, Index dimension) {
  return GaussianMixture(Gaussian(mean * Vector::Unit(dimension, 0),
                                  variance * Matrix::Identity(dimension, dimension)));
}

GaussianMixture bimodal_bed() {
  return {Vector{{0.3, 0.7}}, Matrix{{-1.2, 0.8}}, {Matrix{{0.1}}, Matrix{{0.2}}}};
}

GaussianMixture centred(const GaussianMixture& p) {
  const Index d = p.dimension();
  return pushforward({.linear = Matrix::Identity(d, d), .offset = -p.mean()}, p);
}

GaussianMixture whitened(const GaussianMixture& p) {
  const Matrix W = Gaussian(p.mean(), p.covariance()).inverse_factor();
  return centred(pushforward({.linear = W, .offset = Vector::Zero(p.dimension())}, p));
}

std::string why_not_finite(const std::vector<NamedConstant>& constants) {
  // What overflows is enclosed from below by numbers near the largest, or by a root of such.
  constexpr double huge = 1e75;
  for (const auto& [value, name, hypothesis] : constants) {
    if (value.lower == infinity) return hypothesis;
    if (std::isfinite(value.lower) && std::isfinite(value.upper)) continue;
    const bool too_large = value.value == infinity && value.lower > huge;
    return fmt::format("left out: {} {}", name,
                       too_large ? "is beyond the numbers' range" : "is not enclosed");
  }
  return "";
}

std::function<Outcome(const Target&)> on_noising_target(const EvaluateNoising& evaluate) {
  return [evaluate](const Target& target) -> Outcome {
    if (!target.reference.has_density()) {
      return Outcome::not_applicable("the reference measure has a density");
    }
    const Measure start = in_units_of_reference(target);
    const auto problem = [&](const GaussianMixture& p) {
      return NoisingProblem{.data = p, .step_size = target.step_size};
    };
    if (const auto* p = std::get_if<Gaussian>(&start)) {
      return evaluate(problem(GaussianMixture(*p)));
    }
    if (const auto* p = std::get_if<GaussianMixture>(&start)) return evaluate(problem(*p));
    const auto& points = std::get<PointCloud>(start);
    return evaluate(problem(GaussianMixture::isotropic(points.weights() / points.weights().sum(),
                                                       points.points(), 0.0)));
  };
}

}  // namespace flowcheck
