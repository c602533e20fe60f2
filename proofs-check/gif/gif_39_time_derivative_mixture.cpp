#include "gif/gif_claims.hpp"
#include "gif/instances.hpp"
#include "gif/jacobian_bounds.hpp"
#include "interpolation/velocity.hpp"
#include "numerics/round_off.hpp"

#include <cmath>

namespace flowcheck {
namespace gif_39 {

struct Centred {
  double variance = 0.0;     // σ²
  double radius = infinity;  // of a ball about 0
};

Centred centred(const DataLaw& law) {
  const KnownMixture known = known_mixture(law.regularity());
  if (known.scale == 0.0) return {};
  return {known.scale * known.scale, largest_centre(law)};
}

// The four terms: |(Ṡ/2S)˙||x|, |(aΔ/S)˙|R, (aΔ/S³)|Sḃ − Ṡb|R²|x|, (aΔ/S³)b|Sḃ − ½Ṡb|(8/27)R³.
std::vector<Estimate> terms(const ScheduleValues& s, double size, const Centred& known) {
  const double k = known.variance;
  const Estimate S = sum_of_terms({s.a * s.a, k * s.b * s.b});
  const std::vector<double> half_S_dot = {s.half_variance_rate, k * s.b * s.b_dot};
  const Estimate rate = sum_of_terms(half_S_dot) / S;  // Ṡ/2S
  const Estimate of_rate =
      sum_of_terms({s.half_variance_second, k * s.b_dot * s.b_dot, k * s.b * s.b_second}) / S -
      2.0 * square(rate);
  const Estimate gain = sum_of_terms({s.a_wronskian()}) / S;  // aΔ/S
  const Estimate of_gain = sum_of_terms({s.half_variance_rate * s.b_dot, s.a * s.a * s.b_second,
                                         -s.half_variance_second * s.b}) /
                               S -
                           2.0 * gain * rate;
  const Estimate turn = sum_of_terms({s.b_dot}) / S - 2.0 * rate * sum_of_terms({s.b}) / S;
  const Estimate of_third =
      sum_of_terms({s.b}) / S * (sum_of_terms({s.b_dot}) - rate * sum_of_terms({s.b}));
  const Estimate x = Estimate::closed_form(size, 4.0 * unit_round_off * size);
  const Estimate R = known.radius;
  return {abs(of_rate) * x, abs(of_gain) * R, gain * abs(turn) * square(R) * x,
          gain * abs(of_third) * (8.0 / Estimate(27.0)) * pow(R, 3)};
}

Outcome bounds_with(const FlowProblem& problem, std::size_t first_term) {
  const Centred known = centred(*problem.law);
  if (!std::isfinite(known.radius)) {
    return Outcome::not_applicable("ν = N(0, σ²I) * ρ with σ > 0, ρ in a ball of radius R about 0");
  }
  std::vector<Bound> bounds;
  visit(problem, bounds, [&](const FlowPoint& at) {
    const VelocityValue rate = velocity_time_derivative(*problem.law, at.schedule, at.time, at.x);
    const double size = rate.value.norm();
    const std::vector<Estimate> all = terms(at.values, at.x.norm(), known);
    Estimate sum = 0.0;
    for (std::size_t i = first_term; i < all.size(); ++i) sum = sum + all[i];
    const double error = rate.error + round_off(size, at.x.size()) / 8.0;
    const double turns = std::abs(at.values.half_variance_second) + at.values.b_dot;
    bounds.push_back({.lhs = Estimate::closed_form(size, error),
                      .rhs = sum,
                      .part = "|∂ₜv|",
                      .scale = turns * at.length(problem)});
  });
  return bounds;
}

Outcome bounds_of(const FlowProblem& problem) {
  return bounds_with(problem, 0);
}

// At t → 0 the posterior is ν itself and C_W its covariance, R² for two even centres: with σ ≥ 1
// the first and third terms have one sign, and |x| makes the others small.
Outcome at_start(const FlowProblem& problem) {
  FlowProblem start = far_out(problem, 1e9);
  start.schedules = {linear_schedule()};
  start.times = {FlowTime::from_start(1e-18)};
  return bounds_of(start);
}

// N(0, .09) has R = 0: without its first term the bound says nothing moves.
Outcome without_first_term(const FlowProblem& problem) {
  FlowProblem start = far_out(problem, 1.0);
  start.schedules = {linear_schedule()};
  start.times = {FlowTime::from_start(1e-6)};
  return bounds_with(start, 1);
}

// Up to data itself: nothing is singular there.
Outcome up_to_data(const FlowProblem& problem) {
  FlowProblem near = problem;
  near.times = {FlowTime::from_end(1e-3), FlowTime::from_end(1e-9), FlowTime::from_end(0.0)};
  near.steepest = false;  // has no place at r = ∞
  std::vector<Schedule> regular;
  for (const Schedule& schedule : near.schedules) {
    if (std::isfinite(schedule.values(FlowTime::from_end(0.0)).half_variance_second)) {
      regular.push_back(schedule);
    }
  }
  near.schedules = regular;
  return bounds_of(near);
}

Instance narrow_gaussian(std::string name, const EvaluateFlow& evaluate) {
  return {.name = std::move(name),
          .draw =
              [evaluate](Trial& trial) {
                return evaluate(
                    flow_problem(data_law(Gaussian(Vector{{0.0}}, Matrix{{0.09}})), trial.rng));
              },
          .repeat = false};
}

std::vector<Instance> instances() {
  std::vector<Instance> result = law_instances(
      {LawFamily::gaussian, LawFamily::shift, LawFamily::two_centres, LawFamily::mixture,
       LawFamily::general_mixture, LawFamily::points, LawFamily::tilt_mixture},
      bounds_of);
  result.push_back(random_laws("random mixtures", random_isotropic_mixture, bounds_of));
  result.push_back(random_laws("random mixtures, to data", random_isotropic_mixture, up_to_data));
  return result;
}

}  // namespace gif_39

Claim gif_39_time_derivative_mixture() {
  using namespace gif_39;
  return {.id = "GIF-39",
          .statement =
              "ν = N(0, σ²I) * ρ, ρ in a ball of radius R about 0 ⇒ |∂ₜv| ≤ |(Ṡ/2S)˙||x| + "
              "|(aΔ/S)˙|R + (aΔ/S³)(|Sḃ − Ṡb|R²|x| + b|Sḃ − ½Ṡb|(8/27)R³)",
          .source = "derived",
          .provenance = Provenance::derived,
          .hypotheses = {"ν = N(0, σ²I) * ρ with σ > 0, ρ in a ball of radius R about 0"},
          .instances = instances(),
          .tight = {law_instance("centres ±1.5, σ = 1", at_start, "two centres, t → 0 far out")},
          .controls = {narrow_gaussian("without the first term", without_first_term)},
          .on_target = on_flow_target(bounds_of),
          .file = __FILE__,
          .without_error = true};
}

}  // namespace flowcheck
