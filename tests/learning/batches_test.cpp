#include "learning/batches.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

namespace flowcheck::batches_test {

namespace {

using Catch::Matchers::WithinAbs;

const Index n = 20'000;

EndPoints drawn_ends(const EndPointSource& source, Index dimension) {
  Rng rng(31);
  EndPoints ends{.start = Matrix(dimension, n), .end = Matrix(dimension, n)};
  source(rng, ends);
  return ends;
}

PointSource shifted_normal(double mean) {
  return [mean](Rng& rng, Matrix& points) {
    for (double& x : points.reshaped()) x = mean + rng.normal();
  };
}

}  // namespace

TEST_CASE("an OU step has its mean, its variance and the correlation of its coupling",
          "[learning][property]") {
  const auto coupling = GENERATE(Coupling::dependent, Coupling::shuffled, Coupling::independent);
  const double gamma = 0.3;
  const EndPoints ends = drawn_ends(ou_step_ends(shifted_normal(2.0), gamma, coupling), 1);
  const Vector x = ends.start.row(0).array() - 2.0;
  const Vector y = ends.end.row(0).array() - 2.0 * std::exp(-gamma);
  const double z = 6.0 / std::sqrt(static_cast<double>(n));  // six standard errors
  CHECK_THAT(y.mean(), WithinAbs(0.0, z));
  CHECK_THAT(y.squaredNorm() / n, WithinAbs(1.0, z * std::sqrt(2.0)));
  const double expected = coupling == Coupling::dependent ? std::exp(-gamma) : 0.0;
  CHECK_THAT(x.dot(y) / n, WithinAbs(expected, z * std::sqrt(2.0)));
}

TEST_CASE("an endless OU step is a normal draw of its own", "[learning][exact]") {
  const EndPoints ends =
      drawn_ends(ou_step_ends(shifted_normal(5.0), infinity, Coupling::dependent), 1);
  CHECK_THAT(ends.end.mean(), WithinAbs(0.0, 6.0 / std::sqrt(static_cast<double>(n))));
  CHECK(ends.end.allFinite());
}

TEST_CASE("a flow-matching target is the derivative of its point in time", "[learning][property]") {
  const Interpolant path = GENERATE(Interpolant::linear, Interpolant::trigonometric);
  const EndPointSource fixed = [](Rng&, EndPoints& ends) {
    ends.start.setConstant(1.0);
    ends.end.setConstant(3.0);
  };
  Rng rng(32);
  RegressionBatch batch;
  batch.resize(1, 500);
  flow_matching(fixed, path)(rng, batch);
  std::vector<std::pair<double, Index>> order;
  for (Index j = 0; j < 500; ++j) order.emplace_back(batch.times[j], j);
  std::sort(order.begin(), order.end());
  for (std::size_t k = 1; k < order.size(); ++k) {
    const double step = order[k].first - order[k - 1].first;
    const Index i = order[k - 1].second;
    const Index j = order[k].second;
    // The trapezoidal rule; |I'''| ≤ (π/2)³ · √10 < 13.
    const double slope = 0.5 * (batch.targets(0, i) + batch.targets(0, j));
    CHECK_THAT(batch.points(0, j) - batch.points(0, i),
               WithinAbs(slope * step, 13.0 / 12.0 * step * step * step + 1e-14));
  }
}

TEST_CASE("times follow their Beta law", "[learning][property]") {
  const auto [a, b] = GENERATE(std::pair{1.0, 1.0}, std::pair{1.0, 0.5}, std::pair{2.0, 3.0});
  Rng rng(33);
  RegressionBatch batch;
  batch.resize(1, 3000);
  flow_matching(independent_ends(standard_normal_draws(), standard_normal_draws()),
                Interpolant::linear, {.first = a, .second = b})(rng, batch);
  const double variance = a * b / ((a + b) * (a + b) * (a + b + 1.0));
  CHECK_THAT(batch.times.mean(), WithinAbs(a / (a + b), 6.0 * std::sqrt(variance / 3000.0)));
}

TEST_CASE("draws are columns of the data", "[learning][exact]") {
  const Matrix data = Matrix{{1.0, 2.0, 3.0}, {10.0, 20.0, 30.0}};
  Rng rng(34);
  Matrix points(2, 100);
  draws_from(data)(rng, points);
  for (Index j = 0; j < 100; ++j) CHECK(points(1, j) == 10.0 * points(0, j));
  CHECK(points.row(0).minCoeff() == 1.0);
  CHECK(points.row(0).maxCoeff() == 3.0);
}

TEST_CASE("batches without points or with a wrong law are refused", "[learning][precondition]") {
  CHECK_THROWS_AS(draws_from(Matrix(2, 0)), std::invalid_argument);
  CHECK_THROWS_AS(ou_step_ends(standard_normal_draws(), 0.0, Coupling::dependent),
                  std::invalid_argument);
  CHECK_THROWS_AS(flow_matching(independent_ends(standard_normal_draws(), standard_normal_draws()),
                                Interpolant::linear, {.first = 0.0}),
                  std::invalid_argument);
}

}  // namespace flowcheck::batches_test
