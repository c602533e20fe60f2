#pragma once

#include "learning/block_errors.hpp"
#include "measures/gaussian.hpp"
#include "numerics/estimate.hpp"

#include <vector>

namespace flowcheck {

/// N(m, S) on the line with what is known of m and S, S > 0.
struct LineNormal {
  Estimate mean = 0.0;
  Estimate variance = 1.0;

  Gaussian gaussian() const;  ///< of the values
};

// Against q = N(0, 1), in closed form.

Estimate chi_squared_to_noise(const LineNormal& p);  ///< χ²(p ‖ q), +∞ for S ≥ 2
Estimate kl_to_noise(const LineNormal& p);           ///< KL(p ‖ q)
Estimate supremum_to_noise(const LineNormal& p);     ///< sup p/q; +∞ for S ≥ 1 unless p = q
LineNormal ou_law(const LineNormal& p, double time);

/// (∫ p ((p + p*)/q)²)^½, +∞ where one of the variances is 3/2 or more.
Estimate overlap_with_noise(const LineNormal& p, const LineNormal& exact);

/// ∫(p − p*)²/q, without the cancellation of ∫p²/q and ∫p*²/q only to their round-off.
Estimate squared_gap_to_noise(const LineNormal& p, const LineNormal& exact);

/// One block on the line from p_{n−1} = N(m, S) with a learned field that is affine, so that the
/// learned law ρ̂_t is Gaussian beside the exact ρ_t and nothing but integrals over t is left:
///
///   v̂ = v + e(c₀ + c₁(x − m_t)),    ρ_t = N(m_t, S_t),    Ŝ_t = k S_t, k = e^{2ec₁t},
///   m̂_t = m_t + δ_t, δ_t = e c₀ √S_t e^{ec₁t} ∫₀ᵗ e^{−ec₁s} S_s^{−½} ds.
///
/// With s = ∇log ρ_t and ŝ = ∇log ρ̂_t. Grade converged: panels of ten Gauss nodes, graded by S_t,
/// and half of them.
struct GaussianBlock : BlockErrors {
  LineNormal start = {};  ///< p_{n−1}
  LineNormal exact = {};  ///< p_n* = ρ_1
  LineNormal end = {};    ///< p_n = ρ̂_1

  AffineMap map() const;  ///< T_n(x) = m̂_1 + √(Ŝ_1/S_0)(x − m_0), the learned block
};

/// @throws std::invalid_argument  S ≤ 0, γ < 0 or NaN, or an error that is not finite
GaussianBlock gaussian_block(const LineNormal& start, const BlockOptions& options);

/// A block after another, each from what the one before has learned.
struct GaussianChain {
  std::vector<GaussianBlock> blocks = {};

  const LineNormal& start() const { return blocks.front().start; }  ///< p_0
  const LineNormal& end() const { return blocks.back().end; }       ///< p_N
  BlockChain errors() const { return {{blocks.begin(), blocks.end()}}; }

  /// q_0, the image of q = N(0, 1) under T_1⁻¹∘…∘T_N⁻¹.
  LineNormal generated() const;
};

/// @throws std::invalid_argument  no blocks, or as gaussian_block()
GaussianChain gaussian_chain(const LineNormal& start, const std::vector<BlockOptions>& blocks);

/// Constants of the paper's assumptions along one block, each sup enclosed: at nodes in time from
/// below, from above by interval arithmetic on the cells between them.
struct PathConstants {
  Estimate score_growth = 0.0;   ///< L: |s|, |ŝ| ≤ L(1 + |x|)
  Estimate integrability = 0.0;  ///< C₂: ∫(1 + |x|)² ρ_t³/ρ̂_t² ≤ C₂
};

PathConstants path_constants(const LineNormal& start, const BlockOptions& options);

/// Those of each block of a chain.
std::vector<PathConstants> path_constants(const LineNormal& start,
                                          const std::vector<BlockOptions>& blocks);

/// The largest L and the largest C₂.
PathConstants largest(const std::vector<PathConstants>& blocks);

/// 4L√C₂, the bound of one S_n.
Estimate sensitivity_bound(const PathConstants& constants);

}  // namespace flowcheck
