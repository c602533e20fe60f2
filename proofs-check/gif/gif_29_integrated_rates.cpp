#include "flows/flow_map_lipschitz.hpp"
#include "gif/digits.hpp"
#include "gif/flow_map.hpp"
#include "gif/gif_claims.hpp"
#include "interpolation/covariance_envelope.hpp"
#include "interpolation/covariance_extremes.hpp"
#include "interpolation/velocity_lipschitz.hpp"
#include "measures/gaussian_mixture.hpp"
#include "numerics/adaptive_quadrature.hpp"
#include "numerics/rng.hpp"
#include "numerics/round_off.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>
#include <string>

namespace flowcheck {
namespace gif_29 {

// ½N(−R, σ²) + ½N(R, σ²), or its Gaussian at R = 0: the extremes of ∇v over all x are
// Ṡ/2S + abΔR²/S², at x = 0, and Ṡ/2S, far out.
struct Rates {
  double sigma = 1.0;
  double R = 0.0;
  double narrowest = sigma;  // √λ_min of one covariance in d ≥ 2, √λ_max being σ

  struct Extremes {
    double least = 0.0;
    double largest = 0.0;
    double error = 0.0;
  };
  Extremes at(const ScheduleValues& s) const {
    const double S = s.a * s.a + sigma * sigma * s.b * s.b;
    const double grown = sigma * sigma * s.b * s.b_dot;
    const double spread = s.a_wronskian() * s.b * R * R / (S * S);
    const double widest = (s.half_variance_rate + grown) / S;
    const double size = (std::abs(s.half_variance_rate) + grown) / S + spread;
    const double variance = narrowest * narrowest;
    const double least =
        (s.half_variance_rate + variance * s.b * s.b_dot) / (s.a * s.a + variance * s.b * s.b);
    return {.least = least, .largest = widest + spread, .error = round_off(size, 1)};
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

const char* const levels_part = "∫sup λ_max depends on the levels alone";
const char* const map_part = "log Lip ≤ ∫sup λ_max";
const char* const place_part = "log ‖∇X‖ ≤ ∫sup λ_max";  // at the steepest place seen
const char* const absolute_part = "∫sup λ_max ≤ ∫sup‖∇v‖";

void add_rates(std::vector<Bound>& bounds,
               const Schedule& schedule,
               const Rates& rates,
               const EnclosedMap& map) {
  const NoiseLevel from = level(schedule.at(0.0));
  const Estimate rate = signed_integral(schedule, rates);
  const CovarianceBound above = mixture_bound(rates.sigma, rates.R);
  bounds.push_back(identity(rate, log_map_bound(above, from.noise, from.data_scale, 0.0, 1.0),
                            levels_part, 1.0 + std::abs(rate.value)));
  bounds.push_back(
      map.has_digits()
          ? Bound{.lhs = log(map.largest()), .rhs = rate, .part = map_part, .scale = 1.0}
          : left_out(map_part, without_digits_left));
  bounds.push_back({.lhs = rate,
                    .rhs = absolute_integral(schedule, rates),
                    .part = absolute_part,
                    .scale = 1.0});
}

Outcome rates_of(const Rates& rates) {
  const FlowMaps maps(
      rates.R > 0.0 ? two_centre_data(rates.R, rates.sigma)
                    : data_law(Gaussian(Vector::Zero(1), Matrix{{rates.sigma * rates.sigma}})));
  std::vector<Bound> bounds;
  for (const Schedule& schedule : checked_schedules()) {
    add_rates(bounds, schedule, rates, maps(level(schedule.at(0.0)), pure_data, Vector::Zero(1)));
  }
  return bounds;
}

// Of a user's Gaussian, or mixture of two centres and one width, in any dimension.
std::optional<Rates> known_rates(const GaussianMixture& p) {
  const Matrix centres = distinct_centres(p);
  if (centres.cols() == 1 && p.has_common_covariance() && p.has_density()) {
    const Vector deviations = p.kernel(0).eigenvalues().cwiseSqrt();
    return Rates{.sigma = deviations.maxCoeff(), .narrowest = deviations.minCoeff()};
  }
  if (centres.cols() != 2 || !(p.common_variance() > 0.0)) return std::nullopt;
  return Rates{.sigma = std::sqrt(p.common_variance()),
               .R = 0.5 * (centres.col(1) - centres.col(0)).norm()};
}

// ∫sup λ_max(∇v) dt and ∫sup‖∇v‖ dt where branch and bound encloses the supremum at each time.
void add_enclosed_rates(std::vector<Bound>& bounds,
                        const DataLaw& law,
                        const Schedule& schedule,
                        const EnclosedMap& map) {
  constexpr double accuracy = 1e-3;
  const auto of = [&](const std::function<Estimate(const VelocityLipschitz&)>& rate) {
    return quadrature(
        [&](double u) {
          return 2.0 * u * rate(velocity_lipschitz(law, schedule, FlowTime::from_end(u * u)));
        },
        {0.0, 1.0}, {.relative_tolerance = accuracy, .most_panels = 2});
  };
  const Estimate rate = of([](const VelocityLipschitz& v) { return v.largest.value; });
  const Estimate absolute = of([](const VelocityLipschitz& v) { return v.constant(); });
  const bool is_known = std::isfinite(rate.width()) && std::isfinite(absolute.width());
  const double widths = is_known ? accuracy * std::abs(rate.value) : infinity;
  const std::string few_digits =
      is_known ? fmt::format("left out: the integral over t is known to {:.0e} only", accuracy)
               : "left out: the integral over t has no digits here";
  bounds.push_back(
      map.has_digits()
          ? with_digits({.lhs = log(map.largest()), .rhs = rate, .part = place_part, .scale = 1.0},
                        widths, few_digits)
          : left_out(place_part, without_digits_left));
  bounds.push_back(with_digits({.lhs = rate, .rhs = absolute, .part = absolute_part, .scale = 1.0},
                               widths, few_digits));
}

// Where X_{0,1} is seen to stretch most, in units of the noise; the centre where that is a limit.
Vector steepest_start(const GaussianMixture& p) {
  const Vector place = flow_map_lipschitz(p, pure_noise, pure_data).largest.place;
  return place.size() > 0 ? place : Vector(Vector::Zero(p.dimension()));
}

Outcome of_target(const FlowProblem& problem) {
  const DataLaw& law = *problem.law;
  const GaussianMixture& p = *law.mixture();
  if (!p.has_density()) {
    return Outcome::not_applicable(
        "∫sup_x λ_max(∇v) dt < ∞, which needs ν to have a smooth density");
  }
  const std::optional<Rates> rates = known_rates(p);
  constexpr Index most_components = 16;
  const bool is_searched =
      !rates && encloses_largest_covariance(law) && p.size() <= most_components;
  const Estimate largest_rate =
      is_searched
          ? velocity_lipschitz(law, linear_schedule(), FlowTime::from_start(0.5)).largest.value
          : Estimate::between(0.0, 0.0, infinity, Grade::sampled);
  const bool is_enclosed = largest_rate.grade > Grade::sampled;
  if (!rates && is_enclosed && largest_rate.lower == infinity) {
    return Outcome::not_applicable("sup_x λ_max(∇v) < ∞: no covariance is the widest everywhere");
  }
  if (!rates && !is_enclosed) {
    return Outcome::not_applicable(
        fmt::format("left out: sup_x λ_max(∇v) is known of Gaussians and two centres, and enclosed "
                    "for at most {} components in d ≤ 2, or of one width with the farthest two an "
                    "edge of their hull (d = {}, {} components)",
                    most_components, p.dimension(), p.size()));
  }
  const FlowMaps maps(problem.law);
  const Vector z = rates ? Vector() : steepest_start(p);
  std::vector<Bound> bounds;
  for (const Schedule& schedule : problem.schedules) {
    const std::size_t before = bounds.size();
    const NoiseLevel from = level(schedule.at(0.0));
    // Where both centres have even odds, from the start; a Gaussian stretches alike everywhere.
    const Vector x = from.noise * (rates ? steepest_point(law, signal_to_noise(from)) : z);
    const EnclosedMap map = maps(from, pure_data, x);
    if (rates) {
      add_rates(bounds, schedule, *rates, map);
    } else {
      add_enclosed_rates(bounds, law, schedule, map);
    }
    set_place(bounds, before, schedule.name() + ", s = 0, t = 1");
  }
  if (!rates) {
    bounds.push_back(left_out(
        levels_part, "left out: the integral is known to fewer digits than the schedules share"));
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
      .hypotheses =
          {"sup_x λ_max(∇v) known: Gaussians and two centres, and enclosed: mixtures with "
           "a density in d ≤ 2"},
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
      .on_target = on_flow_map_target(of_target),
      .file = __FILE__,
      .grade = Grade::converged,
      .without_error = true};
}

}  // namespace flowcheck
