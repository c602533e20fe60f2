#include "cli/program_call.hpp"
#include "measures/csv_table.hpp"
#include "report/sha256.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <cmath>
#include <future>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace flowcheck::driver_test {

using Catch::Contains;
using Catch::StartsWith;
using nlohmann::json;

namespace {

ProgramOutcome call(const ScratchFolder& folder, std::vector<std::string> words) {
  words.insert(words.begin(), FLOWCHECK_PROGRAM);
  words.push_back("--quiet");
  return call_program(words, {.folder = folder.path()});
}

json verdicts(const ScratchFolder& folder, const std::string& file = "results/verdicts.json") {
  return json::parse(read_file(folder / file));
}

std::map<std::string, std::string> contents(const ScratchFolder& folder) {
  std::map<std::string, std::string> result;
  for (const std::string& file : folder.files()) {
    if (!Catch::EndsWith("runinfo.json").match(file)) result[file] = read_file(folder / file);
  }
  return result;
}

}  // namespace

TEST_CASE("verdicts.json and --json follow the schema", "[cli][exact]") {
  const ScratchFolder folder;
  const ProgramOutcome outcome =
      call(folder, {"check", "JKO-11", "--json", "-", "--junit", "j.xml"});
  REQUIRE(outcome.exit_code == 0);
  CHECK(outcome.output == read_file(folder / "results/verdicts.json"));
  CHECK_THAT(outcome.errors, Contains("JKO-11") && Contains("1 holds"));  // the table
  CHECK_THAT(read_file(folder / "j.xml"),
             Contains("<testcase classname=\"JKO\" name=\"JKO-11\"/>"));

  const json file = json::parse(outcome.output);
  CHECK(file["schema"] == "flowcheck.verdicts/1");
  CHECK(file["run"]["seed"] == 1);
  CHECK(file["run"]["scale"] == "quick");
  CHECK(file["run"]["version"].is_string());
  const json& claim = file["claims"].at(0);
  CHECK(claim["id"] == "JKO-11");
  CHECK(claim["provenance"] == "derived");
  CHECK(claim["verdict"] == "holds");
  CHECK(claim["grade"] == "converged");
  CHECK(claim["file"] == "proofs-check/jko/jko_11_w2_contraction.cpp");
  CHECK(claim["hypotheses"].size() == 2);
  for (const json& check : claim["checks"]) {
    CAPTURE(check);
    CHECK((check["kind"] == "random" || check["kind"] == "tight"));
    if (check["verdict"] == "not_applicable") {
      CHECK(check["reason"] == "λ > 0");
      CHECK(check["lhs"].is_null());
      CHECK(check["replay"] == "");
      continue;
    }
    for (const char* side : {"lhs", "rhs"}) {
      CHECK(check[side]["lower"] <= check[side]["value"]);
      CHECK(check[side]["value"] <= check[side]["upper"]);
      CHECK(check[side]["grade"].is_string());
    }
    CHECK_THAT(check["replay"].get<std::string>(), StartsWith("JKO-11:"));
  }
  REQUIRE(claim["controls"].size() == 2);
  for (const json& control : claim["controls"]) {
    CHECK(control["name"].is_string());
    CHECK(control["verdict"] == "violated");
  }
}

TEST_CASE("check keeps the other claims of the same run and starts afresh after another",
          "[cli][exact]") {
  const ScratchFolder folder;
  const auto check = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {FAILING_PROGRAM, "check"});
    return call_program(words, {.folder = folder.path()});
  };
  const auto ids = [&] {
    std::vector<std::string> result;
    const json file = verdicts(folder);
    for (const json& claim : file["claims"]) result.push_back(claim["id"]);
    return result;
  };
  CHECK(check({"BAD-05", "BAD-01"}).exit_code == 0);
  CHECK(ids() == std::vector<std::string>{"BAD-01", "BAD-05"});
  CHECK(check({"BAD-02"}).exit_code == 1);  // of this call; the record holds all three
  CHECK(check({"BAD-01"}).exit_code == 0);
  CHECK(ids() == std::vector<std::string>{"BAD-01", "BAD-02", "BAD-05"});
  const ProgramOutcome other_seed = check({"BAD-01", "--seed", "2"});
  CHECK_THAT(other_seed.errors, Contains("starts afresh"));
  CHECK(ids() == std::vector<std::string>{"BAD-01"});
}

