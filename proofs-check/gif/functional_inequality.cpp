#include "gif/functional_inequality.hpp"

#include "interpolation/covariance_envelope.hpp"
#include "measures/gaussian_mixture.hpp"
#include "measures/line_laws.hpp"
#include "numerics/require.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace flowcheck {
namespace {

// Classes by name, and what a measure of none of their constants fails or is not known to have.
struct MeasureClass {
  const char* name;
  const char* missing;
};
constexpr std::array<MeasureClass, 4> classes = {
    {{"κ", "left out: κ is not known"},
     {"bounded + κ", "the support is bounded"},
     {"mixture", "ν = N(0, σ²I) * ρ with σ > 0, ρ bounded"},
     {"log-Lipschitz", "left out: log dν/dγ is not known to be Lipschitz"}}};

// κ may be known from below only.
const char* no_curvature(const Regularity& measure) {
  return measure.curvature_lower.upper > 0.0 ? "left out: κ > 0 is not known" : "κ > 0";
}

Estimate squared_stretch(const CovarianceBound& bound) {
  return exp(2.0 * bound.log_stretch(0.0, infinity));
}

}  // namespace

std::vector<Bound> below_squared_lipschitz(const Estimate& constant,
                                           const Regularity& measure,
                                           const std::string& among) {
  const CovarianceEnvelope envelope = covariance_envelope(measure);
  std::vector<Bound> bounds;
  for (const auto& [name, missing] : classes) {
    const std::string part = name + among;
    const auto bound = std::ranges::find(envelope.upper, name, &CovarianceBound::name);
    if (bound == envelope.upper.end()) {
      bounds.push_back(left_out(part, missing));
      continue;
    }
    const Estimate squared = squared_stretch(*bound);
    if (squared.upper == infinity) {
      bounds.push_back(left_out(
          part, bound->name == "κ" ? no_curvature(measure) : "left out: Λ² is beyond double"));
    } else {
      bounds.push_back({.lhs = constant, .rhs = squared, .part = part});
    }
  }
  return bounds;
}

Estimate squared_lipschitz(const Regularity& measure, const std::string& name) {
  const CovarianceEnvelope envelope = covariance_envelope(measure);
  const auto bound = std::ranges::find(envelope.upper, name, &CovarianceBound::name);
  require(bound != envelope.upper.end(), "squared_lipschitz: the measure is not of this class");
  return squared_stretch(*bound);
}

LineMeasure two_centres(double radius, double sigma) {
  return gaussian_mixture_law({0.5, 0.5}, {-radius, radius}, {sigma, sigma});
}

GaussianMixture draw_isotropic_mixture(Rng& rng, Index dimension, Index components) {
  Matrix means = rng.normal_matrix(dimension, components);
  const double largest = means.colwise().norm().maxCoeff();
  means *= rng.log_uniform(0.2, 2.0) / largest;
  Vector weights = Vector::NullaryExpr(components, [&] { return 0.05 + rng.uniform(); });
  weights /= weights.sum();
  const double sigma = rng.uniform() < 0.3 ? 1.0 : rng.log_uniform(0.5, 1.5);
  return GaussianMixture::isotropic(std::move(weights), std::move(means), sigma * sigma);
}

std::vector<Instance> line_law_families(
    std::function<Outcome(const LineMeasure& p, Trial& trial)> evaluate) {
  return {{"mixtures of two to four, one width",
           [=](Trial& trial) {
             Rng& rng = trial.rng;
             const GaussianMixture p = draw_isotropic_mixture(rng, 1, 2 + rng.uniform_index(3));
             std::vector<double> weights, means, deviations;
             for (Index k = 0; k < p.size(); ++k) {
               weights.push_back(p.weights()(k));
               means.push_back(p.means()(0, k));
               deviations.push_back(std::sqrt(p.common_variance()));
             }
             return evaluate(gaussian_mixture_law(weights, means, deviations), trial);
           }},
          {"e^{−κx²/2} on an interval",
           [=](Trial& trial) {
             const double D = trial.rng.log_uniform(0.3, 2.0);
             return evaluate(truncated_gaussian_law(trial.rng.uniform(-6.0, 6.0) / (D * D), D),
                             trial);
           }},
          {"e^{cx} on an interval",
           [=](Trial& trial) {
             const double D = trial.rng.log_uniform(0.3, 2.0);
             return evaluate(tilted_uniform_law(trial.rng.uniform(-8.0, 8.0) / D, D), trial);
           }},
          {"cusps of either sign",
           [=](Trial& trial) { return evaluate(cusp_law(trial.rng.uniform(-3.0, 2.0)), trial); }},
          {"strictly convex potentials", [=](Trial& trial) {
             Rng& rng = trial.rng;
             return evaluate(log_cosh_law(rng.log_uniform(0.2, 4.0), rng.uniform(0.0, 3.0),
                                          rng.log_uniform(0.3, 3.0)),
                             trial);
           }}};
}

}  // namespace flowcheck
