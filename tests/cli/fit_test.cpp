#include "cli/program_call.hpp"
#include "measures/npy.hpp"
#include "numerics/rng.hpp"

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

namespace flowcheck::fit_test {

using Catch::Contains;
using nlohmann::json;

namespace {

const std::vector<std::string> small_network = {
    "--hidden",      "16,16", "--iterations",        "100", "--batch",         "64",
    "--frequencies", "4",     "--highest-frequency", "1",   "--learning-rate", "0.003"};

constexpr int once = 3;  // a row that is not trained on

// Two hills, correlated columns, a constant one, and a label.
class Data : public ScratchFolder {
 public:
  Data() {
    std::string text = "x,y,unit,label\n";
    Rng rng(1);
    for (int i = 0; i < 400; ++i) {
      const double side = i % 2 == 0 ? -3.0 : 3.0;
      const double x = side + rng.normal();
      text += fmt::format("{},{},7,{}\n", x, 100.0 + 0.3 * x + rng.normal(), i % 2);
    }
    write("hills.csv", text);
    write("holes.csv", "x,y\n1,2\n,3\n4,5\n");
    write("few.csv", "x,y\n1,2\n2,3\n4,5\n0,1\n");
    write("weights.json", R"({"type": "points", "file": "hills.csv", "columns": ["x"],
                              "weights": "y"})");
    write("xy.json", R"({"type": "points", "file": "hills.csv", "columns": ["x", "y"]})");
    write("yx.json", R"({"type": "points", "file": "hills.csv", "columns": ["y", "x"]})");
    write("standardised.json", R"({"type": "points", "file": "hills.csv", "columns": ["x", "y"],
                                   "standardise": true})");
    write("one.csv", "x,y\n1,100\n");
    write("far.csv", "x,y\n1,100\n1e300,100\n");
    write("gaussian.json", R"({"type": "gaussian", "mean": [1, 2], "covariance": [4, 1]})");
    std::string line = "x,y,z\n";
    for (int i = 0; i < 100; ++i) line += fmt::format("{0},{1},{2}\n", i, i * i, 3 * i + 2 * i * i);
    write("plane.csv", line);
    std::string rare = "x,y,flag,once\n";
    for (int i = 0; i < 400; ++i) {
      rare += fmt::format("{},{},{:d},{:d}\n", rng.normal(), rng.normal(), i % 80 == 0, i == once);
    }
    write("rare.csv", rare);
    std::string huge = "x,y\n";
    for (int i = 0; i < 100; ++i) huge += fmt::format("{}e300,{}\n", i, i * i);
    write("huge.csv", huge);
    write("blank.csv", "x,y\n\n");
    std::string units = "x,y\n";
    for (int i = 0; i < 100; ++i)
      units += fmt::format("{},{}\n", 1e-5 * rng.normal(), 1e5 * rng.normal());
    write("units.csv", units);
    std::string twice = "x,y\n";
    for (int i = 0; i < 100; ++i) {
      const std::string row = fmt::format("{},{}\n", rng.normal(), i % 2);
      twice += row + row;
    }
    write("twice.csv", twice);
  }

  ProgramOutcome call(std::vector<std::string> words, const ProgramCall& how = {}) const {
    words.insert(words.begin(), FLOWCHECK_PROGRAM);
    ProgramCall here = how;
    here.folder = path();
    return call_program(words, here);
  }

  json fit(std::vector<std::string> words, const std::string& out) const {
    words.insert(words.begin(), "fit");
    words.insert(words.end(), small_network.begin(), small_network.end());
    words.insert(words.end(), {"--quiet", "--out", out});
    const ProgramOutcome outcome = call(words);
    CAPTURE(words, outcome.errors);
    REQUIRE(outcome.exit_code == 0);
    return json::parse(read_file(*this / out + "/fit.json"));
  }
};

}  // namespace

