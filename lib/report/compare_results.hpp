#pragma once

#include "report/results_folder.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace flowcheck {

/// How two results folders differ.
struct ResultsComparison {
  std::vector<std::string> moved = {};  ///< one line for each thing that is not as it was
  std::vector<std::string> notes = {};  ///< differences that explain, such as another seed
  std::size_t numbers = 0;              ///< compared, of data.csv and of verdicts.json
};

/// Compares data.csv number by number within the tolerances of the first folder's manifest,
///
///   |a − b| ≤ absolute + relative · max(|a|, |b|),
///
/// words exactly; and verdicts.json claim by claim and check by check: verdicts exactly, the
/// tightness of bounds up to what the enclosures of both sides leave open.
///
/// @throws InputError  a file of a folder cannot be read
ResultsComparison compare_results(const ResultsFolder& a, const ResultsFolder& b);

}  // namespace flowcheck
