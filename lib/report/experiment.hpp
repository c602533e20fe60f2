#pragma once

#include "claims/claim.hpp"
#include "report/run_record.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <variant>
#include <vector>

namespace flowcheck {

/// One setting of an experiment, as the command line and the manifest see it: a flag that writes
/// into a field of the experiment's own Settings struct, whose present value is the default.
struct Option {
  std::string flag;  ///< "--step-size"
  std::string help;
  std::variant<int*, double*, std::vector<int>*, std::vector<double>*> value;
};

/// What a run is given from outside its settings.
struct RunContext {
  std::uint64_t seed = 1;
  Scale scale = Scale::quick;
  std::function<void(double fraction)> progress = [](double) {};
  const std::atomic<bool>* stop =
      nullptr;  ///< becomes true: return early, what is returned is thrown away
};

/// An experiment with its settings filled in for a scale; options may still be changed before
/// run().
struct PreparedRun {
  std::vector<Option> options = {};
  std::function<RunRecord(const RunContext&)> run = {};
};

/// A question, answered by a program that measures and a figure drawn from data.csv alone.
///
/// The usual shape of prepare: settings in a shared struct, options that point into it, a pure run.
///
///   .prepare = [](Scale scale) {
///     auto settings = std::make_shared<Settings>(settings_for(scale));
///     return PreparedRun{.options = {{"--steps", "number of steps", &settings->steps}},
///                        .run = [settings](const RunContext& context) { return run(*settings,
///                        context); }};
///   }
struct Experiment {
  std::string name;  ///< also the folder in results/ and the program's name
  std::string question;
  std::vector<std::string> claims = {};  ///< ids it illustrates
  std::function<PreparedRun(Scale)> prepare = {};
  /// gnuplot commands that draw the figure from 'data.csv' (read as comma separated with a header
  /// line by the preamble put before it, which also sets terminal, output, fonts and line styles).
  std::string figure = {};
  double relative_tolerance = 1e-9;  ///< of its numbers across machines, for `flowcheck diff`
  double absolute_tolerance = 1e-12;
};

}  // namespace flowcheck
