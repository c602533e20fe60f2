#include "flows/flow.hpp"
#include "gif/differences.hpp"
#include "gif/digits.hpp"
#include "gif/flow_map.hpp"
#include "gif/gif_claims.hpp"
#include "gif/instances.hpp"
#include "gif/jacobian_bounds.hpp"
#include "interpolation/covariance_envelope.hpp"
#include "interpolation/velocity.hpp"
#include "numerics/observed_order.hpp"
#include "numerics/round_off.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace flowcheck {
namespace gif_19 {

// |v − rate·x| ≤ (aΔ/S)·size, the round-off being that of v and of the subtraction.
Bound remainder(const FlowProblem& problem,
                const FlowPoint& at,
                const VelocityValue& v,
                double variance,
                double size,
                const char* part) {
  const ScheduleValues& s = at.values;
  const Estimate rate = variance_rate(s, variance);
  const Estimate S = sum_of_terms({s.a * s.a, variance * s.b * s.b});
  const Vector rest = v.value - rate.value * at.x;
  const double length = std::abs(rate.value) * at.x.norm();
  const double error =
      v.error + rate.width() * at.x.norm() + round_off(length + rest.norm(), at.x.size()) / 8.0;
  return {.lhs = Estimate::closed_form(rest.norm(), error),
          .rhs = sum_of_terms({s.a_wronskian()}) / S * size,
          .part = part,
          .scale = length + (std::abs(s.a_dot) / s.a + s.b_dot) * at.length(problem)};
}

struct Sizes {
  double radius = infinity;     // (a): of a ball about 0 with all of ν
  double centres = infinity;    // (b): of a ball about 0 with all of ρ
  double variance = 0.0;        // (b): σ²
  double lipschitz = infinity;  // (c): L
};

Sizes sizes_of(const DataLaw& law) {
  Sizes result{.radius = support_radius(law), .lipschitz = known_log_lipschitz(law.regularity())};
  const KnownMixture known = known_mixture(law.regularity());
  if (known.scale > 0.0) {
    result.variance = known.scale * known.scale;
    result.centres = largest_centre(law);
  }
  return result;
}

void add_growth(const FlowProblem& problem, const Sizes& sizes, std::vector<Bound>& bounds) {
  const DataLaw& law = *problem.law;
  visit(problem, bounds, [&](const FlowPoint& at) {
    if (std::isfinite(sizes.radius)) {
      const VelocityValue v = velocity(law, at.schedule, at.time, at.x, VelocityForm::denoiser);
      bounds.push_back(remainder(problem, at, v, 0.0, sizes.radius, "(a) bounded support"));
    }
    const VelocityValue v = velocity(law, at.schedule, at.time, at.x);
    if (std::isfinite(sizes.centres)) {
      bounds.push_back(remainder(problem, at, v, sizes.variance, sizes.centres, "(b) mixture"));
    }
    if (std::isfinite(sizes.lipschitz)) {
      bounds.push_back(remainder(problem, at, v, 1.0, sizes.lipschitz, "(c) L-log-Lipschitz"));
    }
  });
  if (!std::isfinite(sizes.radius)) {
    bounds.push_back(left_out("(a) bounded support", "supp ν is bounded"));
  }
  if (!std::isfinite(sizes.centres)) {
    bounds.push_back(left_out("(b) mixture", "ν = N(0, σ²I) * ρ with σ > 0, ρ bounded"));
  }
  if (!std::isfinite(sizes.lipschitz)) {
    bounds.push_back(left_out("(c) L-log-Lipschitz",
                              unmet_or_unknown(*problem.law, "ν = e^h N(0, I), h L-Lipschitz")));
  }
}

EnclosedVector enclosed(const VelocityValue& v) {
  return {.value = v.value, .round_off = v.error};
}

// v(0, x) = (ȧ₀/a₀)x + ḃ₀ E X₁.
void add_start(const FlowProblem& problem, std::vector<Bound>& bounds) {
  FlowProblem start = problem;
  start.times = {FlowTime::from_start(0.0)};
  const Vector mean = problem.law->mean();
  visit(start, bounds, [&](const FlowPoint& at) {
    if (!at.schedule.starts_from_noise()) return;
    const ScheduleValues& s = at.values;
    // Of the two terms; the mean's own are of the size of √E|X₁|², which may cancel in it.
    const double size = std::abs(s.a_dot) * at.x.norm() + s.b_dot * problem.spread;
    add_identity(
        bounds, enclosed(velocity(*problem.law, at.schedule, at.time, at.x)),
        {.value = s.a_dot * at.x + s.b_dot * mean, .round_off = 16.0 * unit_round_off * size},
        "(d) at t = 0", size + at.length(problem));
  });
}

// ∇log p of a mixture, with what rounding makes of it.
struct RoundedScore {
  Vector value = {};
  double error = 0.0;
  double terms = 0.0;  // Σ rₖ|sₖ|, rₖ the weights of the components' scores
};

RoundedScore rounded_score(const GaussianMixture& p, const Vector& x) {
  Vector log_weights = Vector::Constant(p.size(), -infinity);
  Vector scores = Vector::Zero(p.size());
  Vector exponents = Vector::Zero(p.size());  // what their rounding is relative to
  for (Index k = 0; k < p.size(); ++k) {
    if (p.weights()(k) == 0.0) continue;
    const double precision = 1.0 / p.kernel(k).eigenvalues()(0);
    const Vector apart = x - p.means().col(k);
    const double reach = apart.norm() + x.norm() + p.means().col(k).norm();
    log_weights(k) = std::log(p.weights()(k)) + p.kernel(k).log_density(apart);
    scores(k) = precision * apart.norm();
    exponents(k) = 1.0 + precision * apart.norm() * reach + std::abs(log_weights(k));
  }
  Vector weights = (log_weights.array() - log_weights.maxCoeff()).exp();
  weights /= weights.sum();
  const double terms = weights.dot(scores);
  // ∂s/∂log rₖ = rₖ(sₖ − s), and s is among the sₖ.
  const double moved = weights.cwiseProduct(exponents).dot((scores.array() + terms).matrix());
  return {.value = p.score(x), .error = round_off(terms + moved, x.size()), .terms = terms};
}

// v(1, x) = ḃ₁x − (aȧ)₁∇log ν(x), ν a mixture with a density; `sign` goes with the score.
void add_end(const FlowProblem& problem, double sign, std::vector<Bound>& bounds) {
  const GaussianMixture* p = problem.law->mixture();
  if (p == nullptr || !p->has_density()) {
    bounds.push_back(left_out("(d) at t = 1", "ν is a mixture with a density"));
    return;
  }
  FlowProblem end = problem;
  end.times = {FlowTime::from_end(0.0)};
  end.steepest = false;
  visit(end, bounds, [&](const FlowPoint& at) {
    const ScheduleValues& s = at.values;
    const RoundedScore score = rounded_score(*p, at.x);
    const double rate = -s.half_variance_rate;
    const double terms = s.b_dot * at.x.norm() + rate * score.terms;
    // The velocity rounds the same exponents.
    const double error = 2.0 * rate * score.error + 4.0 * unit_round_off * terms;
    add_differences(bounds, enclosed(velocity(*problem.law, at.schedule, at.time, at.x)),
                    {.value = s.b_dot * at.x + sign * rate * score.value, .round_off = error},
                    "(d) at t = 1", terms);
  });
}

Outcome growth(const FlowProblem& problem) {
  std::vector<Bound> bounds;
  add_growth(problem, sizes_of(*problem.law), bounds);
  add_start(problem, bounds);
  add_end(problem, 1.0, bounds);
  return bounds;
}

// |v(1 − τ, x) − v(1, x)| falls like τ.
Outcome approach(const FlowProblem& problem) {
  std::vector<Bound> bounds;
  const Vector x = Vector::Constant(problem.law->dimension(), 0.4);
  for (const char* name : {"linear", "foellmer", "trigonometric"}) {
    const Schedule schedule = schedule_named(name);
    const Vector end = velocity(*problem.law, schedule, FlowTime::from_end(0.0), x).value;
    std::vector<double> steps;
    std::vector<double> gaps;
    for (int k = 8; k < 14; ++k) {
      steps.push_back(std::ldexp(1.0, -k));
      const FlowTime time = FlowTime::from_end(steps.back());
      gaps.push_back((velocity(*problem.law, schedule, time, x).value - end).norm());
    }
    bounds.push_back(
        order(observed_order(steps, gaps), 1.0, std::string("(d) towards t = 1, ") + name));
  }
  return bounds;
}

// log of a bound of ‖∇X_{s,t}‖ for all s ≥ from at once: a falls, so that (a_t/a_s) G(r_s, r_t) is
// at most G(r_from, r_t).
double log_stretch(const FlowProblem& problem, const Schedule& schedule, double from, double to) {
  return covariance_envelope(problem.law->regularity())
      .log_growth_above(schedule.values(FlowTime::from_start(from)).r(),
                        schedule.values(FlowTime::from_start(to)).r())
      .upper;
}

struct Leg {
  double from = 0.0;
  double to = 0.0;
  bool adaptive = true;
  double pull = 0.0;  // what the field has too much, times x
};

// Of a law far from 0 the flow is followed beside bE X₁: equal steps would spend their digits on
// that translation, 600 of them losing 6e-4 where E X₁ = 1e4.
Vector translation(const DataLaw& law) {
  constexpr double far = 10.0;  // in deviations of the noise
  const Vector mean = law.mean();
  return mean.norm() > far ? mean : Vector(Vector::Zero(law.dimension()));
}

// What rounding leaves of the field once the translation is taken off: no step is better known.
double field_rounding(const DataLaw& law) {
  return 100.0 * unit_round_off * translation(law).norm();
}

double coarse_tolerance(const DataLaw& law) {
  return std::max(1e-11, 100.0 * field_rounding(law));
}

double fine_tolerance(const DataLaw& law) {
  return std::max(1e-13, field_rounding(law));
}

// X_{s,t}(x) by one method at two tolerances, or two numbers of steps. Each step errs by its
// tolerance and by rounding, which the steps after it stretch.
EnclosedVector carried(const FlowProblem& problem,
                       const Schedule& schedule,
                       const Vector& x,
                       const Leg& leg) {
  const Vector moved = translation(*problem.law);
  const VelocityField field = [&](double t, const Vector& beside) -> Vector {
    const FlowTime time = FlowTime::from_start(t);
    const ScheduleValues s = schedule.values(time);
    const Vector point = beside + s.b * moved;
    return velocity(*problem.law, schedule, time, point).value + leg.pull * point - s.b_dot * moved;
  };
  const Vector start = x - schedule.at(leg.from).b * moved;
  const FlowOptions coarse = leg.adaptive
                                 ? FlowOptions{.method = FlowMethod::dormand_prince8,
                                               .tolerance = coarse_tolerance(*problem.law)}
                                 : FlowOptions{.method = FlowMethod::runge_kutta4, .steps = 300};
  FlowOptions fine = coarse;
  fine.steps *= 2;
  fine.tolerance = fine_tolerance(*problem.law);
  const FlowResult rough = integrate(field, start, leg.from, leg.to, coarse);
  const FlowResult result = integrate(field, start, leg.from, leg.to, fine);
  const Vector end = result.end + schedule.at(leg.to).b * moved;
  const bool reached =
      rough.termination == Termination::converged && result.termination == Termination::converged;
  const double stretch = std::exp(log_stretch(problem, schedule, leg.from, leg.to));
  const double size = 1.0 + start.norm() + result.end.norm();  // of what the steps are taken of
  const double all_steps = result.steps * size * stretch;
  const double field_error = field_rounding(*problem.law) * (leg.to - leg.from) * stretch;
  return {
      .value = reached ? end : Vector::Constant(x.size(), std::numeric_limits<double>::quiet_NaN()),
      .round_off =
          8.0 * unit_round_off * (all_steps + x.norm() * stretch + end.norm()) + field_error,
      .discretisation =
          (result.end - rough.end).norm() + (leg.adaptive ? fine.tolerance * all_steps : 0.0)};
}

constexpr double end_of_flow = 0.95;
const char* const few_digits = "left out: ‖∇X‖ stretches the steps' errors beyond their digits";

// X_{0,t} as adaptive and as equal steps have it.
void add_integrators(const FlowProblem& problem,
                     const Schedule& schedule,
                     const Vector& x,
                     double pull,
                     std::vector<Bound>& bounds) {
  add_identity(bounds, carried(problem, schedule, x, {.to = end_of_flow}),
               carried(problem, schedule, x, {.to = end_of_flow, .adaptive = false, .pull = pull}),
               "(e) two integrators", 1.0);
}

void add_semigroup(const FlowProblem& problem,
                   const Schedule& schedule,
                   const Vector& x,
                   const EnclosedVector& whole,
                   std::vector<Bound>& bounds) {
  constexpr double middle = 0.5;
  const EnclosedVector half = carried(problem, schedule, x, {.to = middle});
  EnclosedVector both = carried(problem, schedule, half.value, {.from = middle, .to = end_of_flow});
  const double stretch = std::exp(log_stretch(problem, schedule, middle, end_of_flow));
  both.round_off += stretch * half.round_off;
  both.discretisation += stretch * half.discretisation;
  add_identity(bounds, whole, both, "(e) semigroup", 1.0);
}

// The linear and the trigonometric one; a user's own alone.
std::vector<Schedule> flow_schedules(const FlowProblem& problem) {
  if (problem.schedules.size() == 1) return problem.schedules;
  return {linear_schedule(), trigonometric_schedule()};
}

// Non-crossing on the line, two integrators, and X_{s,t}∘X_{0,s} = X_{0,t}.
Outcome flow_properties(const FlowProblem& problem) {
  std::vector<Bound> bounds;
  const Index d = problem.law->dimension();
  for (const Schedule& schedule : flow_schedules(problem)) {
    const std::size_t first = bounds.size();
    EnclosedVector before;
    for (const double z : {-1.5, -0.2, 0.1, 0.9}) {
      const Vector x = Vector::Constant(d, z);
      add_integrators(problem, schedule, x, 0.0, bounds);
      const EnclosedVector whole = carried(problem, schedule, x, {.to = end_of_flow});
      add_semigroup(problem, schedule, x, whole, bounds);
      if (d == 1) {
        if (before.value.size() > 0) {
          bounds.push_back(
              {.lhs = before.entry(0), .rhs = whole.entry(0), .part = "(e) order kept"});
        }
        before = whole;
      }
    }
    set_place(bounds, first, place_of(schedule, FlowTime::from_start(end_of_flow)));
    if (d > 1) bounds.push_back(left_out("(e) order kept", "d = 1"));
  }
  return bounds;
}

// Of a user's measure the flow as well, where ‖∇X‖ leaves digits to it.
Outcome growth_and_flow(const FlowProblem& problem) {
  constexpr double most_stretch = 1e4;
  constexpr Index most_components = 200;  // steps of two integrators at two resolutions
  Outcome result = growth(problem);
  std::vector<Bound>& bounds = result.bounds;
  const double log_largest = log_stretch(problem, linear_schedule(), 0.0, end_of_flow);
  const GaussianMixture* p = problem.law->mixture();
  const auto leave_out = [&](const std::string& why) {
    for (const char* part : {"(e) two integrators", "(e) semigroup"}) {
      bounds.push_back(left_out(part, "left out: " + why));
    }
  };
  if (p != nullptr && p->size() > most_components) {
    leave_out(
        fmt::format("flows of at most {} components, these are {}", most_components, p->size()));
  } else if (log_largest == infinity) {
    leave_out(fmt::format("no bound of ‖∇X‖ up to t = {} is known", end_of_flow));
  } else if (!(log_largest <= std::log(most_stretch))) {
    leave_out(fmt::format("‖∇X‖ up to t = {} may be {:.3g}, of which no digits are left",
                          end_of_flow, std::exp(log_largest)));
  } else {
    const double step_error = 4.0 * coarse_tolerance(*problem.law) * std::exp(log_largest);
    for (Bound& bound : flow_properties(problem).bounds) {
      const bool compared = bound.failed_hypothesis.empty();
      const double size = 1.0 + std::abs(bound.lhs.value);
      bounds.push_back(compared ? with_digits(std::move(bound), step_error * size, few_digits)
                                : std::move(bound));
    }
  }
  return result;
}

// One of the two integrators follows v + x/1000.
Outcome perturbed_integrator(const FlowProblem& problem) {
  std::vector<Bound> bounds;
  add_integrators(problem, linear_schedule(), Vector::Constant(problem.law->dimension(), 0.9), 1e-3,
                  bounds);
  return bounds;
}

// v(1, x) = ḃx + aȧ∇log ν, on Föllmer's schedule, where aȧ → −1.
Outcome wrong_sign_of_score(const FlowProblem& problem) {
  FlowProblem end = problem;
  end.schedules = {schedule_named("foellmer")};
  std::vector<Bound> bounds;
  add_end(end, -1.0, bounds);
  return bounds;
}

Outcome growth_with(const FlowProblem& problem, double factor) {
  Sizes sizes = sizes_of(*problem.law);
  sizes.radius *= factor;
  sizes.centres *= factor;
  sizes.lipschitz *= factor;
  std::vector<Bound> bounds;
  FlowProblem far = far_out(problem, 1e3);
  add_growth(far, sizes, bounds);
  std::erase_if(bounds, [](const Bound& bound) { return !bound.failed_hypothesis.empty(); });
  return bounds;
}

Outcome attained_far_out(const FlowProblem& problem) {
  return growth_with(problem, 1.0);
}
Outcome small_radius(const FlowProblem& problem) {
  return growth_with(problem, 0.99);
}

// Whose ‖∇X‖ is small enough for the two integrators to keep their digits.
DataLawPointer wide_in_the_plane() {
  return data_law(GaussianMixture::isotropic(Vector{{0.2, 0.5, 0.3}},
                                             Matrix{{-0.5, 0.6, 0.0}, {0.25, 0.15, -0.7}}, 0.64));
}

std::vector<Instance> instances() {
  std::vector<Instance> result =
      law_instances({LawFamily::gaussian, LawFamily::shift, LawFamily::two_centres,
                     LawFamily::mixture, LawFamily::general_mixture, LawFamily::points,
                     LawFamily::truncated_gaussian, LawFamily::cusp, LawFamily::tilt_mixture},
                    growth);
  result.push_back(random_laws("random mixtures", random_isotropic_mixture, growth));
  result.push_back(random_laws("random points", random_points, growth));
  result.push_back(random_laws("random covariances", random_general_mixture, growth));
  for (const char* law :
       {"centres ±1, σ = 0.6", "plane, three centres", "plane, two covariances"}) {
    result.push_back(law_instance(law, approach, std::string(law) + ", towards data"));
  }
  for (const char* law :
       {"centres ±1, σ = 0.6", "six centres on a sphere", "tilts of length 1, d = 3"}) {
    result.push_back(law_instance(law, flow_properties, std::string(law) + ", flow"));
  }
  result.push_back({.name = "plane, three centres, σ = 0.8, flow",
                    .draw =
                        [](Trial& trial) {
                          return flow_properties(flow_problem(wide_in_the_plane(), trial.rng));
                        },
                    .repeat = false});
  return result;
}

}  // namespace gif_19

