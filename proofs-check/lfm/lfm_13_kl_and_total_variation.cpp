#include "distances/divergence.hpp"
#include "distances/gaussian_divergence.hpp"
#include "distances/singular_divergence.hpp"
#include "lfm/lfm_claims.hpp"
#include "measures/point_cloud.hpp"
#include "measures/random_gaussian.hpp"
#include "numerics/round_off.hpp"

#include <cmath>
#include <optional>
#include <variant>

namespace flowcheck {
namespace lfm_13 {

const char* const without_variation = "left out: total variation is computed in d = 1";

// Divergences of one pair p, q, data first.
struct Divergences {
  Estimate chi_squared = 0.0;
  Estimate kl = 0.0;
  std::optional<Estimate> total_variation = {};
};

// log(1 + x), x ≥ 0 up to its enclosure, with its digits near 0.
Estimate log1p(const Estimate& x) {
  if (x.lower == infinity) return x;
  const double value = std::log1p(x.value);
  const double error = 4.0 * unit_round_off * (std::isfinite(value) ? value : 0.0);
  return widened(
      Estimate::between(value, std::log1p(std::max(0.0, x.lower)), std::log1p(x.upper), x.grade),
      error);
}

std::vector<Bound> inequalities(const Divergences& D) {
  const Estimate log_mean = log1p(D.chi_squared);
  std::vector<Bound> bounds = {
      {.lhs = D.kl, .rhs = log_mean, .part = "KL ≤ log(1 + χ²)", .scale = 1.0},
      {.lhs = log_mean, .rhs = D.chi_squared, .part = "log(1 + χ²) ≤ χ²", .scale = 1.0}};
  const std::vector<Bound> of_variation =
      D.total_variation ? std::vector<Bound>{{.lhs = *D.total_variation,
                                              .rhs = sqrt(0.5 * D.kl),
                                              .part = "TV ≤ √(KL/2)",
                                              .scale = 1.0},
                                             {.lhs = *D.total_variation,
                                              .rhs = 0.5 * sqrt(D.chi_squared),
                                              .part = "TV ≤ ½√χ²",
                                              .scale = 1.0}}
                        : std::vector<Bound>{left_out("TV ≤ √(KL/2)", without_variation),
                                             left_out("TV ≤ ½√χ²", without_variation)};
  bounds.insert(bounds.end(), of_variation.begin(), of_variation.end());
  return bounds;
}

Divergences divergences(const PointCloud& p, const PointCloud& q) {
  return {.chi_squared = divergence(Divergence::chi_squared, p, q),
          .kl = divergence(Divergence::kl, p, q),
          .total_variation = divergence(Divergence::total_variation, p, q)};
}

Divergences divergences(const Gaussian& p, const Gaussian& q) {
  Divergences result{.chi_squared = chi_squared(p, q), .kl = kl(p, q)};
  if (p.dimension() == 1) result.total_variation = total_variation(p, q);
  return result;
}

Divergences divergences(const GaussianMixture& p, const GaussianMixture& q) {
  return {.chi_squared = chi_squared(p, q),
          .kl = kl(p, q),
          .total_variation = p.dimension() == 1 ? std::optional(total_variation(p, q))
                                                : std::optional<Estimate>()};
}

PointCloud on_integers(const Vector& weights) {
  const Index n = weights.size();
  return {Vector::LinSpaced(n, 0.0, static_cast<double>(n - 1)).transpose(),
          weights / weights.sum()};
}

Outcome random_gaussians(Trial& trial) {
  const Index d = 1 + trial.rng.uniform_index(6);
  const Gaussian p = random_gaussian(trial.rng, d, {.largest_variance = 1.9});
  return inequalities(divergences(p, Gaussian::standard(d)));
}

Outcome random_gaussians_on_the_line(Trial& trial) {
  const Gaussian p(Vector::Constant(1, 1.5 * trial.rng.normal()),
                   Matrix::Constant(1, 1, trial.rng.uniform(0.1, 2.5)));  // χ² = ∞ from 2 on
  return inequalities(divergences(p, Gaussian::standard(1)));
}

Outcome random_mixtures(Trial& trial) {
  const Index K = 2 + trial.rng.uniform_index(3);
  Vector weights(K);
  for (double& w : weights) w = trial.rng.uniform(0.1, 1.0);
  std::vector<Matrix> variances;
  for (Index k = 0; k < K; ++k) {
    variances.push_back(Matrix::Constant(1, 1, trial.rng.uniform(0.1, 1.5)));
  }
  const GaussianMixture p(weights / weights.sum(), 1.5 * trial.rng.normal_matrix(1, K), variances);
  return inequalities(divergences(p, GaussianMixture(Gaussian::standard(1))));
}

Outcome random_discrete_laws(Trial& trial) {
  const Index n = 2 + trial.rng.uniform_index(9);
  const auto draw = [&] {
    Vector weights(n);
    for (double& w : weights) w = trial.rng.log_uniform(1e-4, 1.0);
    return on_integers(weights);
  };
  return inequalities(divergences(draw(), draw()));
}

// q restricted to a set of mass `mass`.
Divergences restriction(double mass) {
  return divergences(on_integers(Vector{{1.0, 0.0}}), on_integers(Vector{{mass, 1.0 - mass}}));
}

// q = (½, ½), p = ((1 ± a)/2): |p/q − 1| = a everywhere.
Divergences two_level(double a) {
  return divergences(on_integers(Vector{{0.5 * (1.0 + a), 0.5 * (1.0 - a)}}),
                     on_integers(Vector{{0.5, 0.5}}));
}

Outcome half_of_chi_squared() {
  const Divergences D = restriction(0.9);
  return Bound{.lhs = D.kl, .rhs = 0.5 * D.chi_squared};
}

Outcome without_root() {
  const Divergences D = two_level(0.1);
  return Bound{.lhs = *D.total_variation, .rhs = 0.5 * D.chi_squared};
}

Outcome on_target(const Target& target) {
  if (const auto* p = std::get_if<Gaussian>(&target.start)) {
    if (!p->has_density()) return Outcome::not_applicable("p has a density");
    return inequalities(divergences(*p, target.reference));
  }
  const auto* p = std::get_if<GaussianMixture>(&target.start);
  if (p == nullptr || !p->has_density()) return Outcome::not_applicable("p has a density");
  if (p->dimension() > 2) {
    return Outcome::not_applicable("left out: KL of mixtures is computed in d ≤ 2");
  }
  return inequalities(divergences(*p, GaussianMixture(target.reference)));
}

}  // namespace lfm_13

Claim lfm_13_kl_and_total_variation() {
  using namespace lfm_13;
  return {.id = "LFM-13",
          .statement = "KL(p ‖ q) ≤ log(1 + χ²(p ‖ q)) ≤ χ²;  TV ≤ √(KL/2) and TV ≤ ½√χ²",
          .source = "corollary recalled of [XuChengXie2024]; Jensen, Pinsker, Cauchy–Schwarz",
          .provenance = Provenance::derived,
          .hypotheses = {"p ≪ q; where χ² = ∞ nothing is said"},
          .instances = {{"random Gaussians, d = 1 … 6", random_gaussians},
                        {"random Gaussians, d = 1", random_gaussians_on_the_line},
                        {"random mixtures, d = 1", random_mixtures},
                        {"random discrete laws", random_discrete_laws}},
          .tight = {{"q restricted to a set",
                     [](Trial& t) { return inequalities(restriction(t.rng.uniform(0.1, 0.9))); }},
                    {"|p/q − 1| = a",
                     [](Trial& t) { return inequalities(two_level(t.rng.uniform(0.01, 0.9))); }}},
          .controls = {{"KL ≤ ½χ²", [](Trial&) { return half_of_chi_squared(); }, false},
                       {"TV ≤ ½χ²", [](Trial&) { return without_root(); }, false}},
          .on_target = on_target,
          .file = __FILE__,
          .grade = Grade::converged,
          .without_error = true};
}

}  // namespace flowcheck
