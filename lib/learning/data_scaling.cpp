#include "learning/data_scaling.hpp"

#include "measures/moment_fit.hpp"
#include "numerics/require.hpp"

#include <Eigen/LU>

#include <cmath>

namespace flowcheck {
namespace {

constexpr double largest_condition = 1e12;

Matrix applied(const AffineMap& map, const Matrix& points) {
  return (map.linear * points).colwise() + map.offset;
}

AffineMap centred(const Matrix& linear, const Vector& mean) {
  return {.linear = linear, .offset = -(linear * mean)};
}

Matrix to_unit_variances(const Gaussian& moments) {
  const Vector variances = moments.covariance().diagonal();
  require(variances.minCoeff() > 0.0, "scaling_of: a column is constant");
  return variances.cwiseSqrt().cwiseInverse().asDiagonal();
}

// Of variance one in each coordinate.
Gaussian correlations(const Gaussian& moments) {
  const Index d = moments.dimension();
  return pushforward({.linear = to_unit_variances(moments), .offset = Vector::Zero(d)}, moments);
}

}  // namespace

std::string_view to_string(Scaling scaling) {
  switch (scaling) {
    case Scaling::none:
      return "none";
    case Scaling::standardise:
      return "standardise";
    case Scaling::whiten:
      return "whiten";
  }
  return "";
}

Matrix DataScaling::to_model(const Matrix& points) const {
  return applied(map, points);
}

Matrix DataScaling::to_data(const Matrix& points) const {
  return applied(inverse_map, points);
}

DataScaling scaling_by(const AffineMap& map) {
  const double determinant =
      Eigen::PartialPivLU<Matrix>(map.linear).matrixLU().diagonal().array().abs().log().sum();
  require(std::isfinite(determinant) && map.offset.allFinite(),
          "scaling_by: the map is not invertible");
  return {.map = map, .inverse_map = inverse(map), .log_determinant = determinant};
}

std::optional<Index> dependent_column(const Matrix& points) {
  const Gaussian moments = moment_fit(points);
  Index column = 0;
  if (!(moments.covariance().diagonal().minCoeff(&column) > 0.0)) return column;
  const Gaussian correlated = correlations(moments);
  if (correlated.has_density() && correlated.condition_number() <= largest_condition) return {};
  correlated.eigenvectors().col(0).cwiseAbs().maxCoeff(&column);
  return column;
}

DataScaling scaling_of(Scaling scaling, const Matrix& points) {
  const Index d = points.rows();
  if (scaling == Scaling::none) {
    return scaling_by({.linear = Matrix::Identity(d, d), .offset = Vector::Zero(d)});
  }
  const Gaussian moments = moment_fit(points);
  const Matrix standardise = to_unit_variances(moments);
  if (scaling == Scaling::standardise) return scaling_by(centred(standardise, moments.mean()));
  // By the correlations, whose condition does not depend on the columns' units.
  require(!dependent_column(points), "scaling_of: a column is an affine combination of the others");
  const Gaussian correlated = correlations(moments);
  // V Λ^{−½} Vᵀ rather than Λ^{−½} Vᵀ: no rotation beyond need.
  const Matrix whiten = correlated.eigenvectors() * correlated.inverse_factor();
  return scaling_by(centred(whiten * standardise, moments.mean()));
}

}  // namespace flowcheck
