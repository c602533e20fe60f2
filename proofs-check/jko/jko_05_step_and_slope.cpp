#include "jko/gaussian_problem.hpp"
#include "jko/jko_claims.hpp"

#include <algorithm>

namespace flowcheck {
namespace jko_05 {

constexpr int steps = 6;

Estimate speed(const JkoChain& chain, int n) {
  return chain.step_length(n) / chain.step_size(n);
}

// |√I_n − S_n/γ| ≤ ε_n, p_n being the end of the n-th step.
Outcome inequality(const GaussianProblem& problem) {
  const double scale = problem.length() / problem.step_size;
  const JkoChain chain = problem.chain(steps);
  const JkoChain exact = problem.exact().chain(steps);
  std::vector<Bound> bounds;
  for (int n = 1; n <= steps; ++n) {
    bounds.push_back({.lhs = abs(chain.fisher_norm(n) - speed(chain, n)),
                      .rhs = chain.error(n),
                      .part = "inexact",
                      .scale = std::max(scale, chain.fisher_norm(n).value)});
    // Rounding leaves an exact step with a tiny ε, by which the two sides may differ.
    bounds.push_back(identity(widened(exact.fisher_norm(n), exact.error(n).upper), speed(exact, n),
                              "exact", scale));
  }
  return bounds;
}

// Takes the slope at the start of the step, not at its end: a factor 1 + γλ on translates.
Outcome slope_before(const GaussianProblem& problem) {
  const JkoChain chain = problem.chain(1);
  return identity(chain.fisher_norm(0), speed(chain, 1));
}

}  // namespace jko_05

Claim jko_05_step_and_slope() {
  using namespace jko_05;
  return {.id = "JKO-05",
          .statement = "|√Iₙ₊₁ − Sₙ₊₁/γ| ≤ ε; for an exact step Iₙ₊₁ = S²ₙ₊₁/γ²",
          .source = "derived",
          .provenance = Provenance::derived,
          .hypotheses = {"first-order error at most ε"},
          .instances = inexact_gaussian_families(inequality),
          .tight = {translate("translate", inequality, 0.05)},
          .controls = {translate("slope of the previous iterate", slope_before, 0.0)},
          .on_target = on_gaussian_target(inequality),
          .file = __FILE__};
}

}  // namespace flowcheck
