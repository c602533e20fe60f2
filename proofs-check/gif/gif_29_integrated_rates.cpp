#include "gif/flow_map.hpp"
#include "gif/gif_claims.hpp"
#include "interpolation/covariance_envelope.hpp"
#include "numerics/adaptive_quadrature.hpp"
#include "numerics/rng.hpp"
#include "numerics/round_off.hpp"

#include <algorithm>
#include <cmath>

namespace flowcheck {
namespace gif_29 {

// ½N(−R, σ²) + ½N(R, σ²), or its Gaussian at R = 0: the extremes of ∇v over all x are
// Ṡ/2S + abΔR²/S², at x = 0, and Ṡ/2S, far out.
struct Rates {
  double sigma = 1.0;
  double R = 0.0;

  struct Extremes {
    double least = 0.0;
    double largest = 0.0;
    double error = 0.0;
  };
  Extremes at(const ScheduleValues& s) const {
    const double S = s.a * s.a + sigma * sigma * s.b * s.b;
    const double grown = sigma * sigma * s.b * s.b_dot;
    const double spread = s.a_wronskian() * s.b * R * R / (S * S);
    const double least = (s.half_variance_rate + grown) / S;
    const double size = (std::abs(s.half_variance_rate) + grown) / S + spread;
    return {.least = least, .largest = least + spread, .error = round_off(size, 1)};
  }
};

// Where the integrand's sign may change it is cut: the rates are monotone in between, or nearly so.
const std::vector<double> marks = {0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0};

// Panels towards 1 too: Föllmer's rate is a function of √τ.
Estimate integral(const Schedule& schedule,
                  const std::function<Estimate(const ScheduleValues&)>& rate) {
  // In u with τ = u², so that roots of τ are smooth: dt = 2u du.
  return quadrature(
      [&](double u) { return 2.0 * u * rate(schedule.values(FlowTime::from_end(u * u))); }, marks,
      {.relative_tolerance = 1e-13});
}

Estimate signed_integral(const Schedule& schedule, const Rates& rates) {
  return integral(schedule, [&](const ScheduleValues& s) {
    const Rates::Extremes e = rates.at(s);
    return Estimate::closed_form(e.largest, e.error);
  });
}

Estimate absolute_integral(const Schedule& schedule, const Rates& rates) {
  return integral(schedule, [&](const ScheduleValues& s) {
    const Rates::Extremes e = rates.at(s);
    return Estimate::closed_form(std::max(std::abs(e.least), std::abs(e.largest)), e.error);
  });
}

Outcome rates_of(const Rates& rates) {
  const FlowMaps maps(
      rates.R > 0.0 ? two_centre_data(rates.R, rates.sigma)
                    : data_law(Gaussian(Vector::Zero(1), Matrix{{rates.sigma * rates.sigma}})));
  const CovarianceBound above = mixture_bound(rates.sigma, rates.R);
  std::vector<Bound> bounds;
  for (const Schedule& schedule : checked_schedules()) {
    const NoiseLevel from = level(schedule.at(0.0));
    const Estimate rate = signed_integral(schedule, rates);
    bounds.push_back(identity(rate, log_map_bound(above, from.noise, from.data_scale, 0.0, 1.0),
                              "∫sup λ_max depends on the levels alone", 1.0));
    bounds.push_back({.lhs = log(maps(from, pure_data, Vector::Zero(1)).largest()),
                      .rhs = rate,
                      .part = "log Lip ≤ ∫sup λ_max",
                      .scale = 1.0});
    bounds.push_back({.lhs = rate,
                      .rhs = absolute_integral(schedule, rates),
                      .part = "∫sup λ_max ≤ ∫sup‖∇v‖",
                      .scale = 1.0});
  }
  return bounds;
}

Outcome random_rates(Trial& trial) {
  const double sigma = trial.rng.log_uniform(0.3, 2.0);
  return rates_of({.sigma = sigma, .R = sigma * trial.rng.uniform(0.3, 2.5)});
}

Outcome random_gaussian_rates(Trial& trial) {
  return rates_of({.sigma = trial.rng.log_uniform(0.2, 5.0)});
}

Outcome one_schedule_for_all() {
  const Rates rates{.sigma = 1.0};
  return identity(absolute_integral(linear_schedule(), rates),
                  absolute_integral(trigonometric_schedule(), rates));
}

}  // namespace gif_29

Claim gif_29_integrated_rates() {
  using namespace gif_29;
  return {
      .id = "GIF-29",
      .statement =
          "log ‖∇X_{s,t}‖ ≤ ∫sup_x λ_max(∇v) dt, which depends on the schedule through "
          "a and b at s and t alone; ∫sup‖∇v‖ dt ≥ it does so on all of the schedule",
      .source = "derived",
      .provenance = Provenance::derived,
      .hypotheses = {"sup_x λ_max(∇v) known: Gaussians and two centres"},
      .instances = {{.name = "two centres", .draw = random_rates},
                    {.name = "Gaussians", .draw = random_gaussian_rates}},
      .tight = {{.name = "Gaussian, σ = 0.5",
                 .draw = [](Trial&) -> Outcome {
                   std::vector<Bound> bounds = rates_of({.sigma = 0.5}).bounds;
                   std::erase_if(bounds, [](const Bound& b) {
                     return b.part.ends_with("‖∇v‖");  // larger, by what depends on the schedule
                   });
                   return bounds;
                 },
                 .repeat = false}},
      .controls = {flow_instance("∫sup‖∇v‖ independent of the schedule", one_schedule_for_all)},
      .file = __FILE__,
      .grade = Grade::converged,
      .without_error = true};
}

}  // namespace flowcheck
