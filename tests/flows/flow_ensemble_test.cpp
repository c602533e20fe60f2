#include "flows/flow_ensemble.hpp"

#include "measures/gaussian_mixture.hpp"
#include "numerics/rng.hpp"

#include <Eigen/SVD>
#include <catch2/catch.hpp>
#include <tbb/global_control.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace flowcheck::flow_ensemble_test {

namespace {

const NoiseLevel noise{.noise = 1.0, .data_scale = 0.0};
const NoiseLevel data{.noise = 0.0, .data_scale = 1.0};

GaussianMixture ring(double radius, double variance) {
  Matrix centres(2, 8);
  for (int k = 0; k < 8; ++k) {
    const double angle = std::numbers::pi * k / 4.0;
    centres.col(k) << radius * std::cos(angle), radius * std::sin(angle);
  }
  return GaussianMixture::isotropic(Vector::Constant(8, 0.125), centres, variance);
}

GaussianMixture random_centres(Index dimension, double variance) {
  Rng rng(4, static_cast<std::uint64_t>(dimension));
  const Vector weights = rng.normal_vector(5).cwiseAbs();
  return GaussianMixture::isotropic(weights / weights.sum(), rng.normal_matrix(dimension, 5),
                                    variance);
}

// 2 to 12 centres of one width between 0.05 and 1.
GaussianMixture random_mixture(Rng& rng, Index dimension) {
  const Index K = 2 + rng.uniform_index(11);
  const Vector weights = Vector::NullaryExpr(K, [&] { return rng.uniform(0.02, 1.0); });
  const double sigma = rng.log_uniform(0.05, 1.0);
  const double radius = rng.log_uniform(0.5, 3.0);
  return GaussianMixture::isotropic(weights / weights.sum(),
                                    radius * rng.normal_matrix(dimension, K), sigma * sigma);
}

double norm(const Matrix& J) {
  return Eigen::JacobiSVD<Matrix>(J).singularValues()(0);
}

}  // namespace

TEST_CASE("no trajectory of an ensemble is off by more than ten tolerances", "[flows][property]") {
  const auto tolerance = GENERATE(1e-5, 1e-8, 1e-11);
  Rng rng(1);
  const Matrix x = rng.normal_matrix(2, 100);
  const GaussianMixture p = ring(2.0, 0.0625);
  const ClockFields fields = clock_fields(p);
  const EnsembleResult result = flow_ensemble(p, noise, data, x, {.tolerance = tolerance});
  REQUIRE(result.converged);
  double worst = 0.0;
  for (Index j = 0; j < x.cols(); ++j) {
    const TangentFlowResult exact = reference_flow(fields, noise, data, x.col(j));
    worst = std::max(worst, (result.ends.col(j) - exact.end).norm() /
                                ((1.0 + x.col(j).norm()) * std::max(1.0, norm(exact.jacobian))));
  }
  CAPTURE(tolerance, worst);
  CHECK(worst < 10.0 * tolerance);
}

// With one of these (d = 1, forwards) three consecutive terms nearly vanish at some points, with
// another (d = 1, backwards) a weight grows out of nothing: 86 and 27 tolerances by a rule that
// looks at three terms and never back. With 58 and 13 a weight grows out of nothing in a step of
// nearly half a radius of convergence (d = 4, forwards): 20 and 110 tolerances where such steps are
// allowed.
TEST_CASE("no trajectory of an ensemble to or from a random mixture is off by ten tolerances",
          "[flows][property]") {
  struct Case {
    int draw;
    double tolerance;
  };
  const auto [draw, tolerance] =
      GENERATE(Case{0, 1e-8}, Case{1, 1e-8}, Case{2, 1e-8}, Case{3, 1e-8}, Case{9, 1e-8},
               Case{10, 1e-8}, Case{21, 1e-8}, Case{30, 1e-8}, Case{35, 1e-8}, Case{37, 1e-8},
               Case{58, 1e-5}, Case{13, 4e-5}, Case{37, 3e-6}, Case{95, 1e-11});
  constexpr double fine = 1e-13;
  constexpr double step = 1e-5;
  const bool forwards = GENERATE(true, false);
  const Index d = 1 + draw % 5;
  Rng rng(7000 + static_cast<std::uint64_t>(draw));
  const GaussianMixture p = random_mixture(rng, d);
  const Matrix x = forwards ? rng.normal_matrix(d, 4000) : sample(p, 4000, rng);
  const auto ends = [&](const Matrix& starts, double at) {
    return flow_ensemble(p, forwards ? noise : data, forwards ? data : noise, starts,
                         {.tolerance = at})
        .ends;
  };
  Vector squares = Vector::Zero(x.cols());
  for (Index i = 0; i < d; ++i) {
    const Vector shift = step * Vector::Unit(d, i);
    const Matrix column =
        (ends(x.colwise() + shift, fine) - ends(x.colwise() - shift, fine)) / (2.0 * step);
    squares += column.colwise().squaredNorm().transpose();
  }
  const Vector stretch = (squares / static_cast<double>(d)).cwiseSqrt();  // at most ‖∇X‖
  const Vector unit =
      tolerance * (1.0 + x.colwise().norm().transpose().array()) * stretch.array().max(1.0);
  const Vector errors = (ends(x, tolerance) - ends(x, fine)).colwise().norm().transpose();
  CAPTURE(draw, tolerance, forwards, d);
  CHECK(errors.cwiseQuotient(unit).maxCoeff() < 10.0);
}