TEST_CASE("fit writes a model whose sample and density agree with its record", "[cli][property]") {
  const Data data;
  const json record = data.fit({"hills.csv", "--columns", "x,y"}, "a");
  CHECK(record["schema"] == "flowcheck.fit/2");
  CHECK(record["data"]["test"] == 40);
  CHECK(record["data"]["train"] == 320);
  CHECK(record["entropy_gap"].is_null());
  CHECK(record["blocks"].size() == 1);
  CHECK(record["test_nll"]["budget"]["discretisation"] >= 0.0);
  CHECK(record["mmd"]["biased"]["value"] >= 0.0);
  const double difference = record["nll_difference"]["value"];
  CHECK(difference == Approx(record["test_nll"]["value"].get<double>() -
                             record["gaussian_nll"]["value"].get<double>()));

  const ProgramOutcome density =
      data.call({"logpdf", "a", "a/test.npy", "--quiet", "--json", "density.json"});
  REQUIRE(density.exit_code == 0);
  CHECK(density.output.starts_with("log_density\n"));
  CHECK(std::count(density.output.begin(), density.output.end(), '\n') == 41);
  const json nll = json::parse(read_file(data / "density.json"))["nll"];
  CHECK(nll["value"].get<double>() ==
        Approx(record["test_nll"]["value"].get<double>()).epsilon(1e-12));
  // By its columns' names, in a file with others.
  CHECK(data.call({"logpdf", "a/model", "hills.csv", "--quiet"}).exit_code == 0);

  const ProgramOutcome sample = data.call({"sample", "a", "-n", "50"});
  REQUIRE(sample.exit_code == 0);
  CHECK(sample.output.starts_with("x,y\n"));
  data.write("sample.csv", sample.output);
  const ProgramOutcome own = data.call({"logpdf", "a", "sample.csv"});
  CHECK(own.exit_code == 0);
  CHECK_THAT(own.errors, Contains("nll "));
  CHECK(data.call({"sample", "a", "-n", "50"}).output == sample.output);
  CHECK(data.call({"sample", "a", "-n", "50", "--seed", "2"}).output != sample.output);
  CHECK(data.call({"sample", "a", "-n", "50", "--out", "b"}).exit_code == 0);
  CHECK(parse_npy(read_file(data / "b/samples.npy"), "samples").cols() == 50);
}

TEST_CASE("logpdf reads what was fitted, and refuses other columns and weights",
          "[cli][precondition]") {
  const Data data;
  data.fit({"xy.json"}, "a");
  const ProgramOutcome own = data.call({"logpdf", "a", "xy.json", "--quiet"});
  CAPTURE(own.errors);
  CHECK(own.exit_code == 0);
  CHECK(own.output == data.call({"logpdf", "a", "hills.csv", "--quiet"}).output);
  const auto refused = [&](const char* file, const char* phrase) {
    const ProgramOutcome outcome = data.call({"logpdf", "a", file});
    CHECK(outcome.exit_code == 2);
    CHECK(outcome.output.empty());
    CHECK_THAT(outcome.errors, Contains(phrase));
  };
  refused("yx.json", "columns \"y\", \"x\", the model has \"x\", \"y\"");
  refused("weights.json", "the rows have weights");
  refused("standardised.json", "not in the model's units");
}

TEST_CASE("logpdf's record says why there is no mean", "[cli][property]") {
  const Data data;
  data.fit({"xy.json"}, "a");
  const auto record = [&](const char* file) {
    const ProgramOutcome outcome = data.call({"logpdf", "a", file, "--json", "density.json"});
    CAPTURE(outcome.errors);
    CHECK(outcome.exit_code == 0);
    return json::parse(read_file(data / "density.json"));
  };
  const json one = record("one.csv");
  CHECK(one["nll"].is_null());
  CHECK(one["not_evaluated"] == "an interval takes two rows");
  const json far = record("far.csv");
  CHECK(far["nll"].is_null());
  CHECK(far["not_evaluated"] == "1 of 2 rows have a density of 0 in double precision");
}

TEST_CASE("a second fit leaves nothing of the first, nor half of one that fails",
          "[cli][property]") {
  const Data data;
  data.fit({"xy.json", "--method", "lfm", "--blocks", "3"}, "a");
  data.fit({"xy.json"}, "a");
  CHECK(std::filesystem::exists(data / "a/model/block_1"));
  CHECK_FALSE(std::filesystem::exists(data / "a/model/block_2"));
  CHECK_FALSE(std::filesystem::exists(data / "a/model/block_3"));
  std::vector<std::string> words = {"fit", "xy.json", "--out", "a"};
  words.insert(words.end(), small_network.begin(), small_network.end());
  std::filesystem::remove(data / "a/samples.npy");
  std::filesystem::create_directory(data / "a/samples.npy");
  CHECK(data.call(words).exit_code != 0);
  CHECK_FALSE(std::filesystem::exists(data / "a/fit.json"));
}

