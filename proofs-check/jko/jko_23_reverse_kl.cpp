#include "distances/gaussian_divergence.hpp"
#include "jko/chain_problem.hpp"
#include "jko/convergence.hpp"
#include "jko/generated_law.hpp"
#include "jko/jko_claims.hpp"
#include "jko/line_laws.hpp"
#include "numerics/adaptive_quadrature.hpp"
#include "numerics/round_off.hpp"
#include "proximal/line_blocks.hpp"

#include <cmath>
#include <numbers>

namespace flowcheck {
namespace jko_23 {

constexpr int steps = 6;

// D(pₙ ‖ qₙ) = D(p_N ‖ q) for every n, each side from its own pair of Gaussians.
void add_identities(const MeasuredChain& run, std::vector<Bound>& bounds) {
  const JkoChain& chain = run.chain;
  const int N = chain.steps();
  const Gaussian& last = chain[N];
  const std::vector<GeneratedLaw> laws = generated_laws(chain);
  const bool chi_squared_is_moderate = relative_width(last, chain.target) <= 1.5;
  for (int n = 0; n < N; ++n) {
    const GeneratedLaw& q = laws[static_cast<std::size_t>(n)];
    bounds.push_back(identity(kl(chain[n], q), run.kl.back(), "KL", 1.0));
    bounds.push_back(identity(squared_hellinger(chain[n], q), squared_hellinger(last, chain.target),
                              "squared Hellinger", 1.0));
    if (chi_squared_is_moderate) {
      bounds.push_back(identity(log_chi_squared(chain[n], q),
                                log_chi_squared(last, GeneratedLaw{chain.target}), "log(1 + χ²)",
                                1.0));
    } else {
      bounds.push_back(left_out("log(1 + χ²)", "Σ_N ⪯ 1.5 Q"));
    }
  }
}

Outcome reverse_process_keeps_divergence(const GaussianProblem& problem) {
  if (!problem.start.has_density()) return Outcome::not_applicable("p₀ has a density");
  const MeasuredChain run = measured(problem.chain(steps));
  std::vector<Bound> bounds;
  add_identities(run, bounds);
  bounds.push_back({.lhs = sqrt(kl(problem.start, generated_laws(run.chain).front())),
                    .rhs = sharp_root_kl_bound(convexity(problem.target), problem.step_size, steps,
                                               run.kl[0], run.largest_error.back()),
                    .part = "guarantee, sharp",
                    .scale = 1.0});
  if (const auto paper = paper_run(problem, 1)) {
    bounds.push_back(
        {.lhs = kl(problem.start, generated_laws(paper->chain).front()),
         .rhs = paper_kl_bound(convexity(problem.target), problem.step_size, paper->epsilon),
         .part = "guarantee, paper"});
  } else {
    bounds.push_back(left_out("guarantee, paper", no_paper_run(problem, 1)));
  }
  return bounds;
}

// Generates with the forward blocks.
Outcome wrong_direction(const GaussianProblem& problem) {
  const JkoChain chain = problem.chain(2);
  Gaussian q = chain.target;
  const std::vector<AffineMap> blocks = forward_blocks(chain);
  for (auto F = blocks.rbegin(); F != blocks.rend(); ++F) q = pushforward(*F, q);
  return identity(kl(chain[0], q), chain.kl_to_target(2));
}

// KL(q₀ ‖ p₀): data second.
Outcome swapped_arguments(const GaussianProblem& problem) {
  const JkoChain chain = problem.chain(2);
  return identity(kl(reverse_process(chain).front(), chain[0]), chain.kl_to_target(2));
}

// A constant, rounded to double.
Estimate nearest(double x) {
  return Estimate::closed_form(x, unit_round_off * x);
}

// A block that is not invertible, x ↦ |x| on N(1, 1) against N(0, 1): the densities of the images
// have the ratio e^{−1/2} cosh x, so ½ becomes E[log cosh X] − ½, X ~ N(1, 1).
Outcome folded(const GaussianProblem& problem) {
  const Estimate pi = nearest(std::numbers::pi);
  const Estimate log_2 = nearest(std::numbers::ln2);
  const auto integrand = [&](const Estimate& x) {
    const Estimate log_cosh = abs(x) + log(1.0 + exp(-2.0 * abs(x))) - log_2;
    return exp(-0.5 * square(x - 1.0)) / sqrt(2.0 * pi) * log_cosh;
  };
  // The density has e^{−800} left at the ends.
  return identity(quadrature(integrand, {-39.0, 1.0, 41.0}) - 0.5,
                  kl(problem.start, problem.target));
}

Instance random_pair(std::string name, const Evaluate& evaluate) {
  return {.name = std::move(name), .draw = [evaluate](Trial& trial) {
            return evaluate(draw_random_pair(trial.rng, 8, true));
          }};
}

// A chain of mixtures on the line, its blocks inverted piece by piece: divergences in the space of
// the data, half way and in the space of the noise, each integrated over the law that is there.
Outcome on_the_line(const LineJkoChain& chain) {
  const LineReverseDensity reverse(chain);
  std::vector<Bound> bounds;
  for (const int n : {0, steps / 2}) {
    bounds.push_back(identity(reverse.kl(n), reverse.kl(steps), "KL", 1.0));
    bounds.push_back(
        identity(reverse.reverse_kl(n), reverse.reverse_kl(steps), "KL, arguments swapped", 1.0));
  }
  const ChainMeasures run = measures(chain);
  bounds.push_back({.lhs = sqrt(reverse.kl(0)),
                    .rhs = sharp_root_kl_bound(chain.functional.convexity(), chain.step_size(1),
                                               steps, run.kl[0], run.largest_error.back()),
                    .part = "guarantee, sharp",
                    .scale = 1.0});
  return bounds;
}

Outcome mixtures_on_the_line(Trial& trial) {
  const LineMap start = line_map(claim_grid(), draw_overlapping_mixture(trial.rng));
  const LineFunctional& G = line_target(static_cast<int>(trial.rng.uniform_index(3)));
  const double gamma = trial.rng.log_uniform(0.1, 1.0);
  return on_the_line(line_jko_chain(start, G, draw_inexact_steps(trial.rng, gamma, steps)));
}

Outcome user_line(const LineJkoProblem& problem) {
  if (!problem.start.has_density()) return Outcome::not_applicable("p₀ has a density");
  Outcome outcome = on_the_line(problem.chain(steps));
  const char* part = "guarantee, paper";
  if (const auto paper = paper_run(problem, 1)) {
    outcome.bounds.push_back(
        {.lhs = LineReverseDensity(paper->chain).kl(0),
         .rhs = paper_kl_bound(problem.convexity(), problem.step_size, paper->epsilon),
         .part = part});
  } else {
    outcome.bounds.push_back(left_out(part, no_paper_run(problem, 1)));
  }
  return outcome;
}

std::vector<Instance> families() {
  std::vector<Instance> result = gaussian_families(reverse_process_keeps_divergence);
  result.push_back(short_translate("short translate", reverse_process_keeps_divergence, 0.01));
  result.push_back({.name = "mixtures on the line", .draw = mixtures_on_the_line});
  return result;
}

}  // namespace jko_23

Claim jko_23_reverse_kl() {
  using namespace jko_23;
  return {.id = "JKO-23",
          .statement =
              "F₁ … F_N invertible, q_N = q, qₙ₋₁ = (Fₙ⁻¹)_# qₙ ⇒ KL(pₙ ‖ qₙ) = KL(p_N ‖ q), so "
              "KL(p₀ ‖ q₀) ≤ 9ε²/(2γλ²), √KL(p₀ ‖ q₀) ≤ (1 + γλ)^{−N}√KL(p₀ ‖ q) + ε/√(2λ)",
          .source = "[ChengLuTanXie2024]",
          .provenance = Provenance::quoted,
          .hypotheses = {"p₀ has a density", "invertible blocks with exact inverses",
                         "as JKO-12 for the paper's constant, as JKO-13 for the sharp one",
                         "Σ_N ⪯ 1.5 Q for χ², infinite from 2Q on"},
          .instances = families(),
          .tight = {translate("translate", reverse_process_keeps_divergence, 0.05)},
          .controls = {random_pair("wrong direction", wrong_direction),
                       random_pair("swapped arguments", swapped_arguments),
                       fixed_instance("x ↦ |x|", folded, line_translate(1.0, 1.0, 0.0))},
          .on_target = on_chain_target(reverse_process_keeps_divergence, user_line),
          .file = __FILE__,
          .grade = Grade::converged};
}

}  // namespace flowcheck
