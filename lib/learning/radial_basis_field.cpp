#include "learning/radial_basis_field.hpp"

#include "numerics/require.hpp"

#include <Eigen/QR>

#include <cmath>
#include <utility>

namespace flowcheck {
namespace {

void require_radial_basis(const Matrix& centres, const Vector& widths, Index dimension) {
  require(dimension >= 1 && (centres.rows() == dimension || centres.rows() == dimension + 1),
          "radial basis field: the centres have neither d nor d + 1 coordinates");
  require(widths.size() == centres.cols() && (widths.array() > 0.0).all() && widths.allFinite(),
          "radial basis field: expected one positive width a centre");
}

// 1, z and the K bumps.
Vector radial_basis(const Matrix& centres, const Vector& widths, const Vector& z) {
  Vector result(1 + z.size() + centres.cols());
  result[0] = 1.0;
  result.segment(1, z.size()) = z;
  for (Index k = 0; k < centres.cols(); ++k) {
    const double scaled = (z - centres.col(k)).squaredNorm() / (widths[k] * widths[k]);
    result[1 + z.size() + k] = std::exp(-0.5 * scaled);
  }
  return result;
}

// x, with t below where the centres have that coordinate.
Vector basis_input(const Matrix& centres, double t, const Vector& x) {
  Vector z(centres.rows());
  z.head(x.size()) = x;
  z.tail(z.size() - x.size()).setConstant(t);
  return z;
}

void require_radial_field(const RadialBasisField& field, const Matrix& points) {
  require_radial_basis(field.centres, field.widths, field.dimension());
  require(field.coefficients.cols() == 1 + field.centres.rows() + field.centres.cols(),
          "radial basis field: the number of coefficients does not fit");
  require(points.rows() == field.dimension(),
          "radial basis field: the points are of another dimension");
}

}  // namespace

Matrix velocity(const RadialBasisField& field, double t, const Matrix& points) {
  require_radial_field(field, points);
  Matrix result(points.rows(), points.cols());
  for (Index j = 0; j < points.cols(); ++j) {
    const Vector z = basis_input(field.centres, t, points.col(j));
    result.col(j) = field.coefficients * radial_basis(field.centres, field.widths, z);
  }
  return result;
}

Vector divergence(const RadialBasisField& field, double t, const Matrix& points) {
  require_radial_field(field, points);
  const Index d = field.dimension();
  const Index first = 1 + field.centres.rows();
  const double linear = field.coefficients.middleCols(1, d).trace();
  Vector result = Vector::Constant(points.cols(), linear);
  for (Index j = 0; j < points.cols(); ++j) {
    const Vector z = basis_input(field.centres, t, points.col(j));
    const Vector phi = radial_basis(field.centres, field.widths, z);
    for (Index k = 0; k < field.centres.cols(); ++k) {
      const double slope =
          field.coefficients.col(first + k).dot((z - field.centres.col(k)).head(d));
      result[j] -= phi[first + k] * slope / (field.widths[k] * field.widths[k]);
    }
  }
  return result;
}

RadialBasisFit fit_radial_basis(const Matrix& centres,
                                const Vector& widths,
                                const RegressionBatch& batch) {
  const Index n = batch.points.cols();
  require_radial_basis(centres, widths, batch.points.rows());
  require(n > 0 && batch.times.size() == n && batch.targets.cols() == n &&
              batch.targets.rows() == batch.points.rows(),
          "fit_radial_basis: points, times and targets do not fit each other");
  Matrix design(n, 1 + centres.rows() + centres.cols());
  for (Index j = 0; j < n; ++j) {
    const Vector z = basis_input(centres, batch.times[j], batch.points.col(j));
    design.row(j) = radial_basis(centres, widths, z).transpose();
  }
  const Matrix targets = batch.targets.transpose();
  const Eigen::CompleteOrthogonalDecomposition<Matrix> decomposition(design);
  const Matrix solution = decomposition.solve(targets);
  return {.field = {.centres = centres, .widths = widths, .coefficients = solution.transpose()},
          .loss = (design * solution - targets).squaredNorm() / static_cast<double>(n),
          .rank = decomposition.rank()};
}

}  // namespace flowcheck