TEST_CASE("fit gives the same bytes again, and on one thread", "[cli][property]") {
  const Data data;
  const auto method = GENERATE("lfm", "jko");
  const std::vector<std::string> words = {
      "hills.csv", "--columns", "x,y", "--method", method, "--blocks", "2", "--patience", "2"};
  data.fit(words, "a");
  std::vector<std::string> one = words;
  one.insert(one.end(), {"--jobs", "1"});
  data.fit(one, "b");
  for (const char* file :
       {"fit.json", "samples.npy", "model/model.json", "model/block_2/parameters.npy"}) {
    CAPTURE(file);
    CHECK(read_file(data / "a/" + file) == read_file(data / "b/" + file));
  }
}

TEST_CASE("fit of a law knows how far the model is from it", "[cli][property]") {
  const Data data;
  const json gaussian = data.fit({"gaussian.json", "--draws", "2000"}, "a");
  // The model starts from the Gaussian itself, which is the law.
  CHECK(gaussian["entropy"]["value"].get<double>() ==
        Approx(1.0 + std::log(2.0 * 3.14159265358979 * 2.0)).epsilon(0.05));
  CHECK(std::abs(gaussian["entropy_gap"]["value"].get<double>()) < 0.1);
  const json toy = data.fit({"toy:moons", "--draws", "1000"}, "b");
  CHECK(toy["entropy_gap"]["value"] > 0.0);
  CHECK(toy["guarantees"][0]["claim"] == "LFM-13");
  CHECK(toy["guarantees"][0]["bound"]["value"].get<double>() ==
        Approx(std::sqrt(toy["entropy_gap"]["value"].get<double>() / 2.0)));
}

TEST_CASE("a sample whose columns have numbers for names is read back without a point more",
          "[cli][property]") {
  const Data data;
  data.fit({"gaussian.json", "--draws", "2000"}, "a");
  data.write("sample.csv", data.call({"sample", "a", "-n", "3"}).output);
  const std::string densities = data.call({"logpdf", "a", "sample.csv"}).output;
  CHECK(std::ranges::count(densities, '\n') == 1 + 3);  // a title and the rows
}

TEST_CASE("rows that repeat and columns of few values are told to spoil the likelihood",
          "[cli][control]") {
  const Data data;
  const auto warnings = [&](const char* file, const char* columns) {
    return data.fit({file, "--columns", columns, "--split", "0.1,0.2"}, "a")["data"]["warnings"]
        .dump();
  };
  CHECK_THAT(warnings("twice.csv", "x,y"),
             Contains(" of 40 test rows stand in the training rows too"));
  CHECK_THAT(warnings("twice.csv", "x,y"), Contains("few values") && Contains("\\\"y\\\""));
  CHECK_THAT(warnings("hills.csv", "x,y"), !Contains("test rows stand") && !Contains("few values"));
}

TEST_CASE("fit leaves constant columns out where it is asked to", "[cli][property]") {
  const Data data;
  const json record = data.fit({"hills.csv", "--columns", "x,unit,y", "--drop-constant"}, "a");
  CHECK(record["data"]["columns"] == json({"x", "y"}));
  CHECK_THAT(record["data"]["notes"][0].get<std::string>(), Contains("unit"));
}

TEST_CASE("a flag that few rows have is fitted, and the record says what it leaves unmeasured",
          "[cli][control]") {
  const Data data;
  const json record = data.fit(
      {"rare.csv", "--columns", "x,y,flag", "--method", "jko", "--blocks", "1", "--patience", "1"},
      "a");
  const json& block = record["blocks"][0];
  CHECK(block["squared_first_order_error"].is_null());
  CHECK_THAT(block["first_order_error_not_measured"].get<std::string>(), Contains("hyperplane"));
  CHECK_FALSE(std::filesystem::exists(data / "a/unfinished"));
}

