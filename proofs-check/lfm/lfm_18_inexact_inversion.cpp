#include "lfm/generation.hpp"
#include "lfm/lfm_claims.hpp"
#include "measures/random_gaussian.hpp"
#include "numerics/rng.hpp"

#include <cmath>

namespace flowcheck {
namespace lfm_18 {

constexpr int blocks = 6;

// eₙ₋₁ ≤ Lₙeₙ + ηₙ with eₙ = W₂(qₙ, q̃ₙ), and its sum.
void add_sum(const GenerationErrors& run, std::vector<Bound>& bounds) {
  for (std::size_t n = run.error.size() - 1; n > 0; --n) {
    bounds.push_back({.lhs = run.distance[n - 1],
                      .rhs = run.lipschitz[n] * run.distance[n] + run.error[n],
                      .part = "one block",
                      .scale = run.length,
                      .auxiliary = true});
  }
  bounds.push_back({.lhs = run.distance[0],
                    .rhs = accumulated(run),
                    .part = "Σ η exp(Σκ)",
                    .scale = run.length});
}

// η(L^N − 1)/(L − 1) ≤ ηL^N/log L for L = e^κ > 1, else their limit Nη.
void add_uniform(const GenerationErrors& run, std::vector<Bound>& bounds) {
  const int N = static_cast<int>(run.error.size()) - 1;
  Estimate L = 0.0;
  Estimate eta = 0.0;
  for (int n = 1; n <= N; ++n) {
    L = max(L, run.lipschitz[static_cast<std::size_t>(n)]);
    eta = max(eta, run.error[static_cast<std::size_t>(n)]);
  }
  const auto add = [&](const char* part, const Estimate& rhs) {
    bounds.push_back({.lhs = run.distance[0], .rhs = rhs, .part = part, .scale = run.length});
  };
  // Near κ = 0 the quotients cancel; the sum itself does not.
  Estimate sum = 0.0;
  for (int n = 0; n < N; ++n) sum = L * sum + 1.0;
  add("η(e^{κN} − 1)/(e^κ − 1)", eta * sum);
  if (L.lower > 1.0) {
    add("ηe^{κN}/κ", eta * pow(L, N) / log(L));
  } else {
    bounds.push_back(left_out("ηe^{κN}/κ", "κ > 0"));
  }
}

std::vector<Bound> bounds_of(const GenerationPair& pair) {
  const GenerationErrors run = generation_errors(pair);
  std::vector<Bound> bounds;
  add_sum(run, bounds);
  add_uniform(run, bounds);
  return bounds;
}

std::vector<Bound> from_gaussian(const Gaussian& p, double gamma, double error, Rng& rng) {
  return bounds_of(disturbed(Gaussian::standard(p.dimension()),
                             inverse_blocks(noised_laws(p, gamma, blocks)), error, rng));
}

Outcome perfect_blocks(Trial& trial) {
  Rng& rng = trial.rng;
  const Gaussian p = random_gaussian(rng, 1 + rng.uniform_index(6));
  const double gamma = rng.log_uniform(0.05, 1.0);
  return from_gaussian(p, gamma, rng.log_uniform(1e-4, 0.3), rng);
}

// Blocks with nothing in common, of any stretch.
Outcome random_affine_blocks(Trial& trial) {
  Rng& rng = trial.rng;
  const Index d = 1 + rng.uniform_index(6);
  std::vector<AffineMap> inverse;
  for (int n = 0; n < blocks; ++n) {
    inverse.push_back({.linear = random_orthogonal(rng, d) +
                                 0.3 / std::sqrt(static_cast<double>(d)) * rng.normal_matrix(d, d),
                       .offset = rng.normal_vector(d)});
  }
  return bounds_of(disturbed(Gaussian::standard(d), inverse, rng.log_uniform(1e-4, 0.3), rng));
}

// Equality in the sums; ηe^{κN}/κ, looser, is left to the other families.
Outcome attained(Trial& trial) {
  const double kappa = trial.rng.uniform(-0.3, 0.5);
  std::vector<Bound> bounds =
      bounds_of(uniform_generation(std::exp(kappa), trial.rng.log_uniform(1e-3, 0.1), blocks));
  bounds.pop_back();
  return bounds;
}

// κ = γK, N = ⌈(log χ₀² + ½log(1/ε))/(2γ)⌉ and η = γK χ₀^{−K} e^{−γK} ε^{½+K/4}: W₂(q₀, q̃₀) ≤ √ε.
Outcome number_of_blocks(Trial& trial) {
  Rng& rng = trial.rng;
  const double gamma = rng.uniform(0.05, 0.5);
  const double K = rng.uniform(0.2, 2.0);
  const double chi = rng.uniform(1.0, 4.0);
  const double epsilon = rng.log_uniform(1e-4, 0.1);
  const double count = (2.0 * std::log(chi) - 0.5 * std::log(epsilon)) / (2.0 * gamma);
  const double eta =
      gamma * K * std::pow(chi, -K) * std::exp(-gamma * K) * std::pow(epsilon, 0.5 + 0.25 * K);
  const GenerationErrors run = generation_errors(
      uniform_generation(std::exp(gamma * K), eta, static_cast<int>(std::ceil(count))));
  return Bound{.lhs = run.distance[0],
               .rhs = sqrt(Estimate(epsilon)),
               .part = "N ~ log(1/ε) blocks, W₂ ≤ √ε",
               .scale = run.length};
}

Outcome linear_sum() {
  const GenerationErrors run = generation_errors(uniform_generation(std::exp(0.4), 0.01, blocks));
  return Bound{.lhs = run.distance[0], .rhs = static_cast<double>(blocks) * run.error[1]};
}

Outcome on_gaussian(const Gaussian& start, const Target& target) {
  Rng rng(derive_seed(1, "LFM-18 target"));
  return from_gaussian(start, target.step_size, target.error, rng);
}

}  // namespace lfm_18

Claim lfm_18_inexact_inversion() {
  using namespace lfm_18;
  return {
      .id = "LFM-18",
      .statement =
          "‖Tₙ⁻¹ − Sₙ‖ ≤ ηₙ in L²(q̃ₙ), Lip(Tₙ⁻¹) ≤ e^{κₙ} ⇒ W₂(q₀, q̃₀) ≤ Σₙ ηₙ exp(Σ_{j<n} κⱼ); "
          "constant κ, η: ≤ η(e^{κN} − 1)/(e^κ − 1) ≤ ηe^{κN}/κ for κ > 0; κ = γK and η ≤ "
          "γKχ₀^{−K}e^{−γK}ε^{½+K/4} ⇒ ≤ √ε for N = ⌈(log χ₀² + ½log(1/ε))/(2γ)⌉",
      .source = "recalled of [ChengLuTanXie2024], derived for Local Flow Matching",
      .provenance = Provenance::derived,
      .hypotheses = {"Tₙ⁻¹ Lipschitz", "inversion error at most ηₙ in L²(q̃ₙ)"},
      .instances = {{"perfect blocks from a Gaussian, d = 1 … 6", perfect_blocks},
                    {"random affine blocks, d = 1 … 6", random_affine_blocks},
                    {"number of blocks from ε", number_of_blocks}},
      .tight = {{"T⁻¹x = e^κx, S = T⁻¹ + η", attained}},
      .controls = {{"Nη", [](Trial&) { return linear_sum(); }, false}},
      .on_target = on_generation_target(on_gaussian),
      .file = __FILE__};
}

}  // namespace flowcheck
