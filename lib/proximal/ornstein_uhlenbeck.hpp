#pragma once

#include "measures/gaussian.hpp"

namespace flowcheck {

/// Law at time t of the Ornstein–Uhlenbeck process towards q, the Fokker–Planck flow
/// ∂ₜρ = ∇·(ρ∇ log(ρ/q)) of KL(· ‖ q) from a Gaussian:
///
///   dX = −A(X − μ) dt + √2 dB,    q = N(μ, A⁻¹),    X₀ ~ N(m, Σ),
///   m_t = μ + e^{−At}(m − μ),    Σ_t = e^{−At}Σe^{−At} + A⁻¹(I − e^{−2At}),
///
/// for any Σ ⪰ 0, commuting with A or not. The second term is taken with expm1, so that an atom
/// keeps its digits for t → 0, where Σ_t ≈ 2tI. n JKO steps of size γ approximate time t = nγ.
///
/// Cost: a few d × d products, O(d³); nothing is decomposed but the result.
///
/// @param start   ρ_0; singular allowed
/// @param target  q, on the same ℝᵈ, with a density
/// @param time    t ≥ 0; +∞ gives q
/// @throws std::invalid_argument  t < 0 or NaN, dimensions differ, or q has no density
Gaussian ou_law(const Gaussian& start, const Gaussian& target, double time);

}  // namespace flowcheck
