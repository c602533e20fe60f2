#pragma once

#include "interpolation/covariance_extremes.hpp"

namespace flowcheck {

/// Points m_k of the plane under exponential tilts: p_k(θ) ∝ e^{ℓ_k + ⟨θ, m_k⟩}, θ ∈ ℝ², and a
/// symmetric form of their covariance, B + A Cov_θ Aᵀ.
struct PlanarTilts {
  Matrix points = {};                   ///< m_k, 2 × K, distinct and not all on a line
  Vector log_weights = {};              ///< ℓ_k, finite, length K
  Matrix map = Matrix::Identity(2, 2);  ///< A
  Matrix base = Matrix::Zero(2, 2);     ///< B, symmetric
};

/// sup_θ λ_max(B + A Cov_θ Aᵀ) by branch and bound, converged, with a θ that shows its value.
///
/// The plane is the union of the normal cones of the points' convex hull. In the cone of a vertex
/// v, θ = αn + βn′ with the outer normals of the edges that meet there, and every other point is
/// behind v by e^{−αa − βb}, a, b ≥ 0 its distances to the edges' lines: cells [α₀, α₁] × [β₀, β₁]
/// with ends up to ∞ cover the plane, with no tail left over. On a cell the weights are enclosed,
/// p_k ≤ p̄_k, and λ_max is below each of
///
/// - λ_max(B + A C̄ Aᵀ), C̄ = Σ p̄_k(m_k − c)(m_k − c)ᵀ for any c;
/// - the corners' largest and sup λ_max(A C̄ Aᵀ) · max ⟨θ − θ₀, C̄(θ − θ₀)⟩, θ₀ the middle: the
///   fourth cumulants κ₄(e, e, u, u) ≥ −2 Cov(e, e) Cov(u, u) make it a second-order bound. Cells
///   that reach infinity have the edge's own law at their corners there, and (Σ p̄_k off the
///   edge) · width²;
/// - λ_max(B) + ¼ diam² of the likeliest few, mapped, and as much for the others.
///
/// Derivation: docs/derivations/tilted_covariance.md. Cost O(K) a place, of which there are two a
/// step and at most five times as many as on the line, nor more than 4·10⁶/K. The enclosure is a
/// proof up to rounding, which is modelled; a point counts as on an edge where orientation() is 0.
/// @throws std::invalid_argument  fewer than three points, all on a line, or shapes that do not fit
CovarianceExtreme largest_tilted_covariance(const PlanarTilts& tilts,
                                            const CovarianceSearchOptions& options = {});

}  // namespace flowcheck
