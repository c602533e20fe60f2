#pragma once

#include "measures/gaussian.hpp"
#include "numerics/types.hpp"

#include <optional>
#include <string_view>

namespace flowcheck {

enum class Scaling {
  none,
  standardise,  ///< each column to mean 0 and standard deviation 1
  whiten,       ///< to mean 0 and covariance I
};
std::string_view to_string(Scaling scaling);

/// An affine map from the data's own units to those in which a model works, with the volume that a
/// density needs: log p(x) = log p̃(y) + log|det L| for y = Lx + b.
struct DataScaling {
  AffineMap map = {};
  AffineMap inverse_map = {};
  double log_determinant = 0.0;  ///< log|det L|

  Matrix to_model(const Matrix& points) const;
  Matrix to_data(const Matrix& points) const;
};

/// By the moments of these points, with n − 1. Whitened, a standard Gaussian is the Gaussian with
/// the points' own moments: what a model starts from.
/// @throws std::invalid_argument  fewer than two points, a constant column, or (whiten)
///                                correlations that are singular or have a condition number above
///                                1e12
DataScaling scaling_of(Scaling scaling, const Matrix& points);

/// A coordinate that is an affine combination of the others up to rounding, or constant: of the
/// correlations' least principal component the one that weighs most. None where the points can be
/// whitened. @throws std::invalid_argument  fewer than two points
std::optional<Index> dependent_column(const Matrix& points);

/// From the map alone, as a file keeps it. @throws std::invalid_argument  not invertible
DataScaling scaling_by(const AffineMap& map);

}  // namespace flowcheck
