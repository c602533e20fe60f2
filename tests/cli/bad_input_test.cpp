#include "cli/program_call.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace flowcheck::bad_input_test {

using Catch::Contains;

namespace {

// Refused: exit code 2, one line on standard error, silence on standard output, nothing written.
void check_refused(const ScratchFolder& folder,
                   std::vector<std::string> words,
                   const std::string& phrase,
                   ProgramCall call = {}) {
  CAPTURE(words, phrase);
  const std::vector<std::string> before = folder.files();
  words.insert(words.begin(), FLOWCHECK_PROGRAM);
  call.folder = folder.path();
  const ProgramOutcome outcome = call_program(words, call);
  CHECK(outcome.exit_code == 2);
  CHECK_THAT(outcome.errors, Contains(phrase));
  CHECK(std::count(outcome.errors.begin(), outcome.errors.end(), '\n') == 1);
  CHECK(outcome.output.empty());
  CHECK(folder.files() == before);
}

constexpr const char* gaussian =
    R"({"type": "gaussian", "mean": [1, 2], "covariance": [[1, 0], [0, 1]]})";

}  // namespace

TEST_CASE("Bad usage is refused in one line", "[cli][precondition]") {
  struct Refusal {
    std::vector<std::string> words;
    std::string phrase;
  };
  const auto refusal = GENERATE(values<Refusal>({
      {{}, "expected a command"},
      {{"chekc"}, "unknown command chekc; did you mean check?"},
      {{"check", "JKO-1l"}, "unknown claim JKO-1l; did you mean JKO-1"},
      {{"check", "jko-11"}, "unknown claim jko-11; did you mean JKO-11?"},
      {{"check", "XYZ-*"}, "XYZ-*: matches no claim"},
      {{"check", "--gama", "1"}, "unknown option --gama; did you mean --gamma?"},
      {{"check", "--gamma", "0"}, "--gamma 0"},
      {{"check", "--gamma", "-1"}, "--gamma -1"},
      {{"check", "--gamma", "nan"}, "--gamma nan"},
      {{"check", "--gamma", "inf"}, "--gamma inf"},
      {{"check", "--gamma", "fast"}, "fast"},
      {{"check", "--gamma", "0.5"}, "--gamma: only with --target"},
      {{"check", "--epsilon", "-0.1"}, "--epsilon -0.1"},
      {{"check", "--epsilon", "nan"}, "--epsilon nan"},
      {{"check", "--jobs", "0"}, "--jobs 0"},
      {{"check", "--jobs", "-3"}, "--jobs -3"},
      {{"check", "--scale", "huge"}, "--scale huge: expected one of quick, standard, paper"},
      {{"check", "--min-grade", "good"}, "--min-grade good: expected one of sampled"},
      {{"check", "--seed", "one"}, "--seed"},
      {{"check", "--seed", "-1"}, "--seed"},
      {{"check", "--replay", "JKO-11"}, "expected ID:INSTANCE:SEED"},
      {{"check", "--replay", "JKO-11:translate:x"}, "expected ID:INSTANCE:SEED"},
      {{"check", "--replay", "JKO-11:tranlsate:1"}, "did you mean translate?"},
      {{"check", "--replay", "JKO-0:translate:1"}, "unknown claim JKO-0; did you mean JKO-0"},
      {{"check", "--replay", "JKO-1*:translate:1"}, "unknown claim JKO-1*; did you mean JKO-1"},
      {{"check", "--replay", "*:translate:1"}, "unknown claim *"},
      {{"check", "--target", "x.json", "--epsilon", ""}, "--epsilon: expected a number"},
      {{"check", "--replay", "JKO-11:translate:1", "JKO-11"}, "--replay"},
      {{"check", "--fresh-seed", "--seed", "3"}, "--fresh-seed"},
      {{"check", "--schedule", "1,2"},
       "--schedule: there is no schedule \"1,2\"; there are linear"},
      {{"check", "--schedule", "linear"}, "--schedule: only with --target"},
      {{"check", "GIF-*", "--target", "x.json", "--gamma", "0.5"},
       "--gamma, --epsilon: none of the claims asked for takes steps"},
      {{"check", "GIF-01", "--target", "x.json", "--epsilon", "0.1"},
       "--gamma, --epsilon: none of the claims asked for takes steps"},
      {{"check", "LFM-*", "--target", "x.json", "--reference", "q.json"},
       "--reference: none of the claims asked for is of JKO steps"},
      {{"check", "--target", ""}, "--target: expected a value, the word is empty"},
      {{"check", "--json", ""}, "--json: expected a value"},
      {{"check", "--replay", ""}, "--replay: expected a value"},
      {{"check", "--drop-missing"}, "--drop-missing: only with --target"},
      {{"run"}, "expected an experiment's name"},
      {{"run", "jko_convergense"},
       "unknown experiment jko_convergense; did you mean jko_convergence?"},
      {{"run", "jko"}, "unknown experiment jko; did you mean jko_convergence?"},
      {{"run", "foo"}, "unknown experiment foo; expected one of jko_convergence, "},
      {{"run", "jko_convergence", "--step-size", "0"}, "--step-size: expected"},
      {{"run", "jko_convergence", "--step-size", ""}, "--step-size: expected a number"},
      {{"run", "jko_convergence", "--step-size", "nan"}, "--step-size: expected"},
      {{"run", "jko_convergence", "--steps", "0"}, "--steps: expected"},
      {{"run", "jko_convergence", "--steps", "many"}, "--steps"},
      {{"run", "jko_convergence", "--errors", "0.1,-1"}, "--errors: expected"},
      {{"run", "jko_convergence", "--errors", ""}, "--errors: expected a number"},
      {{"run", "jko_convergence", "--errors", ","}, "--errors"},
      {{"run", "jko_convergence", "--errors", "nan"}, "--errors: expected numbers of 0 or more"},
      {{"run", "jko_convergence", "--errors", "0.1,inf"},
       "--errors: expected numbers of 0 or more"},
      {{"run", "jko_convergence", "--errors", "0.1,0.1"}, "--errors: expected each number once"},
      {{"run", "jko_convergence", "--start-mean", "1"}, "--start-mean: expected two numbers"},
      {{"run", "jko_convergence", "--start-mean", "1,nan"}, "--start-mean: expected two numbers"},
      {{"run", "ou_benchmark", "--particles", ""}, "--particles: expected a number"},
      {{"run", "ou_benchmark", "--particles", "100,100"},
       "--particles, --many-particles: expected"},
      {{"run", "ou_benchmark", "--particle-times", "0.5,nan"}, "--particle-times, --many"},
      {{"run", "ou_benchmark", "--step-sizes", "0.1,nan,0.01,0.001"}, "--step-sizes: expected"},
      {{"run", "one_block", "--floor-points", "50,50"},
       "--floor-points: expected each number once"},
      {{"run", "one_block", "--floor-points", "0"}, "--floor-points: expected numbers between"},
      {{"run", "jko_particles", "--points", "10"}, "--points: expected different numbers from 20"},
      {{"run", "jko_particles", "--errors", "nan"}, "--errors: expected different numbers"},
      {{"run", "gaussian_rates", "--curvatures", ""}, "--curvatures: expected a number"},
      {{"run", "gaussian_rates", "--curvatures", "nan"}, "--curvatures: expected"},
      {{"run", "w2_convergence", "--dimensions", ""}, "--dimensions: expected a number"},
      {{"run", "w2_convergence", "--dimensions", "2,2"}, "--dimensions: expected each number once"},
      {{"run", "w2_convergence", "--points", "64,128,256"}, "--points: expected at least four"},
      {{"run", "w2_convergence", "--points", "64,64,128,256"}, "--points: expected an increasing"},
      {{"run", "w2_convergence", "--repeats", "1"}, "--repeats: expected 2 to 10000"},
      {{"run", "jko_convergence", "--stpes", "4"}, "did you mean --steps?"},
      {{"run", "gaussian_rates", "--curvatures", "1,-2"}, "--curvatures: expected"},
      {{"list", "theorems"}, "list theorems: expected claims or experiments"},
      {{"list", "--paper", "jk"}, "--paper jk: no claim is of it; did you mean jko?"},
      {{"list", "--format", "xml"}, "--format xml"},
      {{"list", "experiments", "--format", "ctest"}, "--format ctest"},
      {{"show"}, "name"},
      {{"show", "JKO-111"}, "did you mean JKO-11?"},
      {{"report", "--out", "nowhere"}, "nowhere: not a folder"},
      {{"report", "--out", "."}, "no results here"},
      {{"diff", "nowhere", "."}, "nowhere: not a folder"},
      {{"diff", "."}, "B"},
      {{"distanse", "w2", "a", "b"}, "unknown command distanse; did you mean distance?"},
      {{"check", "--target", "missing.json"}, "missing.json: not a file that can be read"},
  }));
  check_refused(ScratchFolder(), refusal.words, refusal.phrase);
}

