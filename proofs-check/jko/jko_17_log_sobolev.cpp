#include "jko/convergence.hpp"
#include "jko/jko_claims.hpp"
#include "jko/line_laws.hpp"
#include "measures/line_laws.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace flowcheck {
namespace jko_17 {

constexpr int steps = 6;

// KL(p_{n+1} ‖ q) against KL(p_n ‖ q)/(1 + γμ), μ a log-Sobolev constant of q, for a step whose
// objective is (1/γ + λ)-convex. Its own rounding ε enters the proof as
//
//   (1 + γμ)KL_{n+1} ≤ KL_n + γε(√I_{n+1} + ε/(2(1 + γλ))),
//
// S²/(2γ) being F(p_n) − F(p_{n+1}) up to γε²/(2(1 + γλ)), and S at least γ(√I_{n+1} − ε).
Estimate drift(double gamma, const Estimate& error, const Estimate& slope, double convexity) {
  return gamma * error * (slope + error / (2.0 * (1.0 + gamma * convexity)));
}

Bound contraction(const Estimate& after, const Estimate& before, double gamma, const Estimate& mu) {
  return {.lhs = after, .rhs = before / (1.0 + gamma * mu), .scale = 1.0};
}

// A strongly convex V is log-Sobolev with its λ.
Outcome of_gaussians(const GaussianProblem& problem) {
  const JkoChain chain = problem.exact().chain(steps);
  std::vector<Bound> bounds;
  for (int n = problem.start.has_density() ? 1 : 2; n <= steps; ++n) {
    const Estimate allowance = drift(problem.step_size, chain.error(n), chain.fisher_norm(n), 0.0);
    bounds.push_back(contraction(chain.kl_to_target(n), chain.kl_to_target(n - 1) + allowance,
                                 problem.step_size, problem.convexity()));
  }
  return bounds;
}

// The same on the line, from the first step on whose start has a density.
Outcome of_line(const LineJkoProblem& problem) {
  const LineJkoChain chain = problem.exact().chain(steps);
  const Estimate lambda = problem.convexity();
  std::vector<Bound> bounds;
  for (int n = problem.start.has_density() ? 1 : 2; n <= steps; ++n) {
    const Estimate allowance =
        drift(problem.step_size, chain.error(n), chain.slope(n), lambda.value);
    bounds.push_back(
        contraction(chain.gap(n), chain.gap(n - 1) + allowance, problem.step_size, lambda));
  }
  return bounds;
}

// An exact chain on the line towards a q that need not be log-concave.
struct Run {
  std::vector<Estimate> kl = {};         // KL_n
  std::vector<Estimate> w2 = {};         // W_n
  std::vector<Estimate> allowance = {};  // drift() of the step to p_n; 0 for n = 0
};

Run on_grid(
    const LineGrid& grid, const LineMeasure& start, const LineMeasure& q, double gamma, int count) {
  const LineFunctional G = relative_entropy(line_energy(q));
  const LineMap target = line_map(grid, q);
  LineMap p = line_map(grid, start);
  Run run{.kl = {value(G, p)}, .w2 = {w2(p, target)}, .allowance = {0.0}};
  for (int n = 1; n <= count; ++n) {
    LineJkoResult result = answered_line_step(p, G, gamma);
    p = std::move(result.step);
    run.kl.push_back(value(G, p));
    run.w2.push_back(w2(p, target));
    run.allowance.push_back(drift(gamma, result.error, slope(G, p).norm, G.convexity()));
  }
  return run;
}

// The continuum's from three grids; what rounding leaves undone is taken from the finest.
Run on_the_line(const LineMeasure& start,
                const LineMeasure& q,
                double gamma,
                int count,
                const std::array<Index, 3>& points) {
  std::array<Run, 3> runs;
  for (std::size_t k = 0; k < 3; ++k) {
    runs[k] = on_grid(LineGrid(points[k]), start, q, gamma, count);
  }
  Run limit{.allowance = runs[2].allowance};
  for (std::size_t n = 0; n < runs[0].kl.size(); ++n) {
    limit.kl.push_back(max(0.0, richardson(runs[0].kl[n], runs[1].kl[n], runs[2].kl[n])));
    limit.w2.push_back(max(0.0, richardson(runs[0].w2[n], runs[1].w2[n], runs[2].w2[n])));
  }
  return limit;
}

constexpr std::array<Index, 3> coarse = {401, 801, 1601};
constexpr std::array<Index, 3> fine = {801, 1601, 3201};  // for laws with gaps

// V = x²/2 + b cos kx: the oscillation of b cos kx is 2b, so q is log-Sobolev with e^{−2b}.
Estimate holley_stroock(double b) {
  return exp(-2.0 * Estimate(b));
}

// γ below 0.8 of where 1 + γ min V'' reaches zero.
double draw_step_size(Rng& rng, double least_curvature) {
  const double limit = least_curvature < 0.0 ? -0.8 / least_curvature : 2.0;
  return rng.log_uniform(0.02, std::clamp(limit, 0.03, 2.0));
}

Outcome rippled(Trial& trial) {
  const double b = trial.rng.uniform(0.1, 1.2);
  const double k = trial.rng.uniform(0.5, 3.0);
  const double gamma = draw_step_size(trial.rng, 1.0 - b * k * k);
  const Run run = on_the_line(draw_overlapping_mixture(trial.rng), rippled_gaussian_law(b, k),
                              gamma, steps, coarse);
  std::vector<Bound> bounds;
  for (std::size_t n = 1; n < run.kl.size(); ++n) {
    if (run.kl[n].value < 1e-6) break;  // what three grids know of it
    bounds.push_back(
        contraction(run.kl[n], run.kl[n - 1] + run.allowance[n], gamma, holley_stroock(b)));
  }
  return bounds;
}

// On a translate KL contracts by (1 + γ)⁻²: γ → 0 leaves nothing between that and 1/(1 + γ).
Outcome small_step(Trial& trial) {
  return of_gaussians(line_translate(trial.rng.uniform(1.0, 3.0), 0.01, 0.0));
}

constexpr double ripple_step = 0.1;

// λ = 1, which V = x²/2 + b cos 2x has not, from N(1, ½²): its slowest mode is seen after 20 steps.
Run ripple_run(double b) {
  return on_the_line(gaussian_law(1.0, 0.5), rippled_gaussian_law(b, 2.0), ripple_step, 25, fine);
}

Instance kl_at_rate_one(std::string name, double b) {
  return {.name = std::move(name),
          .draw =
              [b](Trial&) {
                const Run run = ripple_run(b);
                return Bound{.lhs = run.kl[25],
                             .rhs = run.kl[24] / pow(1.0 + Estimate(ripple_step), 2)};
              },
          .repeat = false};
}

Instance w2_at_rate_one(std::string name, double b) {
  return {.name = std::move(name),
          .draw =
              [b](Trial&) {
                const Run run = ripple_run(b);
                return Bound{.lhs = run.w2[25], .rhs = run.w2[24] / (1.0 + Estimate(ripple_step))};
              },
          .repeat = false};
}

// The curvature 8 of the wells of V = (x² − 4)²/4 as rate, from N(−2, 0.3²) in one of them.
Outcome curvature_of_wells(Trial&) {
  const Run run = on_the_line(gaussian_law(-2.0, 0.3), double_well_law(2.0), 0.2, 20, fine);
  return Bound{.lhs = run.kl[20], .rhs = run.kl[1] / pow(1.0 + 0.2 * Estimate(8.0), 2 * 19)};
}

std::vector<Instance> families() {
  std::vector<Instance> result = gaussian_families(of_gaussians);
  result.push_back({.name = "V = x²/2 + b cos kx", .draw = rippled});
  return result;
}

}  // namespace jko_17

