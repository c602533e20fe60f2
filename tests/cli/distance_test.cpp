#include "cli/program_call.hpp"
#include "distance_table.hpp"
#include "measures/npy.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <string>
#include <utility>
#include <vector>

namespace flowcheck::distance_test {

using Catch::Contains;
using Catch::EndsWith;
using nlohmann::json;

namespace {

// The measures that the calls below name.
class Measures : public ScratchFolder {
 public:
  Measures() {
    write("standard.json", R"({"type": "gaussian", "mean": [0, 0], "covariance": 1})");
    write("shifted.json", R"({"type": "gaussian", "mean": [3, 4], "covariance": 1})");
    write("wide.json", R"({"type": "gaussian", "mean": [0, 0], "covariance": [4, 1]})");
    write("flat.json", R"({"type": "gaussian", "mean": [0, 0], "covariance": [1, 0]})");
    write("turned.json", R"({"type": "gaussian", "mean": [0, 0],
                             "covariance": [[0.01, 0.07], [0.07, 0.49]]})");
    write("longer.json", R"({"type": "gaussian", "mean": [0, 0],
                             "covariance": [[0.03, 0.21], [0.21, 1.47]]})");
    write("line.json", R"({"type": "gaussian", "mean": [0], "covariance": 1})");
    write("line1.json", R"({"type": "gaussian", "mean": [1], "covariance": 1})");
    write("mixture.json", R"({"type": "gaussian_mixture", "weights": [0.5, 0.5],
                              "means": [[0, 0], [1, 1]], "covariances": [1, 1]})");
    write("a.csv", "name,x,y\nfirst,0,0\nsecond,1,0\nthird,0,2\n");
    write("b.csv", "x,y\n1,0\n0,2\n0,1\n");
    write("more.csv", "x,y\n1,0\n0,2\n0,1\n5,5\n");
    write("one.csv", "x,y\n1,0\n");
    write("holes.csv", "x,y\n1,0\nNA,3\n0,2\n0,1\n");
    write("c.npy", npy_bytes((Matrix(2, 3) << 1, 0, 0, 0, 2, 1).finished()));
  }

  ProgramOutcome distance(std::vector<std::string> words) const {
    words.insert(words.begin(), {FLOWCHECK_PROGRAM, "distance"});
    return call_program(words, {.folder = path()});
  }

  json result(std::vector<std::string> words) const {
    words.insert(words.end(), {"--json", "-", "--quiet"});
    const ProgramOutcome outcome = distance(words);
    CAPTURE(words, outcome.errors);
    REQUIRE(outcome.exit_code == 0);
    return json::parse(outcome.output);
  }

  // The value, which its enclosure holds.
  double value(const std::vector<std::string>& words) const {
    const json found = result(words);
    CHECK(found["lower"] <= found["value"]);
    CHECK(found["value"] <= found["upper"]);
    return found["value"];
  }
};

}  // namespace

TEST_CASE("distance knows each kind between Gaussians", "[cli][reference]") {
  const Measures measures;
  const auto value = [&](const char* kind, const char* a, const char* b) {
    return Approx(measures.value({kind, a, b})).epsilon(1e-14);
  };
  CHECK(5.0 == value("w2", "standard.json", "shifted.json"));
  CHECK(1.0 == value("w2", "standard.json", "wide.json"));
  CHECK(12.5 == value("kl", "standard.json", "shifted.json"));
  CHECK(0.5 * (0.25 - 1.0 + std::log(4.0)) == value("kl", "standard.json", "wide.json"));
  CHECK(0.5 * (4.0 - 1.0 - std::log(4.0)) == value("kl", "wide.json", "standard.json"));
  CHECK(std::expm1(25.0) == value("chi2", "standard.json", "shifted.json"));
  CHECK(std::erf(1.0 / std::sqrt(8.0)) == value("tv", "line.json", "line1.json"));
  CHECK(std::sqrt(-std::expm1(-25.0 / 8.0)) == value("hellinger", "standard.json", "shifted.json"));
  CHECK(measures.result({"chi2", "wide.json", "standard.json"})["value"] == "inf");
  CHECK(measures.result({"kl", "flat.json", "standard.json"})["value"] == "inf");
}

