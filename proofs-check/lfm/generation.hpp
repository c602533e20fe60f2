#pragma once

#include "claims/claim.hpp"
#include "jko/generated_law.hpp"
#include "measures/gaussian.hpp"

#include <cstddef>
#include <functional>
#include <vector>

namespace flowcheck {

// Local Flow Matching generates by yₙ₋₁ = Tₙ⁻¹(yₙ), n = N … 1, from y_N ~ q = N(0, I). Between
// Gaussians every block is affine, and so is what stands in for its inverse.

/// p_0, …, p_N with pₙ = OU_γ pₙ₋₁, the laws of N perfect blocks.
std::vector<Gaussian> noised_laws(const Gaussian& p, double step_size, int blocks);

/// T_1⁻¹, …, T_N⁻¹ of those blocks: pₙ₋₁ and pₙ have common eigenvectors, so that Tₙ is the optimal
/// map whatever the interpolant and the coupling.
/// @throws std::invalid_argument  p_0 has no density
std::vector<AffineMap> inverse_blocks(const std::vector<Gaussian>& laws);

/// Image of a law under a map, with the rounding of both in units of the image.
GeneratedLaw carried(const AffineMap& map, const GeneratedLaw& law);

/// Largest stretch of an affine map, ‖linear‖.
Estimate lipschitz_constant(const AffineMap& map);

/// ‖F − S‖ in L²(p).
Estimate map_distance(const AffineMap& F, const AffineMap& S, const Gaussian& p);

/// Two generations from one q: yₙ₋₁ = Fₙ(yₙ) and ỹₙ₋₁ = Sₙ(ỹₙ).
struct GenerationPair {
  Gaussian noise;
  std::vector<AffineMap> exact = {};    ///< F_1, …, F_N
  std::vector<AffineMap> inexact = {};  ///< S_1, …, S_N
};

/// What the two generations are apart, n = N first in the process, index n.
struct GenerationErrors {
  std::vector<Estimate> distance = {};   ///< W₂(qₙ, q̃ₙ), n = 0 … N
  std::vector<Estimate> lipschitz = {};  ///< Lip(Fₙ), index n, [0] unused
  std::vector<Estimate> error = {};      ///< ‖Fₙ − Sₙ‖ in L²(q̃ₙ), likewise
  double length = 0.0;                   ///< of the laws: what round-off is relative to
};
GenerationErrors generation_errors(const GenerationPair& pair);

/// Σₙ ‖Fₙ − Sₙ‖ Π_{j<n} Lip(Fⱼ).
Estimate accumulated(const GenerationErrors& errors);

/// Sₙ = Fₙ + b + K(· − mean of q̃ₙ), b and K at random, ‖Fₙ − Sₙ‖ = error in L²(q̃ₙ).
GenerationPair disturbed(const Gaussian& noise,
                         const std::vector<AffineMap>& exact,
                         double error,
                         Rng& rng);

/// N maps y ↦ ratio·y on the line and y ↦ ratio·y + error: all inequalities are attained.
GenerationPair uniform_generation(double ratio, double error, int maps);

/// For Claim::on_target: the user's Gaussian with a density, d ≤ 16, in units of the reference.
std::function<Outcome(const Target&)> on_generation_target(
    const std::function<Outcome(const Gaussian& start, const Target& target)>& evaluate);

}  // namespace flowcheck
