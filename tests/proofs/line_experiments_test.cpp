#include "experiments.hpp"

#include <catch2/catch.hpp>
#include <tbb/global_control.h>

#include <atomic>
#include <cmath>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace flowcheck::line_experiments_test {

namespace {

using Numbers = std::vector<double>;

template <class Value>
PreparedRun with(PreparedRun run, const std::string& flag, const Value& value) {
  bool found = false;
  for (const Option& option : run.options) {
    if (option.flag != flag) continue;
    *std::get<Value*>(option.value) = value;
    found = true;
  }
  REQUIRE(found);
  return run;
}

PreparedRun quick(const Experiment& experiment) {
  return experiment.prepare(Scale::quick);
}

PreparedRun small_barenblatt() {
  return with(with(quick(barenblatt()), "--times", Numbers{10.0, 50.0}), "--points", 101);
}
PreparedRun small_nonconvex() {
  return with(quick(jko_nonconvex()), "--steps", 60);
}
PreparedRun small_fokker_planck() {
  return with(with(quick(jko_to_fokker_planck()), "--points", 101), "--end", 0.4);
}
PreparedRun small_nongaussian() {
  const PreparedRun run = with(with(quick(jko_nongaussian()), "--points", 201), "--steps", 8);
  return with(run, "--plane-steps", 2);
}
PreparedRun small_iterations() {
  PreparedRun run = with(quick(jko_iterations()), "--step-sizes", Numbers{0.05, 0.5, 1.9});
  return with(with(run, "--errors", Numbers{1e-2, 1e-4}), "--points", 101);
}
PreparedRun small_reverse() {
  PreparedRun run = with(quick(jko_reverse()), "--errors", Numbers{0.1});
  run = with(run, "--smoothings", Numbers{0.1, 0.01, 0.001});
  return with(run, "--inversion-errors", Numbers{1e-3});
}

std::vector<PreparedRun> small_runs() {
  return {small_barenblatt(), small_nonconvex(), small_fokker_planck(), small_nongaussian(),
          small_iterations(), small_reverse(),   quick(jko_lipschitz())};
}

bool has_words(const Row& row, const std::vector<std::string>& words) {
  std::size_t found = 0;
  for (const Parameter& parameter : row.parameters) {
    const auto* word = std::get_if<std::string>(&parameter);
    if (word != nullptr && found < words.size() && *word == words[found]) ++found;
  }
  return found == words.size();
}

// Rows of one quantity whose words, in the order of the columns, contain these.
std::vector<Row> rows_of(const RunRecord& record,
                         const std::string& quantity,
                         const std::vector<std::string>& words) {
  std::vector<Row> found;
  for (const Row& row : record.rows()) {
    if (row.quantity == quantity && has_words(row, words)) found.push_back(row);
  }
  return found;
}

Row row_at(const std::vector<Row>& rows, std::size_t column, const Parameter& value) {
  for (const Row& row : rows) {
    if (row.parameters[column] == value) return row;
  }
  FAIL("no such row");
  return rows.front();
}

}  // namespace

TEST_CASE("the experiments on the line hold, and write the same bytes on one thread and on several",
          "[line_experiments][property]") {
  const std::size_t which = GENERATE(range(std::size_t{0}, std::size_t{7}));
  CAPTURE(which);
  const PreparedRun run = small_runs()[which];
  const RunRecord record = run.run({});
  CHECK(record.verdict() <= Verdict::holds);
  CHECK(record.verdict() != Verdict::not_applicable);
  const tbb::global_control one(tbb::global_control::max_allowed_parallelism, 1);
  CHECK(run.run({}).csv() == record.csv());
}

TEST_CASE("the experiments on the line stop when they are told to",
          "[line_experiments][property]") {
  const std::atomic<bool> stop = true;
  for (const PreparedRun& run : small_runs()) CHECK(run.run({.stop = &stop}).rows().empty());
}

TEST_CASE("JKO steps from Barenblatt's profile widen it as implicit Euler widens its half width",
          "[line_experiments][reference]") {
  const RunRecord record = small_barenblatt().run({});
  const std::vector<Row> errors = rows_of(record, "w2_error", {});
  CHECK(errors.size() == 12);  // two times, six step sizes
  for (const Row& row : errors) {
    CHECK(row.verdict == "tight");
    CHECK(row.measured.value == Approx(row.predicted.value).epsilon(1e-3));
  }
  CHECK(rows_of(record, "order", {}).size() == 2);
  // Control: the printed k, which lacks b = 9/16, makes the profile wider by a third, at t = 50 a
  // deviation of 0.05 next to errors of 0.007 at most.
  for (const Row& row : errors) {
    if (row.parameters[0] == Parameter(50.0)) CHECK(row.measured.upper < 0.0075);
  }
}

