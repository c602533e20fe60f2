#include "gif/differences.hpp"
#include "gif/gif_claims.hpp"
#include "gif/instances.hpp"
#include "interpolation/velocity.hpp"
#include "numerics/round_off.hpp"

#include <algorithm>
#include <cmath>

namespace flowcheck {
namespace gif_01 {

EnclosedVector differenced_score(const FlowProblem& problem, const FlowPoint& at) {
  const ScheduleValues& s = at.values;
  const double h = space_step(problem, at);
  EnclosedVector score{.value = Vector::Zero(at.x.size())};
  for (Index i = 0; i < at.x.size(); ++i) {
    const auto along = [&](double shift) -> EnclosedVector {
      Vector x = at.x;
      x(i) += shift;
      const Estimate log_density = *problem.law->log_marginal(s.b, s.a, x);
      return {.value = Vector::Constant(1, log_density.value),
              .round_off = 0.5 * log_density.width()};
    };
    const EnclosedVector slope = derivative(along, h);
    score.value(i) = slope.value(0);
    // An entry moves by an ulp more than its step says.
    const double moved = 4.0 * unit_round_off * std::abs(at.x(i)) / h;
    score.round_off = std::max(score.round_off, slope.round_off + moved * std::abs(slope.value(0)));
    score.discretisation = std::max(score.discretisation, slope.discretisation);
  }
  return score;
}

EnclosedVector enclosed(const VelocityValue& v) {
  return {.value = v.value, .round_off = v.error};
}

// (bM − x)/a².
EnclosedVector tweedie(const LatentMoments& posterior, const FlowPoint& at) {
  const ScheduleValues& s = at.values;
  const double variance = s.a * s.a;
  const double size = (s.b * posterior.mean.norm() + at.x.norm()) / variance;
  return {.value = (s.b * posterior.mean - at.x) / variance,
          .round_off = s.b / variance * posterior.mean_error + 8.0 * unit_round_off * size};
}

// ȧE[Z|x] + ḃM, E[Z|x] = (x − bM)/a.
EnclosedVector conditional_expectation(const LatentMoments& posterior, const FlowPoint& at) {
  const ScheduleValues& s = at.values;
  const double rate = std::abs(s.a_dot) / s.a;
  const double size =
      rate * (at.x.norm() + s.b * posterior.mean.norm()) + s.b_dot * posterior.mean.norm();
  return {.value = s.a_dot / s.a * (at.x - s.b * posterior.mean) + s.b_dot * posterior.mean,
          .round_off = (rate * s.b + s.b_dot) * posterior.mean_error + 8.0 * unit_round_off * size};
}

void add_forms(const FlowProblem& problem,
               const FlowPoint& at,
               const EnclosedVector& plain,
               double scale,
               std::vector<Bound>& bounds) {
  const auto form = [&](VelocityForm which) {
    return enclosed(velocity(*problem.law, at.schedule, at.time, at.x, which));
  };
  add_identity(bounds, form(VelocityForm::denoiser), plain, "denoiser form", scale);
  add_identity(bounds, form(VelocityForm::score), plain, "score form", scale);
  const VelocityForm best = best_form(*problem.law);
  if (best == VelocityForm::convolution || best == VelocityForm::tilt) {
    add_identity(bounds, form(best), plain, "smooth form", scale);
  } else {
    bounds.push_back(left_out("smooth form",
                              "left out: it is known for ν = Σ wₖ N(mₖ, σ²I) and for e^h N(0, I)"));
  }
}

Outcome forms(const FlowProblem& problem) {
  std::vector<Bound> bounds;
  visit(problem, bounds, [&](const FlowPoint& at) {
    const ScheduleValues& s = at.values;
    const LatentMoments posterior = problem.law->posterior(s.b, s.a, at.x);
    const double length = at.length(problem);
    if (problem.law->log_marginal(s.b, s.a, at.x)) {
      const EnclosedVector score = tweedie(posterior, at);
      add_differences(bounds, differenced_score(problem, at), score, "score", score.value.norm());
    } else {
      bounds.push_back(left_out("score", "left out: log p_t is not known in closed form"));
    }
    // Rounding x moves M by (b/a²)C times as much.
    const double steep = 1.0 + s.b * s.b / (s.a * s.a) * posterior.covariance.norm();
    const double terms = (std::abs(s.a_dot) / s.a + s.b_dot) * length * steep;
    add_forms(problem, at, conditional_expectation(posterior, at), terms, bounds);
  });
  return bounds;
}

// v by a wrong formula against the denoiser form, at one point.
using WrongVelocity = double (*)(const ScheduleValues& s, double x, double M);

Instance wrong(std::string name, WrongVelocity formula) {
  return {.name = std::move(name),
          .draw = [formula](Trial&) -> Outcome {
            const DataLawPointer law = interpolation_law("centres ±1, σ = 0.6").law;
            const FlowTime time = FlowTime::from_start(0.35);
            const ScheduleValues s = linear_schedule().values(time);
            const Vector x{{0.4}};
            const double value = formula(s, 0.4, law->posterior(s.b, s.a, x).mean(0));
            const VelocityValue v = velocity(*law, linear_schedule(), time, x);
            return identity(Estimate::closed_form(value, round_off(std::abs(value), 1)),
                            enclosed(v).entry(0));
          },
          .repeat = false};
}

const std::vector<LawFamily> families = {
    LawFamily::gaussian, LawFamily::two_centres,     LawFamily::mixture,
    LawFamily::points,   LawFamily::general_mixture, LawFamily::truncated_gaussian,
    LawFamily::cusp,     LawFamily::tilt_mixture,
};

std::vector<Instance> instances() {
  std::vector<Instance> result = law_instances(families, forms);
  result.push_back(random_laws("random mixtures", random_isotropic_mixture, forms));
  result.push_back(random_laws("random points", random_points, forms));
  result.push_back(random_laws("random covariances", random_general_mixture, forms));
  return result;
}

}  // namespace gif_01

Claim gif_01_tweedie() {
  using namespace gif_01;
  return {.id = "GIF-01",
          .statement =
              "∇log p_t = (bM − x)/a², and v = (ȧ/a)x + (Δ/a)M = (ḃ/b)x + (aΔ/b)∇log p_t = ȧE[Z|x] "
              "+ ḃM = (Ṡ/2S)x + (aΔ/S)E[W or ∇h | x]",
          .source = "velocity as a conditional expectation, [GaoHuangJiao2024] Theorem 20",
          .provenance = Provenance::derived,
          .hypotheses = {"E|X₁|² < ∞", "0 < t < 1",
                         "for the smooth form ν = N(0, σ²I) * ρ or e^h "
                         "N(0, I)"},
          .instances = instances(),
          .tight = {law_instance("centres ±1, σ = 0.6", forms, "centres ±1, equality")},
          .controls = {wrong("ḃ for Δ/a", [](const ScheduleValues& s, double x,
                                             double M) { return s.a_dot / s.a * x + s.b_dot * M; }),
                       wrong("v = M − x",
                             [](const ScheduleValues&, double x, double M) { return M - x; })},
          .on_target = on_flow_target(forms),
          .file = __FILE__,
          .grade = Grade::converged,
          .without_error = true};
}

}  // namespace flowcheck
