#include "experiments.hpp"

#include <catch2/catch.hpp>
#include <tbb/global_control.h>

#include <atomic>
#include <string>
#include <variant>
#include <vector>

namespace flowcheck::jko_particles_test {

namespace {

template <class Value>
void set(PreparedRun& run, const std::string& flag, const Value& value) {
  for (const Option& option : run.options) {
    if (option.flag == flag) *std::get<Value*>(option.value) = value;
  }
}

PreparedRun small_run() {
  PreparedRun run = jko_particles().prepare(Scale::quick);
  set(run, "--dimensions", std::vector<int>{1, 2});
  set(run, "--points", std::vector<int>{30, 60});
  set(run, "--bandwidths", std::vector<double>{0.2});
  set(run, "--bandwidth-points", 60);
  set(run, "--error-points", 60);
  set(run, "--repeats", 3);
  set(run, "--replications", 3);
  return run;
}

std::vector<Row> rows_of(const RunRecord& record, const std::string& quantity) {
  std::vector<Row> found;
  for (const Row& row : record.rows()) {
    if (row.quantity == quantity) found.push_back(row);
  }
  return found;
}

}  // namespace

TEST_CASE("jko_particles writes the same bytes on one thread and on several",
          "[jko_particles][property]") {
  const PreparedRun run = small_run();
  const std::string several = run.run({}).csv();
  const tbb::global_control one(tbb::global_control::max_allowed_parallelism, 1);
  CHECK(run.run({}).csv() == several);
  CHECK(run.run({.seed = 2}).csv() != several);
}

TEST_CASE("jko_particles votes on the misses and the particles' mean",
          "[jko_particles][property]") {
  const RunRecord record = small_run().run({});
  CHECK(record.verdict() == Verdict::holds);
  const std::vector<Row> least = rows_of(record, "least_reported");
  CHECK(least.size() == 3);  // d = 2: two n, and one bandwidth
  // Not one draw of an exact step is said to be exact, or nearly: that is what is calibrated.
  for (const Row& row : least) CHECK(row.measured.value > 0.1);
  CHECK(rows_of(record, "misses").size() == 2);    // exact and inexact pairs
  CHECK(rows_of(record, "mean_gap").size() == 4);  // two d, two n
  for (const Row& row : rows_of(record, "variance_error")) {
    CHECK(row.measured.value < 0.0);  // kernels push apart too little
    CHECK(row.verdict.empty());
  }
  for (const Row& row : rows_of(record, "reported")) {
    CHECK(row.measured.value > row.predicted.value);
    CHECK(row.verdict.empty());
  }
}

TEST_CASE("jko_particles refuses settings that make no sense", "[jko_particles][precondition]") {
  const auto refuses = [](const std::string& flag, const auto& value) {
    PreparedRun run = small_run();
    set(run, flag, value);
    CHECK_THROWS_AS(run.run({}), std::invalid_argument);
  };
  refuses("--dimensions", std::vector<int>{6});
  refuses("--dimensions", std::vector<int>{});
  refuses("--points", std::vector<int>{50, 50});
  refuses("--bandwidths", std::vector<double>{0.0});
  refuses("--bandwidth-points", 10);
  refuses("--errors", std::vector<double>{-1.0});
  refuses("--error-points", 100'000);
  refuses("--repeats", 1);
  refuses("--replications", 2);
}

TEST_CASE("jko_particles stops when it is told to", "[jko_particles][property]") {
  const std::atomic<bool> stop = true;
  CHECK(small_run().run({.stop = &stop}).rows().empty());
}

}  // namespace flowcheck::jko_particles_test
