#pragma once

#include "report/manifest.hpp"
#include "report/verdict_file.hpp"

#include <optional>
#include <string>
#include <vector>

namespace flowcheck {

/// What a results folder holds: verdicts.json, and a folder with a manifest for each experiment.
struct ResultsFolder {
  std::string path = {};
  std::optional<VerdictFile> verdicts = {};
  std::vector<Manifest> experiments = {};  ///< in the order of their names
};

/// @throws InputError  not a folder, nothing of ours in it, a file that cannot be read, or a
/// data.csv
///                     that is not the one of its manifest
ResultsFolder read_results_folder(const std::string& path);

/// verdicts.json of a folder, if it is there. @throws InputError  it cannot be read
std::optional<VerdictFile> read_verdicts(const std::string& folder);

}  // namespace flowcheck
