#pragma once

#include "proximal/line_functional.hpp"

#include <utility>

namespace flowcheck {

/// What a Newton iteration on the line minimises over T,
///
///   F(T) = G_h(T) + (s/2)‖T − T_n‖²_w − ⟨ξ, T⟩_w,    s = 1/γ ≥ 0.
struct LineProblem {
  const LineGrid& grid;
  const LineFunctional& G;
  const Vector* centre = nullptr;  ///< T_n; not read for s = 0
  double inverse_step = 0.0;       ///< s
  const Vector* tilt = nullptr;    ///< ξ; none: 0
};

/// Newton steps on a LineProblem; see line_jko_step() for the method.
class LineNewton {
 public:
  LineNewton(const LineProblem& problem, Vector values, Vector increments);

  Vector take_values() { return std::move(T_); }
  Vector take_increments() { return std::move(d_); }

  /// The Newton direction δ at the current point, and its increments; its decrement squared.
  /// @throws std::invalid_argument  V″ is below its stated lower bound
  double find_direction();

  /// max |δᵢ₊₁ − δᵢ|/dᵢ of the direction found; 0 without internal energy.
  double largest_change() const { return largest_change_; }

  double objective() const { return objective(T_, d_); }  ///< F; +∞ where it is not finite

  /// T ← T + δ, increments that change much by Newton's method in the pressure instead.
  void full_step();
  /// Shortens the step until F decreases by a tenth of what its slope promises; false: it does not.
  bool damped_step(double squared_decrement);

 private:
  template <bool rank_one>
  double factor_and_solve();
  struct Chunk;
  template <bool rank_one>
  void prepare(Index begin, Index end, double mean, Chunk& chunk) const;
  double objective(const Vector& T, const Vector& d) const;
  void move(double length, bool by_pressure, Vector& T, Vector& d) const;

  LineProblem problem_;
  Vector T_;
  Vector d_;
  Vector direction_;             // δ, and on the way to it y/p
  Vector direction_increments_;  // δᵢ₊₁ − δᵢ, and on the way to it e/p
  Vector second_;                // the same for the right-hand side w
  Vector second_increments_;
  double least_change_ = 0.0;  // min (δᵢ₊₁ − δᵢ)/dᵢ
  double largest_change_ = 0.0;
  Vector trial_values_;
  Vector trial_increments_;
  double objective_ = 0.0;  // of the current point
  bool objective_is_known_ = false;
};

/// Values from increments and the value at the middle node, each with one rounding of its own.
Vector values_of(const Vector& increments, double middle);

}  // namespace flowcheck
