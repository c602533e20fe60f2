#include "distances/transport.hpp"
#include "empirical_w2.hpp"
#include "experiments.hpp"
#include "numerics/confidence.hpp"
#include "numerics/rng.hpp"
#include "support/estimates.hpp"

#include <catch2/catch.hpp>
#include <tbb/global_control.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <numbers>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

namespace flowcheck::w2_convergence_test {

namespace {

using Integers = std::vector<int>;

template <class Value>
PreparedRun with(PreparedRun run, const std::string& flag, const Value& value) {
  for (const Option& option : run.options) {
    if (option.flag == flag) *std::get<Value*>(option.value) = value;
  }
  return run;
}

PreparedRun small_run() {
  PreparedRun run = w2_convergence().prepare(Scale::quick);
  run = with(run, "--points", Integers{16, 32, 64, 128});
  run = with(run, "--dimensions", Integers{1, 3});
  run = with(run, "--repeats", 24);
  return with(run, "--line-repeats", 100);
}

std::vector<Row> rows_of(const RunRecord& record,
                         const std::string& quantity,
                         const std::string& against) {
  std::vector<Row> found;
  for (const Row& row : record.rows()) {
    if (row.quantity == quantity && std::get<std::string>(row.parameters[3]) == against) {
      found.push_back(row);
    }
  }
  return found;
}

std::int64_t dimension_of(const Row& row) {
  return std::get<std::int64_t>(row.parameters[0]);
}

// W₂² of pairs of samples, drawn otherwise than by the experiment.
std::vector<double> squared_distances(Index d, Index n, int repeats) {
  std::vector<double> values;
  for (int i = 0; i < repeats; ++i) {
    Rng rng(91, static_cast<std::uint64_t>(1000 * d + i));
    const PointCloud x(rng.normal_matrix(d, n));
    values.push_back(squared_w2(x, PointCloud(rng.normal_matrix(d, n))).value);
  }
  return values;
}

}  // namespace

TEST_CASE("the mean of squared_w2 on the line is that of the order statistics",
          "[w2_convergence][exact]") {
  // n = 1: both are N(0, 1). n = 2: Var X₍ᵢ₎ = 1 − 1/π. n = 3: the outer ones have mean ±3/(2√π)
  // and the squares of all three add up to 3.
  const double pi = std::numbers::pi;
  CHECK_THAT(mean_squared_w2_on_line(1), Encloses(2.0));
  CHECK_THAT(mean_squared_w2_on_line(2), Encloses(2.0 * (1.0 - 1.0 / pi)));
  CHECK_THAT(mean_squared_w2_on_line(3), Encloses(2.0 - 3.0 / pi));
  for (const Index n : {1, 2, 3, 64, 8192}) {
    CAPTURE(n);
    const Estimate mean = mean_squared_w2_on_line(n);
    CHECK(mean.width() <= 1e-7 * mean.value);
  }
  CHECK_THROWS_AS(mean_squared_w2_on_line(0), std::invalid_argument);
}

TEST_CASE("the mean of squared_w2 on the line is what sorted samples give",
          "[w2_convergence][reference]") {
  const Index n = GENERATE(20, 250, 512);
  CAPTURE(n);
  const Estimate measured = sample_mean(squared_distances(1, n, 5000), 1e-6);
  const Estimate exact = mean_squared_w2_on_line(n);
  CHECK(measured.lower <= exact.lower);
  CHECK(exact.upper <= measured.upper);
  CHECK(measured.width() <= 0.15 * exact.value);  // 10 % either way would be seen
}

TEST_CASE("mean_w2_floor has the two values known in closed form", "[w2_convergence][exact]") {
  // d = 1: E|x̄ − ȳ| = √(2/n) √(2/π). d = 2: F₂(t) = 1 − e^{−t/2}, and √(2/n) √(π/2) is larger.
  for (const Index n : {1, 10, 1000}) {
    CAPTURE(n);
    const double scale = std::sqrt(2.0 / static_cast<double>(n));
    CHECK_THAT(mean_w2_floor(1, n), Encloses(scale * std::sqrt(2.0 / std::numbers::pi)));
    CHECK_THAT(mean_w2_floor(2, n), Encloses(scale * std::sqrt(std::numbers::pi / 2.0)));
  }
  // d = 10, n large: τ = 2 (5!/n)^{1/5} to first order and B = τ d/(d + 2).
  const double n = 1e9;
  const double tau = 2.0 * std::pow(120.0 / n, 0.2);
  CHECK(square(mean_w2_floor(10, 1'000'000'000)).value == Approx(tau * 10.0 / 12.0).epsilon(0.03));
}

TEST_CASE("the floor falls with the proved exponent", "[w2_convergence][order]") {
  const int d = GENERATE(1, 2, 5, 10);
  CAPTURE(d);
  const auto slope = [d](Index n) {
    return std::log2(mean_w2_floor(d, 2 * n).value / mean_w2_floor(d, n).value);
  };
  CHECK(slope(1'000'000'000'000) == Approx(normal_w2_exponent(d)).margin(2e-3));
}

TEST_CASE("no sample is nearer to another than the nearest points", "[w2_convergence][property]") {
  const Index d = GENERATE(2, 5, 10);
  CAPTURE(d);
  Rng rng(17, static_cast<std::uint64_t>(d));
  const Matrix x = rng.normal_matrix(d, 60);
  const Matrix y = rng.normal_matrix(d, 60);
  double nearest = 0.0;
  for (Index i = 0; i < 60; ++i)
    nearest += (y.colwise() - x.col(i)).colwise().squaredNorm().minCoeff();
  CHECK(nearest / 60.0 <= squared_w2(PointCloud(x), PointCloud(y)).upper);
}

TEST_CASE("the interval of a mean distance is Gaussian concentration", "[w2_convergence][exact]") {
  // P(|mean − E| ≥ t) ≤ 2 exp(−t² nR/4).
  const double t = mean_w2_half_width(50, 8, 1e-3);
  CHECK(2.0 * std::exp(-t * t * 50.0 * 8.0 / 4.0) == Approx(1e-3).epsilon(1e-12));
  CHECK_THROWS_AS(mean_w2_half_width(50, 8, 0.0), std::invalid_argument);
  CHECK_THROWS_AS(mean_w2_half_width(0, 8, 0.1), std::invalid_argument);
}

TEST_CASE("the variance of W₂ is below 2/n, and not below a tenth of that",
          "[w2_convergence][control]") {
  // 400 values: their variance is within half of the law's by far.
  for (const Index d : {1, 5}) {
    const Index n = 30;
    std::vector<double> values = squared_distances(d, n, 400);
    for (double& value : values) value = std::sqrt(value);
    const double scaled = std::pow(standard_deviation(values), 2) * static_cast<double>(n);
    CAPTURE(d, scaled);
    CHECK(scaled < 2.0);
    CHECK(scaled > 0.2);
  }
}

TEST_CASE("w2_convergence holds: brackets and the floor vote, rates do not",
          "[w2_convergence][property]") {
  const RunRecord record = small_run().run({});
  CHECK(record.verdict() == Verdict::holds);
  const std::vector<Row> widths = rows_of(record, "relative_width", "transport");
  CHECK(widths.size() == 4 + 4 + 2);  // of d = 1, the reference's n too
  for (const Row& row : widths) {
    CHECK(row.verdict == "holds");
    CHECK(row.measured.value > 0.0);
    CHECK(row.measured.grade == Grade::certified);
  }
  for (const Row& row : rows_of(record, "w2", "")) {
    CHECK(row.measured.grade == Grade::certified);
    CHECK(row.measured.lower <= row.measured.value);
    CHECK(row.measured.value <= row.measured.upper);
  }
  CHECK(rows_of(record, "w2", "").size() == 8 * widths.size());
  for (const Row& row : rows_of(record, "unavoidable_share", "floor")) {
    CHECK(row.verdict == "holds");
    CHECK(row.measured.value > 0.2);
  }
  for (const char* quantity : {"mean_w2", "slope", "halving_factor", "mean_squared"}) {
    for (const char* against : {"general", "normal", "floor", "exact", "reference"}) {
      for (const Row& row : rows_of(record, quantity, against)) CHECK(row.verdict.empty());
    }
  }
}

TEST_CASE("guides go through the first point, and halving costs 2^d points",
          "[w2_convergence][exact]") {
  PreparedRun run = with(small_run(), "--dimensions", Integers{1, 2, 3, 4, 10});
  run = with(run, "--line-repeats", 2);
  const RunRecord record = with(run, "--repeats", 2).run({});
  for (const char* against : {"general", "normal"}) {
    const std::vector<Row> means = rows_of(record, "mean_w2", against);
    REQUIRE(means.size() == 5 * 4);
    for (std::size_t k = 0; k < means.size(); k += 4) {
      CHECK(means[k].predicted.value == Approx(means[k].measured.value).epsilon(1e-14));
      CHECK(means[k + 3].predicted.value < means[k].predicted.value);
    }
  }
  const auto factors = [&](const char* against) {
    std::vector<double> found;
    for (const Row& row : rows_of(record, "halving_factor", against)) {
      found.push_back(row.predicted.value);
      CHECK(row.measured.lower <= row.measured.value);
      CHECK(row.measured.value <= row.measured.upper);
    }
    return found;
  };
  CHECK_THAT(factors("general"), Catch::Approx(std::vector<double>{16, 16, 16, 16, 1024}));
  CHECK_THAT(factors("normal"), Catch::Approx(std::vector<double>{4, 4, 8, 16, 1024}));
}

TEST_CASE("an independent code's mean squared distances are draws like ours",
          "[w2_convergence][reference]") {
  PreparedRun run = with(small_run(), "--dimensions", Integers{1, 2, 5, 10});
  run = with(run, "--points", Integers{16, 24, 32, 48});
  const int repeats = 8;
  run = with(run, "--repeats", repeats);
  run = with(run, "--line-repeats", repeats);
  const std::vector<Row> rows = rows_of(run.run({}), "mean_squared", "reference");
  REQUIRE(rows.size() == 8);
  for (const Row& row : rows) {
    CAPTURE(dimension_of(row), row.measured.value, row.predicted.value);
    // Student's interval for one more draw: √(R + 1) times as wide as the one for the mean, and at
    // 1e-3 instead of 5e-2 with R = 8 another 2.29 times; and what two printed digits round off.
    const double half_width = 0.5 * row.measured.width() * std::sqrt(repeats + 1.0) * 2.29;
    CHECK(std::abs(row.measured.value - row.predicted.value) <=
          half_width + 0.025 * row.predicted.value);
    // From d = 2 on the draws are close enough to tell the eight figures apart.
    if (dimension_of(row) > 2)
      CHECK(row.measured.value == Approx(row.predicted.value).epsilon(0.1));
  }
}

TEST_CASE("w2_convergence writes the same bytes on one thread and on two",
          "[w2_convergence][property]") {
  const PreparedRun run = small_run();
  std::string two;
  {
    const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, 2);
    two = run.run({}).csv();
  }
  const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, 1);
  CHECK(run.run({}).csv() == two);
  CHECK(run.run({.seed = 2}).csv() != two);
}

TEST_CASE("w2_convergence draws one n the same way whatever else it draws",
          "[w2_convergence][property]") {
  const PreparedRun less =
      with(with(small_run(), "--dimensions", Integers{3}), "--points", Integers{16, 20, 32, 128});
  const std::vector<Row> some = rows_of(less.run({}), "w2", "");
  const std::vector<Row> all = rows_of(small_run().run({}), "w2", "");
  int found = 0;
  for (const Row& row : some) {
    for (const Row& other : all) {
      if (row.parameters != other.parameters) continue;
      CHECK(row.measured.value == other.measured.value);
      ++found;
    }
  }
  CHECK(found == 3 * 8);
}

TEST_CASE("w2_convergence refuses settings that make no sense", "[w2_convergence][precondition]") {
  const PreparedRun run = GENERATE(
      with(small_run(), "--dimensions", Integers{}), with(small_run(), "--dimensions", Integers{0}),
      with(small_run(), "--dimensions", Integers{1, 2, 3, 4, 5, 6, 7}),
      with(small_run(), "--dimensions", Integers{2, 2}),
      with(small_run(), "--points", Integers{16, 32, 64}),
      with(small_run(), "--points", Integers{16, 32, 32, 64}),
      with(small_run(), "--points", Integers{5, 16, 32, 64}),
      with(small_run(), "--points", Integers{16, 32, 64, 200'000}),
      with(small_run(), "--repeats", 1), with(small_run(), "--line-repeats", 0));
  CHECK_THROWS_AS(run.run({}), std::invalid_argument);
}

TEST_CASE("w2_convergence stops when it is told to", "[w2_convergence][property]") {
  const std::atomic<bool> stop = true;
  CHECK(small_run().run({.stop = &stop}).rows().empty());
}

}  // namespace flowcheck::w2_convergence_test
