#include "gif/stability_problem.hpp"

#include "gif/digits.hpp"
#include "gif/instances.hpp"

#include <fmt/format.h>

#include <utility>
#include <variant>

namespace flowcheck {

GaussianMixture centred_gaussian(double sigma) {
  return GaussianMixture::isotropic(Vector::Ones(1), Matrix::Zero(1, 1), sigma * sigma);
}

GaussianMixture two_centre_mixture(double right) {
  return GaussianMixture::isotropic(Vector{{1.0 - right, right}}, Matrix{{-1.0, 1.0}}, 0.36);
}

GaussianMixture three_centre_mixture() {
  return GaussianMixture::isotropic(Vector{{0.2, 0.5, 0.3}},
                                    Matrix{{-1.0, 1.2, 0.0}, {0.5, 0.3, -1.4}}, 0.16);
}

std::vector<Schedule> schedules_from_noise(const std::string& name) {
  std::vector<Schedule> result;
  for (const Schedule& schedule : checked_schedules()) {
    if (!schedule.starts_from_noise()) continue;
    if (name.empty() || schedule.name() == name) result.push_back(schedule);
  }
  return result;
}

StabilityOptions stability_resolution(Index dimension, Scale scale) {
  const int finer = scale == Scale::quick ? 1 : 2;
  return dimension == 1 ? StabilityOptions{.tolerance = 1e-12, .nodes = 96 * finer}
                        : StabilityOptions{.tolerance = 1e-10, .nodes = 48 * finer};
}

Bound within(const Estimate& lhs, const Estimate& rhs, double widths, std::string part) {
  if (!(lhs.upper < infinity)) {
    return left_out(std::move(part),
                    "left out: the steps do not arrive: σ is too small against the centres");
  }
  if (!(rhs.upper < infinity)) {
    return left_out(std::move(part), "left out: the bound is beyond double");
  }
  return with_digits(
      {.lhs = lhs, .rhs = rhs, .part = std::move(part)}, widths,
      fmt::format("left out: of sides of {:.0e} the steps leave too few digits where they "
                  "are nearly equal",
                  rhs.value));
}

namespace {

// Every one of velocity_errors() on a schedule, which is their place.
void add_errors(const GaussianMixture& target,
                const Schedule& schedule,
                double size,
                Scale scale,
                const EvaluateStability& evaluate,
                std::vector<Bound>& bounds) {
  const StableFlow flow = stable_flow(target, schedule);
  for (const VelocityError& error : velocity_errors(size, target.dimension())) {
    const std::size_t before = bounds.size();
    evaluate(flow, error, scale, bounds);
    set_place(bounds, before, fmt::format("{}, {}", schedule.name(), error.name));
  }
}

}  // namespace

Instance on_perturbed_mixture(std::string name,
                              const GaussianMixture& target,
                              const std::vector<Schedule>& schedules,
                              const EvaluateStability& evaluate) {
  return {.name = std::move(name),
          .draw = [=](Trial& trial) -> Outcome {
            std::vector<Bound> bounds;
            for (const Schedule& schedule : schedules) {
              add_errors(target, schedule, 0.1, trial.scale, evaluate, bounds);
            }
            return bounds;
          },
          .repeat = false};
}

std::function<Outcome(const Target&)> on_stability_target(const EvaluateStability& evaluate) {
  constexpr const char* one_width = "left out: constants are known for ν = Σ wₖ N(mₖ, σ²I), σ > 0";
  return [evaluate](const Target& target) -> Outcome {
    const auto* gaussian = std::get_if<Gaussian>(&target.start);
    const auto* mixture = std::get_if<GaussianMixture>(&target.start);
    if (gaussian == nullptr && mixture == nullptr) return Outcome::not_applicable(one_width);
    const GaussianMixture p = mixture != nullptr ? *mixture : GaussianMixture(*gaussian);
    if (!(p.common_variance() > 0.0)) return Outcome::not_applicable(one_width);
    if (p.dimension() > 2)
      return Outcome::not_applicable("left out: the noise is a grid, for d ≤ 2");
    const std::vector<Schedule> schedules = schedules_from_noise(target.schedule);
    if (schedules.empty()) return Outcome::not_applicable("b₀ = 0");
    if (target.error == 0.0) return Outcome::not_applicable("left out: ε = 0, both sides vanish");
    std::vector<Bound> bounds;
    for (const Schedule& schedule : schedules) {
      add_errors(p, schedule, target.error, Scale::quick, evaluate, bounds);
    }
    return bounds;
  };
}

}  // namespace flowcheck
