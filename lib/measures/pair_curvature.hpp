#pragma once

#include "numerics/estimate.hpp"

#include <optional>

namespace flowcheck {

class GaussianMixture;

/// The extremes of the eigenvalues of ∇²log p over ℝᵈ, closed form.
struct PairCurvature {
  Estimate largest = 0.0;   ///< sup λ_max(∇²log p) = −κ
  Estimate smallest = 0.0;  ///< inf λ_min(∇²log p) = −β
};

/// Of two components, p = w₁N(m₁, V₁) + w₂N(m₂, V₂) on ℝᵈ with δ = m₂ − m₁:
///
/// - V₁ = V₂ = V: λ_max(−V⁻¹ + ¼V⁻¹δδᵀV⁻¹), attained at even odds, and −1/λ_min(V), a limit;
/// - V₁ − V₂ ≻ 0: with D = V₂⁻¹ − V₁⁻¹ and d₀ = log(w₂/w₁) + ½log(det V₁/det V₂) + ½⟨δ, (V₁ −
///   V₂)⁻¹δ⟩, the largest log-odds of the narrower one there are,
///
///     λ_max(−V₁⁻¹ + sD),  s = (1 − t)(3 + t)/(4t),  t = tanh(v/2),  t(d₀ + v) = 3/2,  v > 0,
///
///   attained where the log-odds are −v, and λ_min(−V₁⁻¹ − D/(1 + e^{−d₀})), where they are d₀.
///
/// Nothing where there are more components or fewer, covariances without such an order (the
/// supremum is then +∞, but for V₁ − V₂ ⪰ 0 with δ in its range), or one that rounding hides.
/// Cost O(d³). Tested against grids for V₁ = fV₂ with f − 1 from 1e-8 to 2. Derivation:
/// docs/derivations/pair_curvature.md.
/// @throws std::invalid_argument  without a density
std::optional<PairCurvature> pair_curvature(const GaussianMixture& p);

}  // namespace flowcheck
