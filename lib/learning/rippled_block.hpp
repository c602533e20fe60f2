#pragma once

#include "learning/interpolant.hpp"
#include "numerics/estimate.hpp"

namespace flowcheck {

struct RippledBlockOptions {
  double amplitude = 0.25;  ///< a, 0 < a < 1
  double frequency = 4.0;   ///< k > 0
  double step_size = 0.3;   ///< γ; +∞ is the free block
  Interpolant interpolant = Interpolant::trigonometric;
  Coupling coupling = Coupling::independent;
};

/// A block from q = N(0, 1) to itself whose learned law carries a ripple that grows with time:
///
///   ρ_t = N(0, S_t),    ρ̂_t = ρ_t (1 + t a cos kz)/(1 + t a c),    z = x/√S_t, c = e^{−k²/2},
///
/// with v̂ from the flux: v̂ − v = −√S_t a/((1 + tac)(1 + ta cos kz)) · φ(z)⁻¹ ∫_{−∞}^z φ(y)(cos ky
/// − c) dy. Trigonometric and independent, S_t = 1 and v = 0: the field's whole motion is its
/// error. Grade converged: twenty and ten Gauss nodes in time, two grids in z.
struct RippledBlock {
  Estimate error = 0.0;        ///< ε = (∫∫|v − v̂|² ρ_t)^½
  Estimate sensitivity = 0.0;  ///< S = 2(∫∫ ρ_t³/ρ̂_t² |s − ŝ|²)^½
  Estimate growth = 0.0;       ///< 2∫∫ ρ_t (v − v̂)·∇(ρ_t/ρ̂_t)
  Estimate chi_squared = 0.0;  ///< χ²(p_1* ‖ p_1), equal to it
  Estimate to_noise = 0.0;     ///< χ²(p_1 ‖ q), p_1* being q itself
  Estimate overlap = 0.0;      ///< B = (∫ p_1 ((p_1 + q)/q)²)^½
  Estimate supremum = 0.0;     ///< M = sup p_1/q = (1 + a)/(1 + ac)
};

/// @throws std::invalid_argument  a not in (0, 1), k ≤ 0, or γ < 0
RippledBlock rippled_block(const RippledBlockOptions& options);

}  // namespace flowcheck
