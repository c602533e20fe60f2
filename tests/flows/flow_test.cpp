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
      integrate_tangent(linear_field(S), constant_jacobian(S), x0, 0.5, 1.5, {.steps = 400});

  // (h‖S‖)⁵/120 a step.
  const double step_error = std::pow(S.norm() / 400.0, 5) / 120.0;
  const Matrix exponential = S.exp();
  const double tolerance = 400.0 * step_error * std::exp(S.norm()) + 1e-13 * exponential.norm();
  CHECK((flow.jacobian - exponential).norm() <= tolerance);
  CHECK((flow.end - exponential * x0).norm() <= tolerance * (1.0 + x0.norm()));
  CHECK_THAT(flow.divergence_integral, WithinRoundOff(S.trace(), dimension, 400.0 * S.norm()));
  CHECK(flow.evaluations == 4 * 400);
  CHECK(flow.termination == Termination::converged);
}

TEST_CASE("integrate has order 4", "[flows][order]") {
  const Vector x0 = Vector::Constant(1, 1.5);
  const double T = 1.0;
  std::vector<double> steps;
  std::vector<double> ends;
  std::vector<double> determinants;
  for (const int n : {40, 80, 160, 320, 640}) {
    const TangentFlowResult flow =
        integrate_tangent(minus_cube, minus_cube_jacobian, x0, 0.0, T, {.steps = n});
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

TEST_CASE("integrate and integrate_tangent take a point to the same place", "[flows][property]") {
  Rng rng(22);
  const Matrix S = rng.normal_matrix(3, 3);
  const Vector x0 = rng.normal_vector(3);
  const FlowResult point = integrate(linear_field(S), x0, 0.0, 1.0);
  const TangentFlowResult tangent =
      integrate_tangent(linear_field(S), constant_jacobian(S), x0, 0.0, 1.0);
  CHECK((point.end - tangent.end).norm() == 0.0);
}

TEST_CASE("a flow run backwards returns", "[flows][property]") {
  const Vector x0 = Vector::Constant(2, 0.8);
  const TangentFlowResult there =
      integrate_tangent(minus_cube, minus_cube_jacobian, x0, 0.0, 1.0, {.steps = 1000});
  const TangentFlowResult back =
      integrate_tangent(minus_cube, minus_cube_jacobian, there.end, 1.0, 0.0, {.steps = 1000});
  CHECK((back.end - x0).norm() < 1e-11);
  CHECK((back.jacobian * there.jacobian - Matrix::Identity(2, 2)).norm() < 1e-10);
  CHECK(std::abs(back.divergence_integral + there.divergence_integral) < 1e-10);
}

TEST_CASE("a flow that blows up says so", "[flows][exact]") {
  const VelocityField square = [](double, const Vector& x) -> Vector { return x.array().square(); };
  const FlowResult flow = integrate(square, Vector::Constant(1, 1.0), 0.0, 50.0, {.steps = 100});
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
  CHECK_THROWS_AS(integrate(minus_cube, x, 0.0, 1.0, {.steps = 0}), std::invalid_argument);
  CHECK_THROWS_AS(integrate(minus_cube, x, 0.0, std::nan("")), std::invalid_argument);
  CHECK_THROWS_AS(integrate(minus_cube, Vector(), 0.0, 1.0), std::invalid_argument);
  CHECK_THROWS_AS(integrate(wrong, x, 0.0, 1.0), std::invalid_argument);
  CHECK_THROWS_AS(integrate_tangent(minus_cube, flat, x, 0.0, 1.0), std::invalid_argument);
  CHECK_THROWS_AS(log_abs_determinant(Matrix::Zero(2, 3)), std::invalid_argument);
}

}  // namespace flowcheck::flow_test
