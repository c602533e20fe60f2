#pragma once

#include "numerics/termination.hpp"
#include "proximal/first_order_error.hpp"
#include "proximal/line_functional.hpp"

namespace flowcheck {

struct LineJkoOptions {
  /// Converged once the Newton decrement is below this, or below u‖T_n‖/√γ, which the rounding of T
  /// leaves of it: more than the default for ‖T_n‖ > 900√γ.
  double decrement_tolerance = 1e-13;
  int max_iterations = 200;
  Vector tilt = {};  ///< ξ: minimise F − ⟨ξ, T⟩_w instead of F; empty: ξ = 0
  /// Start from the answer on the next coarser grid, itself found so, less its error of order h² as
  /// the grid before that shows it.
  bool nested = true;
};

struct LineJkoResult {
  LineMap step;  ///< T_{n+1}
  Termination termination = Termination::running;
  double decrement = 0.0;  ///< (gᵀH⁻¹g)^{½} at the last but one iterate: ‖δ‖_H of the last step
  Estimate error = {};     ///< ε = ‖η + (T_{n+1} − T_n)/γ‖_w, measured with its round-off
  Estimate residual = {};  ///< the same less the tilt: what the minimisation leaves undone
  double distance_bound = 0.0;  ///< ‖T_{n+1} − argmin‖_w ≤ residual/(1/γ + λ)
  int iterations = 0;           ///< on the finest grid
};

/// One JKO step on the line,
///
///   T_{n+1} = argmin_T  F(T),    F(T) = G_h(T) + ‖T − T_n‖²_w/(2γ) − ⟨ξ, T⟩_w,
///
/// which is exactly a proximal step of G_h in ℓ²_w. T_n may have atoms. With a tilt ξ it is a step
/// whose first-order error is ξ.
///
/// Newton's method. The Hessian is a weighted Laplacian plus a positive diagonal,
///
///   Hᵢᵢ = mᵢ + cᵢ₋₁ + cᵢ,  Hᵢ,ᵢ₊₁ = −cᵢ,   cᵢ = θmρᵢ^m/dᵢ,   mᵢ = wᵢ(V″(Tᵢ) + κ + 1/γ),
///
/// less κwwᵀ, and is factored LDLᵀ from both ends at once without a subtraction: pivots are cᵢ +
/// eᵢ, eᵢ = mᵢ + cᵢ₋₁eᵢ₋₁/(cᵢ₋₁ + eᵢ₋₁). The condition number, γ/h² ≈ 1e10 for M = 10⁶, thereby
/// costs no digits of the pivots or of a step's increments, and no scaling is needed.
///
/// Far from the answer a step is shortened until F decreases as it
/// should. −log is self-concordant, but −ωᵢ log only with the constant ωᵢ^{−½}, so that a small
/// decrement says nothing of the tails: increments that would change by half or more are stepped by
/// Newton's method in dᵢ^{−m} instead, which keeps them positive, what is left over of a shrinking
/// one being left to the next where a front may form (m > 1), and converged means that no increment
/// changes by more than 1e-6 as well; the step that says so is still made, and leaves the square of
/// that. Where V is not convex and the method wanders for all that, proximal points of F itself
/// lead it to where it converges.
///
/// Cost O(M) an iteration in time and memory. Of 120 random steps of porous media each, M = 401 and
/// starts Gaussians and tanh maps, all converge for m from 0.4 to 8, and 19 of 20 up to m = 20.
///
/// @param current    T_n
/// @param step_size  γ > 0
/// @throws std::invalid_argument  γ not positive or not finite, 1/γ + λ ≤ 0 (F might not be
/// convex), V″ found below λ, a tilt of another length or not finite, or θ < 0, m not
/// in [0.4, 20]
[[nodiscard]] LineJkoResult line_jko_step(const LineMap& current,
                                          const LineFunctional& G,
                                          double step_size,
                                          const LineJkoOptions& options = {});

/// The discrete minimiser T_{q,h} = argmin G_h (less the tilt). The laws of the steps hold with it,
/// not with the transport map of q, from which it differs by O(h²).
/// @throws std::invalid_argument  G is not known to be convex, or as line_jko_step()
[[nodiscard]] LineJkoResult line_minimiser(const LineGrid& grid,
                                           const LineFunctional& G,
                                           const LineJkoOptions& options = {});

/// A JKO step with a prescribed first-order error ‖ξ‖_w = ε, by tilting: a constant that holds the
/// mean back, random waves in Φ(z), or by fixed point ε(T_{n+1} − T_q)/‖T_{n+1} − T_q‖_w.
/// @param target  T_{q,h}; where the error points to or away from
[[nodiscard]] LineJkoResult inexact_line_jko_step(const LineMap& current,
                                                  const LineFunctional& G,
                                                  double step_size,
                                                  const LineMap& target,
                                                  const InexactStepOptions& inexactness,
                                                  const LineJkoOptions& options = {});

}  // namespace flowcheck