TEST_CASE("A target's or a replay's verdicts do not touch the record", "[cli][exact]") {
  const ScratchFolder folder;
  folder.write("start.json",
               R"({"type": "gaussian", "mean": [1, 2], "covariance": [[2, 0.5], [0.5, 1]]})");
  REQUIRE(call(folder, {"check", "JKO-11"}).exit_code == 0);
  const std::string before = read_file(folder / "results/verdicts.json");

  const ProgramOutcome target = call(
      folder, {"check", "JKO-11", "--target", "start.json", "--gamma", "0.3", "--epsilon", "0.05"});
  CHECK(target.exit_code == 0);
  CHECK_THAT(target.output, Contains("JKO-11   holds"));
  CHECK(call(folder, {"check", "--replay", "JKO-11:translate:7"}).exit_code == 0);
  CHECK(read_file(folder / "results/verdicts.json") == before);

  CHECK(call(folder, {"check", "JKO-11", "--target", "start.json", "--out", "mine"}).exit_code ==
        0);
  const json mine = verdicts(folder, "mine/verdicts.json");
  CHECK(mine["run"]["target"] == "start.json");
  CHECK(mine["run"]["gamma"] == 0.5);
  CHECK(mine["claims"][0]["checks"][0]["kind"] == "target");
}

TEST_CASE("A bound out of proportion is told, and flows are not told of an ε they do not have",
          "[cli][exact]") {
  const ScratchFolder folder;
  folder.write("far.json", R"({"type": "gaussian_mixture", "weights": [0.25, 0.25, 0.25, 0.25],
                               "means": [[50, 0], [0, 50], [-50, 0], [0, -50]],
                               "covariances": [0.25, 0.25, 0.25, 0.25]})");
  const ProgramOutcome far =
      call(folder, {"check", "GIF-15", "GIF-24", "--target", "far.json", "--out", "mine"});
  REQUIRE(far.exit_code == 0);
  CHECK_THAT(far.output, !Contains("no ε"));
  // From t = 0 to 0.3 of the linear schedule √S e^{(R²/2σ²)(1 − a²/S)} = 1.54e95, S = 0.5125 and
  // R²/2σ² = 5000, beside a map that stretches by 2.9; rates of the velocity are of their bounds'
  // size.
  CHECK_THAT(far.output, Contains("GIF-24: holds, vacuously: the bound is 5e+94 times the value"));
  CHECK_THAT(far.output, !Contains("GIF-15: holds, vacuously"));
  const json file = verdicts(folder, "mine/verdicts.json");
  REQUIRE(file["claims"].size() == 2);
  const json& rates = file["claims"][0];
  REQUIRE(rates["id"] == "GIF-15");
  for (const json& check : rates["checks"]) CHECK_FALSE(check.contains("vacuous"));
  const json& map = file["claims"][1];
  REQUIRE(map["id"] == "GIF-24");
  REQUIRE(map["checks"].size() == 1);
  CHECK(map["checks"][0]["vacuous"] == true);
  CHECK(map["checks"][0]["rhs"]["value"].get<double>() == Approx(1.54e95).epsilon(0.01));
  folder.write("near.json", R"({"type": "gaussian_mixture", "weights": [0.5, 0.5],
                                "means": [[-1], [1]], "covariances": [1, 1]})");
  CHECK_THAT(call(folder, {"check", "GIF-24", "--target", "near.json"}).output,
             !Contains("vacuously"));
}

