#include "flows/tilted_flow.hpp"

#include "flows/flow.hpp"
#include "numerics/rng.hpp"

#include <Eigen/Eigenvalues>
#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

namespace flowcheck::tilted_flow_test {

namespace {

using Eigen::Vector2d;

PlanarCentres centres(const Matrix& means, const Vector& weights) {
  return {.means = means, .log_weights = weights.array().log()};
}

PlanarCentres random_centres(Rng& rng, Index K) {
  Vector weights(K);
  for (double& weight : weights) weight = rng.uniform(0.2, 1.0);
  return centres(rng.normal_matrix(2, K), weights);
}

// E[W | θ] and Cov(W | θ) by their sums, tilted by s.
struct Moments {
  Vector2d mean = Vector2d::Zero();
  Eigen::Matrix2d covariance = Eigen::Matrix2d::Zero();
};

Moments moments(const PlanarCentres& rho, double s, const Vector2d& n) {
  std::vector<double> logs;
  for (Index k = 0; k < rho.means.cols(); ++k) {
    const Vector2d m = rho.means.col(k);
    logs.push_back(rho.log_weights(k) + s * n.dot(m) - 0.5 * s * s * m.squaredNorm());
  }
  const double top = *std::ranges::max_element(logs);
  Moments result;
  double sum = 0.0;
  for (Index k = 0; k < rho.means.cols(); ++k) {
    const double weight = std::exp(logs[static_cast<std::size_t>(k)] - top);
    sum += weight;
    result.mean += weight * rho.means.col(k);
    result.covariance += weight * rho.means.col(k) * rho.means.col(k).transpose();
  }
  result.mean /= sum;
  result.covariance = result.covariance / sum - result.mean * result.mean.transpose();
  return result;
}

// One trajectory back from its end by an integrator of its own, with ∫ s λ_max Cov ds.
struct Trajectory {
  Vector2d start = Vector2d::Zero();
  double integral = 0.0;
};

Trajectory trajectory(const PlanarCentres& rho, double first, double last, const Vector2d& end) {
  const VelocityField field = [&](double s, const Vector& state) {
    const Moments now = moments(rho, s, state.head<2>());
    const Eigen::SelfAdjointEigenSolver<Eigen::Matrix2d> solver(now.covariance);
    return Vector{{now.mean.x(), now.mean.y(), s * solver.eigenvalues()(1)}};
  };
  const FlowResult back = integrate(field, Vector{{end.x(), end.y(), 0.0}}, last, first,
                                    {.method = FlowMethod::dormand_prince8, .tolerance = 1e-10});
  REQUIRE(back.termination == Termination::converged);
  return {back.end.head<2>(), -back.end(2)};
}

Spread box(const Vector2d& e, double along, double across) {
  return {.e = e, .along = along, .across = across, .radius = std::hypot(along, across)};
}

}  // namespace

TEST_CASE("Of two centres the covariance within a box has its closed form", "[flows][reference]") {
  // ±1 on the x axis: 1/cosh² of half the log-odds, whatever is across.
  const TiltedFlow flow(centres(Matrix{{1.0, -1.0}, {0.0, 0.0}}, Vector{{0.5, 0.5}}), 0.0, 1.0);
  const auto variance = [](double n) { return 1.0 / std::pow(std::cosh(n), 2); };
  for (const double n : {0.0, 0.6, 1.1, -1.8}) {
    for (const double size : {0.01, 0.1, 0.4, 1.0, 2.0}) {
      for (const double across : {0.0, 0.7}) {
        CAPTURE(n, size, across);
        const CovarianceWithin found =
            flow.covariance_within({n, 0.0}, box(Vector2d::UnitX(), size, across));
        const double nearest = std::max(0.0, std::abs(n) - size);
        const double farthest = std::abs(n) + size;
        CHECK(found.largest >= variance(nearest) * (1.0 - 1e-12));
        CHECK(found.largest <= std::min(1.0, variance(nearest) * std::exp(4.0 * size)) + 1e-12);
        CHECK(found.along >= found.largest * (1.0 - 1e-12));
        CHECK(found.across < 1e-15);
        CHECK(found.least(0, 0) <= variance(farthest) * (1.0 + 1e-12));
        CHECK(found.least(0, 0) >= variance(farthest) * std::exp(-6.0 * size));
        CHECK(std::abs(found.least(1, 1)) < 1e-15);
      }
    }
  }
}

TEST_CASE("Within a box a dense search finds no covariance beyond the bounds",
          "[flows][property]") {
  const auto stream = GENERATE(range(0, 40));
  CAPTURE(stream);
  Rng rng(33, static_cast<std::uint64_t>(stream));
  const PlanarCentres rho = random_centres(rng, 3 + stream % 3);
  const double s = rng.uniform(0.7, 2.0);
  const TiltedFlow flow(rho, 0.0, s);
  const double angle = rng.uniform(0.0, M_PI);
  const Vector2d e(std::cos(angle), std::sin(angle));
  const Vector2d f(-e.y(), e.x());
  const Vector2d end = rng.normal_vector(2);
  // Also boxes of no breadth or of no length: each axis has to hold by itself.
  const double size = rng.log_uniform(0.01, 1.0);
  const double along = stream % 4 == 1 ? 0.0 : size;
  const double across = stream % 4 == 2 ? 0.0 : size * rng.uniform(0.2, 1.0);
  const CovarianceWithin found = flow.covariance_within(end, box(e, along, across));
  double largest = 0.0;
  double of_e = 0.0;
  double of_f = 0.0;
  double least = infinity;  // eigenvalue of what Cov has beyond the lower bound
  constexpr int n = 12;
  for (int i = -n; i <= n; ++i) {
    for (int j = -n; j <= n; ++j) {
      const Eigen::Matrix2d C =
          moments(rho, s, end + along * i / n * e + across * j / n * f).covariance;
      const auto eigenvalues = [](const Eigen::Matrix2d& S) {
        return Eigen::SelfAdjointEigenSolver<Eigen::Matrix2d>(S).eigenvalues().eval();
      };
      largest = std::max(largest, eigenvalues(C)(1));
      of_e = std::max(of_e, e.dot(C * e));
      of_f = std::max(of_f, f.dot(C * f));
      least = std::min(least, eigenvalues(C - found.least)(0));
    }
  }
  const double scale = flow.width() * flow.width();
  CHECK(largest <= found.largest + 1e-13 * scale);
  CHECK(of_e <= found.along + 1e-13 * scale);
  CHECK(of_f <= found.across + 1e-13 * scale);
  CHECK(least >= -1e-13 * scale);
  // Of first order in the box.
  const double growth = std::exp(2.0 * s * flow.width() * (along + across));
  CHECK(found.largest <= largest * growth);
  CHECK(found.along <= of_e * growth);
  CHECK(found.across <= of_f * growth);
}

TEST_CASE("All that ends in a spread keeps to its bound and to its spread", "[flows][property]") {
  const auto stream = GENERATE(range(0, 12));
  CAPTURE(stream);
  Rng rng(31, static_cast<std::uint64_t>(stream));
  const PlanarCentres rho = random_centres(rng, 3 + stream % 4);
  const double first = stream % 2 == 0 ? 0.0 : 0.4;
  const double last = rng.uniform(1.0, 2.5);
  const TiltedFlow flow(rho, first, last);
  const double angle = rng.uniform(0.0, M_PI);
  const Vector2d e(std::cos(angle), std::sin(angle));
  const Vector2d f(-e.y(), e.x());
  const Vector2d end = 1.5 * rng.normal_vector(2);
  const double size = rng.log_uniform(0.02, 0.5);
  const Spread spread = box(e, size, rng.uniform(0.2, 1.0) * size);
  const FollowedBack all = flow.followed_back(end, spread);
  double largest = 0.0;
  double farthest_along = 0.0;
  double farthest_across = 0.0;
  for (const double i : {-1.0, -0.5, 0.0, 0.5, 1.0}) {
    for (const double j : {-1.0, -0.5, 0.0, 0.5, 1.0}) {
      const Vector2d place = end + i * spread.along * e + j * spread.across * f;
      const Trajectory one = trajectory(rho, first, last, place);
      const Vector2d apart = one.start - all.start;
      largest = std::max(largest, one.integral);
      farthest_along = std::max(farthest_along, std::abs(apart.dot(e)));
      farthest_across = std::max(farthest_across, std::abs(apart.dot(f)));
      CHECK(apart.norm() <= all.spread.radius);
    }
  }
  CHECK(largest <= all.above);
  CHECK(farthest_along <= all.spread.along);
  CHECK(farthest_across <= all.spread.across);
  // Of first order in the size, so that halving cells closes the search.
  CHECK(all.above <= largest * (1.0 + 3.0 * size * last * flow.width()) + 1e-3);
}

TEST_CASE("A spread of nothing has the integral of its trajectory", "[flows][reference]") {
  Rng rng(32);
  for (int i = 0; i < 5; ++i) {
    const PlanarCentres rho = random_centres(rng, 4);
    const double last = rng.uniform(1.0, 2.5);
    const Vector2d end = 2.0 * rng.normal_vector(2);
    const Trajectory expected = trajectory(rho, 0.3, last, end);
    const FollowedBack one = TiltedFlow(rho, 0.3, last).followed_back(end, {});
    CAPTURE(i, expected.integral);
    CHECK(one.middle == Approx(expected.integral).epsilon(5e-3));
    CHECK(one.above >= expected.integral);
    CHECK(one.above <= expected.integral * (1.0 + 1e-2));
    CHECK((one.start - expected.start).norm() <= one.spread.radius);
    CHECK(one.spread.radius < 1e-3);
  }
}

TEST_CASE("A spread shrinks as the flow does", "[flows][reference]") {
  // ±1 and ±0.8, independent of each other: two flows of the line, neither of which sees the other.
  const PlanarCentres rho =
      centres(Matrix{{1.0, 1.0, -1.0, -1.0}, {0.8, -0.8, 0.8, -0.8}}, Vector::Constant(4, 0.25));
  const double last = 2.0;
  constexpr double size = 1e-5;
  const FollowedBack all = TiltedFlow(rho, 0.0, last)
                               .followed_back(Vector2d::Zero(), box(Vector2d::UnitX(), size, size));
  // At the middle Cov = diag(1, 0.64) at every time: e^{−s²/2} and e^{−0.64 s²/2}.
  const double along = size * std::exp(-0.5 * last * last);
  const double across = size * std::exp(-0.32 * last * last);
  CHECK(all.spread.along >= along);
  CHECK(all.spread.across >= across);
  CHECK(all.spread.along <= 1.1 * along);
  CHECK(all.spread.across <= 1.1 * across);
  CHECK(all.spread.radius <= 1.1 * std::hypot(along, across));
  CHECK(all.above == Approx(0.5 * last * last).epsilon(1e-3));
  CHECK(all.middle == Approx(0.5 * last * last).epsilon(1e-12));
  CHECK(all.start.norm() < 1e-12);
}

TEST_CASE("A box that mixes its axes shrinks by the least eigenvalue", "[flows][property]") {
  // Six centres on a circle, Cov = ½I at the middle: e^{−s²/4} of what is next to it.
  const double half = std::sqrt(0.75);
  const PlanarCentres rho =
      centres(Matrix{{1.0, 0.5, -0.5, -1.0, -0.5, 0.5}, {0.0, half, half, 0.0, -half, -half}},
              Vector::Constant(6, 1.0 / 6.0));
  const Spread box_about_it = box(Vector2d::UnitX(), 0.2, 0.2);
  const FollowedBack all = TiltedFlow(rho, 0.0, 3.0).followed_back(Vector2d::Zero(), box_about_it);
  CHECK(all.spread.radius >= std::exp(-2.25) * box_about_it.radius);
  CHECK(all.spread.radius <= 0.5 * box_about_it.radius);
}

TEST_CASE("Far ends keep to their bounds, which the centre that leaves attains",
          "[flows][reference]") {
  // Of two centres the one behind is behind by e^{−2sn(s)}, n(s) = n(s₁) − 1.5(s₁ − s): all of it.
  const PlanarCentres rho = centres(Matrix{{1.5, -0.5}, {0.0, 0.0}}, Vector{{0.3, 0.7}});
  const double first = 0.8;
  const double last = 1.6;
  const TiltedFlow flow(rho, first, last);
  for (const double n : {4.0, 6.0}) {
    const Vector2d end(n, 0.0);
    const FarEnds far{
        .vertex = 0, .is_left = Eigen::ArrayXd{{1.0, 0.0}}, .lags = Eigen::ArrayXd{{0.0, 2.0 * n}}};
    const FollowedBack bound = flow.followed_back(end, {}, far);
    const double expected = trajectory(rho, first, last, end).integral;
    CAPTURE(n, expected);
    CHECK(bound.above >= expected);
    CHECK(bound.above <= 1.1 * expected);
    CHECK(bound.middle < 1e-12 * expected);
  }
}

TEST_CASE("Where weights fall by a power of ten a step, what they move is still within the spread",
          "[flows][property]") {
  const PlanarCentres rho = centres(Matrix{{1.0, -1.0}, {0.0, 0.0}}, Vector{{0.5, 0.5}});
  const Vector2d end(30.0, 0.0);
  const FarEnds far{
      .vertex = 0, .is_left = Eigen::ArrayXd{{1.0, 0.0}}, .lags = Eigen::ArrayXd{{0.0, 60.0}}};
  const FollowedBack all = TiltedFlow(rho, 0.1, 4.0).followed_back(end, {}, far);
  const double moved = (trajectory(rho, 0.1, 4.0, end).start - all.start).norm();
  CHECK(moved > 1e-5);
  CHECK(moved <= all.spread.radius);
  CHECK(all.leak > 0.0);
}

TEST_CASE("A spread holds its parallelogram, and no box along its axes is smaller",
          "[flows][exact]") {
  Rng rng(34);
  for (int i = 0; i < 20; ++i) {
    const Vector2d u = rng.normal_vector(2);
    const Vector2d w = rng.normal_vector(2);
    const Vector2d e = Vector2d(rng.normal_vector(2)).normalized();
    const Vector2d f(-e.y(), e.x());
    const Spread spread = spread_of(u, w, e);
    Spread corners;
    for (const Vector2d& corner : {Vector2d(u + w), Vector2d(u - w)}) {
      corners.along = std::max(corners.along, std::abs(corner.dot(e)));
      corners.across = std::max(corners.across, std::abs(corner.dot(f)));
      corners.radius = std::max(corners.radius, corner.norm());
    }
    CHECK(spread.e == e);
    CHECK(spread.along == Approx(corners.along).epsilon(1e-14));
    CHECK(spread.across == Approx(corners.across).epsilon(1e-14));
    CHECK(spread.radius == Approx(corners.radius).epsilon(1e-14));
  }
}

TEST_CASE("What ends beyond an edge's normal keeps to its edge's bound", "[flows][property]") {
  // An edge at x = 1 whose centres go on together, and one behind it.
  const PlanarCentres rho =
      centres(Matrix{{1.0, 1.0, -1.0}, {1.0, -1.0, 0.3}}, Vector{{0.25, 0.35, 0.4}});
  const auto first = GENERATE(0.0, 0.5);
  const double last = 1.5;
  const TiltedFlow flow(rho, first, last);
  for (const double beyond : {1.5, 2.5, 4.0}) {
    // ⟨(x, y), v − mₖ⟩ = 2x + 0.7y for v = (1, 1), least where x is and y = −0.2.
    const FarEnds far{.vertex = 0,
                      .is_left = Eigen::ArrayXd{{1.0, 1.0, 0.0}},
                      .lags = Eigen::ArrayXd{{0.0, 0.0, 2.0 * beyond - 0.14}}};
    for (const double size : {0.0, 0.2}) {
      CAPTURE(first, beyond, size);
      const FollowedBack all =
          flow.followed_back(Vector2d(beyond, 0.0), box(Vector2d::UnitY(), size, 0.0), far);
      for (const double x : {beyond, beyond + 0.3, beyond + 3.0}) {
        for (const double y : {-size, 0.0, size}) {
          const Trajectory one = trajectory(rho, first, last, {x, y});
          CHECK(one.integral <= all.above);
          CHECK(std::abs(one.start.y() - all.start.y()) <= all.spread.along);
        }
      }
    }
  }
  // The limit is the edge's own: ±1 with odds 0.25 : 0.35.
  const PlanarCentres edge = centres(Matrix{{1.0, -1.0}, {0.0, 0.0}}, Vector{{0.25, 0.35}});
  const FarEnds out{.vertex = 0,
                    .is_left = Eigen::ArrayXd{{1.0, 1.0, 0.0}},
                    .lags = Eigen::ArrayXd{{0.0, 0.0, 200.0}}};
  const FollowedBack limit = flow.followed_back(Vector2d(100.0, 0.3), {}, out);
  const double expected = trajectory(edge, first, last, {0.3, 0.0}).integral;
  CHECK(limit.middle == Approx(expected).epsilon(5e-3));
  CHECK(limit.above >= expected);
}

TEST_CASE("TiltedFlow refuses times out of order and weights that do not fit",
          "[flows][precondition]") {
  const PlanarCentres two = centres(Matrix{{1.0, -1.0}, {0.0, 0.0}}, Vector{{0.5, 0.5}});
  CHECK_THROWS_AS(TiltedFlow(two, 1.0, 0.5), std::invalid_argument);
  CHECK_THROWS_AS(TiltedFlow(two, -0.1, 0.5), std::invalid_argument);
  CHECK_THROWS_AS(TiltedFlow({two.means, Eigen::ArrayXd::Zero(3)}, 0.0, 1.0),
                  std::invalid_argument);
  CHECK_THROWS_AS(TiltedFlow({Matrix::Zero(1, 2), two.log_weights}, 0.0, 1.0),
                  std::invalid_argument);
}

}  // namespace flowcheck::tilted_flow_test
