#include "gif/digits.hpp"
#include "gif/flow_map.hpp"
#include "gif/gif_claims.hpp"
#include "interpolation/covariance_envelope.hpp"
#include "interpolation/velocity.hpp"
#include "measures/gaussian_mixture.hpp"
#include "measures/line_laws.hpp"
#include "numerics/observed_order.hpp"
#include "numerics/rng.hpp"
#include "numerics/round_off.hpp"
#include "numerics/special_functions.hpp"

#include <fmt/format.h>

#include <cmath>
#include <string>

namespace flowcheck {
namespace gif_30 {

const char* const exact_part = "X_{1,0}∘X_{0,1} = id";
const char* const residual_part = "|X̂_{1,0}(X̂_{0,1}(x)) − x| ≤ Lip e_f + e_b";
const char* const defect_part = "e_f ≤ ∫Lip |defect|";

// There and back along a schedule by a method with so many steps.
struct RoundTrip {
  FlowResult there = {};
  FlowResult back = {};
};

VelocityField flow_field(const DataLaw& law, const Schedule& schedule) {
  return [&law, &schedule](double t, const Vector& x) -> Vector {
    return velocity(law, schedule, FlowTime::from_start(t), x).value;
  };
}

RoundTrip round_trip(
    const DataLaw& law, const Schedule& schedule, const Vector& x, FlowMethod method, int steps) {
  const FlowOptions options{.method = method, .steps = steps, .dense = true};
  RoundTrip result;
  result.there = integrate(flow_field(law, schedule), x, 0.0, 1.0, options);
  result.back = integrate(flow_field(law, schedule), result.there.end, 1.0, 0.0, options);
  return result;
}

// ‖end − exact‖, the exact one enclosed.
Estimate leg_error(const Vector& end, const EnclosedMap& exact) {
  return max(0.0, Estimate::converged((end - exact.end).norm(), exact.end_error));
}

// e^{−log stretch} of the law's flow back from t = 1 to 0; +∞ where no class bounds it.
Estimate lipschitz_back(const CovarianceEnvelope& envelope, const NoiseLevel& from) {
  Estimate best = infinity;
  for (const CovarianceBound& lower : envelope.lower) {
    best = min(best, exp(-log_map_bound(lower, from.noise, from.data_scale, 0.0, 1.0)));
  }
  return best;
}

// ‖∇X_{s,1}‖ ≤ of the best class, as a plain number rounded up.
double lipschitz_to_end(const CovarianceEnvelope& envelope, const ScheduleValues& s) {
  if (s.a == 0.0) return 1.0;
  Estimate best = infinity;
  for (const CovarianceBound& upper : envelope.upper) {
    best = min(best, exp(log_map_bound(upper, s.a, s.b, 0.0, 1.0)));
  }
  return best.upper;
}

// Gauss's rules on a step see ∫ Lip |defect| only where Lip does not change by orders within it.
bool resolves(const CovarianceEnvelope& envelope, const Schedule& schedule, int steps) {
  constexpr double largest_change = 3.0;  // of log Lip: a factor of 20
  double before = std::log(lipschitz_to_end(envelope, schedule.at(0.0)));
  for (int j = 1; j <= steps; ++j) {
    const double t = static_cast<double>(j) / steps;
    const double now = std::log(lipschitz_to_end(envelope, schedule.at(t)));
    if (!(std::abs(now - before) <= largest_change)) return false;
    before = now;
  }
  return true;
}

Outcome auto_encoding(const FlowProblem& problem) {
  const DataLaw& law = *problem.law;
  const FlowMaps maps(problem.law);
  const CovarianceEnvelope envelope = covariance_envelope(law.regularity());
  if (!maps.reaches_data()) return Outcome::not_applicable("X_{1,0} Lipschitz");
  const Schedule& schedule = problem.schedules.front();
  const NoiseLevel start = level(schedule.at(0.0));
  const Estimate Lip = lipschitz_back(envelope, start);
  if (!std::isfinite(Lip.upper)) return Outcome::not_applicable("X_{1,0} Lipschitz");
  std::vector<Bound> bounds;
  const bool bounded_forward = !envelope.upper.empty();
  for (Index j = 0; j < std::min<Index>(2, problem.noises.cols()); ++j) {
    const Vector x = start.noise * problem.noises.col(j) + start.data_scale * problem.data.col(j);
    const EnclosedMap exact = maps(start, pure_data, x);
    const EnclosedMap home = maps(pure_data, start, exact.end);
    const double stretch = home.jacobian.norm();
    const double error = home.end_error + stretch * exact.end_error;
    const double widths = 2.0 * (home.expected_error + stretch * exact.expected_error);
    for (Index i = 0; i < x.size(); ++i) {
      bounds.push_back(with_digits(
          identity(Estimate::converged(home.end(i), error), x(i), exact_part, 1.0 + x.norm()),
          widths, without_digits_left));
      bounds.back().place = schedule.name();
    }
    for (const auto& [method, steps] : {std::pair{FlowMethod::midpoint, 12},
                                        {FlowMethod::runge_kutta4, 10},
                                        {FlowMethod::dormand_prince5, 8}}) {
      const std::size_t before = bounds.size();
      const std::string place =
          fmt::format("{}, {} steps of order {}", schedule.name(), steps, flowcheck::order(method));
      const RoundTrip trip = round_trip(law, schedule, x, method, steps);
      const Estimate forward = leg_error(trip.there.end, exact);
      const EnclosedMap back = maps(pure_data, start, trip.there.end);
      const Estimate backward = leg_error(trip.back.end, back);
      const double residual = (trip.back.end - x).norm();
      bounds.push_back(with_digits(
          {.lhs = Estimate::closed_form(residual, round_off(1.0 + x.norm(), x.size())),
           .rhs = Lip * forward + backward,
           .part = residual_part,
           .scale = 1.0 + x.norm()},
          2.0 * (Lip.upper * exact.expected_error + back.expected_error), without_digits_left));
      set_place(bounds, before, place);
      if (!bounded_forward) continue;
      if (!resolves(envelope, schedule, steps)) {
        bounds.push_back(left_out(defect_part, "left out: the steps do not resolve Lip(X_{s,1})"));
        set_place(bounds, before, place);
        continue;
      }
      const Estimate defect = defect_integral(
          flow_field(law, schedule),
          [&](double s) { return lipschitz_to_end(envelope, schedule.at(s)); },
          trip.there.trajectory);
      bounds.push_back({.lhs = forward, .rhs = defect, .part = defect_part});
      set_place(bounds, before, place);
    }
  }
  return bounds;
}

// Errors and residuals of equal steps in the clocks r and ε, against the exact map of the line.
Outcome orders(FlowMethod method, double residual_order) {
  const DataLawPointer law = two_centre_data(1.0, 0.6);
  const ClockFields fields = clock_fields(law);
  const Vector x{{0.7}};
  const double exact =
      exact_map(gaussian_mixture_law({0.5, 0.5}, {-1.0, 1.0}, {0.6, 0.6}), 0.7).value;
  std::vector<double> steps;
  std::vector<double> errors;
  std::vector<double> residuals;
  const int coarsest = order(method) == 1 ? 160 : order(method) == 4 ? 6 : 40;
  for (int k = 0; k < 4; ++k) {
    const ReferenceFlowOptions options{.method = method, .steps = coarsest << k};
    const Vector there = reference_flow(fields, pure_noise, pure_data, x, options).end;
    const Vector back = reference_flow(fields, pure_data, pure_noise, there, options).end;
    steps.push_back(1.0 / (coarsest << k));
    errors.push_back(std::abs(there(0) - exact));
    residuals.push_back(std::abs(back(0) - x(0)));
  }
  return std::vector<Bound>{
      flowcheck::order(observed_order(steps, errors), order(method), "order of the error"),
      flowcheck::order(observed_order(steps, residuals), residual_order, "order of the residual")};
}

Instance order_instance(std::string name, FlowMethod method, double residual_order) {
  return flow_instance(std::move(name), [=] { return orders(method, residual_order); });
}

// The residual is no measure of accuracy: RK4's error is forty times as large.
Outcome residual_as_accuracy() {
  const ClockFields fields = clock_fields(two_centre_data(1.0, 0.6));
  const Vector x{{0.7}};
  const ReferenceFlowOptions options{.method = FlowMethod::runge_kutta4, .steps = 40};
  const Vector there = reference_flow(fields, pure_noise, pure_data, x, options).end;
  const Vector back = reference_flow(fields, pure_data, pure_noise, there, options).end;
  const double error = round_off(4.0, 1);
  const LineMeasure p = gaussian_mixture_law({0.5, 0.5}, {-1.0, 1.0}, {0.6, 0.6});
  return Bound{.lhs = abs(there(0) - exact_map(p, 0.7)),
               .rhs = 2.0 * Estimate::closed_form(std::abs(back(0) - x(0)), error)};
}

// Uniform on [−1, 1]: an error of 1e-9 at T(5) comes back as 1e-9/T′(5).
Outcome finite_constant_of_uniform() {
  const LineMeasure p = uniform_law(-1.0, 1.0);
  const double e = 1e-8;
  const double y = exact_map(p, 5.0).value - e;
  const double back = -normal_quantile(p.survival(y));
  return Bound{.lhs = Estimate::closed_form(std::abs(back - 5.0), round_off(1e4, 1)),
               .rhs = 1000.0 * e};
}

Outcome gaussian_law_exact(const FlowProblem& problem) {
  std::vector<Bound> bounds = auto_encoding(problem).bounds;
  std::erase_if(bounds, [](const Bound& b) { return b.part != exact_part; });
  return bounds;
}

std::vector<Instance> instances() {
  std::vector<Instance> result = law_instances(
      {LawFamily::gaussian, LawFamily::shift, LawFamily::two_centres, LawFamily::mixture,
       LawFamily::tilt_mixture, LawFamily::points, LawFamily::truncated_gaussian},
      auto_encoding);
  result.push_back(random_laws("random mixtures", random_isotropic_mixture, auto_encoding));
  result.push_back(order_instance("Euler", FlowMethod::euler, 1.0));
  result.push_back(order_instance("midpoint, order 2", FlowMethod::midpoint, 3.0));
  result.push_back(order_instance("Kutta, order 3", FlowMethod::kutta3, 3.0));
  result.push_back(order_instance("RK4, order 4", FlowMethod::runge_kutta4, 5.0));
  return result;
}

}  // namespace gif_30

Claim gif_30_auto_encoding() {
  using namespace gif_30;
  return {
      .id = "GIF-30",
      .statement =
          "X_{1,0}∘X_{0,1} = id; by a solver |X̂_{1,0}(X̂_{0,1}(x)) − x| ≤ Lip(X_{1,0}) e_f + e_b "
          "and e_f ≤ ∫Lip_{s,1}|x̂′ − v(s, x̂)| ds; the residual of equal steps of even order p "
          "has order p + 1",
      .source = "auto-encoding recalled of [GaoHuangJiao2024], the errors derived",
      .provenance = Provenance::derived,
      .hypotheses = {"X_{1,0} Lipschitz"},
      .instances = instances(),
      .tight = {law_instance("centres ±1, σ = 0.6", gaussian_law_exact, "centres ±1, exact")},
      .controls = {flow_instance("RK4's residual for its error", residual_as_accuracy),
                   flow_instance("uniform law, Lip = 1000", finite_constant_of_uniform)},
      .on_target = on_flow_map_target(auto_encoding),
      .file = __FILE__,
      .grade = Grade::converged,
      .without_error = true};
}

}  // namespace flowcheck
