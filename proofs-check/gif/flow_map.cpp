#include "gif/flow_map.hpp"

#include "measures/exact_map.hpp"
#include "numerics/round_off.hpp"

#include <Eigen/SVD>
#include <boost/math/tools/roots.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

namespace flowcheck {
namespace {

constexpr std::array<std::pair<double, double>, 5> map_times = {
    {{0.0, 0.3}, {0.0, 0.9}, {0.2, 0.6}, {0.5, 0.95}, {0.0, 1.0}}};

Vector singular_values(const Matrix& J) {
  return Eigen::JacobiSVD<Matrix>(J).singularValues();
}

// The map depends on the levels alone: at standard scale one schedule from noise and the two that
// start elsewhere.
std::vector<Schedule> visited_schedules(const FlowProblem& problem, bool quick) {
  const std::vector<Schedule>& all = problem.schedules;
  if (quick) return {all[0]};
  if (all.size() < 5 || problem.noises.cols() > 10) return all;
  return {all[0], all[3], all[4]};
}

std::vector<Bound> compared(const FlowProblem& problem,
                            const LogMapBound& log_bound,
                            const std::string& part,
                            bool from_above) {
  const FlowMaps maps(problem.law);
  std::vector<Bound> bounds;
  visit_flows(problem, maps.reaches_data(), bounds, [&](const FlowStretch& stretch) {
    const Estimate bound = exp(log_bound(stretch.from, stretch.to));
    if (from_above ? !std::isfinite(bound.upper) : !(bound.lower > 0.0)) return;
    const EnclosedMap map = maps(stretch.from, stretch.to, stretch.x);
    if (!map.has_digits()) {
      bounds.push_back(left_out(part, without_digits_left));
    } else if (from_above) {
      bounds.push_back({.lhs = map.largest(), .rhs = bound, .part = part});
    } else {
      bounds.push_back({.lhs = bound, .rhs = map.least(), .part = part});
    }
  });
  return bounds;
}

}  // namespace

bool EnclosedMap::has_digits() const {
  const double size = jacobian.norm();
  return std::isfinite(size) && jacobian_error <= 1e-9 * size &&
         end_error <= 1e-9 * (1.0 + end.norm());
}

Estimate EnclosedMap::largest() const {
  return Estimate::converged(singular_values(jacobian)(0), jacobian_error);
}

Estimate EnclosedMap::least() const {
  const Vector s = singular_values(jacobian);
  return max(0.0, Estimate::converged(s(s.size() - 1), jacobian_error));
}

Estimate EnclosedMap::entry(Index i) const {
  return Estimate::converged(end(i), end_error);
}

EnclosedMap FlowMaps::operator()(const NoiseLevel& from,
                                 const NoiseLevel& to,
                                 const Vector& x) const {
  const TangentFlowResult coarse =
      reference_flow(fields_, from, to, x, {.tolerance = 100.0 * tolerance_});
  const TangentFlowResult fine = reference_flow(fields_, from, to, x, {.tolerance = tolerance_});
  // Between narrow components far apart the steps may not arrive: no digits are known then either.
  if (coarse.termination != Termination::converged || fine.termination != Termination::converged) {
    return {.end = fine.end,
            .jacobian = fine.jacobian,
            .end_error = infinity,
            .jacobian_error = infinity,
            .expected_error = infinity};
  }
  const double stretch = fine.jacobian.norm();
  const double size = 1.0 + x.norm() + fine.end.norm();
  // Rounding errors of the steps, each amplified by what is left of the flow.
  const double rounding = std::sqrt(1.0 + fine.steps) * (1.0 + stretch);
  return {.end = fine.end,
          .jacobian = fine.jacobian,
          .end_error = (fine.end - coarse.end).norm() + round_off(rounding * size, x.size()) +
                       (1.0 + stretch) * unseen_error(fine.steps, coarse.steps, tolerance_, size),
          .jacobian_error = (fine.jacobian - coarse.jacobian).norm() +
                            round_off(rounding * (1.0 + stretch), x.size()),
          .expected_error = 100.0 * tolerance_ * (1.0 + stretch) * size};
}

NoiseLevel level(const ScheduleValues& values) {
  return {.noise = values.a, .data_scale = values.b};
}

double signal_to_noise(const NoiseLevel& level) {
  return level.noise > 0.0 ? level.data_scale / level.noise : infinity;
}

void visit_flows(const FlowProblem& problem,
                 bool to_data,
                 std::vector<Bound>& bounds,
                 const std::function<void(const FlowStretch&)>& f) {
  const bool quick = problem.noises.cols() <= 3;
  const Index probes = quick ? 1 : 2;
  const auto visit = [&](const Schedule& schedule, double s, double t) {
    const std::size_t before = bounds.size();
    const NoiseLevel from = level(schedule.at(s));
    const NoiseLevel to = level(schedule.at(t));
    f({from, to, from.noise * steepest_point(*problem.law, signal_to_noise(from))});
    for (Index j = 0; j < std::min(probes, problem.noises.cols()); ++j) {
      f({from, to, from.noise * problem.noises.col(j) + from.data_scale * problem.data.col(j)});
    }
    set_place(bounds, before, fmt::format("{}, s = {}, t = {}", schedule.name(), s, t));
  };
  for (const Schedule& schedule : visited_schedules(problem, quick)) {
    for (const auto& [s, t] : map_times) {
      if (t < 1.0 || to_data) visit(schedule, s, t);
    }
  }
  // One start that is not pure noise.
  if (quick && problem.schedules.size() > 4) visit(problem.schedules[4], 0.0, 0.9);
}

double unseen_error(int fine_steps, int coarse_steps, double fine_tolerance, double size) {
  // Steps of order 8 and a hundredth of the tolerance are 1.8 times as many.
  const bool refined = 4 * fine_steps > 5 * coarse_steps;
  return refined ? 0.0 : fine_steps * fine_tolerance * size;
}

double time_of(const std::function<double(double)>& r, double value) {
  // r/(r + value) − ½, which is finite where r is not.
  const auto ahead = [&](double t) {
    const double at = r(t);
    return at < infinity ? at / (at + value) - 0.5 : 0.5;
  };
  const double first = ahead(0.0);
  const double last = ahead(1.0);
  if (first >= 0.0) return 0.0;
  if (last <= 0.0) return 1.0;
  std::uintmax_t most_steps = 200;
  return boost::math::tools::toms748_solve(ahead, 0.0, 1.0, first, last,
                                           boost::math::tools::eps_tolerance<double>(52),
                                           most_steps)
      .first;
}

double time_of(const Schedule& schedule, double value) {
  return time_of([&](double t) { return schedule.at(t).r(); }, value);
}

EnclosedMap enclosed_end(const FlowResult& fine,
                         const FlowResult& coarse,
                         double fine_tolerance,
                         double size,
                         double rounding) {
  if (fine.termination != Termination::converged || coarse.termination != Termination::converged) {
    return {.end = fine.end, .end_error = infinity, .expected_error = infinity};
  }
  return {.end = fine.end,
          .end_error = (fine.end - coarse.end).norm() + rounding +
                       unseen_error(fine.steps, coarse.steps, fine_tolerance, size),
          .expected_error = 100.0 * fine_tolerance * size};
}

namespace {

// Between which all changes of weights fall, a factor of 4 apart: log-odds of two centres Δ apart
// change where r|Δ| is from some 1/4 to √(2 log(w/w′)), below 40 for weights that a double holds.
std::vector<double> partings(const DataLaw& law) {
  const GaussianMixture* p = law.mixture();
  if (p == nullptr || p->size() == 1) {
    const LatentMoments own = law.posterior(0.0, 1.0, Vector::Zero(law.dimension()));
    return {1.0 / std::sqrt(own.covariance.trace())};
  }
  double nearest = infinity;
  double farthest = 0.0;
  for (Index k = 0; k < p->size(); ++k) {
    for (Index l = 0; l < k; ++l) {
      const double distance = (p->means().col(k) - p->means().col(l)).norm();
      if (distance == 0.0 || p->weights()(k) == 0.0 || p->weights()(l) == 0.0) continue;
      nearest = std::min(nearest, distance);
      farthest = std::max(farthest, distance);
    }
  }
  constexpr std::size_t most = 24;
  std::vector<double> result;
  for (double r = 0.25 / farthest; r * nearest < 64.0 && result.size() < most; r *= 4.0) {
    result.push_back(r);
  }
  return result;
}

}  // namespace

FlowResult integrate_in_legs(const DataLaw& law,
                             const std::function<double(double)>& r,
                             const VelocityField& field,
                             const Vector& x,
                             double s,
                             double t,
                             const FlowOptions& options) {
  std::vector<double> meetings;
  for (const double parting : partings(law)) {
    const double time = time_of(r, parting);
    if (time > std::min(s, t) && time < std::max(s, t)) meetings.push_back(time);
  }
  if (s > t) std::ranges::reverse(meetings);
  meetings.push_back(t);
  FlowResult result{.end = x, .termination = Termination::converged};
  double from = s;
  for (const double to : meetings) {
    const FlowResult leg = integrate(field, result.end, from, to, options);
    result.end = leg.end;
    result.termination = leg.termination;
    result.evaluations += leg.evaluations;
    result.steps += leg.steps;
    result.rejected += leg.rejected;
    if (leg.termination != Termination::converged) return result;
    from = to;
  }
  return result;
}

std::vector<Bound> stretch_below(const FlowProblem& problem,
                                 const LogMapBound& log_bound,
                                 const std::string& part) {
  return compared(problem, log_bound, part, true);
}

std::vector<Bound> stretch_above(const FlowProblem& problem,
                                 const LogMapBound& log_bound,
                                 const std::string& part) {
  return compared(problem, log_bound, part, false);
}

Bound map_below(const DataLawPointer& law, const Vector& x, const Estimate& bound) {
  return {.lhs = FlowMaps(law)(pure_noise, pure_data, x).largest(), .rhs = bound};
}

Estimate exact_map(const LineMeasure& p, double z) {
  const double x = map_from_normal(p, z);
  const double tail = std::min(p.cdf(x), p.survival(x));
  const double error = p.relative_error(x) * tail / p.density(x);
  return Estimate::converged(x, error, round_off(1.0 + std::abs(x) + std::abs(z), 1));
}

Estimate exact_slope(const LineMeasure& p, double z) {
  const double slope = map_from_normal_slope(p, z);
  const double x = map_from_normal(p, z);
  const double tail = std::min(p.cdf(x), p.survival(x));
  const double steep = std::abs(p.score(x)) * tail / p.density(x);
  // φ(z) and p(T) are exponentials of z²/2.
  return Estimate::converged(slope, slope * p.relative_error(x) * (1.0 + steep),
                             round_off(slope * (1.0 + z * z) * (1.0 + steep), 1));
}

Instance flow_instance(std::string name, std::function<Outcome()> evaluate) {
  return {.name = std::move(name),
          .draw = [evaluate = std::move(evaluate)](Trial&) { return evaluate(); },
          .repeat = false};
}

std::function<Outcome(const Target&)> on_flow_map_target(const EvaluateFlow& evaluate) {
  return on_flow_target([evaluate](const FlowProblem& problem) -> Outcome {
    if (problem.law->dimension() > 16) return Outcome::not_applicable("left out: d ≤ 16");
    return evaluate(problem);
  });
}

}  // namespace flowcheck