TEST_CASE("potentials that are not convex break the rate of convexity and keep that of log-Sobolev",
          "[line_experiments][reference]") {
  const RunRecord record = with(quick(jko_nonconvex()), "--steps", 60).run({});
  const std::vector<Row> well = rows_of(record, "kl", {"double well", "log_sobolev"});
  CHECK(row_at(well, 1, std::int64_t{1}).measured.value == Approx(0.717).margin(5e-4));
  CHECK(row_at(well, 1, std::int64_t{5}).measured.value == Approx(0.653).margin(5e-4));
  CHECK(row_at(well, 1, std::int64_t{20}).measured.value == Approx(0.484).margin(5e-4));
  for (const char* name : {"ripple 0.8", "ripple 2", "double well"}) {
    CAPTURE(name);
    const Row wrong =
        row_at(rows_of(record, "kl", {name, "curvature"}), 1, Parameter(std::int64_t{40}));
    CHECK(wrong.measured.lower > 10.0 * wrong.predicted.upper);
    CHECK(wrong.verdict.empty());
    const Row rate = row_at(rows_of(record, "rate", {name, "gap"}), 1, Parameter(std::int64_t{40}));
    CHECK(rate.measured.value > rate.predicted.value);
  }
  CHECK(rows_of(record, "rate", {"ripple 0.8", "gap"})[0].predicted.value ==
        Approx(0.515).margin(5e-4));
}

TEST_CASE("a translate's distance from the flow tends to its share of the proved constant",
          "[line_experiments][reference]") {
  const RunRecord record = with(quick(jko_to_fokker_planck()), "--points", 101).run({});
  const std::vector<Row> shares = rows_of(record, "share", {"translate"});
  REQUIRE(shares.size() == 5);
  for (std::size_t k = 1; k < shares.size(); ++k) {
    CHECK(shares[k].measured.value > shares[k - 1].measured.value);
  }
  CHECK(shares.back().measured.value ==
        Approx(std::sqrt(2.0) / (2.0 * std::exp(1.0))).margin(0.005));
  // The atom's first step: (√2 − 1)√γ.
  const Row atom = rows_of(record, "first_step_w2", {"atom"}).back();
  CHECK(atom.measured.value == Approx((std::sqrt(2.0) - 1.0) * std::sqrt(0.0125)).epsilon(0.02));
}

TEST_CASE("modes on the plane converge as proved, from where a finer grid says",
          "[line_experiments][reference]") {
  const RunRecord record = small_nongaussian().run({});
  for (const char* quantity : {"w2", "kl"}) {
    const std::vector<Row> rows = rows_of(record, quantity, {"plane", "sharp"});
    REQUIRE(rows.size() == 9);  // three ε, n = 0, 1, 2
    // On 128 cells a side and a rectangle of 14: W₂ = 0.35869.
    if (quantity == std::string("w2")) CHECK(rows[0].measured.value == Approx(0.3587).margin(1e-4));
    int voted = 0;
    for (const Row& row : rows) {
      CHECK((row.verdict.empty() || row.verdict == "holds"));
      voted += row.verdict.empty() ? 0 : 1;
    }
    CHECK(voted == 6);
  }
}

TEST_CASE("a mask's marginal is generated as well as two modes are",
          "[line_experiments][property]") {
  const RunRecord record = small_reverse().run({});
  const std::vector<Row> rows = rows_of(record, "kl", {"rose_x"});
  REQUIRE(rows.size() == 5);
  for (const Row& row : rows) CHECK(row.verdict == "holds");
  for (const Row& row : rows_of(record, "same_kl", {"rose_x"})) CHECK(row.verdict == "tight");
  for (const Row& row : rows_of(record, "w2_inversion", {"rose_x"})) CHECK(row.verdict == "holds");
}

TEST_CASE("the number of steps is that of the dossier's table", "[line_experiments][reference]") {
  const RunRecord record = small_iterations().run({});
  struct Entry {
    double step_size, measured, sharp, paper;
  };
  for (const Entry& entry :
       {Entry{0.05, 160, 213, 1651}, Entry{0.5, 23, 27, 166}, Entry{1.9, 10, 11, 45}}) {
    CAPTURE(entry.step_size);
    for (const bool sharp : {true, false}) {
      bool found = false;
      for (const Row& row :
           rows_of(record, "first_hit", {"translate", sharp ? "sharp" : "paper"})) {
        if (row.parameters[1] != Parameter(entry.step_size)) continue;
        if (row.parameters[2] != Parameter(1e-4)) continue;
        found = true;
        CHECK(row.measured.value == entry.measured);
        CHECK(row.predicted.value == (sharp ? entry.sharp : entry.paper));
      }
      CHECK(found);
    }
  }
}

