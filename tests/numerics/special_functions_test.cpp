#include "numerics/special_functions.hpp"

#include "support/estimates.hpp"
#include "support/real.hpp"

#include <boost/math/special_functions/erf.hpp>
#include <catch2/catch.hpp>

#include <cmath>
#include <stdexcept>

namespace flowcheck::special_functions_test {

namespace {

using high_precision::Real;

const Real pi = boost::math::constants::pi<Real>();

Real Phi(const Real& x) {
  return boost::math::erfc(Real(-x / sqrt(Real(2)))) / 2;
}
Real phi(const Real& x) {
  return exp(Real(-x * x / 2)) / sqrt(Real(2 * pi));
}
Real hazard(const Real& l) {
  return phi(l) / Phi(Real(-l));
}

double relative(double computed, const Real& truth) {
  return static_cast<double>(abs(Real(computed) / truth - 1));
}

// ∫ x^p e^{−k x²/2} on [−D, D] by its Taylor series in k.
Real moment(int p, const Real& k, const Real& D) {
  Real term = 2 * pow(D, p + 1);
  Real sum = 0;
  for (int j = 0; j < 2000; ++j) {
    sum += term / (2 * j + p + 1);
    term *= -k * D * D / (2 * (j + 1));
  }
  return sum;
}

}  // namespace

TEST_CASE("The normal law's functions keep 1e-14 in both tails", "[numerics][reference]") {
  for (const double x : {-37.5, -30.0, -12.3, -5.0, -2.01, -1.99, -0.7, 0.0, 0.3, 2.0, 8.0}) {
    CAPTURE(x);
    CHECK(relative(normal_density(x), phi(x)) < 1e-14);
    CHECK(relative(normal_cdf(x), Phi(x)) < 1e-14);
    CHECK(relative(normal_hazard(-x), hazard(-Real(x))) < 1e-14);
    // A quantile's condition: δx = δp/φ(x).
    const double p = normal_cdf(x);
    CHECK(std::abs(normal_quantile(p) - x) <= 1e-14 * (std::abs(x) + p / normal_density(x)));
  }
  for (const double x : {-300.0, -37.5, -3.0, -1.0, 0.5, 4.0}) {
    CAPTURE(x);
    CHECK(relative(log_normal_cdf(x), log(Phi(x))) < 1e-14);
  }
  CHECK(normal_quantile(0.0) == -infinity);
  CHECK(normal_quantile(1.0) == infinity);
  CHECK(normal_quantile(0.5) == 0.0);
  CHECK_THROWS_AS(normal_quantile(-1e-300), std::invalid_argument);
  CHECK_THROWS_AS(normal_quantile(std::nan("")), std::invalid_argument);
}

TEST_CASE("scaled_erfc is erfc without its Gaussian", "[numerics][reference]") {
  for (const double x : {-20.0, -3.3, -0.5, 0.0, 1e-9, 0.4, 1.06, 1.07, 3.0, 10.0, 25.0}) {
    CAPTURE(x);
    CHECK(relative(scaled_erfc(x), exp(Real(x) * Real(x)) * boost::math::erfc(Real(x))) < 1e-14);
  }
  // 1/(x√π) (1 − 1/(2x²) + …) where erfc has long underflown.
  CHECK(scaled_erfc(1e8) == Approx(5.6418958354775629e-9).epsilon(1e-14));
  CHECK(scaled_erfc(-30.0) == infinity);
  // GIF C.8.
  CHECK_THAT(scaled_erfc(-1.0 / std::sqrt(2.0)), WithinPrinted(2.77428595767001, 14));
  CHECK_THAT(scaled_erfc(1.0 / std::sqrt(2.0)), WithinPrinted(0.523156583730247, 15));
}

TEST_CASE("dawson agrees with its series in 50 digits", "[numerics][reference]") {
  for (const double x : {1e-12, 0.1, 0.9, 2.0, 5.0, 6.9, 7.1, 12.0}) {
    CAPTURE(x);
    // ∫₀ˣ e^{t²} dt = Σ x^{2n+1}/(n!(2n+1)).
    Real power = x;
    Real sum = x;
    for (int n = 1; n < 1200; ++n) {
      power *= Real(x) * Real(x) / n;
      sum += power / (2 * n + 1);
    }
    const Real truth = exp(-Real(x) * Real(x)) * sum;
    CHECK(relative(dawson(x), truth) < 1e-14);
    CHECK(dawson(-x) == -dawson(x));
  }
}

TEST_CASE("scaled_bessel_i0 agrees with its series in 50 digits", "[numerics][reference]") {
  for (const double x : {0.0, 1e-3, 1.0, 12.0, 39.9, 40.1, 300.0}) {
    CAPTURE(x);
    Real term = 1;
    Real sum = 1;
    for (int k = 1; k < 1500; ++k) {
      term *= Real(x) * Real(x) / (4 * k) / k;
      sum += term;
    }
    CHECK(relative(scaled_bessel_i0(x), Real(exp(-Real(x)) * sum)) < 1e-14);
  }
  CHECK_THROWS_AS(scaled_bessel_i0(-1.0), std::invalid_argument);
}

TEST_CASE("The half line's moments and the cusp's variance keep their digits for large tilts",
          "[numerics][reference]") {
  for (const double l :
       {-30.0, -5.0, -1.0, 0.0, 0.5, 1.4, 1.49, 1.51, 2.1, 5.0, 9.9, 10.1, 30.0, 300.0}) {
    CAPTURE(l);
    // 50 digits less the cancellation ℓ⁶, and boost's erfc reaches Φ(−300).
    const Real h = hazard(l);
    const Real m = h - l;
    CHECK(relative(half_line_mean(l), m) < 1e-14);
    CHECK(relative(half_line_variance(l), Real(1 - m * (m + l))) < 1e-14);
    const Real third = h * (2 * h * h - 3 * Real(l) * h + Real(l) * Real(l) - 1);
    CHECK(relative(half_line_third_moment(l), third) < 5e-14);
    CHECK(relative(cusp_variance(-l), Real(1 - l * m)) < 1e-14);
  }
  // GIF C.8.
  CHECK_THAT(cusp_variance(1.0), WithinPrinted(2.28759997093918, 14));
  CHECK_THAT(cusp_variance(-1.0), WithinPrinted(0.474864723839019, 15));
  // V₋(ℓ) → 2/ℓ², where the plain difference is wrong by 6e-5 already at 1000.
  CHECK(cusp_variance(-1e6) * 1e12 == Approx(2.0).epsilon(1e-11));
}

TEST_CASE("The plain form of V- loses what the continued fraction keeps", "[numerics][control]") {
  const double l = 1000.0;
  const double plain = 1.0 - l * (normal_hazard(l) - l);
  CHECK(std::abs(plain / cusp_variance(-l) - 1.0) > 1e-6);
}

TEST_CASE("The truncated Gaussian's mass and variance, curvatures of both signs",
          "[numerics][reference]") {
  for (const double k : {-90.0, -12.0, -4.1, -3.9, -0.3, -1e-7, 0.0, 1e-7, 0.3, 3.9, 4.1, 12.0}) {
    for (const double D : {0.4, 1.0, 2.5}) {
      CAPTURE(k, D);
      const Real Z = moment(0, k, D);
      // e^{|k|D²/2} amplifies the square's rounding: |k|D²/2 units.
      const double condition = 1.0 + 0.5 * std::abs(k) * D * D;
      CHECK(relative(truncated_gaussian_mass(k, D), Z) < 2e-15 * condition + 1e-14);
      CHECK(static_cast<double>(abs(Real(log_truncated_gaussian_mass(k, D)) - log(Z))) <
            1e-15 * condition + 1e-14);
      CHECK(relative(truncated_gaussian_variance(k, D), Real(moment(2, k, D) / Z)) < 3e-14);
    }
  }
  CHECK(truncated_gaussian_variance(4.0, infinity) == 0.25);
  CHECK(truncated_gaussian_variance(1e6, 1.0) == Approx(1e-6).epsilon(1e-14));
  CHECK(truncated_gaussian_variance(-1e6, 1.0) == Approx(1.0 - 2e-6).epsilon(1e-11));
  CHECK(truncated_gaussian_mass(4.0, infinity) == Approx(std::sqrt(0.5 * M_PI)).epsilon(1e-15));
  CHECK_THROWS_AS(truncated_gaussian_variance(-1.0, infinity), std::invalid_argument);
  CHECK_THROWS_AS(truncated_gaussian_mass(0.0, infinity), std::invalid_argument);
  CHECK_THROWS_AS(truncated_gaussian_mass(1.0, 0.0), std::invalid_argument);
}

TEST_CASE("V(k, D) is -2 d/dk log Z_D(k)", "[numerics][property]") {
  const auto k = GENERATE(-20.0, -2.0, 0.0, 1.5, 30.0);
  CAPTURE(k);
  const double D = 1.3;
  const double h = 1e-4;
  const double slope =
      (log_truncated_gaussian_mass(k + h, D) - log_truncated_gaussian_mass(k - h, D)) / (2.0 * h);
  CHECK(truncated_gaussian_variance(k, D) == Approx(-2.0 * slope).epsilon(1e-7));
}

}  // namespace flowcheck::special_functions_test
