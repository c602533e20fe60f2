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
      for (const char* quantity : {"largest", "minus_least"}) {
        const std::vector<Row> rows = rows_of(record, quantity, {law, schedule.name()});
        REQUIRE(rows.size() == times);
        for (const Row& row : rows) CHECK((row.verdict == "tight" || row.verdict == "holds"));
        if (law == std::string("gaussian") || quantity == std::string("largest")) continue;
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

}  // namespace flowcheck::gif_experiments_test