TEST_CASE("what cannot be fitted is refused in one line, and nothing is written",
          "[cli][precondition]") {
  struct Refusal {
    std::vector<std::string> words;
    std::string phrase;
  };
  const auto refusal = GENERATE(values<Refusal>({
      {{"fit"}, "DATA"},
      {{"fit", "nowhere.csv"}, "nowhere.csv"},
      {{"fit", "hills.csv", "--columns", "x,unit"}, "constant, and no density has it: \"unit\""},
      {{"fit", "hills.csv", "--columns", "x,z"}, "no column \"z\""},
      {{"fit", "holes.csv"}, "is missing; mend the row, or ask for --drop-missing"},
      {{"fit", "few.csv"}, "4 rows in dimension 2 are too few"},
      {{"fit", "plane.csv"}, "plane.csv:1: column \"z\" is an affine combination of the others"},
      {{"fit", "plane.csv", "--scaling", "standardise"}, "is an affine combination of the others"},
      {{"fit", "plane.csv", "--scaling", "none"}, "is an affine combination of the others"},
      {{"fit", "rare.csv", "--columns", "x,once"}, "\"once\" is constant in the training rows"},
      {{"fit", "rare.csv", "--columns", "x,once", "--scaling", "none"},
       "rare.csv:1: column \"once\" is constant in the training rows"},
      {{"fit", "units.csv"}, "units.csv:1: column \"x\" varies ten million times less"},
      {{"fit", "weights.json"}, "the rows have weights"},
      {{"fit", "standardised.json"}, "fit with --scaling standardise"},
      {{"fit", "gaussian.json", "--drop-missing"}, "gaussian.json holds no rows"},
      {{"fit", "toy:moon"}, "toy:moon: "},
      {{"fit", "toy:moons", "--columns", "1"}, "toy:moons holds no rows"},
      {{"fit", "hills.csv", "--method", "gan"}, "--method gan: expected one of fm, lfm, jko"},
      {{"fit", "hills.csv", "--scaling", "log"},
       "--scaling log: expected one of none, standardise"},
      {{"fit", "hills.csv", "--split", "0.5"}, "--split 0.5: expected two"},
      {{"fit", "hills.csv", "--split", "0.9,0.2"}, "--split 0.9,0.2: expected two"},
      {{"fit", "hills.csv", "--split", "0,0"}, "--split 0,0: expected two"},
      {{"fit", "huge.csv"}, "huge.csv:1: values above 1e+150"},
      {{"fit", "blank.csv"}, "blank.csv:2: an empty line, expected 2 fields"},
      {{"fit", "hills.csv", "--iterations", "0"}, "--iterations 0"},
      {{"fit", "hills.csv", "--batch", "0"}, "--batch 0"},
      {{"fit", "hills.csv", "--hidden", "0"}, "--hidden 0"},
      {{"fit", "hills.csv", "--learning-rate", "-1"}, "--learning-rate -1"},
      {{"fit", "hills.csv", "--learning-rate", "nan"}, "--learning-rate nan"},
      {{"fit", "hills.csv", "--blocks", "3"}, "--blocks 3: fm has one block"},
      {{"fit", "hills.csv", "--step-ratio", "2"}, "--step-ratio: fm has one block"},
      {{"fit", "hills.csv", "--method", "jko", "--step-size", "0"}, "--step-size 0"},
      {{"fit", "hills.csv", "--standardise"}, "unknown option --standardise"},
      {{"sample", "nowhere", "-n", "5"}, "nowhere"},
      {{"sample", "nowhere", "-n", "0"}, "-n 0"},
      {{"logpdf", "nowhere", "hills.csv"}, "nowhere"},
  }));
  const Data data;
  const std::vector<std::string> before = data.files();
  CAPTURE(refusal.words);
  const ProgramOutcome outcome = data.call(refusal.words);
  CHECK(outcome.exit_code == 2);
  CHECK_THAT(outcome.errors, Contains(refusal.phrase));
  CHECK(outcome.output.empty());
  CHECK(data.files() == before);
}

namespace {

// A fit that lasts long enough to be interrupted.
std::vector<std::string> long_fit(const std::string& method, const std::string& out) {
  std::vector<std::string> words = {"fit",
                                    "toy:moons",
                                    "--draws",
                                    "20000",
                                    "--method",
                                    method,
                                    "--hidden",
                                    "32,32",
                                    "--out",
                                    out,
                                    "--frequencies",
                                    "4",
                                    "--highest-frequency",
                                    "1"};
  if (method == "fm") {
    words.insert(words.end(), {"--iterations", "2000"});
  } else {
    words.insert(words.end(), {"--iterations", method == "jko" ? "60" : "1000", "--blocks", "2"});
  }
  return words;
}

void check_same_fit(const Data& data, const std::string& a, const std::string& b, bool two_blocks) {
  std::vector<std::string> files = {"fit.json", "samples.npy", "test.npy", "model/model.json",
                                    "model/block_1/parameters.npy"};
  if (two_blocks) files.push_back("model/block_2/parameters.npy");
  for (const std::string& file : files) {
    CAPTURE(file);
    CHECK(std::filesystem::exists(data / a + "/" + file));
    CHECK(read_file(data / a + "/" + file) == read_file(data / b + "/" + file));
  }
}

}  // namespace

