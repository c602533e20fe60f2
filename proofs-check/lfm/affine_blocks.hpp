#pragma once

#include "claims/claim.hpp"
#include "learning/gaussian_block.hpp"
#include "measures/gaussian_mixture.hpp"

#include <functional>
#include <string>
#include <variant>
#include <vector>

namespace flowcheck {

/// What the claims on inexact blocks are evaluated on: p_0 and blocks whose learned fields are off
/// by e(c₀u + c₁(x − m_t)), of a Gaussian on the line exactly, of a mixture as mixture_block() has
/// it.
struct AffineBlocks {
  std::variant<LineNormal, GaussianMixture> start = LineNormal{};
  std::vector<BlockOptions> blocks = {};

  BlockChain chain() const;
  /// L and C₂ of each block's path; none for mixtures, for which they are not enclosed.
  std::vector<PathConstants> constants() const;
};

/// N equal blocks. @param error  of every field
AffineBlocks equal_blocks(const std::variant<LineNormal, GaussianMixture>& start,
                          int count,
                          const BlockOptions& block);

using EvaluateBlocks = std::function<Outcome(const AffineBlocks&)>;

/// Random chains: m in [−1, 1], S in [0.1, 0.95], γ log-uniform in [0.03, 1], e in [1e-4, 0.2],
/// c₁ in [−0.6, 0.2], one to `most` equal blocks of any interpolant and coupling.
Instance random_blocks(std::string name, int most, const EvaluateBlocks& evaluate);
Instance blocks_instance(std::string name,
                         const AffineBlocks& blocks,
                         const EvaluateBlocks& evaluate);

/// The same from two components on the line, their means in [−1, 1] and variances in [0.1, 0.95],
/// with γ in [0.1, 1], e in [0.01, 0.2] and dependent ends beyond one block.
Instance random_mixture_blocks(std::string name, int most, const EvaluateBlocks& evaluate);

/// p_0 = N(.6, .36), γ = .3, N = 8, v̂ − v = e(1 − .3(x − m_t)): the dossier's chain.
AffineBlocks dossier_chain(double error,
                           Interpolant interpolant = Interpolant::linear,
                           int count = 8);

/// p_0 = .3 N(−1.2, .1) + .7 N(.8, .2), γ = .3, e = .1, c₀ = 1, c₁ = −.3.
AffineBlocks bimodal_chain(int count);

/// ½N(m − .1, S − .01) + ½N(m + .1, S − .01), of mean m and variance S: nearly a Gaussian.
GaussianMixture split_normal(double mean, double variance);

/// Three modes on the plane, of weights .5, .3 and .2 and variances .15 to .4; the same γ and
/// field.
AffineBlocks three_modes_chain(int count);

/// C₃, which no S_n of the chain exceeds: 4L√C₂ with the largest L and C₂. Where they are not
/// enclosed the largest S_n itself, the least C₃ there can be: what holds with it holds with any.
Estimate sensitivity_bound(const AffineBlocks& problem, const BlockChain& chain);

/// C₄ = 2M√C₃ with M = C₁(2π)^{d/2} the largest of p_n/q and p_n*/q.
Estimate step_constant(const BlockChain& chain, const Estimate& C3);

/// The least N ≥ (log χ²_0 + share·log(1/ε))/(2γ), at least 1: LFM-11's number of blocks, with ½
/// for a residual of ε^½ and 1 for ε.
/// @param start  χ²_0 = χ²(p_0 ‖ q)
double blocks_needed(double start, double error, double step_size, double share);

/// What χ²(p_N ‖ q) then is at most, for equal blocks: (1 + C₄/(1 − e^{−2γ}))ε^½.
Estimate end_bound(const BlockChain& chain, const Estimate& C3);
/// Likewise, of the first order: (1 + (MC₃)^½/(1 − e^{−γ}))²ε.
Estimate sharp_end_bound(const BlockChain& chain, const Estimate& C3);

// Hypotheses, for why_not_finite().
inline constexpr const char* finite_start = "χ²(p_0 ‖ q) < ∞";
inline constexpr const char* finite_error = "ε_n < ∞";
inline constexpr const char* envelope = "p_n, p_n* ≤ C₁ e^{−x²/2}";
inline constexpr const char* finite_overlap = "B_n < ∞, for which variances are below 3/2";
inline constexpr const char* integrable = "∫(1 + |x|)² ρ³/ρ̂² < ∞";

/// For Claim::on_target: `count` blocks of the user's γ, in units of the reference, with fields off
/// by ε(u − 0.3(x − m_t)). A Gaussian start or a mixture, d ≤ 2, of at most 16 components on the
/// line and 8 on the plane.
std::function<Outcome(const Target&)> on_blocks_target(const EvaluateBlocks& evaluate,
                                                       int count = 8);

}  // namespace flowcheck
