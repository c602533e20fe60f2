#pragma once

#include "measures/gaussian.hpp"
#include "numerics/estimate.hpp"

namespace flowcheck {

// Divergences between Gaussians p = N(m, Σ) and q = N(μ, Q), data first, each from the eigenvalues
// e of Q^{-1/2}(Σ − Q)Q^{-1/2} and w = Q^{-1/2}(m − μ), in a form without cancellation: as p
// approaches q the relative error stays what it is. The enclosure follows the eigenvalues' error
// through the formula: |δe| ≤ 64·d·u·κ(Q)·‖e‖.
//
// All: @throws std::invalid_argument when the dimensions differ or q has no density. A p without
// density has no density with respect to q: KL, χ², SymKL and Fisher information are +∞ then.

/// KL(p ‖ q) = ½ Σ (e − log(1 + e)) + ½‖w‖².
Estimate kl(const Gaussian& p, const Gaussian& q);

/// KL(p ‖ q) + KL(q ‖ p), a sum without ½: ½ Σ e²/(1 + e) + ½(m − μ)ᵀ(Q⁻¹ + Σ⁻¹)(m − μ).
Estimate symmetric_kl(const Gaussian& p, const Gaussian& q);

/// χ²(p ‖ q) = ∫ p²/q − 1; +∞ exactly if 2Q − Σ is not positive definite (some e ≥ 1).
Estimate chi_squared(const Gaussian& p, const Gaussian& q);

/// Squared Hellinger distance ½∫(√p − √q)² = 1 − ∫√(pq), in [0, 1]; 1 where p has no density.
Estimate squared_hellinger(const Gaussian& p, const Gaussian& q);

/// Total variation ½∫|p − q| in one dimension, from the points where the densities cross.
/// @throws std::invalid_argument  d ≠ 1
Estimate total_variation(const Gaussian& p, const Gaussian& q);

/// Relative Fisher information I(p ‖ q) = ∫ p |∇ log(p/q)|² = |Q⁻¹(m − μ)|² + tr(KΣK),
/// K = Q⁻¹ − Σ⁻¹.
Estimate fisher_information(const Gaussian& p, const Gaussian& q);

/// √I(p ‖ q), the norm of the Wasserstein gradient of KL(· ‖ q) at p; keeps its digits near q.
Estimate fisher_norm(const Gaussian& p, const Gaussian& q);

}  // namespace flowcheck
