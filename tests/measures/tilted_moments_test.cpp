#include "measures/tilted_moments.hpp"

#include "measures/line_posterior.hpp"
#include "measures/uniform_body.hpp"
#include "numerics/special_functions.hpp"
#include "support/estimates.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <stdexcept>

namespace flowcheck::tilted_moments_test {

TEST_CASE("piecewise_gaussian_moments is a truncated Gaussian without kinks, and a cusp with one",
          "[measures][exact]") {
  for (const double k : {-30.0, -2.0, 0.0, 3.0, 400.0}) {
    CAPTURE(k);
    const LineMoments centred = piecewise_gaussian_moments({.slopes = {0.0}}, 0.0, k, -1.0, 1.0);
    CHECK(centred.variance == Approx(truncated_gaussian_variance(k, 1.0)).epsilon(1e-12));
    CHECK(std::abs(centred.variance - truncated_gaussian_variance(k, 1.0)) <= centred.error);
    const LineMoments tilted = piecewise_gaussian_moments({.slopes = {0.0}}, 1.3, k, -1.0, 1.0);
    // κ = k − 1 with r = 1, y = 1.3.
    const LinePosteriorMoments expected = truncated_gaussian_posterior(k - 1.0, 1.0, 1.0, 1.3);
    CHECK(tilted.mean == Approx(expected.mean.value).epsilon(1e-12));
    CHECK(tilted.variance == Approx(expected.variance.value).epsilon(1e-11));
  }
  for (const double L : {-3.0, -0.5, 0.5, 3.0}) {
    CAPTURE(L);
    const LineMoments cusp =
        piecewise_gaussian_moments({.knots = {0.0}, .slopes = {-L, L}}, 0.0, 1.0, -14.0, 14.0);
    CHECK(cusp.variance == Approx(cusp_variance(L)).epsilon(1e-12));
  }
}

TEST_CASE("polygon_gaussian_moments is the product of its axes on a rectangle",
          "[measures][exact]") {
  const Matrix rectangle{{-1.0, 1.0, 1.0, -1.0}, {-0.3, -0.3, 0.3, 0.3}};
  for (const double k : {-8.0, 0.0, 10.0}) {
    CAPTURE(k);
    double error = 0.0;
    const PosteriorMoments moments =
        polygon_gaussian_moments(rectangle, Vector{{0.7, -1.1}}, k, &error);
    const LinePosteriorMoments first = truncated_gaussian_posterior(k - 1.0, 1.0, 1.0, 0.7);
    const LinePosteriorMoments second = truncated_gaussian_posterior(k - 1.0, 0.3, 1.0, -1.1);
    CHECK(std::abs(moments.covariance(0, 0) - first.variance.value) <= error);
    CHECK(std::abs(moments.covariance(1, 1) - second.variance.value) <= error);
    CHECK(std::abs(moments.covariance(0, 1)) <= error);
    CHECK(error < 1e-9);
    const Matrix fast = polygon_gaussian_moments(rectangle, Vector{{0.7, -1.1}}, k).covariance;
    CHECK((fast - moments.covariance).norm() < 1e-7);
  }
}

TEST_CASE("polygon_gaussian_moments is a uniform polygon's covariance without a weight",
          "[measures][exact]") {
  const UniformPolygon hexagon = UniformPolygon::regular(6, 1.5);
  const PosteriorMoments moments =
      polygon_gaussian_moments(hexagon.vertices(), Vector::Zero(2), 0.0);
  CHECK((moments.covariance - hexagon.covariance()).norm() < 1e-14);
  CHECK((moments.mean - hexagon.mean()).norm() < 1e-14);
}

TEST_CASE("convex_hull keeps the corners alone", "[measures][exact]") {
  const Matrix points{{0.0, 2.0, 2.0, 0.0, 1.0, 0.5, 2.0}, {0.0, 0.0, 2.0, 2.0, 1.0, 0.0, 1.0}};
  const Matrix hull = convex_hull(points);
  REQUIRE(hull.cols() == 4);
  CHECK(UniformPolygon(hull).area().value == Approx(4.0));
  CHECK(UniformPolygon(hull).is_convex());
}

TEST_CASE("tilted moments refuse what is no density", "[measures][precondition]") {
  CHECK_THROWS_AS(piecewise_gaussian_moments({.slopes = {0.0}}, 0.0, 1.0, 1.0, 1.0),
                  std::invalid_argument);
  CHECK_THROWS_AS(
      piecewise_gaussian_moments({.knots = {0.0}, .slopes = {0.0}}, 0.0, 1.0, -1.0, 1.0),
      std::invalid_argument);
  CHECK_THROWS_AS(polygon_gaussian_moments(Matrix::Zero(2, 2), Vector::Zero(2), 0.0),
                  std::invalid_argument);
}

}  // namespace flowcheck::tilted_moments_test
