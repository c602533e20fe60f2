#include "report/csv.hpp"

#include "measures/measure_file.hpp"
#include "report/run_record.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <cstdlib>
#include <limits>

using namespace flowcheck;
using Catch::Contains;

constexpr double infinity = std::numeric_limits<double>::infinity();
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
  const DataTable table = parse_data_table(record.csv(), "data.csv");
  CHECK(table.columns == std::vector<std::string>{"word", "n", "quantity", "seed", "measured",
                                                  "lower", "upper", "grade", "predicted",
                                                  "verdict"});
  REQUIRE(table.rows.size() == 2);
  CHECK(table.rows[0][0] == "a,\"b\"\nc");
  CHECK(table.rows[0][3] == "7");
  CHECK(table.rows[0][4] == "0.10000000000000001");
  CHECK(table.rows[0][7] == "closed_form");
  CHECK(table.rows[0][8] == "");
  CHECK(table.rows[0][9] == "");
  CHECK(table.rows[1] ==
        std::vector<std::string>{"d", "4", "y", "7", "1", "1", "1", "exact", "2", "holds"});
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

TEST_CASE("Broken tables are refused with their line", "[report][precondition]") {
  CHECK_THROWS_WITH(parse_data_table("", "t.csv"), Contains("t.csv:1:"));
  CHECK_THROWS_WITH(parse_data_table("a,b\n1,2\n3\n", "t.csv"), Contains("t.csv:3: 1 fields"));
  CHECK_THROWS_WITH(parse_data_table("a,b\n\"x\ny\",2\n1,2,3\n", "t.csv"),
                    Contains("t.csv:4: 3 fields"));
  CHECK_THROWS_WITH(parse_data_table("a\n\"open\n", "t.csv"), Contains("t.csv:2: a quoted"));
  CHECK(parse_data_table("a,b\r\n1,2", "t.csv").rows.front() == std::vector<std::string>{"1", "2"});
}
