#pragma once

#include "learning/interpolant.hpp"
#include "numerics/estimate.hpp"

#include <vector>

namespace flowcheck {

/// What a learned field gets wrong, affine around the mean m_t of the exact path:
/// e(c₀u + c₁(x − m_t)), u the first axis. Of a Gaussian that is v̂ − v, of a mixture the field
/// whose flow carries the exact path to the learned one.
struct FieldError {
  double size = 0.0;      ///< e
  double constant = 1.0;  ///< c₀
  double slope = 0.0;     ///< c₁
};

struct BlockOptions {
  double step_size = 0.3;  ///< γ; +∞ is the free block
  Interpolant interpolant = Interpolant::linear;
  Coupling coupling = Coupling::dependent;
  FieldError error = {};
};

/// What one block of Local Flow Matching loses to the error of its field. From p_{n−1} the exact
/// path ρ_t, of velocity v and score s, goes to p_n*, the learned one ρ̂_t to p_n; q = N(0, I).
struct BlockErrors {
  double step_size = 0.0;
  Estimate error = 0.0;               ///< ε_n = (∫∫|v − v̂|² ρ_t)^½
  Estimate sensitivity = 0.0;         ///< S_n = 2(∫∫ ρ_t³/ρ̂_t² |s − ŝ|²)^½
  Estimate kl_sensitivity = 0.0;      ///< (∫∫ ρ_t |s − ŝ|²)^½
  Estimate chi_squared = 0.0;         ///< χ²(p_n* ‖ p_n)
  Estimate chi_squared_growth = 0.0;  ///< 2∫∫ ρ_t (v − v̂)·∇(ρ_t/ρ̂_t), equal to it
  Estimate kl = 0.0;                  ///< KL(p_n* ‖ p_n)
  Estimate kl_growth = 0.0;           ///< ∫∫ ρ_t (v − v̂)·(s − ŝ), equal to it
  Estimate start_to_noise = 0.0;      ///< χ²(p_{n−1} ‖ q)
  Estimate exact_to_noise = 0.0;      ///< χ²(p_n* ‖ q)
  Estimate to_noise = 0.0;            ///< χ²(p_n ‖ q)
  Estimate overlap = 0.0;             ///< B_n = (∫p_n((p_n + p_n*)/q)²)^½
  Estimate supremum = 0.0;            ///< M_n = sup p_n/q
  Estimate exact_supremum = 0.0;      ///< sup p_n*/q
  Estimate squared_gap = 0.0;         ///< ∫(p_n − p_n*)²/q
};

/// A block after another, each from what the one before has learned.
struct BlockChain {
  std::vector<BlockErrors> blocks = {};

  const Estimate& start_to_noise() const { return blocks.front().start_to_noise; }  ///< χ²(p_0 ‖ q)
  const Estimate& to_noise() const { return blocks.back().to_noise; }  ///< χ²(p_N ‖ q)
  Estimate largest_error() const;                                      ///< ε = max ε_n
  Estimate largest_sensitivity() const;                                ///< max S_n
  Estimate supremum() const;  ///< sup over n of p_n/q and p_n*/q: C₁(2π)^{d/2}
};

}  // namespace flowcheck
