#include "learning/full_batch.hpp"

#include "learning/radial_basis_field.hpp"

#include <catch2/catch.hpp>

#include <cmath>

namespace flowcheck::full_batch_test {

namespace {

using Catch::Matchers::WithinAbs;

RegressionBatch batch_of(Rng& rng, Index dimension, Index count) {
  RegressionBatch batch;
  batch.resize(dimension, count);
  batch.points = rng.normal_matrix(dimension, count);
  for (double& t : batch.times) t = rng.uniform();
  batch.targets = rng.normal_matrix(dimension, count);
  return batch;
}

}  // namespace

TEST_CASE("Levenberg–Marquardt finds the network that made the targets", "[learning][exact]") {
  Rng rng(41);
  const VelocityNetwork teacher = initial_network({.dimension = 2, .widths = {5}}, rng);
  RegressionBatch batch = batch_of(rng, 2, 60);
  for (Index j = 0; j < 60; ++j) {
    batch.targets.col(j) = velocity(teacher, batch.times[j], batch.points.col(j));
  }
  VelocityNetwork start = teacher;
  start.parameters += 0.05 * rng.normal_vector(start.parameters.size());
  const FullBatchResult fit = fit_regression(start, batch, {.gradient_tolerance = 1e-10});
  CHECK(fit.termination == Termination::converged);
  CHECK(fit.loss <= 1e-15);
  CHECK(regression_loss(start, batch).loss > 1e-4);
}

// With probes that are zero the loss has no divergence, and its least value is attained wherever
// the block takes every point to x/(1 + h).
TEST_CASE("L-BFGS reaches the least loss of a block without divergence", "[learning][exact]") {
  Rng rng(42);
  const VelocityNetwork start =
      initial_network({.dimension = 2, .widths = {16}, .time_input = false}, rng, 0.1);
  const Matrix points = rng.normal_matrix(2, 4);
  const double h = 0.5;
  const FullBatchResult fit = fit_jko_block(start, points, {.step_size = h, .steps = 2},
                                            Matrix::Zero(2, 4), {.gradient_tolerance = 1e-7});
  CHECK(fit.termination == Termination::converged);
  CHECK_THAT(fit.loss, WithinAbs(points.squaredNorm() / 4.0 / (2.0 * (1.0 + h)), 1e-10));
  const Matrix pushed = push_points(fit.network, points, 0.0, 1.0, 2).points;
  CHECK((pushed - points / (1.0 + h)).norm() <= 1e-5);
}

TEST_CASE("few iterations end at their limit", "[learning][exact]") {
  Rng rng(43);
  const VelocityNetwork start = initial_network({.dimension = 1, .widths = {6}}, rng);
  const RegressionBatch batch = batch_of(rng, 1, 30);
  CHECK(fit_regression(start, batch, {.gradient_tolerance = 1e-14, .max_iterations = 2})
            .termination == Termination::iteration_limit);
}

TEST_CASE("a radial-basis fit finds the coefficients that made the targets", "[learning][exact]") {
  const bool time_input = GENERATE(false, true);
  Rng rng(44);
  const Index inputs = time_input ? 3 : 2;
  RadialBasisField field{.centres = rng.normal_matrix(inputs, 5),
                         .widths = Vector::LinSpaced(5, 0.5, 1.5),
                         .coefficients = rng.normal_matrix(2, 1 + inputs + 5)};
  RegressionBatch batch = batch_of(rng, 2, 80);
  for (Index j = 0; j < 80; ++j) {
    batch.targets.col(j) = velocity(field, batch.times[j], batch.points.col(j));
  }
  const RadialBasisFit fit = fit_radial_basis(field.centres, field.widths, batch);
  CHECK(fit.rank == 1 + inputs + 5);
  CHECK(fit.loss <= 1e-24);
  CHECK((fit.field.coefficients - field.coefficients).norm() <= 1e-10);
}

TEST_CASE("a radial-basis field's divergence is that of central differences",
          "[learning][property]") {
  Rng rng(45);
  const RadialBasisField field{.centres = rng.normal_matrix(3, 4),
                               .widths = Vector::Constant(4, 0.8),
                               .coefficients = rng.normal_matrix(2, 8)};
  const Matrix x = rng.normal_matrix(2, 6);
  const double step = 1e-5;
  Vector expected = Vector::Zero(6);
  for (Index k = 0; k < 2; ++k) {
    const Matrix shift = (step * Vector::Unit(2, k)).replicate(1, 6);
    const Matrix difference = velocity(field, 0.4, x + shift) - velocity(field, 0.4, x - shift);
    expected += difference.row(k).transpose() / (2.0 * step);
  }
  CHECK((divergence(field, 0.4, x) - expected).norm() <= 1e-8);  // step² and round-off/step
}

TEST_CASE("a radial-basis fit with one centre twice is the one of least norm",
          "[learning][exact]") {
  Rng rng(46);
  const Vector centre = rng.normal_vector(2);
  const RegressionBatch batch = batch_of(rng, 2, 40);
  Matrix centres(2, 2);
  centres << centre, centre;
  const RadialBasisFit fit = fit_radial_basis(centres, Vector::Ones(2), batch);
  CHECK(fit.rank == 4);
  CHECK((fit.field.coefficients.col(3) - fit.field.coefficients.col(4)).norm() <= 1e-12);
}

TEST_CASE("fits refuse sizes that do not fit", "[learning][precondition]") {
  Rng rng(47);
  const VelocityNetwork start = initial_network({.dimension = 2, .widths = {3}}, rng);
  CHECK_THROWS_AS(fit_regression(start, batch_of(rng, 1, 5)), std::invalid_argument);
  CHECK_THROWS_AS(fit_jko_block(start, Matrix::Zero(2, 3), {}), std::invalid_argument);
  CHECK_THROWS_AS(fit_radial_basis(Matrix::Zero(2, 1), Vector::Zero(1), batch_of(rng, 2, 5)),
                  std::invalid_argument);
  CHECK_THROWS_AS(fit_radial_basis(Matrix::Zero(4, 1), Vector::Ones(1), batch_of(rng, 2, 5)),
                  std::invalid_argument);
}

}  // namespace flowcheck::full_batch_test
