#include "gif/digits.hpp"
#include "gif/flow_map.hpp"
#include "gif/gif_claims.hpp"
#include "interpolation/velocity.hpp"
#include "numerics/rng.hpp"
#include "numerics/round_off.hpp"

#include <cmath>
#include <stdexcept>

namespace flowcheck {
namespace gif_20 {

constexpr double coarse_tolerance = 1e-10;

struct Arrival {
  Vector end = {};
  double error = 0.0;
};

// The schedule's own flow, in its own time; its error by a tolerance a hundred times as large.
// Where ȧ is infinite at the end the trajectory is still smooth up to r = 3.
Arrival own_flow(const DataLaw& law, const Schedule& schedule, const Vector& x, double t) {
  const VelocityField field = [&](double time, const Vector& at) {
    return velocity(law, schedule, FlowTime::from_start(time), at).value;
  };
  const auto run = [&](double tolerance) {
    const FlowResult flow =
        integrate_in_legs(law, [&](double time) { return schedule.at(time).r(); }, field, x, 0.0, t,
                          {.method = FlowMethod::dormand_prince8, .tolerance = tolerance});
    if (flow.termination != Termination::converged) {
      throw std::runtime_error("integrate: a trajectory does not arrive");
    }
    return flow;
  };
  constexpr double tolerance = 1e-12;
  const FlowResult fine = run(tolerance);
  const FlowResult coarse = run(coarse_tolerance);
  const double size = 1.0 + x.norm() + fine.end.norm();
  const double rounding = std::sqrt(1.0 + fine.steps) * size;
  return {.end = fine.end,
          .error = (fine.end - coarse.end).norm() + round_off(10.0 * rounding, x.size()) +
                   unseen_error(fine.steps, coarse.steps, tolerance, size)};
}

void add_comparison(std::vector<Bound>& bounds,
                    const Arrival& own,
                    const EnclosedMap& clocks,
                    const std::string& part) {
  for (Index i = 0; i < own.end.size(); ++i) {
    // The flow in the clocks stretches an error of the start by ‖∇X‖ too.
    const double stretch = 1.0 + clocks.jacobian.norm();
    const double expected =
        coarse_tolerance * stretch * (1.0 + own.end.norm()) + clocks.expected_error;
    bounds.push_back(with_digits(identity(Estimate::converged(own.end(i), own.error * stretch),
                                          clocks.entry(i), part, 1.0 + clocks.end.norm()),
                                 2.0 * expected, without_digits_left));
  }
}

// From t = 0 to r = 3 by every schedule against the clocks, from where that schedule starts.
Outcome invariance(const FlowProblem& problem) {
  const FlowMaps maps(problem.law);
  const double r = 3.0;
  std::vector<Bound> bounds;
  for (const Schedule& schedule : problem.schedules) {
    const std::size_t before = bounds.size();
    const NoiseLevel from = level(schedule.at(0.0));
    const double t = time_of(schedule, r);
    const Vector x = from.noise * problem.noises.col(0) + from.data_scale * problem.data.col(0);
    add_comparison(bounds, own_flow(*problem.law, schedule, x, t),
                   maps(from, level(schedule.at(t)), x), "at equal r");
    if (maps.reaches_data() && schedule.name() != "foellmer") {
      add_comparison(bounds, own_flow(*problem.law, schedule, x, 1.0), maps(from, pure_data, x),
                     "X_{0,1}");
    }
    set_place(bounds, before, place_of(schedule, FlowTime::from_start(t)));
  }
  return bounds;
}

// X_{0,t}/a_t of two schedules from one start.
Outcome two_schedules(const Schedule& one, double s, const Schedule& other, double t) {
  const DataLawPointer law = interpolation_law("plane, three centres").law;
  const Vector x{{0.4, -0.7}};
  const Arrival a = own_flow(*law, one, x, s);
  const Arrival b = own_flow(*law, other, x, t);
  const auto scaled = [](const Arrival& arrival, double noise) {
    return Estimate::converged(arrival.end(0) / noise, arrival.error / noise);
  };
  return identity(scaled(a, one.at(s).a), scaled(b, other.at(t).a));
}

std::vector<Instance> instances() {
  std::vector<Instance> result = law_instances(
      {LawFamily::gaussian, LawFamily::two_centres, LawFamily::mixture, LawFamily::points,
       LawFamily::general_mixture, LawFamily::cusp, LawFamily::tilt_mixture},
      invariance);
  result.push_back(random_laws("random mixtures", random_isotropic_mixture, invariance));
  return result;
}

}  // namespace gif_20

Claim gif_20_schedule_invariance() {
  using namespace gif_20;
  return {.id = "GIF-20",
          .statement =
              "X_{s,t}(x) = a_t Ψ(x/a_s), Ψ from r_s to r_t the same for every schedule; "
              "a₀ = 1, b₀ = 0 ⇒ X_{0,1} the same",
          .source = "derived",
          .provenance = Provenance::derived,
          .hypotheses = {"the flow is well-posed"},
          .instances = instances(),
          .tight = {law_instance("plane, three centres", invariance, "plane, equality")},
          .controls = {flow_instance("equal t, not equal r",
                                     [] {
                                       return two_schedules(linear_schedule(), 0.3,
                                                            trigonometric_schedule(), 0.3);
                                     }),
                       flow_instance("vp from N(0, I)",
                                     [] {
                                       const Schedule vp = variance_preserving_schedule();
                                       return two_schedules(linear_schedule(),
                                                            time_of(linear_schedule(), 3.0), vp,
                                                            time_of(vp, 3.0));
                                     })},
          .on_target = on_flow_map_target(invariance),
          .file = __FILE__,
          .grade = Grade::converged,
          .without_error = true};
}

}  // namespace flowcheck
