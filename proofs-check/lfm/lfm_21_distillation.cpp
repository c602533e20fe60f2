#include "lfm/generation.hpp"
#include "lfm/lfm_claims.hpp"
#include "measures/random_gaussian.hpp"
#include "numerics/rng.hpp"

#include <cmath>

namespace flowcheck {
namespace lfm_21 {

constexpr int blocks = 6;

// Each student stands for that many inverse blocks: Fⱼ = T⁻¹_{(j−1)k+1} ∘ … ∘ T⁻¹_{jk}.
std::vector<AffineMap> grouped(const std::vector<AffineMap>& inverse, int group) {
  std::vector<AffineMap> maps;
  const auto k = static_cast<std::size_t>(group);
  for (std::size_t first = 0; first + k <= inverse.size(); first += k) {
    AffineMap F = inverse[first];
    for (std::size_t i = 1; i < k; ++i) F = compose(F, inverse[first + i]);
    maps.push_back(F);
  }
  return maps;
}

Bound distance_bound(const GenerationPair& pair) {
  const GenerationErrors run = generation_errors(pair);
  return {
      .lhs = run.distance[0], .rhs = accumulated(run), .part = "W₂(q₀, q̂₀)", .scale = run.length};
}

// Students as good as they get: the laws are the same up to rounding, the sum is zero up to it.
Bound perfect_students(const Gaussian& noise, const std::vector<AffineMap>& teachers) {
  Bound bound = distance_bound({.noise = noise, .exact = teachers, .inexact = teachers});
  return identity(bound.lhs, 0.0, "Dⱼ = Fⱼ", bound.scale);
}

std::vector<Bound> from_gaussian(const Gaussian& p, double gamma, double error, Rng& rng) {
  const Gaussian q = Gaussian::standard(p.dimension());
  const std::vector<AffineMap> inverse = inverse_blocks(noised_laws(p, gamma, blocks));
  std::vector<Bound> bounds;
  for (const int group : {2, 3, 6}) {
    const std::vector<AffineMap> teachers = grouped(inverse, group);
    bounds.push_back(distance_bound(disturbed(q, teachers, error, rng)));
    bounds.push_back(perfect_students(q, teachers));
  }
  return bounds;
}

Outcome perfect_blocks(Trial& trial) {
  Rng& rng = trial.rng;
  const Gaussian p = random_gaussian(rng, 1 + rng.uniform_index(6));
  const double gamma = rng.log_uniform(0.05, 1.0);
  return from_gaussian(p, gamma, rng.log_uniform(1e-4, 0.3), rng);
}

Outcome attained(Trial& trial) {
  const double kappa = trial.rng.uniform(-0.3, 0.5);
  const int group = 1 + static_cast<int>(trial.rng.uniform_index(3));
  return distance_bound(uniform_generation(std::exp(group * kappa),
                                           trial.rng.log_uniform(1e-3, 0.1), blocks / group));
}

// Two students of three blocks each, κ = .3 and η = .01.
Outcome linear_sum() {
  const GenerationErrors run = generation_errors(uniform_generation(std::exp(0.9), 0.01, 2));
  return Bound{.lhs = run.distance[0], .rhs = 2.0 * run.error[1]};
}

Outcome on_gaussian(const Gaussian& start, const Target& target) {
  Rng rng(derive_seed(1, "LFM-21 target"));
  return from_gaussian(start, target.step_size, target.error, rng);
}

}  // namespace lfm_21

Claim lfm_21_distillation() {
  using namespace lfm_21;
  return {.id = "LFM-21",
          .statement =
              "Fⱼ = T⁻¹_{(j−1)k+1}∘…∘T⁻¹_{jk}, ‖Dⱼ − Fⱼ‖ ≤ ηⱼ in L²(q̂ⱼ) ⇒ W₂(q₀, q̂₀) ≤ "
              "Σⱼ ηⱼ Π_{i<j} Lip(Fᵢ); Dⱼ = Fⱼ ⇒ q̂₀ = q₀",
          .source = "LFM-18 for groups of blocks",
          .provenance = Provenance::derived,
          .hypotheses = {"Fⱼ Lipschitz", "the student's error is taken on its own input"},
          .instances = {{"perfect blocks from a Gaussian, d = 1 … 6", perfect_blocks}},
          .tight = {{"F(x) = e^{kκ}x, D = F + η", attained}},
          .controls = {{"N′η", [](Trial&) { return linear_sum(); }, false}},
          .on_target = on_generation_target(on_gaussian),
          .file = __FILE__};
}

}  // namespace flowcheck
