#pragma once

#include "numerics/estimate.hpp"
#include "numerics/types.hpp"

namespace flowcheck {

/// The smallest ball that contains some points.
struct EnclosingBall {
  Vector centre = {};
  Estimate radius = 0.0;  ///< certified: all points are within radius.upper of the centre, and no
                          ///< ball of radius below radius.lower contains them
};

/// Smallest enclosing ball of n points in ℝᵈ, by its dual: the largest variance of a law on the
/// points,
///
///   R² = max { Σ αᵢ|pᵢ|² − |Σ αᵢpᵢ|² : α ≥ 0, Σ αᵢ = 1 },
///
/// climbed by Frank–Wolfe with away steps and finished by the linear system of the points it
/// touches. Any centre bounds R from above and any α from below; both are evaluated with outward
/// rounding, so that the enclosure holds however the iteration went (its relative width is 1e-14 as
/// a rule). Cost O(nd) a step, some dozens of steps. Points are scaled by a power of two first,
/// here and below: lengths are right wherever they are doubles themselves. [Yildirim2008]
///
/// @param points  d × n, d, n ≥ 1
/// @throws std::invalid_argument  empty, or not finite
EnclosingBall enclosing_ball(const Matrix& points);

/// Largest |pᵢ − c|, certified.
/// @throws std::invalid_argument  empty, not finite, or the centre of another dimension
Estimate farthest_distance(const Matrix& points, const Vector& centre);

/// Two points with the largest distance, where all are equal twice the first.
struct FarthestPair {
  Index first = 0;
  Index second = 0;
  Estimate distance = 0.0;  ///< max |pᵢ − pⱼ|, certified
};

/// O(n²d) at worst; pairs too close to the centre to matter are not visited.
FarthestPair farthest_pair(const Matrix& points);

/// Its distance.
Estimate diameter(const Matrix& points);

/// Whether the segment pᵢpⱼ is sure to be an edge of the points' convex hull, with no other point
/// on it: then some e ⟂ pⱼ − pᵢ has ⟨e, pₖ − pᵢ⟩ > 0 for all pₖ ≠ pᵢ, pⱼ. It is looked for by
/// Gilbert's steps to the nearest point of a hull, 400 at most, and checked with room for rounding;
/// an edge that is too flat for either is not found. Cost O(nd) a step.
/// @throws std::invalid_argument  empty, not finite, or no such points
bool is_edge(const Matrix& points, Index first, Index second);

}  // namespace flowcheck
