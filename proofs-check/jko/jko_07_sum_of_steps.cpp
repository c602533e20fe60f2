#include "jko/chain_problem.hpp"
#include "jko/jko_claims.hpp"

#include <algorithm>
#include <cstddef>

namespace flowcheck {
namespace jko_07 {

constexpr int steps = 12;

Estimate sum_of_squares(const std::vector<Estimate>& terms) {
  Estimate sum = 0.0;
  for (const Estimate& term : terms) sum = sum + square(term);
  return sum;
}

// Σ ε_n S_n, what rounding leaves of the error of exact steps.
Estimate sum_of_errors(const ChainMeasures& run) {
  Estimate sum = 0.0;
  for (std::size_t n = 1; n < run.error.size(); ++n) {
    sum = sum + run.error[n] * run.step_length[n];
  }
  return sum;
}

// Σ S² ≤ factor (G_0 − G_N + Σ ε_n S_n); G_0 − G_N loses nothing that matters, G_N being smaller. S
// is a difference of measures of the problem's size, so round-off in S² is a part of its square,
// also where p_0 = q and both sides are nothing but round-off.
Bound exact_sum(const ChainProblem& problem,
                const ChainMeasures& run,
                const Estimate& factor,
                std::string part) {
  return {.lhs = sum_of_squares(run.step_length),
          .rhs = factor * (run.kl.front() - run.kl.back() + sum_of_errors(run)),
          .part = std::move(part),
          .scale = std::max(problem.length * problem.length, (factor * run.kl.front()).value)};
}

// Σ S² ≤ γ G_0 + …, min G being 0.
Bound against_start(const ChainProblem& problem, const ChainMeasures& run) {
  return {.lhs = sum_of_squares(run.step_length),
          .rhs = problem.step_size * (run.kl.front() + sum_of_errors(run)),
          .part = "γ(G₀ − inf G)",
          .scale = problem.length * problem.length};
}

// Σ S² + (4γ/(2 + a))G_N ≤ (4γ/(2 + a))G_0 + 4γ²Σε²/(2 + a)².
Bound inexact_sum(const ChainProblem& problem, const ChainMeasures& run) {
  const Estimate factor = 4.0 * problem.step_size / (2.0 + problem.ratio());
  return {.lhs = sum_of_squares(run.step_length) + factor * run.kl.back(),
          .rhs = factor * run.kl.front() + square(0.5 * factor) * sum_of_squares(run.error),
          .part = "inexact",
          .scale = problem.length * problem.length};
}

Estimate sharp_factor(const ChainProblem& problem) {
  return 2.0 * problem.step_size / (2.0 + problem.ratio());
}

Outcome inequalities(const ChainProblem& problem) {
  if (!problem.is_convex()) return Outcome::not_applicable("λ ≥ 0");
  if (!problem.has_density) return Outcome::not_applicable("KL(p₀ ‖ q) < ∞");
  const ChainMeasures exact = problem.exact().chain(steps);
  return std::vector<Bound>{exact_sum(problem, exact, sharp_factor(problem), "sharp"),
                            against_start(problem, exact),
                            exact_sum(problem, exact, 2.0 * problem.step_size, "minimality alone"),
                            inexact_sum(problem, problem.chain(steps))};
}

Outcome sharp(const ChainProblem& problem) {
  return exact_sum(problem, problem.chain(steps), sharp_factor(problem), "sharp");
}

// As λ → 0 the constant γ is attained too; at γλ = 0.01 up to half a per cent.
GaussianProblem nearly_flat(const GaussianProblem& problem) {
  GaussianProblem result = problem;
  result.step_size = 0.01 / problem.convexity().value;
  return result;
}

Outcome with_constant(const ChainProblem& problem, double factor, std::string part) {
  return exact_sum(problem, problem.chain(steps), factor * problem.step_size, std::move(part));
}

Outcome constant_gamma(const GaussianProblem& problem) {
  return with_constant(nearly_flat(problem), 1.0, "γ(G₀ − G_N)");
}

Outcome smaller_constant(const GaussianProblem& problem) {
  return with_constant(nearly_flat(problem), 0.9, "");
}

// λ = 0: V = log 2cosh x from the mixture, γ = 0.05.
Outcome smaller_constant_on_the_line(Trial&) {
  return with_constant(line_problem(law_q4(), line_map(LineGrid(801), mixture_data()), 0.05), 0.9,
                       "");
}

}  // namespace jko_07

Claim jko_07_sum_of_steps() {
  using namespace jko_07;
  return {.id = "JKO-07",
          .statement =
              "Σ S² ≤ (2γ/(2 + γλ))(G₀ − G_N) ≤ γ(G₀ − inf G) for exact steps, ≤ (4γ/(2 + γλ))(G₀ "
              "− G_N) + 4γ²Nε²/(2 + γλ)² otherwise",
          .source = "sharpens the classical 2γ(G₀ − inf G) of [AmbrosioGigliSavare2008]",
          .provenance = Provenance::derived,
          .hypotheses = {"∇²V ⪰ λI with λ ≥ 0", "KL(p₀ ‖ q) < ∞"},
          .instances = chain_families(inequalities),
          .tight = {translate("translate", sharp, 0.0),
                    translate("translate at γλ = 0.01", constant_gamma, 0.0)},
          .controls = {translate("constant 0.9 γ", smaller_constant, 0.0),
                       {.name = "constant 0.9 γ, V = log 2cosh x",
                        .draw = smaller_constant_on_the_line,
                        .repeat = false}},
          .on_target = on_chain_target(inequalities),
          .file = __FILE__,
          .grade = Grade::converged};
}

}  // namespace flowcheck
