#include "gif/covariance_claim.hpp"

#include "gif/digits.hpp"
#include "gif/jacobian_bounds.hpp"
#include "interpolation/covariance_extremes.hpp"
#include "measures/gaussian_mixture.hpp"
#include "numerics/round_off.hpp"
#include "numerics/spd.hpp"

#include <utility>

namespace flowcheck {

CovarianceEigenvalues covariance_eigenvalues(const DataLaw& law, double r, const Vector& y) {
  const LatentMoments posterior = law.posterior(r, 1.0, y);
  const Matrix& C = posterior.covariance;
  const Index d = C.rows();
  const double error = posterior.covariance_error + (d > 1 ? round_off(C.norm(), d) : 0.0);
  const Vector eigenvalues = d > 1 ? symmetric_eigen(C).values : Vector(C.diagonal());
  return {.least = Estimate::closed_form(eigenvalues(0), error),
          .largest = Estimate::closed_form(eigenvalues(d - 1), error)};
}

std::vector<Bound> covariance_below(const FlowProblem& problem,
                                    const CovarianceFunction& c,
                                    const std::string& part) {
  std::vector<Bound> bounds;
  visit(problem, bounds, [&](const FlowPoint& at) {
    const double r = at.values.r();
    const Estimate bound = c(r);
    if (!(bound.upper < infinity)) return;
    const Vector y = at.x / at.values.a;
    bounds.push_back({.lhs = covariance_eigenvalues(*problem.law, r, y).largest,
                      .rhs = bound,
                      .part = part,
                      .scale = covariance_floor(problem)});
  });
  return bounds;
}

std::vector<Bound> covariance_above(const FlowProblem& problem,
                                    const CovarianceFunction& c,
                                    const std::string& part) {
  std::vector<Bound> bounds;
  visit(problem, bounds, [&](const FlowPoint& at) {
    const double r = at.values.r();
    const Vector y = at.x / at.values.a;
    const Estimate least = covariance_eigenvalues(*problem.law, r, y).least;
    // Rounding is of the largest eigenvalue's size.
    bounds.push_back(with_digits(
        {.lhs = c(r), .rhs = least, .part = part, .scale = covariance_floor(problem)},
        least.width(), "left out: rounding hides the least eigenvalue beside the largest"));
  });
  return bounds;
}

namespace {

// Where r is large the posterior variance of a law with a density on an interval is 1/r² wherever y
// is inside, a plateau that no number of places closes the search on; and many points in the plane
// have more places where three meet than the search looks at: undecided either way.
bool is_open(const Estimate& supremum, const Estimate& bound) {
  return supremum.lower <= bound.upper && supremum.upper > bound.lower &&
         supremum.width() > 1e-8 * supremum.value;
}

}  // namespace

std::vector<Bound> supremum_below(const FlowProblem& problem,
                                  const CovarianceFunction& c,
                                  const std::string& part) {
  if (!encloses_largest_covariance(*problem.law)) {
    return {left_out(part, "left out: no search encloses the supremum of this law")};
  }
  const bool may_stay_open = problem.law->mixture() == nullptr || problem.law->dimension() == 2;
  // Interval arithmetic on what a search returns steps outward a few units in the last place.
  constexpr double outward = 1.0 - 32.0 * unit_round_off;
  // The supremum depends on r alone, which one schedule takes from noise to data: a user's own.
  const Schedule schedule =
      problem.schedules.size() == 1 ? problem.schedules.front() : linear_schedule();
  std::vector<Bound> bounds;
  for (const FlowTime& time : problem.times) {
    const double r = schedule.values(time).r();
    const Estimate bound = c(r);
    if (!(bound.upper < infinity)) continue;
    const CovarianceExtreme supremum = largest_posterior_covariance(
        *problem.law, r, {.accuracy = 1e-9, .enough = bound.lower * outward});
    if (may_stay_open && is_open(supremum.value, bound)) {
      bounds.push_back(left_out(part, "left out: the search for the supremum does not close"));
    } else {
      bounds.push_back(
          {.lhs = supremum.value, .rhs = bound, .part = part, .scale = covariance_floor(problem)});
    }
    bounds.back().place = place_of(schedule, time);
  }
  if (bounds.empty()) bounds.push_back(left_out(part, "left out: the bound is infinite"));
  return bounds;
}

Outcome covariance_below_at(const DataLaw& law, double r, const Vector& y, const Estimate& c) {
  return Bound{.lhs = covariance_eigenvalues(law, r, y).largest, .rhs = c};
}

Outcome covariance_above_at(const DataLaw& law, double r, const Vector& y, const Estimate& c) {
  return Bound{.lhs = c, .rhs = covariance_eigenvalues(law, r, y).least};
}

Instance at_once(std::string name, std::function<Outcome()> evaluate) {
  return {.name = std::move(name),
          .draw = [evaluate = std::move(evaluate)](Trial&) { return evaluate(); },
          .repeat = false};
}

std::function<Outcome(const Target&)> on_covariance_target(const EvaluateFlow& evaluate) {
  return [check = on_flow_target(evaluate)](const Target& target) -> Outcome {
    if (dimension(target.start) > largest_target_dimension) {
      return Outcome::not_applicable("left out: d ≤ 16");
    }
    return check(target);
  };
}

}  // namespace flowcheck
