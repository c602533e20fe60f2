#include "check_request.hpp"

#include "check_target.hpp"
#include "commands.hpp"
#include "interruption.hpp"
#include "measures/measure_file.hpp"
#include "names.hpp"
#include "report/run_info.hpp"
#include "report/sha256.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <random>
#include <set>
#include <utility>

namespace flowcheck {
namespace {

std::uint64_t unseen_seed() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

std::string digest_of(const std::string& measure) {
  return sha256(read_text_file(measure, InputLimits().file_bytes));
}

// ID:INSTANCE:SEED; the instance may hold colons of its own.
std::pair<Claim, Replay> read_replay(const std::string& text, const std::vector<Claim>& claims) {
  const std::size_t first = text.find(':');
  const std::size_t last = text.rfind(':');
  std::uint64_t seed = 0;
  const char* end = text.data() + text.size();
  if (first == std::string::npos || first == last ||
      std::from_chars(text.data() + last + 1, end, seed) !=
          std::from_chars_result{end, std::errc{}}) {
    throw UsageError(fmt::format("--replay {}: expected ID:INSTANCE:SEED", text));
  }
  const Claim claim = find_claim(claims, text.substr(0, first));
  const std::string instance = text.substr(first + 1, last - first - 1);
  std::vector<std::string> known;
  for (const auto* family : {&claim.instances, &claim.tight, &claim.controls}) {
    for (const Instance& member : *family) known.push_back(member.name);
  }
  if (std::find(known.begin(), known.end(), instance) == known.end()) {
    throw UsageError(fmt::format("--replay: {} has no instance \"{}\"{}", claim.id, instance,
                                 did_you_mean(instance, known)));
  }
  return {claim, {.instance = instance, .draw_seed = seed}};
}

// Once, of many components: which of the claims asked for will take long, and why.
void tell_what_takes_long(const std::string& path,
                          const Measure& measure,
                          const std::vector<Claim>& claims) {
  constexpr Index many = 5'000;
  const auto* points = std::get_if<PointCloud>(&measure);
  const auto* mixture = std::get_if<GaussianMixture>(&measure);
  const Index count = points != nullptr    ? points->points().cols()
                      : mixture != nullptr ? mixture->size()
                                           : 1;
  std::vector<std::string> slow;
  for (const Claim& claim : claims) {
    if (claim.id == "GIF-04" || claim.id == "GIF-08" || claim.id == "GIF-20") {
      slow.push_back(claim.id);
    }
  }
  if (count < many || dimension(measure) > 2 || slow.empty()) return;
  fmt::print(stderr,
             "{}: {} components: {} sum over all of them at every node, step or cell, and may take "
             "minutes\n",
             path, count, fmt::join(slow, ", "));
}

}  // namespace

CheckRequest check_request(const CommandLine& line, const std::vector<Claim>& claims) {
  CheckRequest request;
  CheckOptions& options = request.options;
  options = {.seed = line.fresh_seed ? unseen_seed() : line.seed,
             .scale = line.scale,
             .least_grade = line.least_grade,
             .stop = &interrupted()};
  request.settings = {.version = version(),
                      .seed = options.seed,
                      .scale = line.scale,
                      .least_grade = line.least_grade,
                      .replay = line.replay};
  if (!line.replay.empty()) {
    const auto [claim, replay] = read_replay(line.replay, claims);
    request.claims = {claim};
    options.replay = replay;
    return request;
  }
  request.claims = select_claims(claims, line.names);
  if (line.target.empty() && !line.treatment.asks_for_nothing()) {
    throw UsageError(treatment_words(line.treatment) + ": only with --target");
  }
  if (!line.target.empty()) {
    std::set<std::string> papers;
    for (const Claim& claim : request.claims) papers.insert(paper_of(claim.id));
    if (!line.schedule.empty() && !papers.contains(flows_paper)) {
      throw UsageError("--schedule: none of the claims asked for is of interpolation flows");
    }
    if (line.step_given && !papers.contains(steps_paper) && !papers.contains(blocks_paper)) {
      throw UsageError("--gamma, --epsilon: none of the claims asked for takes steps");
    }
    if (!line.reference.empty() && !papers.contains(steps_paper)) {
      throw UsageError("--reference: none of the claims asked for is of JKO steps");
    }
    ReadTarget read = read_target(line, papers);
    options.target = std::move(read.target);
    request.constants = std::move(read.constants);
    if (!line.quiet) tell_what_takes_long(line.target, options.target->start, request.claims);
    for (Claim& claim : request.claims) {
      const auto why = read.unfit.find(paper_of(claim.id));
      if (why != read.unfit.end()) claim.on_target = why->second;
      // A flow takes no steps: there is no ε that its check could be told to lack.
      if (paper_of(claim.id) == flows_paper) claim.without_error = false;
    }
    request.settings.target = line.target;
    request.settings.treatment = treatment_words(line.treatment);
    request.settings.target_sha256 = digest_of(line.target);
    request.settings.reference = line.reference;
    if (!line.reference.empty()) request.settings.reference_sha256 = digest_of(line.reference);
    request.settings.step_size = line.step_size;
    request.settings.error = line.error;
    request.settings.schedule = line.schedule;
  }
  return request;
}

}  // namespace flowcheck
