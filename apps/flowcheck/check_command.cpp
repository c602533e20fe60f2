#include "claims/check.hpp"
#include "commands.hpp"
#include "distances/wasserstein.hpp"
#include "interpolation/covariance_envelope.hpp"
#include "interpolation/data_law.hpp"
#include "interruption.hpp"
#include "measures/measure_file.hpp"
#include "measures/regularity.hpp"
#include "names.hpp"
#include "proximal/jko_chain.hpp"
#include "proximal/line_jko_chain.hpp"
#include "proximal/plane_jko_chain.hpp"
#include "report/atomic_file.hpp"
#include "report/folder_lock.hpp"
#include "report/junit.hpp"
#include "report/progress.hpp"
#include "report/results_folder.hpp"
#include "report/run_info.hpp"
#include "report/sha256.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <exception>
#include <iostream>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <stdexcept>

namespace flowcheck {
namespace {

// What is to be checked, and how: everything that a wrong command line can spoil is in here.
struct Request {
  std::vector<Claim> claims;
  CheckOptions options;
  CheckSettings settings;
  std::vector<TargetConstant> constants = {};
};

std::uint64_t unseen_seed() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

Gaussian read_reference(const std::string& path) {
  MeasureFile file = read_measure(path);
  if (auto* gaussian = std::get_if<Gaussian>(&file.measure)) return std::move(*gaussian);
  throw NotApplicable(
      fmt::format("{}: {}; no claim applies, for all need a reference of \"type\": \"gaussian\"",
                  path, type_name(file.measure)));
}

// JKO steps start at Gaussians; on the line also at laws with a density or made of atoms, on the
// plane at mixtures with a density.
void require_start_of_steps(const Measure& start, const std::string& path) {
  if (std::holds_alternative<Gaussian>(start)) return;
  if (const auto* p = std::get_if<GaussianMixture>(&start); p != nullptr && p->dimension() == 2) {
    if (!p->has_density()) {
      throw InputError(fmt::format(
          "{}:1: a mixture on the plane needs a density; the covariance of a component is singular",
          path));
    }
    return;
  }
  if (dimension(start) != 1) {
    throw NotApplicable(
        fmt::format("{}: {} in dimension {}; no claim applies, for all of JKO steps need \"type\": "
                    "\"gaussian\", or dimension 1, or a mixture in dimension 2",
                    path, type_name(start), dimension(start)));
  }
  if (const auto* p = std::get_if<GaussianMixture>(&start); p != nullptr && !p->has_density()) {
    for (Index k = 0; k < p->size(); ++k) {
      if (p->weights()[k] == 0.0 || p->covariance(k)(0, 0) == 0.0) continue;
      throw NotApplicable(
          fmt::format("{}: some components are atoms; no claim applies, for all of JKO steps need "
                      "none or nothing "
                      "but atoms",
                      path));
    }
  }
}

// What double carries of a step, s being the reference's variances along its axes:
//
//   10⁻⁶ s_min ≤ γ ≤ 10⁴ s_max,    ε ≤ 10³ √v / t,
//
// with v = γs_min/(s_min + γ), t = γs_max/(s_max + γ). Two sides count as equal to 10⁻⁸. A step is
// about γ/s of the measures' size, and known to 64u of that: below 10⁻⁶ its own digits are fewer
// than those. A step of γ leaves s/γ of the start, and the claims compare squares: above 10⁴
// nothing is left of it. An error ε widens p' to εt where a step may have a deviation as small as
// √v: at a ratio of 10³ its condition number is 10⁶, and that of the longest chain, 250 steps,
// 6·10¹⁰; from 10¹⁴/d on a covariance counts as singular.
void require_in_range(const CommandLine& line, const Gaussian& reference) {
  const double least = reference.eigenvalues()(0);
  const double largest = reference.eigenvalues()(reference.dimension() - 1);
  const double gamma = line.step_size;
  const double shortest = 1e-6 * least;
  const double longest = 1e4 * largest;
  if (!(gamma >= shortest && gamma <= longest)) {
    throw UsageError(
        fmt::format("--gamma {}: expected {:.3g} to {:.3g}, which is 1e-6 of the reference's least "
                    "variance to 1e4 of its largest",
                    gamma, shortest, longest));
  }
  const double deviation = std::sqrt(gamma / (least + gamma) * least);
  const double most = 1e3 * deviation / (gamma / (largest + gamma) * largest);
  if (!(line.error <= most)) {
    throw UsageError(fmt::format(
        "--epsilon {}: expected at most {:.3g}: a step of --gamma {} towards this reference would "
        "be too wide for double",
        line.error, most, gamma));
  }
}

// Short of that range a pair of measures may still not have a step of the wanted error: tried out
// on as many steps as most claims take.
void require_steps(const CommandLine& line, const Gaussian& start, const Gaussian& reference) {
  constexpr int steps = 12;
  try {
    const JkoChain chain =
        jko_chain(start, reference,
                  {.step_sizes = constant_steps(line.step_size, steps), .error = line.error});
    static_cast<void>(chain.largest_error(steps));
  } catch (const std::invalid_argument&) {
    throw UsageError(
        fmt::format("--epsilon {}: expected a smaller one: no Gaussian step of --gamma {} between "
                    "these measures has so large an error",
                    line.error, line.step_size));
  }
}

// The file is valid, but outside of what a paper's claims are computed for.
class UnfitTarget : public UsageError {
 public:
  using UsageError::UsageError;
};

// The solver finds no steps; whether there are some is not known.
class NoSteps : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The same on the line, where every error has a step, but a start far out of the reference's reach
// has none that double carries.
void require_line_steps(const CommandLine& line, const Measure& start, const Gaussian& reference) {
  constexpr int steps = 12;
  const LineGrid grid(801);
  try {
    const auto* points = std::get_if<PointCloud>(&start);
    const LineMap map = points != nullptr ? line_map(grid, *points)
                                          : line_map(grid, std::get<GaussianMixture>(start));
    const LineFunctional G =
        relative_entropy(quadratic_energy(1.0 / reference.covariance()(0, 0), reference.mean()[0]));
    static_cast<void>(line_jko_chain(
        map, G, {.step_sizes = constant_steps(line.step_size, steps), .error = line.error}));
  } catch (const std::invalid_argument&) {
    throw NoSteps(fmt::format(
        "--target {}: expected a start nearer to the reference, or of one piece: no steps of "
        "--gamma {} from it were found",
        line.target, line.step_size));
  }
}

// The floor under a start on the plane. Where its steps are not found, or cannot be, with any, it
// has none, and each claim says by itself what of that concerns it.
double start_floor_for(const CommandLine& line,
                       const GaussianMixture& start,
                       const Gaussian& reference) {
  double floor = 0.0;
  try {
    floor =
        with_start_floor(start, reference, user_cells, line.step_size, line.error).start_floor();
  } catch (const PlaneTooNarrow&) {
  } catch (const PlaneStepNotFound&) {
  }
  if (floor > 0.0) {
    fmt::print(stderr,
               "{}: warning: steps from p itself are not found, or badly known; they start from "
               "(p + {:g} U)/(1 + {:g}), U uniform on the rectangle, and the claims are about that "
               "law\n",
               line.target, floor, floor);
  }
  return floor;
}

// Why none of a paper's claims takes a measure.
struct Unfit {
  std::string why;
  std::exception_ptr cause;
  bool is_failure = false;  // of ours, not a hypothesis of theirs

