#include "gif/covariance_claim.hpp"
#include "gif/gif_claims.hpp"
#include "interpolation/covariance_envelope.hpp"
#include "measures/enclosing_ball.hpp"
#include "measures/tilted_moments.hpp"
#include "numerics/spd.hpp"

#include <algorithm>
#include <cmath>

namespace flowcheck {
namespace gif_09 {

constexpr const char* sharp = "V(κ + r², D)";
constexpr const char* supremum = "V(κ + r², D), supremum over y";
constexpr const char* classical = "min(D², 1/(κ + r²))";

Outcome evaluate(const FlowProblem& problem) {
  const double kappa = known_curvature_lower(problem.law->regularity());
  const double D = known_half_diameter(problem.law->regularity());
  if (!(D < infinity)) return Outcome::not_applicable("the support is bounded");
  if (!std::isfinite(kappa)) {
    return Outcome::not_applicable("U − κ|x|²/2 is convex, on a convex support");
  }
  const CovarianceFunction bound = bounded_semi_log_concave_bound(kappa, D).covariance;
  std::vector<Bound> bounds = covariance_below(problem, bound, sharp);
  const auto add = [&](const std::vector<Bound>& more) {
    bounds.insert(bounds.end(), more.begin(), more.end());
  };
  add(supremum_below(problem, bound, supremum));
  add(covariance_below(problem, classical_bounded_bound(kappa, D).covariance, classical));
  return bounds;
}

// The posterior's own density, e^{−g(x) + sx − kx²/2} on [−D, D] with g convex and piecewise
// linear.
Outcome on_line(Trial& trial) {
  Rng& rng = trial.rng;
  const double D = rng.log_uniform(0.5, 2.0);
  const double k = rng.uniform(-12.0, 12.0) / (D * D);
  const Index knots = rng.uniform_index(5);
  PiecewiseLinear g;
  for (Index i = 0; i < knots; ++i) g.knots.push_back(rng.uniform(-D, D));
  std::ranges::sort(g.knots);
  for (Index i = 0; i <= knots; ++i) g.slopes.push_back(rng.uniform(-4.0, 4.0) / D);
  std::ranges::sort(g.slopes, std::greater<>());  // g is minus what is convex
  const LineMoments moments = piecewise_gaussian_moments(g, rng.uniform(-3.0, 3.0) / D, k, -D, D);
  return Bound{.lhs = Estimate::converged(moments.variance, moments.error),
               .rhs = bounded_semi_log_concave_bound(k, D).covariance(0.0),
               .part = sharp};
}

// e^{⟨s, x⟩ − k|x|²/2} on the hull of some points.
Outcome on_polygon(Trial& trial) {
  Rng& rng = trial.rng;
  const Matrix hull = convex_hull(rng.normal_matrix(2, 3 + rng.uniform_index(5)));
  const Estimate D = diameter(hull) / 2.0;
  const double k = rng.uniform(-12.0, 12.0) / (D.value * D.value);
  double error = 0.0;
  const PosteriorMoments moments =
      polygon_gaussian_moments(hull, 3.0 / D.value * rng.normal_vector(2), k, &error);
  return Bound{.lhs = Estimate::converged(largest_eigenpair(moments.covariance).value, error),
               .rhs = bounded_semi_log_concave_bound(k, D.upper).covariance(0.0),
               .part = sharp};
}

// e^{−κx²/2} on [−1, 1] at y = 0, with D too small in the bound.
Outcome short_diameter(double k) {
  return covariance_below_at(*truncated_gaussian_data(k - 1.0, 1.0), 1.0, Vector::Zero(1),
                             bounded_semi_log_concave_bound(k - 1.0, 0.95).covariance(1.0));
}

Outcome at_centre(Trial& trial) {
  Rng& rng = trial.rng;
  const double D = rng.log_uniform(0.3, 3.0);
  const double kappa = rng.uniform(-12.0, 6.0) / (D * D);
  const double r = rng.log_uniform(0.05, 10.0) / D;
  return covariance_below_at(*truncated_gaussian_data(kappa, D), r, Vector::Zero(1),
                             bounded_semi_log_concave_bound(kappa, D).covariance(r));
}

// κ = 0 on [−1, −½] ∪ [½, 1].
Outcome gap_in_support() {
  return covariance_below_at(*interpolation_law("uniform on two intervals").law, 0.5,
                             Vector::Zero(1),
                             bounded_semi_log_concave_bound(0.0, 1.0).covariance(0.5));
}

}  // namespace gif_09

Claim gif_09_bounded_convex_support() {
  using namespace gif_09;
  using enum LawFamily;
  std::vector<Instance> instances =
      law_instances({truncated_gaussian, ball, points, gap, heavy}, evaluate);
  instances.push_back({"concave exponents beside −kx²/2 on an interval", on_line});
  instances.push_back({"e^{⟨s, x⟩ − k|x|²/2} on polygons", on_polygon});
  return {.id = "GIF-09",
          .statement =
              "ν κ-semi-log-concave on a convex support of diameter 2D, κ ∈ ℝ ⇒ Cov[X₁ | Z "
              "+ rX₁ = y] ⪯ V(κ + r², D)I, the variance of e^{−(κ + r²)x²/2} on [−D, D]",
          .source = "derived; d ≥ 2 by needles, the extremal tilt by the GHS inequality",
          .provenance = Provenance::derived,
          .hypotheses = {"U − κ|x|²/2 is convex, on a convex support", "the support is bounded"},
          .instances = std::move(instances),
          .tight = {{"e^{−κx²/2} on [−D, D] at y = 0", at_centre}},
          .controls = {at_once("V(k, 0.95 D), k = 1", [] { return short_diameter(1.0); }),
                       at_once("V(k, 0.95 D), k = −3", [] { return short_diameter(-3.0); }),
                       at_once("two intervals", gap_in_support)},
          .on_target = on_covariance_target(evaluate),
          .file = __FILE__,
          .grade = Grade::converged,
          .without_error = true};
}

}  // namespace flowcheck
