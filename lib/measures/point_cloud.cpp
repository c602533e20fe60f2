#include "measures/point_cloud.hpp"

#include "numerics/require.hpp"

#include <cmath>
#include <utility>

namespace flowcheck {
namespace {

constexpr double largest_mass_error = 1e-9;  // of weights written with ten digits

Vector uniform_weights(Index count) {
  require(count > 0, "PointCloud: no points");
  return Vector::Constant(count, 1.0 / static_cast<double>(count));
}

void require_points(const Matrix& points) {
  require(points.rows() > 0 && points.cols() > 0, "PointCloud: no points");
  require(points.allFinite(), "PointCloud: a coordinate is not finite");
}

}  // namespace

PointCloud::PointCloud(Matrix points)
    : points_(std::move(points)), weights_(uniform_weights(points_.cols())) {
  require_points(points_);
}

PointCloud::PointCloud(Matrix points, Vector weights)
    : points_(std::move(points)), weights_(std::move(weights)), uniform_(false) {
  require_points(points_);
  require(weights_.size() == points_.cols(), "PointCloud: expected one weight a point");
  require(weights_.allFinite() && weights_.minCoeff() >= 0.0,
          "PointCloud: a weight is negative or not finite");
  require(std::abs(weights_.sum() - 1.0) <= largest_mass_error,
          "PointCloud: the weights do not sum to one");
}

}  // namespace flowcheck
