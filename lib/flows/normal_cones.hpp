#pragma once

#include "numerics/types.hpp"

#include <array>
#include <vector>

namespace flowcheck {

/// Directions n = αn₀ + βn₁, α, β ≥ 0, in which a vertex v of the hull of points mₖ is the
/// farthest.
struct NormalCone {
  std::array<Eigen::Vector2d, 2> normals = {};  ///< unit vectors
  std::array<Eigen::ArrayXd, 2> lags = {};  ///< ⟨nᵢ, v − mₖ⟩ ≥ 0, 0 exactly on nᵢ's edge
  Index vertex = 0;                         ///< the index of v
};

/// Those of every vertex, anticlockwise; together they are the plane. An obtuse cone is two, so
/// that a parallelogram of its normals is no longer than it is wide by far: between them, ends at
/// the vertex.
/// @param points  2 × K, distinct and not all on a line
std::vector<NormalCone> normal_cones(const Matrix& points);

}  // namespace flowcheck
