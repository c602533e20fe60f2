#include "measures/measure_file.hpp"

#include "support/estimates.hpp"

#include <filesystem>
#include <fstream>
#include <string>

namespace flowcheck {
namespace {

Gaussian parse(const std::string& text) {
  return parse_gaussian(text, "target.json");
}

// The one line a user sees.
std::string complaint(const std::string& text) {
  try {
    parse(text);
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("a Gaussian is read from JSON in its three forms", "[measures][exact]") {
  const Gaussian full =
      parse(R"({"type": "gaussian", "mean": [1, 2], "covariance": [[2, 0.5], [0.5, 1]]})");
  CHECK(full.mean()(1) == 2.0);
  CHECK(full.covariance()(0, 1) == 0.5);
  const Gaussian diagonal = parse(R"({"type": "gaussian", "mean": [1, 2], "covariance": [2, 3]})");
  CHECK(diagonal.covariance()(1, 1) == 3.0);
  CHECK(diagonal.covariance()(0, 1) == 0.0);
  const Gaussian isotropic = parse(R"({"type": "gaussian", "mean": [1, 2], "covariance": 4})");
  CHECK(isotropic.covariance()(0, 0) == 4.0);
  CHECK(parse(R"({"type": "gaussian", "mean": [1, 2], "covariance": 0})").rank() == 0);
  CHECK(parse(R"({"type": "gaussian", "mean": [1], "covariance": [[2]]})").dimension() == 1);
}

TEST_CASE("what is wrong with a measure file is said with its line", "[measures][precondition]") {
  using Catch::Contains;
  CHECK_THAT(
      complaint("{\n\"type\": \"gaussian\",\n\"mean\": [0, 0],\n\"covariance\": [[1, 2], [2, 1]]}"),
      Contains("target.json:4:") && Contains("positive semidefinite"));
  CHECK_THAT(
      complaint("{\n\"type\": \"gaussian\",\n\"mean\": [0, 0],\n\"covariance\": [[1, 2], [0, 1]]}"),
      Contains("target.json:4:") && Contains("symmetric"));
  CHECK_THAT(complaint("{\n\"type\": \"gaussian\",\n\"mean\": [0, \"x\"],\n\"covariance\": 1}"),
             Contains("target.json:3:") && Contains("numbers"));
  CHECK_THAT(complaint("{\n\"type\": \"gaussian\",\n\"mean\": [0, NaN],\n\"covariance\": 1}"),
             Contains("target.json:3:") && Contains("JSON"));
  CHECK_THAT(complaint("{\"type\": \"gaussian\", \"mean\": [0], \"covariance\": [[1, 0]]}"),
             Contains("target.json:1:") && Contains("1 numbers"));
  CHECK_THAT(complaint("{\"type\": \"gaussian\", \"mean\": [0, 0], \"covariance\": [[1, 0]]}"),
             Contains("2 rows of 2"));
  CHECK_THAT(
      complaint("{\"type\": \"gaussian\", \"mean\": [0],\n \"sigma\": 1, \"covariance\": 1}"),
      Contains("target.json:2:") && Contains("unknown key \"sigma\""));
  CHECK_THAT(
      complaint("{\"type\": \"gaussian\", \"mean\": [0],\n \"mean\": [1], \"covariance\": 1}"),
      Contains("twice"));
  CHECK_THAT(complaint("{\"type\": \"gaussian\", \"mean\": [0]}"),
             Contains("\"covariance\" is missing"));
  CHECK_THAT(complaint("{\"type\": \"levy\", \"mean\": [0], \"covariance\": 1}"),
             Contains("expected \"gaussian\""));
  CHECK_THAT(complaint("{\"type\": \"gaussian\", \"mean\": [], \"covariance\": 1}"),
             Contains("at least one number"));
  CHECK_THAT(complaint("{\"type\": \"gaussian\", \"mean\": [1e999], \"covariance\": 1}"),
             Contains("target.json:1:"));
  CHECK_THAT(complaint("[1, 2]"), Contains("JSON object"));
  CHECK_THAT(complaint(""), Contains("target.json:1:"));
  CHECK_THAT(complaint("{\n\n\"type\": \"gaussian\" \"mean\"}"), Contains("target.json:3:"));
  CHECK_THAT(complaint(std::string(100'000, '[')), Contains("target.json:1:"));
}

TEST_CASE("sizes are checked before memory is taken", "[measures][precondition]") {
  const InputLimits small{.file_bytes = 40, .dimension = 2};
  CHECK_THROWS_AS(
      parse_gaussian(R"({"type": "gaussian", "mean": [1, 2, 3], "covariance": 4})", "x", small),
      InputError);
  const std::filesystem::path path =
      std::filesystem::temp_directory_path() / "flowcheck_measure_file_test.json";
  std::ofstream(path) << R"({"type": "gaussian", "mean": [1, 2], "covariance": 4})";
  CHECK_THROWS_AS(read_gaussian(path.string(), small), InputError);
  CHECK(read_gaussian(path.string()).dimension() == 2);
  std::filesystem::remove(path);
  CHECK_THROWS_AS(read_gaussian(path.string()), InputError);
  CHECK_THROWS_AS(read_gaussian(std::filesystem::temp_directory_path().string()), InputError);
}

}  // namespace flowcheck
