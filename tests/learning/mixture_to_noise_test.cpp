#include "learning/mixture_to_noise.hpp"

#include "support/estimates.hpp"
#include "support/mixtures.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <numbers>

namespace flowcheck::mixture_to_noise_test {

using Catch::Matchers::WithinRel;

struct GridValues {
  double largest = 0.0;
  double overlap = 0.0;
  double gap = 0.0;
};

GridValues on_grid(const GaussianMixture& p, const GaussianMixture& exact) {
  const Index d = p.dimension();
  const Gaussian q = Gaussian::standard(d);
  const Index side = d == 1 ? 40'001 : 601;
  const double reach = d == 1 ? 16.0 : 9.0;
  const Vector axis = Vector::LinSpaced(side, -reach, reach);
  const double cell = std::pow(axis(1) - axis(0), static_cast<double>(d));
  GridValues sums;
  Matrix points(d, side);
  for (Index row = 0; row < (d == 1 ? 1 : side); ++row) {
    points.row(0) = axis.transpose();
    if (d == 2) points.row(1).setConstant(axis(row));
    const Eigen::ArrayXd log_p = p.log_densities(points);
    const Eigen::ArrayXd log_r = exact.log_densities(points);
    const Eigen::ArrayXd log_q = GaussianMixture(q).log_densities(points);
    const Eigen::ArrayXd a = (log_p - log_q).exp();
    const Eigen::ArrayXd b = (log_r - log_q).exp();
    sums.largest = std::max(sums.largest, a.maxCoeff());
    sums.overlap += cell * (log_p.exp() * (a + b).square()).sum();
    sums.gap += cell * (log_q.exp() * (a - b).square()).sum();
  }
  return sums;
}

TEST_CASE("Mixtures against N(0, I) are what a fine grid finds", "[learning][reference]") {
  Rng rng(5);
  for (const Index d : {1, 2}) {
    CAPTURE(d);
    const GaussianMixture p = random_mixture(rng, d, 3, 0.7, 0.1, 0.7);
    const GaussianMixture exact = random_mixture(rng, d, 2, 0.7, 0.1, 0.7);
    const GridValues grid = on_grid(p, exact);
    CHECK_THAT(overlap_with_noise(p, exact).value, WithinRel(std::sqrt(grid.overlap), 1e-9));
    CHECK_THAT(squared_gap_to_noise(p, exact).value, WithinRel(grid.gap, 1e-9));
    CHECK_THAT(supremum_to_noise(p).value, WithinRel(grid.largest, 1e-3));
    CHECK(supremum_to_noise(p).upper >= grid.largest);
    CHECK(supremum_to_noise(p).lower >= grid.largest * (1.0 - 1e-9));
  }
}

// The wider component is largest against q at −.9/(1 − .94) = −15, the other near its own mean.
TEST_CASE("A supremum far from all means is found", "[learning][reference]") {
  const GaussianMixture p = line_mixture({0.3, 0.7}, {-0.9, 0.5}, {std::sqrt(0.94), 0.3});
  const Matrix x = Vector::LinSpaced(40'001, -40.0, 10.0).transpose();
  const Eigen::ArrayXd log_q = GaussianMixture(Gaussian::standard(1)).log_densities(x);
  const double seen = (Eigen::ArrayXd(p.log_densities(x)) - log_q).exp().maxCoeff();
  const Estimate supremum = supremum_to_noise(p);
  CHECK_THAT(supremum.lower, WithinRel(seen, 1e-6));
  CHECK(supremum.upper >= seen);
  CHECK(supremum.upper <= 2.0 * supremum.lower);
}

TEST_CASE("Suprema and overlaps are infinite where a component is too wide", "[learning][exact]") {
  const auto wide = [](double variance, double mean) {
    return line_mixture({0.9, 0.1}, {0.2, mean}, {0.5, std::sqrt(variance)});
  };
  const GaussianMixture narrow = wide(0.3, 0.0);
  CHECK(supremum_to_noise(wide(1.1, 0.0)).value == infinity);
  CHECK(supremum_to_noise(wide(1.0, 0.1)).value == infinity);
  CHECK(std::isfinite(supremum_to_noise(wide(1.0, 0.0)).value));
  CHECK(std::isfinite(overlap_with_noise(wide(1.49, 0.0), narrow).value));
  CHECK(overlap_with_noise(wide(1.51, 0.0), narrow).value == infinity);
  CHECK(std::isfinite(squared_gap_to_noise(wide(1.99, 0.0), narrow).value));
  CHECK(squared_gap_to_noise(wide(2.01, 0.0), narrow).value == infinity);
  CHECK(chi_squared_to_noise(wide(2.01, 0.0)).value == infinity);
  CHECK(supremum_to_noise(GaussianMixture(Gaussian::standard(2))).value == 1.0);
  CHECK_THAT(squared_gap_to_noise(narrow, narrow), Encloses(0.0));
}

// Along the other axis N(2, ½)/q is largest at 4: e^4 √2.
TEST_CASE("A component as wide as the noise along one axis attains its supremum",
          "[learning][exact]") {
  const Gaussian p(Vector{{0.0, 2.0}}, Matrix{{1.0, 0.0}, {0.0, 0.5}});
  const Estimate supremum = supremum_to_noise(GaussianMixture(p));
  const double exact = std::exp(4.0) * std::numbers::sqrt2;
  CHECK_THAT(supremum, Encloses(exact));
  CHECK_THAT(supremum.lower, WithinRel(exact, 1e-12));
  CHECK_THAT(supremum.upper, WithinRel(exact, 1e-12));
}

// Turned, rounding hides on which side of one the variance is.
TEST_CASE("A supremum that rounding may make infinite is never said to be",
          "[learning][property]") {
  for (int degrees = 1; degrees < 90; ++degrees) {
    CAPTURE(degrees);
    const double angle = degrees * std::numbers::pi / 180.0;
    const Matrix turn{{std::cos(angle), -std::sin(angle)}, {std::sin(angle), std::cos(angle)}};
    const Matrix turned = turn * Vector{{1.0, 0.5}}.asDiagonal() * turn.transpose();
    const GaussianMixture p(Vector{{0.5, 0.5}}, Matrix{{0.0, 0.3}, {0.0, 0.1}},
                            {turned, 0.5 * Matrix::Identity(2, 2)});
    const GaussianMixture level(Vector{{0.5, 0.5}},
                                Matrix(turn.transpose() * Matrix{{0.0, 0.3}, {0.0, 0.1}}),
                                {Matrix{{1.0, 0.0}, {0.0, 0.5}}, 0.5 * Matrix::Identity(2, 2)});
    const Estimate supremum = supremum_to_noise(p);
    CHECK_THAT(supremum.lower, WithinRel(supremum_to_noise(level).lower, 1e-9));
    CHECK(supremum.upper == infinity);
  }
}

}  // namespace flowcheck::mixture_to_noise_test
