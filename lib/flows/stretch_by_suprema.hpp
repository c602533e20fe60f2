#pragma once

#include "flows/reference_flow.hpp"

namespace flowcheck {

class GaussianMixture;

/// √((a_t² + λb_t²)/(a_s² + λb_s²)): how much the flow of N(m, λI) stretches.
Estimate gaussian_stretch(double variance, const NoiseLevel& from, const NoiseLevel& to);

/// The largest σ² with p = N(0, σ²I) * ρ.
double convolved_variance(const GaussianMixture& p);

/// sup_θ λ_max Cov(W | θ) from above, W ~ ρ tilted by e^{⟨θ, w⟩}: all that x may show of W as b
/// falls to 0. For one covariance R². Else W has components N(mₖ, Sₖ), which tilts move to mₖ +
/// Sₖθ. Let S₁ ⪰ Sₖ, D = S₁ − Sₖ and δ = mₖ − m₁: the means are u = δ − Dθ apart and the odds e^{c
/// − ⟨u, D⁻¹u⟩/2} with c = log(wₖ/w₁) + ⟨δ, D⁻¹δ⟩/2. With |u|² ≤ λ_max(D)⟨u, D⁻¹u⟩ that leaves
///
///   λ_max(S₁) + Σ sup |u|² min(1, odds) ≤ λ_max(S₁) + Σ λ_max(D) g(c),    g(c) = 2c for c ≥ 1 and
///   2e^{c − 1} below.
///
/// @return  +∞ where no covariance is the widest in every direction
double tilted_covariance_above(const GaussianMixture& p);

/// ‖∇X_{s,t}‖ ≤ √(S_t/S_s) exp ½∫ĉ dτ from above: τ = b²/S, S = a² + σ²b², and ĉ = sup_x λ_max
/// Cov(W | x), which grows by at most ½(n − 1)ĉ² where W spans n dimensions. From the left end of
/// each of 64 intervals or more on, hence −log(1 − ½ĉΔτ) for n = 2 and ½ĉΔτ for n = 1. Near b = 0,
/// where searches lose their digits, by tilted_covariance_above().
/// Derivation: docs/derivations/tilted_covariance.md. At most 1000 suprema, or +∞.
double stretch_by_suprema(const GaussianMixture& p, const NoiseLevel& from, const NoiseLevel& to);

}  // namespace flowcheck