Claim gif_19_growth() {
  using namespace gif_19;
  return {.id = "GIF-19",
          .statement =
              "|v − (ȧ/a)x| ≤ (Δ/a) sup|supp ν|; |v − (Ṡ/2S)x| ≤ (aΔ/S)R, S = a² + σ²b²; "
              "≤ (aΔ/S)L, S = a² + b²; v(0, x) = (ȧ/a)x + ḃE X₁, v(1, x) = ḃx − "
              "aȧ∇log ν; one flow, without crossings, X_{s,t}∘X_{r,s} = X_{r,t}",
          .source = "well-posedness: [GaoHuangJiao2024] Theorem 38; growth derived",
          .provenance = Provenance::derived,
          .hypotheses = {"(a) supp ν is bounded", "(b) ν = N(0, σ²I) * ρ with σ > 0, ρ bounded",
                         "(c) ν = e^h N(0, I), h L-Lipschitz", "(d) b₀ = 0; ν has a density",
                         "(e) on [0, t], t < 1"},
          .instances = instances(),
          .tight = {law_instance("points ±1", attained_far_out, "(a) points ±1, far out"),
                    law_instance("centres ±1, σ = 0.6", attained_far_out, "(b) centres, far out"),
                    law_instance("shift", attained_far_out, "(c) a shift"),
                    law_instance("cusp, L = 2", attained_far_out, "(c) a cusp, far out")},
          .controls = {law_instance("points ±1", small_radius, "(a) 0.99 ϱ"),
                       law_instance("shift", small_radius, "(c) 0.99 L"),
                       law_instance("centres ±1, σ = 0.6", wrong_sign_of_score, "(d) +aȧ∇log ν"),
                       law_instance("centres ±1, σ = 0.6", perturbed_integrator,
                                    "(e) one integrator's field + x/1000")},
          .on_target = on_flow_target(growth_and_flow),
          .file = __FILE__,
          .grade = Grade::converged,
          .without_error = true};
}

}  // namespace flowcheck
