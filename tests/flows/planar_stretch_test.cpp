#include "flows/planar_stretch.hpp"

#include "flows/flow_map_lipschitz.hpp"
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

// Two laws of the line, independent of each other: centres ±R and ±r, right with the weights given.
struct Product {
  double R = 1.0;
  double r = 0.1;
  double weight = 0.5;
  double other_weight = 0.5;
  double variance = 0.3;

  GaussianMixture line() const {
    return GaussianMixture::isotropic(Vector{{weight, 1.0 - weight}}, Matrix{{R, -R}}, variance);
  }

  // Turned by an angle and moved.
  GaussianMixture plane(double angle, const Vector& shift) const {
    const double q = other_weight;
    const Vector weights{
        {weight * q, weight * (1.0 - q), (1.0 - weight) * q, (1.0 - weight) * (1.0 - q)}};
    const Matrix places{{R, R, -R, -R}, {r, -r, r, -r}};
    const Matrix turn{{std::cos(angle), -std::sin(angle)}, {std::sin(angle), std::cos(angle)}};
    return GaussianMixture::isotropic(weights, (turn * places).colwise() + shift, variance);
  }
};

}  // namespace

TEST_CASE("planar_stretch of a product is the slope of its wider factor", "[flows][reference]") {
  const auto weight = GENERATE(0.5, 0.8);
  const auto angle = GENERATE(0.0, 0.7);
  const bool is_whole = GENERATE(true, false);
  const NoiseLevel from = is_whole ? noise : NoiseLevel{0.8, 0.5};
  const NoiseLevel to = is_whole ? data : NoiseLevel{0.3, 0.9};
  CAPTURE(weight, angle, is_whole);
  const Product law{.weight = weight, .other_weight = 0.6};
  const double slope = flow_map_lipschitz(law.line(), from, to).largest.value.value;
  const PlanarStretch found = planar_stretch(law.plane(angle, Vector{{0.4, -1.3}}), from, to);
  CHECK(found.is_closed);
  CHECK(found.upper >= slope);
  // What λ_max adds of the other factor is r²∫s ds = r²/2σ² at most.
  const double other = 0.5 * law.r * law.r / law.variance;
  CHECK(found.upper <= slope * std::exp(0.01 + other));
  // The whole map's slope at the place, which is a limit only where the other factor leads.
  if (found.start.size() > 0) {
    const TangentFlowResult flow =
        reference_flow(clock_fields(law.plane(angle, Vector{{0.4, -1.3}})), from, to, found.start,
                       {.tolerance = 1e-9});
    const double there = Eigen::JacobiSVD<Matrix>(flow.jacobian).singularValues()(0);
    CHECK(there > 0.97 * slope);
    CHECK(there <= slope * (1.0 + 1e-6));
  }
}

TEST_CASE("planar_stretch is a bound at every cost, and falls with it", "[flows][property]") {
  const auto stream = GENERATE(range(0, 4));
  CAPTURE(stream);
  Rng rng(5, static_cast<std::uint64_t>(stream));
  const Product law{.R = rng.uniform(0.8, 1.4),
                    .r = rng.uniform(0.2, 0.5),
                    .weight = rng.uniform(0.1, 0.9),
                    .other_weight = rng.uniform(0.1, 0.9)};
  const double slope = flow_map_lipschitz(law.line(), noise, data).largest.value.value;
  const GaussianMixture p = law.plane(rng.uniform(0.0, 3.0), rng.normal_vector(2));
  double before = infinity;
  for (const double most_terms : {0.0, 1e4, 5e4, 2e5, 1e6}) {
    CAPTURE(most_terms);
    const double upper = planar_stretch(p, noise, data, {.most_terms = most_terms}).upper;
    CHECK(upper >= slope);
    CHECK(upper <= before);
    before = upper;
  }
}

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

TEST_CASE("Centres in one place are one centre of planar_stretch", "[flows][exact]") {
  const GaussianMixture apart = GaussianMixture::isotropic(
      Vector{{0.2, 0.1, 0.3, 0.1, 0.3}},
      Matrix{{-1.0, 1.2, 0.0, 1.2, 1.2}, {0.5, 0.3, -1.4, 0.3, 0.3}}, 0.2);
  const GaussianMixture together = GaussianMixture::isotropic(
      Vector{{0.2, 0.5, 0.3}}, Matrix{{-1.0, 1.2, 0.0}, {0.5, 0.3, -1.4}}, 0.2);
  CHECK(planar_stretch(apart, noise, data).upper ==
        Approx(planar_stretch(together, noise, data).upper).epsilon(1e-9));
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