TEST_CASE("an ensemble is the reference flow in any dimension, between any levels, both ways",
          "[flows][property]") {
  const auto dimension = GENERATE(Index{1}, Index{2}, Index{3}, Index{6});
  CAPTURE(dimension);
  const GaussianMixture p = random_centres(dimension, 0.3);
  const ClockFields fields = clock_fields(p);
  Rng rng(2);
  const Matrix x = rng.normal_matrix(dimension, 5);
  const NoiseLevel levels[] = {noise, {0.7, 0.6}, data};
  for (const NoiseLevel& s : levels) {
    for (const NoiseLevel& t : levels) {
      const EnsembleResult result = flow_ensemble(p, s, t, x, {.tolerance = 1e-11});
      REQUIRE(result.converged);
      for (Index j = 0; j < x.cols(); ++j) {
        const TangentFlowResult exact = reference_flow(fields, s, t, x.col(j));
        CHECK((result.ends.col(j) - exact.end).norm() <
              1e-9 * (1.0 + exact.end.norm()) * std::max(1.0, norm(exact.jacobian)));
      }
    }
  }
}

// At the start all but one weight are far below the last digit of the largest: nothing in the
// expansion there tells that they come back.
TEST_CASE("an ensemble flowing back from the data sees the weights that return",
          "[flows][property]") {
  const auto variance = GENERATE(0.0625, 1e-2, 1e-4);
  const auto dimension = GENERATE(Index{1}, Index{2}, Index{5});
  CAPTURE(variance, dimension);
  const GaussianMixture p = random_centres(dimension, variance);
  const ClockFields fields = clock_fields(p);
  Rng rng(9);
  const Matrix x = sample(p, 40, rng);
  const EnsembleResult result = flow_ensemble(p, data, noise, x, {.tolerance = 1e-9});
  REQUIRE(result.converged);
  for (Index j = 0; j < x.cols(); ++j) {
    const TangentFlowResult exact = reference_flow(fields, data, noise, x.col(j));
    CHECK((result.ends.col(j) - exact.end).norm() <
          1e-8 * (1.0 + x.col(j).norm()) * std::max(1.0, norm(exact.jacobian)));
  }
}

TEST_CASE("an ensemble's steps feel how far centres differ, not how far out they lie",
          "[flows][property]") {
  const auto expansions = [](double distance) {
    Matrix centres(2, 4);
    centres << -distance, -distance, distance, distance, -0.5, 0.5, -0.5, 0.5;
    const GaussianMixture p = GaussianMixture::isotropic(Vector::Constant(4, 0.25), centres, 0.01);
    Rng rng(10);
    const EnsembleResult result = flow_ensemble(p, noise, data, rng.normal_matrix(2, 200));
    REQUIRE(result.converged);
    return static_cast<double>(result.expansions) / 200.0;
  };
  CHECK(expansions(1e4) < 2.0 * expansions(10.0));
}

