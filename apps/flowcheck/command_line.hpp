#pragma once

#include "claims/claim.hpp"
#include "distance_table.hpp"
#include "learning/data_split.hpp"
#include "learning/fit_model.hpp"
#include "measures/data_treatment.hpp"
#include "report/experiment.hpp"

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace flowcheck {

/// A call that does not make sense. what() is one line.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

enum class Command {
  nothing,  ///< help or version was asked for, and `text` answers
  list,
  show,
  check,
  run,
  report,
  diff,
  distance,
  fit,
  sample,
  logpdf,
};

/// An experiment that is to be run, its settings as the command line left them.
struct ExperimentCall {
  const Experiment* experiment = nullptr;
  PreparedRun prepared = {};
  bool changed = false;  ///< the command line sets one of its options
};

/// The command line, checked as far as that needs no file.
struct CommandLine {
  Command command = Command::nothing;
  std::string text = {};

  std::string out = "results";
  bool out_given = false;
  Scale scale = Scale::quick;
  std::uint64_t seed = 1;
  int jobs = 0;  ///< 0: one for each hardware thread
  bool quiet = false;

  bool common = false;  ///< of diff: what one of the folders lacks is not compared

  std::string kind = {};  ///< of list: claims, experiments, or both if empty; of distance: w2, ...
  std::string paper = {};
  std::string format = "table";

  std::vector<std::string> names = {};  ///< of check: ids and globs; of show: one name
  std::string target = {};
  std::string reference = {};
  double step_size = 0.5;
  double error = 0.1;
  bool step_given = false;  ///< step_size or error is not the default
  std::string schedule = {};
  std::string json = {};
  std::string junit = {};
  bool strict = false;
  Grade least_grade = Grade::sampled;
  bool fresh_seed = false;
  std::string replay = {};

  std::vector<ExperimentCall> calls = {};  ///< of run

  /// Of diff: folders; of distance: measures; of fit: the data; of sample and logpdf: a model.
  std::string first = {};
  std::string second = {};       ///< of logpdf: the data
  DataTreatment treatment = {};  ///< of every set of points that is read
  DistanceOptions distance = {};

  FitOptions fit = {};
  SplitShares split = {};
  bool restart = false;          ///< of fit: an unfinished one is dropped
  double time_limit = infinity;  ///< of fit: seconds of training
  Index count = 0;               ///< points: of fit, drawn from a law; of sample, asked for
};

/// @param words        without the program's name
/// @param experiments  outlives the result
/// @throws UsageError  unknown options, values out of range, names that do not exist
CommandLine parse_command_line(const std::vector<std::string>& words,
                               const std::vector<Experiment>& experiments);

}  // namespace flowcheck
