#include "flows/planar_stretch.hpp"

#include "measures/gaussian_mixture.hpp"
#include "numerics/rng.hpp"

#include <Eigen/SVD>
#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

namespace flowcheck::planar_stretch_test {

namespace {

constexpr NoiseLevel noise = {1.0, 0.0};
constexpr NoiseLevel data = {0.0, 1.0};

}  // namespace

TEST_CASE("planar_stretch is above every Jacobian, near and far", "[flows][property]") {
  const auto stream = GENERATE(range(0, 5));
  CAPTURE(stream);
  Rng rng(3, static_cast<std::uint64_t>(stream));
  const GaussianMixture p =
      GaussianMixture::isotropic(Vector::Constant(5, 0.2), rng.normal_matrix(2, 5), 0.2);
  const PlanarStretch loose = planar_stretch(p, noise, data, {.accuracy = 0.5});
  const PlanarStretch close = planar_stretch(p, noise, data);
  CHECK(loose.is_closed);
  CHECK(close.is_closed);
  CHECK(close.upper <= loose.upper);
  CHECK(close.upper < 0.95 * loose.upper);
  const ClockFields fields = clock_fields(p);
  const auto stretch_at = [&](const Vector& x) {
    const TangentFlowResult flow = reference_flow(fields, noise, data, x, {.tolerance = 1e-9});
    return Eigen::JacobiSVD<Matrix>(flow.jacobian).singularValues()(0);
  };
  for (int i = 0; i < 60; ++i) {
    CHECK(stretch_at(rng.log_uniform(0.1, 30.0) * rng.normal_vector(2)) <= close.upper);
  }
  if (close.start.size() > 0) CHECK(stretch_at(close.start) > 0.97 * close.upper);
}

TEST_CASE("planar_stretch knows its trajectory of the largest stretch", "[flows][property]") {
  const double half = std::sqrt(0.75);
  const GaussianMixture p = GaussianMixture::isotropic(
      Vector::Constant(6, 1.0 / 6.0),
      Matrix{{1.0, 0.5, -0.5, -1.0, -0.5, 0.5}, {0.0, half, half, 0.0, -half, -half}}, 0.25);
  const PlanarStretch stretch = planar_stretch(p, noise, data, {.accuracy = 2e-3});
  // Six equal weights at the middle at every time: Cov = ½I, and ½ exp(½ · ½ · 1/σ²).
  CHECK(stretch.upper == Approx(0.5 * std::exp(1.0)).epsilon(2.5e-3));
  CHECK(stretch.upper >= 0.5 * std::exp(1.0));
  REQUIRE(stretch.start.size() == 2);
  CHECK(stretch.start.norm() < 0.2);
}

TEST_CASE("planar_stretch says when its terms run out", "[flows][property]") {
  Rng rng(4);
  const GaussianMixture p =
      GaussianMixture::isotropic(Vector::Constant(5, 0.2), rng.normal_matrix(2, 5), 0.2);
  const PlanarStretch short_of = planar_stretch(p, noise, data, {.most_terms = 1e4});
  CHECK_FALSE(short_of.is_closed);
  CHECK(short_of.upper > planar_stretch(p, noise, data).upper);
}

TEST_CASE("planar_stretch refuses centres on a line, points at a = 0 and space",
          "[flows][precondition]") {
  const auto mixture = [](const Matrix& centres, double variance) {
    return GaussianMixture::isotropic(Vector::Constant(3, 1.0 / 3.0), centres, variance);
  };
  const Matrix on_a_line{{0.0, 1.0, 2.0}, {0.0, 1.0, 2.0}};
  const Matrix triangle{{0.0, 1.0, 0.0}, {0.0, 0.0, 1.0}};
  CHECK_THROWS_AS(planar_stretch(mixture(on_a_line, 1.0), noise, data), std::invalid_argument);
  CHECK_THROWS_AS(planar_stretch(mixture(triangle, 0.0), noise, data), std::invalid_argument);
  CHECK_THROWS_AS(planar_stretch(mixture(Matrix::Identity(3, 3), 1.0), noise, data),
                  std::invalid_argument);
  const GaussianMixture widths(Vector{{0.5, 0.5}}, Matrix{{0.0, 1.0}, {0.0, 0.0}},
                               {Matrix::Identity(2, 2), 0.5 * Matrix::Identity(2, 2)});
  CHECK_THROWS_AS(planar_stretch(widths, noise, data), std::invalid_argument);
}

}  // namespace flowcheck::planar_stretch_test
