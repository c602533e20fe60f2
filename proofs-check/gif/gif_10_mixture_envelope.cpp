#include "gif/covariance_claim.hpp"
#include "gif/gif_claims.hpp"
#include "interpolation/covariance_envelope.hpp"
#include "measures/gaussian_mixture.hpp"
#include "measures/posterior_moments.hpp"
#include "numerics/round_off.hpp"

#include <cmath>

namespace flowcheck {
namespace gif_10 {

constexpr const char* from_above = "C ⪯ σ²/v + R²/v²";
constexpr const char* supremum = "supremum over y";
constexpr const char* from_below = "C ⪰ σ²/v";
constexpr const char* total = "C = σ²/v + C_W/v²";

// What rounding does to the covariance that comes from components, x = y being seen at r: log-odds
// of squares |y − rμ_k|²/v, ∂C/∂log p_k = p_k(ccᵀ − C) for c = m_k − m, and the means m_k.
double component_error(const GaussianMixture& p,
                       double r,
                       const Vector& y,
                       const ComponentPosteriors& parts,
                       const PosteriorMoments& all) {
  const auto d = static_cast<double>(p.dimension());
  const double s = std::sqrt(1.0 + p.common_variance() * r * r);
  const double gain = r * p.common_variance() / (s * s);
  const Matrix spread = all.covariance - p.common_variance() / (s * s) *
                                             Matrix::Identity(p.dimension(), p.dimension());
  double of_weights = 0.0;
  double of_means = 0.0;
  for (Index k = 0; k < p.size(); ++k) {
    const double weight = parts.weights(k);
    if (weight == 0.0) continue;
    const Vector c = parts.means.col(k) - all.mean;
    const double z = parts.distances(k);
    const double reach = y.norm() + r * p.means().col(k).norm();
    const double log_error = unit_round_off * (8.0 + 2.0 * std::abs(std::log(p.weights()(k))) +
                                               (8.0 + 2.0 * d) * z * (z + reach / s));
    of_weights += weight * log_error * (c * c.transpose() - spread).norm() +
                  4.0 * weight * log_error * log_error * (c.squaredNorm() + spread.norm());
    of_means += weight * c.norm() * round_off(p.means().col(k).norm() + gain * reach, 1) / 4.0;
  }
  return of_weights + of_means;
}

// The covariance of X₁ from the components' posteriors, against that of the centre, from a law of
// points: C_W is what the velocity is made of. Not where rounding of the components' squares, as
// they stand, leaves their weights less than nine digits: far out, |y − rμ_k|² u is more.
std::vector<Bound> law_of_total_covariance(const FlowProblem& problem) {
  const GaussianMixture& p = *problem.law->mixture();
  const double variance = p.common_variance();
  const Index d = p.dimension();
  std::vector<Bound> bounds;
  visit(problem, bounds, [&](const FlowPoint& at) {
    const double r = at.values.r();
    const Vector y = at.x / at.values.a;
    const double v = 1.0 + variance * r * r;
    const LatentMoments centre = problem.law->smooth_part(r, 1.0, y)->moments;
    const PosteriorMoments all = posterior_moments(p, r, 1.0, y);
    const Matrix sum = variance / v * Matrix::Identity(d, d) + centre.covariance / (v * v);
    const double size = sum.norm();
    const double error = centre.covariance_error / (v * v) + round_off(size, d) +
                         component_error(p, r, y, component_posteriors(p, r, 1.0, y), all);
    if (error > 1e-9 * size) return;
    const double difference = (all.covariance - sum).norm();
    bounds.push_back(identity(Estimate::closed_form(difference, error), 0.0, total, size));
  });
  if (bounds.empty())
    bounds.push_back(left_out(
        total, "left out: rounding leaves the components' weights fewer than nine digits"));
  return bounds;
}

Outcome evaluate(const FlowProblem& problem) {
  const KnownMixture known = known_mixture(problem.law->regularity());
  if (!(known.scale > 0.0))
    return Outcome::not_applicable("ν = N(0, σ²I) * ρ with σ > 0, ρ bounded");
  std::vector<Bound> bounds;
  const auto add = [&](const std::vector<Bound>& more) {
    bounds.insert(bounds.end(), more.begin(), more.end());
  };
  if (known.radius < infinity) {
    const CovarianceFunction bound = mixture_bound(known.scale, known.radius).covariance;
    add(covariance_below(problem, bound, from_above));
    add(supremum_below(problem, bound, supremum));
  }
  add(covariance_above(problem, mixture_lower_bound(known.scale).covariance, from_below));
  const GaussianMixture* p = problem.law->mixture();
  if (p != nullptr && p->common_variance() > 0.0) add(law_of_total_covariance(problem));
  return bounds;
}

struct TwoCentres {
  double R = 1.0;
  double sigma = 1.0;
  DataLawPointer law = {};
};

TwoCentres draw_two_centres(Rng& rng) {
  TwoCentres result{rng.log_uniform(0.3, 2.0), rng.log_uniform(0.3, 1.5)};
  result.law = two_centre_data(result.R, result.sigma, rng.uniform(0.1, 0.9));
  return result;
}

// At even odds, R being a factor of the true one.
Outcome at_even_odds(Trial& trial, double factor) {
  const TwoCentres p = draw_two_centres(trial.rng);
  const double r = trial.rng.log_uniform(0.1, 5.0);
  return covariance_below_at(*p.law, r, steepest_point(*p.law, r),
                             mixture_bound(p.sigma, factor * p.R).covariance(r));
}

// So far out that one centre is left, σ² being a factor of the true one.
Outcome far_out(Trial& trial, double factor) {
  const TwoCentres p = draw_two_centres(trial.rng);
  const double r = trial.rng.log_uniform(0.1, 1.0);
  const double v = 1.0 + p.sigma * p.sigma * r * r;
  const Vector y = steepest_point(*p.law, r) + Vector::Constant(1, 40.0 * v / (r * p.R));
  return covariance_above_at(*p.law, r, y,
                             mixture_lower_bound(std::sqrt(factor) * p.sigma).covariance(r));
}

}  // namespace gif_10

Claim gif_10_mixture_envelope() {
  using namespace gif_10;
  using enum LawFamily;
  std::vector<Instance> instances =
      law_instances({shift, two_centres, mixture, tilt_mixture, general_mixture, points}, evaluate);
  instances.push_back(
      random_laws("random mixtures of one width", random_isotropic_mixture, evaluate));
  return {
      .id = "GIF-10",
      .statement =
          "ν = N(0, σ²I) * ρ, supp ρ in a ball of radius R, v = 1 + σ²r² ⇒ (σ²/v)I ⪯ "
          "Cov[X₁ | Z + rX₁ = y] = (σ²/v)I + Cov[W | y]/v² ⪯ (σ²/v + R²/v²)I",
      .source = "law of total covariance; [BentonDeligiannidisDoucet2024] for λ = 1 + R²/σ²",
      .provenance = Provenance::derived,
      .hypotheses = {"ν = N(0, σ²I) * ρ with σ > 0, supp ρ bounded"},
      // Round-off of exponents r²|ξ|², up to 1e7 on the polynomial schedule.
      .instances = std::move(instances),
      .tight = {{"two centres at even odds", [](Trial& trial) { return at_even_odds(trial, 1.0); }},
                {"two centres, far out", [](Trial& trial) { return far_out(trial, 1.0); }}},
      .controls = {{"0.9 R at even odds", [](Trial& trial) { return at_even_odds(trial, 0.9); }},
                   {"1.1 σ² far out", [](Trial& trial) { return far_out(trial, 1.1); }}},
      .on_target = on_covariance_target(evaluate),
      .file = __FILE__,
      .grade = Grade::converged,
      .without_error = true};
}

}  // namespace flowcheck
