#include "flows/normal_cones.hpp"

#include "numerics/rng.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

namespace flowcheck::normal_cones_test {

namespace {

using Eigen::Vector2d;

double cross(const Vector2d& a, const Vector2d& b) {
  return a.x() * b.y() - a.y() * b.x();
}

// Whether n is strictly between the normals, which are less than half a turn apart.
bool is_within(const NormalCone& cone, const Vector2d& n) {
  return cross(cone.normals[0], n) > 0.0 && cross(n, cone.normals[1]) > 0.0;
}

}  // namespace

TEST_CASE("Normal cones cover the plane once, each with the farthest point", "[flows][property]") {
  const auto stream = GENERATE(range(0, 12));
  CAPTURE(stream);
  Rng rng(41, static_cast<std::uint64_t>(stream));
  Matrix points = rng.normal_matrix(2, 3 + stream);
  if (stream % 3 == 2) points.row(1) *= 1e-4;  // a needle
  const std::vector<NormalCone> cones = normal_cones(points);
  for (const NormalCone& cone : cones) {
    const Vector2d v = points.col(cone.vertex);
    for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
      const Vector2d& n = cone.normals[i];
      CHECK(n.norm() == Approx(1.0).epsilon(1e-14));
      for (Index k = 0; k < points.cols(); ++k) {
        const Vector2d gap = v - Vector2d(points.col(k));
        CHECK(cone.lags[i](k) == Approx(n.dot(gap)).margin(1e-12));
      }
      CHECK(cone.lags[i](cone.vertex) == 0.0);
    }
    // A right angle at most, but for a needle's tip and its rounding.
    CHECK(cone.normals[0].dot(cone.normals[1]) >= -1e-3);
  }
  for (int i = 0; i < 200; ++i) {
    const Vector2d n = rng.normal_vector(2);
    const auto holds = [&](const NormalCone& cone) { return is_within(cone, n); };
    CHECK(std::ranges::count_if(cones, holds) == 1);
    const NormalCone& cone = *std::ranges::find_if(cones, holds);
    const double farthest = (n.transpose() * points).maxCoeff();
    CHECK(n.dot(Vector2d(points.col(cone.vertex))) == Approx(farthest).margin(1e-12));
  }
}

TEST_CASE("All points of an edge lag by nothing along its normal", "[flows][exact]") {
  // The fourth is half way between the first two, exactly; the normal between them is rounded.
  const Matrix points{{0.125, 3.125, -0.75, 1.625, 0.5}, {0.25, 1.25, 2.0, 0.75, 1.25}};
  const std::vector<NormalCone> cones = normal_cones(points);
  int on_an_edge = 0;
  for (const NormalCone& cone : cones) {
    CHECK(cone.vertex < 3);
    for (const Eigen::ArrayXd& lags : cone.lags) on_an_edge += lags(3) == 0.0 ? 1 : 0;
    for (const Eigen::ArrayXd& lags : cone.lags) CHECK(lags(4) > 0.0);
  }
  CHECK(on_an_edge == 2);
}

}  // namespace flowcheck::normal_cones_test
