#include "check_target.hpp"

#include "commands.hpp"
#include "distances/wasserstein.hpp"
#include "interpolation/covariance_envelope.hpp"
#include "interpolation/data_law.hpp"
#include "measures/measure_file.hpp"
#include "measures/regularity.hpp"
#include "names.hpp"
#include "proximal/jko_chain.hpp"
#include "proximal/line_jko_chain.hpp"
#include "proximal/plane_jko_chain.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <stdexcept>
#include <utility>

namespace flowcheck {
namespace {

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

}  // namespace

Outcome Unfit::operator()(const Target&) const {
  if (is_failure) std::rethrow_exception(cause);
  return Outcome::not_applicable(why);
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

}  // namespace flowcheck
