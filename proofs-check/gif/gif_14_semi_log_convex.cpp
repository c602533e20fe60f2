#include "gif/gif_claims.hpp"
#include "gif/jacobian_bounds.hpp"

#include <cmath>

namespace flowcheck {
namespace gif_14 {

void add_lower(const PointSpectra& here,
               const FlowPoint& at,
               double beta,
               std::vector<Bound>& bounds) {
  const ScheduleValues& s = at.values;
  const Estimate c = sum_of_terms({s.a * s.a}) / sum_of_terms({beta * s.a * s.a, s.b * s.b});
  add_lower_bound(here, precision_rate(s, beta), c, bounds);
}

Outcome bounds_of(const FlowProblem& problem) {
  const double beta = known_curvature_upper(problem.law->regularity());
  if (!std::isfinite(beta))
    return Outcome::not_applicable(unmet_or_unknown(*problem.law, "supp ν = ℝᵈ and ∇²U ⪯ βI"));
  std::vector<Bound> bounds;
  visit(problem, bounds, [&](const FlowPoint& at) {
    const PointSpectra here = spectra(problem, at);
    add_lower(here, at, beta, bounds);
  });
  return bounds;
}

Outcome mixture_far_out(const FlowProblem& problem) {
  return bounds_of(far_out(problem, 1e4));
}

// β 10 % too small.
Outcome small_curvature(const FlowProblem& problem) {
  const double beta = known_curvature_upper(problem.law->regularity());
  std::vector<Bound> bounds;
  visit(problem, bounds, [&](const FlowPoint& at) {
    const PointSpectra here = spectra(problem, at);
    add_lower(here, at, 0.9 * beta, bounds);
  });
  return bounds;
}

std::vector<Instance> instances() {
  std::vector<Instance> result =
      law_instances({LawFamily::gaussian, LawFamily::shift, LawFamily::two_centres,
                     LawFamily::mixture, LawFamily::general_mixture, LawFamily::points,
                     LawFamily::truncated_gaussian, LawFamily::cusp, LawFamily::tilt_mixture},
                    bounds_of);
  result.push_back(random_laws("random mixtures", random_isotropic_mixture, bounds_of));
  result.push_back(random_laws("random Gaussians", random_gaussian_data, bounds_of));
  result.push_back(random_laws("random covariances", random_general_mixture, bounds_of));
  return result;
}

}  // namespace gif_14

Claim gif_14_semi_log_convex() {
  using namespace gif_14;
  return {.id = "GIF-14",
          .statement = "ν = e^{−U} on ℝᵈ, β|x|²/2 − U convex ⇒ ∇v ⪰ (βaȧ + bḃ)/(βa² + b²) I",
          .source = "[GaoHuangJiao2024] Proposition 29",
          .provenance = Provenance::derived,
          .hypotheses = {"supp ν = ℝᵈ and ∇²U ⪯ βI"},
          .instances = instances(),
          .tight = {law_instance("Gaussian, d = 1", bounds_of, "Gaussian, β = 4"),
                    law_instance("Gaussian, d = 3", bounds_of, "Gaussian, its narrowest axis"),
                    law_instance("centres ±1, σ = 0.6", mixture_far_out, "mixture, far out")},
          .controls = {law_instance("Gaussian, d = 1", small_curvature, "0.9 β")},
          .on_target = on_flow_target(bounds_of),
          .file = __FILE__,
          .without_error = true};
}

}  // namespace flowcheck
