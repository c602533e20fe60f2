#include "commands.hpp"
#include "names.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <set>

namespace flowcheck {
namespace {

using Json = nlohmann::ordered_json;

std::vector<std::string> papers_of(const std::vector<Claim>& claims) {
  std::set<std::string> papers;
  for (const Claim& claim : claims) papers.insert(paper_of(claim.id));
  return {papers.begin(), papers.end()};
}

// What the call asks for, out of everything there is.
struct Selected {
  std::vector<Claim> claims = {};
  std::vector<Experiment> experiments = {};
};

Selected select(const CommandLine& line, const Registry& registry) {
  const std::string paper = line.paper.empty() ? "" : paper_of(line.paper);
  const std::vector<std::string> papers = papers_of(registry.claims);
  if (!paper.empty() && std::find(papers.begin(), papers.end(), paper) == papers.end()) {
    throw UsageError(
        fmt::format("--paper {}: no claim is of it{}", line.paper, did_you_mean(paper, papers)));
  }
  const auto wanted = [&](const std::string& id) { return paper.empty() || paper_of(id) == paper; };
  Selected result;
  for (const Claim& claim : registry.claims) {
    if (line.kind != "experiments" && wanted(claim.id)) result.claims.push_back(claim);
  }
  for (const Experiment& experiment : registry.experiments) {
    const auto& ids = experiment.claims;
    if (line.kind != "claims" && (paper.empty() || std::any_of(ids.begin(), ids.end(), wanted))) {
      result.experiments.push_back(experiment);
    }
  }
  return result;
}

std::string_view cost_of(const Claim& claim) {
  return claim.costly ? "costly" : "cheap";
}

std::string table(const Selected& selection) {
  std::string text;
  for (const Claim& claim : selection.claims) {
    text += fmt::format("{:<8} {:<8} {:<12} {}\n", claim.id, to_string(claim.provenance),
                        to_string(claim.grade), claim.statement);
  }
  if (!selection.claims.empty() && !selection.experiments.empty()) text += "\n";
  for (const Experiment& experiment : selection.experiments) {
    text += fmt::format("{:<18} {}\n", experiment.name, experiment.question);
  }
  return text;
}

std::string json(const Selected& selection) {
  Json result = {{"schema", "flowcheck.list/1"}};
  result["claims"] = Json::array();
  for (const Claim& claim : selection.claims) {
    result["claims"].push_back({{"id", claim.id},
                                {"paper", paper_of(claim.id)},
                                {"statement", claim.statement},
                                {"source", claim.source},
                                {"provenance", to_string(claim.provenance)},
                                {"grade", to_string(claim.grade)},
                                {"cost", cost_of(claim)},
                                {"file", claim.file}});
  }
  result["experiments"] = Json::array();
  for (const Experiment& experiment : selection.experiments) {
    result["experiments"].push_back({{"name", experiment.name},
                                     {"question", experiment.question},
                                     {"claims", experiment.claims}});
  }
  return result.dump(1) + "\n";
}

std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\' || c == '$') result += '\\';
    result += c;
  }
  return result + '"';
}

// Each claim writes into a folder of its own, so that ctest may run them side by side.
std::string ctest(const Selected& selection, const CommandLine& line) {
  const std::string program = std::filesystem::read_symlink("/proc/self/exe").string();
  const std::filesystem::path out = std::filesystem::absolute(line.out);
  std::string text = "# Written by flowcheck list --format ctest.\n";
  for (const Claim& claim : selection.claims) {
    const std::string id = quoted(claim.id);
    text += fmt::format(
        "add_test({0} {1} \"check\" {0} \"--strict\" \"--scale\" \"{2}\" \"--seed\" \"{3}\" "
        "\"--out\" {4})\n"
        "set_tests_properties({0} PROPERTIES LABELS \"claim;{5};{6};{7}\")\n",
        id, quoted(program), to_string(line.scale), line.seed, quoted((out / claim.id).string()),
        paper_of(claim.id), to_string(claim.grade), cost_of(claim));
  }
  return text;
}

}  // namespace

int list_command(const CommandLine& line, const Registry& registry) {
  const Selected selection = select(line, registry);
  if (line.format == "json") {
    print(json(selection));
  } else if (line.format == "ctest") {
    print(ctest(selection, line));
  } else {
    print(table(selection));
  }
  return 0;
}

}  // namespace flowcheck
