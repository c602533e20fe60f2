#pragma once

#include "measures/posterior_moments.hpp"

#include <vector>

namespace flowcheck {

// Moments of unnormalised densities without tables, in microseconds: what searches over thousands
// of them are made of. Gauss–Legendre rules; an error is the difference to a lesser rule plus
// round-off. A density may be tilted as a posterior is: k = κ + r², slope s = ry.

struct LineMoments {
  double mean = 0.0;
  double variance = 0.0;
  double error = 0.0;  ///< of the variance
};

/// A continuous piecewise linear function: slopes[0] left of knots[0], slopes[i] between knots[i −
/// 1] and knots[i].
struct PiecewiseLinear {
  std::vector<double> knots = {};   ///< ascending
  std::vector<double> slopes = {};  ///< one more than knots
};

/// Of e^{g(x) + sx − kx²/2} on [lower, upper], k of either sign. On panels so short that the
/// exponent's linear part is below 8 and its quadratic one below 1.
/// @throws std::invalid_argument  lower ≥ upper or not finite, or knots and slopes do not fit
LineMoments piecewise_gaussian_moments(
    const PiecewiseLinear& g, double s, double k, double lower, double upper);

/// Of e^{⟨s, x⟩ − k|x|²/2} on a convex polygon, by tensor rules on each triangle of a fan: 12²
/// nodes, or, where the error is asked for, 20² and 15². The exponent is to vary by less than 30.
/// @param vertices  2 × n, in order, either way round
/// @param error     if not null, that of the covariance in operator norm
/// @throws std::invalid_argument  fewer than three vertices
PosteriorMoments polygon_gaussian_moments(const Matrix& vertices,
                                          const Vector& s,
                                          double k,
                                          double* error = nullptr);

/// Twice the area of the triangle p, q, s of the plane, positive where it is anticlockwise, and 0
/// where a sum in twice the working precision does not tell it from that: on which side of pq s is.
double orientation(const Vector& p, const Vector& q, const Vector& s);

/// Convex hull of n points in the plane, anticlockwise, without the points on its edges by
/// orientation(): two columns where all are on a line.
Matrix convex_hull(const Matrix& points);

}  // namespace flowcheck