TEST_CASE("A curvature that a target does not have is told from one that is not known",
          "[cli][exact]") {
  const ScratchFolder folder;
  // In the plane no component is the widest, which proves that κ = −∞; in space nothing is proved.
  folder.write("plane.json", R"({"type": "gaussian_mixture", "weights": [0.5, 0.5],
                                 "means": [[-0.5, 0], [0.5, 0.2]],
                                 "covariances": [[[1, 0], [0, 0.25]], [[0.25, 0], [0, 1]]]})");
  folder.write("space.json", R"({"type": "gaussian_mixture", "weights": [0.5, 0.5],
                                 "means": [[0, 0, 0], [0, 0, 0]],
                                 "covariances": [[[3, 0, 0], [0, 1, 0], [0, 0, 1]],
                                                 [[1, 0, 0], [0, 2, 0], [0, 0, 1]]]})");
  folder.write("points.csv", "x\n0\n1\n");
  const auto constants = [&](const std::string& target, const std::string& line) {
    const ProgramOutcome outcome = call_program(
        {FLOWCHECK_PROGRAM, "check", "GIF-01", "--target", target, "--out", target + ".out"},
        {.folder = folder.path()});
    CAPTURE(target);
    CHECK_THAT(outcome.errors, Contains(line));
    return verdicts(folder, target + ".out/verdicts.json")["target_constants"];
  };
  const json none = constants("plane.json", "κ = −∞, β ≤ 4");
  CHECK(none["kappa"]["lower"] == "-inf");
  CHECK(none["kappa"]["upper"] == "-inf");
  const json unknown = constants("space.json", "κ not known, at most 0.5, β ≤ 1");
  CHECK(unknown["kappa"]["lower"] == "-inf");
  CHECK(unknown["kappa"]["upper"].get<double>() == Approx(0.5));
  const json points = constants("points.csv", "κ = −∞, β = ∞, D ≤ 0.5");
  CHECK(points["beta"]["lower"] == "inf");
}

TEST_CASE("Another measure under the same name starts the record afresh", "[cli][exact]") {
  const ScratchFolder folder;
  const auto check = [&](const std::string& id, const std::string& target) {
    folder.write("start.json", target);
    REQUIRE(call(folder, {"check", id, "--target", "start.json", "--out", "mine"}).exit_code == 0);
    return verdicts(folder, "mine/verdicts.json");
  };
  const std::string first = R"({"type": "gaussian", "mean": [1, 2], "covariance": 1})";
  const std::string second = R"({"type": "gaussian", "mean": [1, 3], "covariance": 1})";
  CHECK(check("JKO-10", first)["run"]["target_sha256"] == sha256(first));
  CHECK(check("JKO-11", first)["claims"].size() == 2);
  CHECK(check("JKO-11", second)["claims"].size() == 1);

  folder.write("q.json", first);
  REQUIRE(call(folder, {"check", "JKO-11", "--target", "start.json", "--reference", "q.json",
                        "--out", "mine"})
              .exit_code == 0);
  CHECK(verdicts(folder, "mine/verdicts.json")["run"]["reference_sha256"] == sha256(first));
}

