#include "report/atomic_file.hpp"
#include "report/compare_results.hpp"
#include "report/sha256.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace flowcheck::compare_tables_test {

using Catch::Contains;

namespace {

namespace fs = std::filesystem;

// Two results folders with one experiment each, whose data are given.
class Pair {
 public:
  Pair() { REQUIRE(mkdtemp(path_.data()) != nullptr); }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;
  ~Pair() { fs::remove_all(path_); }

  ResultsComparison compare(const std::string& a, const std::string& b) const {
    return compare_results(folder("a", a), folder("b", b));
  }

  const std::string& path() const { return path_; }

 private:
  ResultsFolder folder(const std::string& name, const std::string& data) const {
    const std::string path = path_ + "/" + name;
    write_file(path + "/e/data.csv", data);
    write_file(path + "/e/manifest.json", manifest_json({.experiment = "e",
                                                         .version = "0.1.0",
                                                         .relative_tolerance = 1e-6,
                                                         .absolute_tolerance = 1e-9,
                                                         .files = {{"data.csv", sha256(data)}}}));
    return read_results_folder(path);
  }

  std::string path_ = (fs::temp_directory_path() / "flowcheck.XXXXXX").string();
};

}  // namespace

TEST_CASE("Tables are compared number by number within the stated tolerances", "[report][exact]") {
  const Pair pair;
  CHECK(pair.compare("n,x\n1,2\n", "n,x\n1,2\n").numbers == 2);
  CHECK(pair.compare("n,x\n1,2\n", "n,x\n1,2\n").moved.empty());
  CHECK(pair.compare("x\n1000000\n", "x\n1000000.9\n").moved.empty());  // relative 1e-6
  CHECK(pair.compare("x\n1000000\n", "x\n1000001.1\n").moved ==
        std::vector<std::string>{"e/data.csv: row 1, x: 1000000 -> 1000001.1"});
  CHECK(pair.compare("x\n0\n", "x\n9e-10\n").moved.empty());  // absolute 1e-9
  CHECK(pair.compare("x\n0\n", "x\n2e-9\n").moved.size() == 1);
  CHECK(pair.compare("x\ninf\n", "x\ninf\n").moved.empty());
  CHECK(pair.compare("x\ninf\n", "x\n-inf\n").moved.size() == 1);
  CHECK(pair.compare("x\n1e300\n", "x\ninf\n").moved.size() == 1);
  CHECK(pair.compare("x\n\"\"\n", "x\n0\n").moved.size() == 1);
  CHECK(pair.compare("x,v\n1,holds\n", "x,v\n1,violated\n").moved ==
        std::vector<std::string>{"e/data.csv: row 1, v: holds -> violated"});
}

TEST_CASE("Rows and columns that come and go are named", "[report][control]") {
  const Pair pair;
  CHECK(pair.compare("a,b\n1,2\n", "b,c\n2,3\n").moved ==
        std::vector<std::string>{"e/data.csv: column c new", "e/data.csv: column a gone"});
  CHECK(pair.compare("a\n1\n2\n", "a\n1\n").moved ==
        std::vector<std::string>{"e/data.csv: 1 rows, were 2"});
  CHECK_THROWS_WITH(pair.compare("a\n1\n", "a\n1,2\n"), Contains("data.csv:2:"));
}

TEST_CASE("Runs of other settings are not compared number by number", "[report][precondition]") {
  const auto compare = [](const Manifest& a, const Manifest& b) {
    return compare_results({.path = "old", .experiments = {a}},
                           {.path = "new", .experiments = {b}});
  };
  const Manifest run{.experiment = "e", .version = "0.1.0", .settings = {{"steps", "40"}}};
  Manifest other = run;
  other.scale = Scale::standard;
  CHECK_THROWS_WITH(compare(run, other), "not comparable: e: scale quick in old, standard in new");
  other = run;
  other.seed = 7;
  CHECK_THROWS_WITH(compare(run, other), "not comparable: e: seed 1 in old, 7 in new");
  other = run;
  other.settings = {{"steps", "20"}, {"step-size", "0.5"}};
  CHECK_THROWS_WITH(compare(run, other), "not comparable: e: steps 40 in old, 20 in new");
  CHECK_THROWS_WITH(compare(other, run), "not comparable: e: steps 20 in old, 40 in new");
}

