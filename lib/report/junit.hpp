#pragma once

#include "claims/check.hpp"

#include <string>
#include <vector>

namespace flowcheck {

/// Verdicts as JUnit XML, one test case a claim: violated and powerless are failures, as is
/// inconclusive where `strict`; a numerical failure is an error; the rest that does not hold is
/// skipped with its reason. A claim that an interruption left unfinished is an error.
std::string junit_xml(const std::vector<ClaimResult>& results,
                      const std::vector<std::string>& unfinished,
                      bool strict);

}  // namespace flowcheck
