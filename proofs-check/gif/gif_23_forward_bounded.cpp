#include "gif/flow_map.hpp"
#include "gif/gif_claims.hpp"
#include "interpolation/covariance_envelope.hpp"
#include "measures/line_laws.hpp"
#include "measures/radial_law.hpp"
#include "numerics/rng.hpp"
#include "numerics/round_off.hpp"
#include "numerics/special_functions.hpp"

#include <cmath>
#include <numbers>

namespace flowcheck {
namespace gif_23 {

const char* const sharp = "sharp";
const char* const classical = "1/√κ or De^{(1 − κD²)/2}";

// Z_D(κ)/√2π.
Estimate sharp_bound(double kappa, double D) {
  const double value = truncated_gaussian_mass(kappa, D) / std::sqrt(2.0 * std::numbers::pi);
  return Estimate::closed_form(value, round_off(value, 1));
}

Estimate classical_bound(double kappa, double D) {
  if (kappa * D * D >= 1.0) return 1.0 / sqrt(Estimate(kappa));
  return Estimate(D) * exp(0.5 * (1.0 - Estimate(kappa) * square(Estimate(D))));
}

void add_both(std::vector<Bound>& bounds, const Estimate& slope, double kappa, double D) {
  bounds.push_back({.lhs = slope, .rhs = sharp_bound(kappa, D), .part = sharp});
  bounds.push_back({.lhs = slope, .rhs = classical_bound(kappa, D), .part = classical});
}

Outcome on_the_line(Rng& rng, const LineMeasure& p, double kappa, double D) {
  std::vector<Bound> bounds;
  for (const double z : {0.0, rng.uniform(-1.0, 1.0), rng.uniform(-5.0, 5.0)}) {
    add_both(bounds, exact_slope(p, z), kappa, D);
  }
  return bounds;
}

Outcome truncated(Trial& trial) {
  const double D = trial.rng.uniform(0.3, 2.0);
  const double kappa = trial.rng.uniform(-10.0, 6.0) / (D * D);
  return on_the_line(trial.rng, truncated_gaussian_law(kappa, D), kappa, D);
}

// e^{cx} on [−D, D]: κ = 0.
Outcome tilted(Trial& trial) {
  const double D = trial.rng.uniform(0.5, 2.0);
  return on_the_line(trial.rng, tilted_uniform_law(trial.rng.uniform(-5.0, 5.0) / D, D), 0.0, D);
}

// Uniform on a ball: the map's singular values are ρ′(s) and ρ(s)/s.
Outcome balls(Trial& trial) {
  std::vector<Bound> bounds;
  for (const Index d : {1, 2, 3, 10, 50}) {
    const double s = std::sqrt(static_cast<double>(d)) * trial.rng.uniform(0.05, 2.0);
    const double D = trial.rng.uniform(0.5, 2.0);
    const double radius = ball_map(d, D, s);
    const double along = ball_map_slope(d, D, s);
    add_both(bounds, Estimate::closed_form(along, round_off(10.0 * along, d)), 0.0, D);
    if (d > 1) {
      add_both(bounds, Estimate::closed_form(radius / s, round_off(10.0 * radius / s, d)), 0.0, D);
    }
  }
  return bounds;
}

// From s to t: with κ where the support is convex, without it always.
Outcome stretches(const FlowProblem& problem) {
  const Regularity& constants = problem.law->regularity();
  const double D = known_half_diameter(constants);
  const double kappa = known_curvature_lower(constants);
  if (!std::isfinite(D)) return Outcome::not_applicable("supp ν has diameter 2D");
  const auto bound_of = [](CovarianceBound bound) -> LogMapBound {
    return [bound = std::move(bound)](const NoiseLevel& from, const NoiseLevel& to) -> Estimate {
      if (to.noise == 0.0) return infinity;
      return log_map_bound(bound, from.noise, from.data_scale, to.noise, to.data_scale);
    };
  };
  std::vector<Bound> bounds =
      stretch_below(problem, bound_of(bounded_support_bound(D)), "D alone, t < 1");
  if (!std::isfinite(kappa)) {
    bounds.push_back(left_out("sharp, s to t", "ν κ-semi-log-concave"));
    return bounds;
  }
  for (const Bound& bound : stretch_below(
           problem, bound_of(bounded_semi_log_concave_bound(kappa, D)), "sharp, s to t")) {
    bounds.push_back(bound);
  }
  return bounds;
}

Outcome symmetric_at_0(double kappa, const Estimate& bound) {
  return Bound{.lhs = exact_slope(truncated_gaussian_law(kappa, 1.0), 0.0), .rhs = bound};
}

Outcome tight(Trial& trial) {
  const double kappa = trial.rng.uniform(-12.0, 6.0);
  return symmetric_at_0(kappa, sharp_bound(kappa, 1.0));
}

// Two points from x = 0: e^{D²r²/2}, exactly.
Outcome two_points() {
  const FlowMaps maps(interpolation_law("points ±1").law);
  const CovarianceBound bound = bounded_support_bound(1.0);
  std::vector<Bound> bounds;
  for (const double t : {0.3, 0.6, 0.75}) {
    const NoiseLevel to = level(linear_schedule().at(t));
    bounds.push_back({.lhs = maps(pure_noise, to, Vector::Zero(1)).largest(),
                      .rhs = exp(log_map_bound(bound, 1.0, 0.0, to.noise, to.data_scale))});
  }
  return bounds;
}

std::vector<Instance> instances() {
  std::vector<Instance> result = law_instances(
      {LawFamily::truncated_gaussian, LawFamily::points, LawFamily::gaussian}, stretches);
  result.push_back({.name = "e^{−κx²/2} on [−D, D]", .draw = truncated});
  result.push_back({.name = "e^{cx} on [−D, D]", .draw = tilted});
  result.push_back({.name = "uniform on balls", .draw = balls});
  result.push_back(random_laws("random points", random_points, stretches));
  return result;
}

}  // namespace gif_23

Claim gif_23_forward_bounded() {
  using namespace gif_23;
  return {.id = "GIF-23",
          .statement =
              "supp ν convex of diameter 2D, U − κ|x|²/2 convex ⇒ ‖∇X_{s,t}‖ ≤ (a_t/a_s) Z_D(κ + "
              "r_s²)/Z_D(κ + r_t²), ‖∇X_{0,1}‖ ≤ Z_D(κ)/√2π; bounded alone ⇒ ‖∇X_{s,t}‖ ≤ "
              "(a_t/a_s) e^{D²(r_t² − r_s²)/2}",
          .source =
              "derived; the weaker 1/√κ or De^{(1 − κD²)/2} recalled of [GaoHuangJiao2024] "
              "and [MikulincerShenfeld2023]",
          .provenance = Provenance::derived,
          .hypotheses = {"supp ν has diameter 2D", "ν κ-semi-log-concave", "convex support"},
          .instances = instances(),
          .tight = {{.name = "e^{−κx²/2} on [−1, 1], x = 0", .draw = tight},
                    flow_instance("points ±1, x = 0", two_points)},
          .controls =
              {flow_instance("classical with ½D, κ = −4",
                             [] { return symmetric_at_0(-4.0, classical_bound(-4.0, 0.5)); }),
               flow_instance("0.99 Z_D(κ)/√2π",
                             [] { return symmetric_at_0(-4.0, 0.99 * sharp_bound(-4.0, 1.0)); }),
               flow_instance("points ±1 at τ = 0.2, a bound of 100",
                             [] {
                               const FlowMaps maps(interpolation_law("points ±1").law);
                               const NoiseLevel to =
                                   level(linear_schedule().values(FlowTime::from_end(0.2)));
                               return Bound{.lhs = maps(pure_noise, to, Vector::Zero(1)).largest(),
                                            .rhs = 100.0};
                             }),
               flow_instance("the way back from the uniform law",
                             [] {
                               return Bound{.lhs = 1.0 / exact_slope(uniform_law(-1.0, 1.0), 5.0),
                                            .rhs = 1e4};
                             })},
          .on_target = on_flow_map_target(stretches),
          .file = __FILE__,
          .grade = Grade::converged,
          .without_error = true};
}

}  // namespace flowcheck
