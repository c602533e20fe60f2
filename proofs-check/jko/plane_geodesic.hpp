#pragma once

#include "measures/gaussian.hpp"
#include "measures/gaussian_mixture.hpp"
#include "numerics/estimate.hpp"
#include "numerics/rng.hpp"
#include "numerics/types.hpp"

namespace flowcheck {

/// The gradient of a convex function of the plane, so an optimal map from any law with a density:
///
///   T(x) = b + A(x − c) + Σₖ αₖ κₖ cos(⟨κₖ, x − c⟩ + θₖ),
///
/// DT = A − Σₖ αₖ κₖκₖᵀ sin(⟨κₖ, x − c⟩ + θₖ) ≻ 0 as Σₖ |αₖ||κₖ|² < λ_min(A).
struct PlaneGradientMap {
  Vector centre = Vector::Zero(2);         ///< c
  Vector offset = Vector::Zero(2);         ///< b
  Matrix linear = Matrix::Identity(2, 2);  ///< A, symmetric and positive definite
  Matrix waves = Matrix::Zero(2, 0);       ///< κₖ, one a column
  Vector amplitudes = Vector::Zero(0);     ///< αₖ
  Vector phases = Vector::Zero(0);         ///< θₖ

  Vector operator()(const Vector& x) const;
  Matrix jacobian(const Vector& x) const;
};

/// A map of p to somewhere near it: A of eigenvalues in [½, 2] and any axes, two waves about as
/// long as p is wide, which bend DT by half of λ_min(A).
PlaneGradientMap draw_gradient_map(Rng& rng, const GaussianMixture& p);

/// The generalised geodesic ρ_t = ((1 − t)T⁰ + tT¹)_# ν based at a mixture ν on the plane.
struct PlaneGeodesic {
  GaussianMixture base;   ///< ν, with a density
  PlaneGradientMap from;  ///< T⁰
  PlaneGradientMap to;    ///< T¹
};

/// Integrals under ν, by the change of variables, of what the convexity of KL(· ‖ q) is about:
///
///   KL(ρ_t ‖ q) = ∫(log ν − log det DT_t − log q(T_t)) dν,    T_t = (1 − t)T⁰ + tT¹,
///   ∫⟨η∘T⁰, T¹ − T⁰⟩ dν = −∫(tr(DT¹(DT⁰)⁻¹) − 2 + ⟨∇log q(T⁰), T¹ − T⁰⟩) dν,
///
/// η = ∇log(ρ_0/q), its first part integrated by parts. Trapezoidal sums in the coordinates of each
/// component, out to eight deviations; spectral where ν's components are no narrower than a step, a
/// quarter of their own deviation. The enclosure is the difference to steps twice as long.
Estimate kl_along(const PlaneGeodesic& g, const Gaussian& q, double t);
Estimate slope_along(const PlaneGeodesic& g, const Gaussian& q);
Estimate squared_length(const PlaneGeodesic& g);  ///< ‖T⁰ − T¹‖² in L²(ν)

}  // namespace flowcheck
