#pragma once

#include "numerics/rng.hpp"
#include "proximal/jko_step.hpp"

#include <cstdint>

namespace flowcheck {

/// How far a pair (p, p') is from being a JKO step towards q.
struct FirstOrderError {
  AffineField field = {};  ///< ξ, the strong subdifferential of the step's objective at p'
  Estimate norm = {};      ///< ε = ‖ξ‖ in L²(p')
};

/// The first-order error of any Gaussian pair, measured:
///
///   ξ = ∇V + ∇log p' − (T_{p'}^p − Id)/γ,    ε = ‖ξ‖_{L²(p')},    q = e^{−V}/Z.
///
/// For p' = N(m', Σ'), q = N(μ, A⁻¹) and B the linear part of the optimal map from p' to p,
/// ξ(x) = K(x − m') + v with K = A − Σ'⁻¹ − (B − I)/γ and v = A(m' − μ) − (m − m')/γ.
/// Zero exactly for an exact step, whatever map was used to make it.
///
/// @throws std::invalid_argument  γ ≤ 0, dimensions differ, or p' or q has no density
FirstOrderError first_order_error(const Gaussian& current,
                                  const Gaussian& next,
                                  const Gaussian& target,
                                  double step_size);

/// min F, the value of jko_objective() at the exact step, enclosed from the stored one: p' is only
/// nearly the minimiser, and F(p') lies above min F by a second-order term. F is 1/γ-convex along
/// generalised geodesics with base p, −log q being convex, so
///
///   max(0, F(p') − γε²/2) ≤ min F ≤ F(p'),    ε the first-order error of (p, p').
///
/// @throws std::invalid_argument  as jko_step()
Estimate jko_minimum(const Gaussian& current, const Gaussian& target, double step_size);

/// What an inexact step's error field looks like.
enum class ErrorField {
  constant,  ///< a constant vector along m − μ, holding the mean back (the tight one of JKO-11)
  random,    ///< a random symmetric affine field
  adversarial,  ///< away from the target: along Id − T_{p'}^q, by fixed point
};

struct InexactStepOptions {
  double error = 0.0;  ///< ε ≥ 0, the norm of ξ to be reached
  ErrorField field = ErrorField::adversarial;
  std::uint64_t seed = 1;  ///< of the random field
};

/// A JKO step with a prescribed first-order error: ‖ξ‖_{L²(p')} = ε to round-off, ε = 0 being
/// jko_step() itself.
///
/// @throws std::invalid_argument  as jko_step(), ε < 0, or no Gaussian step has so large an error
Gaussian inexact_jko_step(const Gaussian& current,
                          const Gaussian& target,
                          double step_size,
                          const InexactStepOptions& options);

}  // namespace flowcheck
