#include "flows/trajectory.hpp"

#include "numerics/require.hpp"

#include <algorithm>

namespace flowcheck {

// The cubic of the four end values, and θ²(1 − θ)² times what it misses half way.
void Trajectory::add(const Step& step) {
  const double h = step.length;
  const Vector change = step.to - step.from;
  const Vector v0 = h * step.velocity_from;
  const Vector v1 = h * step.velocity_to;
  const Vector bubble = 16.0 * (step.middle - 0.5 * (step.from + step.to) - 0.125 * (v0 - v1));
  Piece piece{.start = step.start, .length = h, .coefficients = Matrix(step.from.size(), 5)};
  piece.coefficients.col(0) = step.from;
  piece.coefficients.col(1) = v0;
  piece.coefficients.col(2) = 3.0 * change - 2.0 * v0 - v1 + bubble;
  piece.coefficients.col(3) = v0 + v1 - 2.0 * change - 2.0 * bubble;
  piece.coefficients.col(4) = bubble;
  if (times_.empty()) times_.push_back(step.start);
  times_.push_back(step.start + h);
  pieces_.push_back(std::move(piece));
}

const Trajectory::Piece& Trajectory::piece(double t) const {
  require(!empty(), "Trajectory: there is no step");
  const double sign = pieces_.front().length > 0.0 ? 1.0 : -1.0;
  const auto after = std::upper_bound(times_.begin() + 1, times_.end() - 1, t,
                                      [&](double a, double b) { return sign * a < sign * b; });
  return pieces_[static_cast<std::size_t>(after - times_.begin() - 1)];
}

Vector Trajectory::at(double t) const {
  const Piece& p = piece(t);
  const double theta = (t - p.start) / p.length;
  Vector x = p.coefficients.col(4);
  for (Index j = 3; j >= 0; --j) x = p.coefficients.col(j) + theta * x;
  return x;
}

Vector Trajectory::rate(double t) const {
  const Piece& p = piece(t);
  const double theta = (t - p.start) / p.length;
  Vector v = 4.0 * p.coefficients.col(4);
  for (Index j = 3; j >= 1; --j) v = static_cast<double>(j) * p.coefficients.col(j) + theta * v;
  return v / p.length;
}

}  // namespace flowcheck
