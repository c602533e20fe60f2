#include "gif/covariance_claim.hpp"
#include "gif/gif_claims.hpp"
#include "interpolation/covariance_envelope.hpp"
#include "measures/line_laws.hpp"
#include "measures/line_posterior.hpp"

#include <cmath>

namespace flowcheck {
namespace gif_06 {

constexpr const char* everywhere = "C ⪯ 1/(κ + r²)";
constexpr const char* supremum = "supremum over y";
constexpr const char* by_hessian = "C ⪯ E[(∇²U + r²)⁻¹ | y]";

CovarianceFunction envelope(double kappa) {
  return semi_log_concave_bound(kappa).covariance;
}

Outcome evaluate(const FlowProblem& problem) {
  const double kappa = known_curvature_lower(problem.law->regularity());
  if (!std::isfinite(kappa)) {
    return Outcome::not_applicable(
        unmet_or_unknown(*problem.law, "U − κ|x|²/2 is convex, on a convex support"));
  }
  std::vector<Bound> bounds = covariance_below(problem, envelope(kappa), everywhere);
  if (bounds.empty()) return Outcome::not_applicable("κ + r² > 0");
  const std::vector<Bound> of_all = supremum_below(problem, envelope(kappa), supremum);
  bounds.insert(bounds.end(), of_all.begin(), of_all.end());
  return bounds;
}

// The posterior's own curvature, where that is a function: on the line.
Outcome with_hessian(Trial& trial, const LineMeasure& p) {
  Rng& rng = trial.rng;
  const Estimate kappa = regularity(p).curvature_lower;
  const double r = rng.log_uniform(0.1, 10.0);
  if (!(kappa.lower + r * r > 0.0)) return Outcome::not_applicable("κ + r² > 0");
  const double y = r * p.quantile(rng.uniform(0.001, 0.999)) + rng.normal();
  const LineMeasure posterior = posterior_law(p, r, y);
  const Estimate mean_inverse =
      posterior.expectation([&](double x) { return 1.0 / (p.potential().curvature(x) + r * r); });
  return std::vector<Bound>{{.lhs = posterior.variance(), .rhs = mean_inverse, .part = by_hessian},
                            {.lhs = mean_inverse,
                             .rhs = envelope(kappa.lower)(r),
                             .part = "E[(∇²U + r²)⁻¹] ≤ 1/(κ + r²)",
                             .auxiliary = true}};
}

// N(0, 1/κ) with κ taken 10 % too large.
Outcome too_convex(Trial& trial) {
  const double kappa = trial.rng.log_uniform(0.2, 5.0);
  const double r = trial.rng.log_uniform(0.1, 0.5) * std::sqrt(kappa);
  const DataLawPointer law = data_law(Gaussian(Vector::Zero(2), Matrix::Identity(2, 2) / kappa));
  return covariance_below_at(*law, r, trial.rng.normal_vector(2), envelope(1.1 * kappa)(r));
}

// "κ = 0" on [−1, −½] ∪ [½, 1].
Outcome gap_in_support(double r) {
  return covariance_below_at(*interpolation_law("uniform on two intervals").law, r, Vector::Zero(1),
                             envelope(0.0)(r));
}

}  // namespace gif_06

Claim gif_06_brascamp_lieb_envelope() {
  using namespace gif_06;
  using enum LawFamily;
  std::vector<Instance> instances = law_instances(
      {shift, two_centres, mixture, truncated_gaussian, ball, cusp, tilt_mixture, heavy}, evaluate);
  instances.push_back(
      random_laws("random mixtures of one width", random_isotropic_mixture, evaluate));
  instances.push_back(random_laws("random Gaussians", random_gaussian_data, evaluate));
  instances.push_back({"log cosh potentials", [](Trial& trial) {
                         Rng& rng = trial.rng;
                         return with_hessian(
                             trial, log_cosh_law(rng.log_uniform(0.1, 4.0), rng.uniform(0.0, 4.0),
                                                 rng.log_uniform(0.3, 3.0)));
                       }});
  instances.push_back({"wells", [](Trial& trial) {
                         return with_hessian(trial,
                                             double_well_law(trial.rng.log_uniform(0.3, 2.0)));
                       }});
  return {
      .id = "GIF-06",
      .statement =
          "ν = e^{−U}, ∇²U ⪰ κI on a convex support, κ + r² > 0 ⇒ Cov[X₁ | Z + rX₁ = y] "
          "⪯ E[(∇²U + r²I)⁻¹ | y] ⪯ I/(κ + r²)",
      .source = "[BrascampLieb1976] for the posterior, as in [GaoHuangJiao2024]",
      .provenance = Provenance::derived,
      .hypotheses = {"U − κ|x|²/2 is convex, on a convex support", "κ + r² > 0"},
      .instances = std::move(instances),
      .tight = law_instances({gaussian}, evaluate),
      .controls = {{"1.1 κ on N(0, I/κ)", too_convex},
                   at_once("κ = 0 on two intervals, r = 3", [] { return gap_in_support(3.0); }),
                   at_once("κ = 0 on two intervals, r = 8", [] { return gap_in_support(8.0); })},
      .on_target = on_covariance_target(evaluate),
      .file = __FILE__,
      .grade = Grade::converged,
      .without_error = true};
}

}  // namespace flowcheck
