// The commands that README.md shows do what they say: each is called as printed, but at quick
// scale, trained for a few iterations, and where all claims are asked one speaks for them.

#include "cli/program_call.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

namespace flowcheck::readme_test {
namespace {

// Lines "$ flowcheck ...", joined where they end in a backslash.
std::vector<std::string> shown_commands(const std::string& text) {
  std::vector<std::string> commands;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("$ flowcheck ")) continue;
    while (line.ends_with('\\')) {
      std::string rest;
      std::getline(lines, rest);
      line = line.substr(0, line.size() - 1) + rest;
    }
    commands.push_back(line.substr(2));
  }
  return commands;
}

// As a shell would split it; quotes keep a glob from it.
std::vector<std::string> words_of(const std::string& command) {
  std::vector<std::string> words;
  std::istringstream stream(command.substr(0, command.find(" #")));
  for (std::string word; stream >> word;) {
    std::erase(word, '\'');
    words.push_back(word);
  }
  return words;
}

std::string made_small(const std::string& command) {
  std::string small = std::regex_replace(command, std::regex("--scale standard"), "--scale quick");
  small = std::regex_replace(small, std::regex("check --strict"), "check JKO-11 --strict");
  if (!small.starts_with("flowcheck fit")) return small;
  small = std::regex_replace(small, std::regex("--draws [0-9]+"), "--draws 4000");
  small = std::regex_replace(small, std::regex(" --(iterations|patience) [0-9]+"), "");
  return small + " --iterations 20";
}

// Where the numbers are wanted at the scale of the record: the committed one against `mine`.
bool compares_records(const std::string& command) {
  return command.starts_with("flowcheck diff");
}

}  // namespace

TEST_CASE("The commands of the README end as they should", "[cli][exact]") {
  const ScratchFolder folder;
  for (const char* shown : {"data", "examples", "results"}) {
    std::filesystem::copy(std::string(FLOWCHECK_SOURCE) + "/" + shown, folder / shown,
                          std::filesystem::copy_options::recursive);
  }
  const auto commands = shown_commands(read_file(FLOWCHECK_SOURCE "/README.md"));
  CHECK(commands.size() >= 14);
  for (const std::string& command : commands) {
    if (compares_records(command)) continue;
    CAPTURE(command);
    std::vector<std::string> words = words_of(made_small(command));
    words.front() = FLOWCHECK_PROGRAM;
    const ProgramOutcome outcome = call_program(words, {.folder = folder.path()});
    CAPTURE(outcome.errors);
    CHECK(outcome.exit_code == 0);
    CHECK_FALSE(outcome.output.empty());
  }
}

}  // namespace flowcheck::readme_test
