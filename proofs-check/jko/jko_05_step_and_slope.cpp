#include "jko/chain_problem.hpp"
#include "jko/jko_claims.hpp"
#include "jko/plane_problem.hpp"

#include <algorithm>
#include <cstddef>

namespace flowcheck {
namespace jko_05 {

constexpr int steps = 6;

Estimate speed(const ChainProblem& problem, const ChainMeasures& run, std::size_t n) {
  return run.step_length[n] / problem.step_size;
}

// |√I_n − S_n/γ| ≤ ε_n, p_n being the end of the n-th step.
Outcome inequality(const ChainProblem& problem) {
  const double scale = problem.length / problem.step_size;
  const ChainMeasures run = problem.chain(steps);
  const ChainMeasures exact = problem.exact().chain(steps);
  std::vector<Bound> bounds;
  for (std::size_t n = 1; n <= steps; ++n) {
    bounds.push_back({.lhs = abs(run.slope[n] - speed(problem, run, n)),
                      .rhs = run.error[n],
                      .part = "inexact",
                      .scale = std::max(scale, run.slope[n].value)});
    // Rounding leaves an exact step with a tiny ε, by which the two sides may differ.
    bounds.push_back(identity(widened(exact.slope[n], exact.error[n].upper),
                              speed(problem, exact, n), "exact", scale));
  }
  return bounds;
}

// On the plane √I is that of the step's map and S the dual problem's: two ways to a number that
// agree to what the grid leaves, which does not decide an identity.
Outcome on_the_plane(const PlaneChainProblem& plane) {
  const ChainProblem problem(plane);
  if (problem.error == 0.0) return Outcome::not_applicable("ε > 0 on the plane");
  const ChainMeasures run = problem.chain(steps);
  std::vector<Bound> bounds;
  for (std::size_t n = 1; n < run.kl.size(); ++n) {
    bounds.push_back({.lhs = abs(run.slope[n] - speed(problem, run, n)),
                      .rhs = run.error[n],
                      .part = "inexact"});
  }
  return bounds;
}

// M1 takes up a fifth of ε: its error is far from parallel to the slope.
Outcome smaller_error_on_the_plane(Trial& trial) {
  const ChainProblem problem(plane_problems(trial.scale).front());
  const ChainMeasures run = problem.chain(1);
  return Bound{.lhs = abs(run.slope[1] - speed(problem, run, 1)), .rhs = 0.15 * run.error[1]};
}

// Takes the slope at the start of the step, not at its end: a factor 1 + γλ on translates.
Outcome slope_before(const ChainProblem& problem) {
  const ChainMeasures run = problem.chain(1);
  return identity(run.slope[0], speed(problem, run, 1));
}

}  // namespace jko_05

Claim jko_05_step_and_slope() {
  using namespace jko_05;
  return {
      .id = "JKO-05",
      .statement = "|√Iₙ₊₁ − Sₙ₊₁/γ| ≤ ε; for an exact step Iₙ₊₁ = S²ₙ₊₁/γ²",
      .source = "derived",
      .provenance = Provenance::derived,
      .hypotheses = {"first-order error at most ε"},
      .instances = with(inexact_chain_families(inequality, inequality), plane_family(on_the_plane)),
      .tight = {translate("translate", inequality, 0.05)},
      .controls = {translate("slope of the previous iterate", slope_before, 0.0),
                   {.name = "0.15 ε on the plane",
                    .draw = smaller_error_on_the_plane,
                    .repeat = false}},
      .on_target = on_chain_target(inequality, inequality, on_the_plane),
      .file = __FILE__,
      .grade = Grade::converged};
}

}  // namespace flowcheck
