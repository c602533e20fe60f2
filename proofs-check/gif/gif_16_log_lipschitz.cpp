#include "gif/gif_claims.hpp"
#include "gif/jacobian_bounds.hpp"

#include <cmath>

namespace flowcheck {
namespace gif_16 {

// S = a² + b², q = a/√S: C ⪯ q²V₊(Lq) and ∇v ⪯ ȧ/a + (bΔ/(aS))V₊(Lq), since bΔ/(aS) = (bΔ/a³)q².
void add_upper(const PointSpectra& here,
               const FlowPoint& at,
               double L,
               std::vector<Bound>& bounds) {
  const Estimate c = covariance_at(log_lipschitz_bound(L), at.values);
  add_upper_bound(here, rate_from_covariance(at.values, c), c, bounds);
}

void add_lower(const PointSpectra& here,
               const FlowPoint& at,
               double L,
               std::vector<Bound>& bounds) {
  const Estimate c = covariance_at(log_lipschitz_lower_bound(L), at.values);
  add_lower_bound(here, rate_from_covariance(at.values, c), c, bounds);
}

Outcome bounds_of(const FlowProblem& problem) {
  const double L = known_log_lipschitz(problem.law->regularity());
  if (!std::isfinite(L))
    return Outcome::not_applicable(
        unmet_or_unknown(*problem.law, "ν = e^h N(0, I), h L-Lipschitz"));
  std::vector<Bound> bounds;
  visit(problem, bounds, [&](const FlowPoint& at) {
    const PointSpectra here = spectra(problem, at);
    add_upper(here, at, L, bounds);
    add_lower(here, at, L, bounds);
  });
  return bounds;
}

// The cusps, L multiplied by `factor`, at 0: upwards for the upper bound, downwards for the lower.
Outcome upwards(const FlowProblem& problem, double factor) {
  const double L = factor * known_log_lipschitz(problem.law->regularity());
  std::vector<Bound> bounds;
  visit(at_steepest(problem), bounds, [&](const FlowPoint& at) {
    const PointSpectra here = spectra(problem, at);
    add_upper(here, at, L, bounds);
  });
  return bounds;
}

Outcome downwards(const FlowProblem& problem, double factor) {
  const double L = factor * known_log_lipschitz(problem.law->regularity());
  std::vector<Bound> bounds;
  visit(at_steepest(problem), bounds, [&](const FlowPoint& at) {
    const PointSpectra here = spectra(problem, at);
    add_lower(here, at, L, bounds);
  });
  return bounds;
}

Outcome attained_above(const FlowProblem& problem) {
  return upwards(problem, 1.0);
}
Outcome attained_below(const FlowProblem& problem) {
  return downwards(problem, 1.0);
}
Outcome small_L_above(const FlowProblem& problem) {
  return upwards(problem, 0.9);
}
Outcome small_L_below(const FlowProblem& problem) {
  return downwards(problem, 0.9);
}

std::vector<Instance> instances() {
  std::vector<Instance> result = law_instances(
      {LawFamily::gaussian, LawFamily::shift, LawFamily::cusp, LawFamily::tilt_mixture,
       LawFamily::two_centres, LawFamily::points, LawFamily::heavy},
      bounds_of);
  result.push_back(random_laws("random tilts", random_tilt_mixture, bounds_of));
  return result;
}

}  // namespace gif_16

Claim gif_16_log_lipschitz() {
  using namespace gif_16;
  return {
      .id = "GIF-16",
      .statement =
          "ν = e^h N(0, I), h L-Lipschitz, S = a² + b², q = a/√S ⇒ (ȧ/a + "
          "(bΔ/(aS))V₋(Lq))I ⪯ ∇v ⪯ (ȧ/a + (bΔ/(aS))V₊(Lq))I",
      .source = "sharpens [GaoHuangJiao2024] Proposition 29",
      .provenance = Provenance::derived,
      .hypotheses = {"ν = e^h N(0, I), h L-Lipschitz"},
      .instances = instances(),
      .tight = {law_instance("cusp, L = 2", attained_above, "cusp up"),
                law_instance("cusp, L = 1, d = 3", attained_above, "cusp up, d = 3"),
                law_instance("cusp down, L = 2", attained_below, "cusp down")},
      .controls = {law_instance("cusp, L = 0.5", small_L_above, "0.9 L, cusp up, L = 0.5"),
                   law_instance("cusp, L = 2", small_L_above, "0.9 L, cusp up"),
                   law_instance("cusp down, L = 0.5", small_L_below, "0.9 L, cusp down, L = 0.5"),
                   law_instance("cusp down, L = 2", small_L_below, "0.9 L, cusp down")},
      .on_target = on_flow_target(bounds_of),
      .file = __FILE__,
      .without_error = true};
}

}  // namespace flowcheck
