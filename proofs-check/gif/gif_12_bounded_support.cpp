#include "gif/gif_claims.hpp"
#include "gif/jacobian_bounds.hpp"

#include <cmath>
#include <numbers>

namespace flowcheck {
namespace gif_12 {

void add_upper(const PointSpectra& here,
               const FlowPoint& at,
               double half_diameter,
               std::vector<Bound>& bounds,
               const std::string& name) {
  const Estimate c = square(Estimate(half_diameter));
  add_upper_bound(here, rate_from_covariance(at.values, c), c, bounds, name);
}

Outcome bounds_of(const FlowProblem& problem) {
  const double D = known_half_diameter(problem.law->regularity());
  std::vector<Bound> bounds;
  visit(problem, bounds, [&](const FlowPoint& at) {
    const PointSpectra here = spectra(problem, at);
    add_lower_bound(here, rate_from_covariance(at.values, 0.0), 0.0, bounds);
    if (std::isfinite(D)) {
      add_upper(here, at, D, bounds, "from above");
      add_upper(here, at, std::numbers::sqrt2 * D, bounds, "from above, by diam/√2");
    }
  });
  if (!std::isfinite(D)) {
    leave_out_bound("from above", "supp ν is bounded", bounds);
    leave_out_bound("from above, by diam/√2", "supp ν is bounded", bounds);
  }
  return bounds;
}

// Of an unbounded law what is left is that C ⪰ 0, which no measure can break.
Outcome bounds_of_target(const FlowProblem& problem) {
  if (!std::isfinite(known_half_diameter(problem.law->regularity()))) {
    return Outcome::not_applicable("supp ν is bounded");
  }
  return bounds_of(problem);
}

Outcome upper_at_middle(const FlowProblem& problem) {
  const double D = known_half_diameter(problem.law->regularity());
  std::vector<Bound> bounds;
  visit(at_steepest(problem), bounds, [&](const FlowPoint& at) {
    const PointSpectra here = spectra(problem, at);
    add_upper(here, at, D, bounds, "from above");
  });
  return bounds;
}

Outcome lower_far_out(const FlowProblem& problem) {
  std::vector<Bound> bounds;
  visit(far_out(problem, 1e4), bounds, [&](const FlowPoint& at) {
    const PointSpectra here = spectra(problem, at);
    add_lower_bound(here, rate_from_covariance(at.values, 0.0), 0.0, bounds);
  });
  return bounds;
}

// D² replaced by 0.81 D²: C exceeds it by 23.5 %, and ∇v with it.
Outcome small_diameter(const FlowProblem& problem) {
  const double D = known_half_diameter(problem.law->regularity());
  std::vector<Bound> bounds;
  visit(at_steepest(problem), bounds, [&](const FlowPoint& at) {
    const PointSpectra here = spectra(problem, at);
    add_upper(here, at, 0.9 * D, bounds, "from above");
  });
  return bounds;
}

std::vector<Instance> instances() {
  std::vector<Instance> result =
      law_instances({LawFamily::points, LawFamily::truncated_gaussian, LawFamily::ball,
                     LawFamily::two_centres, LawFamily::cusp, LawFamily::gap},
                    bounds_of);
  result.push_back(random_laws("random points", random_points, bounds_of));
  result.push_back(random_laws("random covariances", random_general_mixture, bounds_of));
  return result;
}

}  // namespace gif_12

Claim gif_12_bounded_support() {
  using namespace gif_12;
  return {.id = "GIF-12",
          .statement = "(ȧ/a)I ⪯ ∇v, and diam supp ν = 2D ⇒ ∇v ⪯ (ȧ/a + bΔD²/a³)I",
          .source = "[GaoHuangJiao2024] Proposition 29, there with diam/√2 for D",
          .provenance = Provenance::derived,
          .hypotheses = {"E|X₁|² < ∞", "supp ν is bounded, for the upper bound"},
          .instances = instances(),
          .tight = {law_instance("points ±1", upper_at_middle, "points ±1, middle"),
                    law_instance("points ±1, weights 0.3 and 0.7", upper_at_middle,
                                 "points of two weights, even odds"),
                    law_instance("points ±1", lower_far_out, "points ±1, far out")},
          .controls = {law_instance("points ±1", small_diameter, "0.81 D²")},
          .on_target = on_flow_target(bounds_of_target),
          .file = __FILE__,
          .without_error = true};
}

}  // namespace flowcheck
