// The experiments that fit models: toy_generation and jko_blocks, at a scale that learns little.

#include "experiments.hpp"
#include "support/estimates.hpp"

#include <catch2/catch.hpp>
#include <tbb/global_control.h>

#include <atomic>
#include <cmath>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace flowcheck::fitted_experiments_test {

using Catch::Matchers::WithinAbs;
using Catch::Matchers::WithinRel;

namespace {

template <class Value>
void set(PreparedRun& run, const std::string& flag, const Value& value) {
  for (const Option& option : run.options) {
    if (option.flag == flag) *std::get<Value*>(option.value) = value;
  }
}

constexpr int shown_points = 12;

PreparedRun small_toys() {
  PreparedRun run = toy_generation().prepare(Scale::quick);
  set(run, "--draws", 500);
  set(run, "--iterations", 12);
  set(run, "--jko-iterations", 2);
  set(run, "--width", 8);
  set(run, "--shown-points", shown_points);
  return run;
}

constexpr int blocks = 2;
constexpr int training_batches = 60;

PreparedRun small_blocks() {
  PreparedRun run = jko_blocks().prepare(Scale::quick);
  set(run, "--blocks", blocks);
  set(run, "--iterations", 6);
  set(run, "--draws", 1000);
  set(run, "--width", 16);
  set(run, "--training-batches", training_batches);
  set(run, "--cloud", 40);
  return run;
}

// Rows of one quantity with these first parameters.
std::vector<Row> rows_of(const RunRecord& record,
                         const std::string& quantity,
                         const std::vector<std::string>& first = {}) {
  std::vector<Row> found;
  for (const Row& row : record.rows()) {
    bool fits = row.quantity == quantity;
    for (std::size_t i = 0; i < first.size(); ++i) {
      fits = fits && row.parameters[i] == Parameter(first[i]);
    }
    if (fits) found.push_back(row);
  }
  return found;
}

Estimate only(const RunRecord& record,
              const std::string& quantity,
              const std::vector<std::string>& first) {
  const std::vector<Row> found = rows_of(record, quantity, first);
  CAPTURE(quantity, first);
  REQUIRE(found.size() == 1);
  return found.front().measured;
}

const std::vector<std::string> laws = {"tree",     "rose",     "checkerboard",
                                       "pinwheel", "2spirals", "8gaussians"};
const std::vector<std::string> methods = {"fm", "lfm", "jko"};

}  // namespace

TEST_CASE("the experiments that fit write the same bytes on one thread and on several",
          "[fitted_experiments][property]") {
  const bool toys = GENERATE(true, false);
  const PreparedRun run = toys ? small_toys() : small_blocks();
  const std::string several = run.run({}).csv();
  const tbb::global_control one(tbb::global_control::max_allowed_parallelism, 1);
  CHECK(run.run({}).csv() == several);
  CHECK(run.run({.seed = 2}).csv() != several);
}

TEST_CASE("toy_generation has every law and method, and their numbers agree",
          "[fitted_experiments][property]") {
  const RunRecord record = small_toys().run({});
  CHECK(record.verdict() == Verdict::holds);
  for (const std::string& law : laws) {
    CHECK(rows_of(record, "y", {law, "data"}).size() == shown_points);
    for (const std::string& method : methods) {
      CAPTURE(law, method);
      const Estimate kl = only(record, "kl", {law, method});
      const Estimate nll = only(record, "nll", {law, method});
      const Estimate entropy = only(record, "entropy", {law, method});
      CHECK_THAT(kl.value, WithinAbs(nll.value - entropy.value, 1e-9));
      CHECK(kl.lower > 0.0);  // nothing this small has learned the law
      CHECK(rows_of(record, "kl_is_not_negative", {law, method}).front().verdict == "holds");
      // The data and their entropy are the law's own, whatever is fitted to them.
      CHECK(entropy.value == only(record, "entropy", {law, "fm"}).value);
      CHECK(only(record, "gaussian_nll", {law, method}).value > entropy.value);
      const std::vector<Row> chain = rows_of(record, "kl_to_normal", {law, method});
      REQUIRE(chain.size() == (method == "fm" ? 1 : 4));
      CHECK_THAT(chain.back().measured.value, WithinAbs(kl.value, 1e-9));
      CHECK(rows_of(record, "y", {law, method, "samples"}).size() == shown_points);
      // The first law's blocks are shown both ways, its ends included.
      const std::size_t frames = law != "tree" ? 0 : chain.size() + 1;
      CHECK(rows_of(record, "y", {law, method, "forward"}).size() == frames * shown_points);
      CHECK(rows_of(record, "y", {law, method, "reverse"}).size() == frames * shown_points);
    }
  }
}

