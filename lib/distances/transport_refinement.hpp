#pragma once

#include "distances/transport_levels.hpp"
#include "distances/transport_simplex.hpp"
#include "numerics/compensated_sum.hpp"

#include <cstdint>
#include <vector>

namespace flowcheck {

/// |x − y|² in twice the working precision, within (d + 3) 2⁻¹⁰⁴ of itself.
ExactSum wide_cost(const double* x, const double* y, Index dimension);

/// Potentials in twice the working precision: uᵢ + vⱼ = |xᵢ − yⱼ|² on a tree's arcs, v₀ = 0.
struct TreePotentials {
  std::vector<ExactSum> sources = {};
  std::vector<ExactSum> sinks = {};
};

/// @param tree  as TransportSimplex::tree() gives it
TreePotentials tree_potentials(const std::vector<TransportFlow>& tree,
                               const MassCloud& from,
                               const MassCloud& to);

struct RefinementResult {
  bool optimal = false;
  std::int64_t pivots = 0;
  std::int64_t arcs_priced = 0;
};

/// Carries the simplex on below the unit its costs were rounded to: with the reduced costs
/// rᵢⱼ = |xᵢ − yⱼ|² − uᵢ − vⱼ of the tree as new costs, which are small where it matters, in units
/// 2⁻²⁴ times as large, and once more. Every pair's reduced cost is formed in twice the working
/// precision where its sign is in doubt. Needed where the optimal cost is many orders below the
/// largest one; each scan of all pairs takes some ten times a pricing in doubles.
///
/// @param largest_cost  TransportSimplex's limit
/// @param arcs          those the simplex has used
/// @param tree          in: its last tree; out: the refined one
RefinementResult refine(const MassCloud& from,
                        const MassCloud& to,
                        double largest_cost,
                        const std::vector<CandidateArc>& arcs,
                        std::int64_t max_pivots,
                        std::vector<TransportFlow>& tree);

}  // namespace flowcheck