TEST_CASE("maps to data of two modes are as steep as the dossier saw, and Gaussian ones as proved",
          "[line_experiments][reference]") {
  const RunRecord record = quick(jko_lipschitz()).run({});
  const Row torn = rows_of(record, "block", {"two modes"}).front();
  CHECK(torn.measured.value == Approx(18.2).margin(0.05));
  CHECK(torn.verdict.empty());
  for (const Row& row : rows_of(record, "composite", {"gaussian", "log_concavity"})) {
    CHECK(row.verdict == "tight");
  }
  for (const char* name : {"wide", "medium", "narrow"}) {
    const std::vector<Row> rows = rows_of(record, "composite", {name, "log_concavity"});
    CHECK(rows.size() == 12);
    for (const Row& row : rows) CHECK(row.verdict == "holds");
    // Block by block the bound would be exponential.
    const Row power = rows_of(record, "composite", {name, "power"}).back();
    CHECK(power.predicted.value > 1.2 * rows.back().predicted.value);
  }
}

TEST_CASE("what is generated from two atoms does not depend on how little they were moved",
          "[line_experiments][reference]") {
  const RunRecord record = small_reverse().run({});
  const std::vector<Row> kl = rows_of(record, "kl", {"atoms", "w2_start"});
  REQUIRE(kl.size() == 3);
  const double expected[3] = {1.30e-5, 1.50e-5, 1.44e-5};  // δ = 0.1, 0.01, 0.001
  const double at_start[3] = {1.39, 2.73, 3.89};
  const std::vector<Row> start = rows_of(record, "kl_start", {"atoms"});
  for (std::size_t k = 0; k < 3; ++k) {
    CHECK(kl[k].measured.lower <= expected[k] * 1.004);
    CHECK(kl[k].measured.upper >= expected[k] * 0.996);
    CHECK(start[k].measured.lower <= at_start[k] + 0.005);
    CHECK(start[k].measured.upper >= at_start[k] - 0.005);
  }
  for (const Row& row : rows_of(record, "same_kl", {})) CHECK(row.verdict == "tight");
  // Atoms far apart are as far from what they are moved to as the coupling is long.
  const std::vector<Row> coupling = rows_of(record, "w2_smoothing", {"atoms", "coupling"});
  CHECK(coupling.back().verdict == "tight");
  // Control: no multiple of δ bounds it.
  CHECK(coupling.back().measured.lower > 10.0 * 0.001);
}

TEST_CASE("the experiments on the line refuse settings that make no sense",
          "[line_experiments][precondition]") {
  const double nan = std::nan("");
  const auto refused = [](const PreparedRun& run) {
    CHECK_THROWS_AS(run.run({}), std::invalid_argument);
  };
  refused(with(quick(barenblatt()), "--times", Numbers{15.0}));
  refused(with(quick(barenblatt()), "--times", Numbers{10.0, nan, 50.0}));
  refused(with(quick(barenblatt()), "--exponent", 1.0));
  refused(with(quick(barenblatt()), "--largest-step", 1e-4));
  refused(with(quick(jko_nonconvex()), "--step-size", 0.2));
  refused(with(quick(jko_nonconvex()), "--ripples", Numbers{0.8, 0.8}));
  refused(with(quick(jko_to_fokker_planck()), "--end", 0.3));
  refused(with(quick(jko_to_fokker_planck()), "--step-sizes", 3));
  refused(with(quick(jko_nongaussian()), "--errors", Numbers{nan}));
  refused(with(quick(jko_nongaussian()), "--step-size", 0.0));
  refused(with(quick(jko_nongaussian()), "--cells", 33));
  refused(with(quick(jko_nongaussian()), "--plane-steps", 0));
  refused(with(quick(jko_reverse()), "--marginals", 5));
  refused(with(quick(jko_iterations()), "--step-sizes", Numbers{2.0}));
  refused(with(quick(jko_iterations()), "--distance", nan));
  refused(with(quick(jko_lipschitz()), "--reach", 7.0));
  refused(with(quick(jko_lipschitz()), "--steps", 0));
  refused(with(quick(jko_reverse()), "--points", 401));
  refused(with(quick(jko_reverse()), "--smoothings", Numbers{0.1, 0.1}));
}

}  // namespace flowcheck::line_experiments_test