TEST_CASE("distance knows the divergences of measures that live apart", "[cli][exact]") {
  const Measures measures;
  measures.write("flat3.json", R"({"type": "gaussian", "mean": [3, 0], "covariance": [1, 0]})");
  for (const auto& [a, b] : {std::pair{"standard.json", "flat.json"},
                             {"flat.json", "standard.json"},
                             {"b.csv", "standard.json"},
                             {"mixture.json", "b.csv"},
                             {"b.csv", "one.csv"}}) {
    CAPTURE(a, b);
    CHECK(measures.result({"kl", a, b})["lower"] == "inf");
    CHECK(measures.result({"chi2", a, b})["lower"] == "inf");
    if (std::string(b) == "one.csv") continue;  // a point in common
    CHECK(measures.result({"tv", a, b})["lower"] == 1.0);
    CHECK(measures.value({"hellinger", a, b}) == 1.0);
  }
  CHECK(measures.value({"kl", "flat.json", "flat3.json"}) == Approx(4.5).epsilon(1e-14));
  CHECK(measures.value({"tv", "b.csv", "one.csv"}) == Approx(2.0 / 3.0).epsilon(1e-14));
  CHECK(measures.value({"kl", "one.csv", "b.csv"}) == Approx(std::log(3.0)).epsilon(1e-14));
}

TEST_CASE("distance takes mixtures, and a Gaussian for a mixture of one", "[cli][reference]") {
  const Measures measures;
  measures.write("one.json", R"({"type": "gaussian_mixture", "weights": [1], "means": [[3, 4]],
                                 "covariances": [1]})");
  measures.write("two.json", R"({"type": "gaussian_mixture", "weights": [0.5, 0.5],
                                 "means": [[-1], [1]], "covariances": [1, 1]})");
  const auto near = [](double value, double epsilon) { return Approx(value).epsilon(epsilon); };
  CHECK(measures.value({"kl", "standard.json", "one.json"}) == near(12.5, 1e-9));
  CHECK(measures.value({"chi2", "one.json", "standard.json"}) == near(std::expm1(25.0), 1e-9));
  // χ² of ½N(−1, 1) + ½N(1, 1) from N(0, 1) is (e + e⁻¹)/2 − 1.
  CHECK(measures.value({"chi2", "two.json", "line.json"}) == near(std::cosh(1.0) - 1.0, 1e-12));
  CHECK(measures.value({"w2", "line.json", "line1.json"}) == near(1.0, 1e-14));
  // The quantile functions' distance of the mean ±1 and of N(0, 1) is at least |√2 − 1|.
  CHECK(measures.value({"w2", "two.json", "line.json"}) > std::sqrt(2.0) - 1.0);
  const double tv = measures.value({"tv", "standard.json", "shifted.json"});
  CHECK(tv == near(std::erf(2.5 / std::sqrt(2.0)), 1e-6));
}

TEST_CASE("distance takes a mixture of one component for the Gaussian it is", "[cli][exact]") {
  const Measures measures;
  measures.write("one.json", R"({"type": "gaussian_mixture", "weights": [0, 1],
                                 "means": [[7, 7], [3, 4]], "covariances": [1, 1]})");
  for (const char* kind : {"w2", "sliced", "kl", "chi2", "hellinger"}) {
    CAPTURE(kind);
    json mixture = measures.result({kind, "one.json", "wide.json"});
    json gaussian = measures.result({kind, "shifted.json", "wide.json"});
    CHECK(mixture["first"]["type"] == "gaussian_mixture");
    mixture.erase("first");
    gaussian.erase("first");
    CHECK(mixture == gaussian);
  }
  CHECK(measures.value({"w2", "one.json", "one.json"}) == 0.0);
  // With mass in two it is none.
  CHECK(measures.distance({"w2", "mixture.json", "one.json"}).exit_code == 77);
}

