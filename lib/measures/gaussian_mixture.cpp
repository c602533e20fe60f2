#include "measures/gaussian_mixture.hpp"

#include "measures/mixture_posterior.hpp"
#include "numerics/require.hpp"
#include "numerics/rng.hpp"
#include "numerics/spd.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace flowcheck {
namespace {

constexpr double largest_mass_error = 1e-9;  // of weights written with ten digits

bool is_multiple_of_identity(const Matrix& S) {
  const Index d = S.rows();
  return S == S(0, 0) * Matrix::Identity(d, d);
}

// What log density, score and Hessian are made of: posterior weights rₖ of the components and the
// pulls gₖ = Σₖ⁻¹(x − mₖ).
struct Pulls {
  double log_density = 0.0;
  Vector weights = {};
  Matrix pulls = {};  // d × K
  Vector mean = {};   // Σ rₖ gₖ
};

Pulls pulls_at(const GaussianMixture& p, const Vector& x) {
  require(p.has_density(), "GaussianMixture: a component's covariance is singular");
  require(x.size() == p.dimension(), "GaussianMixture: the point has another dimension");
  const Index K = p.size();
  Pulls result{.weights = Vector::Zero(K), .pulls = Matrix::Zero(p.dimension(), K)};
  Vector logs = Vector::Constant(K, -infinity);
  for (Index k = 0; k < K; ++k) {
    if (p.weights()(k) == 0.0) continue;
    const Vector offset = x - p.means().col(k);
    logs(k) = std::log(p.weights()(k)) + p.kernel(k).log_density(offset);
    result.pulls.col(k) = -p.kernel(k).score(offset);
  }
  const double largest = logs.maxCoeff();
  if (!std::isfinite(largest)) {  // |x| beyond 1e154: the density is zero in double
    result.log_density = largest;
    return result;
  }
  result.weights = (logs.array() - largest).exp();
  const double sum = result.weights.sum();
  result.weights /= sum;
  result.log_density = largest + std::log(sum);
  result.mean = result.pulls * result.weights;
  return result;
}

std::vector<Matrix> mapped_covariances(const GaussianMixture& p, auto&& map) {
  std::vector<Matrix> result;
  const Index count = p.has_common_covariance() ? 1 : p.size();
  result.reserve(static_cast<std::size_t>(count));
  for (Index k = 0; k < count; ++k) result.push_back(map(p.kernel(k)));
  return result;
}

}  // namespace

GaussianMixture::GaussianMixture(Vector weights, Matrix means, std::vector<Matrix> covariances)
    : weights_(std::move(weights)), means_(std::move(means)) {
  const Index K = means_.cols();
  const Index d = means_.rows();
  require(d > 0 && K > 0, "GaussianMixture: there must be a component");
  require(means_.allFinite(), "GaussianMixture: the means must be finite");
  require(weights_.size() == K, "GaussianMixture: expected one weight a component");
  require(weights_.allFinite() && weights_.minCoeff() >= 0.0,
          "GaussianMixture: a weight is negative or not finite");
  const double mass = weights_.sum();
  require(std::abs(mass - 1.0) <= largest_mass_error,
          "GaussianMixture: the weights do not sum to one");
  weights_ /= mass;

  require(covariances.size() == 1 || covariances.size() == static_cast<std::size_t>(K),
          "GaussianMixture: expected one covariance, or one a component");
  const auto equals_first = [&covariances](const Matrix& S) {
    return S.rows() == covariances[0].rows() && S.cols() == covariances[0].cols() &&
           S == covariances[0];
  };
  if (std::all_of(covariances.begin(), covariances.end(), equals_first)) covariances.resize(1);
  const std::size_t count = covariances.size();
  kernels_.reserve(count);
  for (Matrix& S : covariances) kernels_.emplace_back(Vector::Zero(d), std::move(S));
  for (Index k = 0; k < K; ++k) {
    if (weights_(k) > 0.0 && !kernel(k).has_density()) has_density_ = false;
  }
  if (count == 1 && is_multiple_of_identity(kernels_[0].covariance())) {
    common_variance_ = kernels_[0].covariance()(0, 0);
  }
}

GaussianMixture::GaussianMixture(const Gaussian& p)
    : GaussianMixture(Vector::Ones(1), p.mean(), {p.covariance()}) {}

GaussianMixture GaussianMixture::isotropic(Vector weights, Matrix means, double variance) {
  const Index d = means.rows();
  return {std::move(weights), std::move(means), {variance * Matrix::Identity(d, d)}};
}