TEST_CASE("A bad measure is refused with its file and line", "[cli][precondition]") {
  struct Refusal {
    std::string content;
    std::string phrase;
  };
  const auto refusal = GENERATE(values<Refusal>({
      {"{", "start.json:1: "},
      {"[1, 2]", "start.json:1: "},
      {"{\n\"type\": \"gaussian\",\n\"mean\": [1, 2],\n\"covariance\": [[1, 2], [2, 1]]}",
       "start.json:4: "},
      {"{\n\"type\": \"gaussian\",\n\"mean\": [1, 2],\n\"covariance\": [[1, 0]]}",
       "start.json:4: "},
      {"{\n\"type\": \"gaussian\",\n\"mean\": [1, null],\n\"covariance\": 1}", "start.json:3: "},
      {"{\n\"type\": \"gaussian\",\n\"mean\": [1],\n\"covariance\": 1,\n\"covarience\": 1}",
       "start.json:5: unknown key \"covarience\""},
  }));
  const ScratchFolder folder;
  folder.write("start.json", refusal.content);
  check_refused(folder, {"check", "--target", "start.json"}, refusal.phrase);
}

TEST_CASE("A start and a reference that do not go together are refused", "[cli][precondition]") {
  const ScratchFolder folder;
  folder.write("start.json", gaussian);
  folder.write("line.json", R"({"type": "gaussian", "mean": [0], "covariance": [[1]]})");
  folder.write("flat.json",
               R"({"type": "gaussian", "mean": [0, 0], "covariance": [[1, 0], [0, 0]]})");
  check_refused(folder, {"check", "--target", "start.json", "--reference", "line.json"},
                "line.json:1: dimension 1, the start start.json has 2");
  check_refused(folder, {"check", "--target", "start.json", "--reference", "flat.json"},
                "flat.json:1: the reference needs a density");
}