TEST_CASE("a fit that is killed and called again ends with the bytes of one without a break",
          "[cli][exact]") {
  struct Break {
    std::string method;
    int signal;
    std::string after;
  };
  // Of the second call, 40% are half of the training, the last fifth is the evaluation.
  const auto how = GENERATE(values<Break>({{"fm", SIGKILL, "fit  4"},
                                           {"lfm", SIGKILL, "fit  6"},
                                           {"jko", SIGTERM, "fit  3"},
                                           {"fm", SIGINT, "fit  8"}}));
  CAPTURE(how.method, how.signal, how.after);
  const Data data;
  REQUIRE(data.call(long_fit(how.method, "a")).exit_code == 0);
  const ProgramOutcome broken =
      data.call(long_fit(how.method, "b"), {.signal = how.signal, .interrupt_after = how.after});
  CAPTURE(broken.errors);
  CHECK(broken.exit_code == (how.signal == SIGKILL ? 128 + SIGKILL : 130));
  CHECK(std::filesystem::exists(data / "b/unfinished/state.json"));
  CHECK_FALSE(std::filesystem::exists(data / "b/fit.json"));
  const ProgramOutcome rest = data.call(long_fit(how.method, "b"));
  CAPTURE(rest.errors);
  CHECK(rest.exit_code == 0);
  CHECK_THAT(rest.errors, Contains("b/unfinished: goes on"));
  check_same_fit(data, "a", "b", how.method != "fm");
  CHECK_FALSE(std::filesystem::exists(data / "b/unfinished"));
  CHECK_FALSE(std::filesystem::exists(data / "a/unfinished"));
}

TEST_CASE("a fit's training ends with its time, and is told and recorded so", "[cli][property]") {
  const Data data;
  std::vector<std::string> words = {"fit",          "toy:moons", "--draws",      "1000",
                                    "--out",        "a",         "--time-limit", "0.2",
                                    "--iterations", "10000000",  "--hidden",     "8"};
  const ProgramOutcome outcome = data.call(words);
  CAPTURE(outcome.errors);
  CHECK(outcome.exit_code == 0);
  CHECK_THAT(outcome.errors, Contains("the time for training ended 1 of 1 blocks early"));
  const json record = json::parse(read_file(data / "a/fit.json"));
  CHECK(record["settings"]["time_limit"] == 0.2);
  CHECK(record["blocks"][0]["out_of_time"] == true);
  CHECK(record["blocks"][0]["iterations"].get<int>() < 10'000'000);
  for (const char* limit : {"0", "-1", "nan"}) {
    words[7] = limit;
    const ProgramOutcome refused = data.call(words);
    CHECK(refused.exit_code == 2);
    CHECK_THAT(refused.errors, Contains(std::string("--time-limit ") + limit));
  }
}

TEST_CASE("a fit interrupted in its evaluation keeps the trained model", "[cli][property]") {
  const Data data;
  const ProgramOutcome broken =
      data.call(long_fit("lfm", "a"), {.signal = SIGINT, .interrupt_after = "fit  9"});
  CAPTURE(broken.errors);
  CHECK(broken.exit_code == 130);
  CHECK_THAT(broken.errors, Contains("the same command goes on from a/unfinished"));
  const json state = json::parse(read_file(data / "a/unfinished/state.json"));
  CHECK(state["trained"] == 2);
  const ProgramOutcome rest = data.call(long_fit("lfm", "a"));
  CHECK(rest.exit_code == 0);
  CHECK_THAT(rest.errors, Contains("goes on (blocks trained: 2)"));
  // Its first news is of the evaluation: nothing is trained again.
  CHECK_THAT(rest.errors, !Contains("fit  1") && !Contains("fit  7"));
}