TEST_CASE("distance takes the weights of points", "[cli][exact]") {
  const Measures measures;
  measures.write("w.csv", "x,mass,y\n0,1,0\n1,1,0\n1,2,0\n");
  measures.write("w.json", R"({"type": "points", "file": "w.csv", "weights": "mass"})");
  measures.write("atoms.csv", "0,0\n1,0\n");
  measures.write("atoms.json", R"({"type": "points", "file": "atoms.csv", "weights": [1, 3]})");
  measures.write("thirds.json", R"({"type": "points", "file": "atoms.csv", "weights": [3, 1]})");
  CHECK_THAT(measures.distance({"w2", "w.json", "atoms.json"}).errors,
             Contains("w.csv: weights divided by their sum, 4") || Contains("3 weighted in dim"));
  // Half the mass goes one step: W₂² = 1/2, and sliced half of that, E θ₁² in the plane.
  CHECK(measures.value({"w2", "w.json", "atoms.json"}) == Approx(0.0).margin(1e-12));
  CHECK(measures.value({"w2", "thirds.json", "atoms.json"}) == Approx(std::sqrt(0.5)));
  const json sliced = measures.result({"sliced", "thirds.json", "w.json", "--false-alarm", "1e-6"});
  CHECK(sliced["lower"] <= 0.5);
  CHECK(sliced["upper"] >= 0.5);
  CHECK(measures.value({"sinkhorn", "w.json", "atoms.json", "--regularisation", "0.1"}) ==
        Approx(0.0).margin(1e-6));
  CHECK(measures.value({"sinkhorn", "thirds.json", "atoms.json", "--regularisation", "0.01"}) ==
        Approx(0.5).epsilon(0.02));
  CHECK(measures.value({"tv", "thirds.json", "w.json"}) == Approx(0.5).epsilon(1e-14));
  for (const char* kind : {"mmd", "energy"}) {
    const ProgramOutcome refused = measures.distance({kind, "atoms.csv", "atoms.json", "--quiet"});
    CHECK(refused.exit_code == 77);
    CHECK_THAT(refused.errors, Contains(kind) && Contains("does not apply: B has weights"));
    CHECK(std::count(refused.errors.begin(), refused.errors.end(), '\n') == 1);
  }
  measures.write("wrong.json", R"({"type": "points", "file": "w.csv", "weights": [1, 2]})");
  const ProgramOutcome refused = measures.distance({"w2", "wrong.json", "atoms.csv", "--quiet"});
  CHECK(refused.exit_code == 2);
  CHECK_THAT(refused.errors, Contains("w.csv:1: 3 rows, and 2 weights for them"));
}

TEST_CASE("distance reads points from CSV, NumPy and JSON alike", "[cli][reference]") {
  const Measures measures;
  // (0, 0) → (0, 1), the other two stay: W₂² = 1/3.
  const auto third = Approx(std::sqrt(1.0 / 3.0)).epsilon(1e-12);
  CHECK(measures.value({"w2", "a.csv", "b.csv", "--columns", "x,y"}) == third);
  measures.write("points.json", R"({"type": "points", "file": "a.csv", "columns": ["x", "y"]})");
  CHECK(measures.value({"w2", "points.json", "b.csv"}) == third);
  CHECK(measures.value({"w2", "c.npy", "points.json"}) == third);
  CHECK(measures.value({"w2", "c.npy", "b.csv", "--columns=1"}) == Approx(0.0).margin(1e-15));
  CHECK(measures.value({"w2", "b.csv", "c.npy"}) == Approx(0.0).margin(1e-15));
}

TEST_CASE("distance says what it did and what it cost beside the result", "[cli][exact]") {
  const Measures measures;
  const ProgramOutcome outcome =
      measures.distance({"w2", "holes.csv", "b.csv", "--drop-missing", "--standardise"});
  REQUIRE(outcome.exit_code == 0);
  CHECK_THAT(outcome.output, Catch::StartsWith("w2 ") && Catch::EndsWith("\n"));
  CHECK(std::count(outcome.output.begin(), outcome.output.end(), '\n') == 1);
  CHECK_THAT(outcome.errors, Contains("holes.csv: points, 3 in dimension 2\n"));
  CHECK_THAT(outcome.errors, Contains("holes.csv: 1 of 4 rows dropped: missing values\n"));
  CHECK_THAT(outcome.errors, Contains("b.csv: standardised: each column"));
  CHECK_THAT(outcome.errors, Contains("cost: optimal transport, "));
  CHECK(measures.distance({"w2", "a.csv", "b.csv", "--columns", "x,y", "--quiet"}).errors.empty());
}

