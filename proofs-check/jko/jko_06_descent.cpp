#include "jko/gaussian_problem.hpp"
#include "jko/jko_claims.hpp"

namespace flowcheck {
namespace jko_06 {

constexpr int steps = 6;

Estimate ratio(const GaussianProblem& problem) {
  return problem.step_size * problem.convexity();
}

// G(p_n) + factor S²/(2γ) ≤ G(p_{n−1}) + εS; the claim's factor is 2 + a.
Bound descent(const JkoChain& chain, int n, const Estimate& factor, std::string part) {
  const Estimate S = chain.step_length(n);
  return {.lhs = chain.kl_to_target(n) + factor * square(S) / (2.0 * chain.step_size(n)),
          .rhs = chain.kl_to_target(n - 1) + chain.error(n) * S,
          .part = std::move(part),
          .scale = 1.0};
}

// G(p_n) ≤ G(p_{n−1}) + γε²/(2(2 + a)).
Bound largest_rise(const JkoChain& chain, int n, const Estimate& a) {
  return {.lhs = chain.kl_to_target(n),
          .rhs = chain.kl_to_target(n - 1) +
                 chain.step_size(n) * square(chain.error(n)) / (2.0 * (2.0 + a)),
          .part = "largest rise",
          .scale = 1.0};
}

Outcome inequalities(const GaussianProblem& problem) {
  const Estimate a = ratio(problem);
  const JkoChain chain = problem.chain(steps);
  const JkoChain exact = problem.exact().chain(steps);
  std::vector<Bound> bounds;
  for (int n = 1; n <= steps; ++n) {
    bounds.push_back(descent(chain, n, 2.0 + a, "descent"));
    bounds.push_back(largest_rise(chain, n, a));
    bounds.push_back(descent(exact, n, 2.0 + a, "descent, exact"));
    bounds.push_back(descent(exact, n, 1.0, "minimality alone"));
  }
  return bounds;
}

// The rise is largest from ε/((2 + a)λ) with the error pushing outward: one step attains both
// inequalities, and G grows.
Outcome attained(Trial& trial) {
  GaussianProblem problem = draw_translate(trial.rng, 0.3);
  problem = with_translate(problem,
                           (problem.error / ((2.0 + problem.ratio()) * problem.convexity())).value);
  const JkoChain chain = problem.chain(1);
  const Estimate a = ratio(problem);
  return std::vector<Bound>{descent(chain, 1, 2.0 + a, "descent"), largest_rise(chain, 1, a)};
}

Outcome attained_by_exact_steps(const GaussianProblem& problem) {
  const JkoChain chain = problem.chain(steps);
  std::vector<Bound> bounds;
  for (int n = 1; n <= steps; ++n) {
    bounds.push_back(descent(chain, n, 2.0 + ratio(problem), "descent, exact"));
  }
  return bounds;
}

Outcome larger_descent(const GaussianProblem& problem) {
  return descent(problem.chain(1), 1, 2.3 + 1.3 * ratio(problem), "");
}

Outcome monotone(const GaussianProblem& problem) {
  GaussianProblem from_target = problem;
  from_target.start = problem.target;
  const JkoChain chain = from_target.chain(1);
  return Bound{.lhs = chain.kl_to_target(1), .rhs = chain.kl_to_target(0)};
}

}  // namespace jko_06

Claim jko_06_descent() {
  using namespace jko_06;
  return {.id = "JKO-06",
          .statement =
              "G(pₙ) − G(pₙ₊₁) ≥ (2 + γλ)S²/(2γ) − εS ≥ −γε²/(2(2 + γλ)); for exact steps at "
              "least S²/γ + λS²/2",
          .source = "derived",
          .provenance = Provenance::derived,
          .hypotheses = {"G λ-convex along generalised geodesics, 1 + γλ > 0",
                         "first-order error at most ε"},
          .instances = inexact_gaussian_families(inequalities),
          .tight = {translate("translate", attained_by_exact_steps, 0.0),
                    {.name = "translate by ε/((2 + γλ)λ), error outward", .draw = attained}},
          .controls = {translate("2.3 + 1.3γλ in place of 2 + γλ", larger_descent, 0.0),
                       translate("G monotone in spite of ε", monotone, 0.3)},
          .on_target = on_gaussian_target(inequalities),
          .file = __FILE__};
}

}  // namespace flowcheck