TEST_CASE("an unfinished fit is not taken for another, unless it is to be dropped",
          "[cli][precondition]") {
  const Data data;
  const auto interrupted = [&] {
    const ProgramOutcome outcome =
        data.call(long_fit("fm", "a"), {.signal = SIGKILL, .interrupt_after = "fit  2"});
    REQUIRE(outcome.exit_code == 128 + SIGKILL);
  };
  interrupted();
  const std::vector<std::string> before = data.files();
  const auto refused = [&](std::vector<std::string> words, const std::string& phrase) {
    const ProgramOutcome outcome = data.call(words);
    CAPTURE(words, outcome.errors);
    CHECK(outcome.exit_code == 2);
    CHECK(outcome.output.empty());
    CHECK_THAT(outcome.errors, Contains("a/unfinished/fit.json:1: ") && Contains(phrase));
    CHECK(data.files() == before);
  };
  std::vector<std::string> words = long_fit("fm", "a");
  words.insert(words.end(), {"--batch", "64"});
  refused(words, "batch 512, here 64");
  refused({"fit", "hills.csv", "--columns", "x,y", "--out", "a"}, "here");
  words = long_fit("fm", "a");
  words[1] = "toy:circles";
  refused(words, "the data");
  words.push_back("--restart");
  CHECK(data.call(words).exit_code == 0);
  CHECK_FALSE(std::filesystem::exists(data / "a/unfinished"));
  CHECK(json::parse(read_file(data / "a/fit.json"))["data"]["file"] == "toy:circles");

  interrupted();
  data.write("a/unfinished/state.json", "{}");
  const ProgramOutcome damaged = data.call(long_fit("fm", "a"));
  CHECK(damaged.exit_code == 2);
  CHECK_THAT(damaged.errors, Contains("state.json:1: ") && Contains("--restart drops it"));
  std::filesystem::remove(data / "a/unfinished/fit.json");
  const ProgramOutcome nameless = data.call(long_fit("fm", "a"));
  CHECK(nameless.exit_code == 2);
  CHECK_THAT(nameless.errors, Contains("a/unfinished/fit.json") && Contains("--restart drops it"));
}

TEST_CASE("an unfinished fit's state that its settings cannot have come to is named",
          "[cli][precondition]") {
  const Data data;
  const ProgramOutcome broken =
      data.call(long_fit("fm", "a"), {.signal = SIGTERM, .interrupt_after = "fit  4"});
  REQUIRE(broken.exit_code == 130);
  json state = json::parse(read_file(data / "a/unfinished/state.json"));
  state["blocks"][0]["best_validation"] = "nan";
  data.write("a/unfinished/state.json", state.dump());
  const ProgramOutcome outcome = data.call(long_fit("fm", "a"));
  CAPTURE(outcome.errors);
  CHECK(outcome.exit_code == 2);
  CHECK_THAT(outcome.errors,
             Contains("a/unfinished/state.json:1: ") && Contains("--restart drops it"));
}

TEST_CASE("an unfinished fit leaves an earlier one's results alone", "[cli][property]") {
  const Data data;
  data.fit({"xy.json"}, "a");
  const std::string before = read_file(data / "a/fit.json");
  CHECK(
      data.call(long_fit("fm", "a"), {.signal = SIGTERM, .interrupt_after = "fit  2"}).exit_code ==
      130);
  CHECK(read_file(data / "a/fit.json") == before);
  CHECK(data.call({"logpdf", "a", "xy.json", "--quiet"}).exit_code == 0);
}

