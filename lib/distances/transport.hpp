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
/// weights, what is left over (less than 2⁻⁶⁰ a point) is sent along the plan as far as it fits,
/// the rest priced at the diameter. The width is a few 2⁻⁵² of the largest cost at worst.
///
/// Method: a network simplex that keeps its spanning tree while arcs are added: it starts from the
/// plan of clusters of the points (k-d trees, coarse to fine), runs on few arcs a point, prices all
/// pairs from the coordinates with its potentials and takes up those that improve, until none does.
/// On the line the quantile functions are merged instead. Deterministic, one thread.
///
/// Cost: memory O((n + m)(d + 40)); time of pricing O(nmd) times some ten rounds.
///
/// @return  `iteration_limit` with the bracket of the plan reached so far
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
