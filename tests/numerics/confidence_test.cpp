#include "numerics/confidence.hpp"

#include "numerics/rng.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <limits>
#include <numbers>
#include <stdexcept>
#include <vector>

using namespace flowcheck;

TEST_CASE("student_half_width is the tabulated quantile", "[numerics][reference]") {
  // t tables: t_{4}(0.975) = 2.776, t_{14}(0.995) = 2.977; t_1 is Cauchy, quantile tan(π(p − ½)).
  CHECK(student_half_width(1.0, 5, 0.05) == Approx(2.776 / std::sqrt(5.0)).epsilon(2e-4));
  CHECK(student_half_width(2.0, 15, 0.01) == Approx(2.0 * 2.977 / std::sqrt(15.0)).epsilon(2e-4));
  CHECK(student_half_width(1.0, 2, 0.5) ==
        Approx(std::tan(0.25 * std::numbers::pi) / std::sqrt(2.0)).epsilon(1e-12));
  CHECK(student_half_width(0.0, 7, 1e-9) == 0.0);
}

TEST_CASE("median takes the middle, or the mean of the two in the middle", "[numerics][exact]") {
  CHECK(median({3.0}) == 3.0);
  CHECK(median({5.0, 1.0, 3.0}) == 3.0);
  CHECK(median({4.0, 1.0, 3.0, 100.0}) == 3.5);
}

TEST_CASE("standard_deviation divides by n - 1", "[numerics][exact]") {
  CHECK(standard_deviation({1.0, 3.0}) == Approx(std::sqrt(2.0)).epsilon(1e-15));
  CHECK(standard_deviation({2.0, 2.0, 2.0}) == 0.0);
}

TEST_CASE("sample_mean and sample_median miss as often as they say", "[numerics][property]") {
  // 2000 intervals at 10 %: 200 misses expected, s.d. 13; the median's is asymptotic.
  int missed_mean = 0;
  int missed_median = 0;
  for (std::uint64_t trial = 0; trial < 2000; ++trial) {
    Rng rng(51, trial);
    std::vector<double> draws(15);
    for (double& x : draws) x = 3.0 + rng.normal();
    const Estimate mean = sample_mean(draws, 0.1);
    const Estimate middle = sample_median(draws, 0.1);
    if (mean.lower > 3.0 || mean.upper < 3.0) ++missed_mean;
    if (middle.lower > 3.0 || middle.upper < 3.0) ++missed_median;
    CHECK(mean.grade == Grade::statistical);
  }
  CHECK(std::abs(missed_mean - 200) < 70);
  CHECK(std::abs(missed_median - 200) < 100);
}

TEST_CASE("confidence intervals refuse what they cannot be made of", "[numerics][precondition]") {
  CHECK_THROWS_AS(student_half_width(1.0, 1, 0.1), std::invalid_argument);
  CHECK_THROWS_AS(student_half_width(1.0, 5, 0.0), std::invalid_argument);
  CHECK_THROWS_AS(student_half_width(-1.0, 5, 0.1), std::invalid_argument);
  CHECK_THROWS_AS(median({}), std::invalid_argument);
  CHECK_THROWS_AS(sample_mean({1.0}, 0.1), std::invalid_argument);
}
