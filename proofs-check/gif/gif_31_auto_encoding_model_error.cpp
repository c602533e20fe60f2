#include "flows/perturbed_flow.hpp"
#include "gif/digits.hpp"
#include "gif/flow_map.hpp"
#include "gif/gif_claims.hpp"
#include "interpolation/velocity.hpp"
#include "numerics/adaptive_quadrature.hpp"
#include "numerics/rng.hpp"
#include "numerics/round_off.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

namespace flowcheck {
namespace gif_31 {

const char* const same_field = "one wrong field, there and back";
const char* const other_field = "back by v + δ";

using Perturbation = std::function<Vector(const Vector& x)>;

// v + δ, in the clock of a target of width σ.
struct PerturbedFlow {
  const DataLaw& law;
  const Schedule& schedule;
  double sigma = 1.0;
  Perturbation delta = {};
};

// Of a mixture's flow back to a schedule's start, √(S_0/S_1) ≤.
double lipschitz_back(const NoiseLevel& start, double sigma) {
  return std::hypot(start.noise, sigma * start.data_scale) / sigma;
}

// Where it takes x from t = 0 to 1 or back, with a coarser run's distance as the error, infinite
// where one of them does not arrive; rounding is stretched on the way by up to `stretch`.
EnclosedMap arrived(const PerturbedFlow& flow, const Vector& x, bool back, double stretch) {
  constexpr double tolerance = 1e-13;
  const EndClock clock(narrowing_time(flow.schedule, flow.sigma));
  const VelocityField field = [&](double s, const Vector& at) -> Vector {
    const Vector v = velocity(flow.law, flow.schedule, clock.time(s), at).value;
    return clock.rate(s) * (v + flow.delta(at));
  };
  const auto r = [&](double s) { return flow.schedule.values(clock.time(s)).r(); };
  const auto run = [&](double of_steps) {
    return integrate_in_legs(flow.law, r, field, x, back ? 1.0 : 0.0, back ? 0.0 : 1.0,
                             {.method = FlowMethod::dormand_prince8, .tolerance = of_steps});
  };
  const FlowResult fine = run(tolerance);
  const FlowResult coarse = run(100.0 * tolerance);
  const double size = stretch * (1.0 + x.norm() + fine.end.norm());
  return enclosed_end(fine, coarse, tolerance, size, round_off(20.0 * size, x.size()));
}

// Encoded and decoded by v + 0.1 sin 3x, wrong as that is: a flow is undone by itself.
void add_same_field(std::vector<Bound>& bounds,
                    const PerturbedFlow& there_by,
                    const PerturbedFlow& back_by,
                    const Vector& x,
                    double lipschitz) {
  const EnclosedMap there = arrived(there_by, x, false, 1.0);
  const EnclosedMap back = arrived(back_by, there.end, true, lipschitz);
  for (Index i = 0; i < x.size(); ++i) {
    const Estimate home =
        Estimate::converged(back.end(i), back.end_error + lipschitz * there.end_error);
    bounds.push_back(with_digits(
        identity(home, x(i), same_field, 1.0 + x.norm() + there.end.norm()),
        2.0 * (back.expected_error + lipschitz * there.expected_error), without_digits_left));
  }
}

// ∫Lip(X_{t,0}) dt δ, Lip(X_{t,0}) ≤ √(S_0/S_t) of a mixture.
Estimate budget(const Schedule& schedule, double sigma, double delta) {
  const auto S = [sigma](const ScheduleValues& s) { return s.a * s.a + sigma * sigma * s.b * s.b; };
  const double start = S(schedule.at(0.0));
  const EndClock clock(narrowing_time(schedule, sigma));
  return delta * quadrature(
                     [&](double s) {
                       const double value =
                           clock.rate(s) * std::sqrt(start / S(schedule.values(clock.time(s))));
                       return Estimate::closed_form(value, round_off(value, 1));
                     },
                     {0.0, 0.5, 1.0});
}

// 0.1 sin 3x, in units of the way to far targets: over it there are few waves, not thousands.
Perturbation wiggle(double spread = 1.0) {
  const double unit = std::max(1.0, 0.1 * spread);
  return [unit](const Vector& x) -> Vector { return 0.1 * unit * (3.0 / unit * x).array().sin(); };
}

// δ constant in time and space, along e; left out where σ is too small for the way back's digits.
Bound back_by_other(const DataLaw& law,
                    const FlowMaps& maps,
                    const Schedule& schedule,
                    double sigma,
                    const Vector& x,
                    double delta,
                    const Vector& e) {
  const NoiseLevel start = level(schedule.at(0.0));
  const double lipschitz = lipschitz_back(start, sigma);
  const EnclosedMap there = maps(start, pure_data, x);
  const EnclosedMap back =
      arrived({law, schedule, sigma, [&](const Vector&) -> Vector { return delta * e; }}, there.end,
              true, lipschitz);
  const Estimate residual =
      Estimate::converged((back.end - x).norm(), back.end_error + lipschitz * there.end_error);
  return with_digits({.lhs = max(0.0, residual),
                      .rhs = budget(schedule, sigma, delta),
                      .part = other_field,
                      .scale = 1.0 + x.norm()},
                     2.0 * (back.expected_error + lipschitz * there.expected_error),
                     without_digits_left);
}

Outcome model_error(const FlowProblem& problem) {
  const KnownMixture mixture = known_mixture(problem.law->regularity());
  if (!(mixture.scale > 0.0))
    return Outcome::not_applicable("left out: it is computed for ν = Σ wₖ N(mₖ, σ²I), σ > 0");
  const FlowMaps maps(problem.law);
  const DataLaw& law = *problem.law;
  std::vector<Bound> bounds;
  for (const Schedule& schedule : {linear_schedule(), polynomial_schedule()}) {
    for (Index j = 0; j < std::min<Index>(2, problem.noises.cols()); ++j) {
      const Vector x = problem.noises.col(j);
      const std::size_t before = bounds.size();
      const PerturbedFlow wrong{law, schedule, mixture.scale, wiggle(problem.spread)};
      // ∇ṽ ⪰ Ṡ/2S − 0.3 on the way back.
      add_same_field(bounds, wrong, wrong, x, std::exp(0.3) / mixture.scale);
      for (const double delta : {0.01, 0.1}) {
        bounds.push_back(back_by_other(law, maps, schedule, mixture.scale, x, delta,
                                       problem.data.col(j).normalized()));
        bounds.back().place = fmt::format("{}, |δ| = {}", schedule.name(), delta);
      }
      set_place(bounds, before, schedule.name());
    }
  }
  return bounds;
}

// N(m, σ²) with a constant shift: every bit of it arrives.
Outcome gaussian(Trial& trial) {
  const double sigma = trial.rng.log_uniform(0.3, 2.0);
  const DataLawPointer law =
      data_law(Gaussian(Vector{{trial.rng.normal()}}, Matrix{{sigma * sigma}}));
  return back_by_other(*law, FlowMaps(law), linear_schedule(), sigma, Vector{{trial.rng.normal()}},
                       trial.rng.uniform(0.01, 0.5), Vector{{1.0}});
}

Outcome two_fields() {
  const DataLawPointer law = two_centre_data(1.0, 0.6);
  const Schedule schedule = linear_schedule();
  const Perturbation other = [](const Vector& x) -> Vector {
    return 0.1 * (2.0 * x).array().sin();
  };
  std::vector<Bound> bounds;
  add_same_field(bounds, {*law, schedule, 0.6, wiggle()}, {*law, schedule, 0.6, other},
                 Vector{{0.4}}, 10.0);
  return bounds;
}

// What is attained, less a hundredth.
Outcome too_small() {
  const double sigma = 0.5;
  const DataLawPointer law = data_law(Gaussian(Vector{{0.0}}, Matrix{{sigma * sigma}}));
  Bound bound = back_by_other(*law, FlowMaps(law), linear_schedule(), sigma, Vector{{0.3}}, 0.1,
                              Vector{{1.0}});
  bound.rhs = 0.99 * bound.rhs;
  return bound;
}

std::vector<Instance> instances() {
  std::vector<Instance> result =
      law_instances({LawFamily::shift, LawFamily::two_centres, LawFamily::mixture,
                     LawFamily::tilt_mixture, LawFamily::points},
                    model_error);
  result.push_back(random_laws("random mixtures", random_isotropic_mixture, model_error));
  return result;
}

}  // namespace gif_31

Claim gif_31_auto_encoding_model_error() {
  using namespace gif_31;
  return {.id = "GIF-31",
          .statement =
              "encoding and decoding by one Lipschitz field, however wrong, leaves nothing; "
              "by v there and v + δ back |X̃_{1,0}(X_{0,1}(z)) − z| ≤ ∫Lip(X_{t,0})|δ| dt",
          .source = "derived",
          .provenance = Provenance::derived,
          .hypotheses = {"ν = N(0, σ²I) * ρ"},
          .instances = instances(),
          .tight = {{.name = "Gaussian, constant shift", .draw = gaussian}},
          .controls = {flow_instance("two different fields", two_fields),
                       flow_instance("0.99 of the integral", too_small)},
          .on_target = on_flow_map_target(model_error),
          .file = __FILE__,
          .grade = Grade::converged,
          .without_error = true};
}

}  // namespace flowcheck
