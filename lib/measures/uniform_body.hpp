#pragma once

#include "numerics/estimate.hpp"
#include "numerics/types.hpp"

#include <array>
#include <vector>

namespace flowcheck {

class Rng;
struct Regularity;

// Uniform laws on bodies in ℝᵈ: values, checked when they are made. log_density is −log volume on
// the body, its boundary included, and −∞ elsewhere.

/// Uniform law on the ball of radius D about a centre.
class UniformBall {
 public:
  /// @throws std::invalid_argument  an empty or not finite centre, or D not positive
  UniformBall(Vector centre, double radius);

  Index dimension() const { return centre_.size(); }
  const Vector& mean() const { return centre_; }
  double radius() const { return radius_; }
  Matrix covariance() const;    ///< D²/(d + 2) I
  Estimate log_volume() const;  ///< log π^{d/2} D^d / Γ(d/2 + 1); the entropy
  double log_density(const Vector& x) const;

 private:
  Vector centre_;
  double radius_;
};

/// Uniform law on the box [lower, upper].
class UniformBox {
 public:
  /// @throws std::invalid_argument  different lengths, empty, not finite, or lower ≥ upper
  UniformBox(Vector lower, Vector upper);

  Index dimension() const { return lower_.size(); }
  const Vector& lower() const { return lower_; }
  const Vector& upper() const { return upper_; }
  Vector mean() const { return 0.5 * (lower_ + upper_); }
  Matrix covariance() const;    ///< diag((upper − lower)²/12)
  Estimate log_volume() const;  ///< the entropy
  double log_density(const Vector& x) const;

 private:
  Vector lower_;
  Vector upper_;
};

/// Uniform law on a simple polygon, convex or not.
class UniformPolygon {
 public:
  /// @param vertices  2 × n, in order along the boundary, either way round, n ≥ 3
  /// @throws std::invalid_argument  fewer than three vertices, not finite, no area, or edges that
  /// touch other than at common vertices
  explicit UniformPolygon(Matrix vertices);

  static UniformPolygon regular(Index corners, double radius);  ///< inscribed in the circle

  Index dimension() const { return 2; }
  const Matrix& vertices() const { return vertices_; }  ///< anticlockwise
  const Vector& mean() const { return mean_; }
  const Matrix& covariance() const { return covariance_; }
  Estimate area() const;        ///< the shoelace formula, about the centroid
  Estimate log_volume() const;  ///< log area, the entropy
  double log_density(const Vector& x) const;
  bool contains(const Vector& x) const;  ///< the boundary up to round-off included
  bool is_convex() const { return convex_; }
  double half_diameter() const;  ///< half the largest distance of two vertices

  /// The n − 2 triangles of vertex indices that make up the polygon (ear clipping, O(n³)).
  const std::vector<std::array<Index, 3>>& triangles() const { return triangles_; }
  const std::vector<double>& cumulative_areas() const { return cumulative_areas_; }

 private:
  Matrix vertices_;
  Vector mean_;
  Matrix covariance_;
  double area_ = 0.0;
  bool convex_ = true;
  std::vector<std::array<Index, 3>> triangles_;
  std::vector<double> cumulative_areas_;
};

// n points, d × n: a normal direction and a radius D U^{1/d}; coordinates; a triangle by its area.
Matrix sample(const UniformBall& p, Index count, Rng& rng);
Matrix sample(const UniformBox& p, Index count, Rng& rng);
Matrix sample(const UniformPolygon& p, Index count, Rng& rng);

// κ = 0 on a convex support (none otherwise) and half the diameter.
Regularity regularity(const UniformBall& p);
Regularity regularity(const UniformBox& p);
Regularity regularity(const UniformPolygon& p);

/// Posterior of X₁, uniform on the ball of radius D about 0, given Z + rX₁ = y: along y and across.
struct AxialMoments {
  Estimate mean = 0.0;        ///< along y/|y|
  Estimate parallel = 0.0;    ///< variance along y
  Estimate transverse = 0.0;  ///< variance in every direction across, d ≥ 2
};

/// The axial coordinate has weight e^{r|y|z − r²z²/2} P((d − 1)/2, r²(D² − z²)/2) on [−D, D], P the
/// regularised incomplete gamma function; given z, E|w|² = (d − 1)/r² · P((d + 1)/2, ·)/P((d −
/// 1)/2, ·). Adaptive quadrature in the angle φ, z = D cos φ, in which the weight is analytic up to
/// the ends; a millisecond.
/// @param distance  |y| ≥ 0
/// @throws std::invalid_argument  d < 1, D ≤ 0, r ≤ 0 or |y| < 0, or not finite; d so large that
/// the weight is below every double
AxialMoments uniform_ball_posterior(Index dimension, double radius, double r, double distance);

}  // namespace flowcheck
