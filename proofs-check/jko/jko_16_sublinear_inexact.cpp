#include "jko/convergence.hpp"
#include "jko/jko_claims.hpp"
#include "jko/line_laws.hpp"
#include "numerics/round_off.hpp"

#include <algorithm>
#include <cmath>

namespace flowcheck {
namespace jko_16 {

constexpr int steps = 12;

// W_n, Δ_n and ε of a chain, on the line or of Gaussians.
struct Run {
  double step_size = 1.0;
  std::vector<Estimate> w2 = {};   // W_0 … W_N
  std::vector<Estimate> gap = {};  // Δ_1 … Δ_N
  Estimate error = 0.0;            // ε, the largest of ε_1 … ε_N
  double length = 0.0;             // against which round-off in W₂ counts

  int length_in_steps() const { return static_cast<int>(gap.size()); }
};

// Σ_{k ≤ n} Δ_k / n against W₀²/(2γn) + εW₀ + γε²(n + 1)/2.
Bound average(const Run& run, int n) {
  Estimate sum = 0.0;
  for (int k = 0; k < n; ++k) sum = sum + run.gap[static_cast<std::size_t>(k)];
  const double gamma = run.step_size;
  return {.lhs = sum / n,
          .rhs = square(run.w2[0]) / (2.0 * gamma * n) + run.error * run.w2[0] +
                 0.5 * gamma * (n + 1) * square(run.error),
          .part = "average gap",
          .scale = 1.0};
}

// The least of Δ_1 … Δ_N at N = max(1, ⌈W₀/(γε)⌉), for any ε that is not exceeded: for W₀/(γN)
// where the chain's own would need more steps than it has.
Bound least_gap(const Run& run) {
  const double start = run.w2[0].upper;
  const double longest = run.length_in_steps();
  const double error = std::max(run.error.upper, start / (run.step_size * longest));
  const double ratio = error > 0.0 ? start / (run.step_size * error) : 0.0;
  const auto N = static_cast<std::size_t>(std::fmax(1.0, std::fmin(std::ceil(ratio), longest)));
  Estimate least = run.gap[0];
  for (std::size_t k = 1; k < N; ++k) least = min(least, run.gap[k]);
  const Estimate epsilon = error * (1.0 + 8.0 * unit_round_off);
  return {.lhs = least,
          .rhs = 2.0 * epsilon * start + 0.75 * run.step_size * square(epsilon),
          .part = "least gap",
          .scale = 1.0};
}

Outcome sublinear(const Run& run) {
  std::vector<Bound> bounds;
  for (int n = 1; n <= run.length_in_steps(); ++n) {
    bounds.push_back({.lhs = run.w2[static_cast<std::size_t>(n)],
                      .rhs = run.w2[0] + n * run.step_size * run.error,
                      .part = "distance",
                      .scale = run.length});
    bounds.push_back(average(run, n));
  }
  bounds.push_back(least_gap(run));
  return bounds;
}

// A λ-convex objective with λ > 0 is convex.
Outcome of_gaussians(const GaussianProblem& problem) {
  MeasuredChain chain = measured(problem.chain(steps));
  return sublinear({.step_size = problem.step_size,
                    .w2 = std::move(chain.w2),
                    .gap = {chain.kl.begin() + 1, chain.kl.end()},
                    .error = chain.largest_error.back(),
                    .length = problem.length()});
}

Run measured(const LineJkoChain& chain) {
  Run run{.step_size = chain.step_size(1), .error = chain.largest_error(chain.steps())};
  for (int n = 0; n <= chain.steps(); ++n) run.w2.push_back(chain.w2_to_target(n));
  for (int n = 1; n <= chain.steps(); ++n) run.gap.push_back(chain.gap(n));
  run.length = run.w2[0].value;
  return run;
}

Outcome of_line(const LineJkoProblem& problem) {
  Run run = measured(problem.chain(steps));
  run.length = problem.length();
  return sublinear(run);
}

Instance on_the_line(std::string name, int target) {
  return {.name = std::move(name), .draw = [target](Trial& trial) {
            const LineMap start = draw_line_data(trial.rng, claim_grid());
            const double gamma = trial.rng.log_uniform(0.05, 2.0);
            return sublinear(measured(line_jko_chain(start, line_target(target),
                                                     draw_inexact_steps(trial.rng, gamma, steps))));
          }};
}

// G = c∫|x| dρ from an atom at x > γ|c − ξ|: a step moves it by γ(ξ − c), ξ pushing outward.
Run atom_run(double start, double slope, double step_size, double error, int count) {
  Run run{.step_size = step_size, .error = error};
  for (int n = 0; n <= count; ++n) {
    const double place = start + n * step_size * (error - slope);
    const double terms = start + n * step_size * (error + slope);
    const Estimate x = max(0.0, Estimate::closed_form(place, round_off(terms, 1)));
    run.w2.push_back(x);
    if (n > 0) run.gap.push_back(slope * x);
  }
  return run;
}

// The slope c → 0: what pushes outward meets nothing.
Outcome pushed_outward(Trial& trial) {
  const double start = trial.rng.uniform(0.5, 3.0);
  const double error = trial.rng.log_uniform(0.1, 1.0);
  const Run run = atom_run(start, 1e-3 * error, trial.rng.log_uniform(0.05, 2.0), error, 50);
  return Bound{
      .lhs = run.w2.back(), .rhs = run.w2[0] + 50 * run.step_size * error, .part = "distance"};
}

// Exact, arriving at the minimiser with step N: the mean gap is W₀²(1 − 1/N)/(2γN).
Outcome arriving(Trial& trial) {
  constexpr int arrival = 400;
  const double start = trial.rng.uniform(0.5, 3.0);
  const double gamma = trial.rng.log_uniform(0.05, 2.0);
  const Run run = atom_run(start, start / (gamma * arrival), gamma, 0.0, arrival);
  return average(run, arrival);
}

// The dossier's instance: p_0 = q and a push of 0.3 along a potential whose force is below 0.1.
Run pushed_along_flat() {
  const LineFunctional& G = line_target(nearly_flat);
  return measured(line_jko_chain(
      line_minimiser(claim_grid(), G).step, G,
      {.step_sizes = constant_steps(1.0, 40), .error = 0.3, .field = ErrorField::constant}));
}

Outcome no_drift(Trial&) {
  const Run run = pushed_along_flat();
  return Bound{.lhs = run.w2.back(), .rhs = run.w2[0]};
}

Outcome no_error_terms(Trial&) {
  const Run run = pushed_along_flat();
  Bound bound = average(run, 40);
  bound.rhs = square(run.w2[0]) / (2.0 * run.step_size * 40);
  return bound;
}

std::vector<Instance> families() {
  std::vector<Instance> result = inexact_gaussian_families(of_gaussians);
  result.push_back(on_the_line("V = log 2cosh x", 3));
  result.push_back(on_the_line("V = x⁴/4", 4));
  result.push_back(on_the_line("V = log(2cosh x)/10", nearly_flat));
  return result;
}

}  // namespace jko_16

Claim jko_16_sublinear_inexact() {
  using namespace jko_16;
  return {.id = "JKO-16",
          .statement =
              "G is convex ⇒ Wₙ ≤ W₀ + nγε, (1/N)ΣΔₖ ≤ W₀²/(2γN) + εW₀ + γε²(N + 1)/2, and with "
              "N = max(1, ⌈W₀/(γε)⌉) min Δₖ ≤ 2εW₀ + ¾γε² over k ≤ N",
          .source = "derived",
          .provenance = Provenance::derived,
          .hypotheses = {"G convex along generalised geodesics (λ = 0)",
                         "first-order error at most ε", "a minimiser q with W₂(p₀, q) < ∞"},
          .instances = families(),
          .tight = {{.name = "G = c∫|x| dρ, c → 0, pushed outward", .draw = pushed_outward},
                    {.name = "G = c∫|x| dρ, an atom that arrives", .draw = arriving}},
          .controls = {{.name = "no drift", .draw = no_drift, .repeat = false},
                       {.name = "mean gap as for exact steps",
                        .draw = no_error_terms,
                        .repeat = false}},
          .on_target = on_chain_target(of_gaussians, of_line),
          .file = __FILE__};
}

}  // namespace flowcheck
