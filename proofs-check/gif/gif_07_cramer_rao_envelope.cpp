#include "gif/covariance_claim.hpp"
#include "gif/gif_claims.hpp"
#include "interpolation/covariance_envelope.hpp"
#include "measures/line_laws.hpp"
#include "measures/line_posterior.hpp"

#include <cmath>

namespace flowcheck {
namespace gif_07 {

constexpr const char* everywhere = "C ⪰ 1/(β + r²)";
constexpr const char* by_hessian = "C ⪰ (E[∇²U | y] + r²)⁻¹";

CovarianceFunction envelope(double beta) {
  return semi_log_convex_lower_bound(beta).covariance;
}

Outcome evaluate(const FlowProblem& problem) {
  const double beta = known_curvature_upper(problem.law->regularity());
  if (!(beta < infinity))
    return Outcome::not_applicable(
        unmet_or_unknown(*problem.law, "β|x|²/2 − U is convex, on all of ℝᵈ"));
  return covariance_above(problem, envelope(beta), everywhere);
}

Outcome with_hessian(Trial& trial, const LineMeasure& p) {
  Rng& rng = trial.rng;
  const double r = rng.log_uniform(0.1, 10.0);
  const double y = r * p.quantile(rng.uniform(0.001, 0.999)) + rng.normal();
  const LineMeasure posterior = posterior_law(p, r, y);
  const Estimate inverse = 1.0 / (posterior.expectation(p.potential().curvature) + r * r);
  std::vector<Bound> bounds = {{.lhs = inverse, .rhs = posterior.variance(), .part = by_hessian}};
  const Estimate beta = regularity(p).curvature_upper;
  if (beta.upper < infinity) {
    bounds.push_back({.lhs = envelope(beta.upper)(r),
                      .rhs = inverse,
                      .part = "1/(β + r²) ≤ (E[∇²U] + r²)⁻¹",
                      .auxiliary = true});
  }
  return bounds;
}

// N(0, I/β) with β taken 10 % too small.
Outcome too_flat(Trial& trial) {
  const double beta = trial.rng.log_uniform(0.2, 5.0);
  const double r = trial.rng.log_uniform(0.1, 0.5) * std::sqrt(beta);
  const DataLawPointer law = data_law(Gaussian(Vector::Zero(2), Matrix::Identity(2, 2) / beta));
  return covariance_above_at(*law, r, trial.rng.normal_vector(2), envelope(0.9 * beta)(r));
}

// β = 0 of a law that ends: 1/r² is too much to ask of it.
Outcome bounded_support() {
  const double r = 3.0;
  return covariance_above_at(*interpolation_law("uniform on [−1, 1]").law, r,
                             Vector::Constant(1, 3.0), 1.0 / (Estimate(r) * r));
}

}  // namespace gif_07

Claim gif_07_cramer_rao_envelope() {
  using namespace gif_07;
  using enum LawFamily;
  std::vector<Instance> instances = law_instances({shift, two_centres, mixture, general_mixture,
                                                   truncated_gaussian, points, cusp, tilt_mixture},
                                                  evaluate);
  instances.push_back(
      random_laws("random mixtures of one width", random_isotropic_mixture, evaluate));
  instances.push_back(random_laws("random mixtures", random_general_mixture, evaluate));
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
  return {.id = "GIF-07",
          .statement =
              "ν = e^{−U} on all of ℝᵈ, ∇²U ⪯ βI ⇒ Cov[X₁ | Z + rX₁ = y] ⪰ (E[∇²U | y] + "
              "r²I)⁻¹ ⪰ I/(β + r²)",
          .source = "Cramér and Rao's inequality for the posterior, as in [GaoHuangJiao2024]",
          .provenance = Provenance::derived,
          .hypotheses = {"β|x|²/2 − U is convex, on all of ℝᵈ"},
          .scope = "instances, at the points y looked at",
          .instances = std::move(instances),
          .tight = law_instances({gaussian}, evaluate),
          .controls = {{"0.9 β on N(0, I/β)", too_flat},
                       at_once("β = 0 on an interval", bounded_support)},
          .on_target = on_covariance_target(evaluate),
          .file = __FILE__,
          .grade = Grade::converged,
          .without_error = true};
}

}  // namespace flowcheck