TEST_CASE("A target's points are treated as asked, and what was done is told and recorded",
          "[cli][exact]") {
  const ScratchFolder folder;
  folder.write("x.csv", "a,b\n0.1,0\n-0.7,NA\n1.3,1\n0.4,2\n");
  const std::vector<std::string> words = {
      FLOWCHECK_PROGRAM, "check", "GIF-08", "--target",   "x.csv", "--columns", "a,b",
      "--drop-missing",  "--out", "mine",   "--schedule", "linear"};
  const ProgramOutcome outcome = call_program(words, {.folder = folder.path()});
  CHECK(outcome.exit_code == 0);
  CHECK_THAT(outcome.errors, Contains("x.csv: points, 3 in dimension 2"));
  CHECK_THAT(outcome.errors, Contains("1 of 4 rows dropped"));
  CHECK_THAT(outcome.errors, Contains("D ≤ 1.01119"));  // half the distance of (.1, 0) and (.4, 2)
  CHECK(verdicts(folder, "mine/verdicts.json")["run"]["treatment"] ==
        "--columns a,b --drop-missing");
  const json constants = verdicts(folder, "mine/verdicts.json")["target_constants"];
  CHECK(constants["half_diameter"]["value"].get<double>() ==
        Approx(0.5 * std::hypot(0.3, 2.0)).epsilon(1e-12));
  CHECK(constants["half_diameter"]["grade"] == "certified");
  CHECK(constants["kappa"]["upper"] == "-inf");  // points have none
  CHECK_THAT(call(folder, {"show", "GIF-08", "--out", "mine"}).output, Contains("target x.csv"));
}

TEST_CASE("Runs that write into one folder at once lose no claim", "[cli][property]") {
  const std::vector<std::string> ids = {"BAD-01", "BAD-02", "BAD-04", "BAD-05"};
  for (int round = 0; round < 8; ++round) {
    const ScratchFolder folder;
    std::vector<std::future<ProgramOutcome>> runs;
    for (const std::string& id : ids) {
      runs.push_back(std::async(std::launch::async, [&folder, id] {
        return call_program({FAILING_PROGRAM, "check", id, "--jobs", "1", "--quiet"},
                            {.folder = folder.path()});
      }));
    }
    for (auto& run : runs) {
      const ProgramOutcome outcome = run.get();
      CAPTURE(outcome.errors);
      CHECK(outcome.exit_code <= 1);
    }
    std::set<std::string> kept;
    const json file = verdicts(folder);
    for (const json& claim : file["claims"]) kept.insert(claim["id"]);
    CHECK(kept == std::set<std::string>(ids.begin(), ids.end()));
    CHECK(folder.files() == std::vector<std::string>{"results/verdicts.json"});
  }
}

TEST_CASE("A fresh seed is recorded, so that it can be used again", "[cli][exact]") {
  const ScratchFolder folder;
  REQUIRE(call(folder, {"check", "JKO-11", "--fresh-seed", "--out", "a"}).exit_code == 0);
  const std::string seed = verdicts(folder, "a/verdicts.json")["run"]["seed"].dump();
  REQUIRE(call(folder, {"check", "JKO-11", "--seed", seed, "--out", "b"}).exit_code == 0);
  CHECK(read_file(folder / "a/verdicts.json") == read_file(folder / "b/verdicts.json"));
  REQUIRE(call(folder, {"check", "JKO-11", "--fresh-seed", "--out", "c"}).exit_code == 0);
  CHECK(read_file(folder / "a/verdicts.json") != read_file(folder / "c/verdicts.json"));
}

TEST_CASE("The number of threads does not change a byte", "[cli][property]") {
  const ScratchFolder one;
  const ScratchFolder two;
  for (const auto& words : {std::vector<std::string>{"check", "JKO-1*"},
                            std::vector<std::string>{"run", "jko_convergence", "gaussian_rates"},
                            std::vector<std::string>{"report"}}) {
    for (const auto& [folder, jobs] : {std::pair{&one, "1"}, std::pair{&two, "2"}}) {
      std::vector<std::string> with_jobs = words;
      with_jobs.insert(with_jobs.end(), {"--jobs", jobs});
      REQUIRE(call(*folder, with_jobs).exit_code == 0);
    }
  }
  CHECK(one.files().size() == 14);
  CHECK(contents(one) == contents(two));
  const ProgramOutcome diff =
      call_program({FLOWCHECK_PROGRAM, "diff", one / "results", two / "results"});
  CHECK(diff.exit_code == 0);
  CHECK_THAT(diff.output, Contains(" 0 differences"));
}

