#pragma once

#include "measures/gaussian.hpp"
#include "numerics/estimate.hpp"
#include "numerics/termination.hpp"

namespace flowcheck {

/// Training loss of one JKO block T, with q = e^{−V}/Z and the end displacement as penalty:
///
///   ℓ(T) = E_p[V(T(x)) − log|det DT|] + E_p|T(x) − x|²/(2γ),    V(x) = ½(x − μ)ᵀA(x − μ),
///
/// in closed form for an affine T, symmetric or not. With the constant c of
/// block_loss_constant(), ℓ(T) + c = KL(T_#p ‖ q) + E_p|T(x) − x|²/(2γ) is at least the JKO
/// objective of T_#p, and equal to it exactly for the optimal T.
///
/// @param block      T, on the ℝᵈ of p and q; +∞ where it is not invertible
/// @param current    p, with a density
/// @param target     q = N(μ, A⁻¹), with a density
/// @param step_size  γ > 0
/// @throws std::invalid_argument  γ ≤ 0, dimensions differ, or a measure has no density
Estimate block_loss(const AffineMap& block,
                    const Gaussian& current,
                    const Gaussian& target,
                    double step_size);

/// c = E_p[log p] + log Z, what the training loss leaves out.
/// @throws std::invalid_argument  dimensions differ, or a measure has no density
Estimate block_loss_constant(const Gaussian& current, const Gaussian& target);

struct AffineBlockOptions {
  /// Converged means ℓ − min ℓ is below this, relative to ℓ where that is larger than 1; T is then
  /// good to its square root.
  double loss_tolerance = 1e-10;
  int max_iterations = 500;
};

struct AffineBlockResult {
  AffineMap map = {};          ///< T, the trained block
  double loss = 0.0;           ///< ℓ(T)
  double gradient_norm = 0.0;  ///< ‖∇ℓ‖ in L²(p)
  double loss_error = 0.0;     ///< ℓ(T) − min ℓ, to second order: ‖∇ℓ‖²/(2h)
  double map_error = 0.0;  ///< ‖T − T*‖ in L²(p), likewise: ‖∇ℓ‖/h, h the least curvature
  int iterations = 0;
  Termination termination = Termination::running;
};

/// Trains an affine block: minimises block_loss() over all affine T, not only over gradient maps,
/// by BFGS from T = Id. The minimum is attained by the optimal map to the exact JKO step, so that
/// min ℓ + c is the least value of the JKO objective.
///
/// Cost: O(d³) an iteration, and one eigendecomposition of size d² at the end, O(d⁶).
///
/// @throws std::invalid_argument  as block_loss()
[[nodiscard]] AffineBlockResult affine_block(const Gaussian& current,
                                             const Gaussian& target,
                                             double step_size,
                                             const AffineBlockOptions& options = {});

}  // namespace flowcheck
