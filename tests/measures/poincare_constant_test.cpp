#include "measures/poincare_constant.hpp"

#include "measures/line_laws.hpp"
#include "support/estimates.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <numbers>
#include <stdexcept>

namespace flowcheck::poincare_constant_test {

TEST_CASE("poincare_constant is the variance of a Gaussian and 4/π² on [−1, 1]",
          "[measures][exact]") {
  for (const double deviation : {0.2, 1.0, 7.0}) {
    CAPTURE(deviation);
    const Estimate constant = poincare_constant(gaussian_law(0.4, deviation));
    CHECK_THAT(constant, Encloses(deviation * deviation));
    CHECK(constant.width() <= 1e-8 * constant.value);
  }
  const Estimate uniform = poincare_constant(uniform_law(-1.0, 1.0));
  CHECK_THAT(uniform, Encloses(4.0 / (std::numbers::pi * std::numbers::pi)));
  CHECK(uniform.width() < 1e-11);
}

TEST_CASE("poincare_constant agrees with printed values", "[measures][reference]") {
  // GIF-40.
  const auto mixture = [](double R) {
    return poincare_constant(gaussian_mixture_law({0.5, 0.5}, {-R, R}, {1.0, 1.0})).value;
  };
  CHECK_THAT(mixture(0.5), WithinPrinted(1.2507, 4));
  CHECK_THAT(mixture(1.0), WithinPrinted(2.0616, 4));
  CHECK_THAT(mixture(1.5), WithinPrinted(3.8877, 4));
  CHECK_THAT(mixture(2.0), WithinPrinted(8.3988, 4));
  CHECK_THAT(poincare_constant(cusp_law(0.3)).value, WithinPrinted(1.285, 3));
  CHECK_THAT(poincare_constant(cusp_law(1.0)).value, WithinPrinted(2.576, 3));
  CHECK_THAT(poincare_constant(cusp_law(2.0)).value, WithinPrinted(10.28, 2));
  const auto truncated = [](double kappa) {
    return poincare_constant(truncated_gaussian_law(kappa, 1.0)).value;
  };
  CHECK_THAT(truncated(4.0), WithinPrinted(0.2011, 4));
  CHECK_THAT(truncated(-4.0), WithinPrinted(1.0288, 4));
  CHECK_THAT(truncated(-10.0), WithinPrinted(6.534, 3));
}

TEST_CASE("poincare_constant keeps its digits across a deep valley and scales with length",
          "[measures][property]") {
  // e^{−32} of the peak between the wells: nothing is left of λ₁ where it is a difference.
  const auto two = [](double scale, Index cells) {
    return poincare_constant(
        gaussian_mixture_law({0.5, 0.5}, {-8.0 * scale, 8.0 * scale}, {scale, scale}), cells);
  };
  const Estimate constant = two(1.0, 400);
  CHECK(constant.value > 1e13);
  CHECK(constant.width() <= 1e-5 * constant.value);
  CHECK_THAT(constant - two(1.0, 700), Encloses(0.0));
  CHECK_THAT(9.0 * constant - two(3.0, 400), Encloses(0.0));
}

TEST_CASE("poincare_constant bounds the variance of every function", "[measures][property]") {
  const LineMeasure p = gaussian_mixture_law({0.3, 0.7}, {-1.0, 1.5}, {0.6, 1.0});
  const Estimate constant = poincare_constant(p);
  for (const double w : {0.2, 0.7, 1.5, 4.0}) {
    CAPTURE(w);
    const double mean = p.expectation([&](double x) { return std::sin(w * x); }).value;
    const Estimate variance =
        p.expectation([&](double x) { return std::pow(std::sin(w * x) - mean, 2); });
    const Estimate energy =
        p.expectation([&](double x) { return std::pow(w * std::cos(w * x), 2); });
    CHECK(variance.upper <= (constant * energy).lower);
  }
  CHECK(constant.lower > p.variance().upper);
}

TEST_CASE("poincare_constant refuses a support with a gap", "[measures][precondition]") {
  CHECK_THROWS_AS(poincare_constant(two_interval_law(0.5, 1.0)), std::invalid_argument);
  CHECK_THROWS_AS(poincare_constant(gaussian_law(), 5), std::invalid_argument);
}

}  // namespace flowcheck::poincare_constant_test
