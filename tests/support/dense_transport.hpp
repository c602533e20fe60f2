#pragma once

// The transportation problem by an independent solver: LEMON's network simplex on all n·m arcs, in
// integers, so that its optimum is exact.

#include "numerics/types.hpp"

// Templates are all that is used of LEMON, so that nothing of it has to be linked.
#define LEMON_ONLY_TEMPLATES
#include <lemon/network_simplex.h>
#include <lemon/static_graph.h>

#include <cstdint>
#include <stdexcept>
#include <utility>
#include <vector>

namespace flowcheck {

/// min Σ Cᵢⱼ fᵢⱼ over plans of integer masses with equal sums; C is n × m, of integers.
inline std::int64_t dense_transport_cost(const std::vector<std::int64_t>& supplies,
                                         const std::vector<std::int64_t>& demands,
                                         const Matrix& C) {
  using Graph = lemon::StaticDigraph;
  const int n = static_cast<int>(supplies.size());
  const int m = static_cast<int>(demands.size());
  std::vector<std::pair<int, int>> arcs;
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < m; ++j) arcs.emplace_back(i, n + j);
  }
  Graph graph;
  graph.build(n + m, arcs.begin(), arcs.end());
  Graph::NodeMap<std::int64_t> supply(graph);
  for (int i = 0; i < n; ++i) supply[Graph::node(i)] = supplies[static_cast<std::size_t>(i)];
  for (int j = 0; j < m; ++j) supply[Graph::node(n + j)] = -demands[static_cast<std::size_t>(j)];
  Graph::ArcMap<std::int64_t> cost(graph);
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < m; ++j) cost[Graph::arc(i * m + j)] = static_cast<std::int64_t>(C(i, j));
  }
  lemon::NetworkSimplex<Graph, std::int64_t, std::int64_t> solver(graph);
  solver.costMap(cost).supplyMap(supply);
  if (solver.run() != solver.OPTIMAL) throw std::runtime_error("dense_transport_cost: no optimum");
  return solver.totalCost<std::int64_t>();
}

}  // namespace flowcheck
