#pragma once

#include "numerics/estimate.hpp"

namespace flowcheck {

struct RippledBlockOptions {
  double amplitude = 0.25;  ///< a, 0 < a < 1
  double frequency = 4.0;   ///< k > 0
  double mean = 0.0;        ///< m of the law that the exact flow leaves alone
  double variance = 1.0;    ///< S, 0 < S ≤ 1
};

/// A learned field that moves a law at rest, ρ_t = N(m, S) and v = 0, by a ripple that grows:
///
///   ρ̂_t = ρ (1 + t a cos kx)/(1 + t a c),    c = ∫ρ cos kx dx = e^{−k²S/2} cos km,
///
/// with v̂ from the flux: v̂ = −a/((1 + tac)(1 + ta cos kx)) · ρ(x)⁻¹ ∫_{−∞}^x ρ(y)(cos ky − c) dy.
/// For m = 0, S = 1 it is a block: the trigonometric path of an independent coupling leaves
/// q = N(0, 1) alone. Grade converged: thirty and twenty Gauss nodes in time, two grids in x.
struct RippledBlock {
  Estimate error = 0.0;        ///< ε = (∫∫ v̂² ρ)^½
  Estimate sensitivity = 0.0;  ///< S = 2(∫∫ ρ³/ρ̂_t² |s − ŝ|²)^½
  Estimate growth = 0.0;       ///< 2∫∫ ρ (v − v̂)·∇(ρ/ρ̂_t)
  Estimate chi_squared = 0.0;  ///< χ²(ρ ‖ ρ̂_1), equal to it
  Estimate to_noise = 0.0;     ///< χ²(ρ̂_1 ‖ q)
  Estimate overlap = 0.0;      ///< B = (∫ ρ̂_1 ((ρ̂_1 + ρ)/q)²)^½
  Estimate supremum = 0.0;     ///< M ≥ sup ρ̂_1/q: sup ρ/q times (1 + a)/(1 + ac)
};

/// @throws std::invalid_argument  a not in (0, 1), k ≤ 0, or S not in (0, 1]
RippledBlock rippled_block(const RippledBlockOptions& options);

}  // namespace flowcheck
