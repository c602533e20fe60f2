#include "gif/gif_claims.hpp"
#include "gif/instances.hpp"
#include "gif/jacobian_bounds.hpp"
#include "interpolation/velocity.hpp"
#include "numerics/round_off.hpp"

#include <cmath>
#include <limits>

namespace flowcheck {
namespace gif_38 {

Estimate norm_of(const Vector& value, double error) {
  return Estimate::closed_form(value.norm(), error + round_off(value.norm(), value.size()) / 8.0);
}

// |(ȧ/a)˙||x| + |(Δ/a)˙|ϱ + (Δ/a⁴)(|aḃ − 2ȧb|D²|x| + bΔ(8/27)ϱ³).
Estimate largest_rate(const ScheduleValues& s, double size, double radius, double D) {
  const Estimate a = Estimate::closed_form(s.a, 4.0 * unit_round_off * s.a);
  const Estimate variance = square(a);
  const double h = s.half_variance_rate;
  const Estimate rate = sum_of_terms({h}) / variance;
  const Estimate of_rate = sum_of_terms({s.half_variance_second}) / variance - 2.0 * square(rate);
  const Estimate wronskian = sum_of_terms({s.a_wronskian()}) / variance;  // Δ/a
  const Estimate of_wronskian =
      sum_of_terms({s.a_wronskian_dot()}) / variance - 2.0 * wronskian * rate;
  const Estimate turn =
      sum_of_terms({s.a * s.a * s.b_dot, -2.0 * h * s.b}) / square(variance);  // (aḃ − 2ȧb)/a³
  const Estimate of_third = sum_of_terms({s.b}) * wronskian / variance;        // bΔ/a³
  const Estimate cube = pow(Estimate(radius), 3);
  const Estimate x = Estimate::closed_form(size, 4.0 * unit_round_off * size);
  return abs(of_rate) * x + abs(of_wronskian) * radius +
         wronskian *
             (abs(turn) * square(Estimate(D)) * x + of_third * (8.0 / Estimate(27.0)) * cube);
}

// The same for the linear schedule, with ϱ for D: (ϱ + |x|)/τ² + ((1 + t)ϱ²|x| + (8/27)tϱ³)/τ⁴.
Estimate largest_linear_rate(const FlowTime& time, double size, double radius) {
  const Estimate tau = Estimate::closed_form(time.remaining, unit_round_off * time.remaining);
  const Estimate t = Estimate::closed_form(time.t, unit_round_off);
  const Estimate x = Estimate::closed_form(size, 4.0 * unit_round_off * size);
  return (radius + x) / square(tau) + ((1.0 + t) * square(Estimate(radius)) * x +
                                       8.0 / Estimate(27.0) * t * pow(Estimate(radius), 3)) /
                                          pow(tau, 4);
}

Bound third_moment_bound(const FlowProblem& problem,
                         const FlowPoint& at,
                         double radius,
                         const Estimate& constant) {
  const LatentMoments m = problem.law->posterior(at.values.b, at.values.a, at.x);
  const Estimate cube = pow(Estimate(radius), 3);
  return {.lhs = norm_of(m.third_moment, m.third_moment_error),
          .rhs = constant * cube,
          .part = "|K| ≤ (8/27)ϱ³",
          .scale = std::numeric_limits<double>::min()};
}

Outcome bounds_of(const FlowProblem& problem) {
  const double radius = support_radius(*problem.law);
  if (!std::isfinite(radius))
    return Outcome::not_applicable("supp ν in a ball of radius ϱ about 0");
  const double D = known_half_diameter(problem.law->regularity());
  std::vector<Bound> bounds;
  visit(problem, bounds, [&](const FlowPoint& at) {
    const VelocityValue rate = velocity_time_derivative(*problem.law, at.schedule, at.time, at.x);
    const Estimate size = norm_of(rate.value, rate.error);
    const double rate_of_noise = at.values.a_dot / at.values.a;
    const double scale = rate_of_noise * rate_of_noise * at.length(problem);
    bounds.push_back({.lhs = size,
                      .rhs = largest_rate(at.values, at.x.norm(), radius, D),
                      .part = "|∂ₜv|",
                      .scale = scale});
    if (at.schedule.name() == "linear") {
      bounds.push_back({.lhs = size,
                        .rhs = largest_linear_rate(at.time, at.x.norm(), radius),
                        .part = "|∂ₜv|, linear schedule",
                        .scale = scale});
    }
    bounds.push_back(third_moment_bound(problem, at, radius, 8.0 / Estimate(27.0)));
  });
  return bounds;
}

Outcome third_moment(const FlowProblem& problem, const Estimate& constant) {
  std::vector<Bound> bounds;
  visit(at_steepest(problem), bounds, [&](const FlowPoint& at) {
    bounds.push_back(third_moment_bound(problem, at, support_radius(*problem.law), constant));
  });
  return bounds;
}

Outcome at_even_odds(const FlowProblem& problem) {
  return third_moment(problem, 8.0 / Estimate(27.0));
}

// .28 for 8/27 = .2963.
Outcome small_constant(const FlowProblem& problem) {
  return third_moment(problem, 0.28);
}

std::vector<Instance> instances() {
  std::vector<Instance> result = law_instances(
      {LawFamily::points, LawFamily::truncated_gaussian, LawFamily::gaussian}, bounds_of);
  result.push_back(random_laws("random points", random_points, bounds_of));
  return result;
}

}  // namespace gif_38

Claim gif_38_time_derivative_bounded() {
  using namespace gif_38;
  return {
      .id = "GIF-38",
      .statement =
          "supp ν in a ball of radius ϱ about 0, diam = 2D ⇒ |∂ₜv| ≤ |(ȧ/a)˙||x| + "
          "|(Δ/a)˙|ϱ + (Δ/a⁴)(|aḃ − 2ȧb|D²|x| + bΔ(8/27)ϱ³), as |K| ≤ (8/27)ϱ³",
      .source = "derived",
      .provenance = Provenance::derived,
      .hypotheses = {"supp ν in a ball of radius ϱ about 0", "0 < t < 1"},
      .instances = instances(),
      .tight = {law_instance("points −1/3 and 1", at_even_odds, "points −1/3 and 1, even odds")},
      .controls = {law_instance("points −1/3 and 1", small_constant, "0.28 for 8/27")},
      .on_target = on_flow_target(bounds_of),
      .file = __FILE__,
      .without_error = true};
}

}  // namespace flowcheck
