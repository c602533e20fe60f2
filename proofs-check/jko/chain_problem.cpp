#include "jko/chain_problem.hpp"

#include "distances/gaussian_divergence.hpp"
#include "distances/wasserstein.hpp"
#include "jko/plane_problem.hpp"
#include "jko/reference_units.hpp"
#include "measures/random_gaussian.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <memory>
#include <utility>
#include <variant>

namespace flowcheck {
namespace {

void add_step(ChainMeasures& measures, const Estimate& length, const Estimate& error) {
  const bool first = measures.error.empty();
  measures.step_length.push_back(length);
  measures.error.push_back(error);
  measures.largest_error.push_back(first ? error : max(measures.largest_error.back(), error));
}

// From an atom any plan is optimal; the one that couples p' and π best carries the same proofs, so
// that D is their distance.
Estimate map_distance(const Gaussian& p, const Gaussian& next, const Gaussian& pi) {
  return p.has_density() ? optimal_map_distance(p, next, pi) : w2(next, pi);
}

Competitor competitor(const JkoChain& chain, int n, const Gaussian& pi, std::string name) {
  return {.name = std::move(name),
          .value = kl(pi, chain.target),
          .before = w2(chain[n - 1], pi),
          .after = w2(chain[n], pi),
          .map_distance = map_distance(chain[n - 1], chain[n], pi)};
}

Competitor competitor(const LineJkoChain& chain, int n, const LineMap& pi, std::string name) {
  const Estimate after = w2(chain[n], pi);
  return {.name = std::move(name),
          .value = value(chain.functional, pi) - value(chain.functional, chain.target),
          .before = w2(chain[n - 1], pi),
          .after = after,
          .map_distance = after};
}

template <class Chain, class Measure>
ChainMeasures with_competitors(Chain made, const Measure& random) {
  ChainMeasures result = measures(made);
  result.competitors = [chain = std::make_shared<const Chain>(std::move(made)),
                        random](std::size_t step) {
    const int n = static_cast<int>(step);
    return std::vector<Competitor>{competitor(*chain, n, chain->target, "π = q"),
                                   competitor(*chain, n, random, "π random"),
                                   competitor(*chain, n, (*chain)[n - 1], "π = pₙ")};
  };
  return result;
}

// What a step on the plane is beside π = q and π = p_{n−1}.
std::vector<Competitor> plane_competitors(const PlaneMeasuredChain& chain, std::size_t n) {
  const Estimate& S = chain.laws[n].step_length;
  return {{.name = "π = q",
           .value = 0.0,
           .before = chain.w2[n - 1],
           .after = chain.w2[n],
           .map_distance = chain.map_distance[n]},
          {.name = "π = pₙ",
           .value = chain.laws[n - 1].kl,
           .before = 0.0,
           .after = S,
           .map_distance = S}};
}

Rng competitor_stream(std::uint64_t seed) {
  return Rng(derive_seed(seed, "competitor"));
}

// Where the start has a floor, each check's name says so.
Outcome with_floor_told(Outcome outcome, double floor) {
  if (!(floor > 0.0)) return outcome;
  for (Bound& bound : outcome.bounds) {
    bound.place += fmt::format("{}floor {:g}", bound.place.empty() ? "" : ", ", floor);
  }
  return outcome;
}

std::vector<Instance> joined(std::vector<Instance> families, std::vector<Instance> more) {
  families.insert(families.end(), std::make_move_iterator(more.begin()),
                  std::make_move_iterator(more.end()));
  return families;
}

}  // namespace

Instance plane_family(const EvaluatePlane& evaluate) {
  return {.name = "mixture on the plane",
          .draw =
              [evaluate](Trial& trial) {
                std::vector<Bound> bounds;
                for (const PlaneChainProblem& problem : plane_problems(trial.scale)) {
                  Outcome outcome = evaluate(problem);
                  std::ranges::move(outcome.bounds, std::back_inserter(bounds));
                }
                return Outcome(std::move(bounds));
              },
          .repeat = false};
}

ChainMeasures measures(const JkoChain& chain) {
  ChainMeasures result;
  for (int n = 0; n <= chain.steps(); ++n) {
    result.w2.push_back(chain.w2_to_target(n));
    result.kl.push_back(chain.kl_to_target(n));
    result.slope.push_back(chain.fisher_norm(n));
    add_step(result, n == 0 ? 0.0 : chain.step_length(n), n == 0 ? 0.0 : chain.error(n));
  }
  return result;
}

ChainMeasures measures(const LineJkoChain& chain) {
  const double target_off = target_error(chain.functional, chain.target);
  const bool least = chain.functional.convexity() >= 0.0;
  ChainMeasures result;
  for (int n = 0; n <= chain.steps(); ++n) {
    const Estimate gap = chain.gap(n);
    result.w2.push_back(widened(chain.w2_to_target(n), target_off));
    result.kl.push_back(least ? max(0.0, gap) : gap);
    result.slope.push_back(chain[n].has_density() ? chain.slope(n) : infinity);
    add_step(result, n == 0 ? 0.0 : chain.step_length(n), n == 0 ? 0.0 : chain.error(n));
  }
  return result;
}

ChainMeasures measures(const PlaneMeasuredChain& chain) {
  ChainMeasures result{.w2 = chain.w2};
  for (const PlaneLaw& law : chain.laws) {
    result.kl.push_back(law.kl);
    result.slope.push_back(law.slope);
    add_step(result, law.step_length, law.error);
  }
  return result;
}

ChainProblem::ChainProblem(const GaussianProblem& problem)
    : convexity(problem.convexity()),
      step_size(problem.step_size),
      error(problem.error),
      seed(problem.seed),
      distance(w2(problem.start, problem.target)),
      length(problem.length()),
      has_density(problem.start.has_density()),
      has_slope(has_density),
      has_optimal_map(problem.start.has_density() || problem.start.rank() == 0),
      run([problem](const std::vector<double>& step_sizes, const std::vector<double>& errors) {
        Rng rng = competitor_stream(problem.seed);
        return with_competitors(jko_chain(problem.start, problem.target,
                                          {.step_sizes = step_sizes,
                                           .field = problem.field,
                                           .seed = problem.seed,
                                           .errors = errors}),
                                random_gaussian(rng, problem.start.dimension()));
      }) {}

ChainProblem::ChainProblem(const LineJkoProblem& problem)
    : convexity(problem.convexity()),
      step_size(problem.step_size),
      error(problem.error),
      seed(problem.seed),
      distance(problem.distance()),
      length(problem.length()),
      has_density(problem.start.has_density()),
      has_slope(problem.has_slope && has_density),
      longest_chain(100),
      run([problem](const std::vector<double>& step_sizes, const std::vector<double>& errors) {
        Rng rng = competitor_stream(problem.seed);
        ChainMeasures result = with_competitors(problem.chain(step_sizes, errors),
                                                draw_line_map(rng, problem.start.grid()));
        if (!problem.has_slope) result.slope[0] = infinity;
        return result;
      }) {}

ChainProblem::ChainProblem(const PlaneChainProblem& plane)
    : convexity(flowcheck::convexity(plane.problem.target())),
      step_size(plane.step_size),
      error(plane.error),
      distance(measures(plane.chain({}, {})).w2.front()),
      length(std::sqrt(plane.problem.start().covariance().trace()) +
             std::sqrt(plane.problem.target().covariance().trace()) +
             (plane.problem.start().mean() - plane.problem.target().mean()).norm()),
      longest_chain(40),
      // By nγλ = 5 a step's bounds on W₂ are equalities to 10⁻⁵, which is about what is known of
      // it.
      settled_after(
          static_cast<int>(std::clamp(5.0 / (plane.step_size * convexity.value), 3.0, 40.0))),
      run([plane](const std::vector<double>& step_sizes, const std::vector<double>& errors) {
        auto chain = std::make_shared<const PlaneMeasuredChain>(plane.chain(step_sizes, errors));
        ChainMeasures result = measures(*chain);
        result.competitors = [chain](std::size_t n) { return plane_competitors(*chain, n); };
        return result;
      }) {}

ChainMeasures ChainProblem::chain(int steps) const {
  return whole_chain(std::min(steps, settled_after));
}

ChainMeasures ChainProblem::whole_chain(int steps) const {
  const int count = std::min(steps, longest_chain);
  return run(constant_steps(step_size, count), constant_steps(error, count));
}

ChainProblem ChainProblem::exact() const {
  ChainProblem result = *this;
  result.error = 0.0;
  return result;
}

std::vector<Instance> with(std::vector<Instance> families, Instance more) {
  families.push_back(std::move(more));
  return families;
}

std::vector<Instance> chain_families(const EvaluateChain& evaluate) {
  return with(chain_families(evaluate, evaluate), plane_family(evaluate));
}

std::vector<Instance> inexact_chain_families(const EvaluateChain& evaluate) {
  return with(inexact_chain_families(evaluate, evaluate), plane_family(evaluate));
}

std::vector<Instance> chain_families(const Evaluate& gaussian, const EvaluateLine& line) {
  return joined(gaussian_families(gaussian), line_families(line));
}

std::vector<Instance> inexact_chain_families(const Evaluate& gaussian, const EvaluateLine& line) {
  return joined(inexact_gaussian_families(gaussian), line_families(line));
}

std::function<Outcome(const Target&)> on_chain_target(const EvaluateChain& evaluate) {
  return on_chain_target(evaluate, evaluate, evaluate);
}

std::function<Outcome(const Target&)> on_chain_target(const Evaluate& gaussian,
                                                      const EvaluateLine& line,
                                                      const EvaluatePlane& plane) {
  return [others = on_chain_target(gaussian, line), plane](const Target& target) -> Outcome {
    const bool on_plane =
        std::holds_alternative<GaussianMixture>(target.start) && dimension(target.start) == 2;
    if (!on_plane) return others(target);
    try {
      const PlaneChainProblem problem = plane_problem(target);
      return with_floor_told(plane(problem), problem.problem.start_floor());
    } catch (const PlaneTooNarrow&) {
      return Outcome::not_applicable(
          "left out: a component is too narrow for the rectangle that holds all of them");
    }
  };
}

std::function<Outcome(const Target&)> on_chain_target(const Evaluate& gaussian,
                                                      const EvaluateLine& line) {
  return [on_gaussian = on_gaussian_target(gaussian), line](const Target& target) -> Outcome {
    if (std::holds_alternative<Gaussian>(target.start)) return on_gaussian(target);
    if (dimension(target.start) != 1) {
      return Outcome::not_applicable("left out: evaluated for Gaussian starts and on the line");
    }
    if (!target.reference.has_density()) {
      return Outcome::not_applicable("the reference measure has a density");
    }
    return on_user_line(target, line);
  };
}

std::function<Outcome(const Target&)> on_line_mixture_target(const Evaluate& gaussian,
                                                             const EvaluateLineMixture& mixture) {
  return [on_law = on_line_law_target(gaussian, mixture)](const Target& target) -> Outcome {
    if (std::holds_alternative<Gaussian>(target.start)) return on_law(target);
    const auto* p = std::get_if<GaussianMixture>(&target.start);
    if (p == nullptr || p->dimension() != 1) {
      return Outcome::not_applicable(
          "left out: evaluated for Gaussian starts and for mixtures on the line");
    }
    if (!p->has_density()) return Outcome::not_applicable("p₀ has a density");
    return on_law(target);
  };
}

std::function<Outcome(const Target&)> on_line_law_target(const Evaluate& gaussian,
                                                         const EvaluateLineMixture& law) {
  return [on_gaussian = on_gaussian_target(gaussian), law](const Target& target) -> Outcome {
    if (std::holds_alternative<Gaussian>(target.start)) return on_gaussian(target);
    if (dimension(target.start) != 1) {
      return Outcome::not_applicable("left out: evaluated for Gaussian starts and on the line");
    }
    if (!target.reference.has_density()) {
      return Outcome::not_applicable("the reference measure has a density");
    }
    const Target units = problem_in_units_of_reference(target);
    const auto* points = std::get_if<PointCloud>(&units.start);
    if (points && points->size() > most_atoms) {
      return Outcome::not_applicable(
          fmt::format("left out: takes a mixture of {} atoms, at most {} "
                      "are run",
                      points->size(), most_atoms));
    }
    const GaussianMixture p =
        points ? GaussianMixture::isotropic(points->weights(), points->points(), 0.0)
               : std::get<GaussianMixture>(units.start);
    return law(p, units.step_size);
  };
}

std::function<Outcome(const Target&)> on_flow_and_steps(
    const std::function<Outcome(const Target&)>& flow,
    const std::function<Outcome(const Target&)>& steps) {
  return [flow, steps](const Target& target) -> Outcome {
    Outcome outcome = flow(target);
    if (std::holds_alternative<Gaussian>(target.start)) return outcome;
    Outcome more = steps(target);
    if (!more.applies()) {
      if (outcome.applies()) outcome.bounds.push_back(left_out("steps", more.failed_hypothesis));
      return outcome;
    }
    if (!outcome.applies()) {
      more.bounds.push_back(left_out("flow", outcome.failed_hypothesis));
      return more;
    }
    std::ranges::move(more.bounds, std::back_inserter(outcome.bounds));
    return outcome;
  };
}

}  // namespace flowcheck