Claim jko_17_log_sobolev() {
  using namespace jko_17;
  return {
      .id = "JKO-17",
      .statement =
          "I(p ‖ q) ≥ 2μKL(p ‖ q) for every p, exact steps ⇒ KL(pₙ₊₁ ‖ q) ≤ KL(pₙ ‖ q)/(1 + γμ), "
          "V convex or not; V = x²/2 + b cos kx has μ ≥ e^{−2b}",
      .source = "derived",
      .provenance = Provenance::derived,
      .hypotheses = {"q satisfies a log-Sobolev inequality",
                     "exact steps, the objective's global minimisers: 1 + γ min V'' > 0"},
      .instances = families(),
      .tight = {{.name = "translate, γ = 0.01", .draw = small_step}},
      .controls = {kl_at_rate_one("KL as for λ = 1, b = 0.8", 0.8),
                   w2_at_rate_one("W₂ as for λ = 1, b = 0.8", 0.8),
                   kl_at_rate_one("KL as for λ = 1, b = 2", 2.0),
                   w2_at_rate_one("W₂ as for λ = 1, b = 2", 2.0),
                   {.name = "curvature of the double well's wells",
                    .draw = curvature_of_wells,
                    .repeat = false}},
      .on_target = on_chain_target(of_gaussians, of_line),
      .file = __FILE__,
      .grade = Grade::converged,
      .without_error = true};
}

}  // namespace flowcheck
