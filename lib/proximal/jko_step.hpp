#pragma once

#include "measures/gaussian.hpp"
#include "numerics/estimate.hpp"

namespace flowcheck {

/// The convention of every step in this library, in this one place: the penalty of a JKO step is
///
///   W₂²(p, ρ) / (2γ),
///
/// γ being the duration of the step, so that n steps are Fokker–Planck time t = nγ. A stray factor
/// 2 would turn γ into γ/2 or 2γ, and every rate with it.
Estimate proximal_penalty(const Estimate& squared_w2, double step_size);

/// F(ρ) = KL(ρ ‖ q) + W₂²(p, ρ)/(2γ), what a JKO step from p minimises.
Estimate jko_objective(const Gaussian& rho,
                       const Gaussian& current,
                       const Gaussian& target,
                       double step_size);

/// One JKO step of relative entropy towards a Gaussian, in closed form:
///
///   p' = argmin_ρ  KL(ρ ‖ q) + W₂²(p, ρ) / (2γ),    p = N(m, Σ),  q = N(μ, A⁻¹).
///
/// With M = I + γA and Σ = LLᵀ the minimiser is p' = N(m', Σ'),
///
///   m' = μ + M⁻¹(m − μ),
///   Σ' = γM⁻¹ + (M⁻¹L) h(LᵀM⁻¹L) (M⁻¹L)ᵀ,    h(c) = (1 + √(1 + 4γ/c)) / 2,
///
/// for any Σ ⪰ 0, commuting with A or not; a Dirac (L = 0) becomes N(m', γM⁻¹).
///
/// Cost: two symmetric eigendecompositions and one of the result, O(d³).
/// Scheme: [JordanKinderlehrerOtto1998]. Derivation: docs/derivations/gaussian_jko_step.md.
///
/// @param current    p, the current iterate; singular allowed
/// @param target     q, on the same ℝᵈ, with a density
/// @param step_size  γ > 0, in units of time (length² where A is dimensionless)
/// @return           p', exact up to round-off: first_order_error() of the pair says how far
/// @throws std::invalid_argument  γ ≤ 0 or not finite, dimensions differ, or q has no density
Gaussian jko_step(const Gaussian& current, const Gaussian& target, double step_size);

/// ξ(x) = linear · (x − m') + constant, a symmetric affine field around the mean m' of a measure.
struct AffineField {
  Matrix linear = {};    ///< K, d × d symmetric
  Vector constant = {};  ///< v, length d
};

AffineField operator*(double factor, const AffineField& field);

/// ‖ξ‖ in L²(p), p having the mean the field is centred at: √(|v|² + tr(KΣK)).
double field_norm(const AffineField& field, const Gaussian& p);

/// The step whose first-order error is the given field: p' with
///
///   ξ = ∇V + ∇log p' − (T_{p'}^p − Id)/γ,
///
/// found by the closed form of jko_step() with A − K in place of A and m + γv in place of m.
///
/// @throws std::invalid_argument  as jko_step(), or I + γ(A − K) is not positive definite
Gaussian perturbed_jko_step(const Gaussian& current,
                            const Gaussian& target,
                            double step_size,
                            const AffineField& error);

}  // namespace flowcheck