TEST_CASE("a fit into a folder where another one is at work is refused", "[cli][precondition]") {
  const Data data;
  std::filesystem::create_directories(data / "a");
  const int other = open((data / "a").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  REQUIRE(flock(other, LOCK_EX | LOCK_NB) == 0);
  const ProgramOutcome refused = data.call(long_fit("fm", "a"));
  CHECK(refused.exit_code == 2);
  CHECK_THAT(refused.errors, Contains("a: another run is at work there"));
  CHECK(std::filesystem::is_empty(data / "a"));
  close(other);
}

TEST_CASE("a fit of other settings says that it takes an earlier one's place", "[cli][property]") {
  const Data data;
  data.fit({"xy.json"}, "a");
  const auto errors = [&](const std::string& patience) {
    std::vector<std::string> words = {"fit", "xy.json", "--out", "a"};
    words.insert(words.end(), small_network.begin(), small_network.end());
    words.insert(words.end(), {"--patience", patience});
    return data.call(words).errors;
  };
  CHECK_THAT(errors("8"), !Contains("replaced"));
  CHECK_THAT(errors("7"), Contains("a/fit.json: an earlier fit will be replaced (patience 8, here "
                                   "7)"));
}

TEST_CASE("a model that is worse than the Gaussian is told", "[cli][control]") {
  const Data data;
  // Two rows to validate, for which some of what is learned of few is good by chance.
  const ProgramOutcome worse =
      data.call({"fit", "gaussian.json", "--draws", "2000", "--split", "0.001,0.9", "--iterations",
                 "400", "--learning-rate", "0.01", "--patience", "1000", "--hidden", "32",
                 "--frequencies", "64", "--quiet", "--out", "a"});
  CAPTURE(worse.errors);
  const json difference = json::parse(read_file(data / "a/fit.json"))["nll_difference"];
  REQUIRE(difference["lower"] > 0.0);
  CHECK_THAT(worse.errors, Contains("the model is worse than the fitted Gaussian"));
  const ProgramOutcome better =
      data.call({"fit", "xy.json", "--hidden", "16", "--quiet", "--out", "b"});
  CHECK(json::parse(read_file(data / "b/fit.json"))["nll_difference"]["lower"] <= 0.0);
  CHECK_THAT(better.errors, !Contains("worse than"));
}

TEST_CASE("a training that improves nothing is told", "[cli][control]") {
  const Data data;
  const auto call = [&](const std::string& rate) {
    return data.call({"fit", "xy.json", "--iterations", "50", "--hidden", "8", "--learning-rate",
                      rate, "--quiet", "--out", "a"});
  };
  CHECK_THAT(call("1000").errors, Contains("training improved nothing in 1 of 1 blocks; try a "
                                           "smaller --learning-rate"));
  CHECK_THAT(call("0.01").errors, !Contains("improved nothing"));
}

TEST_CASE("a training that leaves the finite numbers keeps what was best", "[cli][control]") {
  const Data data;
  const ProgramOutcome outcome =
      data.call({"fit", "xy.json", "--blocks", "1", "--iterations", "50", "--hidden", "8",
                 "--learning-rate", "1e300", "--quiet", "--out", "a"});
  CAPTURE(outcome.errors);
  CHECK(outcome.exit_code == 0);
  CHECK_THAT(outcome.errors, Contains("the training of 1 of 1 blocks left the finite numbers"));
  CHECK_FALSE(std::filesystem::exists(data / "a/unfinished"));
  const json block = json::parse(read_file(data / "a/fit.json"))["blocks"][0];
  CHECK(block["not_finite"] == true);
  CHECK(block["best_iteration"] == 0);
}

TEST_CASE("a training that learns its rows alone is told so, and not to go on", "[cli][control]") {
  const Data data;
  // The law is the Gaussian that training starts from.
  const ProgramOutcome outcome =
      data.call({"fit", "gaussian.json", "--draws", "400", "--split", "0.4,0.1", "--hidden",
                 "64,64", "--frequencies", "64", "--iterations", "400", "--learning-rate", "0.01",
                 "--quiet", "--out", "a"});
  CAPTURE(outcome.errors);
  CHECK_THAT(outcome.errors, Contains("the training rows alone were learned; give more rows") &&
                                 !Contains("--learning-rate"));
}

TEST_CASE("the record says by what a fit's parameters were chosen", "[cli][property]") {
  const Data data;
  const json few = data.fit({"hills.csv", "--columns", "x,y"}, "a");
  CHECK(few["settings"]["validation_criterion"] == "nll");
  CHECK(few["blocks"][0].contains("best_validation_nll"));
  CHECK_FALSE(few["blocks"][0].contains("best_validation_loss"));
  CHECK_FALSE(few["settings"].contains("validation_draws"));
  const json many = data.fit({"toy:moons", "--draws", "20000"}, "b");
  CHECK(many["settings"]["validation_criterion"] == "loss");
  CHECK(many["settings"]["validation_draws"] == 4096);
  CHECK(many["blocks"][0].contains("best_validation_loss"));
  const json each_once = data.fit(
      {"toy:moons", "--draws", "20000", "--method", "jko", "--blocks", "1", "--patience", "1"},
      "c");
  CHECK(each_once["settings"]["validation_draws"] == each_once["data"]["validation"]);
  CHECK_FALSE(many["blocks"][0].contains("best_validation_nll"));
}

}  // namespace flowcheck::fit_test
