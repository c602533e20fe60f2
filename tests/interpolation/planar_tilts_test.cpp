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
  // With weights 1, 1, 1 at −1, 0, 1 an edge's law varies by (1 + c/2)/(c + ½)², c = cosh θ, which
  // is largest at c = 1. Off the edge the middle one is lost far out, and ¼ 2² is left.
  const auto with_middle = [](double y) {
    return PlanarTilts{.points = Matrix{{-1.0, 0.0, 1.0, 0.0}, {0.0, y, 0.0, -1.0}},
                       .log_weights = Vector::Zero(4)};
  };
  const Estimate on = largest_tilted_covariance(with_middle(0.0)).value;
  const Estimate inside = largest_tilted_covariance(with_middle(-0.01)).value;
  CHECK_THAT(on, Encloses(2.0 / 3.0));
  CHECK(relative_gap(on) <= 1e-6);
  CHECK_THAT(inside, Encloses(1.0));
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
