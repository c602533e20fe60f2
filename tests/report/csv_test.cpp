#include "report/csv.hpp"

#include "measures/csv_table.hpp"
#include "report/run_record.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <cstdlib>
#include <limits>

namespace flowcheck::csv_test {

constexpr double nan_value = std::numeric_limits<double>::quiet_NaN();

TEST_CASE("csv_field quotes what RFC 4180 asks for", "[report][exact]") {
  CHECK(csv_field("plain") == "plain");
  CHECK(csv_field("") == "");
  CHECK(csv_field("a,b") == "\"a,b\"");
  CHECK(csv_field("say \"x\"") == "\"say \"\"x\"\"\"");
  CHECK(csv_field("two\nlines") == "\"two\nlines\"");
}

TEST_CASE("csv_number keeps every bit", "[report][exact]") {
  for (const double x : {0.1, 1.0 / 3.0, -2.5e-308, 1.7976931348623157e308, 5e-324, 0.0}) {
    CHECK(std::strtod(csv_number(x).c_str(), nullptr) == x);
  }
  CHECK(csv_number(infinity) == "inf");
  CHECK(csv_number(-infinity) == "-inf");
  CHECK(csv_number(nan_value) == "nan");
}

TEST_CASE("A table survives being written and read", "[report][property]") {
  RunRecord record({"word", "n"}, 7);
  record.add({std::string("a,\"b\"\nc"), std::int64_t{3}}, "x", Estimate::closed_form(0.1, 0.01));
  record.add({std::string("d"), std::int64_t{4}}, "y",
             {.lhs = 1.0, .rhs = Estimate::converged(2.0, 0.5)}, 1e-8);
  const CsvTable table(record.csv(), "data.csv");
  using Column = std::vector<std::string>;
  CHECK(table.names() == Column{"word", "n", "quantity", "seed", "measured", "lower", "upper",
                                "predicted", "verdict", "grade"});
  CHECK(table.text("word") == Column{"a,\"b\"\nc", "d"});
  CHECK(table.text("seed") == Column{"7", "7"});
  CHECK(table.text("measured") == Column{"0.10000000000000001", "1"});
  CHECK(table.text("grade") == Column{"closed_form", "exact"});
  CHECK(table.text("predicted") == Column{"", "2"});
  CHECK(table.text("verdict") == Column{"", "holds"});
}

TEST_CASE("A record's verdict is the worst of the rows that vote", "[report][exact]") {
  const auto voted = [](double lhs, double rhs) { return Bound{.lhs = lhs, .rhs = rhs}; };
  RunRecord record({}, 1);
  CHECK(record.verdict() == Verdict::not_applicable);
  record.add({}, "x", voted(3.0, 2.0), 1e-8, false);  // below its noise floor
  CHECK(record.verdict() == Verdict::not_applicable);
  record.add({}, "x", identity(2.0, 2.0), 1e-8);
  CHECK(record.verdict() == Verdict::holds);  // tight is good news
  record.add({}, "x", voted(3.0, 2.0), 1e-8);
  CHECK(record.verdict() == Verdict::violated);

  RunRecord broken({}, 1);
  broken.add({}, "x", Estimate(nan_value));
  CHECK(broken.verdict() == Verdict::numerical_failure);  // whether it votes or not
}

TEST_CASE("A record refuses rows and columns that do not fit", "[report][precondition]") {
  CHECK_THROWS_AS(RunRecord({"step size"}), std::invalid_argument);
  CHECK_THROWS_AS(RunRecord({""}), std::invalid_argument);
  RunRecord record({"n"});
  CHECK_THROWS_AS(record.add({}, "x", 1.0), std::invalid_argument);
}

}  // namespace flowcheck::csv_test
