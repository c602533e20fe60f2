#pragma once

#include "claims/check.hpp"

#include <string>
#include <vector>

namespace flowcheck {

/// Verdicts as JUnit XML, one test case a claim: violated and powerless are failures, as is
/// inconclusive where `strict`; a numerical failure is an error; the rest that does not hold is
/// skipped with its reason.
std::string junit_xml(const std::vector<ClaimResult>& results, bool strict);

}  // namespace flowcheck
