#pragma once

#include "distances/transport_simplex.hpp"
#include "numerics/types.hpp"

#include <cstdint>
#include <vector>

namespace flowcheck {

/// A transportation problem with integer masses and the costs |xᵢ − yⱼ|².
struct TransportProblem {
  Matrix from = {};                         ///< xᵢ, d × n
  Matrix to = {};                           ///< yⱼ, d × m
  std::vector<std::int64_t> supplies = {};  ///< > 0
  std::vector<std::int64_t> demands = {};   ///< > 0, of the same sum, below 2⁶²
};

/// The largest cost solve_transport takes, 2⁶⁰ / (min(n, m) + 2) rounded down to a power of two.
double largest_transport_cost(Index n, Index m);

struct TransportSolution {
  std::vector<TransportFlow> plan = {};  ///< with mass; by source, then sink; costs not filled
  Vector source_potentials = {};         ///< uᵢ, from the costs without rounding
  Vector source_remainders = {};         ///< what rounding uᵢ to a double has left of it
  bool optimal = false;                  ///< for the rounded costs
  std::int64_t pivots = 0;
  std::int64_t arcs_priced = 0;
};

/// Whether a plan sends nothing negative, and exactly what every source has and every sink takes;
/// in integers that cannot overflow, O(arcs + n + m). What a certificate asks of a plan, whoever
/// made it.
bool meets_masses(const std::vector<TransportFlow>& plan,
                  const std::vector<std::int64_t>& supplies,
                  const std::vector<std::int64_t>& demands);

/// Solves for costs rounded to integers, so that the points should be scaled to bring the largest
/// cost near its limit. Clusters first, then their children, down to the points; on each level the
/// simplex runs on the few arcs of least reduced cost at each point and takes up more of them until
/// no arc of all n·m improves.
///
/// @param max_pivots  on all levels together; the plan meets the masses wherever it stops
/// @param refined     go on below the unit of the rounded costs, see refine()
TransportSolution solve_transport(const TransportProblem& problem,
                                  std::int64_t max_pivots,
                                  bool refined = false);

}  // namespace flowcheck