Gaussian GaussianMixture::component(Index k) const {
  return {means_.col(k), covariance(k)};
}

Vector GaussianMixture::mean() const {
  return means_ * weights_;
}

Matrix GaussianMixture::covariance() const {
  const Matrix centred = means_.colwise() - mean();
  Matrix result = centred * weights_.asDiagonal() * centred.transpose();
  if (has_common_covariance()) {
    result += kernels_[0].covariance();
  } else {
    for (Index k = 0; k < size(); ++k) result += weights_(k) * covariance(k);
  }
  return symmetrised(result);
}

double GaussianMixture::log_density(const Vector& x) const {
  return pulls_at(*this, x).log_density;
}

Vector GaussianMixture::score(const Vector& x) const {
  return -pulls_at(*this, x).mean;
}

Matrix GaussianMixture::log_density_hessian(const Vector& x) const {
  const Pulls at_x = pulls_at(*this, x);
  const Matrix centred = at_x.pulls.colwise() - at_x.mean;
  Matrix result = centred * at_x.weights.asDiagonal() * centred.transpose();
  if (has_common_covariance()) {
    result -= kernels_[0].precision();
  } else {
    for (Index k = 0; k < size(); ++k) {
      if (at_x.weights(k) > 0.0) result -= at_x.weights(k) * kernel(k).precision();
    }
  }
  return symmetrised(result);
}

Vector GaussianMixture::log_densities(const Matrix& points) const {
  return MixturePosterior(*this, 1.0, 0.0).log_densities(points);
}

Matrix GaussianMixture::scores(const Matrix& points) const {
  return MixturePosterior(*this, 1.0, 0.0).scores(points);
}

GaussianMixture pushforward(const AffineMap& map, const GaussianMixture& p) {
  require(map.linear.cols() == p.dimension(), "pushforward: the map takes another dimension");
  require(map.offset.size() == map.linear.rows(),
          "pushforward: the map's offset has another length");
  const auto image = [&map](const Gaussian& kernel) -> Matrix {
    const Matrix factor = map.linear * kernel.factor();
    return symmetrised(factor * factor.transpose());
  };
  return {p.weights(), (map.linear * p.means()).colwise() + map.offset,
          mapped_covariances(p, image)};
}

GaussianMixture convolution(const GaussianMixture& p, const Matrix& C) {
  require(C.rows() == p.dimension() && C.cols() == p.dimension(),
          "convolution: the covariance has another dimension");
  return {p.weights(), p.means(), mapped_covariances(p, [&C](const Gaussian& kernel) -> Matrix {
            return kernel.covariance() + C;
          })};
}

GaussianMixture ou_law(const GaussianMixture& p, double time) {
  require(time >= 0.0, "ou_law: the time must not be negative");
  const double kept = std::exp(-2.0 * time);
  const double noise = -std::expm1(-2.0 * time);
  const Matrix I = Matrix::Identity(p.dimension(), p.dimension());
  return {p.weights(), std::exp(-time) * p.means(),
          mapped_covariances(p, [&](const Gaussian& kernel) -> Matrix {
            return kept * kernel.covariance() + noise * I;
          })};
}

Matrix sample(const GaussianMixture& p, Index count, Rng& rng) {
  require(count >= 0, "sample: count must not be negative");
  const Index d = p.dimension();
  std::vector<double> cumulative(static_cast<std::size_t>(p.size()));
  double sum = 0.0;
  for (Index k = 0; k < p.size(); ++k)
    cumulative[static_cast<std::size_t>(k)] = sum += p.weights()(k);
  std::vector<Matrix> factors = mapped_covariances(p, [](const Gaussian& g) { return g.factor(); });

  Matrix points(d, count);
  for (Index j = 0; j < count; ++j) {
    // The first component whose cumulative weight exceeds the draw has positive weight itself. A
    // draw at or above the rounded total goes to the last such component.
    const auto above = std::upper_bound(cumulative.begin(), cumulative.end(), rng.uniform());
    Index k = std::min<Index>(above - cumulative.begin(), p.size() - 1);
    while (p.weights()(k) == 0.0) --k;
    const Matrix& factor = factors[p.has_common_covariance() ? 0 : static_cast<std::size_t>(k)];
    points.col(j) = p.means().col(k) + factor * rng.normal_vector(d);
  }
  return points;
}

}  // namespace flowcheck
