#pragma once

#include "flows/trajectory.hpp"
#include "numerics/estimate.hpp"
#include "numerics/termination.hpp"
#include "numerics/types.hpp"

#include <functional>

namespace flowcheck {

/// v(t, x), the velocity of a flow ẋ = v(t, x) on ℝᵈ.
using VelocityField = std::function<Vector(double t, const Vector& x)>;

/// Dv(t, x), d × d, entry (i, j) being ∂v_i/∂x_j.
using VelocityJacobian = std::function<Matrix(double t, const Vector& x)>;

/// Both at once, where they share their work.
struct LocalFlow {
  Vector velocity = {};
  Matrix jacobian = {};
};
using TangentField = std::function<LocalFlow(double t, const Vector& x)>;

/// Runge–Kutta methods. The last two carry an error estimate and can choose their own steps.
enum class FlowMethod {
  euler,
  midpoint,         ///< order 2
  kutta3,           ///< order 3
  runge_kutta4,     ///< the classical one
  dormand_prince5,  ///< 5(4), with a dense output of order 4
  dormand_prince8,  ///< 8(5, 3); for tight tolerances, half the evaluations
};

int order(FlowMethod method);

struct FlowOptions {
  FlowMethod method = FlowMethod::dormand_prince5;
  int steps = 0;             ///< n ≥ 1 equal steps; 0: chosen by the method's error estimate
  double tolerance = 1e-10;  ///< of a step's error, relative to 1 + |x_i| in each coordinate
  int step_limit = 100'000;  ///< steps tried; more of them end in `iteration_limit`
  bool dense = false;        ///< keep the trajectory (integrate() only)
};

/// Where a flow has taken a point.
struct FlowResult {
  Vector end = {};      ///< x(t1)
  int evaluations = 0;  ///< of the velocity field
  int steps = 0;        ///< taken
  int rejected = 0;     ///< tried and found too long
  Trajectory trajectory = {};
  Termination termination = Termination::running;
};

/// Where a flow has taken a point and its neighbourhood.
struct TangentFlowResult {
  Vector end = {};                   ///< x(t1)
  Matrix jacobian = {};              ///< F = ∂x(t1)/∂x(t0)
  double divergence_integral = 0.0;  ///< ∫ div v(t, x(t)) dt from t0 to t1
  int evaluations = 0;               ///< of the velocity field, and of its Jacobian
  int steps = 0;
  int rejected = 0;
  Termination termination = Termination::running;
};

/// Solves ẋ = v(t, x) from x(t0) = x0 to t1; t1 < t0 runs backwards. Equal steps are all taken;
/// steps of its own choice keep this trajectory's own error estimate below the tolerance. Anything
/// but `converged` says that the end was not reached: `not_finite` where the point or the field
/// leaves the doubles, `stalled` where steps would have to be shorter than time can tell.
///
/// @throws std::invalid_argument  steps < 0, equal steps missing for a method without an error
/// estimate, a time is not finite, x0 is empty, or the field's value has another length
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
/// log p_{t1}(x(t1)) = log p_{t0}(x0) − ℓ. The error estimate covers x, F and ℓ alike.
///
/// @throws std::invalid_argument  as integrate(), or the Jacobian is not d × d
[[nodiscard]] TangentFlowResult integrate_tangent(const TangentField& field,
                                                  const Vector& x0,
                                                  double t0,
                                                  double t1,
                                                  const FlowOptions& options = {});
[[nodiscard]] TangentFlowResult integrate_tangent(const VelocityField& field,
                                                  const VelocityJacobian& jacobian,
                                                  const Vector& x0,
                                                  double t0,
                                                  double t1,
                                                  const FlowOptions& options = {});

/// log|det F|, from an LU factorisation; −∞ where F is singular.
/// @throws std::invalid_argument  not square
double log_abs_determinant(const Matrix& F);

/// What a trajectory's error at its end is at most, seen afterwards: ∫ Lip(s) |x̂′ − v(s, x̂)| ds
/// with Lip(s) a Lipschitz constant of the exact flow from s to the end. Gauss's rules of 10 and 5
/// nodes on each step.
/// @throws std::invalid_argument  the trajectory is empty
Estimate defect_integral(const VelocityField& field,
                         const std::function<double(double s)>& lipschitz_to_end,
                         const Trajectory& trajectory);

}  // namespace flowcheck
