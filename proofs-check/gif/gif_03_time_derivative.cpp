#include "gif/differences.hpp"
#include "gif/gif_claims.hpp"
#include "gif/instances.hpp"
#include "interpolation/velocity.hpp"
#include "numerics/round_off.hpp"

#include <algorithm>
#include <cmath>

namespace flowcheck {
namespace gif_03 {

EnclosedVector enclosed(const VelocityValue& v) {
  return {.value = v.value, .round_off = v.error};
}

// ∂/∂t of a field at one x, by differences in t. t and τ are moved by an ulp more than the step
// says.
template <class Field>
EnclosedVector differenced(const FlowProblem& problem, const FlowPoint& at, const Field& f) {
  const double h = time_step(problem, at);
  EnclosedVector result = derivative(
      [&](double shift) {
        return f(FlowTime{.t = at.time.t + shift, .remaining = at.time.remaining - shift});
      },
      h);
  result.round_off += 4.0 * unit_round_off * result.value.norm() / h;
  return result;
}

void compare(const EnclosedVector& measured,
             const VelocityValue& formula,
             const std::string& part,
             std::vector<Bound>& bounds) {
  add_differences(bounds, measured, enclosed(formula), part, formula.value.norm());
}

Outcome time_derivatives(const FlowProblem& problem) {
  const DataLaw& law = *problem.law;
  const double uncounted = uncounted_mean(problem);
  std::vector<Bound> bounds;
  visit(problem, bounds, [&](const FlowPoint& at) {
    const auto mean = [&](const FlowTime& time) -> EnclosedVector {
      const ScheduleValues s = at.schedule.values(time);
      const LatentMoments posterior = law.posterior(s.b, s.a, at.x);
      return {.value = posterior.mean, .round_off = posterior.mean_error + uncounted};
    };
    const auto field = [&](const FlowTime& time) {
      const ScheduleValues s = at.schedule.values(time);
      EnclosedVector v = enclosed(velocity(law, at.schedule, time, at.x));
      v.round_off += s.wronskian() / s.a * uncounted;
      return v;
    };
    compare(differenced(problem, at, mean),
            denoiser_time_derivative(law, at.schedule, at.time, at.x), "∂ₜM", bounds);
    compare(differenced(problem, at, field),
            velocity_time_derivative(law, at.schedule, at.time, at.x), "∂ₜv", bounds);
  });
  return bounds;
}

// aḃ − ȧb for aḃ − 2ȧb: off by .549.
Outcome wrong_coefficient(Trial&) {
  const DataLawPointer law = interpolation_law("centres ±1, σ = 0.6").law;
  const FlowTime time = FlowTime::from_start(0.35);
  const ScheduleValues s = linear_schedule().values(time);
  const Vector x{{0.4}};
  const LatentMoments m = law->posterior(s.b, s.a, x);
  const double cube = s.a * s.a * s.a;
  const double value = s.wronskian() / cube * (m.covariance(0, 0) * x(0) - s.b * m.third_moment(0));
  const VelocityValue right = denoiser_time_derivative(*law, linear_schedule(), time, x);
  return identity(Estimate::closed_form(value, round_off(1.0 / cube, 1)), enclosed(right).entry(0));
}

std::vector<Instance> instances() {
  std::vector<Instance> result = law_instances(
      {LawFamily::gaussian, LawFamily::two_centres, LawFamily::mixture, LawFamily::general_mixture,
       LawFamily::points, LawFamily::truncated_gaussian, LawFamily::cusp, LawFamily::tilt_mixture},
      time_derivatives);
  result.push_back(random_laws("random mixtures", random_isotropic_mixture, time_derivatives));
  result.push_back(random_laws("random points", random_points, time_derivatives));
  result.push_back(random_laws("random covariances", random_general_mixture, time_derivatives));
  return result;
}

}  // namespace gif_03

Claim gif_03_time_derivative() {
  using namespace gif_03;
  return {
      .id = "GIF-03",
      .statement =
          "∂ₜM = ((aḃ − 2ȧb)/a³)Cx − (bΔ/a³)K, K = Cov(X₁, |X₁|² | x), and ∂ₜv = "
          "(ȧ/a)˙x + (Δ/a)˙M + (Δ/a)∂ₜM",
      .source = "derived",
      .provenance = Provenance::derived,
      .hypotheses = {"posterior moments of order 3", "0 < t < 1"},
      .instances = instances(),
      .tight = {law_instance("centres ±1, σ = 0.6", time_derivatives, "centres ±1, equality")},
      .controls = {{.name = "aḃ − ȧb for aḃ − 2ȧb", .draw = wrong_coefficient, .repeat = false}},
      .on_target = on_flow_target(time_derivatives),
      .file = __FILE__,
      .grade = Grade::converged,
      .without_error = true};
}

}  // namespace flowcheck
