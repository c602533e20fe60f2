#include "cli/program_call.hpp"

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sys/file.h>
#include <unistd.h>

#include <csignal>

namespace flowcheck::interruption_test {

using Catch::Contains;

TEST_CASE("An interrupted check keeps the claims it finished", "[cli][exact]") {
  const int signal = GENERATE(SIGINT, SIGTERM);
  const ScratchFolder folder;
  const ProgramOutcome outcome =
      call_program({FAILING_PROGRAM, "check", "BAD-01", "BAD-02", "BAD-06", "--jobs", "1", "--out",
                    folder / "results"},
                   {.signal = signal, .interrupt_after = "BAD-02"});
  CHECK(outcome.exit_code == 130);  // also where something is violated
  CHECK(folder.files() == std::vector<std::string>{"results/verdicts.json"});
  const auto json = nlohmann::json::parse(read_file(folder / "results/verdicts.json"));
  REQUIRE(json["claims"].size() == 2);
  CHECK(json["claims"][0]["id"] == "BAD-01");
  CHECK(json["claims"][1]["verdict"] == "violated");
}

TEST_CASE("An interrupted check does not wait for a claim that asks nobody", "[cli][exact]") {
  const int signal = GENERATE(SIGINT, SIGTERM);
  const ScratchFolder folder;
  const ProgramOutcome outcome =
      call_program({FAILING_PROGRAM, "check", "BAD-01", "BAD-02", "BAD-09", "--jobs", "1", "--json",
                    folder / "verdicts.json", "--out", folder / "results"},
                   {.signal = signal, .interrupt_after = "has begun"});
  CHECK(outcome.exit_code == 130);
  CHECK_THAT(outcome.output, Contains("2 claims, 1 holds, 1 violated"));
  CHECK(folder.files() == std::vector<std::string>{"results/verdicts.json", "verdicts.json"});
  CHECK_THAT(outcome.output, Contains("interrupted, 1 unfinished"));
  // As if nothing else had been asked for, but for what is missing.
  const ScratchFolder other;
  REQUIRE(call_program({FAILING_PROGRAM, "check", "BAD-01", "BAD-02", "--out", other / "results"})
              .exit_code == 1);
  auto expected = nlohmann::json::parse(read_file(other / "results/verdicts.json"));
  expected["unfinished"] = {"BAD-09"};
  CHECK(nlohmann::json::parse(read_file(folder / "results/verdicts.json")) == expected);
  CHECK(nlohmann::json::parse(read_file(folder / "verdicts.json")) == expected);
}

TEST_CASE("An interrupted check does not wait for another run's folder", "[cli][exact]") {
  const ScratchFolder folder;
  const int other = open(folder.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  REQUIRE(flock(other, LOCK_EX | LOCK_NB) == 0);
  const ProgramOutcome outcome =
      call_program({FAILING_PROGRAM, "check", "BAD-01", "--out", folder.path()},
                   {.signal = SIGTERM, .interrupt_after = "waiting for it"});
  close(other);
  CHECK(outcome.exit_code == 2);
  CHECK_THAT(outcome.errors, Contains(folder.path() + ": another run is at work there"));
  CHECK(folder.files().empty());
}

TEST_CASE("JUnit XML of an interrupted check is not green", "[cli][exact]") {
  const ScratchFolder folder;
  const ProgramOutcome outcome =
      call_program({FAILING_PROGRAM, "check", "BAD-01", "BAD-09", "--jobs", "1", "--quiet",
                    "--junit", folder / "j.xml", "--out", folder / "results"},
                   {.signal = SIGINT, .interrupt_after = "has begun"});
  CHECK(outcome.exit_code == 130);
  const std::string xml = read_file(folder / "j.xml");
  CHECK_THAT(xml, Contains("tests=\"2\" failures=\"0\" errors=\"1\""));
  CHECK_THAT(xml, Contains("name=\"BAD-09\">\n   <error message=\"interrupted\"/>"));
}

TEST_CASE("What an interrupted check cannot write is said", "[cli][exact]") {
  const ScratchFolder folder;
  const ProgramOutcome outcome = call_program(
      {FAILING_PROGRAM, "check", "BAD-01", "BAD-09", "--jobs", "1", "--out", folder / "results"},
      {.standard_output = "/dev/full", .signal = SIGINT, .interrupt_after = "has begun"});
  CHECK(outcome.exit_code == 2);
  CHECK_THAT(outcome.errors, Contains("standard output: cannot be written"));
}

TEST_CASE("A check that is interrupted before its first claim leaves the record alone",
          "[cli][exact]") {
  const ScratchFolder folder;
  REQUIRE(
      call_program({FAILING_PROGRAM, "check", "BAD-01", "--out", folder / "results"}).exit_code ==
      0);
  const std::string before = read_file(folder / "results/verdicts.json");
  const ProgramOutcome outcome = call_program(
      {FAILING_PROGRAM, "check", "BAD-06", "--fresh-seed", "--out", folder / "results"},
      {.signal = SIGINT, .interrupt_after = "seed "});
  CHECK(outcome.exit_code == 130);
  CHECK(read_file(folder / "results/verdicts.json") == before);
}

TEST_CASE("An interrupted run keeps the experiments it finished", "[cli][exact]") {
  const ScratchFolder folder;
  const ProgramOutcome outcome =
      call_program({FAILING_PROGRAM, "run", "good", "slow", "--out", folder / "results"},
                   {.signal = SIGINT, .interrupt_after = "slow"});
  CHECK(outcome.exit_code == 130);
  CHECK(folder.files() ==
        std::vector<std::string>{"results/good/data.csv", "results/good/figure.gp",
                                 "results/good/figure.pdf", "results/good/figure.svg",
                                 "results/good/manifest.json", "results/good/runinfo.json"});
}

TEST_CASE("An interrupted run does not wait for an experiment that asks nobody", "[cli][exact]") {
  const int signal = GENERATE(SIGINT, SIGTERM);
  const ScratchFolder folder;
  const ProgramOutcome outcome =
      call_program({FAILING_PROGRAM, "run", "good", "stubborn", "--out", folder / "results"},
                   {.signal = signal, .interrupt_after = "stubborn  50%"});
  CHECK(outcome.exit_code == 130);
  CHECK(folder.files() ==
        std::vector<std::string>{"results/good/data.csv", "results/good/figure.gp",
                                 "results/good/figure.pdf", "results/good/figure.svg",
                                 "results/good/manifest.json", "results/good/runinfo.json"});
}

TEST_CASE("A second Ctrl-C ends the program at once", "[cli][exact]") {
  const ScratchFolder folder;
  const ProgramOutcome outcome = call_program(
      {FAILING_PROGRAM, "check", "BAD-01", "BAD-09", "--jobs", "1", "--out", folder / "results"},
      {.signal = SIGINT, .interrupt_after = "has begun", .twice = true});
  CHECK(outcome.exit_code == 128 + SIGINT);
  CHECK(folder.files().empty());
}

}  // namespace flowcheck::interruption_test
