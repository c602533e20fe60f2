#pragma once

#include "report/results_folder.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace flowcheck {

/// How two results folders differ.
struct ResultsComparison {
  std::vector<std::string> moved = {};  ///< one line for each thing that is not as it was
  std::vector<std::string> notes = {};  ///< differences that explain, such as another version
  std::size_t numbers = 0;              ///< compared, of data.csv and of verdicts.json
};

/// Compares data.csv number by number within the tolerances of the first folder's manifest,
///
///   |a − b| ≤ absolute + relative · max(|a|, |b|),
///
/// words exactly; and verdicts.json claim by claim and check by check: verdicts exactly, both sides
/// up to the widths of their enclosures and a millionth. Where two checks show different draws,
/// their tightness is compared, or lhs − rhs where that says nothing.
///
/// @throws InputError  a file of a folder cannot be read, or the runs had different settings
/// (scale,
///                     seed, target, …), whose numbers are not comparable
ResultsComparison compare_results(const ResultsFolder& a, const ResultsFolder& b);

/// What of `folder` the other one has too: the claims and experiments of both.
ResultsFolder in_common(ResultsFolder folder, const ResultsFolder& other);

}  // namespace flowcheck
