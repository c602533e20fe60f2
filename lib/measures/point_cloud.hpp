#pragma once

#include "numerics/types.hpp"

namespace flowcheck {

/// Discrete measure Σᵢ wᵢ δ_{xᵢ} on ℝᵈ. A value: checked when it is made, constant after.
///
/// The weights are taken as the rational numbers their doubles are; the measure is Σ (wᵢ/W) δ_{xᵢ}
/// with W = Σ wᵢ their exact sum, so that its mass is one without rounding. Points may repeat.
class PointCloud {
 public:
  /// Uniform weights. @param points  xᵢ, d × n, one a column; d, n ≥ 1
  /// @throws std::invalid_argument  empty, or not finite
  explicit PointCloud(Matrix points);

  /// @param weights  wᵢ ≥ 0, length n, some positive, summing to one within 1e-9
  /// @throws std::invalid_argument  as above, or not such weights
  PointCloud(Matrix points, Vector weights);

  Index dimension() const { return points_.rows(); }
  Index size() const { return points_.cols(); }
  const Matrix& points() const { return points_; }
  const Vector& weights() const { return weights_; }  ///< as given; 1/n rounded where uniform
  bool uniform() const { return uniform_; }           ///< every weight is 1/n exactly

 private:
  Matrix points_;
  Vector weights_;
  bool uniform_ = true;
};

}  // namespace flowcheck