TEST_CASE("Steps and errors that double does not carry are refused", "[cli][precondition]") {
  const ScratchFolder folder;
  folder.write("start.json", gaussian);
  folder.write("small.json", R"({"type": "gaussian", "mean": [0, 0], "covariance": 1e-20})");
  const auto refused = [&](const std::vector<std::string>& words, const std::string& phrase) {
    std::vector<std::string> all = {"check", "JKO-01", "--target", "start.json"};
    all.insert(all.end(), words.begin(), words.end());
    check_refused(folder, all, phrase);
  };
  refused({"--gamma", "1e300"}, "--gamma 1e+300: expected 1e-06 to 1e+04, which is");
  refused({"--gamma", "1e-300"}, "--gamma 1e-300: expected 1e-06 to 1e+04, which is");
  refused({"--gamma", "10001"}, "--gamma 10001: ");
  refused({"--epsilon", "1e9"}, "--epsilon 1000000000: expected at most 1.73e+03: ");
  // The range is the reference's.
  refused({"--reference", "small.json", "--gamma", "1e-3"},
          "--gamma 0.001: expected 1e-26 to 1e-16");
  refused({"--gamma", "1e4", "--epsilon", "2e4"}, "--epsilon 20000: expected at most 1e+03: ");

  folder.write("far.json", R"({"type": "gaussian", "mean": [1e160, 0], "covariance": 1})");
  check_refused(folder, {"check", "--target", "far.json"},
                "--target far.json: expected a start at most 1e+70 from the reference");

  // What is not points cannot be standardised.
  folder.write("wide.json", R"({"type": "gaussian_mixture", "weights": [0.5, 0.5], "means":
                                [[-1e9], [1e9]], "covariances": [1, 1]})");
  for (const char* paper : {"GIF-*", "LFM-*"}) {
    check_refused(folder, {"check", paper, "--target", "wide.json"}, "rescale it in the file");
  }

  // Within the range, but these two have no such step.
  folder.write("noise.json", R"({"type": "gaussian", "mean": [0, 0, 0], "covariance": 1})");
  folder.write("data.json", R"({"type": "gaussian", "mean": [1, -2, 0.3], "covariance":
                                [[2, 0.5, 0.1], [0.5, 1, 0.3], [0.1, 0.3, 0.7]]})");
  check_refused(folder,
                {"check", "JKO-11", "--target", "noise.json", "--reference", "data.json", "--gamma",
                 "2.2", "--epsilon", "560"},
                "--epsilon 560: expected a smaller one: no Gaussian step");
}

TEST_CASE("Steps and errors at the ends of the range get a normal verdict", "[cli][property]") {
  struct Ends {
    std::string gamma;
    std::string epsilon;
  };
  const auto ends = GENERATE(values<Ends>(
      {{"1e-6", "0.1"}, {"1e4", "0.1"}, {"0.5", "1.7e3"}, {"1e-6", "9.9e5"}, {"1e4", "1e3"}}));
  CAPTURE(ends.gamma, ends.epsilon);
  const ScratchFolder folder;
  folder.write("start.json", gaussian);
  const ProgramOutcome outcome =
      call_program({FLOWCHECK_PROGRAM, "check", "JKO-0*", "JKO-1*", "JKO-2*", "--target",
                    folder / "start.json", "--gamma", ends.gamma, "--epsilon", ends.epsilon});
  CHECK(outcome.exit_code == 0);
}

