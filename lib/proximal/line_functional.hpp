#pragma once

#include "proximal/line_map.hpp"

#include <functional>
#include <span>

namespace flowcheck {

/// V, V′ and V″ at many points of the line at once; an output of nullptr is not asked for.
using LinePotentialValues =
    std::function<void(std::span<const double> x, double* value, double* slope, double* curvature)>;

/// A potential V on ℝ, twice differentiable, with what is known of it.
struct LineEnergy {
  LinePotentialValues values = {};  ///< none: V = 0
  double convexity = 0.0;           ///< λ ≤ V″, of either sign
  Estimate log_normaliser = {};     ///< log Z, Z = ∫e^{−V}
};

/// V = s(x − m)²/2, s > 0.
LineEnergy quadratic_energy(double curvature = 1.0, double centre = 0.0);

/// V = a x²/2 + b x⁴/4, b ≥ 0; its normaliser by quadrature.
LineEnergy quartic_energy(double a, double b);

/// V = s x²/2 + b log(2 cosh kx), s, b ≥ 0 and not both zero.
LineEnergy log_cosh_energy(double s, double b, double k);

/// The potential, its known curvature bound and its normaliser, of a smooth measure on all of ℝ.
/// @throws std::invalid_argument  another support, kinks, or no known lower bound of V″
LineEnergy line_energy(const LineMeasure& q);

/// A functional of measures on the line,
///
///   G(ρ) = ∫V dρ + θ∫U(ρ) dx + (κ/4)∬|x − y|² dρ dρ + log Z,
///   U(s) = s log s for m = 1,  s^m/(m − 1) otherwise,
///
/// in transport coordinates, with ρᵢ = ωᵢ/dᵢ the density on [Tᵢ, Tᵢ₊₁]:
///
///   G_h(T) = Σwᵢ V(Tᵢ) − θ[Σωᵢ log(dᵢ/h) + ½ log 2πe] + (κ/2)Σwᵢ(Tᵢ − T̄)² + log Z   (m = 1),
///   G_h(T) = Σwᵢ V(Tᵢ) + θΣωᵢ ρᵢ^{m−1}/(m − 1) + …                                     (m ≠ 1).
///
/// G_h is exactly convexity()-convex in the Hilbert space ℓ²_w, so that what is true of G along
/// generalised geodesics is true of G_h without a discretisation error. With θ = m = 1, κ = 0 it is
/// the relative entropy KL(ρ ‖ e^{−V}/Z).
struct LineFunctional {
  LineEnergy potential = {};
  double diffusion = 1.0;    ///< θ ≥ 0; zero: no internal energy
  double exponent = 1.0;     ///< m > 0; steps: least_exponent to largest_exponent
  double interaction = 0.0;  ///< κ, of either sign

  double convexity() const;  ///< λ + min(κ, 0)
};

LineFunctional relative_entropy(LineEnergy potential);  ///< KL(· ‖ e^{−V}/Z), Z from V
LineFunctional potential_energy(LineEnergy potential);  ///< ∫V dρ

/// Where steps are tested. For m ≤ 1/3 there are none: among measures with a finite second moment
/// the energy −∫ρ^m/(1 − m) is not bounded from below.
constexpr double least_exponent = 0.4;
constexpr double largest_exponent = 20.0;

/// ∫ρ^m/(m − 1) + ∫V dρ.
/// @throws std::invalid_argument  m = 1, or not from least_exponent to largest_exponent
LineFunctional porous_medium(double exponent, LineEnergy potential = {});

/// G_h(T), +∞ for an atom under an internal energy with m ≥ 1. The enclosure is for round-off
/// alone; see richardson() for G itself.
/// @throws std::invalid_argument  θ < 0, m ≤ 0, or something is not finite
Estimate value(const LineFunctional& G, const LineMap& rho);

struct LineSlope {
  Vector field = {};   ///< η
  Estimate norm = {};  ///< √I = ‖η‖ in ℓ²_w
};

/// The gradient of G_h in ℓ²_w, the discrete strong subdifferential, and the metric slope:
///
///   ηᵢ = V′(Tᵢ) + κ(Tᵢ − T̄) + θ(ρᵢ^m − ρᵢ₋₁^m)/wᵢ,    ρ₋₁ = ρ_{M−1} = 0.
///
/// For relative entropy I is the relative Fisher information. The norm's enclosure is for round-off
/// alone, of order u/h, what ρᵢ^m − ρᵢ₋₁^m loses. At |z| > 6, where wᵢ < 1e-10, entries of η are
/// rounding divided by wᵢ: use them in ℓ²_w only.
/// @throws std::invalid_argument  as value(), or an atom under an internal energy
LineSlope slope(const LineFunctional& G, const LineMap& rho);

/// How far T is from being a step's minimiser.
struct LineOptimality {
  Estimate error = {};     ///< ε = ‖η + s(T − T_n)‖_w
  Estimate residual = {};  ///< the same less ξ: ‖∇F(T)‖_w of what the step minimises
};

/// The first-order error of a step from T_n with s = 1/γ, in one pass without an array of its own;
/// the enclosures as slope()'s.
/// @param current  T_n; none: s(T − T_n) is left out
/// @param tilt     ξ, one value a node; none: 0
/// @throws std::invalid_argument  as slope()
LineOptimality optimality(const LineFunctional& G,
                          const LineMap& step,
                          const LineMap* current,
                          double inverse_step,
                          const Vector* tilt);

}  // namespace flowcheck
