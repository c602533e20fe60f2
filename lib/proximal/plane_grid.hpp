#pragma once

#include "numerics/types.hpp"

#include <array>
#include <functional>
#include <memory>

namespace flowcheck {

/// A closed rectangle [left, right] × [bottom, top].
struct Rectangle {
  double left = 0.0;
  double right = 1.0;
  double bottom = 0.0;
  double top = 1.0;

  double width() const { return right - left; }
  double height() const { return top - bottom; }
  double area() const { return width() * height(); }
};

/// What the rectangle is to the measures on it.
enum class PlaneDomain {
  rectangle,  ///< all there is: the measures live on it, mass does not cross its sides
  plane,      ///< a window on ℝ²: log p is normalised there, and the mass outside is an error
};

/// Values on a grid of a rectangle: entry (i, j) belongs to the point (x_i, y_j).
using PlaneArray = Eigen::ArrayXXd;

/// A function of the plane and its gradient at one point.
struct PlaneValue {
  double value = 0.0;
  double dx = 0.0;
  double dy = 0.0;
};

using PlaneFunction = std::function<PlaneValue(double x, double y)>;

/// A function with all its derivatives up to the second order, on a grid.
struct PlaneDerivatives {
  PlaneArray value = {};
  PlaneArray dx = {};
  PlaneArray dy = {};
  PlaneArray dxx = {};
  PlaneArray dyy = {};
  PlaneArray dxy = {};
};

/// The centres of n × n equal cells of a rectangle, and cosine series on them:
///
///   f(x, y) = Σ_{k,l<n} s_k s_l c_kl cos(κ_k (x − left)) cos(μ_l (y − bottom)),
///
/// κ_k = πk/width, μ_l = πl/height, s_0 = 1 and s_k = 2 otherwise. Such f have no normal derivative
/// on the sides. Sums over the centres integrate the series without error.
///
/// Cost: O(n² log n) a transform, by FFTW with plans that do not depend on timings: the same input
/// gives the same bytes. An object holds its work space: one thread at a time.
class PlaneGrid {
 public:
  /// @throws std::invalid_argument  fewer than 8 cells a side, or a rectangle without area
  PlaneGrid(const Rectangle& rectangle, Index cells);
  ~PlaneGrid();
  PlaneGrid(PlaneGrid&&) noexcept;
  PlaneGrid& operator=(PlaneGrid&&) noexcept;
  PlaneGrid(const PlaneGrid&) = delete;
  PlaneGrid& operator=(const PlaneGrid&) = delete;

  const Rectangle& rectangle() const { return rectangle_; }
  Index cells() const { return cells_; }  ///< n, on each side
  double x(Index i) const { return rectangle_.left + (static_cast<double>(i) + 0.5) * step_x(); }
  double y(Index j) const { return rectangle_.bottom + (static_cast<double>(j) + 0.5) * step_y(); }
  double step_x() const { return rectangle_.width() / static_cast<double>(cells_); }
  double step_y() const { return rectangle_.height() / static_cast<double>(cells_); }
  double cell_area() const { return step_x() * step_y(); }
  const Eigen::ArrayXd& frequencies_x() const { return frequencies_x_; }  ///< κ
  const Eigen::ArrayXd& frequencies_y() const { return frequencies_y_; }  ///< μ

  PlaneArray coefficients(const PlaneArray& values) const;             ///< c of f
  PlaneArray values(const PlaneArray& coefficients) const;             ///< f of c
  PlaneDerivatives derivatives(const PlaneArray& coefficients) const;  ///< of the series, exactly
  void derivatives(const PlaneArray& coefficients, PlaneDerivatives& result) const;
  /// All but dyy, which is left as it is: for who knows it from an equation. A fifth cheaper.
  void derivatives_but_dyy(const PlaneArray& coefficients, PlaneDerivatives& result) const;

  /// f at every centre, one call a point.
  PlaneArray sample(const std::function<double(double x, double y)>& f) const;

 private:
  struct Transforms;
  Rectangle rectangle_;
  Index cells_ = 0;
  Eigen::ArrayXd frequencies_x_;
  Eigen::ArrayXd frequencies_y_;
  std::unique_ptr<Transforms> transforms_;
};

/// Mean and covariance, of (x, x), (x, y) and (y, y), of a density on the rectangle.
struct PlaneMoments {
  std::array<double, 2> mean = {};
  std::array<double, 3> covariance = {};
};

/// Of the cosine series through values of sum 1: where the density does not vanish at the sides,
/// the plain sums over centres would be of second order, for x has a kink in its even reflection.
PlaneMoments plane_moments(const PlaneGrid& grid, const PlaneArray& weights);

/// log Σ e^a, the largest term taken out.
double log_sum(const PlaneArray& a);

/// log(e^f + e^level) with its gradient: a density with an even floor under it.
PlaneFunction with_floor(PlaneFunction f, double level);

/// The part of a density's mass beyond the sides of the rectangle, extrapolated from the last
/// cells: a tail that falls by the factor e^{−κt} over a distance t has (its value at the side)/κ
/// there. A density that does not fall has no bound: 1.
double mass_beyond(const PlaneGrid& grid, const PlaneArray& density);

/// A grid function between its points: on each axis the polynomial of degree 7 through the 8
/// nearest centres, one-sided at the sides of the rectangle and beyond them. Error O(h⁸ |∂⁸f|)
/// inside; continuous but for that much. Nothing is assumed of f at the sides.
///
/// @throws std::invalid_argument  the values are not of the grid's size
PlaneFunction interpolated(const PlaneGrid& grid, PlaneArray values);

}  // namespace flowcheck
