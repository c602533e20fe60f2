#include "check_request.hpp"
#include "claims/check.hpp"
#include "commands.hpp"
#include "interruption.hpp"
#include "report/atomic_file.hpp"
#include "report/folder_lock.hpp"
#include "report/junit.hpp"
#include "report/progress.hpp"
#include "report/results_folder.hpp"
#include "verdict_table.hpp"

#include <fmt/format.h>

#include <chrono>
#include <iostream>
#include <map>
#include <mutex>
#include <optional>

namespace flowcheck {
namespace {

// Claims in the order in which they finish, on whatever threads.
class FinishedClaims {
 public:
  // How many there are with this one.
  std::size_t add(const ClaimResult& result) {
    const std::lock_guard lock(mutex_);
    results_.insert_or_assign(result.claim.id, result);
    return results_.size();
  }

  // Those that were asked for and have finished, in the order in which they were asked for.
  std::vector<ClaimResult> of(const std::vector<Claim>& claims) const {
    const std::lock_guard lock(mutex_);
    std::vector<ClaimResult> results;
    for (const Claim& claim : claims) {
      const auto result = results_.find(claim.id);
      if (result != results_.end()) results.push_back(result->second);
    }
    return results;
  }

  // Ids of those that were asked for and have not finished.
  std::vector<std::string> open_of(const std::vector<Claim>& claims) const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> ids;
    for (const Claim& claim : claims) {
      if (!results_.contains(claim.id)) ids.push_back(claim.id);
    }
    return ids;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, ClaimResult> results_;
};

bool keeps_record(const CommandLine& line) {
  return line.out_given || (line.target.empty() && line.replay.empty());
}

void require_writable(const CommandLine& line) {
  if (keeps_record(line)) require_writable_folder(line.out);
  for (const std::string& file : {line.json, line.junit}) {
    if (!file.empty() && file != "-") require_writable_file(file);
  }
}

// verdicts.json of OUT before this run; a file that is not ours is no reason to throw work away.
VerdictFile merged_with_previous(const CommandLine& line, const VerdictFile& fresh) {
  const std::optional<VerdictFile> previous = read_verdicts(line.out);
  if (!previous) return fresh;
  if (!(previous->run == fresh.run) && !line.quiet) {
    fmt::print(stderr, "{}/verdicts.json: was of other settings, starts afresh\n", line.out);
  }
  return merged(*previous, fresh);
}

// Waits for a run that writes its record, says so where that takes long, and gives up a second
// after a signal.
struct PatientWaiting {
  using Clock = std::chrono::steady_clock;

  std::string folder;
  Clock::time_point begin = Clock::now();
  std::optional<Clock::time_point> signal = {};
  bool told = false;

  bool operator()() {
    const Clock::time_point now = Clock::now();
    if (!told && now - begin > std::chrono::seconds(1)) {
      fmt::print(stderr, "{}: another run is at work there; waiting for it\n", folder);
      told = true;
    }
    if (interrupted() && !signal) signal = now;
    return !signal || now - *signal < std::chrono::seconds(1);
  }
};

void write_results(const CommandLine& line, const VerdictFile& fresh) {
  if (!line.junit.empty())
    write_file(line.junit, junit_xml(fresh.claims, fresh.unfinished, line.strict));
  const bool to_standard_output = line.json == "-";
  if (!line.json.empty() && !to_standard_output) write_file(line.json, verdicts_json(fresh));
  const bool nothing_finished =
      fresh.claims.empty();  // interrupted early: the record stays as it is
  if (keeps_record(line) && !nothing_finished) {
    // No other run's claims are lost between reading and writing.
    const FolderLock lock(line.out, PatientWaiting{.folder = line.out});
    write_file(line.out + "/verdicts.json", verdicts_json(merged_with_previous(line, fresh)));
  }
  if (to_standard_output) {
    print(verdicts_json(fresh));
    fmt::print(stderr, "{}", verdict_table(fresh));
  } else {
    print(verdict_table(fresh));
  }
}

}  // namespace

int check_command(const CommandLine& line, const Registry& registry) {
  CheckRequest request = check_request(line, registry.claims);
  require_writable(line);
  if (keeps_record(line)) read_verdicts(line.out);  // a broken one is said now, not after the work
  if (line.fresh_seed && !line.quiet) fmt::print(stderr, "seed {}\n", request.settings.seed);

  FinishedClaims finished;
  Progress progress(std::cerr, progress_style(line.quiet), "check");
  const double count = static_cast<double>(request.claims.size());
  request.options.on_finished = [&](const ClaimResult& result) {
    const auto done = static_cast<double>(finished.add(result));
    progress.report(done / count, fmt::format("{} {}", result.claim.id, to_string(result.verdict)));
  };
  const bool ended = ends_in_time(
      [&] { static_cast<void>(check_all(request.claims, registry.claims, request.options)); });
  progress.end();
  const auto conclude = [&] {
    const std::vector<ClaimResult> results = finished.of(request.claims);
    write_results(line, {.run = request.settings,
                         .constants = request.constants,
                         .claims = results,
                         .unfinished = finished.open_of(request.claims)});
    return interrupted() ? exit_interrupted : exit_code(results, line.strict);
  };
  if (!ended) leave(exit_code_of(conclude));
  return conclude();
}

}  // namespace flowcheck
