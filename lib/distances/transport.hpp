#pragma once

#include "measures/point_cloud.hpp"
#include "numerics/estimate.hpp"
#include "numerics/termination.hpp"
#include "numerics/types.hpp"

#include <cstdint>
#include <limits>
#include <vector>

namespace flowcheck {

struct TransportOptions {
  std::int64_t max_iterations = 1'000'000'000;  ///< pivots of the network simplex, all levels
};

/// Mass sent from xᵢ to yⱼ.
struct TransportArc {
  Index from = 0;     ///< i
  Index to = 0;       ///< j
  double mass = 0.0;  ///< > 0; all together one, up to rounding
};

struct TransportResult {
  std::vector<TransportArc> plan = {};  ///< in order of i, then j; at most n + m − 1 arcs
  Vector first_potential = {};          ///< uᵢ, length n
  Vector second_potential = {};  ///< vⱼ, length m: uᵢ + vⱼ ≤ |xᵢ − yⱼ|² for these doubles
  Estimate squared_w2 = std::numeric_limits<double>::quiet_NaN();
  Estimate w2 = std::numeric_limits<double>::quiet_NaN();
  Termination termination = Termination::running;
  std::int64_t iterations = 0;   ///< pivots; steps of the merge on the line
  std::int64_t arcs_priced = 0;  ///< reduced costs evaluated, the certificate's n·m included
};

/// Optimal transport of two discrete measures for the squared distance (no factor ½):
///
///   W₂² = min { Σ πᵢⱼ |xᵢ − yⱼ|² : π ≥ 0, Σⱼ πᵢⱼ = aᵢ, Σᵢ πᵢⱼ = bⱼ }
///       = max { Σ aᵢuᵢ + Σ bⱼvⱼ : uᵢ + vⱼ ≤ |xᵢ − yⱼ|² for all i, j }.
///
/// Both sides are evaluated, whatever found them, and rounded outward: `upper` is the cost of a
/// plan with exactly the marginals of PointCloud (weights as rational numbers), `lower` the value
/// of potentials feasible for all n·m pairs. Where the plan's integer masses cannot equal the
/// weights, what is left over (less than 2⁻⁵⁹ a point) is sent along the plan as far as it fits,
/// the rest priced at the diameter. Uniform weights leave nothing over.
///
/// Method: a network simplex that keeps its spanning tree while arcs are added: it starts from the
/// plan of clusters of the points (k-d trees, coarse to fine), runs on few arcs a point, prices all
/// pairs from the coordinates with its potentials and takes up those that improve, until none does.
/// Costs are integers in there, 2⁻⁴⁷ of the largest at n = 5000. Where that leaves a relative width
/// above 1e-10, W₂² being tiny beside the diameter, the simplex goes on with reduced costs in a
/// unit 2⁻⁴⁸ times as large, and `lower` comes from potentials in twice the working precision. On
/// the line the quantile functions are merged instead. Deterministic, one thread.
///
/// Relative width of W₂²: below 1e-12 on normal samples; below 1e-9 as long as W₂² is above 1e-16
/// of the squared diameter where weights are uniform, above n · 1e-9 of it where what is left over
/// of other weights is priced at the diameter. Cost: memory O((n + m)(d + 40)); some ten rounds of
/// pricing, O(nmd) each, and of the order of 10 to 30 pivots a point.
///
/// The plan's row and column sums are checked in integers: `upper` does not rest on the simplex.
///
/// @return  `iteration_limit` with the bracket of the plan reached so far; `not_finite`, with upper
///          infinite, should the plan ever fail that check
/// @throws std::invalid_argument  the dimensions differ
[[nodiscard]] TransportResult optimal_transport(const PointCloud& from,
                                                const PointCloud& to,
                                                const TransportOptions& options = {});

/// Wasserstein-2 distance of two discrete measures, grade `certified`: optimal_transport's brackets
/// without its plan. On the line nothing but the sorted points is made, O(n log n).
///
/// @throws std::invalid_argument  the dimensions differ
Estimate w2(const PointCloud& p, const PointCloud& q);
Estimate squared_w2(const PointCloud& p, const PointCloud& q);  ///< no factor ½

}  // namespace flowcheck