TEST_CASE("Of a divergence's several methods the cost line tells the one that was used",
          "[cli][exact]") {
  const Measures measures;
  measures.write("pair.json", R"({"type": "gaussian_mixture", "weights": [0.5, 0.5],
                                  "means": [[0], [1]], "covariances": [1, 1]})");
  measures.write("single.json", R"({"type": "gaussian", "mean": [0], "covariance": [[1.5]]})");
  measures.write("space.json", R"({"type": "gaussian_mixture", "weights": [0.5, 0.5],
                                   "means": [[0, 0, 0], [1, 1, 1]], "covariances": [1, 1]})");
  const auto used = [&](const std::vector<std::string>& words) {
    const std::string errors = measures.distance(words).errors;
    const std::size_t first = errors.find("cost: ");
    REQUIRE(first != std::string::npos);
    return errors.substr(first + 6, errors.find(", ", first) - first - 6);
  };
  CHECK(used({"kl", "pair.json", "single.json"}) == "quadrature");
  CHECK(used({"chi2", "pair.json", "single.json"}) == "closed form");
  CHECK(used({"chi2", "single.json", "pair.json"}) == "quadrature");
  CHECK(used({"kl", "space.json", "space.json"}) == "draws");
  CHECK(used({"sliced", "single.json", "single.json"}) == "closed form");
  CHECK(measures.result({"kl", "pair.json", "single.json"})["method"] == "quadrature");
}

TEST_CASE("What distance prints is the same every time", "[cli][property]") {
  const Measures measures;
  const std::vector<std::string> words = {"w2",           "a.csv",  "b.csv", "--columns", "x,y",
                                          "--dequantise", "--seed", "3",     "--json",    "-"};
  const std::string first = measures.distance(words).output;
  CHECK_FALSE(first.empty());
  CHECK(measures.distance(words).output == first);
  std::vector<std::string> other = words;
  other[7] = "4";
  CHECK(measures.distance(other).output != first);
}

TEST_CASE("Two sets are dequantised with noise of their own", "[cli][control]") {
  const Measures measures;
  measures.write("constant.csv", "0\n0\n");
  const std::vector<std::string> words = {"w2", "constant.csv", "constant.csv"};
  CHECK(measures.value(words) == 0.0);
  std::vector<std::string> spread = words;
  spread.push_back("--dequantise");
  CHECK(measures.value(spread) > 0.01);
}

TEST_CASE("Every component of a picture is drawn, so that KL has an upper end", "[cli][exact]") {
  const Measures measures;
  const auto picture = [&](const std::string& name, int width) {
    std::string text = fmt::format("P2\n{} 2\n255\n", width);
    for (int i = 0; i < 2 * width; ++i) text += "255\n";
    measures.write(name, text);
  };
  picture("first.pgm", 2501);
  picture("second.pgm", 2550);
  const json found = measures.result({"kl", "first.pgm", "second.pgm"});
  CHECK(found["grade"] == "statistical");
  CHECK(found["draws"] == 4 * 5100);
  CAPTURE(found.dump());
  REQUIRE(found["upper"].is_number());
  CHECK(found["lower"] <= found["value"]);
  CHECK(found["value"] <= found["upper"]);
}

TEST_CASE("distance writes its result as JSON", "[cli][exact]") {
  const Measures measures;
  const ProgramOutcome outcome =
      measures.distance({"w2", "holes.csv", "c.npy", "--drop-missing", "--json", "result.json"});
  REQUIRE(outcome.exit_code == 0);
  const json written = json::parse(read_file(measures / "result.json"));
  CHECK(written["schema"] == "flowcheck.distance/1");
  CHECK(written["kind"] == "w2");
  CHECK(written["method"] == "optimal transport");
  CHECK(written["first"]["file"] == "holes.csv");
  CHECK(written["first"]["type"] == "points");
  CHECK(written["first"]["dimension"] == 2);
  CHECK(written["first"]["notes"][0] == "1 of 4 rows dropped: missing values");
  CHECK(outcome.output == fmt::format("w2 {} [{}, {}] {}\n", written["value"].get<double>(),
                                      written["lower"].get<double>(),
                                      written["upper"].get<double>(),
                                      written["grade"].get<std::string>()));
  const ProgramOutcome standard =
      measures.distance({"w2", "holes.csv", "c.npy", "--drop-missing", "--quiet", "--json", "-"});
  CHECK(standard.output == read_file(measures / "result.json"));
  CHECK(standard.errors == outcome.output);
}

