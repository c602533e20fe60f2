#pragma once

#include "learning/flow_model.hpp"
#include "numerics/types.hpp"

namespace flowcheck {

/// Points x_j, j < n, with their neighbours x_j ± h e_k, k < d, for central differences of what
/// maps them: wrong by O(h²) and by round-off over h.
class Stencils {
 public:
  /// @param points  d × n
  /// @param step    h > 0
  /// @throws std::invalid_argument  h ≤ 0
  Stencils(const Matrix& points, double step);

  const Matrix& columns() const { return columns_; }  ///< d × (1 + 2d)n, the x_j first
  Index count() const { return count_; }              ///< n
  double step() const { return step_; }               ///< h

  /// Df(x_j), from f of the columns.
  Matrix jacobian(const Matrix& images, Index j) const;
  /// ∇f(x_j) of a number.
  Vector gradient(const Vector& values, Index j) const;

 private:
  Index plus(Index k, Index j) const { return (1 + 2 * k) * count_ + j; }
  Index minus(Index k, Index j) const { return (2 + 2 * k) * count_ + j; }

  Index count_;
  double step_;
  Matrix columns_;
};

/// Points that a model's blocks carry along, y = (T_n∘…∘T_1)(x), and the score of their law there,
/// by exact change of variables:
///
///   log p_n(y) = log p_0(x) − Σ_m ∫₀¹ div v_m dt,    ∇log p_n(y) = J⁻ᵀ ∇_x[log p_n(y(x))],
///
/// J = dy/dx. Both derivatives by Stencils around x. A ripple of the density that is wider than h
/// is seen, which kernels on some points smooth away.
///
/// Cost a block: (1 + 2d)n points pushed with their divergence.
class CarriedPoints {
 public:
  /// @param start         x with its neighbours
  /// @param log_density   log p_0 at start.columns(), up to a constant
  /// @param refinement    of every block's steps, as of push_block()
  /// @throws std::invalid_argument  not one log density a column
  CarriedPoints(Stencils start, Vector log_density, int refinement);

  void push(const ModelBlock& block);

  Matrix points() const { return images_.leftCols(start_.count()); }  ///< y, d × n
  Matrix scores() const;                                              ///< ∇log p_n(y), d × n

 private:
  Stencils start_;
  Matrix images_;
  Vector log_density_;  // of p_n at the images
  int refinement_;
};

}  // namespace flowcheck
