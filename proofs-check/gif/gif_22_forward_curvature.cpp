#include "gif/flow_map.hpp"
#include "gif/gif_claims.hpp"
#include "numerics/rng.hpp"

#include <cmath>

namespace flowcheck {
namespace gif_22 {

// ½ log of (κa_t² + b_t²)/(κa_s² + b_s²); +∞ where the class says nothing.
LogMapBound curvature_bound(double kappa) {
  return [kappa](const NoiseLevel& from, const NoiseLevel& to) -> Estimate {
    const auto at = [kappa](const NoiseLevel& l) {
      return kappa * square(Estimate(l.noise)) + square(Estimate(l.data_scale));
    };
    if (!(at(from).lower > 0.0)) return infinity;
    return 0.5 * log(at(to) / at(from));
  };
}

Outcome forward(const FlowProblem& problem) {
  const double kappa = known_curvature_lower(problem.law->regularity());
  if (!std::isfinite(kappa))
    return Outcome::not_applicable(unmet_or_unknown(*problem.law, "ν is κ-semi-log-concave"));
  std::vector<Bound> bounds = stretch_below(problem, curvature_bound(kappa));
  if (bounds.empty())
    return Outcome::not_applicable("κa_s² + b_s² > 0 at a time s that is looked at");
  return bounds;
}

// N(0, σ²) from any level to any other, at a factor of its bound.
Outcome gaussian_line(double factor) {
  const double sigma = 0.5;
  const FlowMaps maps(data_law(Gaussian(Vector{{0.3}}, Matrix{{sigma * sigma}})));
  const LogMapBound log_bound = curvature_bound(1.0 / (sigma * sigma));
  std::vector<Bound> bounds;
  for (const Schedule& schedule : checked_schedules()) {
    for (const auto& [s, t] : {std::pair{0.0, 1.0}, {0.0, 0.4}, {0.3, 0.9}, {0.5, 1.0}}) {
      const NoiseLevel from = level(schedule.at(s));
      const NoiseLevel to = level(schedule.at(t));
      bounds.push_back({.lhs = maps(from, to, Vector{{0.7}}).largest(),
                        .rhs = factor * exp(log_bound(from, to))});
    }
  }
  return bounds;
}

std::vector<Instance> instances() {
  std::vector<Instance> result = law_instances(
      {LawFamily::gaussian, LawFamily::shift, LawFamily::two_centres, LawFamily::mixture,
       LawFamily::points, LawFamily::truncated_gaussian, LawFamily::tilt_mixture},
      forward);
  result.push_back(random_laws("random mixtures", random_isotropic_mixture, forward));
  result.push_back(random_laws("random Gaussians", random_gaussian_data, forward));
  return result;
}

}  // namespace gif_22

Claim gif_22_forward_curvature() {
  using namespace gif_22;
  return {
      .id = "GIF-22",
      .statement =
          "U − κ|x|²/2 convex, κa_s² + b_s² > 0 ⇒ ‖∇X_{s,t}‖ ≤ √((κa_t² + b_t²)/(κa_s² "
          "+ b_s²)); a₀ = 1, b₀ = 0, κ > 0 ⇒ ‖∇X_{0,1}‖ ≤ 1/√κ",
      .source = "recalled of [GaoHuangJiao2024]; 1/√κ is Caffarelli's and Kim and Milman's",
      .provenance = Provenance::recalled,
      .hypotheses = {"κ-semi-log-concave", "κa_s² + b_s² > 0"},
      .instances = instances(),
      .tight = {flow_instance("Gaussian", [] { return gaussian_line(1.0); })},
      .controls = {flow_instance("0.99/√κ", [] { return gaussian_line(0.99); }),
                   flow_instance(
                       "centres ±1.5, σ = 1, as if κ = 1",
                       [] { return map_below(two_centre_data(1.5, 1.0), Vector::Zero(1), 1.0); })},
      .on_target = on_flow_map_target(forward),
      .file = __FILE__,
      .grade = Grade::converged,
      .without_error = true};
}

}  // namespace flowcheck
