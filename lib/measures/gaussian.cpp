#include "measures/gaussian.hpp"

#include "numerics/require.hpp"
#include "numerics/rng.hpp"
#include "numerics/round_off.hpp"
#include "numerics/spd.hpp"

#include <Eigen/LU>

#include <cmath>
#include <numbers>
#include <utility>

namespace flowcheck {

Gaussian::Gaussian(Vector mean, Matrix covariance)
    : mean_(std::move(mean)), covariance_(std::move(covariance)) {
  const Index d = mean_.size();
  require(d > 0, "Gaussian: the mean must not be empty");
  require(covariance_.rows() == d && covariance_.cols() == d,
          "Gaussian: the covariance must be d x d, d the length of the mean");
  require(mean_.allFinite() && covariance_.allFinite(), "Gaussian: entries must be finite");
  const double scale = covariance_.cwiseAbs().maxCoeff();
  require((covariance_ - covariance_.transpose()).cwiseAbs().maxCoeff() <= round_off(scale, d),
          "Gaussian: the covariance must be symmetric");
  covariance_ = symmetrised(covariance_);

  SymmetricEigen eigen = symmetric_eigen(covariance_);
  const double zero =
      8.0 * static_cast<double>(d) * unit_round_off * eigen.values.cwiseAbs().maxCoeff();
  require(eigen.values(0) >= -zero, "Gaussian: the covariance must be positive semidefinite");
  rank_ = (eigen.values.array() > zero).count();
  eigenvalues_ = (eigen.values.array() > zero).select(eigen.values, 0.0);
  eigenvectors_ = std::move(eigen.vectors);
}

Gaussian Gaussian::standard(Index dimension) {
  return {Vector::Zero(dimension), Matrix::Identity(dimension, dimension)};
}

Gaussian Gaussian::dirac(Vector point) {
  const Index d = point.size();
  return {std::move(point), Matrix::Zero(d, d)};
}

Matrix Gaussian::factor() const {
  return eigenvectors_ * eigenvalues_.cwiseSqrt().asDiagonal();
}

Matrix Gaussian::inverse_factor() const {
  require(has_density(), "Gaussian::inverse_factor: the covariance is singular");
  return eigenvalues_.cwiseSqrt().cwiseInverse().asDiagonal() * eigenvectors_.transpose();
}

Matrix Gaussian::precision() const {
  require(has_density(), "Gaussian::precision: the covariance is singular");
  return symmetrised(eigenvectors_ * eigenvalues_.cwiseInverse().asDiagonal() *
                     eigenvectors_.transpose());
}

double Gaussian::condition_number() const {
  if (!has_density()) return infinity;
  return eigenvalues_(dimension() - 1) / eigenvalues_(0);
}

double Gaussian::log_density(const Vector& x) const {
  require(has_density(), "Gaussian::log_density: the covariance is singular");
  require(x.size() == dimension(), "Gaussian::log_density: the point has another dimension");
  const Vector z = eigenvectors_.transpose() * (x - mean_);
  return -0.5 * ((z.array().square() / eigenvalues_.array()).sum() +
                 (2.0 * std::numbers::pi * eigenvalues_.array()).log().sum());
}

Vector Gaussian::score(const Vector& x) const {
  require(has_density(), "Gaussian::score: the covariance is singular");
  require(x.size() == dimension(), "Gaussian::score: the point has another dimension");
  const Vector z = eigenvectors_.transpose() * (x - mean_);
  return -eigenvectors_ * z.cwiseQuotient(eigenvalues_);
}

double Gaussian::entropy() const {
  if (!has_density()) return -infinity;
  return 0.5 * (2.0 * std::numbers::pi * std::numbers::e * eigenvalues_.array()).log().sum();
}

AffineMap inverse(const AffineMap& map) {
  const Eigen::FullPivLU<Matrix> lu(map.linear);
  require(lu.isInvertible(), "inverse: the linear part is singular");
  const Matrix linear = lu.inverse();
  return {.linear = linear, .offset = -(linear * map.offset)};
}

AffineMap compose(const AffineMap& outer, const AffineMap& inner) {
  return {.linear = outer.linear * inner.linear, .offset = outer(inner.offset)};
}

Gaussian pushforward(const AffineMap& map, const Gaussian& p) {
  require(map.linear.cols() == p.dimension(), "pushforward: the map takes another dimension");
  const Matrix image = map.linear * p.factor();
  return {map(p.mean()), symmetrised(image * image.transpose())};
}

Matrix sample(const Gaussian& p, Index count, Rng& rng) {
  require(count >= 0, "sample: count must not be negative");
  Matrix points = p.factor() * rng.normal_matrix(p.dimension(), count);
  points.colwise() += p.mean();
  return points;
}

}  // namespace flowcheck
