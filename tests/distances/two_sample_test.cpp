#include "distances/two_sample.hpp"

#include "measures/data_file.hpp"
#include "measures/input_file.hpp"
#include "measures/pgm.hpp"
#include "measures/pixel_mixture.hpp"
#include "numerics/confidence.hpp"
#include "numerics/rng.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

namespace flowcheck::two_sample_test {

namespace {

PointCloud normal_cloud(std::uint64_t stream, Index dimension, Index count, double shift = 0.0) {
  Rng rng(21, stream);
  return PointCloud((rng.normal_matrix(dimension, count).array() + shift).matrix());
}

using PointKernel = std::function<double(const Vector&, const Vector&)>;

double mean_kernel(const Matrix& x, const Matrix& y, const PointKernel& k, bool without_diagonal) {
  double sum = 0.0;
  for (Index i = 0; i < x.cols(); ++i) {
    for (Index j = 0; j < y.cols(); ++j) {
      if (!(without_diagonal && i == j)) sum += k(x.col(i), y.col(j));
    }
  }
  const Index pairs = x.cols() * (without_diagonal ? y.cols() - 1 : y.cols());
  return sum / static_cast<double>(pairs);
}

double by_definition(const PointCloud& p,
                     const PointCloud& q,
                     const PointKernel& k,
                     bool unbiased) {
  return mean_kernel(p.points(), p.points(), k, unbiased) +
         mean_kernel(q.points(), q.points(), k, unbiased) -
         2.0 * mean_kernel(p.points(), q.points(), k, false);
}

// E k(X, Y) for X − Y ~ N(shift, 2I) and k = exp(−rate·r²), in d dimensions.
double gaussian_mean_kernel(double rate, double squared_shift, double d) {
  return std::pow(1.0 + 4.0 * rate, -0.5 * d) *
         std::exp(-rate * squared_shift / (1.0 + 4.0 * rate));
}

}  // namespace

TEST_CASE("Both statistics are what their definitions say", "[distances][exact]") {
  const auto [n, m] = GENERATE(std::pair<Index, Index>{2, 2}, std::pair<Index, Index>{7, 12},
                               std::pair<Index, Index>{300, 270});
  CAPTURE(n, m);
  const PointCloud p = normal_cloud(0, 3, n);
  const PointCloud q = normal_cloud(1, 3, m, 0.3);
  const double rate = 0.4;
  const PointKernel gaussian = [rate](const Vector& x, const Vector& y) {
    return std::exp(-rate * (x - y).squaredNorm());
  };
  const PointKernel distance = [](const Vector& x, const Vector& y) { return -(x - y).norm(); };

  const TwoSampleResult mmd = squared_mmd(p, q, rate);
  CHECK(mmd.biased.value == Approx(by_definition(p, q, gaussian, false)).margin(1e-13));
  CHECK(mmd.unbiased.value == Approx(by_definition(p, q, gaussian, true)).margin(1e-13));
  CHECK(mmd.biased.value >= 0.0);

  const TwoSampleResult energy = squared_energy_distance(p, q);
  CHECK(energy.biased.value == Approx(by_definition(p, q, distance, false)).margin(1e-12));
  CHECK(energy.unbiased.value == Approx(by_definition(p, q, distance, true)).margin(1e-12));
}

TEST_CASE("The unbiased estimate's interval has the laws' value, and tells laws apart",
          "[distances][reference]") {
  const double shift = GENERATE(0.0, 0.2, 1.0);
  CAPTURE(shift);
  const double rate = 0.5;
  const double squared = 2.0 * shift * shift;
  const double exact =
      2.0 * (gaussian_mean_kernel(rate, 0.0, 2.0) - gaussian_mean_kernel(rate, squared, 2.0));
  const TwoSampleResult result =
      squared_mmd(normal_cloud(2, 2, 1500), normal_cloud(3, 2, 1200, shift), rate,
                  {.permutations = 0, .false_alarm = 1e-6});
  CHECK(result.unbiased.lower <= exact);
  CHECK(result.unbiased.upper >= exact);
  if (shift == 1.0) CHECK(result.unbiased.lower > 0.5 * exact);
  CHECK(std::isnan(result.floor_95));
}

TEST_CASE("The interval covers as often as it says", "[distances][property]") {
  const double shift = GENERATE(0.0, 0.5);
  CAPTURE(shift);
  const double rate = 0.5;
  const double exact =
      2.0 * (gaussian_mean_kernel(rate, 0.0, 1.0) - gaussian_mean_kernel(rate, shift * shift, 1.0));
  int missed = 0;
  for (std::uint64_t run = 0; run < 200; ++run) {
    const Estimate seen =
        squared_mmd(normal_cloud(100 + run, 1, 40), normal_cloud(400 + run, 1, 50, shift), rate,
                    {.permutations = 0, .false_alarm = 0.1})
            .unbiased;
    missed += seen.lower > exact || seen.upper < exact;
  }
  CHECK(missed <= 34);  // 20 expected, three deviations of a binomial above
}

TEST_CASE("At equality the V-statistic sits at its floor, apart from it well above",
          "[distances][property]") {
  double sum = 0.0;
  double floor = 0.0;
  int above = 0;
  for (std::uint64_t run = 0; run < 60; ++run) {
    const TwoSampleResult same =
        squared_mmd(normal_cloud(700 + run, 2, 60), normal_cloud(800 + run, 2, 60), 0.5);
    sum += same.biased.value;
    floor += same.floor_mean;
    above += same.biased.value > same.floor_95;
  }
  CHECK(sum / 60.0 == Approx(floor / 60.0).epsilon(0.1));
  CHECK(above <= 9);  // 3 expected
  const TwoSampleResult apart =
      squared_mmd(normal_cloud(4, 2, 60), normal_cloud(5, 2, 60, 1.0), 0.5);
  CHECK(apart.biased.value > 3.0 * apart.floor_95);
}

TEST_CASE("Two samples of the rose are as far apart as the published floor of MMD-c says",
          "[distances][reference]") {
  // Published of 10,000 points a sample, by the V-statistic: 2.04e-4, single runs from 1.73e-4 to
  // 2.26e-4, of which the diagonal is 1.96e-4. At equality n times the statistic has one limit law,
  // so that small samples tell: n/10,000 times theirs is compared.
  constexpr Index n = 300;
  constexpr int runs = 30;
  constexpr int runs_with_threshold = 8;
  constexpr double share = static_cast<double>(n) / 10'000.0;
  const std::string file = data_file("masks/mask_rose.pgm");
  const GaussianMixture rose = pixel_mixture(parse_pgm(read_text_file(file, 1u << 20), file));
  std::vector<double> biased;
  std::vector<double> diagonal;
  std::vector<double> upper;
  for (int run = 0; run < runs; ++run) {
    Rng rng(77, static_cast<std::uint64_t>(run));
    const PointCloud p(sample(rose, n, rng));
    const PointCloud q(sample(rose, n, rng));
    const double rate = kernel_rate(published_scale * median_distance(q));
    const TwoSampleResult seen =
        squared_mmd(p, q, rate, {.permutations = run < runs_with_threshold ? 100 : 0});
    biased.push_back(share * seen.biased.value);
    diagonal.push_back(share * seen.floor_mean);
    if (run < runs_with_threshold) upper.push_back(share * seen.floor_95);
  }
  // Sampling alone: of ours by their own spread, of the published mean by the same spread and two
  // runs at least, for it comes with a least and a greatest; the other numbers are single runs.
  // Student's quantile for six comparisons at 1e-3 together; then the digits printed.
  constexpr double false_alarm = 1e-3 / 6.0;
  const double spread = standard_deviation(biased);
  const double of_one =
      std::sqrt(static_cast<double>(runs)) * student_half_width(spread, runs, false_alarm);
  const double ours = 1.0 / static_cast<double>(runs);
  const Estimate mean = sample_mean(biased, false_alarm);
  const Estimate of_diagonal = sample_mean(diagonal, false_alarm);
  const Estimate threshold = sample_mean(upper, false_alarm);
  CAPTURE(mean, of_diagonal, threshold, spread);
  CHECK(std::abs(mean.value - 2.04e-4) <= std::sqrt(0.5 + ours) * of_one + 0.005e-4);
  CHECK(std::abs(mean.value - 1.73e-4) <= std::sqrt(1.0 + ours) * of_one + 0.005e-4);
  CHECK(std::abs(mean.value - 2.26e-4) <= std::sqrt(1.0 + ours) * of_one + 0.005e-4);
  CHECK(std::abs(of_diagonal.value - 1.96e-4) <= 0.5 * of_diagonal.width() + 0.005e-4);
  CHECK(mean.lower <= of_diagonal.upper);
  CHECK(of_diagonal.lower <= mean.upper);
  // The published threshold 2.79e-4, said to be the 95 % point at equality by a bootstrap, is above
  // that point of relabelings; 2.73e-4, which a model is praised for, is too.
  CHECK(threshold.upper < 2.73e-4);
  CHECK(threshold.lower > of_diagonal.upper);
}

TEST_CASE("The energy distance of two normal samples is near the laws'", "[distances][reference]") {
  // 2E|Z√2 + 1| − 2E|Z√2| on the line; E|N(μ, s²)| = s√(2/π)e^{−μ²/2s²} + μ erf(μ/(s√2)).
  const double exact =
      2.0 * (std::sqrt(2.0) * std::sqrt(2.0 / M_PI) * std::exp(-0.25) + std::erf(0.5)) -
      2.0 * std::sqrt(2.0) * std::sqrt(2.0 / M_PI);
  const TwoSampleResult result =
      squared_energy_distance(normal_cloud(6, 1, 1500), normal_cloud(7, 1, 1500, 1.0),
                              {.permutations = 0, .false_alarm = 1e-6});
  CHECK(result.unbiased.lower <= exact);
  CHECK(result.unbiased.upper >= exact);
  CHECK(result.unbiased.width() < exact);
}

TEST_CASE("The energy distance scales with the points to the ends of double",
          "[distances][property]") {
  const double scale = GENERATE(1e-200, 1e200);
  const PointCloud p = normal_cloud(6, 2, 30);
  const PointCloud q = normal_cloud(7, 2, 30, 1.0);
  const Estimate plain = squared_energy_distance(p, q).unbiased;
  const Estimate far =
      squared_energy_distance(PointCloud(scale * p.points()), PointCloud(scale * q.points()))
          .unbiased;
  CHECK(far.value == Approx(scale * plain.value).epsilon(1e-12));
  CHECK(far.width() == Approx(scale * plain.width()).epsilon(1e-12));
}

TEST_CASE("median_distance is the median of all n² distances", "[distances][exact]") {
  const auto count =
      GENERATE(Index{1}, Index{2}, Index{3}, Index{4}, Index{31}, Index{64}, Index{1800});
  CAPTURE(count);
  const PointCloud cloud = normal_cloud(8, 2, count);
  std::vector<double> all;
  for (Index i = 0; i < count; ++i) {
    for (Index j = 0; j < count; ++j) {
      all.push_back((cloud.points().col(i) - cloud.points().col(j)).norm());
    }
  }
  std::sort(all.begin(), all.end());
  const std::size_t half = all.size() / 2;
  const double expected = all.size() % 2 == 1 ? all[half] : 0.5 * (all[half - 1] + all[half]);
  CHECK(median_distance(cloud) == Approx(expected).epsilon(1e-14));
}

TEST_CASE("Repeated points leave no scale, and are refused as one", "[distances][precondition]") {
  CHECK(median_distance(PointCloud(Matrix::Ones(2, 5))) == 0.0);
  CHECK(median_distance(PointCloud(Matrix::Ones(2, 3000))) == 0.0);
  CHECK_THROWS_AS(kernel_rate(0.0), std::invalid_argument);
  CHECK_THROWS_AS(kernel_rate(infinity), std::invalid_argument);
  CHECK(std::exp(-kernel_rate(3.0) * 9.0) == Approx(std::exp(-0.5)).epsilon(1e-15));
  const PointCloud p = normal_cloud(9, 2, 10);
  CHECK_THROWS_AS(squared_mmd(p, p, 0.0), std::invalid_argument);
  CHECK_THROWS_AS(squared_mmd(p, normal_cloud(9, 3, 10), 1.0), std::invalid_argument);
  CHECK_THROWS_AS(squared_mmd(p, normal_cloud(9, 2, 1), 1.0), std::invalid_argument);
  CHECK_THROWS_AS(squared_mmd(p, p, 1.0, {.largest_count = 9}), std::invalid_argument);
  CHECK_THROWS_AS(
      squared_mmd(p, PointCloud(Matrix{{0.0, 1.0}, {0.0, 1.0}}, Vector{{0.3, 0.7}}), 1.0),
      std::invalid_argument);
}

}  // namespace flowcheck::two_sample_test