TEST_CASE("distance warns of what spoils a number", "[cli][exact]") {
  const Measures measures;
  measures.write("twice.csv", "x,y\n1,0\n1,0\n0,1\n");
  CHECK_THAT(measures.distance({"w2", "twice.csv", "b.csv", "--quiet"}).errors,
             Contains("twice.csv: warning: 1 of 3 rows repeat another\n"));
}

TEST_CASE("A wrong distance call is refused in one line", "[cli][precondition]") {
  struct Refusal {
    std::vector<std::string> words;
    std::string phrase;
    int exit_code = 2;
  };
  const auto refusal = GENERATE(values<Refusal>({
      {{}, "KIND"},
      {{"w2"}, "A is required"},
      {{"w2", "standard.json"}, "B is required"},
      {{"w3", "standard.json", "wide.json"}, "unknown kind w3; did you mean w2?; there are w2"},
      {{"wasserstein", "standard.json", "wide.json"}, "unknown kind wasserstein"},
      {{"w2", "standard.json", "wide.json", "flat.json"}, "unexpected argument flat.json"},
      {{"w2", "standard.json", "missing.json"}, "missing.json: not a file that can be read"},
      {{"w2", "standard.json", "wide.txt"}, "wide.txt:1: expected a measure"},
      {{"w2", "standard.json", "line.json"}, "line.json:1: dimension 1, standard.json has 2"},
      {{"w2", "a.csv", "b.csv"}, "a.csv:2: column \"name\": expected a number, found \"first\""},
      {{"w2", "a.csv", "b.csv", "--columns", "x,z"}, "a.csv:1: no column \"z\""},
      {{"w2", "holes.csv", "b.csv"}, "holes.csv:3: column \"x\": a value is missing"},
      {{"w2", "b.csv", "b.csv", "--standardize"}, "did you mean --standardise?"},
      {{"w2", "standard.json", "wide.json", "--standardise"},
       "neither standard.json nor wide.json"},
      {{"w2", "standard.json", "wide.json", "--json", "."}, ".: cannot be written"},
      {{"w2", "standard.json", "wide.json", "--json", "a.csv/x"}, "cannot be written"},
      {{"w2", "standard.json", "wide.json", "--json", "missing/x.json"},
       "missing/x.json: cannot be written: there is no folder missing"},
      {{"sinkhorn", "standard.json", "wide.json"},
       "sinkhorn: no method for gaussian and gaussian; there is one for points and points",
       77},
      {{"w2", "standard.json", "b.csv"}, "w2: no method for gaussian and points", 77},
      {{"mmd", "one.csv", "b.csv"}, "A and B need from 2 to 10000 points; they have 1 and 3", 77},
      {{"w2", "b.csv", "b.csv", "--bandwidth", "1"}, "--bandwidth: belongs to mmd"},
      {{"mmd", "b.csv", "b.csv", "--bandwidth", "0"}, "--bandwidth 0: expected a positive number"},
      {{"energy", "b.csv", "b.csv", "--false-alarm", "1"}, "expected a number between 0 and 1"},
      {{"sinkhorn", "b.csv", "b.csv", "--regularisation", "nan"}, "expected a positive number"},
      {{"kl", "turned.json", "longer.json"},
       "kl: does not apply: A and B live on affine subspaces that are equal to rounding",
       77},
      {{"w2", "mixture.json", "mixture.json"}, "mixtures need to be on the line", 77},
  }));
  const Measures measures;
  CAPTURE(refusal.words);
  const std::vector<std::string> before = measures.files();
  const ProgramOutcome outcome = measures.distance(refusal.words);
  CHECK(outcome.exit_code == refusal.exit_code);
  CHECK_THAT(outcome.errors, Contains(refusal.phrase));
  CHECK(std::count(outcome.errors.begin(), outcome.errors.end(), '\n') == 1);
  CHECK(outcome.output.empty());
  CHECK(measures.files() == before);
}

TEST_CASE("A distance that overflows is a numerical failure", "[cli][precondition]") {
  const Measures measures;
  measures.write("far.csv", "x,y\n1e200,0\n0,2\n0,1\n");
  const ProgramOutcome outcome = measures.distance({"sinkhorn", "far.csv", "b.csv"});
  CHECK(outcome.exit_code == 3);
  CHECK(outcome.output.empty());
  CHECK(measures.value({"w2", "far.csv", "b.csv"}) == Approx(1e200 / std::sqrt(3.0)));
}

