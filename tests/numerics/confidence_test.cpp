#include "numerics/confidence.hpp"

#include "numerics/rng.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <numbers>
#include <numeric>
#include <stdexcept>
#include <vector>

namespace flowcheck::confidence_test {

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

TEST_CASE("sample_mean misses as often as it says for normal draws", "[numerics][property]") {
  // 2000 intervals at 10 %: 200 misses expected, s.d. 13.
  int missed = 0;
  for (std::uint64_t trial = 0; trial < 2000; ++trial) {
    Rng rng(51, trial);
    std::vector<double> draws(15);
    for (double& x : draws) x = 3.0 + rng.normal();
    const Estimate mean = sample_mean(draws, 0.1);
    if (mean.lower > 3.0 || mean.upper < 3.0) ++missed;
    CHECK(mean.grade == Grade::statistical);
  }
  CHECK(std::abs(missed - 200) < 70);
}

TEST_CASE("sample_median lies between the tabulated order statistics", "[numerics][reference]") {
  // Tables of the sign test: n = 15 has x₄ … x₁₂ at 0.0352 and x₃ … x₁₃ at 0.0074; n = 6 has its
  // extremes at 2/64.
  std::vector<double> draws = {12, 3, 15, 1, 7, 9, 5, 14, 2, 11, 8, 4, 13, 6, 10};
  const auto is = [&draws](double false_alarm, double lower, double upper) {
    const Estimate middle = sample_median(draws, false_alarm);
    CAPTURE(false_alarm, middle.lower, middle.upper);
    CHECK(middle.value == 8.0);
    CHECK(middle.lower == lower);
    CHECK(middle.upper == upper);
    CHECK(middle.grade == Grade::statistical);
  };
  is(0.05, 4.0, 12.0);
  is(0.035, 3.0, 13.0);
  is(0.0075, 3.0, 13.0);
  is(0.007, 2.0, 14.0);
  is(0.999, 7.0, 9.0);
  draws.resize(6);
  CHECK(sample_median(draws, 2.001 / 64.0).lower == 1.0);
  CHECK(sample_median(draws, 2.001 / 64.0).upper == 15.0);
}

TEST_CASE("sample_median is the whole line where so few draws cannot say more",
          "[numerics][control]") {
  std::vector<double> draws(15);
  for (std::size_t i = 0; i < draws.size(); ++i) draws[i] = static_cast<double>(i);
  CHECK(sample_median(draws, 1.01 * std::pow(2.0, -14)).upper == 14.0);
  const Estimate beyond = sample_median(draws, 0.99 * std::pow(2.0, -14));
  CHECK(beyond.value == 7.0);
  CHECK(beyond.lower == -infinity);
  CHECK(beyond.upper == infinity);
  CHECK(std::isinf(sample_median({1.0}, 0.5).upper));
}

TEST_CASE("sample_median keeps its word for skewed draws", "[numerics][property]") {
  // 2000 intervals of 15 draws e^{3Z}, at 3.5 % by the table: 70 misses expected, s.d. 8.
  int missed = 0;
  for (std::uint64_t trial = 0; trial < 2000; ++trial) {
    Rng rng(52, trial);
    std::vector<double> draws(15);
    for (double& x : draws) x = std::exp(3.0 * rng.normal());
    const Estimate middle = sample_median(draws, 0.05);
    if (middle.lower > 1.0 || middle.upper < 1.0) ++missed;
  }
  CHECK(std::abs(missed - 70) < 40);
}

TEST_CASE("bernstein_half_width is the bound, and keeps its word for rare large draws",
          "[numerics][property]") {
  CHECK(
      bernstein_half_width(0.5, 2.0, 101, 4e-2) ==
      Approx(0.5 * std::sqrt(2.0 * std::log(100.0) / 101.0) + 7.0 * 2.0 * std::log(100.0) / 300.0));
  int missed = 0;
  for (std::uint64_t run = 0; run < 400; ++run) {
    Rng rng(99, run);
    std::vector<double> draws(50);
    for (double& x : draws) x = rng.uniform() < 0.02 ? 1.0 : 0.0;
    const double mean = std::accumulate(draws.begin(), draws.end(), 0.0) / 50.0;
    const double half_width = bernstein_half_width(standard_deviation(draws), 1.0, 50, 0.1);
    missed += std::abs(mean - 0.02) > half_width;
  }
  CHECK(missed <= 40);
}

TEST_CASE("confidence intervals refuse what they cannot be made of", "[numerics][precondition]") {
  CHECK_THROWS_AS(student_half_width(1.0, 1, 0.1), std::invalid_argument);
  CHECK_THROWS_AS(student_half_width(1.0, 5, 0.0), std::invalid_argument);
  CHECK_THROWS_AS(student_half_width(-1.0, 5, 0.1), std::invalid_argument);
  CHECK_THROWS_AS(median({}), std::invalid_argument);
  CHECK_THROWS_AS(sample_mean({1.0}, 0.1), std::invalid_argument);
  CHECK_THROWS_AS(sample_median({}, 0.1), std::invalid_argument);
  CHECK_THROWS_AS(sample_median({1.0}, 0.0), std::invalid_argument);
}

}  // namespace flowcheck::confidence_test