TEST_CASE("Results that cannot be written are refused before the work", "[cli][precondition]") {
  const ScratchFolder folder;
  folder.write("file", "in the way");
  const auto words = GENERATE(values<std::vector<std::string>>({
      {"check", "JKO-11", "--out", "file"},
      {"check", "JKO-11", "--out", "file/results"},
      {"check", "JKO-11", "--out", ""},
      {"check", "JKO-11", "--json", "file/verdicts.json"},
      {"check", "JKO-11", "--junit", "file/junit.xml"},
      {"check", "JKO-11", "--json", "."},
      {"check", "JKO-11", "--json", "missing/verdicts.json"},
      {"check", "JKO-11", "--junit", "missing/junit.xml"},
      {"run", "gaussian_rates", "--out", "file"},
      {"run", "gaussian_rates", "--out", "file/results"},
      {"check", "JKO-11", "--out", "/proc/self/results"},
  }));
  check_refused(folder, words, "cannot be written");
}

TEST_CASE("A full disk leaves nothing behind", "[cli][precondition]") {
  const ScratchFolder folder;
  // The probe of 4096 bytes fits, verdicts.json and data.csv do not.
  check_refused(folder, {"check", "JKO-11", "--quiet"},
                "verdicts.json: cannot be written: File too large", {.largest_file = 5000});
  check_refused(folder, {"run", "gaussian_rates", "--quiet"}, "cannot be written: File too large",
                {.largest_file = 5000});
  check_refused(folder, {"check", "JKO-11", "--quiet"},
                "results: cannot be written: File too large", {.largest_file = 100});
  check_refused(folder, {"check", "JKO-11", "--quiet", "--json", "/dev/full"},
                "/dev/full: cannot be written: No space left on device");
  check_refused(folder, {"list"}, "standard output: cannot be written: No space left on device",
                {.standard_output = "/dev/full"});
}

TEST_CASE("What was there before stays when the disk is full", "[cli][precondition]") {
  const ScratchFolder folder;
  REQUIRE(call_program({FLOWCHECK_PROGRAM, "check", "JKO-11", "--quiet"}, {.folder = folder.path()})
              .exit_code == 0);
  const std::string before = read_file(folder / "results/verdicts.json");
  check_refused(folder, {"check", "JKO-11", "--quiet", "--seed", "2"}, "File too large",
                {.largest_file = 5000});
  CHECK(read_file(folder / "results/verdicts.json") == before);
}

TEST_CASE("A record that is not one is not overwritten", "[cli][precondition]") {
  const ScratchFolder folder;
  folder.write("results/verdicts.json", "{\"schema\": \"someone's\"}\n");
  check_refused(folder, {"check", "JKO-11", "--quiet"},
                "verdicts.json:1: expected \"schema\": \"flowcheck.verdicts/1\"");
}

TEST_CASE("Results of other settings, or that were changed, are not compared",
          "[cli][precondition]") {
  const ScratchFolder folder;
  const auto run = [&folder](std::vector<std::string> words) {
    words.insert(words.begin(), FLOWCHECK_PROGRAM);
    REQUIRE(call_program(words, {.folder = folder.path()}).exit_code == 0);
  };
  run({"check", "JKO-11", "--out", "a"});
  run({"check", "JKO-11", "--out", "b", "--scale", "standard"});
  check_refused(folder, {"diff", "a", "b"},
                "not comparable: verdicts.json: scale quick in a, standard in b");
  run({"run", "gaussian_rates", "--step-sizes", "3", "--out", "c"});
  run({"run", "gaussian_rates", "--step-sizes", "4", "--out", "d"});
  check_refused(folder, {"diff", "c", "d"},
                "not comparable: gaussian_rates: step-sizes 3 in c, 4 in d");

  std::string data = read_file(folder / "c/gaussian_rates/data.csv");
  data.replace(data.find("0.99"), 4, "0.98");
  folder.write("c/gaussian_rates/data.csv", data);
  check_refused(folder, {"diff", "c", "c"}, "c/gaussian_rates/data.csv:1: not what its manifest");
  check_refused(folder, {"report", "--out", "c"}, "c/gaussian_rates/data.csv:1: not what its");
}

TEST_CASE("A missing gnuplot is said before the work", "[cli][precondition]") {
  const ScratchFolder folder;
  check_refused(folder, {"run", "gaussian_rates"}, "gnuplot: not found",
                {.environment = {"PATH=/nonexistent"}});
}

}  // namespace flowcheck::bad_input_test
