#include "jko/chain_problem.hpp"
#include "jko/jko_claims.hpp"

namespace flowcheck {
namespace jko_02 {

constexpr int steps = 5;

// What a control gets wrong: the factor of γλ, or of the error term.
struct Variant {
  double rate = 1.0;
  double error = 1.0;
};

// (1 + a)D² + 2γG(p_n) + S² ≤ W₂²(p_{n−1}, π) + 2γεD + 2γG(π), a = γλ.
Bound evi(const ChainProblem& problem,
          const ChainMeasures& run,
          std::size_t n,
          const Competitor& pi,
          const Variant& variant = {}) {
  const double gamma = problem.step_size;
  const Estimate D = pi.map_distance;
  return {.lhs = (1.0 + variant.rate * problem.ratio()) * square(D) + 2.0 * gamma * run.kl[n] +
                 square(run.step_length[n]),
          .rhs = square(pi.before) + variant.error * 2.0 * gamma * run.error[n] * D +
                 2.0 * gamma * pi.value,
          .part = pi.name,
          .scale = problem.length * problem.length};
}

Outcome inequality(const ChainProblem& problem) {
  if (!problem.has_optimal_map) return Outcome::not_applicable("p₀ has a density, or is an atom");
  const ChainMeasures run = problem.chain(steps);
  std::vector<Bound> bounds;
  for (std::size_t n = 1; n < run.kl.size(); ++n) {
    for (const Competitor& pi : run.competitors(n)) bounds.push_back(evi(problem, run, n, pi));
  }
  return bounds;
}

EvaluateChain against_target(const Variant& variant) {
  return [variant](const ChainProblem& problem) -> Outcome {
    const ChainMeasures run = problem.chain(1);
    return evi(problem, run, 1, run.competitors(1).front(), variant);
  };
}

// V = (x² − 4)²/4 has λ = −4 between its wells, whatever it is in them.
Outcome double_well(Trial&) {
  ChainProblem problem = line_problem(law_nc2(), gaussian_map(LineGrid(801), -2.0, 0.3), 0.2);
  problem.convexity = 1.0;
  return inequality(problem);
}

}  // namespace jko_02

Claim jko_02_evi() {
  using namespace jko_02;
  return {
      .id = "JKO-02",
      .statement =
          "G λ-convex, 1 + γλ > 0 ⇒ (1 + γλ)D(π)² + 2γ(G(pₙ₊₁) − G(π)) + S² ≤ W₂²(pₙ, π) + "
          "2γεD(π) for every π",
      .source = "sharpens the evolution variational inequality of [ChengLuTanXie2024]",
      .provenance = Provenance::derived,
      .hypotheses = {"G λ-convex along generalised geodesics, 1 + γλ > 0",
                     "first-order error at most ε", "p₀ has a density, or is an atom, or d = 1"},
      .instances = inexact_chain_families(inequality),
      .tight = {translate("translate, π = q", against_target({}), 0.05)},
      .controls = {translate("rate 1.2 γλ", against_target({.rate = 1.2}), 0.0),
                   translate("no error term", against_target({.error = 0.0}), 0.3),
                   {.name = "double well, λ = 1", .draw = double_well, .repeat = false}},
      .on_target = on_chain_target(inequality),
      .file = __FILE__,
      .grade = Grade::converged};
}

}  // namespace flowcheck
