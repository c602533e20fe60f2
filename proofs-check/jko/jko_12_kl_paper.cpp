#include "distances/wasserstein.hpp"
#include "jko/convergence.hpp"
#include "jko/jko_claims.hpp"
#include "numerics/observed_order.hpp"

#include <cmath>
#include <cstddef>

namespace flowcheck {
namespace jko_12 {

constexpr int steps = 12;

// The index is one further than in W₂: it is a step that turns distance into relative entropy.
void add_after_paper_steps(const ChainProblem& problem, std::vector<Bound>& bounds) {
  const auto end = paper_end(problem, 1);
  if (!end) {
    for (const char* part : {"after N + 1 steps", "after N + 1 steps, short form"})
      bounds.push_back(left_out(part, no_paper_run(problem, 1)));
    return;
  }
  const Estimate lambda = problem.convexity;
  bounds.push_back({.lhs = end->kl,
                    .rhs = square(end->epsilon) / lambda * (1.0 + 2.5 / problem.ratio()),
                    .part = "after N + 1 steps"});
  bounds.push_back({.lhs = end->kl,
                    .rhs = paper_kl_bound(lambda, problem.step_size, end->epsilon),
                    .part = "after N + 1 steps, short form"});
}

// 2γΔₙ₊₁ ≤ Wₙ² + (2γ/λ)ε², and its consequence.
Outcome paper_constants(const ChainProblem& problem) {
  if (!problem.is_strictly_convex()) return Outcome::not_applicable("λ > 0");
  const ChainMeasures run = problem.chain(steps);
  const double gamma = problem.step_size;
  std::vector<Bound> bounds;
  for (std::size_t n = 1; n < run.kl.size(); ++n) {
    bounds.push_back(
        {.lhs = 2.0 * gamma * run.kl[n],
         .rhs = square(run.w2[n - 1]) + 2.0 * gamma / problem.convexity * square(run.error[n]),
         .part = "one step",
         .scale = problem.length * problem.length,
         .auxiliary = true});
  }
  add_after_paper_steps(problem, bounds);
  return bounds;
}

// The number of steps until Δ is below the paper's level, interpolated between whole ones; √Δ is
// geometric up to its floor.
double steps_to_paper_level(const GaussianProblem& problem) {
  const double level =
      paper_kl_bound(convexity(problem.target), problem.step_size, problem.error).value;
  const JkoChain chain =
      problem.chain(1 + sharp_steps(convexity(problem.target), problem.step_size,
                                    w2(problem.start, problem.target), problem.error));
  double before = chain.kl_to_target(0).value;
  for (int n = 1; n <= chain.steps(); ++n) {
    const double after = chain.kl_to_target(n).value;
    if (after <= level) return n - 1 + std::log(before / level) / std::log(before / after);
    before = after;
  }
  return chain.steps();
}

struct Sweep {
  std::vector<double> errors;    // ε
  std::vector<double> kl;        // after the paper's number of steps
  std::vector<double> exp_hits;  // e^{−n}, n the steps to the paper's level
};

// The same translate with ε smaller and smaller, by whole powers of 1 + γλ, so that the hits are
// at the same place between two steps.
Sweep sweep_error(GaussianProblem problem) {
  const double rate = std::log1p(problem.ratio().value);
  const double factor = std::exp(-rate * std::ceil(std::log(10.0) / rate));
  Sweep sweep;
  for (int k = 0; k < 4; ++k, problem.error *= factor) {
    const JkoChain chain = paper_run(problem, problem.error, 1).chain;
    sweep.kl.push_back(chain.kl_to_target(chain.steps()).value);
    sweep.errors.push_back(problem.error);
    sweep.exp_hits.push_back(std::exp(-steps_to_paper_level(problem)));
  }
  return sweep;
}

// The measured Δ and n carry ten digits at least; the spread alone could be smaller than that.
Estimate slope(const Sweep& sweep, const std::vector<double>& values) {
  return widened(observed_order(sweep.errors, values), 1e-8);
}

// Δ is of order two in ε and n grows like log(1/ε) / log(1 + γλ).
Outcome orders(const GaussianProblem& problem) {
  const Sweep sweep = sweep_error(problem);
  return std::vector<Bound>{order(slope(sweep, sweep.kl), 2.0, "Δ is O(ε²)"),
                            order(slope(sweep, sweep.exp_hits),
                                  1.0 / std::log1p(problem.ratio().value), "n is O(log(1/ε))")};
}

Outcome fourth_order(const GaussianProblem& problem) {
  const Sweep sweep = sweep_error(problem);
  return order(slope(sweep, sweep.kl), 4.0);
}

Outcome steps_regardless_of_error(const GaussianProblem& problem) {
  const Sweep sweep = sweep_error(problem);
  return order(slope(sweep, sweep.exp_hits), 0.0);
}

// The floor ε²/(2λ), 10 % too low.
Outcome low_floor(const GaussianProblem& problem) {
  const auto [chain, epsilon] = paper_run(problem, problem.error, 1);
  return Bound{.lhs = chain.kl_to_target(chain.steps()),
               .rhs = 0.45 * square(epsilon) / convexity(problem.target)};
}

std::vector<Instance> families() {
  std::vector<Instance> result = chain_families(paper_constants);
  result.push_back(short_translate("translate", paper_constants, 0.01));
  result.push_back(short_translate("translate, ε → 0", orders, 0.01));
  return result;
}

}  // namespace jko_12

Claim jko_12_kl_paper() {
  using namespace jko_12;
  // No instance attains it: after N + 1 steps the true Δ is at most about ε²/(2λ), a factor
  // 2 + 5/(γλ) below. That convexity cannot be dropped is a control of JKO-17.
  return {.id = "JKO-12",
          .statement =
              "γλ < 2, n ≥ (8/(γλ)) log(λW₀/ε) ⇒ KL(pₙ₊₁ ‖ q) ≤ (ε²/λ)(1 + 5/(2γλ)) ≤ 9ε²/(2γλ²)",
          .source = "[ChengLuTanXie2024]",
          .provenance = Provenance::recalled,
          .hypotheses = {"∇²V ⪰ λI with λ > 0", "first-order error at most ε in every step",
                         "γλ < 2 for the number of steps"},
          .instances = families(),
          .controls = {short_translate("floor 0.9 ε²/(2λ)", low_floor, 0.01),
                       fixed_instance("order ε⁴", fourth_order, line_translate(3.0, 0.5, 0.03)),
                       fixed_instance("N independent of ε", steps_regardless_of_error,
                                      line_translate(3.0, 0.5, 0.03))},
          .on_target = on_chain_target(paper_constants),
          .file = __FILE__,
          .grade = Grade::converged};
}

}  // namespace flowcheck
