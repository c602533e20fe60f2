#include "measures/posterior_moments.hpp"

#include "numerics/require.hpp"
#include "numerics/spd.hpp"

#include <cmath>

namespace flowcheck {
namespace {

// Component k's posterior N(mₖ, Q diag(a²λ/s²) Qᵀ) and log rₖ up to a constant, in the eigenbasis
// of Σₖ = Q diag(λ) Qᵀ, where Vₖ = Q diag(s²) Qᵀ. s by hypot: its square may underflow, it does
// not.
struct ComponentPosterior {
  double log_weight = -infinity;
  Vector mean = {};
  Vector variances = {};  // a²λ/s²
};

ComponentPosterior component_posterior(
    const GaussianMixture& p, Index k, double b, double a, const Vector& x) {
  const Gaussian& kernel = p.kernel(k);
  const Vector root = kernel.eigenvalues().cwiseSqrt();
  const Vector s = root.unaryExpr([a, b](double r) { return std::hypot(a, b * r); });
  require(s.minCoeff() > 0.0, "posterior: a component of x has no density (the noise is zero)");
  const Vector z =
      (kernel.eigenvectors().transpose() * (x - b * p.means().col(k))).cwiseQuotient(s);
  const Vector share = root.cwiseQuotient(s);  // √λ/s
  return {.log_weight = std::log(p.weights()(k)) - 0.5 * z.squaredNorm() - s.array().log().sum(),
          .mean = p.means().col(k) +
                  kernel.eigenvectors() * (b * root.cwiseProduct(share).cwiseProduct(z)),
          .variances = (a * share).cwiseAbs2()};
}

struct ComponentPosteriors {
  Vector weights = {};    // rₖ
  Matrix means = {};      // mₖ
  Matrix variances = {};  // eigenvalues of Cov[X₁ | x, k]
};

ComponentPosteriors component_posteriors(const GaussianMixture& p,
                                         double b,
                                         double a,
                                         const Vector& x) {
  require(std::isfinite(b) && b >= 0.0, "posterior: the data's scale must be finite, not negative");
  require(std::isfinite(a) && a >= 0.0, "posterior: the noise must be finite, not negative");
  require(x.size() == p.dimension(), "posterior: the point has another dimension");
  const Index K = p.size();
  const Index d = p.dimension();
  ComponentPosteriors result{.weights = Vector::Constant(K, -infinity),
                             .means = Matrix::Zero(d, K),
                             .variances = Matrix::Zero(d, K)};
  for (Index k = 0; k < K; ++k) {
    if (p.weights()(k) == 0.0) continue;
    const ComponentPosterior component = component_posterior(p, k, b, a, x);
    result.weights(k) = component.log_weight;
    result.means.col(k) = component.mean;
    result.variances.col(k) = component.variances;
  }
  result.weights = (result.weights.array() - result.weights.maxCoeff()).exp();
  result.weights /= result.weights.sum();
  return result;
}

}  // namespace

PosteriorMoments posterior_moments(const GaussianMixture& mixture,
                                   double data_scale,
                                   double noise,
                                   const Vector& x) {
  const ComponentPosteriors posterior = component_posteriors(mixture, data_scale, noise, x);
  const Vector& r = posterior.weights;
  const Vector mean = posterior.means * r;
  const Matrix centred = posterior.means.colwise() - mean;
  Matrix covariance = centred * r.asDiagonal() * centred.transpose();
  const auto add = [&](double weight, Index k) {
    const Matrix& Q = mixture.kernel(k).eigenvectors();
    covariance += weight * (Q * posterior.variances.col(k).asDiagonal() * Q.transpose());
  };
  if (mixture.has_common_covariance()) {
    Index heaviest = 0;
    r.maxCoeff(&heaviest);
    add(1.0, heaviest);
  } else {
    for (Index k = 0; k < mixture.size(); ++k) {
      if (r(k) > 0.0) add(r(k), k);
    }
  }
  return {.mean = mean, .covariance = symmetrised(covariance)};
}

Vector posterior_weights(const GaussianMixture& mixture,
                         double data_scale,
                         double noise,
                         const Vector& x) {
  return component_posteriors(mixture, data_scale, noise, x).weights;
}

Vector posterior_third_moment(const GaussianMixture& mixture,
                              double data_scale,
                              double noise,
                              const Vector& x) {
  require(mixture.common_variance() >= 0.0,
          "posterior_third_moment: the components do not share one multiple of the identity");
  const ComponentPosteriors posterior = component_posteriors(mixture, data_scale, noise, x);
  const Vector m = posterior.means * posterior.weights;
  const double sigma = std::sqrt(mixture.common_variance());
  const double s = noise * sigma / std::hypot(noise, data_scale * sigma);
  Vector result = 2.0 * s * s * m;
  for (Index k = 0; k < mixture.size(); ++k) {
    const Vector c = posterior.means.col(k) - m;
    result += posterior.weights(k) * c.dot(posterior.means.col(k) + m) * c;
  }
  return result;
}

}  // namespace flowcheck
