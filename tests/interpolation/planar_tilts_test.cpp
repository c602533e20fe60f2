#include "interpolation/planar_tilts.hpp"

#include "numerics/rng.hpp"
#include "numerics/spd.hpp"
#include "support/estimates.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace flowcheck::planar_tilts_test {

namespace {

// λ_max(B + A Cov_θ Aᵀ) by the definition.
double tilted_value(const PlanarTilts& tilts, const Vector& theta) {
  Vector weights = tilts.log_weights + tilts.points.transpose() * theta;
  weights = (weights.array() - weights.maxCoeff()).exp();
  weights /= weights.sum();
  const Matrix centred = tilts.points.colwise() - tilts.points * weights;
  const Matrix C = centred * weights.asDiagonal() * centred.transpose();
  return largest_eigenpair(tilts.base + tilts.map * C * tilts.map.transpose()).value;
}

// The largest value on a grid of tilts, a lower bound by other means.
double largest_on_grid(const PlanarTilts& tilts, double reach, int nodes) {
  double largest = 0.0;
  for (int i = 0; i <= nodes; ++i) {
    for (int j = 0; j <= nodes; ++j) {
      const Vector theta = reach * Vector{{2.0 * i / nodes - 1.0, 2.0 * j / nodes - 1.0}};
      largest = std::max(largest, tilted_value(tilts, theta));
    }
  }
  return largest;
}

PlanarTilts random_tilts(Rng& rng, Index count) {
  return {.points = rng.normal_matrix(2, count), .log_weights = rng.normal_vector(count)};
}

double relative_gap(const Estimate& a) {
  return (a.upper - a.lower) / a.lower;
}

}  // namespace

TEST_CASE("Polygons' suprema are those of their edges, far out", "[interpolation][reference]") {
  const double half = std::sqrt(0.75);
  const PlanarTilts triangle = {.points = Matrix{{1.0, -0.5, -0.5}, {0.0, half, -half}},
                                .log_weights = Vector{{0.0, -1.0, 0.5}}};
  const Estimate edge = largest_tilted_covariance(triangle).value;
  CHECK(edge.grade == Grade::converged);
  CHECK_THAT(edge, Encloses(0.75));
  CHECK(relative_gap(edge) <= 1e-6);
  const PlanarTilts square = {.points = Matrix{{1.0, 1.0, -1.0, -1.0}, {1.0, -1.0, 1.0, -1.0}},
                              .log_weights = Vector::Zero(4)};
  CHECK_THAT(largest_tilted_covariance(square).value, Encloses(1.0));
}

TEST_CASE("A point on an edge counts there, one a little inside does not",
          "[interpolation][exact]") {
  // Weights 1, 10, 1 at −1, 0, 1: tilted they vary by (2c + 40)/(2c + 10) − (2s)²/..., at most
  // where c = cosh θ is; with the middle one off the edge it is lost far out, and ¼ 2² is left.
  const auto with_middle = [](double y) {
    return PlanarTilts{.points = Matrix{{-1.0, 0.0, 1.0, 0.0}, {0.0, y, 0.0, -1.0}},
                       .log_weights = Vector{{0.0, std::log(10.0), 0.0, 0.0}}};
  };
  // Variance (1 + 5c)/(c + 5)² of 1, 10, 1 by cosh θ = c, largest at c = 23/5.
  const double c = 23.0 / 5.0;
  const double on_line = (1.0 + 5.0 * c) / ((c + 5.0) * (c + 5.0));
  const Estimate on = largest_tilted_covariance(with_middle(0.0)).value;
  const Estimate inside = largest_tilted_covariance(with_middle(-0.01)).value;
  CHECK_THAT(inside, Encloses(1.0));
  CHECK(on.upper < 0.6);
  CHECK(on.lower >= on_line * (1.0 - 1e-6));
}

TEST_CASE("No tilt shows more than the enclosure, and its own shows the value",
          "[interpolation][property]") {
  for (std::uint64_t trial = 0; trial < 12; ++trial) {
    Rng rng(31, trial);
    PlanarTilts tilts = random_tilts(rng, 3 + rng.uniform_index(6));
    if (trial % 2 == 1) {
      tilts.map = rng.normal_matrix(2, 2);
      const Matrix root = rng.normal_matrix(2, 2);
      tilts.base = 0.1 * root * root.transpose();
    }
    CAPTURE(trial, tilts.points);
    const CovarianceExtreme found = largest_tilted_covariance(tilts);
    CHECK(relative_gap(found.value) <= 1e-6);
    CHECK(tilted_value(tilts, found.place) == Approx(found.value.value).epsilon(1e-11));
    const double grid = largest_on_grid(tilts, 20.0, 80);
    CHECK(grid <= found.value.upper);
    CHECK(grid >= 0.5 * found.value.lower);
  }
}