TEST_CASE("Another version's runs are compared, also where it has a further setting",
          "[report][exact]") {
  const Pair pair;
  const std::string data = "x\n1\n";
  const auto folder = [&](const std::string& name, const Manifest& manifest) {
    const std::string path = pair.path() + "/" + name;
    write_file(path + "/e/data.csv", data);
    write_file(path + "/e/manifest.json", manifest_json(manifest));
    return read_results_folder(path);
  };
  Manifest manifest{.experiment = "e", .version = "0.1.0", .files = {{"data.csv", sha256(data)}}};
  const ResultsFolder old = folder("old", manifest);
  manifest.version = "0.2.0";
  manifest.settings = {{"step-size", "0.5"}};
  const ResultsComparison result = compare_results(old, folder("new", manifest));
  CHECK(result.moved.empty());
  CHECK(result.notes == std::vector<std::string>{"e: version 0.2.0, was 0.1.0"});
}

TEST_CASE("Data that their manifest does not vouch for are refused", "[report][precondition]") {
  const Pair pair;
  const std::string path = pair.path() + "/results";
  write_file(path + "/e/data.csv", "x\n1\n");
  const auto with = [&](std::vector<std::pair<std::string, std::string>> files) {
    write_file(path + "/e/manifest.json",
               manifest_json({.experiment = "e", .version = "0.1.0", .files = std::move(files)}));
    return read_results_folder(path);
  };
  CHECK(with({{"data.csv", sha256("x\n1\n")}}).experiments.size() == 1);
  CHECK_THROWS_WITH(with({{"data.csv", sha256("x\n2\n")}}),
                    Contains("results/e/data.csv:1: ") && Contains("manifest.json"));
  CHECK_THROWS_WITH(with({}), Contains("results/e/data.csv:1: "));
  fs::remove(path + "/e/data.csv");
  CHECK_THROWS_WITH(with({{"data.csv", sha256("x\n1\n")}}), Contains("results/e/data.csv: "));
}

TEST_CASE("A folder without results is refused", "[report][precondition]") {
  std::string path = (fs::temp_directory_path() / "flowcheck.XXXXXX").string();
  REQUIRE(mkdtemp(path.data()) != nullptr);
  CHECK_THROWS_WITH(read_results_folder(path), Contains("no results here"));
  CHECK_THROWS_WITH(read_results_folder(path + "/none"), Contains("not a folder"));
  write_file(path + "/e/manifest.json", manifest_json({.experiment = "f"}));
  CHECK_THROWS_WITH(read_results_folder(path), Contains("of experiment f, expected e"));
  fs::remove_all(path);
}

TEST_CASE("Folders are compared in what both hold where that is asked for", "[report][exact]") {
  const auto claim = [](const std::string& id, Verdict verdict) {
    ClaimResult result{.claim = Claim(), .verdict = verdict};
    result.claim.id = id;
    return result;
  };
  const auto folder = [](std::vector<ClaimResult> claims) {
    return ResultsFolder{.verdicts = VerdictFile{.claims = std::move(claims)}};
  };
  const ResultsFolder a =
      folder({claim("JKO-01", Verdict::holds), claim("JKO-02", Verdict::holds)});
  const ResultsFolder b =
      folder({claim("JKO-02", Verdict::violated), claim("X-1", Verdict::holds)});
  const auto moved = [&](const ResultsFolder& x, const ResultsFolder& y) {
    return compare_results(in_common(x, y), in_common(y, x)).moved;
  };
  CHECK(compare_results(a, b).moved.size() == 3);
  CHECK(moved(a, b) == std::vector<std::string>{"JKO-02: holds -> violated"});
  CHECK(moved(a, {}).empty());
  CHECK(in_common(a, {}).verdicts == std::nullopt);
}

}  // namespace flowcheck::compare_tables_test
