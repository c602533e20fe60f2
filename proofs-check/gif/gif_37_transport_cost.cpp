#include "distances/monotone_transport.hpp"
#include "distances/wasserstein.hpp"
#include "gif/digits.hpp"
#include "gif/gif_claims.hpp"
#include "gif/instances.hpp"
#include "gif/stability_problem.hpp"
#include "interpolation/velocity.hpp"
#include "measures/exact_map.hpp"
#include "measures/line_laws.hpp"
#include "measures/random_gaussian.hpp"
#include "numerics/adaptive_quadrature.hpp"
#include "numerics/round_off.hpp"

#include <cmath>
#include <variant>

namespace flowcheck {
namespace gif_37 {

// The four numbers of the chain, each at most the next.
struct Costs {
  Estimate squared_w2 = {};   // W₂²(γ, ν); not known where `coupling` alone is
  Estimate coupling = {};     // E|X_{0,1}(Z) − Z|²
  Estimate action = {};       // ∫E|v|²dt
  Estimate conditional = {};  // ∫(ȧ²d + ḃ²E|X₁|²)dt
  bool distance_known = true;
};

// ∫₀¹ f(t) dt.
Estimate over_time(const std::function<Estimate(const FlowTime&)>& f) {
  return quadrature([&](double t) { return f(FlowTime::from_start(t)); }, {0.0, 0.5, 1.0},
                    {.relative_tolerance = 1e-12, .most_panels = 200});
}

// Infinite for Föllmer's schedule, whose ȧ² is not integrable.
Estimate conditional_cost(const Schedule& schedule, Index dimension, double moment) {
  if (!std::isfinite(schedule.at(1.0).a_dot)) return infinity;
  return over_time([&](const FlowTime& time) {
    const ScheduleValues s = schedule.values(time);
    const double value =
        s.a_dot * s.a_dot * static_cast<double>(dimension) + s.b_dot * s.b_dot * moment;
    return Estimate::closed_form(value, round_off(value, dimension));
  });
}

// v = ḃm + (aȧI + bḃΣ)S⁻¹(x − bm), S = a²I + b²Σ, and X_{0,1}(z) = m + Σ^½ z.
Costs gaussian_costs(const Gaussian& p, const Schedule& schedule) {
  const Index d = p.dimension();
  const double moment = p.mean().squaredNorm() + p.covariance().trace();
  const Vector roots = p.eigenvalues().cwiseSqrt();
  const double coupling = p.mean().squaredNorm() + (roots.array() - 1.0).square().sum();
  Costs costs;
  costs.squared_w2 = squared_w2(Gaussian::standard(d), p);
  costs.coupling = Estimate::closed_form(coupling, round_off(1.0 + moment, d));
  costs.action = over_time([&](const FlowTime& time) {
    const ScheduleValues s = schedule.values(time);
    double value = s.b_dot * s.b_dot * p.mean().squaredNorm();
    for (const double variance : p.eigenvalues()) {
      const double rate = s.half_variance_rate + s.b * s.b_dot * variance;
      value += rate * rate / (s.a * s.a + s.b * s.b * variance);
    }
    return Estimate::closed_form(value, round_off(value, d));
  });
  costs.conditional = conditional_cost(schedule, d, moment);
  return costs;
}

// E|v(t, X_t)|², X_t a mixture itself, by the rule's nodes about each centre.
double mean_square_velocity(const DataLaw& law,
                            const Schedule& schedule,
                            const FlowTime& time,
                            const NoiseRule& rule) {
  const GaussianMixture& p = *law.mixture();
  const ScheduleValues s = schedule.values(time);
  const double deviation = std::sqrt(s.a * s.a + s.b * s.b * p.common_variance());
  double sum = 0.0;
  for (Index k = 0; k < p.size(); ++k) {
    const Matrix x = (deviation * rule.nodes).colwise() + s.b * p.means().col(k);
    const Matrix v = velocities(law, schedule, time, x);
    sum += p.weights()[k] * v.colwise().squaredNorm().dot(rule.weights);
  }
  return sum;
}

Estimate refined(double fine, double coarse) {
  return Estimate::converged(fine, std::abs(fine - coarse), round_off(1.0 + std::abs(fine), 64));
}

Estimate mixture_action(const DataLaw& law, const Schedule& schedule, int nodes) {
  const NoiseRule fine = noise_rule(law.dimension(), nodes);
  const NoiseRule coarse = noise_rule(law.dimension(), nodes / 2);
  return over_time([&](const FlowTime& time) {
    return refined(mean_square_velocity(law, schedule, time, fine),
                   mean_square_velocity(law, schedule, time, coarse));
  });
}

// NaN where the steps do not arrive.
double carried_cost(const GaussianMixture& p,
                    const Schedule& schedule,
                    double tolerance,
                    int nodes) {
  const DataLawPointer law = data_law(p);
  const NoiseRule rule = noise_rule(p.dimension(), nodes);
  const ColumnFlow flow = flow_columns(
      [&](const FlowTime& time, const Matrix& x) { return velocities(*law, schedule, time, x); },
      rule.nodes, EndClock(narrowing_time(schedule, std::sqrt(p.common_variance()))), tolerance);
  if (flow.termination != Termination::converged) return std::nan("");
  return (flow.ends - rule.nodes).colwise().squaredNorm().dot(rule.weights);
}

// On the line the map is known, and optimal; in the plane it is followed.
Costs mixture_costs(const GaussianMixture& p, const Schedule& schedule, Scale scale) {
  const DataLawPointer law = data_law(p);
  const Index d = p.dimension();
  const int finer = scale == Scale::quick ? 1 : 2;
  Costs costs;
  if (d == 1) {
    const LineMeasure target = line_measure(p);
    costs.squared_w2 = squared_w2(gaussian_law(), target);
    costs.coupling = over_noise([&](double z) { return map_from_normal(target, z) - z; });
    costs.action = mixture_action(*law, schedule, 96 * finer);
  } else {
    costs.distance_known = false;
    costs.coupling = refined(carried_cost(p, schedule, 1e-9, 64 * finer),
                             carried_cost(p, schedule, 1e-7, 32 * finer));
    costs.action = mixture_action(*law, schedule, 48 * finer);
  }
  costs.conditional = conditional_cost(schedule, d, law->second_moment());
  return costs;
}

// `widths` is what double leaves of W₂² and E|X − Z|², which are the same on the line.
void add_bounds(const Costs& costs, double widths, std::vector<Bound>& bounds) {
  const double scale = 1.0 + costs.action.value;
  const char* const of_distance = "W₂² ≤ E|X − Z|²";
  if (costs.distance_known) {
    bounds.push_back(with_digits(
        {.lhs = costs.squared_w2, .rhs = costs.coupling, .part = of_distance, .scale = scale},
        widths,
        "left out: equal on the line, and double has no digits for the mass that rounding x moves "
        "between centres so far apart"));
  } else {
    bounds.push_back(
        left_out(of_distance, "left out: W₂(γ, ν) is computed for Gaussians and on the line"));
  }
  bounds.push_back(
      {.lhs = costs.coupling, .rhs = costs.action, .part = "E|X − Z|² ≤ ∫E|v|²", .scale = scale});
  bounds.push_back({.lhs = costs.action,
                    .rhs = costs.conditional,
                    .part = "∫E|v|² ≤ ∫(ȧ²d + ḃ²E|X₁|²)",
                    .scale = scale});
}

// Rounding x by u|x| changes densities by u|x|z/σ, z up to 40, and with them the share of the mass
// on either side of a valley; what crosses it is moved by the centres' distance.
double lost_to_rounding(const GaussianMixture& p) {
  constexpr double farthest = 40.0;
  const double width = (p.means().rowwise().maxCoeff() - p.means().rowwise().minCoeff()).norm();
  const double sigma = std::sqrt(p.common_variance());
  const double share = unit_round_off * farthest * p.means().cwiseAbs().maxCoeff() / sigma;
  return share * width * width;
}

Outcome on_gaussian(const Gaussian& p, const std::vector<Schedule>& schedules) {
  std::vector<Bound> bounds;
  for (const Schedule& schedule : schedules) {
    const std::size_t before = bounds.size();
    add_bounds(gaussian_costs(p, schedule), 0.0, bounds);
    set_place(bounds, before, schedule.name());
  }
  return bounds;
}

Outcome on_mixture(const GaussianMixture& p, const std::vector<Schedule>& schedules, Scale scale) {
  std::vector<Bound> bounds;
  for (const Schedule& schedule : schedules) {
    const std::size_t before = bounds.size();
    add_bounds(mixture_costs(p, schedule, scale), lost_to_rounding(p), bounds);
    set_place(bounds, before, schedule.name());
  }
  return bounds;
}

Outcome random_gaussians(Trial& trial) {
  const Index d = 1 + trial.rng.uniform_index(6);
  return on_gaussian(random_gaussian(trial.rng, d), schedules_from_noise());
}

// The increasing map is optimal.
Outcome only_distance(Trial& trial) {
  const Costs costs = mixture_costs(two_centre_mixture(), linear_schedule(), trial.scale);
  return Bound{.lhs = costs.squared_w2, .rhs = costs.coupling, .part = "W₂² ≤ E|X − Z|²"};
}

Outcome reversed(Trial& trial) {
  const Costs costs = mixture_costs(two_centre_mixture(), linear_schedule(), trial.scale);
  return Bound{.lhs = costs.action, .rhs = costs.coupling};
}

Outcome on_target(const Target& target) {
  const std::vector<Schedule> schedules = schedules_from_noise(target.schedule);
  if (schedules.empty()) return Outcome::not_applicable("a₀ = 1, b₀ = 0");
  if (const auto* gaussian = std::get_if<Gaussian>(&target.start)) {
    return on_gaussian(*gaussian, schedules);
  }
  const auto* mixture = std::get_if<GaussianMixture>(&target.start);
  if (mixture == nullptr || !(mixture->common_variance() > 0.0) || mixture->dimension() > 2) {
    return Outcome::not_applicable(
        "left out: it is computed for Gaussians and, in d ≤ 2, for Σ wₖ N(mₖ, σ²I), σ > 0");
  }
  return on_mixture(*mixture, schedules, Scale::quick);
}

}  // namespace gif_37

Claim gif_37_transport_cost() {
  using namespace gif_37;
  return {.id = "GIF-37",
          .statement =
              "a₀ = 1, b₀ = 0 ⇒ W₂²(γ, ν) ≤ E|X_{0,1}(Z) − Z|² ≤ ∫E|v|² dt ≤ "
              "∫(ȧ²d + ḃ²E|X₁|²) dt",
          .source = "[BenamouBrenier2000], and Jensen's inequality",
          .provenance = Provenance::derived,
          .hypotheses = {"a₀ = 1, b₀ = 0", "E|X₁|² < ∞"},
          .instances = {{"random Gaussians, d = 1 … 6", random_gaussians},
                        {"centres ±1, σ = 0.6",
                         [](Trial& t) {
                           return on_mixture(two_centre_mixture(), schedules_from_noise(), t.scale);
                         },
                         false},
                        {"plane, three centres",
                         [](Trial& t) {
                           return on_mixture(three_centre_mixture(), {linear_schedule()}, t.scale);
                         },
                         false}},
          .tight = {{"on the line, the first inequality", only_distance, false}},
          .controls = {{"∫E|v|² ≤ E|X − Z|²", reversed, false}},
          .on_target = on_target,
          .file = __FILE__,
          .grade = Grade::converged,
          .without_error = true};
}

}  // namespace flowcheck
