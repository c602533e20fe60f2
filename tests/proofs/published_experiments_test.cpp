#include "experiments.hpp"
#include "support/estimates.hpp"

#include <catch2/catch.hpp>
#include <tbb/global_control.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace flowcheck::published_experiments_test {

namespace {

template <class Value>
void set(PreparedRun& run, const std::string& flag, const Value& value) {
  for (const Option& option : run.options) {
    if (option.flag == flag) *std::get<Value*>(option.value) = value;
  }
}

PreparedRun small_ou_benchmark() {
  PreparedRun run = ou_benchmark().prepare(Scale::quick);
  set(run, "--particles", std::vector<int>{100});
  set(run, "--particle-times", std::vector<double>{0.5});
  return run;
}

PreparedRun small_one_block() {
  PreparedRun run = one_block().prepare(Scale::quick);
  set(run, "--points", 60);
  set(run, "--floor-points", std::vector<int>{30});
  set(run, "--repeats", 2);
  set(run, "--floor-repeats", 3);
  return run;
}

PreparedRun small_gaussian_mixture_stationary() {
  PreparedRun run = gaussian_mixture_stationary().prepare(Scale::quick);
  set(run, "--repeats", 1);
  set(run, "--cells", 64);
  set(run, "--check-cells", 48);
  set(run, "--flow-cells", 64);
  return run;
}

std::vector<Row> rows_of(const RunRecord& record,
                         const std::string& quantity,
                         const std::string& first_parameter) {
  std::vector<Row> found;
  for (const Row& row : record.rows()) {
    if (row.quantity == quantity && std::get<std::string>(row.parameters[0]) == first_parameter) {
      found.push_back(row);
    }
  }
  return found;
}

}  // namespace

TEST_CASE("the published experiments write the same bytes on one thread and on several",
          "[ou_benchmark][one_block][property]") {
  const bool block = GENERATE(false, true);
  const PreparedRun run = block ? small_one_block() : small_ou_benchmark();
  const std::string several = run.run({}).csv();
  const tbb::global_control one(tbb::global_control::max_allowed_parallelism, 1);
  CHECK(run.run({}).csv() == several);
  CHECK(run.run({.seed = 2}).csv() != several);
}

TEST_CASE("ou_benchmark votes for second order at t >= 0.5 and at the finest step alone",
          "[ou_benchmark][property]") {
  const RunRecord record = small_ou_benchmark().run({});
  CHECK(record.verdict() == Verdict::holds);
  int voting = 0;
  for (const Row& row : rows_of(record, "order", "exact_jko")) {
    if (row.verdict.empty()) continue;
    ++voting;
    CHECK(std::get<double>(row.parameters[2]) >= 0.5);
    CHECK(std::get<double>(row.parameters[3]) == 0.00625);
    CHECK(row.verdict == "holds");
  }
  CHECK(voting == 72);  // twelve dimensions, six times
  // The dossier's figures for the slope of the medians there.
  for (const Row& row : rows_of(record, "order_of_median", "exact_jko")) {
    if (std::get<double>(row.parameters[2]) < 0.5) continue;
    if (std::get<double>(row.parameters[3]) > 0.00625) continue;
    CHECK(row.measured.value == Approx(2.005).margin(0.03));
  }
}

TEST_CASE("one_block has the exact step, and the closed form of every checkpoint",
          "[one_block][reference]") {
  const RunRecord record = small_one_block().run({});
  CHECK(record.verdict() == Verdict::holds);
  // p₀ itself as a step: ξ is nearly the constant m = (2.995, 2.987), as the stored cloud is
  // nearly N((3, 3), I); |m|² = 17.89.
  const std::vector<Row> start = rows_of(record, "true_norm", "p0");
  REQUIRE(start.size() == 1);
  CHECK(start[0].measured.value == Approx(17.9).margin(0.3));
  // 17 checkpoints, and the exact step at two numbers of points; both norms each.
  std::size_t estimates = 0;
  for (const Row& row : record.rows()) estimates += row.quantity == "estimator" ? 1U : 0U;
  CHECK(estimates == 2 * (17 + 2));
  // Squares taken entry by entry are smaller, by √2 at most.
  const std::vector<Row> floors = rows_of(record, "estimator", "exact_step");
  REQUIRE(floors.size() == 4);
  for (std::size_t k = 0; k < floors.size(); k += 2) {
    CHECK(floors[k + 1].measured.value <= floors[k].measured.value);
    CHECK(std::sqrt(2.0) * floors[k + 1].measured.value >= floors[k].measured.value);
  }
}

