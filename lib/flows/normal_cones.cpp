#include "flows/normal_cones.hpp"

#include "measures/tilted_moments.hpp"

#include <algorithm>

namespace flowcheck {
namespace {

using PlanePoint = Eigen::Vector2d;

PlanePoint outward(const PlanePoint& from, const PlanePoint& to) {
  const PlanePoint along = (to - from).normalized();
  return {along.y(), -along.x()};
}

Eigen::ArrayXd lags(const Matrix& points, const PlanePoint& v, const PlanePoint& normal) {
  return (normal.transpose() * ((-points).colwise() + Vector(v))).transpose().array().max(0.0);
}

// 0 on the edge, which rounding would not say.
Eigen::ArrayXd edge_lags(const Matrix& points, const PlanePoint& from, const PlanePoint& to) {
  Eigen::ArrayXd result = lags(points, from, outward(from, to));
  for (Index k = 0; k < points.cols(); ++k) {
    if (orientation(from, to, points.col(k)) == 0.0) result(k) = 0.0;
  }
  return result;
}

}  // namespace

std::vector<NormalCone> normal_cones(const Matrix& points) {
  const Matrix hull = convex_hull(points);
  const Index n = hull.cols();
  std::vector<NormalCone> cones;
  for (Index i = 0; i < n; ++i) {
    const PlanePoint last = hull.col((i + n - 1) % n);
    const PlanePoint v = hull.col(i);
    const PlanePoint next = hull.col((i + 1) % n);
    Index vertex = 0;
    (points.colwise() - Vector(v)).colwise().squaredNorm().minCoeff(&vertex);
    const PlanePoint before = outward(last, v);
    const PlanePoint after = outward(v, next);
    const Eigen::ArrayXd lags_before = edge_lags(points, last, v);
    const Eigen::ArrayXd lags_after = edge_lags(points, v, next);
    if (before.dot(after) >= 0.0) {
      cones.push_back({{before, after}, {lags_before, lags_after}, vertex});
      continue;
    }
    const PlanePoint middle = (before + after).norm() > 1e-3
                                  ? PlanePoint((before + after).normalized())
                                  : PlanePoint(-before.y(), before.x());
    const Eigen::ArrayXd lags_middle = lags(points, v, middle);
    cones.push_back({{before, middle}, {lags_before, lags_middle}, vertex});
    cones.push_back({{middle, after}, {lags_middle, lags_after}, vertex});
  }
  return cones;
}

}  // namespace flowcheck
