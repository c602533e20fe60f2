#pragma once

#include "claims/claim.hpp"
#include "learning/gaussian_block.hpp"

#include <functional>
#include <string>
#include <vector>

namespace flowcheck {

/// What the claims on inexact blocks are evaluated on: a Gaussian p_0 on the line and blocks whose
/// learned fields are off by e(c₀ + c₁(x − m_t)).
struct AffineBlocks {
  LineNormal start = {};
  std::vector<GaussianBlockOptions> blocks = {};

  GaussianChain chain() const { return gaussian_chain(start, blocks); }
  PathConstants constants() const { return path_constants(start, blocks); }
};

/// N equal blocks. @param error  of every field
AffineBlocks equal_blocks(const LineNormal& start, int count, const GaussianBlockOptions& block);

using EvaluateBlocks = std::function<Outcome(const AffineBlocks&)>;

/// Random chains: m in [−1, 1], S in [0.1, 0.95], γ log-uniform in [0.03, 1], e in [1e-4, 0.2],
/// c₁ in [−0.6, 0.2], one to `most` equal blocks of any interpolant and coupling.
Instance random_blocks(std::string name, int most, const EvaluateBlocks& evaluate);
Instance blocks_instance(std::string name,
                         const AffineBlocks& blocks,
                         const EvaluateBlocks& evaluate);

/// p_0 = N(.6, .36), γ = .3, N = 8, v̂ − v = e(1 − .3(x − m_t)): the dossier's chain.
AffineBlocks dossier_chain(double error,
                           Interpolant interpolant = Interpolant::linear,
                           int count = 8);

/// C₃ = 4L√C₂, the bound of every S_n.
Estimate sensitivity_bound(const PathConstants& constants);

/// C₄ = 2M√C₃ with M = C₁√(2π) the largest of p_n/q and p_n*/q.
Estimate step_constant(const GaussianChain& chain, const PathConstants& constants);

inline constexpr const char* finite_start = "χ²(p_0 ‖ q) < ∞";
inline constexpr const char* envelope = "p_n, p_n* ≤ C₁ e^{−x²/2}";
inline constexpr const char* finite_overlap = "B_n < ∞, for which variances are below 3/2";
inline constexpr const char* integrable = "∫(1 + |x|)² ρ³/ρ̂² < ∞";

/// For Claim::on_target: eight blocks of the user's γ, in units of the reference, with fields off
/// by ε(1 − 0.3(x − m_t)). A Gaussian start and d = 1.
std::function<Outcome(const Target&)> on_blocks_target(const EvaluateBlocks& evaluate,
                                                       int count = 8);

}  // namespace flowcheck