TEST_CASE("diff finds what moved", "[cli][control]") {
  const ScratchFolder folder;
  REQUIRE(call(folder, {"run", "gaussian_rates", "--step-sizes", "3"}).exit_code == 0);
  REQUIRE(call(folder, {"check", "JKO-11"}).exit_code == 0);
  for (const std::string& file : folder.files()) {
    folder.write("other/" + file.substr(std::string("results/").size()), read_file(folder / file));
  }
  CHECK(call(folder, {"diff", "results", "other"}).exit_code == 0);

  std::string data = read_file(folder / "other/gaussian_rates/data.csv");
  const std::size_t number = data.find("0.99009900990099");
  REQUIRE(number != std::string::npos);
  data.replace(number, 6, "0.9902");
  folder.write("other/gaussian_rates/data.csv", data);
  json manifest = json::parse(read_file(folder / "other/gaussian_rates/manifest.json"));
  manifest["sha256"]["data.csv"] = sha256(data);
  folder.write("other/gaussian_rates/manifest.json", manifest.dump());
  std::string words = read_file(folder / "other/verdicts.json");
  const std::size_t verdict = words.find("\"verdict\": \"holds\"");
  REQUIRE(verdict != std::string::npos);
  words.replace(verdict, 18, "\"verdict\": \"violated\"");
  folder.write("other/verdicts.json", words);

  const ProgramOutcome diff = call(folder, {"diff", "results", "other"});
  CHECK(diff.exit_code == 1);
  CHECK_THAT(diff.output, Contains("gaussian_rates/data.csv: row ") && Contains("-> 0.9902"));
  CHECK_THAT(diff.output, Contains("JKO-11: holds -> violated"));
}

TEST_CASE("list and show say what there is", "[cli][exact]") {
  const ScratchFolder folder;
  CHECK_THAT(call(folder, {"list"}).output, Contains("JKO-11") && Contains("jko_convergence"));
  CHECK_THAT(call(folder, {"list", "claims"}).output, !Contains("jko_convergence"));
  CHECK_THAT(call(folder, {"list", "experiments"}).output, !Contains("JKO-11"));
  const json list =
      json::parse(call(folder, {"list", "--paper", "JKO", "--format", "json"}).output);
  CHECK(list["claims"].size() >= 1);
  for (const json& claim : list["claims"]) CHECK(claim["paper"] == "jko");

  const std::string before = call(folder, {"show", "JKO-11"}).output;
  CHECK_THAT(before, Contains("W") && Contains("λ > 0") && Contains("translate"));
  CHECK_THAT(before, Contains("last verdict none in results"));
  CHECK_THAT(before, Contains("proofs-check/jko/jko_11_w2_contraction.cpp"));
  REQUIRE(call(folder, {"check", "JKO-11"}).exit_code == 0);
  CHECK_THAT(call(folder, {"show", "JKO-11"}).output, Contains("last verdict holds (converged"));
  CHECK_THAT(call(folder, {"show", "gaussian_rates"}).output, Contains("--curvatures [1.0,2.5]"));
}

TEST_CASE("Every claim has one ctest entry with its labels", "[cli][exact]") {
  const ScratchFolder folder;
  const std::string tests =
      call(folder, {"list", "claims", "--format", "ctest", "--out", "o"}).output;
  CHECK_THAT(tests, Contains("add_test(\"JKO-11\" \"" FLOWCHECK_PROGRAM "\" \"check\" \"JKO-11\""));
  CHECK_THAT(tests, Contains("set_tests_properties(\"JKO-11\" PROPERTIES LABELS "
                             "\"claim;jko;converged;cheap\""));
  CHECK_THAT(tests, Contains("\"" + folder.path() + "/o/JKO-11\""));
}

