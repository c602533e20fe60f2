#include "numerics/vector_exp.hpp"

#include "numerics/rng.hpp"
#include "support/high_precision.hpp"

#include <catch2/catch.hpp>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace flowcheck::vector_exp_test {

namespace {

std::vector<double> exp_of(const std::vector<double>& x, VectorForm form = widest_vector_form()) {
  std::vector<double> y(x.size());
  vector_exp(x, y, form);
  return y;
}

std::vector<double> arguments(std::uint64_t seed, double lower, double upper, int count) {
  Rng rng(seed);
  std::vector<double> x;
  for (int i = 0; i < count; ++i) x.push_back(rng.uniform(lower, upper));
  return x;
}

// |y − eˣ| in units of the last place of eˣ (of 2⁻¹⁰⁷⁴ where it is subnormal), in 50 digits.
double error_in_units(double x, double y) {
  const high_precision::Real truth = exp(high_precision::Real(x));
  const double nearest = static_cast<double>(truth);
  const int exponent = nearest >= 0x1p-1022 ? std::ilogb(nearest) - 52 : -1074;
  return static_cast<double>(abs(truth - y) * ldexp(high_precision::Real(1), -exponent));
}

}  // namespace

TEST_CASE("vector_exp is within one unit in the last place", "[numerics][reference]") {
  const auto [lower, upper] = GENERATE(std::pair{-0.35, 0.35}, std::pair{-40.0, 0.0},
                                       std::pair{-708.0, 709.7}, std::pair{-745.2, -708.0});
  const std::vector<double> x = arguments(3, lower, upper, 1500);
  const std::vector<double> y = exp_of(x);
  double worst = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) worst = std::max(worst, error_in_units(x[i], y[i]));
  CAPTURE(lower, upper, worst);
  CHECK(worst < 0.9);
}

TEST_CASE("vector_exp over- and underflows where eˣ does", "[numerics][exact]") {
  const double last_finite = 0x1.62e42fefa39efp+9;  // 709.78…
  const double first_zero = -0x1.74910d52d3052p+9;  // −745.13…: eˣ < 2⁻¹⁰⁷⁵
  const double last_positive = -0x1.74910d52d3051p+9;
  const std::vector<double> x{0.0,       -0.0,          infinity,
                              -infinity, last_finite,   std::nextafter(last_finite, infinity),
                              1e308,     last_positive, first_zero,
                              -1e308,    5e-324,        -5e-324};
  const std::vector<double> y = exp_of(x);
  CHECK(y[0] == 1.0);
  CHECK(y[1] == 1.0);
  CHECK(y[2] == infinity);
  CHECK(y[3] == 0.0);
  CHECK(std::isfinite(y[4]));
  CHECK(y[5] == infinity);
  CHECK(y[6] == infinity);
  CHECK(y[7] == 0x1p-1074);
  CHECK(y[8] == 0.0);
  CHECK(y[9] == 0.0);
  CHECK(y[10] == 1.0);
  CHECK(y[11] == 1.0);
  CHECK(std::isnan(exp_of({std::numeric_limits<double>::quiet_NaN()})[0]));
}

TEST_CASE("vector_exp returns the same bits in every form, place and length",
          "[numerics][property]") {
  std::vector<double> x = arguments(5, -760.0, 720.0, 1003);
  x.insert(x.end(), {infinity, -infinity, 0.0, -0.0});
  const std::vector<double> portable = exp_of(x, VectorForm::portable);
  for (const VectorForm form : {VectorForm::avx2, VectorForm::avx512}) {
    if (is_supported(form)) {
      CAPTURE(to_string(form));
      CHECK(exp_of(x, form) == portable);
    }
  }
  for (std::size_t start : {1u, 2u, 3u, 5u, 1000u}) {
    const std::vector<double> tail(x.begin() + static_cast<std::ptrdiff_t>(start), x.end());
    CHECK(exp_of(tail) == std::vector<double>(portable.begin() + static_cast<std::ptrdiff_t>(start),
                                              portable.end()));
  }
}

TEST_CASE("vector_exp works in place on matrices", "[numerics][exact]") {
  Matrix x{{0.0, 1.0}, {-1.0, -infinity}};
  vector_exp(x);
  CHECK(x(0, 0) == 1.0);
  CHECK(error_in_units(1.0, x(0, 1)) < 0.9);
  CHECK(error_in_units(-1.0, x(1, 0)) < 0.9);
  CHECK(x(1, 1) == 0.0);
}

TEST_CASE("vector_exp refuses lengths that differ", "[numerics][precondition]") {
  const std::vector<double> x(3);
  std::vector<double> y(2);
  CHECK_THROWS_AS(vector_exp(x, y), std::invalid_argument);
}

}  // namespace flowcheck::vector_exp_test
