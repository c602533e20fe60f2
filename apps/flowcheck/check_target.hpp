#pragma once

#include "claims/check.hpp"
#include "command_line.hpp"
#include "report/verdict_file.hpp"

#include <exception>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace flowcheck {

// The papers by the prefix of their claims' ids.
inline constexpr const char* steps_paper = "jko";
inline constexpr const char* flows_paper = "gif";
inline constexpr const char* blocks_paper = "lfm";

/// Why none of a paper's claims takes a measure; as a claim's on_target it says so.
struct Unfit {
  std::string why;
  std::exception_ptr cause;
  bool is_failure = false;  ///< of ours, not a hypothesis of theirs

  Outcome operator()(const Target&) const;
};

struct ReadTarget {
  Target target;
  std::vector<TargetConstant> constants = {};
  std::map<std::string, Unfit> unfit;  ///< by paper
};

/// The measure of --target, with its reference, steps and the floor under a start on the plane, and
/// which of `papers` do not take it; what was read is told on standard error.
/// @throws InputError, UsageError, NotApplicable  the file is broken, or outside of what the claims
///         are computed for; the latter only where no other paper was asked for
ReadTarget read_target(const CommandLine& line, const std::set<std::string>& papers);

/// The options by which points were treated, as they are written on a command line.
std::string treatment_words(const DataTreatment& treatment);

}  // namespace flowcheck
