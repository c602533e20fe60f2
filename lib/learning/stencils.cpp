#include "learning/stencils.hpp"

#include "numerics/require.hpp"

#include <Eigen/LU>

#include <utility>

namespace flowcheck {

Stencils::Stencils(const Matrix& points, double step)
    : count_(points.cols()),
      step_(step),
      columns_(points.rows(), (1 + 2 * points.rows()) * count_) {
  require(step > 0.0, "Stencils: the step must be positive");
  columns_.leftCols(count_) = points;
  for (Index k = 0; k < points.rows(); ++k) {
    const Vector shift = step * Vector::Unit(points.rows(), k);
    columns_.middleCols(plus(k, 0), count_) = points.colwise() + shift;
    columns_.middleCols(minus(k, 0), count_) = points.colwise() - shift;
  }
}

Matrix Stencils::jacobian(const Matrix& images, Index j) const {
  Matrix result(images.rows(), columns_.rows());
  for (Index k = 0; k < columns_.rows(); ++k) {
    result.col(k) = (images.col(plus(k, j)) - images.col(minus(k, j))) / (2.0 * step_);
  }
  return result;
}

Vector Stencils::gradient(const Vector& values, Index j) const {
  return jacobian(values.transpose(), j).transpose();
}

CarriedPoints::CarriedPoints(Stencils start, Vector log_density, int refinement)
    : start_(std::move(start)),
      images_(start_.columns()),
      log_density_(std::move(log_density)),
      refinement_(refinement) {
  require(log_density_.size() == images_.cols(),
          "CarriedPoints: expected one log density a column");
}

void CarriedPoints::push(const ModelBlock& block) {
  PushedPoints pushed = push_block(block, images_, true, refinement_);
  images_ = std::move(pushed.points);
  log_density_ -= pushed.divergence_integral;
}

Matrix CarriedPoints::scores() const {
  Matrix result(images_.rows(), start_.count());
  for (Index j = 0; j < start_.count(); ++j) {
    const Matrix transposed = start_.jacobian(images_, j).transpose();
    result.col(j) = transposed.partialPivLu().solve(start_.gradient(log_density_, j));
  }
  return result;
}

}  // namespace flowcheck
