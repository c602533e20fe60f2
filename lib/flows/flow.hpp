#pragma once

#include "numerics/termination.hpp"
#include "numerics/types.hpp"

#include <functional>

namespace flowcheck {

/// v(t, x), the velocity of a flow ẋ = v(t, x) on ℝᵈ.
using VelocityField = std::function<Vector(double t, const Vector& x)>;

/// Dv(t, x), d × d, entry (i, j) being ∂v_i/∂x_j.
using VelocityJacobian = std::function<Matrix(double t, const Vector& x)>;

struct FlowOptions {
  int steps = 100;  ///< n ≥ 1 equal steps of the classical Runge–Kutta method, order 4
};

/// Where a flow has taken a point.
struct FlowResult {
  Vector end = {};      ///< x(t1)
  int evaluations = 0;  ///< of the velocity field
  Termination termination = Termination::running;
};

/// Where a flow has taken a point and its neighbourhood.
struct TangentFlowResult {
  Vector end = {};                   ///< x(t1)
  Matrix jacobian = {};              ///< F = ∂x(t1)/∂x(t0)
  double divergence_integral = 0.0;  ///< ∫ div v(t, x(t)) dt from t0 to t1
  int evaluations = 0;               ///< of the velocity field, and of its Jacobian
  Termination termination = Termination::running;
};

/// Solves ẋ = v(t, x) from x(t0) = x0 to t1; t1 < t0 runs backwards. The steps are all taken, so
/// the outcome is `converged` unless the point leaves the doubles.
///
/// @throws std::invalid_argument  steps < 1, a time is not finite, x0 is empty, or the field's
/// value has another length
[[nodiscard]] FlowResult integrate(const VelocityField& field,
                                   const Vector& x0,
                                   double t0,
                                   double t1,
                                   const FlowOptions& options = {});

/// The same with the variational equation and the divergence integrated by the same steps,
///
///   Ḟ = Dv(t, x) F,  F(t0) = I,    ℓ̇ = tr Dv(t, x),  ℓ(t0) = 0,
///
/// so that log|det F| = ℓ up to the method's error, and a density carried along has
/// log p_{t1}(x(t1)) = log p_{t0}(x0) − ℓ. Cost: d × d products, 4n of them.
///
/// @throws std::invalid_argument  as integrate(), or the Jacobian is not d × d
[[nodiscard]] TangentFlowResult integrate_tangent(const VelocityField& field,
                                                  const VelocityJacobian& jacobian,
                                                  const Vector& x0,
                                                  double t0,
                                                  double t1,
                                                  const FlowOptions& options = {});

/// log|det F|, from an LU factorisation; −∞ where F is singular.
/// @throws std::invalid_argument  not square
double log_abs_determinant(const Matrix& F);

}  // namespace flowcheck