TEST_CASE("The gap closes with the places that are looked at", "[interpolation][order]") {
  Rng rng(32);
  const PlanarTilts tilts = random_tilts(rng, 12);
  double last = infinity;
  for (const int places : {20, 60, 400}) {
    const double gap = relative_gap(
        largest_tilted_covariance(tilts, {.accuracy = 0.0, .most_places = places}).value);
    CAPTURE(places, gap);
    CHECK(gap < 0.5 * last);
    last = gap;
  }
  CHECK(last < 1e-6);
  // Wide or narrow, every enclosure holds the same number.
  const Estimate fine = largest_tilted_covariance(tilts, {.accuracy = 1e-9}).value;
  const Estimate coarse = largest_tilted_covariance(tilts, {.accuracy = 0.1}).value;
  CHECK(coarse.lower <= fine.upper);
  CHECK(coarse.upper >= fine.lower);
  CHECK(relative_gap(fine) <= 1e-9);
}

TEST_CASE("Fourth cumulants are at least minus twice the product of variances",
          "[interpolation][property]") {
  // By moments of random laws; the ratio comes near −2 and not below.
  double least = 0.0;
  for (std::uint64_t trial = 0; trial < 2000; ++trial) {
    Rng rng(33, trial);
    const Index K = 2 + rng.uniform_index(3);
    Vector weights = Vector::NullaryExpr(K, [&] { return rng.uniform(); });
    weights /= weights.sum();
    const Matrix points = rng.normal_matrix(2, K);
    const Matrix centred = points.colwise() - points * weights;
    const Vector e = rng.normal_vector(2);
    const Vector u = rng.uniform() < 0.5 ? e : rng.normal_vector(2);
    const auto x = (centred.transpose() * e).array();
    const auto y = (centred.transpose() * u).array();
    const auto mean = [&](const auto& f) { return (weights.array() * f).sum(); };
    const double xx = mean(x * x), yy = mean(y * y), xy = mean(x * y);
    const double ratio = (mean(x * x * y * y) - xx * yy - 2.0 * xy * xy) / (xx * yy);
    REQUIRE(ratio >= -2.0 - 1e-12);
    least = std::min(least, ratio);
  }
  CHECK(least < -1.99);
}

TEST_CASE("The second-order bound needs all of its fourth cumulant", "[interpolation][control]") {
  // ¼ sech²: two points at ±½, whose fourth cumulant −2Var² is attained at even odds. The parabola
  // Var² δ² over a cell of half length δ is an upper bound, with half of it not.
  const auto variance = [](double theta) { return 0.25 / std::pow(std::cosh(0.5 * theta), 2); };
  const auto bound = [&](double delta, double factor) {
    return variance(delta) + factor * std::pow(variance(0.0) * delta, 2);
  };
  for (const double delta : {0.01, 0.1, 0.5}) {
    CHECK(bound(delta, 1.0) >= variance(0.0));
    CHECK(bound(delta, 0.5) < variance(0.0));
  }
}

TEST_CASE("largest_tilted_covariance refuses what is not a plane's",
          "[interpolation][precondition]") {
  const Matrix line{{0.0, 1.0, 2.0}, {0.0, 1.0, 2.0}};
  CHECK_THROWS_AS(largest_tilted_covariance({.points = line, .log_weights = Vector::Zero(3)}),
                  std::invalid_argument);
  CHECK_THROWS_AS(
      largest_tilted_covariance({.points = Matrix::Zero(3, 3), .log_weights = Vector::Zero(3)}),
      std::invalid_argument);
  CHECK_THROWS_AS(largest_tilted_covariance({.points = Matrix{{0.0, 1.0, 0.0}, {0.0, 0.0, 1.0}},
                                             .log_weights = Vector{{0.0, 0.0, -infinity}}}),
                  std::invalid_argument);
}

}  // namespace flowcheck::planar_tilts_test