TEST_CASE("check refuses a target that no claim takes", "[cli][precondition]") {
  const Measures measures;
  const auto check = [&](const std::vector<std::string>& words) {
    std::vector<std::string> call = {FLOWCHECK_PROGRAM, "check", "JKO-11", "--quiet"};
    call.insert(call.end(), words.begin(), words.end());
    return call_program(call, {.folder = measures.path()});
  };
  measures.write("space.json", R"({"type": "gaussian_mixture", "weights": [0.5, 0.5],
                                   "means": [[0, 0, 0], [1, 1, 1]], "covariances": [1, 1]})");
  for (const char* target : {"b.csv", "c.npy", "space.json"}) {
    const ProgramOutcome outcome = check({"--target", target});
    CHECK(outcome.exit_code == 77);
    CHECK_THAT(outcome.errors, Contains(target) && Contains("no claim applies"));
    CHECK(outcome.output.empty());
  }
  CHECK(check({"--target", "shifted.json", "--reference", "b.csv"}).exit_code == 77);
  measures.write("both.json", R"({"type": "gaussian_mixture", "weights": [0.5, 0.5],
                                  "means": [[0], [1]], "covariances": [0, 1]})");
  const ProgramOutcome both = check({"--target", "both.json"});
  CHECK(both.exit_code == 77);
  CHECK_THAT(both.errors, Contains("both.json") && Contains("some components are atoms"));
  CHECK(std::count(both.errors.begin(), both.errors.end(), '\n') == 1);
  CHECK(check({"--target", "shifted.json", "--reference", "wide.json"}).exit_code == 0);
}

TEST_CASE("where no steps are found on the line it is a failure, whatever else is asked",
          "[cli][control]") {
  const Measures measures;
  measures.write("far.csv", "x\n1e15\n2e15\n");
  const auto claims =
      GENERATE(values<std::vector<std::string>>({{"JKO-11"}, {"JKO-11", "GIF-01"}}));
  CAPTURE(claims);
  std::vector<std::string> words = {FLOWCHECK_PROGRAM, "check", "--quiet", "--target", "far.csv"};
  words.insert(words.end(), claims.begin(), claims.end());
  const ProgramOutcome outcome = call_program(words, {.folder = measures.path()});
  CHECK(outcome.exit_code == 3);
  CHECK_THAT(outcome.errors,
             Contains("--target far.csv: expected a start nearer to the reference"));
  CHECK(std::count(outcome.errors.begin(), outcome.errors.end(), '\n') == 1);
  CHECK(outcome.output.empty());
}

TEST_CASE("check takes a mixture or points on the line, and says what needs a Gaussian start",
          "[cli][exact]") {
  const Measures measures;
  measures.write("line_mixture.json", R"({"type": "gaussian_mixture", "weights": [0.4, 0.6],
                                          "means": [[-1.5], [1.2]], "covariances": [0.49, 0.36]})");
  measures.write("heights.csv", "height\n1.5\n-0.5\n2.5\n0.25\n");
  measures.write("line.json", R"({"type": "gaussian", "mean": [1], "covariance": 2})");
  for (const char* target : {"line_mixture.json", "heights.csv"}) {
    CAPTURE(target);
    const ProgramOutcome outcome =
        call_program({FLOWCHECK_PROGRAM, "check", "JKO-11", "JKO-19", "JKO-40", "--quiet",
                      "--target", target, "--reference", "line.json"},
                     {.folder = measures.path()});
    CHECK(outcome.exit_code == 0);
    CHECK_THAT(outcome.output, Contains("JKO-11   holds"));
    CHECK_THAT(outcome.output, Contains("JKO-40   holds"));
    CHECK_THAT(outcome.output, Contains("JKO-19: holds, without \"linearised covariance\": "
                                        "hypothesis not met: p₀ is Gaussian\n"));
  }
}

