#include "gif/covariance_claim.hpp"
#include "gif/gif_claims.hpp"
#include "interpolation/covariance_envelope.hpp"
#include "measures/point_cloud.hpp"
#include "measures/random_gaussian.hpp"

#include <numbers>

namespace flowcheck {
namespace gif_08 {

constexpr const char* sharp = "D²";
constexpr const char* supremum = "D², supremum over y";
constexpr const char* paper = "diam²/2";

Outcome evaluate(const FlowProblem& problem) {
  const double D = known_half_diameter(problem.law->regularity());
  if (!(D < infinity)) return Outcome::not_applicable("the support is bounded");
  const CovarianceFunction bound = bounded_support_bound(D).covariance;
  std::vector<Bound> bounds = covariance_below(problem, bound, sharp);
  const std::vector<Bound> of_all = supremum_below(problem, bound, supremum);
  bounds.insert(bounds.end(), of_all.begin(), of_all.end());
  const CovarianceFunction wide = bounded_support_bound(std::numbers::sqrt2 * D).covariance;
  const std::vector<Bound> weaker = covariance_below(problem, wide, paper);
  bounds.insert(bounds.end(), weaker.begin(), weaker.end());
  return bounds;
}

// Two points anywhere, with any weights, where their posterior weights are ½.
Outcome two_points(Trial& trial, double factor) {
  Rng& rng = trial.rng;
  const Index d = 1 + rng.uniform_index(3);
  const double share = rng.uniform(0.05, 0.95);
  const Matrix points = rng.normal_matrix(d, 2);
  const DataLawPointer law = data_law(PointCloud(points, Vector{{share, 1.0 - share}}));
  const double r = rng.log_uniform(0.1, 20.0);
  const double D = known_half_diameter(law->regularity());
  return covariance_below_at(*law, r, steepest_point(*law, r),
                             factor * bounded_support_bound(D).covariance(r));
}

}  // namespace gif_08

Claim gif_08_bounded_support() {
  using namespace gif_08;
  using enum LawFamily;
  std::vector<Instance> instances =
      law_instances({points, truncated_gaussian, ball, gap, heavy}, evaluate);
  instances.push_back(random_laws("random points", random_points, evaluate));
  return {
      .id = "GIF-08",
      .statement = "diam supp ν = 2D ⇒ Cov[X₁ | Z + rX₁ = y] ⪯ D²I (elsewhere diam²/2)",
      .source = "Popoviciu's inequality; [GaoHuangJiao2024] with diam/√2 for D",
      .provenance = Provenance::derived,
      .hypotheses = {"the support is bounded"},
      // Round-off of exponents r²|ξ|², up to 1e7 on the polynomial schedule.
      .instances = std::move(instances),
      .tight = {{"two points at even odds", [](Trial& trial) { return two_points(trial, 1.0); }}},
      .controls = {{"(0.9 D)² on two points",
                    [](Trial& trial) { return two_points(trial, 0.81); }}},
      .on_target = on_covariance_target(evaluate),
      .file = __FILE__,
      .grade = Grade::converged,
      .without_error = true};
}

}  // namespace flowcheck
