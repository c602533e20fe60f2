#include "commands.hpp"
#include "measures/input_file.hpp"
#include "names.hpp"
#include "report/manifest.hpp"
#include "report/results_folder.hpp"
#include "verdict_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

namespace flowcheck {
namespace {

std::string entries(std::string_view title, const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    text += fmt::format("{:<13}{}\n", text.empty() ? title : "", name);
  }
  return text;
}

std::vector<std::string> names_of(const std::vector<Instance>& instances) {
  std::vector<std::string> names;
  names.reserve(instances.size());
  for (const Instance& instance : instances) names.push_back(instance.name);
  return names;
}

std::string last_verdict(const std::string& out, const std::string& id) {
  const std::optional<VerdictFile> file = read_verdicts(out);
  if (!file) return fmt::format("none in {}", out);
  const auto found =
      std::find_if(file->claims.begin(), file->claims.end(),
                   [&id](const ClaimResult& result) { return result.claim.id == id; });
  if (found == file->claims.end()) return fmt::format("none in {}", out);
  std::string target = file->run.target.empty() ? "" : ", target " + file->run.target;
  for (const auto& [constant, value] : file->constants) {
    if (constant == "start_floor" && paper_of(id) == "jko") {
      target += fmt::format(", start_floor {:g}", value.value);
    }
  }
  return fmt::format("{}{} ({}, tightness {:.6g}; scale {}, seed {}{})", to_string(found->verdict),
                     told_reason(*found), to_string(found->grade()), found->tightness(),
                     to_string(file->run.scale), file->run.seed, target);
}

std::string describe(const Claim& claim, const std::string& out) {
  return fmt::format("{}  {}\n", claim.id, claim.statement) + entries("if", claim.hypotheses) +
         fmt::format("{:<13}{} ({})\n", "source", claim.source, to_string(claim.provenance)) +
         fmt::format("{:<13}{}\n", "scope", claim.scope) +
         entries("instances", names_of(claim.instances)) + entries("tight", names_of(claim.tight)) +
         entries("controls", names_of(claim.controls)) +
         fmt::format("{:<13}{}\n", "your measure",
                     claim.on_target ? "check --target" : "no way to check it there") +
         fmt::format("{:<13}{}\n", "last verdict", last_verdict(out, claim.id)) +
         fmt::format("{:<13}{}\n", "file", claim.file);
}

std::string last_run(const std::string& out, const std::string& name) {
  const std::string path = out + "/" + name + "/manifest.json";
  if (!std::filesystem::exists(path)) return fmt::format("none in {}", out);
  const Manifest manifest = parse_manifest(read_text_file(path, InputLimits().file_bytes), path);
  return fmt::format("{} (scale {}, seed {})", to_string(manifest.verdict),
                     to_string(manifest.scale), manifest.seed);
}

std::string describe(const Experiment& experiment, Scale scale, const std::string& out) {
  std::vector<std::string> options;
  for (const auto& [name, value] : settings_of(experiment.prepare(scale).options)) {
    options.push_back(fmt::format("--{} {}", name, value));
  }
  return fmt::format("{}  {}\n", experiment.name, experiment.question) +
         entries("claims", experiment.claims) + entries("options", options) +
         fmt::format("{:<13}{}\n", "last verdict", last_run(out, experiment.name));
}

}  // namespace

int show_command(const CommandLine& line, const Registry& registry) {
  const std::string& name = line.names.front();
  std::vector<std::string> known;
  for (const Claim& claim : registry.claims) {
    known.push_back(claim.id);
    if (claim.id != name) continue;
    print(describe(claim, line.out));
    return 0;
  }
  for (const Experiment& experiment : registry.experiments) {
    known.push_back(experiment.name);
    if (experiment.name != name) continue;
    print(describe(experiment, line.scale, line.out));
    return 0;
  }
  throw UsageError(
      fmt::format("unknown claim or experiment {}{}", name, did_you_mean(name, known)));
}

}  // namespace flowcheck