TEST_CASE("Help and version are answers, not errors", "[cli][exact]") {
  const ScratchFolder folder;
  const auto version = call(folder, {"--version"});
  CHECK(version.exit_code == 0);
  CHECK_THAT(version.output, StartsWith("flowcheck 0."));
  for (const auto& words : {std::vector<std::string>{"--help"},
                            {"check", "--help"},
                            {"run", "--help"},
                            {"run", "gaussian_rates", "--help"},
                            {"diff", "--help"}}) {
    const auto help = call(folder, words);
    CHECK(help.exit_code == 0);
    CHECK(help.errors.empty());
    CHECK_THAT(help.output, Contains("--help"));
  }
  CHECK_THAT(call(folder, {"check", "--help"}).output, Contains("--replay"));
  CHECK_THAT(call(folder, {"run", "gaussian_rates", "--help"}).output, Contains("--curvatures"));
  CHECK(folder.files().empty());
}

TEST_CASE("There is no help of what is not there", "[cli][precondition]") {
  const ScratchFolder folder;
  const auto experiment = call(folder, {"run", "gaussian_rate", "--help"});
  CHECK(experiment.exit_code == 2);
  CHECK(experiment.output.empty());
  CHECK_THAT(experiment.errors,
             Contains("unknown experiment gaussian_rate; did you mean gaussian_rates?"));
  const auto command = call(folder, {"chekc", "--help"});
  CHECK(command.exit_code == 2);
  CHECK_THAT(command.errors, Contains("unknown command chekc; did you mean check?"));
  CHECK(call(folder, {"check", "JKO-11", "--help", "--no-such-flag"}).exit_code == 2);
}

TEST_CASE("proofs-check and an experiment's program are the driver", "[cli][property]") {
  const ScratchFolder folder;
  const auto quiet = [&](std::vector<std::string> words) {
    words.push_back("--quiet");
    return call_program(words, {.folder = folder.path()});
  };
  CHECK(quiet({PROOFS_CHECK_PROGRAM, "JKO-11", "--out", "a"}).exit_code == 0);
  CHECK(quiet({FLOWCHECK_PROGRAM, "check", "JKO-11", "--out", "b"}).exit_code == 0);
  CHECK(read_file(folder / "a/verdicts.json") == read_file(folder / "b/verdicts.json"));
  CHECK_THAT(quiet({PROOFS_CHECK_PROGRAM, "--version"}).output, StartsWith("flowcheck "));

  CHECK(quiet({EXPERIMENT_PROGRAM, "--step-sizes", "4", "--out", "a"}).exit_code == 0);
  CHECK(quiet({FLOWCHECK_PROGRAM, "run", "gaussian_rates", "--step-sizes", "4", "--out", "b"})
            .exit_code == 0);
  CHECK(read_file(folder / "a/gaussian_rates/data.csv") ==
        read_file(folder / "b/gaussian_rates/data.csv"));
  CHECK(read_file(folder / "a/gaussian_rates/manifest.json") ==
        read_file(folder / "b/gaussian_rates/manifest.json"));
}

TEST_CASE("A manifest's command repeats its run", "[cli][property]") {
  const ScratchFolder folder;
  REQUIRE(call(folder, {"run", "gaussian_rates", "--step-sizes", "3", "--curvatures", "1,3",
                        "--seed", "5", "--scale", "standard"})
              .exit_code == 0);
  const std::string command =
      json::parse(read_file(folder / "results/gaussian_rates/manifest.json"))["command"];
  CHECK(
      command ==
      "flowcheck run gaussian_rates --scale standard --seed 5 --curvatures 1.0,3.0 --step-sizes 3");
  const std::string before = read_file(folder / "results/gaussian_rates/data.csv");
  REQUIRE(call(folder, {"run", "gaussian_rates", "--scale", "standard", "--seed", "5",
                        "--curvatures", "1.0,3.0", "--step-sizes", "3"})
              .exit_code == 0);
  CHECK(read_file(folder / "results/gaussian_rates/data.csv") == before);
}

