#include "measures/point_cloud.hpp"

#include <catch2/catch.hpp>

#include <limits>

namespace flowcheck::point_cloud_test {

TEST_CASE("A point cloud without weights is uniform", "[measures][exact]") {
  const PointCloud cloud(Matrix{{1.0, 2.0, 2.0}});
  CHECK(cloud.dimension() == 1);
  CHECK(cloud.size() == 3);
  CHECK(cloud.uniform());
  CHECK(cloud.weights() == Vector::Constant(3, 1.0 / 3.0));
}

TEST_CASE("PointCloud refuses what is not a probability measure", "[measures][precondition]") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Matrix two{{0.0, 1.0}};
  CHECK_THROWS_AS(PointCloud(Matrix(2, 0)), std::invalid_argument);
  CHECK_THROWS_AS(PointCloud(Matrix{{nan}}), std::invalid_argument);
  CHECK_THROWS_AS(PointCloud(two, Vector{{1.0}}), std::invalid_argument);
  CHECK_THROWS_AS(PointCloud(two, Vector{{1.5, -0.5}}), std::invalid_argument);
  CHECK_THROWS_AS(PointCloud(two, Vector{{0.5, 0.4}}), std::invalid_argument);
  CHECK_NOTHROW(PointCloud(two, Vector{{1.0, 0.0}}));
}

}  // namespace flowcheck::point_cloud_test