TEST_CASE("gaussian_mixture_stationary descends, and ends where the flow does, not at the target",
          "[gaussian_mixture_stationary][reference]") {
  const RunRecord record = small_gaussian_mixture_stationary().run({});
  CHECK(record.verdict() == Verdict::holds);
  CHECK(rows_of(record, "descent", "exact_jko").size() == 40);
  const auto last = [&record](const std::string& method) {
    return rows_of(record, "symkl", method).back().measured;
  };
  // 128 cells in the larger window, floors from 1e-30 to 1e-40: 0.0894 to 0.0896.
  CHECK(last("exact_jko").value == Approx(0.0895).margin(3e-4));
  CHECK(last("exact_jko").width() < 1e-3);
  // 192 cells: 0.0876 ± 0.0009.
  CHECK_THAT(last("fokker_planck"), Encloses(0.0876));
  CHECK(last("fokker_planck").upper < 0.1);
  // The paper's first target, and its medians over five as the dossier has them.
  CHECK(rows_of(record, "symkl", "icnn_jko").front().measured.value > last("exact_jko").upper);
  const std::vector<std::pair<std::string, double>> medians = {{"icnn_jko", 0.056},
                                                               {"em_1k", 0.233},
                                                               {"em_10k", 0.096},
                                                               {"em_50k", 0.066},
                                                               {"em_proxrec_1k", 0.228}};
  for (const auto& [method, value] : medians) {
    const std::vector<Row> rows = rows_of(record, "median_symkl", method);
    REQUIRE(rows.size() == 1);
    CHECK_THAT(rows[0].measured.value, WithinPrinted(value, 3));
  }
}

TEST_CASE("the published experiments refuse settings that make no sense",
          "[ou_benchmark][one_block][precondition]") {
  PreparedRun coarse = small_ou_benchmark();
  set(coarse, "--step-sizes", std::vector<double>{0.1, 0.05, 0.03, 0.02});
  CHECK_THROWS_AS(coarse.run({}), std::invalid_argument);
  PreparedRun late = small_ou_benchmark();
  set(late, "--particle-times", std::vector<double>{1.5});
  CHECK_THROWS_AS(late.run({}), std::invalid_argument);
  PreparedRun uneven = small_gaussian_mixture_stationary();
  set(uneven, "--step-size", 0.3);
  CHECK_THROWS_AS(uneven.run({}), std::invalid_argument);
  PreparedRun unchecked = small_gaussian_mixture_stationary();
  set(unchecked, "--check-cells", 64);
  CHECK_THROWS_AS(unchecked.run({}), std::invalid_argument);
  PreparedRun crowded = small_one_block();
  set(crowded, "--points", 100'000);
  CHECK_THROWS_AS(crowded.run({}), std::invalid_argument);
}

TEST_CASE("the published experiments stop when they are told to",
          "[ou_benchmark][one_block][property]") {
  const std::atomic<bool> stop = true;
  const RunRecord record = small_one_block().run({.stop = &stop});
  CHECK(rows_of(record, "estimator", "exact_step").empty());
  CHECK(rows_of(small_ou_benchmark().run({.stop = &stop}), "log10_symkl", "particles").empty());
  CHECK(small_gaussian_mixture_stationary().run({.stop = &stop}).rows().empty());
}

}  // namespace flowcheck::published_experiments_test
