#include "lfm/block_map.hpp"

#include "jko/reference_units.hpp"
#include "lfm/generation.hpp"
#include "measures/random_gaussian.hpp"
#include "numerics/rng.hpp"
#include "numerics/round_off.hpp"

#include <algorithm>
#include <cmath>
#include <variant>

namespace flowcheck {
namespace {

Vector random_weights(Rng& rng, Index count) {
  Vector weights(count);
  for (double& w : weights) w = rng.uniform(0.2, 1.0);
  return weights / weights.sum();
}

TangentFlowResult block_flow(
    const TangentField& field, double t0, double t1, const Vector& x, double tolerance) {
  return integrate_tangent(
      field, x, t0, t1,
      {.method = FlowMethod::dormand_prince8, .tolerance = tolerance, .step_limit = 2000});
}

// div v moves with its starting point; by a difference along the path, doubled.
double divergence_slope(const TangentField& field, const Vector& x, double moved) {
  constexpr double shift = 1e-6;
  const Vector beside = x + Vector::Constant(x.size(), shift / std::sqrt(double(x.size())));
  const TangentFlowResult there = integrate_tangent(
      field, beside, 0.0, 1.0, {.method = FlowMethod::dormand_prince8, .tolerance = 1e-10});
  return 2.0 * std::abs(there.divergence_integral - moved) / shift;
}

}  // namespace

EnclosedBlockMap enclosed_block_map(const TangentField& field,
                                    double t0,
                                    double t1,
                                    const Vector& x) {
  constexpr double tolerance = 1e-12;
  const TangentFlowResult coarse = block_flow(field, t0, t1, x, 100.0 * tolerance);
  const TangentFlowResult fine = block_flow(field, t0, t1, x, tolerance);
  if (coarse.termination != Termination::converged || fine.termination != Termination::converged) {
    return {.map = {.end = fine.end,
                    .jacobian = fine.jacobian,
                    .end_error = infinity,
                    .jacobian_error = infinity},
            .divergence_integral = Estimate::converged(0.0, infinity)};
  }
  const double stretch = fine.jacobian.norm();
  // Rounding errors of the steps, each amplified by what is left of the flow.
  const double rounding = std::sqrt(1.0 + fine.steps) * (1.0 + stretch);
  const Index d = x.size();
  return {
      .map = {.end = fine.end,
              .jacobian = fine.jacobian,
              .end_error = (fine.end - coarse.end).norm() +
                           round_off(rounding * (1.0 + x.norm() + fine.end.norm()), d),
              .jacobian_error = (fine.jacobian - coarse.jacobian).norm() +
                                round_off(rounding * (1.0 + stretch), d)},
      .divergence_integral = Estimate::converged(
          fine.divergence_integral, std::abs(fine.divergence_integral - coarse.divergence_integral),
          round_off(rounding * (1.0 + std::abs(fine.divergence_integral)), d))};
}

void pass(const TangentField& field, Passage& passage) {
  const EnclosedBlockMap next = enclosed_block_map(field, 0.0, 1.0, passage.end);
  passage.has_digits = passage.has_digits && next.map.has_digits();
  if (!passage.has_digits) return;
  double carried = 0.0;
  if (passage.end_error > 0.0) {
    carried =
        passage.end_error * divergence_slope(field, passage.end, next.divergence_integral.value);
  }
  passage.divergence = passage.divergence + widened(next.divergence_integral, carried);
  passage.end_error = next.map.end_error + next.map.jacobian.norm() * passage.end_error;
  passage.end = next.map.end;
}

Estimate log_density(const GaussianMixture& p, const Vector& x, double error) {
  double size = 1.0;
  for (Index k = 0; k < p.size(); ++k) {
    const Gaussian component = p.component(k);
    size = std::max(size, (component.inverse_factor() * (x - component.mean())).squaredNorm() *
                              component.condition_number());
  }
  const double spread = 2.0 * p.score(x).norm() * error;
  return Estimate::converged(p.log_density(x), spread, round_off(size, x.size()));
}

GaussianMixture random_isotropic_bed(Rng& rng, Index dimension) {
  const Index K = 2 + rng.uniform_index(3);
  const double sigma = rng.uniform(0.4, 1.0);
  const double scale = 1.0 / std::sqrt(static_cast<double>(dimension));
  return GaussianMixture::isotropic(random_weights(rng, K), scale * rng.normal_matrix(dimension, K),
                                    sigma * sigma);
}

GaussianMixture random_bed(Rng& rng, Index dimension) {
  const Index K = 2 + rng.uniform_index(3);
  std::vector<Matrix> covariances;
  for (Index k = 0; k < K; ++k) {
    covariances.push_back(
        random_gaussian(rng, dimension, {.smallest_variance = 0.15, .largest_variance = 1.2})
            .covariance());
  }
  const double scale = 1.0 / std::sqrt(static_cast<double>(dimension));
  return {random_weights(rng, K), scale * rng.normal_matrix(dimension, K), covariances};
}

std::function<Outcome(const Target&)> on_mixture_target(
    const std::function<Outcome(const GaussianMixture& data, const Target& target)>& evaluate) {
  return [evaluate](const Target& target) -> Outcome {
    if (!target.reference.has_density()) return Outcome::not_applicable("q has a density");
    const Measure start = in_units_of_reference(target);
    const auto* gaussian = std::get_if<Gaussian>(&start);
    const auto* mixture = std::get_if<GaussianMixture>(&start);
    const bool density = gaussian != nullptr ? gaussian->has_density()
                                             : mixture != nullptr && mixture->has_density();
    if (!density) return Outcome::not_applicable("p₀ has a density");
    if (dimension(start) > 16) return Outcome::not_applicable("left out: evaluated in d ≤ 16");
    if (mixture != nullptr && mixture->size() > 64) {
      return Outcome::not_applicable("left out: at most 64 components are integrated");
    }
    return evaluate(gaussian != nullptr ? GaussianMixture(*gaussian) : *mixture, target);
  };
}

}  // namespace flowcheck
