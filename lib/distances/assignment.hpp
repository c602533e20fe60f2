#pragma once

#include "numerics/estimate.hpp"
#include "numerics/termination.hpp"
#include "numerics/types.hpp"

#include <limits>
#include <vector>

namespace flowcheck {

struct AssignmentOptions {
  Index largest_count = 6000;  ///< points a cloud may have; memory is about 61 n² bytes (2 GB here)
};

struct AssignmentResult {
  std::vector<Index> permutation = {};  ///< xᵢ is sent to y_{permutation[i]}
  Estimate squared_w2 = std::numeric_limits<double>::quiet_NaN();  ///< the least mean cost
  Termination termination = Termination::running;
};

/// Optimal assignment of two clouds of n points, the Wasserstein-2 distance of their empirical
/// measures (uniform weights, no factor ½):
///
///   W₂² = min over permutations σ of (1/n) Σᵢ |xᵢ − y_σ(i)|².
///
/// The enclosure is a certificate, whatever found σ: the cost of σ is an upper bound, and for any
/// numbers uᵢ duality gives the lower bound (1/n) Σᵢ uᵢ + (1/n) Σⱼ minᵢ (|xᵢ − yⱼ|² − uᵢ). The
/// uᵢ are the network simplex' potentials, and both sides are widened by their round-off. σ itself
/// is optimal for costs rounded to a multiple of 2⁻⁵⁰ of the largest one (2⁻⁴⁶ at n = 6000).
///
/// Cost: n² arcs, about 61 n² bytes; seconds for n = 2000.
///
/// @param from  x, d × n
/// @param to    y, of the same shape
/// @return      `not_finite` and no permutation where the largest cost overflows
/// @throws std::invalid_argument  different shapes, empty, not finite, or more points than allowed
[[nodiscard]] AssignmentResult optimal_assignment(const Matrix& from,
                                                  const Matrix& to,
                                                  const AssignmentOptions& options = {});

}  // namespace flowcheck