TEST_CASE("an ensemble's bytes depend on neither form, threads nor company", "[flows][property]") {
  const auto dimension = GENERATE(Index{1}, Index{2}, Index{3}, Index{5});
  const GaussianMixture p = random_centres(dimension, 0.1);
  Rng rng(3);
  const Matrix x = rng.normal_matrix(dimension, 2500);
  const EnsembleResult expected = flow_ensemble(p, noise, data, x, {.tolerance = 1e-6});
  for (const VectorForm form : {VectorForm::portable, VectorForm::avx2, VectorForm::avx512}) {
    if (!is_supported(form)) continue;
    const EnsembleResult result =
        flow_ensemble(p, noise, data, x, {.tolerance = 1e-6, .form = form});
    CHECK((result.ends.array() == expected.ends.array()).all());
    CHECK(result.expansions == expected.expansions);
  }
  {
    const tbb::global_control one(tbb::global_control::max_allowed_parallelism, 1);
    CHECK((flow_ensemble(p, noise, data, x, {.tolerance = 1e-6}).ends.array() ==
           expected.ends.array())
              .all());
  }
  const EnsembleResult alone =
      flow_ensemble(p, noise, data, x.middleCols(1234, 3), {.tolerance = 1e-6});
  CHECK((alone.ends.array() == expected.ends.middleCols(1234, 3).array()).all());
}

TEST_CASE("a hard trajectory costs its neighbours nothing", "[flows][property]") {
  const GaussianMixture p = random_centres(2, 1e-4);
  Rng rng(6);
  Matrix x = rng.normal_matrix(2, 16);
  const EnsembleResult before = flow_ensemble(p, noise, data, x.leftCols(15));
  x.col(15) = 1e4 * x.col(15);
  const EnsembleResult after = flow_ensemble(p, noise, data, x);
  CHECK((after.ends.leftCols(15).array() == before.ends.array()).all());
}

TEST_CASE("an ensemble says which trajectories failed", "[flows][exact]") {
  const GaussianMixture p = ring(2.0, 0.0625);
  Rng rng(7);
  Matrix x = rng.normal_matrix(2, 40);
  x(0, 11) = std::numeric_limits<double>::quiet_NaN();
  const EnsembleResult result = flow_ensemble(p, noise, data, x);
  CHECK_FALSE(result.converged);
  for (std::size_t j = 0; j < 40; ++j) {
    CHECK(result.terminations[j] == (j == 11 ? Termination::not_finite : Termination::converged));
  }
  const EnsembleResult hurried = flow_ensemble(p, noise, data, x, {.step_limit = 3});
  CHECK(hurried.terminations[0] == Termination::iteration_limit);
}

TEST_CASE("an ensemble flows towards points as far as it is asked", "[flows][exact]") {
  const GaussianMixture points = ring(2.0, 0.0);
  Rng rng(8);
  const Matrix x = rng.normal_matrix(2, 20);
  const EnsembleResult result = flow_ensemble(points, noise, {1e-6, 1.0}, x);
  REQUIRE(result.converged);
  for (Index j = 0; j < x.cols(); ++j) {
    const Vector distances =
        (points.means().colwise() - result.ends.col(j)).colwise().norm().transpose();
    CHECK(distances.minCoeff() < 1e-5);
  }
  CHECK_THROWS_AS(flow_ensemble(points, noise, data, x), std::invalid_argument);
}

TEST_CASE("flow_ensemble refuses what it has no kernel for", "[flows][precondition]") {
  const GaussianMixture p(Vector::Ones(1), Matrix::Zero(2, 1),
                          {Matrix(Eigen::Vector2d(1.0, 2.0).asDiagonal())});
  CHECK_THROWS_AS(flow_ensemble(p, noise, data, Matrix::Zero(2, 1)), std::invalid_argument);
  const GaussianMixture q = ring(1.0, 1.0);
  CHECK_THROWS_AS(flow_ensemble(q, noise, data, Matrix::Zero(3, 1)), std::invalid_argument);
  CHECK_THROWS_AS(flow_ensemble(q, {-1.0, 0.0}, data, Matrix::Zero(2, 1)), std::invalid_argument);
  CHECK_THROWS_AS(flow_ensemble(q, noise, data, Matrix::Zero(2, 1), {.tolerance = 0.0}),
                  std::invalid_argument);
}

}  // namespace flowcheck::flow_ensemble_test
