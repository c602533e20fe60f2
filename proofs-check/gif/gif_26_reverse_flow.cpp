#include "gif/flow_map.hpp"
#include "gif/gif_claims.hpp"
#include "interpolation/covariance_envelope.hpp"
#include "measures/exact_map.hpp"
#include "measures/line_laws.hpp"
#include "numerics/rng.hpp"
#include "numerics/round_off.hpp"
#include "numerics/special_functions.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace flowcheck {
namespace gif_26 {

// ‖∇X_{t,s}‖ of the flow run backwards from where visit_flows() arrives on the average, for each
// class that bounds it.
Outcome reverse(const FlowProblem& problem) {
  const CovarianceEnvelope envelope = covariance_envelope(problem.law->regularity());
  const FlowMaps maps(problem.law);
  std::vector<Bound> bounds;
  visit_flows(problem, maps.reaches_data(), bounds, [&](const FlowStretch& stretch) {
    const EnclosedMap there = maps(stretch.from, stretch.to, stretch.x);
    if (!there.end.allFinite()) {
      for (const CovarianceBound& lower : envelope.lower) {
        bounds.push_back(left_out(lower.name, without_digits_left));
      }
      return;
    }
    const EnclosedMap back = maps(stretch.to, stretch.from, there.end);
    for (const CovarianceBound& lower : envelope.lower) {
      const Estimate log_stretch = log_map_bound(lower, stretch.from.noise, stretch.from.data_scale,
                                                 stretch.to.noise, stretch.to.data_scale);
      const Estimate bound = exp(-log_stretch);
      if (!std::isfinite(bound.upper)) continue;  // c₋ = 0 at data
      if (!back.has_digits()) {
        bounds.push_back(left_out(lower.name, without_digits_left));
        continue;
      }
      bounds.push_back({.lhs = back.largest(), .rhs = bound, .part = lower.name});
    }
  });
  return bounds;
}

// N(m, σ²), from any time to any earlier one.
Outcome gaussian_line(double factor) {
  const double beta = 4.0;
  const FlowMaps maps(data_law(Gaussian(Vector{{0.3}}, Matrix{{1.0 / beta}})));
  std::vector<Bound> bounds;
  for (const Schedule& schedule : checked_schedules()) {
    for (const auto& [s, t] : {std::pair{0.0, 1.0}, {0.0, 0.4}, {0.3, 0.9}}) {
      const NoiseLevel from = level(schedule.at(s));
      const NoiseLevel to = level(schedule.at(t));
      const auto at = [&](const NoiseLevel& l) {
        return factor * beta * square(Estimate(l.noise)) + square(Estimate(l.data_scale));
      };
      bounds.push_back(
          {.lhs = maps(to, from, Vector{{0.7}}).largest(), .rhs = sqrt(at(from) / at(to))});
    }
  }
  return bounds;
}

// 1/T′(0) for e^{−L|x|} N(0, 1).
Outcome cusp_down(double L, double claimed) {
  const double slope = cusp_map_slope(-L, 0.0);
  const double bound = scaled_erfc(claimed / std::numbers::sqrt2);
  return Bound{.lhs = 1.0 / Estimate::closed_form(slope, round_off(slope * (1.0 + L * L), 1)),
               .rhs = 1.0 / Estimate::closed_form(bound, round_off(bound * (1.0 + L * L), 1))};
}

Outcome random_cusp_down(Trial& trial) {
  const double L = trial.rng.log_uniform(0.1, 4.0);
  return cusp_down(L, L);
}

std::vector<Instance> instances() {
  std::vector<Instance> result = law_instances(
      {LawFamily::gaussian, LawFamily::shift, LawFamily::two_centres, LawFamily::mixture,
       LawFamily::points, LawFamily::truncated_gaussian, LawFamily::cusp, LawFamily::tilt_mixture},
      reverse);
  result.push_back(random_laws("random mixtures", random_isotropic_mixture, reverse));
  result.push_back(random_laws("random tilts", random_tilt_mixture, reverse));
  return result;
}

}  // namespace gif_26

Claim gif_26_reverse_flow() {
  using namespace gif_26;
  return {
      .id = "GIF-26",
      .statement =
          "‖∇X_{t,s}‖ ≤ (a_s/a_t)/G₋; a₀ = 1, b₀ = 0 ⇒ ‖∇X_{1,0}‖ ≤ √β, 1/σ, "
          "1/erfcx(L/√2) in their classes; bounded support alone: none",
      .source = "√β recalled of [GaoHuangJiao2024], the others derived",
      .provenance = Provenance::derived,
      .hypotheses = {"c₋ known: β-semi-log-convex on ℝᵈ, N(0, σ²I) * ρ, or log-Lipschitz"},
      .instances = instances(),
      .tight = {flow_instance("Gaussian", [] { return gaussian_line(1.0); }),
                {.name = "cusp down, x = 0", .draw = random_cusp_down}},
      .controls = {flow_instance("0.9 β", [] { return gaussian_line(0.9); }),
                   flow_instance("0.95 L", [] { return cusp_down(1.0, 0.95); }),
                   flow_instance("κ = 4 on [−1, 1], as if β = 4",
                                 [] {
                                   const LineMeasure p = truncated_gaussian_law(4.0, 1.0);
                                   return Bound{.lhs = 1.0 / exact_slope(p, 5.0), .rhs = 2.0};
                                 }),
                   flow_instance("points ±1 stopped at τ = 0.01, a bound of 10",
                                 [] {
                                   const FlowMaps maps(interpolation_law("points ±1").law);
                                   const NoiseLevel to =
                                       level(linear_schedule().values(FlowTime::from_end(0.01)));
                                   const EnclosedMap there = maps(pure_noise, to, Vector{{1.5}});
                                   return Bound{.lhs = 1.0 / there.least(), .rhs = 10.0};
                                 })},
      .on_target = on_flow_map_target(reverse),
      .file = __FILE__,
      .grade = Grade::converged,
      .without_error = true};
}

}  // namespace flowcheck
