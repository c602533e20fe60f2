#pragma once

#include "claims/claim.hpp"
#include "claims/verdict.hpp"
#include "report/experiment.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace flowcheck {

/// What manifest.json of an experiment's folder says, schema flowcheck.manifest/1: all that it
/// takes to run it again and to judge a second run.
struct Manifest {
  std::string experiment = {};
  std::string question = {};
  std::vector<std::string> claims = {};
  std::string version = {};
  std::uint64_t seed = 1;
  Scale scale = Scale::quick;
  std::string command = {};  ///< the call that repeats it
  /// Every setting with its value, defaults included: name, JSON text ("0.5", "[1,2]").
  std::vector<std::pair<std::string, std::string>> settings = {};
  Verdict verdict = Verdict::not_applicable;
  double relative_tolerance = 0.0;
  double absolute_tolerance = 0.0;
  std::vector<std::pair<std::string, std::string>> files = {};  ///< name, sha256
};

/// Name ("step-size") and value of each option as it stands now.
std::vector<std::pair<std::string, std::string>> settings_of(const std::vector<Option>& options);

std::string manifest_json(const Manifest& manifest);

/// @param name  stands for the file in messages
/// @throws InputError  not such a file
Manifest parse_manifest(std::string_view text, const std::string& name);

}  // namespace flowcheck
