#include "flows/flow.hpp"

#include "measures/random_gaussian.hpp"
#include "numerics/observed_order.hpp"
#include "support/estimates.hpp"

#include <catch2/catch.hpp>
#include <unsupported/Eigen/MatrixFunctions>

#include <cmath>
#include <cstdint>
#include <vector>

namespace flowcheck::flow_test {

namespace {

// ẋ = Sx.
VelocityField linear_field(const Matrix& S) {
  return [S](double, const Vector& x) -> Vector { return S * x; };
}
VelocityJacobian constant_jacobian(const Matrix& S) {
  return [S](double, const Vector&) { return S; };
}

FlowOptions classical(int steps) {
  return {.method = FlowMethod::runge_kutta4, .steps = steps};
}

// ẋ = −x³, x(T) = x_0/√(1 + 2x_0²T), ∂x(T)/∂x_0 = (1 + 2x_0²T)^{−3/2}.
Vector minus_cube(double, const Vector& x) {
  return -x.array().cube();
}
Matrix minus_cube_jacobian(double, const Vector& x) {
  return Matrix((-3.0 * x.array().square()).matrix().asDiagonal());
}

}  // namespace

TEST_CASE("a linear flow is the matrix exponential", "[flows][exact]") {
  const auto dimension = GENERATE(Index{1}, Index{2}, Index{5});
  CAPTURE(dimension);
  Rng rng(21, static_cast<std::uint64_t>(dimension));
  const Matrix S = rng.normal_matrix(dimension, dimension);
  const Vector x0 = rng.normal_vector(dimension);
  const TangentFlowResult flow =
      integrate_tangent(linear_field(S), constant_jacobian(S), x0, 0.5, 1.5, classical(400));

  // (h‖S‖)⁵/120 a step.
  const double step_error = std::pow(S.norm() / 400.0, 5) / 120.0;
  const Matrix exponential = S.exp();
  const double tolerance = 400.0 * step_error * std::exp(S.norm()) + 1e-13 * exponential.norm();
  CHECK((flow.jacobian - exponential).norm() <= tolerance);
  CHECK((flow.end - exponential * x0).norm() <= tolerance * (1.0 + x0.norm()));
  CHECK_THAT(flow.divergence_integral, WithinRoundOff(S.trace(), dimension, 400.0 * S.norm()));
  CHECK(flow.evaluations == 4 * 400 + 1);
  CHECK(flow.termination == Termination::converged);
}

TEST_CASE("the classical method has order 4, its log-determinants too", "[flows][order]") {
  const Vector x0 = Vector::Constant(1, 1.5);
  const double T = 1.0;
  std::vector<double> steps;
  std::vector<double> ends;
  std::vector<double> determinants;
  for (const int n : {40, 80, 160, 320, 640}) {
    const TangentFlowResult flow =
        integrate_tangent(minus_cube, minus_cube_jacobian, x0, 0.0, T, classical(n));
    const double growth = 1.0 + 2.0 * x0(0) * x0(0) * T;
    steps.push_back(T / n);
    ends.push_back(std::abs(flow.end(0) - x0(0) / std::sqrt(growth)));
    determinants.push_back(std::abs(log_abs_determinant(flow.jacobian) + 1.5 * std::log(growth)));
    CHECK(std::abs(flow.divergence_integral + 1.5 * std::log(growth)) < 1e-2 * T / n);
  }
  CAPTURE(ends, determinants);
  CHECK(observed_order(steps, ends).value == Approx(4.0).margin(0.1));
  CHECK(observed_order(steps, determinants).value == Approx(4.0).margin(0.1));
}

TEST_CASE("every method has its order", "[flows][order]") {
  const auto method =
      GENERATE(FlowMethod::euler, FlowMethod::midpoint, FlowMethod::kutta3,
               FlowMethod::runge_kutta4, FlowMethod::dormand_prince5, FlowMethod::dormand_prince8);
  CAPTURE(order(method));
  // ẋ = x cos t, x = e^{sin t}: depends on t and on x.
  const VelocityField field = [](double t, const Vector& x) -> Vector { return std::cos(t) * x; };
  std::vector<double> steps;
  std::vector<double> errors;
  const int coarsest = order(method) == 8 ? 3 : 20;
  for (int k = 0; k < 4; ++k) {
    const int n = order(method) == 8 ? coarsest + k : coarsest << k;
    const FlowResult flow =
        integrate(field, Vector::Ones(1), 0.0, 2.0, {.method = method, .steps = n});
    steps.push_back(2.0 / n);
    errors.push_back(std::abs(flow.end(0) - std::exp(std::sin(2.0))));
  }
  CAPTURE(errors);
  CHECK(observed_order(steps, errors).value ==
        Approx(order(method)).margin(order(method) == 8 ? 0.7 : 0.15));
}

TEST_CASE("steps of a method's own choice keep to the tolerance, both ways", "[flows][property]") {
  const auto method = GENERATE(FlowMethod::dormand_prince5, FlowMethod::dormand_prince8);
  const auto tolerance = GENERATE(1e-6, 1e-9, 1e-12);
  CAPTURE(order(method), tolerance);
  const FlowOptions options{.method = method, .tolerance = tolerance};
  const Vector x0 = Vector::LinSpaced(3, -1.5, 1.5);
  const TangentFlowResult there =
      integrate_tangent(minus_cube, minus_cube_jacobian, x0, 0.0, 1.0, options);
  const Vector growth = 1.0 + 2.0 * x0.array().square();
  const double allowed = tolerance * (there.steps + 1);
  CHECK((there.end.array() - x0.array() / growth.array().sqrt()).abs().maxCoeff() < 10 * allowed);
  CHECK((there.jacobian.diagonal().array() - growth.array().pow(-1.5)).abs().maxCoeff() <
        10 * allowed);
  CHECK(std::abs(there.divergence_integral - log_abs_determinant(there.jacobian)) < 100 * allowed);
  const FlowResult back = integrate(minus_cube, there.end, 1.0, 0.0, options);
  CHECK((back.end - x0).norm() < 1000 * allowed);  // the way back expands by 8
}

TEST_CASE("a velocity that depends on time alone is not taken for constant", "[flows][control]") {
  const auto method = GENERATE(FlowMethod::dormand_prince5, FlowMethod::dormand_prince8);
  const VelocityField field = [](double t, const Vector&) -> Vector {
    return Vector::Constant(1, std::exp(-100.0 * (t - 0.5) * (t - 0.5)));
  };
  const FlowResult flow = integrate(field, Vector::Zero(1), 0.0, 1.0, {.method = method});
  CHECK(flow.end(0) == Approx(0.1 * std::sqrt(std::acos(-1.0)) * std::erf(5.0)).margin(1e-9));
}

TEST_CASE("each trajectory has its own steps", "[flows][property]") {
  // The same field is slow for x < 1 and stiff beyond: neither trajectory sees the other.
  const VelocityField field = [](double, const Vector& x) -> Vector {
    return Vector::Constant(1, x(0) < 1.0 ? -0.1 * x(0) : -200.0 * (x(0) - 1.0));
  };
  const FlowResult slow = integrate(field, Vector::Constant(1, 0.5), 0.0, 1.0);
  const FlowResult stiff = integrate(field, Vector::Constant(1, 2.0), 0.0, 1.0);
  CHECK(slow.end(0) == Approx(0.5 * std::exp(-0.1)).margin(1e-10));
  CHECK(std::abs(stiff.end(0) - 1.0) < 1e-8);
  CHECK(slow.steps * 5 < stiff.steps);
}

TEST_CASE("the dense output has order 4 of its own, its rate order 4 less one", "[flows][order]") {
  const VelocityField field = [](double t, const Vector& x) -> Vector { return std::cos(t) * x; };
  std::vector<double> steps;
  std::vector<double> values;
  std::vector<double> rates;
  for (const int n : {10, 20, 40, 80}) {
    const FlowResult flow =
        integrate(field, Vector::Ones(1), 0.0, 2.0,
                  {.method = FlowMethod::dormand_prince5, .steps = n, .dense = true});
    REQUIRE(flow.trajectory.times().size() == static_cast<std::size_t>(n) + 1);
    double value = 0.0;
    double rate = 0.0;
    for (int i = 0; i < 200; ++i) {
      const double t = 0.01 * (i + 0.5);
      const double x = std::exp(std::sin(t));
      value = std::max(value, std::abs(flow.trajectory.at(t)(0) - x));
      rate = std::max(rate, std::abs(flow.trajectory.rate(t)(0) - std::cos(t) * x));
    }
    steps.push_back(2.0 / n);
    values.push_back(value);
    rates.push_back(rate);
  }
  CAPTURE(values, rates);
  CHECK(observed_order(steps, values).value == Approx(5.0).margin(0.3));
  CHECK(observed_order(steps, rates).value == Approx(4.0).margin(0.3));
}

TEST_CASE("the integral of the defect bounds the error", "[flows][property]") {
  const auto method = GENERATE(FlowMethod::runge_kutta4, FlowMethod::dormand_prince5);
  const auto forwards = GENERATE(true, false);
  // Lip_{s,1} = e^{sin 1 − sin s} exactly.
  const VelocityField field = [](double t, const Vector& x) -> Vector { return std::cos(t) * x; };
  const double from = forwards ? 0.0 : 1.0;
  const double to = 1.0 - from;
  const FlowResult flow = integrate(field, Vector::Constant(1, std::exp(std::sin(from))), from, to,
                                    {.method = method, .steps = 5, .dense = true});
  const Estimate bound = defect_integral(
      field, [&](double s) { return std::exp(std::sin(to) - std::sin(s)); }, flow.trajectory);
  const double error = std::abs(flow.end(0) - std::exp(std::sin(to)));
  CAPTURE(error, bound);
  CHECK(error <= bound.upper);
  CHECK(bound.value < 5e-4);  // h⁴ times a fourth derivative
}

TEST_CASE("a field is never asked beyond the ends", "[flows][property]") {
  const auto method =
      GENERATE(FlowMethod::runge_kutta4, FlowMethod::dormand_prince5, FlowMethod::dormand_prince8);
  const auto steps = GENERATE(3, 7, 11, 13, 49);
  double least = 0.5;
  double largest = 0.5;
  const VelocityField field = [&](double t, const Vector& x) -> Vector {
    least = std::min(least, t);
    largest = std::max(largest, t);
    return x;
  };
  (void)integrate(field, Vector::Ones(1), 0.1, 0.7, {.method = method, .steps = steps});
  (void)integrate(field, Vector::Ones(1), 0.7, 0.1, {.method = method, .steps = steps});
  CHECK(least == 0.1);
  CHECK(largest == 0.7);
}

TEST_CASE("what stops a trajectory is said", "[flows][exact]") {
  const VelocityField nan = [](double t, const Vector& x) -> Vector {
    return t > 0.5 ? Vector(x * std::nan("")) : x;
  };
  for (const FlowMethod method : {FlowMethod::dormand_prince5, FlowMethod::dormand_prince8}) {
    const FlowResult lost = integrate(nan, Vector::Ones(1), 0.0, 1.0, {.method = method});
    CHECK(lost.termination == Termination::not_finite);
    const FlowResult at_once = integrate(nan, Vector::Ones(1), 0.7, 1.0, {.method = method});
    CHECK(at_once.termination == Termination::not_finite);
    const FlowResult short_of =
        integrate(minus_cube, Vector::Ones(1), 0.0, 1e6, {.method = method, .step_limit = 10});
    CHECK(short_of.termination == Termination::iteration_limit);
    CHECK(short_of.steps + short_of.rejected == 10);
  }
}

TEST_CASE("integrate and integrate_tangent take a point to the same place", "[flows][property]") {
  Rng rng(22);
  const Matrix S = rng.normal_matrix(3, 3);
  const Vector x0 = rng.normal_vector(3);
  const FlowResult point = integrate(linear_field(S), x0, 0.0, 1.0, classical(100));
  const TangentFlowResult tangent =
      integrate_tangent(linear_field(S), constant_jacobian(S), x0, 0.0, 1.0, classical(100));
  CHECK((point.end - tangent.end).norm() == 0.0);
}

TEST_CASE("a flow run backwards returns", "[flows][property]") {
  const Vector x0 = Vector::Constant(2, 0.8);
  const TangentFlowResult there =
      integrate_tangent(minus_cube, minus_cube_jacobian, x0, 0.0, 1.0, classical(1000));
  const TangentFlowResult back =
      integrate_tangent(minus_cube, minus_cube_jacobian, there.end, 1.0, 0.0, classical(1000));
  CHECK((back.end - x0).norm() < 1e-11);
  CHECK((back.jacobian * there.jacobian - Matrix::Identity(2, 2)).norm() < 1e-10);
  CHECK(std::abs(back.divergence_integral + there.divergence_integral) < 1e-10);
}

TEST_CASE("a flow that blows up says so", "[flows][exact]") {
  const VelocityField square = [](double, const Vector& x) -> Vector { return x.array().square(); };
  const FlowResult flow = integrate(square, Vector::Constant(1, 1.0), 0.0, 50.0, classical(100));
  CHECK(flow.termination == Termination::not_finite);
}

TEST_CASE("log_abs_determinant does not see signs, nor overflow", "[flows][exact]") {
  Matrix F = Matrix::Zero(3, 3);
  F.diagonal() << -1e200, 1e200, 1e-150;
  CHECK(log_abs_determinant(F) == Approx(250.0 * std::log(10.0)).epsilon(1e-14));
  CHECK(log_abs_determinant(Matrix::Zero(2, 2)) == -infinity);
}

TEST_CASE("integrate refuses what it cannot run", "[flows][precondition]") {
  const Vector x = Vector::Ones(2);
  const VelocityField wrong = [](double, const Vector&) -> Vector { return Vector::Ones(3); };
  const VelocityJacobian flat = [](double, const Vector&) { return Matrix::Zero(1, 2); };
  CHECK_THROWS_AS(integrate(minus_cube, x, 0.0, 1.0, classical(0)), std::invalid_argument);
  CHECK_THROWS_AS(integrate(minus_cube, x, 0.0, 1.0, {.tolerance = 0.0}), std::invalid_argument);
  CHECK_THROWS_AS(integrate(minus_cube, x, 0.0, std::nan("")), std::invalid_argument);
  CHECK_THROWS_AS(integrate(minus_cube, Vector(), 0.0, 1.0), std::invalid_argument);
  CHECK_THROWS_AS(integrate(wrong, x, 0.0, 1.0), std::invalid_argument);
  CHECK_THROWS_AS(integrate_tangent(minus_cube, flat, x, 0.0, 1.0), std::invalid_argument);
  CHECK_THROWS_AS(log_abs_determinant(Matrix::Zero(2, 3)), std::invalid_argument);
}

}  // namespace flowcheck::flow_test