TEST_CASE("toy_generation's entropies are those of the laws", "[fitted_experiments][exact]") {
  const RunRecord record = small_toys().run({});
  // Uniform on eight squares of side 2.
  CHECK_THAT(only(record, "entropy", {"checkerboard", "fm"}).value,
             WithinRel(std::log(32.0), 1e-12));
  // Eight Gaussians of variance 1/8, six deviations apart: less than 0.01 is lost where they meet.
  const double pi = std::acos(-1.0);
  const Estimate entropy = only(record, "entropy", {"8gaussians", "fm"});
  CHECK_THAT(entropy, Encloses(std::log(8.0) + std::log(2.0 * pi * std::exp(1.0) * 0.125)));
  CHECK(entropy.width() < 2.0);
}

TEST_CASE("jko_blocks has every block of both chains, and their numbers agree",
          "[fitted_experiments][property]") {
  const RunRecord record = small_blocks().run({});
  std::vector<double> times;
  for (const std::string steps : {"geometric", "reparametrised"}) {
    CAPTURE(steps);
    double time = 0.0;
    const std::vector<Row> sizes = rows_of(record, "step_size", {steps});
    REQUIRE(sizes.size() == blocks);
    for (const Row& row : sizes) time += row.measured.value;
    times.push_back(time);
    const std::vector<Row> moved = rows_of(record, "moved", {steps});
    const std::vector<Row> kl = rows_of(record, "kl_to_normal", {steps});
    const std::vector<Row> descent = rows_of(record, "cost_and_descent", {steps});
    REQUIRE(moved.size() == blocks);
    REQUIRE(kl.size() == blocks);
    REQUIRE(descent.size() == blocks - 1);
    CHECK(rows_of(record, "squared_first_order_error", {steps}).size() == blocks);
    CHECK_THAT(kl.back().measured.value, WithinAbs(only(record, "kl", {steps}).value, 1e-9));
    const double cost = std::pow(moved[1].measured.value, 2) / (2.0 * sizes[1].measured.value);
    CHECK_THAT(descent.front().measured.value, WithinRel(cost, 1e-9));
    CHECK_THAT(descent.front().predicted.value,
               WithinAbs(kl[0].measured.value - kl[1].measured.value, 1e-9));
    for (const Row& row : descent) CHECK(row.verdict.empty());
  }
  // What is reparametrised keeps its time, and is not the same steps again.
  CHECK_THAT(times[1], WithinRel(times[0], 1e-12));
  CHECK(rows_of(record, "step_size", {"geometric"})[0].measured.value !=
        rows_of(record, "step_size", {"reparametrised"})[0].measured.value);
}

TEST_CASE("jko_blocks' one block starts from the identity and comes nearer to the exact step",
          "[fitted_experiments][property]") {
  const RunRecord record = small_blocks().run({});
  const std::vector<Row> distances = rows_of(record, "w2_to_exact_step", {"one block"});
  REQUIRE(distances.size() == 1 + training_batches / 20);
  // Means √2 apart, seen by 40 points: within a quarter, four of their deviations.
  CHECK_THAT(distances.front().measured.value, WithinRel(std::sqrt(2.0), 0.5));
  CHECK(distances.back().measured.value < distances.front().measured.value);
  // The gradient of KL(· ‖ q) at N((3, 3), I) is (3, 3).
  const std::vector<Row> moments = rows_of(record, "of_moments", {"one block"});
  CHECK_THAT(moments.front().measured.value, WithinRel(18.0, 0.6));
  CHECK(moments.back().measured.value < moments.front().measured.value);
  for (const std::string norm : {"squared", "published"}) {
    CHECK(rows_of(record, norm, {"one block"}).size() == distances.size());
    CHECK(rows_of(record, norm, {"exact step"}).size() == 1);
  }
}

TEST_CASE("the experiments that fit refuse settings that make no sense",
          "[fitted_experiments][precondition]") {
  const auto refuses = [](PreparedRun run, const std::string& flag, int value) {
    set(run, flag, value);
    CHECK_THROWS_AS(run.run({}), std::invalid_argument);
  };
  refuses(small_toys(), "--draws", 499);
  refuses(small_toys(), "--iterations", 0);
  refuses(small_toys(), "--jko-iterations", 0);
  refuses(small_toys(), "--width", 0);
  refuses(small_toys(), "--shown-points", 51);
  refuses(small_blocks(), "--blocks", 0);
  refuses(small_blocks(), "--iterations", 0);
  refuses(small_blocks(), "--draws", 999);
  refuses(small_blocks(), "--training-batches", 19);
  refuses(small_blocks(), "--cloud", 9);
}

TEST_CASE("the experiments that fit stop when they are told to", "[fitted_experiments][property]") {
  const std::atomic<bool> stop = true;
  CHECK(rows_of(small_toys().run({.stop = &stop}), "kl").empty());
  CHECK(small_blocks().run({.stop = &stop}).rows().empty());
}

}  // namespace flowcheck::fitted_experiments_test
