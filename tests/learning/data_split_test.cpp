#include "learning/data_split.hpp"

#include "learning/data_scaling.hpp"
#include "measures/gaussian.hpp"
#include "measures/moment_fit.hpp"
#include "numerics/rng.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

namespace flowcheck::data_split_test {

namespace {

std::vector<double> first_row(const Matrix& points) {
  return {points.row(0).begin(), points.row(0).end()};
}

Matrix counted(Index n) {
  return Vector::LinSpaced(n, 0.0, static_cast<double>(n - 1)).transpose();
}

Matrix correlated_points() {
  Matrix covariance(3, 3);
  covariance << 4.0, 1.0, 0.0, 1.0, 1.0, 0.2, 0.0, 0.2, 1e-6;
  covariance(1, 2) = covariance(2, 1) = 2e-4;
  Rng rng(3);
  return sample(Gaussian(Vector::LinSpaced(3, -5.0, 100.0), covariance), 400, rng);
}

}  // namespace

TEST_CASE("a split puts every point into one of three parts", "[learning][property]") {
  const auto n = GENERATE(Index{20}, Index{103}, Index{1000});
  const DataSplit split = split_data(counted(n), {.validation = 0.1, .test = 0.2}, 7);
  CHECK(split.test.cols() == n / 5);
  CHECK(split.validation.cols() == n / 10);
  std::vector<double> all = first_row(split.train);
  for (const Matrix& part : {split.validation, split.test}) {
    const std::vector<double> values = first_row(part);
    all.insert(all.end(), values.begin(), values.end());
  }
  CHECK_FALSE(std::is_sorted(all.begin(), all.end()));
  std::sort(all.begin(), all.end());
  CHECK(all == first_row(counted(n)));
}

TEST_CASE("a split is its seed's", "[learning][property]") {
  const Matrix points = counted(50);
  CHECK(split_data(points, {}, 1).test == split_data(points, {}, 1).test);
  CHECK(split_data(points, {}, 1).test != split_data(points, {}, 2).test);
}

TEST_CASE("a split without points for a part is refused", "[learning][precondition]") {
  CHECK_THROWS_AS(split_data(counted(10), {}, 1), std::invalid_argument);
  CHECK_THROWS_AS(split_data(counted(100), {.validation = 0.5, .test = 0.5}, 1),
                  std::invalid_argument);
  CHECK_THROWS_AS(split_data(counted(100), {.validation = 0.0}, 1), std::invalid_argument);
}

TEST_CASE("whitened points have mean zero and the identity for covariance", "[learning][exact]") {
  const Matrix points = correlated_points();
  const DataScaling scaling = scaling_of(Scaling::whiten, points);
  const Gaussian moments = moment_fit(scaling.to_model(points));
  CHECK(moments.mean().norm() < 1e-9);
  CHECK((moments.covariance() - Matrix::Identity(3, 3)).norm() < 1e-9);
  const Gaussian own = moment_fit(points);
  CHECK(scaling.log_determinant ==
        Approx(-0.5 * own.eigenvalues().array().log().sum()).epsilon(1e-9));
  CHECK((scaling.to_data(scaling.to_model(points)) - points).norm() < 1e-9 * points.norm());
}

TEST_CASE("standardised columns keep their correlations", "[learning][exact]") {
  const Matrix points = correlated_points();
  const DataScaling scaling = scaling_of(Scaling::standardise, points);
  const Matrix covariance = moment_fit(scaling.to_model(points)).covariance();
  CHECK((covariance.diagonal().array() - 1.0).abs().maxCoeff() < 1e-9);
  const Matrix own = moment_fit(points).covariance();
  CHECK(covariance(0, 1) == Approx(own(0, 1) / std::sqrt(own(0, 0) * own(1, 1))));
  CHECK(scaling_of(Scaling::none, points).to_model(points) == points);
}

TEST_CASE("the column that the others determine is named", "[learning][exact]") {
  Matrix points = correlated_points();
  CHECK_FALSE(dependent_column(points));
  points.row(1) = 1e3 * (points.row(0).array() + 7.0);
  const std::optional<Index> one_of_two = dependent_column(points);
  REQUIRE(one_of_two);
  CHECK(*one_of_two != 2);
  points.row(2).setConstant(3.0);
  CHECK(dependent_column(points) == Index{2});
}

TEST_CASE("points that no density has are not scaled", "[learning][precondition]") {
  Matrix points = correlated_points();
  points.row(2) = 2.0 * points.row(0) - points.row(1);
  CHECK_THROWS_AS(scaling_of(Scaling::whiten, points), std::invalid_argument);
  CHECK_NOTHROW(scaling_of(Scaling::standardise, points));
  points.row(2).setConstant(3.0);
  CHECK_THROWS_AS(scaling_of(Scaling::standardise, points), std::invalid_argument);
}

}  // namespace flowcheck::data_split_test
