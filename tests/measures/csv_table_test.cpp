#include "measures/csv_table.hpp"

#include "measures/data_file.hpp"

#include <catch2/catch.hpp>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace flowcheck::csv_table_test {

using Catch::Matchers::Contains;

namespace {

std::string message_of(const std::string& text, const std::string& column = "") {
  try {
    const CsvTable table(text, "t.csv");
    if (!column.empty()) (void)table.numbers(column);
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("CsvTable reads columns by name", "[measures][exact]") {
  const CsvTable table("name,n,x\nfirst,1,-2.5e-3\nsecond,2,7\n", "t.csv");
  CHECK(table.rows() == 2);
  CHECK(table.names() == std::vector<std::string>{"name", "n", "x"});
  CHECK(table.has("x"));
  CHECK_FALSE(table.has("y"));
  CHECK(table.text("name") == std::vector<std::string>{"first", "second"});
  CHECK(table.integers("n") == std::vector<int>{1, 2});
  CHECK(table.numbers("x") == std::vector<double>{-2.5e-3, 7.0});
}

TEST_CASE("CsvTable accepts a last line without an end and lines that end as on Windows",
          "[measures][exact]") {
  const CsvTable table("a,b\r\n1,2\r\n3,4", "t.csv");
  CHECK(table.numbers("b") == std::vector<double>{2.0, 4.0});
}

TEST_CASE("CsvTable undoes quotes", "[measures][exact]") {
  const CsvTable table("\"a\",b\n\"1,5\",\"say \"\"x\"\"\"\n\"two\nlines\",5\" disk\n\"\",\n",
                       "t.csv");
  CHECK(table.names() == std::vector<std::string>{"a", "b"});
  CHECK(table.text("a") == std::vector<std::string>{"1,5", "two\nlines", ""});
  CHECK(table.text("b") == std::vector<std::string>{"say \"x\"", "5\" disk", ""});
}

TEST_CASE("CsvTable says in which line what is wrong", "[measures][precondition]") {
  CHECK_THAT(message_of(""), Contains("t.csv:1: expected a line of column names"));
  CHECK_THAT(message_of("a,b\n"), Contains("t.csv:2: expected a line of column names"));
  CHECK_THAT(message_of("a,b\n1,2\n3\n"), Contains("t.csv:3: 1 fields, expected 2"));
  CHECK_THAT(message_of("a,b\n1,2,3\n"), Contains("t.csv:2: 3 fields, expected 2"));
  CHECK_THAT(message_of("a,b\n1,2\n\n3,4\n"),
             Contains("t.csv:3: an empty line, expected 2 fields"));
  CHECK_THAT(message_of("a,,c\n1,2,3\n"), Contains("t.csv:1: column 2 has no name"));
  CHECK_THAT(message_of("a,a\n1,2\n"), Contains("t.csv:1: column \"a\" stands twice"));
  CHECK_THAT(message_of("a\n\"1\n\n"), Contains("t.csv:2: a quoted field is not closed"));
  CHECK_THAT(message_of("a,b\n\"x\ny\",2\n1,2,3\n"), Contains("t.csv:4: 3 fields, expected 2"));
  CHECK_THAT(message_of("a,b\n\"x\ny\",2\n1,z\n", "b"), Contains("t.csv:4: column \"b\""));
}

TEST_CASE("CsvTable refuses fields that are not the number asked for", "[measures][precondition]") {
  CHECK_THAT(message_of("a,b\n1,2\n", "c"), Contains("t.csv:1: column \"c\" is missing"));
  const std::string field = GENERATE("", "nan", "inf", "1e999", "1.5x", "+-1", "1,5");
  CAPTURE(field);
  CHECK_THAT(message_of("a\n1\n" + field + "\n", "a"), Contains("t.csv:3: "));
  CHECK(message_of("a,b\n1,2\n1,\n", "a").empty());  // only the column asked for has to be there
  const CsvTable table("n\n1.5\n", "t.csv");
  CHECK_THROWS_WITH(table.integers("n"), Contains("t.csv:2: column \"n\": expected an integer"));
}

TEST_CASE("read_csv_table refuses a file larger than the limit", "[measures][precondition]") {
  const std::string path = data_file("one_block/cheng2024_one_block_checkpoints.csv");
  CHECK(read_csv_table(path).rows() == 17);
  CHECK_THROWS_WITH(read_csv_table(path, {.file_bytes = 100}), Contains("at most 100 are read"));
  CHECK_THROWS_AS(read_csv_table(path + ".not"), InputError);
}

TEST_CASE("data_file looks where FLOWCHECK_DATA says, and nowhere else", "[measures][exact]") {
  namespace fs = std::filesystem;
  const fs::path directory =
      fs::temp_directory_path() / ("flowcheck_data_" + std::to_string(::getpid()));
  fs::create_directories(directory);
  std::ofstream(directory / "own.csv") << "a\n1\n";

  ::setenv("FLOWCHECK_DATA", directory.c_str(), 1);
  CHECK(data_file("own.csv") == (directory / "own.csv").string());
  CHECK_THROWS_WITH(data_file("ou_benchmark/ou_targets.csv"), Contains("FLOWCHECK_DATA"));
  ::unsetenv("FLOWCHECK_DATA");
  CHECK_NOTHROW(data_file("ou_benchmark/ou_targets.csv"));
  CHECK_THROWS_AS(data_file("own.csv"), InputError);
  fs::remove_all(directory);
}

TEST_CASE("a line after # with an open quote or too many fields is a remark",
          "[measures][precondition]") {
  const CsvTable table("# \"care\n1,2\n3,4\n", "x.csv", CsvHeader::detected);
  CHECK_FALSE(table.has_header());
  CHECK(table.rows() == 2);
  CHECK(table.names().size() == 2);
  // Quotes that close are a name's.
  CHECK(CsvTable("# \"a,b\",c\n1,2\n", "x.csv", CsvHeader::detected).names() ==
        std::vector<std::string>{"a,b", "c"});
  // No more names are read than fields are allowed: it is the second line that has too many.
  const auto wide = [](std::uintmax_t values) {
    return CsvTable("# a,b,c\n1,2,3\n", "x.csv", CsvHeader::detected, {.values = values});
  };
  CHECK(wide(3).has_header());
  CHECK_THROWS_WITH(wide(2), Catch::Contains("x.csv:2: more than 2 fields"));
  CHECK_THROWS_WITH(CsvTable("#,,\n", "x.csv", CsvHeader::detected, {.values = 2}),
                    Catch::Contains("x.csv:2: expected a line of column names"));
}

}  // namespace flowcheck::csv_table_test
