#pragma once

#include "learning/network_shape.hpp"
#include "numerics/rng.hpp"
#include "numerics/types.hpp"

#include <functional>

namespace flowcheck {

/// A velocity field v(t, x) on ℝᵈ given by a network. A value.
struct VelocityNetwork {
  NetworkShape shape = {};
  Vector parameters = {};  ///< parameter_count(shape) numbers; see NetworkLayer for their order
};

/// Independent weights N(0, g/inputs), g = 2 (1 for softplus) in the hidden layers and
/// output_scale² in the last one, biases 0: with output_scale 0 the field is 0 everywhere and a
/// block starts from the identity.
/// @throws std::invalid_argument  as require_network_shape(), or output_scale not finite
VelocityNetwork initial_network(const NetworkShape& shape, Rng& rng, double output_scale = 1.0);

/// v(t, x) for each column of `points`, d × n. Measured in double, on the calling thread.
/// @throws std::invalid_argument  the number of parameters or the dimension does not fit
Matrix velocity(const VelocityNetwork& network, double t, const Matrix& points);

struct VelocityAndDivergence {
  Matrix velocity = {};    ///< d × n
  Vector divergence = {};  ///< div v = tr ∂v/∂x, exact; n
};

/// Costs 1 + d passes, d of them forward derivatives. @throws std::invalid_argument  likewise
VelocityAndDivergence velocity_and_divergence(const VelocityNetwork& network,
                                              double t,
                                              const Matrix& points);

struct VelocityAndJacobian {
  Vector velocity = {};
  Matrix jacobian = {};  ///< entry (i, j) is ∂v_i/∂x_j
};

/// At one point, likewise.
VelocityAndJacobian velocity_and_jacobian(const VelocityNetwork& network,
                                          double t,
                                          const Vector& point);

/// At least sup ‖∂v/∂x‖ over all points and times, from the layers' largest singular values: with
/// W_x, W_w the columns of W_1 at the point and at its waves, Ω their frequencies and s = sup |σ′|,
///
///   (‖W_x‖ + ‖W_w‖‖Ω‖) s^L Π_{l=2}^{L+1} ‖W_l‖,    with residual blocks 1 + s‖W_l‖ for 2 ≤ l ≤ L.
///
/// e^{that} bounds the Lipschitz constants of the exact flow over unit time and of its inverse, and
/// is out of the numbers for most trained networks; of the steps that stand for the flow see
/// log_inverse_lipschitz_bound(). Rounded upwards.
double lipschitz_bound(const VelocityNetwork& network);

/// The network as field and with its Jacobian, for integrate() and integrate_tangent(); safe to
/// call from several threads.
std::function<Vector(double t, const Vector& x)> velocity_field(const VelocityNetwork& network);
std::function<Matrix(double t, const Vector& x)> velocity_jacobian(const VelocityNetwork& network);

/// Where n RK4 steps take each column of `points` from t0 to t1 (t1 < t0 runs backwards), and
/// ∫ div v dt along the way by the same steps, sign included.
struct PushedPoints {
  Matrix points = {};               ///< d × n
  Vector divergence_integral = {};  ///< n; empty unless asked for
};
PushedPoints push_points(const VelocityNetwork& network,
                         const Matrix& points,
                         double t0,
                         double t1,
                         Index steps,
                         bool with_divergence = false);

}  // namespace flowcheck
