#pragma once

#include "claims/check.hpp"
#include "command_line.hpp"
#include "report/verdict_file.hpp"

#include <vector>

namespace flowcheck {

/// What is to be checked, and how: everything that a wrong command line can spoil is in here.
struct CheckRequest {
  std::vector<Claim> claims;
  CheckOptions options;
  CheckSettings settings;
  std::vector<TargetConstant> constants = {};  ///< of the target
};

/// @param claims  those that there are
/// @throws UsageError, InputError, NotApplicable  what the line asks for cannot be checked
CheckRequest check_request(const CommandLine& line, const std::vector<Claim>& claims);

}  // namespace flowcheck