TEST_CASE("check takes a mixture on the plane, and says what claims it is not for",
          "[cli][exact]") {
  const Measures measures;
  const ProgramOutcome outcome =
      call_program({FLOWCHECK_PROGRAM, "check", "JKO-30", "JKO-19", "JKO-23", "--quiet", "--gamma",
                    "0.3", "--target", "mixture.json"},
                   {.folder = measures.path()});
  CHECK(outcome.exit_code == 0);
  CHECK_THAT(outcome.output, Contains("JKO-30   holds") && Contains("converged"));
  CHECK_THAT(outcome.output, Contains("JKO-23: not_applicable: left out: evaluated for Gaussian "
                                      "starts and on the line\n"));
  CHECK_THAT(outcome.output,
             Contains("JKO-19: not_applicable: left out: evaluated for Gaussian starts and on the "
                      "line\n"));
}

TEST_CASE("check refuses a mixture on the plane without a density, in one line",
          "[cli][precondition]") {
  const Measures measures;
  const auto refuse = [&](const std::string& means, const std::string& covariances,
                          const std::string& words) {
    CAPTURE(means, covariances);
    measures.write("user.json", fmt::format(R"({{"type": "gaussian_mixture", "weights": [0.5, 0.5],
                                                 "means": {}, "covariances": {}}})",
                                            means, covariances));
    const ProgramOutcome outcome =
        call_program({FLOWCHECK_PROGRAM, "check", "JKO-11", "--quiet", "--target", "user.json"},
                     {.folder = measures.path()});
    CHECK(outcome.exit_code == 2);
    CHECK_THAT(outcome.errors, Contains("user.json") && Contains(words));
    CHECK(std::count(outcome.errors.begin(), outcome.errors.end(), '\n') == 1);
    CHECK(outcome.output.empty());
  };
  refuse("[[0, 0], [1, 1]]", "[1, [1, 0]]", "a component is singular");
  refuse("[[0, 0], [1, 1]]", "[0, 0]", "a component is singular");
}

TEST_CASE("a mixture on the plane that no grid carries is left out, whatever else is asked",
          "[cli][control]") {
  const Measures measures;
  const auto narrow = GENERATE(R"("means": [[0, 0], [100, 0]], "covariances": [1, 1])",
                               R"("means": [[0, 0], [1, 1]], "covariances": [1, 1e-4])");
  measures.write(
      "narrow.json",
      fmt::format(R"({{"type": "gaussian_mixture", "weights": [0.5, 0.5], {}}})", narrow));
  const auto check = [&](std::vector<std::string> claims) {
    claims.insert(claims.begin(), {FLOWCHECK_PROGRAM, "check"});
    claims.insert(claims.end(), {"--quiet", "--target", "narrow.json"});
    return call_program(claims, {.folder = measures.path()});
  };
  const ProgramOutcome alone = check({"JKO-11", "JKO-19"});
  CHECK(alone.exit_code == 77);
  CHECK_THAT(alone.output, Contains("JKO-11: not_applicable: left out: a component is too narrow"));
  CHECK_THAT(alone.output, Contains("JKO-19: not_applicable: left out: evaluated for Gaussian"));
  const ProgramOutcome both = check({"JKO-11", "LFM-03"});
  CHECK(both.exit_code == 0);
  CHECK_THAT(both.output, Contains("JKO-11: not_applicable: left out: a component is too narrow"));
  CHECK_THAT(both.output, Contains("LFM-03   holds"));
}

TEST_CASE("a floor under a planar start is told, recorded and shown", "[cli][property]") {
  const Measures measures;
  measures.write("correlated.json", R"({"type": "gaussian_mixture", "weights": [0.3, 0.7],
    "means": [[-0.8, 0.5], [0.6, -0.2]], "covariances": [[[0.6, 0.2], [0.2, 0.4]],
                                                         [[0.6, 0.2], [0.2, 0.4]]]})");
  const auto check = [&](const char* target) {
    return call_program(
        {FLOWCHECK_PROGRAM, "check", "JKO-30", "--quiet", "--out", "mine", "--target", target},
        {.folder = measures.path()});
  };
  const auto shown = [&] {
    return call_program({FLOWCHECK_PROGRAM, "show", "JKO-30", "--out", "mine"},
                        {.folder = measures.path()})
        .output;
  };
  const auto recorded = [&] { return json::parse(read_file(measures / "mine/verdicts.json")); };

  CHECK_THAT(check("correlated.json").errors,
             Contains("warning: steps from p itself are not found"));
  const json floored = recorded();
  const double floor = floored["target_constants"]["start_floor"]["value"].get<double>();
  CHECK(floor > 0.0);
  const std::string words = fmt::format("floor {:g}", floor);
  CHECK_THAT(floored["claims"][0]["checks"][0]["instance"].get<std::string>(),
             EndsWith(", " + words));
  CHECK_THAT(shown(), Contains(fmt::format("start_floor {:g}", floor)));

  CHECK(check("mixture.json").errors.empty());
  CHECK_FALSE(recorded().contains("target_constants"));
  CHECK_THAT(shown(), !Contains("start_floor"));
}

