// The experiments on interpolation flows: what each has to hold, at scale quick.

#include "experiments.hpp"
#include "interpolation/schedule.hpp"
#include "support/estimates.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <string>
#include <variant>
#include <vector>

namespace flowcheck::gif_experiments_test {

namespace {

// Rows of one quantity with these first parameters.
std::vector<Row> rows_of(const RunRecord& record,
                         const std::string& quantity,
                         const std::vector<std::string>& first = {}) {
  std::vector<Row> found;
  for (const Row& row : record.rows()) {
    const auto fits = [&row, &first] {
      return std::equal(first.begin(), first.end(), row.parameters.begin(),
                        [](const std::string& word, const Parameter& parameter) {
                          return parameter == Parameter(word);
                        });
    };
    if (row.quantity == quantity && fits()) found.push_back(row);
  }
  return found;
}

template <class Value>
PreparedRun with(PreparedRun run, const std::string& flag, const Value& value) {
  for (const Option& option : run.options) {
    if (option.flag == flag) *std::get<Value*>(option.value) = value;
  }
  return run;
}

}  // namespace

TEST_CASE("velocity_lipschitz has every law on every schedule, and each envelope holds",
          "[gif][property]") {
  constexpr int times = 4;
  const RunRecord record =
      with(velocity_lipschitz().prepare(Scale::quick), "--times", times).run({});
  CHECK(record.verdict() == Verdict::holds);
  for (const Schedule& schedule : checked_schedules()) {
    for (const char* law : {"gaussian", "centres", "cusp", "ball", "points"}) {
      CAPTURE(schedule.name(), law);
      for (const char* quantity : {"largest_seen", "minus_least_seen"}) {
        const std::vector<Row> rows = rows_of(record, quantity, {law, schedule.name()});
        REQUIRE(rows.size() == times);
        for (const Row& row : rows) CHECK((row.verdict == "tight" || row.verdict == "holds"));
        if (law == std::string("gaussian") || quantity == std::string("largest_seen")) continue;
        // Far out there is as little left of the law as there may be.
        CHECK(rows.back().measured.value ==
              Approx(rows.back().predicted.value).epsilon(1e-6).margin(1e-9));
      }
    }
  }
}

TEST_CASE("velocity_lipschitz sees the singularity that each schedule's end makes",
          "[gif][reference]") {
  const RunRecord record = with(velocity_lipschitz().prepare(Scale::quick), "--times", 2).run({});
  struct Exponents {
    const char* schedule;
    double points, cusp, centres;
  };
  // GIF-18's table, and by hand: VP and VE have a ~ τ and ḃ → 0, the polynomial one a ~ 3τ².
  for (const Exponents& expected :
       {Exponents{"linear", -3.0, 0.0, 0.0}, Exponents{"foellmer", -2.0, -0.5, 0.0},
        Exponents{"trigonometric", -3.0, 0.0, 1.0}, Exponents{"vp", -3.0, 0.0, 1.0},
        Exponents{"ve", -3.0, 0.0, 1.0}, Exponents{"polynomial", -5.0, 1.0, 1.0}}) {
    CAPTURE(expected.schedule);
    const auto check = [&](const char* law, const char* quantity, double exponent) {
      CAPTURE(law, quantity);
      const std::vector<Row> rows = rows_of(record, quantity, {law, expected.schedule});
      REQUIRE(rows.size() == 1);
      CHECK(rows[0].predicted.value == exponent);
      CHECK_THAT(rows[0].measured, Encloses(exponent));
      CHECK(rows[0].measured.width() < 0.02);
    };
    check("points", "exponent", expected.points);
    check("cusp", "exponent", expected.cusp);
    check("centres", "exponent", expected.centres);
    check("points", "exponent_of_least", -1.0);
  }
}

TEST_CASE("flow_map_lipschitz attains the sharp bound on [-D, D] and shows the classical one above",
          "[gif][exact]") {
  const double pi = std::acos(-1.0);
  constexpr int laws = 3;
  const RunRecord record =
      with(flow_map_lipschitz_experiment().prepare(Scale::quick), "--laws", laws).run({});
  CHECK(record.verdict() == Verdict::holds);
  for (const double kappa : {0.0, -4.0}) {
    CAPTURE(kappa);
    const std::string law = kappa == 0.0 ? "kappa 0" : "kappa -4";
    const std::vector<Row> forward = rows_of(record, "forward_seen", {"D", law});
    const std::vector<Row> classical = rows_of(record, "classical_forward", {"D", law});
    REQUIRE(forward.size() == laws);
    REQUIRE(classical.size() == laws);
    for (std::size_t i = 0; i < laws; ++i) {
      const double D = std::get<double>(forward[i].parameters[2]);
      CAPTURE(D);
      CHECK(forward[i].verdict == "tight");
      CHECK(classical[i].measured.value ==
            Approx(D * std::exp(0.5 * (1.0 - kappa * D * D))).epsilon(1e-12));
      CHECK(classical[i].measured.lower > 2.0 * forward[i].predicted.upper);
      if (kappa == 0.0) {
        CHECK(forward[i].measured.value == Approx(2.0 * D / std::sqrt(2.0 * pi)).epsilon(1e-9));
      }
    }
  }
}

TEST_CASE("flow_map_lipschitz depends on centres through R/sigma, and Caffarelli's way ends at 1",
          "[gif][property]") {
  constexpr int laws = 7;
  const RunRecord record =
      with(flow_map_lipschitz_experiment().prepare(Scale::quick), "--laws", laws).run({});
  const auto of = [&record](const char* quantity, const char* law) {
    return rows_of(record, quantity, {"R", law});
  };
  for (const char* quantity : {"forward_seen", "reverse_seen"}) {
    const std::vector<Row> wide = of(quantity, "two centres of width 1");
    const std::vector<Row> narrow = of(quantity, "two centres of width 0.25");
    REQUIRE(wide.size() == laws);
    REQUIRE(narrow.size() == laws);
    for (std::size_t i = 0; i < laws; ++i) {
      CHECK(narrow[i].measured.value == Approx(wide[i].measured.value).epsilon(1e-9));
      CHECK(narrow[i].parameters[2] == wide[i].parameters[2]);
    }
  }
  for (const char* law : {"two centres of width 1", "two centres of width 0.25"}) {
    const std::vector<Row> forward = of("forward_seen", law);
    const std::vector<Row> classical = of("classical_forward", law);
    REQUIRE(classical.size() == laws);
    for (std::size_t i = 0; i < laws; ++i) {
      const double ratio = std::get<double>(classical[i].parameters[2]);
      CAPTURE(law, ratio);
      CHECK(forward[i].verdict == "tight");
      CHECK(forward[i].predicted.value == Approx(std::exp(0.5 * ratio * ratio)).epsilon(1e-12));
      if (ratio < 1.0) {
        CHECK(classical[i].measured.value ==
              Approx(1.0 / std::sqrt(1.0 - ratio * ratio)).epsilon(1e-12));
        CHECK(classical[i].measured.lower > forward[i].predicted.upper);
      } else {
        CHECK(classical[i].measured.value == infinity);
      }
    }
  }
}

TEST_CASE("round_trip's cycle is bounded by its legs' errors, and undoes those of even order",
          "[gif][order]") {
  const RunRecord record = round_trip().prepare(Scale::quick).run({});
  CHECK(record.verdict() == Verdict::holds);
  struct Order {
    const char* method;
    double of_error, of_cycle;
  };
  for (const Order& expected : {Order{"euler", 1.0, 1.0}, Order{"midpoint", 2.0, 3.0},
                                Order{"kutta3", 3.0, 3.0}, Order{"runge_kutta4", 4.0, 5.0}}) {
    CAPTURE(expected.method);
    const std::vector<Row> cycles = rows_of(record, "cycle", {expected.method});
    REQUIRE(cycles.size() == 5);
    for (const Row& row : cycles) CHECK(row.verdict == "holds");
    const auto order_of = [&](const char* quantity) {
      const std::vector<Row> rows = rows_of(record, quantity, {expected.method});
      REQUIRE(rows.size() == 1);
      return rows[0].measured.value;
    };
    CHECK(order_of("order_of_error") == Approx(expected.of_error).margin(0.2));
    CHECK(order_of("order_of_cycle") == Approx(expected.of_cycle).margin(0.2));
    // The bound is made of errors: its distance from the residual grows where these are undone.
    const auto slack = [](const Row& row) { return row.predicted.value / row.measured.value; };
    const bool undone = expected.of_cycle > expected.of_error;
    CHECK(slack(cycles.back()) > (undone ? 3.0 : 0.9) * slack(cycles.front()));
    CHECK(slack(cycles.back()) < (undone ? 1e3 : 1.5) * slack(cycles.front()));
  }
}

TEST_CASE("stability_velocity has every schedule from noise, and they weigh one error differently",
          "[gif][property]") {
  PreparedRun run = with(stability_velocity().prepare(Scale::quick), "--sizes", std::vector{0.1});
  run = with(with(run, "--nodes", 64), "--step-tolerance", 1e-8);
  const RunRecord record = run.run({});
  CHECK(record.verdict() <= Verdict::holds);
  CHECK(record.verdict() != Verdict::not_applicable);
  std::vector<double> distances;
  for (const Schedule& schedule : checked_schedules()) {
    CAPTURE(schedule.name());
    for (const char* target : {"gaussian", "two centres"}) {
      const std::vector<Row> rows = rows_of(record, "w2", {target, schedule.name()});
      CHECK(rows.size() == (schedule.starts_from_noise() ? 4 * 6 : 0));
      for (const Row& row : rows) CHECK((row.verdict.empty() || row.verdict != "violated"));
    }
    for (const Row& row : rows_of(record, "w2", {"two centres", schedule.name(), "bump"})) {
      if (row.parameters[4] == Parameter(std::string("minkowski"))) {
        distances.push_back(row.measured.value);
      }
    }
  }
  REQUIRE(distances.size() == 4);
  // Control: the exact flow's constant and the exact law together are no bound.
  int wrong = 0;
  for (const Row& row : rows_of(record, "w2", {"standard", "trigonometric"})) {
    if (row.parameters[4] != Parameter(std::string("mixed_up"))) continue;
    ++wrong;
    CHECK(row.measured.lower > 1.04 * row.predicted.upper);  // (e^K − 1)/K at K = 0.1: 1.052
  }
  CHECK(wrong == 1);
  // The exact law is one (GIF-20); what comes of one error is not.
  std::sort(distances.begin(), distances.end());
  CHECK(distances.back() > 1.2 * distances.front());
}

}  // namespace flowcheck::gif_experiments_test
