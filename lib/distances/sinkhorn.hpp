#pragma once

#include "measures/point_cloud.hpp"
#include "numerics/estimate.hpp"
#include "numerics/termination.hpp"

#include <cstdint>
#include <limits>

namespace flowcheck {

struct SinkhornOptions {
  double regularisation = 0.0;  ///< ε > 0, in units of |x − y|²; see median_squared_distance()
  double error_tolerance = 1e-6;    ///< L¹ distance of the plan's marginals from the weights
  int max_iterations = 10'000;      ///< each reads the n × m kernel once
  Index largest_kernel = 36 << 20;  ///< n·m; the kernel takes 8 bytes an entry
};

/// A solution (f, g) of the regularised problem, and how good it is.
struct SinkhornResult {
  Vector first_potential = {};   ///< f, length n; zero where a weight is
  Vector second_potential = {};  ///< g, length m
  /// OT_ε: the dual's value at (f, g) below, the cost of a plan with the exact marginals above.
  Estimate cost = std::numeric_limits<double>::quiet_NaN();
  double marginal_error = infinity;  ///< L¹, evaluated afresh
  double duality_gap = infinity;     ///< of that bracket
  int iterations = 0;
  std::int64_t exponentials = 0;  ///< taken to build kernels; the iterations take none
  Termination termination = Termination::running;
};

/// Entropic optimal transport of two weighted clouds for the cost |x − y|²:
///
///   OT_ε = min { Σ Pᵢⱼ |xᵢ − yⱼ|² + ε KL(P ‖ a ⊗ b) : P has marginals a and b }
///        = max over f, g of  Σ aᵢfᵢ + Σ bⱼgⱼ − ε Σ aᵢbⱼ (exp((fᵢ + gⱼ − |xᵢ − yⱼ|²)/ε) − 1).
///
/// Sinkhorn's iteration with Anderson's acceleration. It scales a kernel exp((f + g − cost)/ε) kept
/// in memory, one pass over it an iteration, and takes the scaling into
/// f and g (building the kernel anew) before anything over- or underflows: the logarithmic form's
/// safety at the speed of the plain one. ε is approached from above by factors of four where it is
/// small beside the costs.
///
/// The bracket does not depend on how well the iteration did: weak duality below; above, the plan
/// of (f, g) cut down to the weights and completed by a product measure. Round-off of both sides is
/// added. `stalled` says that the marginal error stopped falling above the tolerance.
///
/// @throws std::invalid_argument  ε ≤ 0, the dimensions differ, or more than largest_kernel entries
[[nodiscard]] SinkhornResult entropic_transport(const PointCloud& from,
                                                const PointCloud& to,
                                                const SinkhornOptions& options = {});

/// Debiased divergence S_ε(p, q) = OT_ε(p, q) − ½ OT_ε(p, p) − ½ OT_ε(q, q) ≥ 0, zero only for p =
/// q; W₂² as ε → 0; |δ|² for a translate by δ whatever ε. See entropic_transport().
struct SinkhornDivergence {
  Estimate value = std::numeric_limits<double>::quiet_NaN();
  SinkhornResult between = {}, first = {}, second = {};
  Termination termination = Termination::running;  ///< the worst of the three
};
[[nodiscard]] SinkhornDivergence sinkhorn_divergence(const PointCloud& p,
                                                     const PointCloud& q,
                                                     const SinkhornOptions& options = {});

/// Median of all n·m squared distances |xᵢ − yⱼ|², by which ε is commonly measured.
double median_squared_distance(const PointCloud& p, const PointCloud& q);

}  // namespace flowcheck
