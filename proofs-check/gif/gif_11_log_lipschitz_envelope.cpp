#include "gif/covariance_claim.hpp"
#include "gif/gif_claims.hpp"
#include "interpolation/covariance_envelope.hpp"
#include "measures/tilted_moments.hpp"

#include <algorithm>
#include <cmath>

namespace flowcheck {
namespace gif_11 {

constexpr const char* from_above = "C ⪯ q²V₊(Lq)";
constexpr const char* from_below = "C ⪰ q²V₋(Lq)";
constexpr const char* quick_above = "C ⪯ q²(1 + Lq)²";
constexpr const char* quick_below = "C ⪰ q²((√(ℓ² + 4) − ℓ)/2)², ℓ = Lq";

Outcome evaluate(const FlowProblem& problem) {
  const double L = known_log_lipschitz(problem.law->regularity());
  if (!(L < infinity))
    return Outcome::not_applicable(unmet_or_unknown(*problem.law, "log dν/dγ is Lipschitz"));
  std::vector<Bound> bounds =
      covariance_below(problem, log_lipschitz_bound(L).covariance, from_above);
  const auto add = [&](const std::vector<Bound>& more) {
    bounds.insert(bounds.end(), more.begin(), more.end());
  };
  add(covariance_above(problem, log_lipschitz_lower_bound(L).covariance, from_below));
  add(covariance_below(problem, quick_log_lipschitz_bound(L).covariance, quick_above));
  add(covariance_above(problem, quick_log_lipschitz_lower_bound(L).covariance, quick_below));
  return bounds;
}

// The marginal of a posterior in units of q: e^h γ on the line, h piecewise linear with slopes up
// to ℓ. Beyond ±(ℓ + 10) there is e^{−50} of it.
Outcome piecewise_linear(Trial& trial) {
  Rng& rng = trial.rng;
  const double l = rng.log_uniform(0.1, 4.0);
  const Index knots = 1 + rng.uniform_index(6);
  PiecewiseLinear h;
  for (Index i = 0; i < knots; ++i) h.knots.push_back(rng.normal());
  std::ranges::sort(h.knots);
  for (Index i = 0; i <= knots; ++i) {
    // Half of them extremal.
    h.slopes.push_back(rng.uniform() < 0.5 ? std::copysign(l, rng.uniform(-1.0, 1.0))
                                           : rng.uniform(-l, l));
  }
  const double end = l + 10.0;
  const LineMoments moments = piecewise_gaussian_moments(h, 0.0, 1.0, -end, end);
  const Estimate variance = Estimate::converged(moments.variance, moments.error);
  return std::vector<Bound>{
      {.lhs = variance, .rhs = log_lipschitz_bound(l).covariance(0.0), .part = from_above},
      {.lhs = log_lipschitz_lower_bound(l).covariance(0.0), .rhs = variance, .part = from_below}};
}

// The cusp of either sign along the first axis, at y₁ = 0, with a factor of L in its bound.
Outcome at_cusp(Trial& trial, double factor) {
  Rng& rng = trial.rng;
  const double L = rng.log_uniform(0.3, 4.0);
  const double r = rng.log_uniform(0.05, factor < 1.0 ? 1.0 : 20.0);
  const Index d = 1 + rng.uniform_index(3);
  Vector y = rng.normal_vector(d);
  y(0) = 0.0;
  return std::vector<Bound>{{.lhs = covariance_eigenvalues(*cusp_data(L, d), r, y).largest,
                             .rhs = log_lipschitz_bound(factor * L).covariance(r),
                             .part = from_above},
                            {.lhs = log_lipschitz_lower_bound(factor * L).covariance(r),
                             .rhs = covariance_eigenvalues(*cusp_data(-L, d), r, y).least,
                             .part = from_below}};
}

}  // namespace gif_11

Claim gif_11_log_lipschitz_envelope() {
  using namespace gif_11;
  using enum LawFamily;
  std::vector<Instance> instances = law_instances(
      {shift, two_centres, cusp, tilt_mixture, mixture, truncated_gaussian, heavy}, evaluate);
  instances.push_back(random_laws("random tilts", random_tilt_mixture, evaluate));
  instances.push_back({"piecewise linear h", piecewise_linear});
  return {.id = "GIF-11",
          .statement =
              "log dν/dγ L-Lipschitz, q = (1 + r²)^{−½} ⇒ q²V₋(Lq)I ⪯ Cov[X₁ | Z + rX₁ = "
              "y] ⪯ q²V₊(Lq)I, V± = 1 + ℓ² ± ℓφ(ℓ)/Φ(±ℓ)",
          .source = "derived",
          .provenance = Provenance::derived,
          .hypotheses = {"log dν/dγ is Lipschitz"},
          .scope = "instances, at the points y looked at",
          .instances = std::move(instances),
          .tight = {{"cusps at y₁ = 0", [](Trial& trial) { return at_cusp(trial, 1.0); }}},
          .controls = {{"0.9 L on cusps", [](Trial& trial) { return at_cusp(trial, 0.9); }}},
          .on_target = on_covariance_target(evaluate),
          .file = __FILE__,
          .grade = Grade::converged,
          .without_error = true};
}

}  // namespace flowcheck
