#include "distances/monotone_transport.hpp"
#include "distances/wasserstein.hpp"
#include "gif/gif_claims.hpp"
#include "gif/instances.hpp"
#include "interpolation/data_law.hpp"
#include "interpolation/schedule.hpp"
#include "measures/random_gaussian.hpp"
#include "numerics/round_off.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <variant>
#include <vector>

namespace flowcheck {
namespace gif_36 {

// Law of aZ + bX₁.
Gaussian noisy(const Gaussian& p, double b, double a) {
  const Index d = p.dimension();
  return {b * p.mean(), b * b * p.covariance() + a * a * Matrix::Identity(d, d)};
}

GaussianMixture noisy(const GaussianMixture& p, double b, double a) {
  const Matrix scaling = b * Matrix::Identity(p.dimension(), p.dimension());
  const AffineMap map{.linear = scaling, .offset = Vector::Zero(p.dimension())};
  return convolution(pushforward(map, p), a * a * Matrix::Identity(p.dimension(), p.dimension()));
}

Estimate second_moment(const Vector& mean, const Matrix& covariance) {
  const double value = mean.squaredNorm() + covariance.trace();
  return Estimate::closed_form(value, round_off(value, mean.size()));
}

// a²d + (1 − b)² E|X₁|², `noise` being 1 where it is true.
Estimate cost(const Schedule& schedule,
              const FlowTime& time,
              Index dimension,
              const Estimate& moment,
              double noise = 1.0) {
  const ScheduleValues s = schedule.values(time);
  const double gap = 1.0 - s.b;
  const double error = 4.0 * unit_round_off;  // of 1 − b
  const double spread = noise * s.a * s.a * static_cast<double>(dimension);
  return Estimate::closed_form(spread, round_off(spread, 1)) +
         square(Estimate::closed_form(gap, error)) * moment;
}

template <class Law, class Distance>
std::vector<Bound> bounds_of(const Law& p,
                             const std::vector<Schedule>& schedules,
                             const std::vector<FlowTime>& times,
                             const Distance& squared_distance) {
  const Estimate moment = second_moment(p.mean(), p.covariance());
  std::vector<Bound> bounds;
  for (const Schedule& schedule : schedules) {
    for (const FlowTime& time : times) {
      const ScheduleValues s = schedule.values(time);
      bounds.push_back({.lhs = squared_distance(noisy(p, s.b, s.a)),
                        .rhs = cost(schedule, time, p.dimension(), moment),
                        .scale = 1.0 + moment.value,
                        .place = place_of(schedule, time)});
    }
  }
  return bounds;
}

std::vector<Bound> gaussian_bounds(const Gaussian& p, const std::vector<Schedule>& schedules) {
  return bounds_of(p, schedules, checked_times(),
                   [&](const Gaussian& noised) { return squared_w2(noised, p); });
}

// A distance costs a tenth of a second for dozens of components: every fourth time for those.
std::vector<FlowTime> times_for(Index components) {
  const std::size_t stride = components <= 8 ? 1 : components <= 16 ? 2 : 4;
  std::vector<FlowTime> result;
  for (std::size_t i = stride - 1; i < checked_times().size(); i += stride) {
    result.push_back(checked_times()[i]);
  }
  return result;
}

std::vector<Bound> line_bounds(const GaussianMixture& p, const std::vector<Schedule>& schedules) {
  const LineMeasure law = line_measure(p);
  return bounds_of(p, schedules, times_for(p.size()), [&](const GaussianMixture& noised) {
    return squared_w2(line_measure(noised), law);
  });
}

// W₂²(Law X_t, ν) of a mixture in any dimension: at least that of the Gaussians of their moments
// (Gelbrich's bound), and at most the cost of the plan that carries each component to itself, Σ wₖ
// W₂²(N(bmₖ, b²Σₖ + a²I), N(mₖ, Σₖ)), which is below that of common Z and X₁.
Estimate squared_w2_between(const GaussianMixture& noised, const GaussianMixture& p) {
  const Estimate of_moments =
      squared_w2(Gaussian(noised.mean(), noised.covariance()), Gaussian(p.mean(), p.covariance()));
  Estimate of_components = 0.0;
  for (Index k = 0; k < p.size(); ++k) {
    of_components =
        of_components + p.weights()(k) * squared_w2(noised.component(k), p.component(k));
  }
  return Estimate::between(of_components.value, std::max(0.0, of_moments.lower),
                           of_components.upper, Grade::closed_form);
}

std::vector<Bound> enclosed_bounds(const GaussianMixture& p,
                                   const std::vector<Schedule>& schedules) {
  return bounds_of(p, schedules, times_for(p.size()),
                   [&](const GaussianMixture& noised) { return squared_w2_between(noised, p); });
}

// Components that lie farther from 0 than this many of their deviations: W₂² is all (1 − b)²|mₖ|²
// then, whose rounding hides the rest, and masses rounded to 1e-11 between two of them count for as
// much.
constexpr double far = 1e5;

bool is_far(const GaussianMixture& p) {
  for (Index k = 0; k < p.size(); ++k) {
    if (p.weights()(k) > 0.0 &&
        p.means().col(k).norm() > far * std::sqrt(p.kernel(k).eigenvalues().maxCoeff())) {
      return true;
    }
  }
  return false;
}

// Each component carried to itself: a plan, so that W₂² is at most its cost, and the claim follows
// from that cost's bound. Both sides less (1 − b)² Σ wₖ|mₖ|² it is
//
//   Σ wₖ tr((b²Σₖ + a²I)^½ − Σₖ^½)² ≤ a²d + (1 − b)² Σ wₖ tr Σₖ.
std::vector<Bound> balanced_bounds(const GaussianMixture& p,
                                   const std::vector<Schedule>& schedules) {
  double variance = 0.0;  // Σ wₖ tr Σₖ
  for (Index k = 0; k < p.size(); ++k) {
    variance += p.weights()(k) * p.kernel(k).eigenvalues().sum();
  }
  const Index d = p.dimension();
  const Estimate moment = Estimate::closed_form(variance, round_off(variance, d));
  std::vector<Bound> bounds;
  for (const Schedule& schedule : schedules) {
    for (const FlowTime& time : checked_times()) {
      const ScheduleValues s = schedule.values(time);
      double plan = 0.0;
      for (Index k = 0; k < p.size(); ++k) {
        for (const double lambda : p.kernel(k).eigenvalues()) {
          // √(b²λ + a²) − √λ without its cancellation.
          const double change = s.a * s.a - (1.0 - s.b) * (1.0 + s.b) * lambda;
          const double root_sum = std::hypot(s.a, s.b * std::sqrt(lambda)) + std::sqrt(lambda);
          const double moved = root_sum > 0.0 ? change / root_sum : 0.0;
          plan += p.weights()(k) * moved * moved;
        }
      }
      bounds.push_back({.lhs = Estimate::closed_form(
                            plan, round_off(plan + s.a * s.a + (1.0 - s.b) * variance, d)),
                        .rhs = cost(schedule, time, d, moment),
                        .part = "each component to itself, less (1 − b)² Σ wₖ|mₖ|² on both sides",
                        .scale = 1.0 + variance,
                        .place = place_of(schedule, time)});
    }
  }
  return bounds;
}

GaussianMixture random_mixture(Rng& rng) {
  const Index d = 2 + rng.uniform_index(3);
  std::vector<Matrix> covariances;
  for (int k = 0; k < 3; ++k) covariances.push_back(random_gaussian(rng, d).covariance());
  return {Vector{{0.2, 0.5, 0.3}}, rng.normal_matrix(d, 3), std::move(covariances)};
}

Outcome on_gaussian(Trial& trial) {
  const Index d = 1 + trial.rng.uniform_index(6);
  return gaussian_bounds(random_gaussian(trial.rng, d), checked_schedules());
}

Outcome on_line_mixture(Trial& trial) {
  const double R = trial.rng.uniform(0.3, 2.0);
  const double weight = trial.rng.uniform(0.1, 0.9);
  const double sigma = trial.rng.uniform(0.3, 1.0);
  const auto p =
      GaussianMixture::isotropic(Vector{{weight, 1.0 - weight}}, Matrix{{-R, R}}, sigma * sigma);
  return line_bounds(p, {linear_schedule()});
}

Gaussian atom() {
  return Gaussian::dirac(Vector{{0.6, -0.4, 1.1}});
}

Outcome on_atom() {
  return gaussian_bounds(atom(), checked_schedules());
}

Outcome without_noise() {
  const Gaussian p = atom();
  const FlowTime time = FlowTime::from_start(0.95);
  const Schedule schedule = linear_schedule();
  const ScheduleValues s = schedule.values(time);
  return Bound{.lhs = squared_w2(noisy(p, s.b, s.a), p),
               .rhs = cost(schedule, time, 3, second_moment(p.mean(), p.covariance()), 0.0)};
}

Outcome on_target(const Target& target) {
  const std::vector<Schedule> schedules =
      target.schedule.empty() ? checked_schedules()
                              : std::vector<Schedule>{schedule_named(target.schedule)};
  if (const auto* gaussian = std::get_if<Gaussian>(&target.start)) {
    const GaussianMixture one(*gaussian);
    return is_far(one) ? balanced_bounds(one, schedules) : gaussian_bounds(*gaussian, schedules);
  }
  const auto* mixture = std::get_if<GaussianMixture>(&target.start);
  constexpr Index most_components = 64;
  if (mixture == nullptr || !mixture->has_density()) {
    return Outcome::not_applicable(
        "left out: W₂ is computed for Gaussians and enclosed for mixtures with a density");
  }
  if (mixture->size() > most_components || mixture->dimension() > 16) {
    return Outcome::not_applicable(
        fmt::format("left out: W₂ is enclosed for at most {} components in d ≤ 16 ({}, d = {})",
                    most_components, mixture->size(), mixture->dimension()));
  }
  if (is_far(*mixture)) return balanced_bounds(*mixture, schedules);
  return mixture->dimension() == 1 ? line_bounds(*mixture, schedules)
                                   : enclosed_bounds(*mixture, schedules);
}

}  // namespace gif_36

Claim gif_36_early_stopping() {
  using namespace gif_36;
  return {.id = "GIF-36",
          .statement = "W₂²(Law X_t, ν) ≤ a_t² d + (1 − b_t)² E|X₁|²",
          .source = "coupling by common Z and X₁",
          .provenance = Provenance::derived,
          .hypotheses = {"E|X₁|² < ∞"},
          .instances = {{"random Gaussians, d = 1 … 6", on_gaussian},
                        {"random mixtures on the line", on_line_mixture},
                        {"random mixtures, d = 2 … 4, W₂ enclosed",
                         [](Trial& trial) -> Outcome {
                           return enclosed_bounds(random_mixture(trial.rng), {linear_schedule()});
                         }}},
          .tight = {{"an atom, d = 3", [](Trial&) { return on_atom(); }, false}},
          .controls = {{"without a_t² d", [](Trial&) { return without_noise(); }, false}},
          .on_target = on_target,
          .file = __FILE__,
          .grade = Grade::converged,
          .without_error = true};
}

}  // namespace flowcheck
