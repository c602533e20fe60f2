#pragma once

#include "report/verdict_file.hpp"

#include <string>

namespace flowcheck {

/// A line a claim, their counts, and after them why a claim does not hold, or what of a target was
/// not checked.
std::string verdict_table(const VerdictFile& file);

/// ": " and why a claim has its verdict, or "" where that needs no reason.
std::string told_reason(const ClaimResult& result);

}  // namespace flowcheck
