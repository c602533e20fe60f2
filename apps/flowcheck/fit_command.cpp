#include "commands.hpp"
#include "fit_data.hpp"
#include "fit_record.hpp"
#include "interruption.hpp"
#include "learning/model_file.hpp"
#include "measures/npy.hpp"
#include "report/atomic_file.hpp"
#include "report/folder_lock.hpp"
#include "report/progress.hpp"
#include "report/run_info.hpp"
#include "unfinished_fit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <stdexcept>
#include <system_error>

namespace flowcheck {
namespace {

constexpr double share_of_training = 0.8;  // of the progress bar

void tell_data(const CommandLine& line, const FitData& data) {
  if (!line.quiet) {
    fmt::print(stderr, "{}: {} rows to train, {} to validate, {} to test, dimension {}\n",
               line.first, data.split.train.cols(), data.split.validation.cols(),
               data.split.test.cols(), data.split.train.rows());
    for (const std::string& note : data.notes) fmt::print(stderr, "{}: {}\n", line.first, note);
  }
  for (const std::string& warning : data.warnings) {
    fmt::print(stderr, "{}: warning: {}\n", line.first, warning);
  }
}

// In the plane a network sees waves of the point beside it; above, there are too many. Few rows are
// told apart by waves one by one, and what is best for their likelihood is asked of that itself,
// where it costs little beside the training.
FitOptions options_for(const CommandLine& line, const DataSplit& split) {
  constexpr Index plane_frequencies = 64;
  constexpr Index rows_for_waves = 10'000;
  constexpr Index most_tangents = 4000;
  const Index d = split.train.rows();
  FitOptions options = line.fit;
  if (options.frequencies < 0) {
    options.frequencies = d == 2 && split.train.cols() >= rows_for_waves ? plane_frequencies : 0;
  }
  if (split.validation.cols() * (d + 1) <= most_tangents) {
    options.selection = Selection::nll;
  }
  return options;
}

FitResult train(const CommandLine& line,
                const FitData& data,
                UnfinishedFit& unfinished,
                Progress& progress) {
  const auto start = std::chrono::steady_clock::now();
  const auto seconds = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  return fit_model(data.split, line.fit, {},
                   {.progress = [&](double done) { progress.report(share_of_training * done); },
                    .stop = &interrupted(),
                    .seconds = seconds,
                    .time_limit = line.time_limit,
                    .checkpoint = [&](const FitState& state) { unfinished.save(state); }},
                   unfinished.state());
}

void tell_begun(const CommandLine& line, const FitState& state) {
  if (line.quiet || state.blocks.empty()) return;
  const std::string trained = fmt::format("blocks trained: {}", state.networks.size());
  const std::string rest =
      state.in_training() ? fmt::format(", iterations of the next: {}", state.training.iteration)
                          : std::string();
  fmt::print(stderr, "{}/unfinished: goes on ({}{})\n", line.out, trained, rest);
}

void tell_early_end(const CommandLine& line, const FitResult& fit) {
  const auto late = std::ranges::count_if(fit.blocks, &BlockFit::out_of_time);
  if (line.quiet || late == 0) return;
  fmt::print(stderr, "fit: the time for training ended {} of {} blocks early\n", late,
             fit.blocks.size());
}

void tell_not_finite(const FitResult& fit) {
  const auto left = std::ranges::count_if(fit.blocks, &BlockFit::not_finite);
  if (left == 0) return;
  fmt::print(stderr,
             "fit: warning: the training of {} of {} blocks left the finite numbers and ended with "
             "its best parameters; try a smaller --learning-rate\n",
             left, fit.blocks.size());
}

// No movement at all was as good on the validation rows as all that training began from or found:
// for want of rows, where the training itself went on well, or of training.
void tell_untrained(const FitResult& fit) {
  const auto untrained = std::ranges::count_if(fit.blocks, &BlockFit::untrained);
  if (untrained == 0) return;
  const auto overfitted = std::ranges::count_if(fit.blocks, &BlockFit::overfitted);
  const char* advice = overfitted > 0
                           ? "the training rows alone were learned; give more rows, or a smaller "
                             "network by --hidden and --frequencies"
                           : "try a smaller --learning-rate or more --iterations";
  fmt::print(stderr, "fit: warning: training improved nothing in {} of {} blocks; {}\n", untrained,
             fit.blocks.size(), advice);
}

// The Gaussian of the rows' moments is where training starts from.
void tell_worse(const ModelEvaluation& evaluation) {
  const Estimate& difference = evaluation.nll_difference;
  if (!(difference.lower > 0.0)) return;
  fmt::print(
      stderr,
      "fit: warning: on the test rows the model is worse than the fitted Gaussian, by {:.3g} "
      "[{:.3g}, {:.3g}] nats: it overfits, or is not trained enough\n",
      difference.value, difference.lower, difference.upper);
}

// A fit with other settings takes the place of what an earlier one left, as a run's results do.
void tell_replaced(const CommandLine& line) {
  const std::string file = line.out + "/fit.json";
  std::error_code ignored;
  if (line.quiet || !std::filesystem::exists(file, ignored)) return;
  const std::string what = difference_from_record(file, line);
  if (!what.empty()) fmt::print(stderr, "{}: an earlier fit will be replaced ({})\n", file, what);
}

int leave_unfinished(const CommandLine& line) {
  if (!line.quiet) {
    fmt::print(stderr, "fit: interrupted; the same command goes on from {}/unfinished\n", line.out);
  }
  return exit_interrupted;
}

std::string told(const char* name, const Estimate& estimate) {
  if (estimate.is_nan()) return "";
  return fmt::format("{} {} [{}, {}] {}\n", name, estimate.value, estimate.lower, estimate.upper,
                     to_string(estimate.grade));
}

// What an earlier fit left, what vouches for the rest first: a program that ends in between leaves
// no model, rather than one of two fits' blocks.
void remove_fit(const std::string& folder) {
  const auto block = [&](int n) { return fmt::format("{}/model/block_{}", folder, n); };
  remove_path(folder + "/fit.json");
  remove_path(folder + "/model/model.json");
  std::error_code ignored;
  for (int n = 1; std::filesystem::exists(block(n), ignored); ++n) remove_path(block(n));
}

// Each file whole or not at all; fit.json, which vouches for the others, is the last.
void write_fit(const CommandLine& line,
               const FitData& data,
               const FitResult& fit,
               const ModelEvaluation& evaluation) {
  remove_fit(line.out);
  for (const NamedBytes& file : model_files(fit.model)) {
    write_file(line.out + "/model/" + file.name, file.bytes);
  }
  write_file(line.out + "/samples.npy", npy_bytes(evaluation.samples));
  write_file(line.out + "/test.npy", npy_bytes(data.split.test));
  write_file(line.out + "/runinfo.json", run_info_json());
  write_file(line.out + "/fit.json", fit_record_json(line, data, fit, evaluation));
}

}  // namespace

int fit_command(const CommandLine& given) {
  require_writable_folder(given.out);
  const FitData data = read_fit_data(given);
  CommandLine line = given;
  line.fit = options_for(given, data.split);
  tell_data(line, data);
  // Two fits would take each other's place.
  const FolderLock lock(line.out, [] { return false; });
  UnfinishedFit unfinished(line, data);
  tell_begun(line, unfinished.state());
  tell_replaced(line);
  Progress progress(std::cerr, progress_style(line.quiet), "fit");
  FitResult fit = train(line, data, unfinished, progress);
  if (fit.termination == Termination::not_finite) {
    unfinished.remove();
    throw std::runtime_error(
        "fit: no loss on the validation rows is finite; try another --scaling or a smaller "
        "--learning-rate");
  }
  if (interrupted()) return leave_unfinished(line);
  tell_early_end(line, fit);
  tell_not_finite(fit);
  tell_untrained(fit);
  fit.model.columns = data.columns;
  const ModelEvaluation evaluation = evaluate_model(
      fit.model, data.split, data.law, {.seed = line.seed},
      [&progress](double done) {
        progress.report(share_of_training + (1.0 - share_of_training) * done);
      },
      &interrupted());
  if (interrupted()) return leave_unfinished(line);
  if (!std::isfinite(evaluation.test_nll.value) || !evaluation.samples.allFinite()) {
    unfinished.remove();
    throw std::runtime_error("fit: the model's density or a sample of it is not finite");
  }
  progress.report(1.0);
  tell_worse(evaluation);
  write_fit(line, data, fit, evaluation);
  unfinished.remove();
  print(told("test_nll", evaluation.test_nll) + told("gaussian_nll", evaluation.gaussian_nll) +
        told("nll_difference", evaluation.nll_difference) +
        told("entropy_gap", evaluation.entropy_gap) + told("mmd", evaluation.mmd.unbiased));
  return 0;
}

}  // namespace flowcheck
