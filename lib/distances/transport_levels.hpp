#pragma once

#include "distances/transport_simplex.hpp"
#include "numerics/types.hpp"

#include <cstdint>
#include <vector>

namespace flowcheck {

/// A discrete measure of integer masses: one of the clouds of a transportation problem, or a
/// coarser image of it.
struct MassCloud {
  Matrix points = {};  ///< d × n, one a column
  std::vector<std::int64_t> masses = {};
  std::vector<std::int32_t> first_child = {};  ///< children in the next finer cloud: from here to
                                               ///< the next one's; length n + 1, empty if finest
};

/// A cloud from coarse to fine: the last one has the points themselves, reordered so that each
/// cluster of any level is a range; the others have the clusters' means. Clusters are the cells of
/// a k-d tree, cut at the middle point of the widest coordinate.
struct CloudLevels {
  std::vector<MassCloud> clouds = {};
  std::vector<Index> order = {};  ///< point k of the finest cloud is column order[k] given
};

/// Cuts until single points are left.
int depth_of_cuts(Index count);

/// @param depths  cuts that make each level, increasing; the last is enough for single points
CloudLevels make_levels(const Matrix& points,
                        const std::vector<std::int64_t>& masses,
                        const std::vector<int>& depths);

/// The plan of two levels carried to the next finer ones: the masses of a cluster's children are
/// dealt out in order. Positive, acyclic if the coarse plan is; with the marginals of the children.
std::vector<TransportFlow> refined_plan(const std::vector<TransportFlow>& coarse,
                                        const MassCloud& coarse_from,
                                        const MassCloud& coarse_to,
                                        const MassCloud& from,
                                        const MassCloud& to);

/// Masses dealt out in order of the points: positive and acyclic, the first plan of all.
std::vector<TransportFlow> plan_in_order(const MassCloud& from, const MassCloud& to);

}  // namespace flowcheck
