#include "commands.hpp"
#include "interruption.hpp"
#include "measures/measure_file.hpp"
#include "report/atomic_file.hpp"
#include "report/experiment_folder.hpp"
#include "report/figure.hpp"
#include "report/progress.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <optional>

namespace flowcheck {
namespace {

// Measures and writes one experiment; nothing where it was interrupted. A measurement that is not a
// number ends it, and what an earlier run wrote stays.
std::optional<Verdict> run_one(const ExperimentCall& call, const CommandLine& line) {
  const Experiment& experiment = *call.experiment;
  Progress progress(std::cerr, progress_style(line.quiet), experiment.name);
  const RunContext context{.seed = line.seed,
                           .scale = line.scale,
                           .progress = [&progress](double fraction) { progress.report(fraction); },
                           .stop = &interrupted()};
  try {
    std::optional<RunRecord> measured;
    if (!ends_in_time([&] { measured = call.prepared.run(context); })) {
      progress.end();
      leave(exit_interrupted);
    }
    if (interrupted()) return std::nullopt;
    const RunRecord& record = *measured;
    if (record.verdict() == Verdict::numerical_failure) {
      throw std::runtime_error("a measured value is not a number");
    }
    progress.report(1.0, "drawing");
    const Manifest manifest =
        write_experiment_folder(line.out, experiment, call.prepared, context, record);
    const auto voted = std::count_if(record.rows().begin(), record.rows().end(),
                                     [](const Row& row) { return !row.verdict.empty(); });
    print(fmt::format("{}/{}: {} rows, {} voted: {}\n", line.out, experiment.name,
                      record.rows().size(), voted, to_string(manifest.verdict)));
    return manifest.verdict;
  } catch (const InputError&) {
    throw;
  } catch (const OutputError&) {
    throw;
  } catch (const std::invalid_argument& error) {
    if (call.changed) throw UsageError(fmt::format("{}: {}", experiment.name, error.what()));
    fmt::print(stderr, "flowcheck: {}: {}\n", experiment.name, error.what());
  } catch (const std::exception& error) {
    fmt::print(stderr, "flowcheck: {}: {}\n", experiment.name, error.what());
  }
  return Verdict::numerical_failure;
}

}  // namespace

int run_command(const CommandLine& line) {
  require_figure_programs();
  require_writable_folder(line.out);
  std::vector<Verdict> verdicts;
  for (const ExperimentCall& call : line.calls) {
    const std::optional<Verdict> verdict = run_one(call, line);
    if (!verdict || interrupted()) return exit_interrupted;
    verdicts.push_back(*verdict);
  }
  const auto any = [&verdicts](Verdict verdict) {
    return std::find(verdicts.begin(), verdicts.end(), verdict) != verdicts.end();
  };
  if (any(Verdict::numerical_failure)) return exit_numerical_failure;
  return any(Verdict::violated) ? 1 : 0;
}

}  // namespace flowcheck