TEST_CASE("distance tells what its number was made with", "[cli][reference]") {
  const Measures measures;
  // Three points each, s = 2: V-statistic by hand from the squared distances.
  const json mmd = measures.result({"mmd", "b.csv", "c.npy", "--bandwidth", "2"});
  CHECK(mmd["bandwidth"] == 2.0);
  CHECK(mmd["biased"].get<double>() == Approx(0.0).margin(1e-15));  // the same points
  const double pairs = (std::exp(-5.0 / 8.0) + std::exp(-2.0 / 8.0) + std::exp(-1.0 / 8.0)) / 3.0;
  CHECK(mmd["value"].get<double>() ==
        Approx(2.0 * pairs - 2.0 * (1.0 / 3.0 + 2.0 / 3.0 * pairs)).epsilon(1e-12));
  CHECK(mmd["biased_floor_95"].get<double>() >= 0.0);

  measures.write("moved.csv", "x,y\n2,0\n1,2\n1,1\n");  // b.csv, one to the right
  const json moved = measures.result({"sinkhorn", "b.csv", "moved.csv", "--regularisation", "0.5"});
  CHECK(moved["regularisation"] == 0.5);
  CHECK(moved["value"].get<double>() == Approx(1.0).epsilon(1e-4));
  CHECK(moved["marginal_error"].get<double>() < 1e-6);
  CHECK(measures.value({"sliced", "b.csv", "moved.csv"}) == Approx(std::sqrt(0.5)).epsilon(0.1));
}

TEST_CASE("Ctrl-C ends a distance at once", "[cli][exact]") {
  const Measures measures;
  std::string many;
  for (int i = 0; i < 10'000; ++i) many += fmt::format("{},{}\n", i % 97, (i * 7919) % 10'007);
  measures.write("many.csv", many);
  const ProgramOutcome outcome = call_program(
      {FLOWCHECK_PROGRAM, "distance", "energy", "many.csv", "many.csv"},
      {.folder = measures.path(), .signal = SIGINT, .interrupt_after = "points, 10000"});
  CHECK(outcome.exit_code == 128 + SIGINT);
  CHECK(outcome.output.empty());
}

TEST_CASE("Every method is called as a user would", "[cli][property]") {
  CHECK(distance_kinds() == std::vector<std::string>{"w2", "sinkhorn", "sliced", "kl", "chi2", "tv",
                                                     "hellinger", "mmd", "energy"});
  const Measures measures;
  measures.write("line.csv", "1\n2\n3\n");
  measures.write("mixed.json", R"({"type": "gaussian_mixture", "weights": [0.5, 0.5],
                                   "means": [[0], [1]], "covariances": [1, 1]})");
  const auto file = [](const std::string& type) {
    return type == "gaussian" ? "line.json" : type == "points" ? "line.csv" : "mixed.json";
  };
  for (const DistanceMethod& method : distance_methods()) {
    CAPTURE(method.kind, method.first, method.second);
    const json result = measures.result({method.kind, file(method.first), file(method.second)});
    CHECK_THAT(method.method, Contains(result["method"].get<std::string>()));
    if ((method.first == "points") != (method.second == "points")) {
      // Points against a density: nothing in common.
      const bool bounded = method.kind == "tv" || method.kind == "hellinger";
      CHECK(result["value"] == (bounded ? json(1.0) : json("inf")));
      continue;
    }
    // Of a measure to itself; without its diagonal a U-statistic is not zero there.
    const char* zero = result.contains("biased") ? "biased" : "value";
    CHECK(std::abs(result[zero].get<double>()) < 1e-7);
  }
}

}  // namespace flowcheck::distance_test
