#pragma once

#include "measures/gaussian.hpp"
#include "numerics/estimate.hpp"

#include <cstdint>
#include <functional>

namespace flowcheck {

/// V on ℝᵈ, up to a constant. Called from several threads.
struct PointPotential {
  std::function<double(const Vector& x)> value = {};
  std::function<Vector(const Vector& x)> gradient = {};
};

/// V = −log q. @throws std::invalid_argument  q has no density
PointPotential gaussian_potential(const Gaussian& q);

/// What samples of p and p' report of ε, as it is published: no enclosure, grade `sampled`.
struct SampleFirstOrderError {
  Estimate squared = {};  ///< mean |g|², for ε²
  Estimate published = {};  ///< mean |(g₁², …, g_d²)|: smaller than that, by a factor of up to √d
  Estimate score_term = {};      ///< mean |∇V + s|², for the Fisher information I(p' ‖ q)
  Estimate transport_term = {};  ///< mean |T − y|²/γ², for W₂²(p, p')/γ²
};

/// Estimate from n points x of p and n of p' of the first-order error of the pair (p, p'),
///
///   g(y) = ∇V(y) + s(y) − (T(y) − y)/γ,
///
/// T the optimal assignment from the y to the x and s the score of a sum of Gaussian kernels on the
/// y. It is far from zero where ε = 0: the assignment and the kernels have errors of their own, and
/// a square does not average them out. calibrated_first_order_error() takes that off.
///
/// Cost: that of optimal_transport() and O(n²d).
///
/// @param current, next    x and y, d × n, one point a column
/// @param kernel_variance  h of the kernels N(0, hI); 0: Scott's rule, see KernelDensity
/// @throws std::invalid_argument  γ ≤ 0, h < 0, different shapes, fewer than d + 2 points, or a
///                                number that is not finite
/// @throws std::runtime_error  the assignment did not converge
SampleFirstOrderError estimate_first_order_error(const Matrix& current,
                                                 const Matrix& next,
                                                 const PointPotential& potential,
                                                 double step_size,
                                                 double kernel_variance = 0.0);

struct CalibrationOptions {
  double kernel_variance = 0.0;    ///< h, as above
  int replications = 20;           ///< K ≥ 3
  double miss_probability = 0.05;  ///< of each interval
  std::uint64_t seed = 1;
};

struct CalibratedFirstOrderError {
  SampleFirstOrderError reported = {};
  double difference = 0.0;       ///< r − bias: below 0 by chance, and what to take means of
  Estimate squared = {};         ///< max(r − bias, 0), for ε². In [0, ∞), `sampled`
  Estimate of_gaussians = {};    ///< the same with the interval that it has for Gaussian pairs, not
                                 ///< below 0; from 0 on: ε² is not told from 0
  Estimate bias = {};            ///< E mean |g|² − ε², on the Gaussian pair
  Estimate score_bias = {};      ///< E mean |s − ∇log p'|², the score's part of it
  Estimate transport_bias = {};  ///< E mean |T − T_{p'}^p|²/γ², the assignment's
};

/// The same estimate without its bias, which is measured where ε is known: on K pairs of samples of
/// the two Gaussians with the samples' moments, same n, d, γ, V and h. Of an exact step that is a
/// Gaussian pair that is exact up to its moments' error. The parts of the bias do not add up to it:
/// both errors come from the same points.
///
/// With r the reported mean |g|² and s the deviation of the K simulated ones, `of_gaussians` is
///
///   r − bias ± t_{K−1}(1 − α/2) s √(1 + 1/K),
///
/// of which negative values and lower ends are moved to 0, and no upper end below its half-width.
///
/// For Gaussian pairs r is one more draw of the simulated law, up to its moments, which cost 0.1 of
/// the bias at d = 5 and n = 60, 0.02 at d = 2 and n = 60, 0.005 at d = 2 and n = 200. At α = 0.05,
/// n = 60 and 200, ε from 0 to 4, it missed ε² in 0 to 6.6 % of some hundred draws each.
///
/// For other laws the bias is that of other laws, and neither end is a bound: kernels smooth away
/// what p' has finer than they are, and with it any part of ε². Hence `squared` has no upper end,
/// and both are of grade `sampled`. Exact steps to ½N(−a, σ²I) + ½N(a, σ²I), d = 2, σ = 0.7, n =
/// 400: it misses 0 in 2 % of draws for |a| = 1, and in half of them for |a| = 2, where modes of
/// unequal counts exchange points.
///
/// Only for independent samples: points that were moved from p to p' have other errors.
///
/// Cost: K + 1 estimates, in parallel; the same bytes for any number of threads.
/// @throws as estimate_first_order_error(), or options out of range
CalibratedFirstOrderError calibrated_first_order_error(const Matrix& current,
                                                       const Matrix& next,
                                                       const PointPotential& potential,
                                                       double step_size,
                                                       const CalibrationOptions& options = {});

}  // namespace flowcheck
