#include "distances/gaussian_divergence.hpp"
#include "distances/wasserstein.hpp"
#include "jko/convergence.hpp"
#include "jko/generated_law.hpp"
#include "jko/jko_claims.hpp"
#include "numerics/round_off.hpp"
#include "numerics/spd.hpp"
#include "proximal/line_blocks.hpp"

#include <algorithm>
#include <cmath>

namespace flowcheck {
namespace jko_27 {

constexpr int steps = 6;

// Lip(F⁻¹) = 1/λ_min of the optimal map F from p to q, everywhere on ℝᵈ: F is affine.
Estimate inverse_lipschitz(const Gaussian& p, const Gaussian& q) {
  const double least = smallest_eigenpair(optimal_map(p, q).linear).value;
  const double error = optimal_map_round_off(p, q) / std::sqrt(p.eigenvalues()(0));
  return 1.0 / Estimate::closed_form(least, error);
}

// A generation with exact inverses, q_n, next to one with inexact ones, q̃_n.
struct Inversion {
  std::vector<Estimate> distance;   // eₙ = W₂(qₙ, q̃ₙ)
  std::vector<Estimate> lipschitz;  // Lₙ of Fₙ⁻¹; index 0 unused
  std::vector<Estimate> error;      // ‖Fₙ∘Sₙ − Id‖ in L²(q̃ₙ); index 0 unused
  double length = 0.0;              // of q_0: against which round-off in W₂ counts
};

Inversion inversion(const JkoChain& chain,
                    const std::vector<Gaussian>& inexact_laws,
                    double error) {
  const std::vector<GeneratedLaw> exact = generated_laws(chain);
  const std::vector<GeneratedLaw> inexact = with_round_off(chain, inexact_laws);
  Inversion result{.distance = {},
                   .lipschitz = {0.0},
                   .error = {0.0},
                   .length = std::sqrt(exact[0].law.eigenvalues().sum())};
  for (std::size_t n = 0; n < exact.size(); ++n) {
    result.distance.push_back(w2(exact[n], inexact[n]));
  }
  for (int n = 1; n <= chain.steps(); ++n) {
    const Gaussian& from = chain[n - 1];
    const Gaussian& to = chain[n];
    const Gaussian& law = inexact_laws[static_cast<std::size_t>(n)];
    result.lipschitz.push_back(inverse_lipschitz(from, to));
    // Fₙ∘Sₙ − Id as it was made, up to the rounding of the two maps.
    const double size = law.mean().norm() + to.mean().norm() + from.mean().norm() +
                        std::sqrt(law.eigenvalues().sum());
    const double block = std::sqrt(from.condition_number() * to.condition_number());
    result.error.push_back(Estimate::closed_form(error, round_off(size * block, from.dimension())));
  }
  return result;
}

// q̃ₙ₋₁ = (Sₙ)_# q̃ₙ with Sₙ(y) = Fₙ⁻¹(y + b + K(y − mean of q̃ₙ)), b and K at random, of norm
// `error` in L²(q̃ₙ).
std::vector<Gaussian> random_inverses(const JkoChain& chain, double error, Rng rng) {
  const Index d = chain.target.dimension();
  const std::vector<AffineMap> blocks = forward_blocks(chain);
  std::vector<Gaussian> laws(chain.iterates.size(), chain.target);
  for (std::size_t n = blocks.size(); n > 0; --n) {
    const Gaussian& law = laws[n];
    AffineField field{.linear = symmetrised(rng.normal_matrix(d, d)),
                      .constant = rng.normal_vector(d)};
    field = (error / field_norm(field, law)) * field;
    const AffineMap disturbance{.linear = Matrix::Identity(d, d) + field.linear,
                                .offset = field.constant - field.linear * law.mean()};
    laws[n - 1] = pushforward(compose(inverse(blocks[n - 1]), disturbance), law);
  }
  return laws;
}

// eₙ₋₁ ≤ Lₙ(eₙ + ε_inv) with eₙ = W₂(qₙ, q̃ₙ), its sum, and its two forms for a uniform L.
void add_recursion(const Inversion& run, std::vector<Bound>& bounds) {
  const std::size_t N = run.distance.size() - 1;
  const double length = run.length;
  Estimate sum = 0.0;
  Estimate L = 0.0;
  Estimate largest_error = 0.0;
  for (std::size_t n = N; n > 0; --n) {
    bounds.push_back({.lhs = run.distance[n - 1],
                      .rhs = run.lipschitz[n] * (run.distance[n] + run.error[n]),
                      .part = "one step",
                      .scale = length});
    sum = run.lipschitz[n] * (sum + run.error[n]);
    L = max(L, run.lipschitz[n]);
    largest_error = max(largest_error, run.error[n]);
  }
  bounds.push_back({.lhs = run.distance[0], .rhs = sum, .part = "sum over n", .scale = length});
  if (L.lower <= 1.0) return;  // γK = log L > 0 in what follows
  const int count = static_cast<int>(N);
  bounds.push_back({.lhs = run.distance[0],
                    .rhs = largest_error * L * (pow(L, count) - 1.0) / (L - 1.0),
                    .part = "uniform L",
                    .scale = length});
  bounds.push_back({.lhs = run.distance[0],
                    .rhs = largest_error * pow(L, count + 1) / log(L),
                    .part = "uniform L = e^{γK}",
                    .scale = length});
}

Outcome mixed_guarantee(const GaussianProblem& problem) {
  if (!problem.start.has_density()) return Outcome::not_applicable("p₀ has a density");
  const MeasuredChain run = measured(problem.chain(steps));
  const JkoChain& chain = run.chain;
  Rng rng(derive_seed(problem.seed, "inexact_inverses"));
  const double error = problem.length() * rng.log_uniform(1e-4, 1e-1);
  std::vector<Bound> bounds;
  add_recursion(inversion(chain, inexact_reverse_process(chain, error), error), bounds);
  add_recursion(inversion(chain, random_inverses(chain, error, rng), error), bounds);
  bounds.push_back({.lhs = sqrt(kl(problem.start, generated_laws(chain).front())),
                    .rhs = sharp_root_kl_bound(convexity(problem.target), problem.step_size, steps,
                                               run.kl[0], run.largest_error.back()),
                    .part = "KL(p₀ ‖ q₀), exact inverses",
                    .scale = 1.0});
  return bounds;
}

// Of a chain on the line: inverses off by a constant and by a wave, the latter so small that they
// stay monotone wherever p_n is narrow.
Inversion inversion(const LineJkoChain& chain, double error, InversionError kind) {
  const LineInversion run = inexact_reverse_process(chain, error, kind);
  Inversion result{.distance = {},
                   .lipschitz = run.lipschitz,
                   .error = run.errors,
                   .length = std::sqrt(run.exact[0].variance().value)};
  for (std::size_t n = 0; n < run.exact.size(); ++n) result.distance.push_back(run.distance(n));
  return result;
}

Outcome of_line(const LineJkoProblem& problem) {
  if (!problem.start.has_density()) return Outcome::not_applicable("p₀ has a density");
  const LineJkoChain chain = problem.chain(steps);
  double narrowest = infinity;  // T'
  for (const LineMap& p : chain.iterates) {
    narrowest = std::min(narrowest, p.increments().minCoeff() / p.grid().spacing());
  }
  std::vector<Bound> bounds;
  add_recursion(inversion(chain, 0.01 * problem.length(), InversionError::shift), bounds);
  add_recursion(inversion(chain, 0.01 * narrowest, InversionError::wave), bounds);
  bounds.push_back({.lhs = sqrt(LineReverseDensity(chain).kl(0)),
                    .rhs = sharp_root_kl_bound(problem.convexity(), problem.step_size, steps,
                                               chain.gap(0), chain.largest_error(steps)),
                    .part = "KL(p₀ ‖ q₀), exact inverses",
                    .scale = 1.0});
  return bounds;
}

// Blocks F(x) = x/L on the line, S(y) = L(y + ε_inv): every inequality above is an equality but the
// exponential one.
JkoChain uniform_blocks(double L, int N) {
  JkoChain chain{
      .target = Gaussian::standard(1), .step_sizes = constant_steps(1.0, N), .iterates = {}};
  for (int n = 0; n <= N; ++n) {
    chain.iterates.emplace_back(Vector::Zero(1), Matrix::Constant(1, 1, std::pow(L, 2 * (N - n))));
  }
  return chain;
}

Outcome uniform_lipschitz(Trial& trial) {
  const double error = trial.rng.log_uniform(1e-4, 0.1);
  const JkoChain chain = uniform_blocks(trial.rng.uniform(1.1, 1.5), 8);
  std::vector<Bound> bounds;
  add_recursion(inversion(chain, inexact_reverse_process(chain, error), error), bounds);
  bounds.pop_back();
  return bounds;
}

constexpr double fixed_L = 1.3;
constexpr double fixed_error = 1e-3;
constexpr int fixed_steps = 12;

Estimate fixed_distance() {
  const JkoChain chain = uniform_blocks(fixed_L, fixed_steps);
  return inversion(chain, inexact_reverse_process(chain, fixed_error), fixed_error).distance[0];
}

// Σ L^k from k = 0 to N − 1: one factor L too few.
Outcome shifted_sum(Trial&) {
  const Estimate L = fixed_L;
  return Bound{.lhs = fixed_distance(),
               .rhs = fixed_error * (pow(L, fixed_steps) - 1.0) / (L - 1.0)};
}

Outcome linear_sum(Trial&) {
  return Bound{.lhs = fixed_distance(), .rhs = Estimate(fixed_error) * fixed_steps};
}

// p has a density, so KL(p ‖ q) is infinite where q has none.
Estimate kl_of_any(const Gaussian& p, const Gaussian& q) {
  return q.has_density() ? kl(p, q) : Estimate(infinity);
}

// A guarantee in KL for the rounded process: the last inverse forgets the coordinate of least
// variance, as rounding to a grid does on a small scale. The law loses its density, KL(p₀ ‖ q̃₀) is
// infinite, and W₂(q₀, q̃₀) is that coordinate's deviation only.
Outcome rounded_kl(const GaussianProblem& problem) {
  const MeasuredChain run = measured(problem.chain(steps));
  const Gaussian q = reverse_process(run.chain).front();
  Matrix L = q.factor();
  L.col(0).setZero();
  const Gaussian rounded(q.mean(), L * L.transpose());
  return Bound{.lhs = kl_of_any(problem.start, rounded),
               .rhs = square(sharp_root_kl_bound(convexity(problem.target), problem.step_size,
                                                 steps, run.kl[0], run.largest_error.back()))};
}

}  // namespace jko_27

Claim jko_27_inexact_inversion() {
  using namespace jko_27;
  return {
      .id = "JKO-27",
      .statement =
          "‖Fₙ∘Sₙ − Id‖ ≤ ε_inv in L²(q̃ₙ), Lip(Fₙ⁻¹) ≤ Lₙ, eₙ = W₂(qₙ, q̃ₙ) ⇒ eₙ₋₁ ≤ Lₙ(eₙ + "
          "ε_inv); Lₙ ≤ L = e^{γK} ⇒ e₀ ≤ ε_inv L(L^N − 1)/(L − 1) ≤ ε_inv e^{γK(N+1)}/(γK), "
          "next to KL(p₀ ‖ q₀) = O(ε²)",
      .source = "[ChengLuTanXie2024]; constants derived",
      .provenance = Provenance::recalled,
      .hypotheses = {"p₀ has a density", "inversion error at most ε_inv in L²(q̃ₙ)",
                     "Fₙ⁻¹ is Lₙ-Lipschitz", "L > 1 for the uniform forms"},
      .instances = gaussian_families(mixed_guarantee),
      .tight = {{.name = "F(x) = x/L, S(y) = L(y + ε_inv)", .draw = uniform_lipschitz}},
      .controls = {{.name = "Σ L^k from k = 0", .draw = shifted_sum, .repeat = false},
                   {.name = "Nε_inv", .draw = linear_sum, .repeat = false},
                   {.name = "KL of a rounded process",
                    .draw =
                        [](Trial& trial) { return rounded_kl(draw_translate(trial.rng, 0.05)); }}},
      .on_target = on_chain_target(mixed_guarantee, of_line),
      .file = __FILE__};
}

}  // namespace flowcheck
