#include "measures/posterior_moments.hpp"

#include "numerics/require.hpp"
#include "numerics/spd.hpp"

#include <cmath>

namespace flowcheck {
namespace {

// Component k in the eigenbasis of Σₖ. s by hypot: its square may underflow, it does not.
void add_component(const GaussianMixture& p,
                   Index k,
                   double b,
                   double a,
                   const Vector& x,
                   ComponentPosteriors& result) {
  const Gaussian& kernel = p.kernel(k);
  const Vector root = kernel.eigenvalues().cwiseSqrt();
  const Vector s = root.unaryExpr([a, b](double r) { return std::hypot(a, b * r); });
  require(s.minCoeff() > 0.0, "posterior: a component of x has no density (the noise is zero)");
  const Vector z =
      (kernel.eigenvectors().transpose() * (x - b * p.means().col(k))).cwiseQuotient(s);
  const Vector share = root.cwiseQuotient(s);  // √λ/s
  result.weights(k) = std::log(p.weights()(k)) - 0.5 * z.squaredNorm() - s.array().log().sum();
  result.distances(k) = z.norm();
  result.means.col(k) =
      p.means().col(k) + kernel.eigenvectors() * (b * root.cwiseProduct(share).cwiseProduct(z));
  result.variances.col(k) = (a * share).cwiseAbs2();
  result.precisions.col(k) = s.cwiseAbs2().cwiseInverse();
  result.scores.col(k) = -(kernel.eigenvectors() * z.cwiseQuotient(s));
}

}  // namespace

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
                             .distances = Vector::Zero(K),
                             .means = Matrix::Zero(d, K),
                             .variances = Matrix::Zero(d, K),
                             .precisions = Matrix::Zero(d, K),
                             .scores = Matrix::Zero(d, K)};
  for (Index k = 0; k < K; ++k) {
    if (p.weights()(k) > 0.0) add_component(p, k, b, a, x, result);
  }
  result.weights = (result.weights.array() - result.weights.maxCoeff()).exp();
  result.weights /= result.weights.sum();
  return result;
}

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
  const ComponentPosteriors posterior = component_posteriors(mixture, data_scale, noise, x);
  const Vector& r = posterior.weights;
  const Vector m = posterior.means * r;
  const Vector traces = posterior.variances.colwise().sum();
  const double mean_trace = traces.dot(r);
  Vector result = Vector::Zero(x.size());
  for (Index k = 0; k < mixture.size(); ++k) {
    if (r(k) == 0.0) continue;
    const Vector mean = posterior.means.col(k);
    const Vector c = mean - m;
    const Matrix& Q = mixture.kernel(k).eigenvectors();
    const Vector spread = Q * posterior.variances.col(k).cwiseProduct(Q.transpose() * mean);
    result += r(k) * ((c.dot(mean + m) + traces(k) - mean_trace) * c + 2.0 * spread);
  }
  return result;
}

}  // namespace flowcheck
