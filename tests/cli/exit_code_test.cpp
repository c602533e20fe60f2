#include "cli/program_call.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

namespace flowcheck::exit_code_test {

using Catch::Contains;

namespace {

ProgramOutcome check(const ScratchFolder& folder, std::vector<std::string> words) {
  words.insert(words.begin(), {FAILING_PROGRAM, "check"});
  words.insert(words.end(), {"--out", folder / "results", "--quiet"});
  return call_program(words);
}

}  // namespace

TEST_CASE("check's exit code is the worst thing that happened", "[cli][exact]") {
  struct Expectation {
    std::vector<std::string> words;
    int exit_code;
  };
  const auto expected = GENERATE(values<Expectation>({
      {{"BAD-01"}, 0},
      {{"BAD-02"}, 1},  // violated
      {{"BAD-04"}, 1},  // powerless
      {{"BAD-03"}, 3},  // numerical failure
      {{"BAD-08"}, 3},  // an exception on the way
      {{"BAD-05"}, 0},  // inconclusive
      {{"BAD-05", "--strict"}, 4},
      {{"BAD-01", "BAD-05", "--strict"}, 4},
      {{"BAD-02", "BAD-05", "--strict"}, 1},  // violated before inconclusive
      {{"BAD-02", "BAD-03", "--strict"}, 3},  // numerical failure before violated
      {{"BAD-01", "--min-grade", "certified"}, 0},
      {{"BAD-05", "--min-grade", "certified", "--strict"}, 4},
  }));
  CAPTURE(expected.words);
  const ScratchFolder folder;
  const ProgramOutcome outcome = check(folder, expected.words);
  CHECK(outcome.exit_code == expected.exit_code);
  CHECK(folder.files() == std::vector<std::string>{"results/verdicts.json"});
}

TEST_CASE("Exit code 77 where nothing that was asked for applies to the target", "[cli][exact]") {
  const ScratchFolder folder;
  folder.write("plane.json",
               R"({"type": "gaussian", "mean": [1, 2], "covariance": [[1, 0], [0, 1]]})");
  folder.write("line.json", R"({"type": "gaussian", "mean": [1], "covariance": [[1]]})");

  const ProgramOutcome nothing =
      check(folder, {"BAD-01", "BAD-07", "--target", folder / "plane.json"});
  CHECK(nothing.exit_code == 77);
  CHECK_THAT(nothing.output, Contains("BAD-07: not_applicable: hypothesis not met: d = 1\n"));
  CHECK_THAT(nothing.output, Contains("BAD-01: not_applicable: no way to check"));
  CHECK_THAT(call_program({FAILING_PROGRAM, "show", "BAD-07", "--out", folder / "results"}).output,
             Contains("last verdict not_applicable: hypothesis not met: d = 1 ("));

  const ProgramOutcome something =
      check(folder, {"BAD-01", "BAD-07", "--target", folder / "line.json"});
  CHECK(something.exit_code == 0);
  CHECK_THAT(something.output, Contains("1 not_applicable, 1 holds"));
}

TEST_CASE("A claim that does not hold says why and how to see it again", "[cli][control]") {
  const ScratchFolder folder;
  const ProgramOutcome violated = check(folder, {"BAD-02"});
  CHECK_THAT(violated.output, Contains("random \"random: x\": violated"));
  CHECK_THAT(violated.output, Contains("lhs ") && Contains("rhs "));

  const std::string flag = "--replay '";
  const std::size_t begin = violated.output.find(flag) + flag.size();
  REQUIRE(begin >= flag.size());
  const std::string replay =
      violated.output.substr(begin, violated.output.find('\'', begin) - begin);
  const ProgramOutcome again = check(folder, {"--replay", replay});
  CHECK(again.exit_code == 1);
  // The same draw gives the same two sides.
  const std::size_t sides = violated.output.find("    lhs");
  const std::string shown =
      violated.output.substr(sides, violated.output.find("    again") - sides);
  CHECK_THAT(again.output, Contains(shown));

  const ProgramOutcome powerless = check(folder, {"BAD-04"});
  CHECK_THAT(powerless.output, Contains("BAD-04: powerless: control \"x ≥ 2x\" gets through"));
}

TEST_CASE("A replay shows both sides, also of a draw that holds", "[cli][exact]") {
  const ScratchFolder folder;
  const ProgramOutcome held = check(folder, {"--replay", "BAD-01:random: x:7"});
  CHECK(held.exit_code == 0);
  CHECK_THAT(held.output, Contains("random \"random: x\": holds\n    lhs 0."));
  CHECK_THAT(held.output, Contains("    rhs 1.") && Contains("] exact\n    tightness 0.500000\n"));
  const ProgramOutcome control = check(folder, {"--replay", "BAD-01:x ≥ 2x:7"});
  CHECK_THAT(control.output, Contains("control \"x ≥ 2x\": violated\n    lhs 1."));
  // Where nothing was asked for twice, a claim that holds is a line of the table.
  CHECK_THAT(check(folder, {"BAD-01"}).output, !Contains("lhs"));
}

TEST_CASE("A draw that was left out has no replay", "[cli][exact]") {
  const ProgramOutcome left_out =
      call_program({FLOWCHECK_PROGRAM, "check", "--replay", "JKO-13:Dirac start:7", "--quiet"});
  CHECK(left_out.exit_code == 77);
  CHECK_THAT(left_out.output, Contains("hypothesis not met: KL(p₀ ‖ q) < ∞"));
  CHECK_THAT(left_out.output, !Contains("again:"));
}

TEST_CASE("run's exit code is the worst of its experiments", "[cli][exact]") {
  struct Expectation {
    std::vector<std::string> words;
    int exit_code;
  };
  const auto expected = GENERATE(values<Expectation>({
      {{"good"}, 0},
      {{"wrong"}, 1},
      {{"nan"}, 3},
      {{"undrawable"}, 3},
      {{"wrong", "nan", "good"}, 3},
      {{"good", "--measured", "4"}, 1},
      {{"wrong", "--measured", "1"}, 0},
  }));
  CAPTURE(expected.words);
  const ScratchFolder folder;
  std::vector<std::string> words = {FAILING_PROGRAM, "run"};
  words.insert(words.end(), expected.words.begin(), expected.words.end());
  words.insert(words.end(), {"--out", folder.path(), "--quiet"});
  const ProgramOutcome outcome = call_program(words);
  CHECK(outcome.exit_code == expected.exit_code);
  for (const std::string& file : folder.files())
    CHECK_THAT(file, !Contains("nan") && !Contains(".tmp"));
}

}  // namespace flowcheck::exit_code_test
