#include "flows/flow.hpp"

#include "numerics/require.hpp"

#include <Eigen/LU>
// odeint has to come before its own Eigen header.
#include <boost/numeric/odeint.hpp>
#include <boost/numeric/odeint/external/eigen/eigen.hpp>

#include <cmath>

namespace flowcheck {
namespace {

namespace odeint = boost::numeric::odeint;
using RungeKutta =
    odeint::runge_kutta4<Vector, double, Vector, double, odeint::vector_space_algebra>;

void require_run(const Vector& x0, double t0, double t1, const FlowOptions& options) {
  require(options.steps >= 1, "integrate: steps must be at least 1");
  require(std::isfinite(t0) && std::isfinite(t1), "integrate: the times must be finite");
  require(x0.size() > 0, "integrate: the starting point must not be empty");
}

Vector velocity_at(const VelocityField& field, double t, const Vector& x) {
  Vector v = field(t, x);
  require(v.size() == x.size(), "integrate: the field's value has another length than the point");
  return v;
}

// n equal steps; false once the state is not finite.
template <class System>
bool run(const System& system, Vector& state, double t0, double t1, int steps) {
  RungeKutta stepper;
  const double h = (t1 - t0) / steps;
  for (int i = 0; i < steps; ++i) {
    stepper.do_step(system, state, t0 + i * h, h);  // not t += h, which would drift
    if (!state.allFinite()) return false;
  }
  return true;
}

Termination outcome(bool finite) {
  return finite ? Termination::converged : Termination::not_finite;
}

}  // namespace

FlowResult integrate(const VelocityField& field,
                     const Vector& x0,
                     double t0,
                     double t1,
                     const FlowOptions& options) {
  require_run(x0, t0, t1, options);
  FlowResult result{.end = x0};
  const auto system = [&](const Vector& x, Vector& rate, double t) {
    ++result.evaluations;
    rate = velocity_at(field, t, x);
  };
  result.termination = outcome(run(system, result.end, t0, t1, options.steps));
  return result;
}

TangentFlowResult integrate_tangent(const VelocityField& field,
                                    const VelocityJacobian& jacobian,
                                    const Vector& x0,
                                    double t0,
                                    double t1,
                                    const FlowOptions& options) {
  require_run(x0, t0, t1, options);
  const Index d = x0.size();
  TangentFlowResult result;

  // One state for the stepper: x, then F column by column, then ℓ.
  Vector state(d + d * d + 1);
  state << x0, Matrix::Identity(d, d).reshaped(), 0.0;
  const auto system = [&](const Vector& y, Vector& rate, double t) {
    ++result.evaluations;
    const Vector x = y.head(d);
    const Matrix Dv = jacobian(t, x);
    require(Dv.rows() == d && Dv.cols() == d, "integrate_tangent: the Jacobian must be d x d");
    const Matrix F = y.segment(d, d * d).reshaped(d, d);
    rate.resize(y.size());
    rate << velocity_at(field, t, x), (Dv * F).eval().reshaped(), Dv.trace();
  };
  result.termination = outcome(run(system, state, t0, t1, options.steps));
  result.end = state.head(d);
  result.jacobian = state.segment(d, d * d).reshaped(d, d);
  result.divergence_integral = state(d + d * d);
  return result;
}

double log_abs_determinant(const Matrix& F) {
  require(F.rows() == F.cols(), "log_abs_determinant: the matrix must be square");
  const Eigen::PartialPivLU<Matrix> lu(F);
  return lu.matrixLU().diagonal().cwiseAbs().array().log().sum();
}

}  // namespace flowcheck