  Outcome operator()(const Target&) const {
    if (is_failure) std::rethrow_exception(cause);
    return Outcome::not_applicable(why);
  }
};

struct ReadTarget {
  Target target;
  std::vector<TargetConstant> constants = {};
  std::map<std::string, Unfit> unfit;  // by paper
};

constexpr const char* steps_paper = "jko";
constexpr const char* flows_paper = "gif";
constexpr const char* blocks_paper = "lfm";

Gaussian reference_for(const CommandLine& line, Index d) {
  Gaussian reference =
      line.reference.empty() ? Gaussian::standard(d) : read_reference(line.reference);
  if (d != reference.dimension()) {
    throw InputError(fmt::format("{}:1: dimension {}, the start {} has {}", line.reference,
                                 reference.dimension(), line.target, d));
  }
  if (!reference.has_density()) {
    throw InputError(fmt::format("{}:1: the reference needs a density; its covariance is singular",
                                 line.reference));
  }
  return reference;
}

void require_steps_from(const CommandLine& line, const Measure& start, const Gaussian& reference) {
  require_start_of_steps(start, line.target);
  if (const auto* gaussian = std::get_if<Gaussian>(&start)) {
    // Claims compare squares, and squares of these.
    constexpr double farthest = 1e70;
    if (!(w2(*gaussian, reference).upper <= farthest)) {
      throw UnfitTarget(fmt::format("--target {}: expected a start at most {:g} from the reference",
                                    line.target, farthest));
    }
    require_steps(line, *gaussian, reference);
  } else if (dimension(start) == 1) {
    require_line_steps(line, start, reference);
  }
}

// How far from 0 a measure reaches: points, or means and a deviation.
double reach_of(const Measure& measure) {
  const auto of_gaussian = [](const Gaussian& p) {
    return p.mean().stableNorm() + std::sqrt(p.eigenvalues().maxCoeff());
  };
  if (const auto* p = std::get_if<Gaussian>(&measure)) return of_gaussian(*p);
  if (const auto* p = std::get_if<PointCloud>(&measure)) {
    return p->points().colwise().stableNorm().maxCoeff();  // whose squares may be 0
  }
  const auto& mixture = std::get<GaussianMixture>(measure);
  double largest = 0.0;
  for (Index k = 0; k < mixture.size(); ++k) {
    largest = std::max(largest, of_gaussian(mixture.component(k)));
  }
  return largest;
}

// How the noise's size can be met: --standardise is of points alone.
std::string rescaling_of(const Measure& measure) {
  return std::holds_alternative<PointCloud>(measure)
             ? "standardise it"
             : "rescale it in the file, means by a factor and covariances by its square";
}

void require_flows_to(const CommandLine& line, const Measure& target) {
  constexpr double farthest = 1e8;  // of noise of size 1 eight digits are left there
  constexpr double nearest = 1e-8;  // of the measure eight digits are left beside the noise
  const double reach = reach_of(target);
  if (!(reach <= farthest) || (reach > 0.0 && reach < nearest)) {
    throw UnfitTarget(
        fmt::format("--target {}: expected a measure that reaches from {:g} to {:g} away from 0, "
                    "for the noise has size 1: {}",
                    line.target, nearest, farthest, rescaling_of(target)));
  }
  constexpr Index largest = 16;
  if (dimension(target) > largest) {
    throw NotApplicable(fmt::format(
        "{}: dimension {}; no claim applies, for all of interpolation flows need at most {}",
        line.target, dimension(target), largest));
  }
}

void require_blocks_from(const CommandLine& line, const Measure& data) {
  constexpr double farthest = 1e8;  // as of flows
  if (!(reach_of(data) <= farthest)) {
    throw UnfitTarget(
        fmt::format("--target {}: expected a measure within {:g} of 0, for the noise of a block "
                    "has size 1: {}",
                    line.target, farthest, rescaling_of(data)));
  }
}

std::string treatment_words(const DataTreatment& treatment) {
  std::string words;
  if (!treatment.columns.empty()) {
    words += fmt::format(" --columns {}", fmt::join(treatment.columns, ","));
  }
  if (treatment.drop_missing) words += " --drop-missing";
  if (treatment.dequantise) words += " --dequantise";
  if (treatment.standardise) words += " --standardise";
  return words.empty() ? "" : words.substr(1);
}

MeasureFile read_start(const CommandLine& line) {
  MeasureFile read = read_measure(line.target, line.treatment);
  const std::string treatment = treatment_words(line.treatment);
  if (!treatment.empty() && !std::holds_alternative<PointCloud>(read.measure)) {
    throw UsageError(fmt::format("{}: {} holds no points", treatment, line.target));
  }
  if (const auto* p = std::get_if<GaussianMixture>(&read.measure); p != nullptr && p->size() == 1) {
    read.measure = Gaussian(p->component(0));
  }
  return read;
}

// The constants that the theorems on flows take from a measure, those that are known; of κ and β
// also that there is none, or that it is not known.
std::vector<TargetConstant> flow_constants(const Measure& measure) {
  const Regularity c = data_law(measure)->regularity();
  const CovarianceEnvelope envelope = covariance_envelope(c);
  std::vector<TargetConstant> constants;
  const auto add = [&constants](const char* name, double known_end, const Estimate& constant) {
    if (std::isfinite(known_end)) constants.push_back({name, constant});
  };
  constants.push_back({"kappa", c.curvature_lower});
  constants.push_back({"beta", c.curvature_upper});
  add("half_diameter", c.half_diameter.upper, c.half_diameter);
  if (std::isfinite(c.mixture_radius.upper)) {
    constants.push_back({"sigma", c.mixture_scale});
    constants.push_back({"mixture_radius", c.mixture_radius});
  }
  add("log_lipschitz", c.log_lipschitz.upper, c.log_lipschitz);
  const Estimate stretch = exp(envelope.log_stretch_above(0.0, infinity));
  add("stretch_bound", stretch.upper, stretch);
  const Estimate back = exp(-envelope.log_stretch_below(0.0, infinity));
  add("inverse_stretch_bound", back.upper, back);
  return constants;
}

// Whether more than a thousandth is between what is proved of a constant and what is known to be
// needed.
bool is_wide(const Estimate& constant) {
  return std::isfinite(constant.width()) && constant.width() > 1e-3 * std::abs(constant.value);
}

// "κ ≥ 0.3": the end of a constant that is a bound; "κ ≥ −62 (between −62 and −12)" where the
// constant itself is not known so well, "κ = −∞" where the measure has none, and "κ not known, at
// most 0.3".
std::string words(const TargetConstant& known) {
  struct Shown {
    const char* symbol;
    bool from_below = false;
    bool is_curvature = false;
  };
  static const std::map<std::string, Shown> shown = {
      {"kappa", {"κ", true, true}}, {"beta", {"β", false, true}},
      {"half_diameter", {"D"}},     {"sigma", {"σ"}},
      {"mixture_radius", {"R"}},    {"log_lipschitz", {"L"}},
      {"stretch_bound", {"‖∇X‖"}},  {"inverse_stretch_bound", {"‖∇X⁻¹‖"}}};
  const auto& [name, constant] = known;
  const auto& [symbol, from_below, is_curvature] = shown.at(name);
  if (name == "sigma") return fmt::format("{} = {:.6g}", symbol, constant.value);
  const double safe = from_below ? constant.lower : constant.upper;
  const double other = from_below ? constant.upper : constant.lower;
  if (!std::isfinite(safe)) {
    if (other == safe) return fmt::format("{} = {}∞", symbol, safe < 0.0 ? "−" : "");
    std::string text = fmt::format("{} not known", symbol);
    if (std::isfinite(other)) {
      text += fmt::format(", at {} {:.6g}", from_below ? "most" : "least", other);
    }
    return text;
  }
  std::string text = fmt::format("{} {} {:.6g}", symbol, from_below ? "≥" : "≤", safe);
  if (is_curvature && is_wide(constant)) {
    text += fmt::format(" (between {:.6g} and {:.6g})", constant.lower, constant.upper);
  }
  return text;
}

std::string words(const std::vector<TargetConstant>& constants) {
  std::vector<std::string> all;
  for (const TargetConstant& constant : constants) all.push_back(words(constant));
  return fmt::format("{}", fmt::join(all, ", "));
}

// What keeps a paper's claims from a measure is an error where no other paper was asked.
ReadTarget read_target(const CommandLine& line, const std::set<std::string>& papers) {
  MeasureFile read = read_start(line);
  Measure& start = read.measure;
  Gaussian reference = reference_for(line, dimension(start));
  std::map<std::string, Unfit> unfit;
  const auto attempt = [&](const char* paper, const auto& requirement) {
    if (!papers.contains(paper)) return;
    try {
      requirement();
    } catch (const std::runtime_error& error) {
      // A step size or an error that no step has is wrong whatever else is asked.
      const bool no_steps = dynamic_cast<const NoSteps*>(&error) != nullptr;
      const bool of_the_measure = no_steps ||
                                  dynamic_cast<const NotApplicable*>(&error) != nullptr ||
                                  dynamic_cast<const InputError*>(&error) != nullptr ||
                                  dynamic_cast<const UnfitTarget*>(&error) != nullptr;
      if (papers.size() == 1 || !of_the_measure) throw;
      unfit[paper] = {
          .why = error.what(), .cause = std::current_exception(), .is_failure = no_steps};
    }
  };
  if (papers.contains(steps_paper)) require_in_range(line, reference);
  attempt(steps_paper, [&] { require_steps_from(line, start, reference); });
  attempt(flows_paper, [&] { require_flows_to(line, start); });
  attempt(blocks_paper, [&] { require_blocks_from(line, start); });
  if (!unfit.empty() && unfit.size() == papers.size()) {
    const auto steps = unfit.find(steps_paper);
    std::rethrow_exception((steps != unfit.end() ? steps : unfit.begin())->second.cause);
  }
  tell(line.target, read, line.quiet);
  std::vector<TargetConstant> constants;
  if (papers.contains(flows_paper) && !unfit.contains(flows_paper)) {
    constants = flow_constants(start);
    if (!line.quiet) {
      fmt::print(stderr, "{}: as the end X of a flow from N(0, I): {}\n", line.target,
                 words(constants));
    }
  }
  std::optional<double> start_floor;
  const auto* mixture = std::get_if<GaussianMixture>(&start);
  if (mixture != nullptr && mixture->dimension() == 2 && papers.contains(steps_paper) &&
      !unfit.contains(steps_paper)) {
    start_floor = start_floor_for(line, *mixture, reference);
    if (*start_floor > 0.0) constants.push_back({"start_floor", Estimate(*start_floor)});
  }
  return {.target = {.start = std::move(start),
                     .reference = std::move(reference),
                     .step_size = line.step_size,
                     .error = line.error,
                     .schedule = line.schedule,
                     .start_floor = start_floor},
          .constants = std::move(constants),
          .unfit = std::move(unfit)};
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

Request request_of(const CommandLine& line, const std::vector<Claim>& claims) {
  Request request;
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

std::string interval(const Estimate& side) {
  return fmt::format("{} [{}, {}] {}", side.value, side.lower, side.upper, to_string(side.grade));
}

std::string caught(const ClaimResult& result) {
  const auto count = std::count_if(
      result.controls.begin(), result.controls.end(),
      [](const CheckResult& control) { return control.verdict == Verdict::violated; });
  return fmt::format("{}/{}", count, result.controls.size());
}

bool as_it_should_be(const CheckResult& check) {
  if (check.kind == CheckKind::control) return check.verdict == Verdict::violated;
  return check.verdict == Verdict::holds || check.verdict == Verdict::tight ||
         check.verdict == Verdict::not_applicable;
}

// ": reason", or "". The name of a hypothesis by itself would read like a fact; the message of a
// broken precondition, "function: what is wrong", does not.
std::string told(const std::string& reason, bool names_hypothesis) {
  if (reason.empty()) return "";
  const bool bare = names_hypothesis && reason.find(": ") == std::string::npos;
  return fmt::format(": {}{}", bare ? "hypothesis not met: " : "", reason);
}

std::string told(const CheckResult& check) {
  return told(check.reason, check.verdict == Verdict::not_applicable);
}

// Six digits, or its power of ten where they would all be zero.
std::string shown_tightness(double tightness) {
  const bool tiny = tightness > 0.0 && tightness < vacuous_tightness;
  return tiny ? fmt::format("{:.0e}", tightness) : fmt::format("{:.6f}", tightness);
}

std::string sides(const CheckResult& check) {
  if (check.draws == 0) return "";
  const std::string tightness =
      std::isnan(check.tightness)
          ? ""
          : fmt::format("    tightness {}\n", shown_tightness(check.tightness));
  return fmt::format("    lhs {}\n    rhs {}\n{}", interval(check.lhs), interval(check.rhs),
                     tightness);
}

// Why a claim does not hold, and how to see it again; of a replay all there is.
std::string explanation(const ClaimResult& result, const CheckSettings& run) {
  std::string text =
      fmt::format("{}: {}{}\n", result.claim.id, to_string(result.verdict), told_reason(result));
  for (const auto* part : {&result.checks, &result.controls}) {
    for (const CheckResult& check : *part) {
      if (as_it_should_be(check) && run.replay.empty()) continue;
      text += fmt::format("  {} \"{}\"{}{}: {}{}\n{}", to_string(check.kind), check.instance,
                          check.part.empty() ? "" : ", ", check.part, to_string(check.verdict),
                          told(check), sides(check));
      const std::string replay = replay_string(result, check);
      if (!replay.empty()) {
        text += fmt::format("    again: flowcheck check --scale {} --replay '{}'\n",
                            to_string(run.scale), replay);
      }
    }
  }
  return text;
}

// Of a target, for which a claim holds, what of it was not checked, what holds only because its
// bound is out of proportion, and where it is tightest.
std::string told_of_target(const ClaimResult& result) {
  std::string text;
  const CheckResult* tightest = nullptr;
  for (const CheckResult& check : result.checks) {
    if (check.kind != CheckKind::target) continue;
    const bool closer = tightest == nullptr || check.tightness > tightest->tightness;
    if (!std::isnan(check.tightness) && closer) tightest = &check;
    const std::string part = check.part.empty() ? "" : fmt::format("\"{}\"", check.part);
    if (is_vacuous(check)) {
      text += fmt::format("{}: holds{}{}, vacuously: the bound is {:.0e} times the value\n",
                          result.claim.id, part.empty() ? "" : ", ", part, 1.0 / check.tightness);
    }
    if (check.verdict == Verdict::not_applicable) {
      text += fmt::format("{}: holds, without {}{}\n", result.claim.id,
                          part.empty() ? "a part" : part, told(check));
    } else if (!check.reason.empty()) {
      text += fmt::format("{}: holds{}{}, {}\n", result.claim.id, part.empty() ? "" : ", ", part,
                          check.reason);
    }
  }
  if (tightest != nullptr && tightest->instance.find("t = ") != std::string::npos) {
    text += fmt::format("{}: tightest on {}{}\n", result.claim.id, tightest->instance,
                        tightest->part.empty() ? "" : fmt::format(": \"{}\"", tightest->part));
  }
  return text;
}

std::string verdict_table(const VerdictFile& file) {
  const std::vector<ClaimResult>& results = file.claims;
  const CheckSettings& run = file.run;
  const std::size_t open = file.unfinished.size();
  std::string text = fmt::format("{:<8} {:<17} {:<11} {:>9} {:>8}  {}\n", "claim", "verdict",
                                 "grade", "tightness", "controls", "statement");
  std::string explanations;
  std::map<Verdict, int> counts;
  for (const ClaimResult& result : results) {
    ++counts[result.verdict];
    const bool applies = result.verdict != Verdict::not_applicable;
    const double tightness = result.tightness();
    text += fmt::format("{:<8} {:<17} {:<11} {:>9} {:>8}  {}\n", result.claim.id,
                        to_string(result.verdict), applies ? to_string(result.grade()) : "-",
                        applies && !std::isnan(tightness) ? shown_tightness(tightness) : "-",
                        applies ? caught(result) : "-", result.claim.statement);
    if (result.verdict != Verdict::holds || !run.replay.empty()) {
      explanations += explanation(result, run);
    } else {
      explanations += told_of_target(result);
    }
  }
  text += fmt::format("{} {}", results.size(), results.size() == 1 ? "claim" : "claims");
  for (const auto& [verdict, count] : counts) {
    text += fmt::format(", {} {}", count, to_string(verdict));
  }
  if (open > 0) text += fmt::format("; interrupted, {} unfinished", open);
  return text + "\n" + (explanations.empty() ? "" : "\n" + explanations);
}

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

std::string told_reason(const ClaimResult& result) {
  // Without a check there was no hypothesis to fail.
  return told(result.reason, result.verdict == Verdict::not_applicable && !result.checks.empty());
}

int check_command(const CommandLine& line, const Registry& registry) {
  Request request = request_of(line, registry.claims);
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
