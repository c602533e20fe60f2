#include "jko/manufactured_problem.hpp"

#include "jko/plane_problem.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <utility>

namespace flowcheck {
namespace {

// With the largest γ, halved from `step_size`, whose maps are all optimal.
ManufacturedProblem with_optimal_maps(ManufacturedProblem problem, double step_size, int steps) {
  problem.step_size = step_size;
  while (!(problem.chain(steps).least_stretch > 0.0) && problem.step_size > 1e-4) {
    problem.step_size *= 0.5;
  }
  return problem;
}

struct PlaneCase {
  ManufacturedProblem problem;
  int steps = 1;
};

// Two steps where V is quadratic. A quartic one moves x to |x|³, so that two steps back I_0 is a
// moment of order 54: finite, and no number to compare anything with.
std::vector<PlaneCase> made_plane_cases(bool all) {
  std::vector<PlaneCase> cases;
  for (const double sigma : {0.8, 1.0, 1.3}) {
    for (const double c : {0.0, 0.25, 1.0}) {
      for (const double step_size : {0.05, 0.15}) {
        const bool few = step_size == 0.15 && sigma != 1.0 && c == (sigma == 0.8 ? 0.0 : 1.0);
        if (!all && !few) continue;
        const int steps = all && c == 0.0 ? 2 : 1;
        cases.push_back({with_optimal_maps({.last = three_modes(sigma),
                                            .V = quartic_potential(2, c),
                                            .relative_error = c == 0.0 ? -0.15 : 0.2},
                                           step_size, steps),
                         steps});
      }
    }
  }
  return cases;
}

const std::vector<PlaneCase>& plane_cases(Scale scale) {
  static const std::vector<PlaneCase> few = made_plane_cases(false);
  if (scale == Scale::quick) return few;
  static const std::vector<PlaneCase> all = made_plane_cases(true);
  return all;
}

}  // namespace

ManufacturedChain ManufacturedProblem::chain(int steps) const {
  return manufactured_chain(
      last, V, {.step_sizes = constant_steps(step_size, steps), .relative_error = relative_error});
}

ManufacturedProblem ManufacturedProblem::exact() const {
  ManufacturedProblem result = *this;
  result.relative_error = 0.0;
  return result;
}

ChainMeasures measures(const ManufacturedChain& chain) {
  ChainMeasures result{
      .kl = chain.kl, .slope = chain.slope, .step_length = chain.step_length, .error = chain.error};
  result.w2.assign(chain.kl.size(), std::numeric_limits<double>::quiet_NaN());
  Estimate largest = 0.0;
  for (const Estimate& error : chain.error) {
    largest = max(largest, error);
    result.largest_error.push_back(largest);
  }
  return result;
}

ChainProblem chain_problem(const ManufacturedProblem& problem, int longest_chain) {
  ChainProblem result;
  result.convexity = problem.V.convexity;
  result.step_size = problem.step_size;
  result.error = std::abs(problem.relative_error);
  result.distance = std::numeric_limits<double>::quiet_NaN();
  result.length = std::sqrt(problem.last.covariance().trace()) + problem.last.mean().norm();
  result.longest_chain = longest_chain;
  result.run = [problem](const std::vector<double>& step_sizes, const std::vector<double>& errors) {
    const bool exact = std::ranges::all_of(errors, [](double error) { return error == 0.0; });
    return measures(manufactured_chain(
        problem.last, problem.V,
        {.step_sizes = step_sizes, .relative_error = exact ? 0.0 : problem.relative_error}));
  };
  return result;
}

Instance manufactured_family(const EvaluateManufactured& evaluate) {
  return {.name = "manufactured on the plane",
          .draw =
              [evaluate](Trial& trial) {
                std::vector<Bound> bounds;
                for (const auto& [problem, steps] : plane_cases(trial.scale)) {
                  Outcome outcome = evaluate(problem, steps);
                  std::ranges::move(outcome.bounds, std::back_inserter(bounds));
                }
                return Outcome(std::move(bounds));
              },
          .repeat = false};
}

Instance manufactured_family(const EvaluateChain& evaluate) {
  return manufactured_family([evaluate](const ManufacturedProblem& problem, int longest_chain) {
    return evaluate(chain_problem(problem, longest_chain));
  });
}

}  // namespace flowcheck
