#pragma once

#include "command_line.hpp"
#include "learning/data_split.hpp"
#include "learning/model_evaluation.hpp"
#include "measures/data_treatment.hpp"

#include <string>
#include <vector>

namespace flowcheck {

/// What `fit` works on, and what should be known of it.
struct FitData {
  DataSplit split = {};
  std::vector<std::string> columns = {};
  KnownLaw law = {};  ///< that was drawn from
  std::vector<std::string> notes = {};
  std::vector<std::string> warnings = {};
};

/// What a JSON file of points asks for itself; nothing where the file is of another kind.
/// @throws InputError  as read_measure()
DataTreatment own_treatment(const std::string& path);

/// The rows of a file, or draws from the law that it describes, in three parts.
/// @throws InputError  what read_measure() refuses, weights, rows that the file itself
/// standardises,
///                     too few rows for the dimension, a constant column
/// @throws UsageError  a treatment of rows where there are none
FitData read_fit_data(const CommandLine& line);

}  // namespace flowcheck
