#pragma once

#include "learning/interpolant.hpp"
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

/// What a learned field gets wrong: v̂ − v = e (c₀ + c₁(x − m_t)).
struct FieldError {
  double size = 0.0;      ///< e
  double constant = 1.0;  ///< c₀
  double slope = 0.0;     ///< c₁
};

struct GaussianBlockOptions {
  double step_size = 0.3;  ///< γ; +∞ is the free block
  Interpolant interpolant = Interpolant::linear;
  Coupling coupling = Coupling::dependent;
  FieldError error = {};
};

/// One block on the line from p_{n−1} = N(m, S) with a learned field that is affine, so that the
/// learned law ρ̂_t is Gaussian beside the exact ρ_t and nothing but integrals over t is left:
///
///   ρ_t = N(m_t, S_t),    Ŝ_t = k S_t, k = e^{2ec₁t},
///   m̂_t = m_t + δ_t, δ_t = e c₀ √S_t e^{ec₁t} ∫₀ᵗ e^{−ec₁s} S_s^{−½} ds.
///
/// With s = ∇log ρ_t and ŝ = ∇log ρ̂_t. Grade converged: panels of ten Gauss nodes, graded by S_t,
/// and half of them.
struct GaussianBlock {
  LineNormal start = {};  ///< p_{n−1}
  LineNormal exact = {};  ///< p_n* = ρ_1
  LineNormal end = {};    ///< p_n = ρ̂_1
  double step_size = 0.0;

  Estimate error = 0.0;               ///< ε_n = (∫∫|v − v̂|² ρ_t)^½
  Estimate sensitivity = 0.0;         ///< S_n = 2(∫∫ ρ_t³/ρ̂_t² |s − ŝ|²)^½
  Estimate kl_sensitivity = 0.0;      ///< (∫∫ ρ_t |s − ŝ|²)^½
  Estimate chi_squared = 0.0;         ///< χ²(p_n* ‖ p_n)
  Estimate chi_squared_growth = 0.0;  ///< 2∫∫ ρ_t (v − v̂)·∇(ρ_t/ρ̂_t), equal to it
  Estimate kl = 0.0;                  ///< KL(p_n* ‖ p_n)
  Estimate kl_growth = 0.0;           ///< ∫∫ ρ_t (v − v̂)·(s − ŝ), equal to it
  Estimate overlap = 0.0;             ///< B_n
  Estimate supremum = 0.0;            ///< M_n = sup p_n/q
  Estimate exact_supremum = 0.0;      ///< sup p_n*/q
  Estimate squared_gap = 0.0;         ///< ∫(p_n − p_n*)²/q

  AffineMap map() const;  ///< T_n(x) = m̂_1 + √(Ŝ_1/S_0)(x − m_0), the learned block
};

/// @throws std::invalid_argument  S ≤ 0, γ < 0 or NaN, or an error that is not finite
GaussianBlock gaussian_block(const LineNormal& start, const GaussianBlockOptions& options);

/// A block after another, each from what the one before has learned.
struct GaussianChain {
  std::vector<GaussianBlock> blocks = {};

  const LineNormal& start() const { return blocks.front().start; }  ///< p_0
  const LineNormal& end() const { return blocks.back().end; }       ///< p_N
  Estimate largest_error() const;                                   ///< ε = max ε_n
  Estimate supremum() const;  ///< sup over n of p_n/q and p_n*/q: C₁√(2π)

  /// q_0, the image of q = N(0, 1) under T_1⁻¹∘…∘T_N⁻¹.
  LineNormal generated() const;
};

/// @throws std::invalid_argument  no blocks, or as gaussian_block()
GaussianChain gaussian_chain(const LineNormal& start,
                             const std::vector<GaussianBlockOptions>& blocks);

/// Constants of the paper's assumptions along one block, each sup enclosed: at nodes in time from
/// below, from above by interval arithmetic on the cells between them.
struct PathConstants {
  Estimate score_growth = 0.0;   ///< L: |s|, |ŝ| ≤ L(1 + |x|)
  Estimate integrability = 0.0;  ///< C₂: ∫(1 + |x|)² ρ_t³/ρ̂_t² ≤ C₂
};

PathConstants path_constants(const LineNormal& start, const GaussianBlockOptions& options);

/// The largest of a chain's.
PathConstants path_constants(const LineNormal& start,
                             const std::vector<GaussianBlockOptions>& blocks);

}  // namespace flowcheck