TEST_CASE("jko_convergence draws chains without errors alone", "[cli][exact]") {
  const ScratchFolder folder;
  const std::string errors = GENERATE("0", "0.1");
  CHECK(
      call(folder, {"run", "jko_convergence", "--errors", errors, "--hit-errors", "2"}).exit_code ==
      0);
  CHECK_THAT(read_file(folder / "results/jko_convergence/figure.svg"),
             Contains("ε = " + errors + "<"));
}

TEST_CASE("jko_convergence follows chains as far as their start asks for", "[cli][control]") {
  struct Expectation {
    std::vector<std::string> options;
    bool reached;
  };
  const auto expected = GENERATE(values<Expectation>({
      {{"--start-mean", "1000,1000"}, true},
      {{"--start-mean", "0,0", "--step-size", "100"}, true},
      {{"--start-mean", "1e6,0", "--step-size", "0.0001"}, false},  // 10,000 steps are not enough
  }));
  CAPTURE(expected.options);
  const ScratchFolder folder;
  std::vector<std::string> words = {"run", "jko_convergence", "--errors",
                                    "0.1", "--hit-errors",    "2"};
  words.insert(words.end(), expected.options.begin(), expected.options.end());
  CHECK(call(folder, words).exit_code == 0);
  const std::string file = folder / "results/jko_convergence/data.csv";
  const CsvTable table = read_csv_table(file);
  for (std::size_t row = 0; row < table.rows(); ++row) {
    if (table.text("quantity")[row] != "first_hit") continue;
    CAPTURE(row + 2);
    const bool is_sharp = table.text("against")[row] == "sharp";
    const std::string& verdict = table.text("verdict")[row];
    if (expected.reached) {
      CHECK((verdict == "holds" || verdict == "tight"));
      CHECK(table.text("upper")[row] != "inf");
    } else if (is_sharp) {
      CHECK(verdict.empty());
      CHECK(table.text("lower")[row] == "10001");
      CHECK(table.text("upper")[row] == "inf");
    }
  }
}

TEST_CASE("ou_benchmark's sampled rows do not vote", "[cli][exact]") {
  const ScratchFolder folder;
  REQUIRE(call(folder, {"run", "ou_benchmark", "--particles", "1000", "--particle-times", "0.5",
                        "--step-sizes", "0.1,0.05,0.025,0.0125"})
              .exit_code == 0);
  const CsvTable table = read_csv_table(folder / "results/ou_benchmark/data.csv");
  int sampled = 0;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    if (table.text("grade")[row] != "statistical") continue;
    ++sampled;
    CHECK(table.text("verdict")[row].empty());
  }
  CHECK(sampled > 100);
}

TEST_CASE("Progress is a line for each claim where there is no terminal", "[cli][exact]") {
  const ScratchFolder folder;
  const auto loud = call_program({FLOWCHECK_PROGRAM, "check", "JKO-11"}, {.folder = folder.path()});
  CHECK(loud.errors == "check 100% JKO-11 holds\n");
  CHECK(call(folder, {"check", "JKO-11"}).errors.empty());
}

TEST_CASE("The report page is made from the folder alone", "[cli][exact]") {
  const ScratchFolder folder;
  REQUIRE(call(folder, {"check", "JKO-11"}).exit_code == 0);
  REQUIRE(call(folder, {"run", "gaussian_rates", "--step-sizes", "3"}).exit_code == 0);
  const auto report = call(folder, {"report"});
  CHECK(report.exit_code == 0);
  CHECK(report.output == "results/index.html\n");
  const std::string page = read_file(folder / "results/index.html");
  CHECK_THAT(page, Contains("<html lang=\"en\">") && Contains("id=\"JKO-11\""));
  CHECK_THAT(page, Contains("src=\"gaussian_rates/figure.svg\"") && Contains("alt=\"Figure of"));
  CHECK_THAT(page, Contains("flowcheck run gaussian_rates --scale quick --seed 1 --step-sizes 3"));
  CHECK_THAT(page, !Contains("<script") && !Contains("http:") && !Contains("https:"));
}

}  // namespace flowcheck::driver_test
