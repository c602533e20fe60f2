#pragma once

#include "numerics/types.hpp"

#include <cstddef>
#include <vector>

namespace flowcheck {

/// A solution between the steps of a method: a polynomial of degree 4 on each step, continuously
/// differentiable. A value, filled by integrate().
class Trajectory {
 public:
  /// One step: both ends with their velocities, and the point half way.
  struct Step {
    double start = 0.0;
    double length = 0.0;  ///< of either sign
    const Vector& from;
    const Vector& velocity_from;
    const Vector& middle;
    const Vector& to;
    const Vector& velocity_to;
  };

  void add(const Step& step);

  bool empty() const { return pieces_.empty(); }
  const std::vector<double>& times() const { return times_; }  ///< ends of the steps, in order
  Vector at(double t) const;    ///< x̂(t); beyond the ends, the outermost polynomial
  Vector rate(double t) const;  ///< x̂′(t)

 private:
  // The polynomial's coefficients in (t − start)/length, d × 5.
  struct Piece {
    double start = 0.0;
    double length = 0.0;
    Matrix coefficients = {};
  };
  const Piece& piece(double t) const;

  std::vector<double> times_;
  std::vector<Piece> pieces_;
};

}  // namespace flowcheck
