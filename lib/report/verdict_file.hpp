#pragma once

#include "claims/check.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace flowcheck {

/// What a run of `check` was asked, as far as its verdicts depend on it.
struct CheckSettings {
  std::string version = {};
  std::uint64_t seed = 1;
  Scale scale = Scale::quick;
  Grade least_grade = Grade::sampled;
  std::string target = {};  ///< the user's files as named on the command line, or empty
  std::string reference = {};
  std::string target_sha256 = {};  ///< of what those files held
  std::string reference_sha256 = {};
  std::string treatment = {};  ///< of the target's points, as options: "--drop-missing"
  double step_size = 0.0;      ///< γ and ε, of a target
  double error = 0.0;
  std::string schedule = {};  ///< of a target's flows; empty: all
  std::string replay = {};    ///< ID:INSTANCE:SEED, or empty

  bool operator==(const CheckSettings&) const = default;
};

/// A constant of the user's measure that theorems take, by its JSON name: "kappa".
struct TargetConstant {
  std::string name;
  Estimate constant;
};

/// The content of verdicts.json, schema flowcheck.verdicts/1. Claims that were read back carry
/// their words and no families.
struct VerdictFile {
  CheckSettings run = {};
  std::vector<TargetConstant> constants = {};  ///< of a target, as far as its claims needed them
  std::vector<ClaimResult> claims = {};
  std::vector<std::string> unfinished = {};  ///< ids that were asked for, and interrupted
};

/// What `check --replay` takes to repeat the draw that is shown, by itself; "" for a target, and
/// where no draw is shown: the part was left out of all of them.
std::string replay_string(const ClaimResult& claim, const CheckResult& check);

std::string verdicts_json(const VerdictFile& file);

/// @param name  stands for the file in messages
/// @throws InputError  not such a file
VerdictFile parse_verdicts(std::string_view text, const std::string& name);

/// What verdicts.json holds after a run: fresh verdicts in place of the old ones, the other claims
/// kept, in the order of their ids; unfinished are those that neither has. Where the settings
/// differ nothing of the old is kept, for one file tells of one run.
VerdictFile merged(const VerdictFile& previous, const VerdictFile& fresh);

}  // namespace flowcheck
