#include "jko/chain_problem.hpp"
#include "jko/jko_claims.hpp"

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

// Takes the slope at the start of the step, not at its end: a factor 1 + γλ on translates.
Outcome slope_before(const ChainProblem& problem) {
  const ChainMeasures run = problem.chain(1);
  return identity(run.slope[0], speed(problem, run, 1));
}

}  // namespace jko_05

Claim jko_05_step_and_slope() {
  using namespace jko_05;
  return {.id = "JKO-05",
          .statement = "|√Iₙ₊₁ − Sₙ₊₁/γ| ≤ ε; for an exact step Iₙ₊₁ = S²ₙ₊₁/γ²",
          .source = "derived",
          .provenance = Provenance::derived,
          .hypotheses = {"first-order error at most ε"},
          .instances = inexact_chain_families(inequality, inequality),
          .tight = {translate("translate", inequality, 0.05)},
          .controls = {translate("slope of the previous iterate", slope_before, 0.0)},
          .on_target = on_chain_target(inequality, inequality),
          .file = __FILE__};
}

}  // namespace flowcheck
