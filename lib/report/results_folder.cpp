#include "report/results_folder.hpp"

#include "measures/measure_file.hpp"
#include "report/sha256.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

namespace flowcheck {
namespace {

namespace fs = std::filesystem;
constexpr std::uintmax_t largest_file = std::uintmax_t{1} << 30;

// Figures may be redrawn by hand; the numbers are what a manifest's verdict and tolerances are of.
void require_vouched_for(const Manifest& manifest, const fs::path& folder) {
  const std::string data = (folder / "data.csv").string();
  const std::pair<std::string, std::string> expected = {"data.csv",
                                                        sha256(read_text_file(data, largest_file))};
  const auto& files = manifest.files;
  if (std::find(files.begin(), files.end(), expected) == files.end()) {
    throw InputError(data + ":1: not what its manifest.json vouches for (sha256 differs)");
  }
}

}  // namespace

std::optional<VerdictFile> read_verdicts(const std::string& folder) {
  const std::string path = (fs::path(folder) / "verdicts.json").string();
  std::error_code error;
  if (!fs::exists(path, error)) return std::nullopt;
  return parse_verdicts(read_text_file(path, largest_file), path);
}

ResultsFolder read_results_folder(const std::string& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) throw InputError(path + ": not a folder");
  ResultsFolder results{.path = path, .verdicts = read_verdicts(path)};
  std::vector<fs::path> folders;
  for (const fs::directory_entry& entry : fs::directory_iterator(path, error)) {
    if (fs::exists(entry.path() / "manifest.json", error)) folders.push_back(entry.path());
  }
  std::sort(folders.begin(), folders.end());
  for (const fs::path& folder : folders) {
    const std::string manifest = (folder / "manifest.json").string();
    results.experiments.push_back(parse_manifest(read_text_file(manifest, largest_file), manifest));
    if (results.experiments.back().experiment != folder.filename()) {
      throw InputError(fmt::format("{}:1: of experiment {}, expected {}", manifest,
                                   results.experiments.back().experiment,
                                   folder.filename().string()));
    }
    require_vouched_for(results.experiments.back(), folder);
  }
  if (!results.verdicts && results.experiments.empty()) {
    throw InputError(path + ": no results here; expected verdicts.json, or an experiment's folder");
  }
  return results;
}

}  // namespace flowcheck
