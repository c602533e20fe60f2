#pragma once

#include "numerics/types.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace flowcheck {

/// Place of the k-th point, k ≥ 0, in a std::vector.
inline std::size_t to_size(std::int32_t k) {
  return static_cast<std::size_t>(k);
}

/// Arc from source i to sink j with its integer cost Cᵢⱼ ≥ 0, and the mass it carries.
struct TransportFlow {
  std::int32_t from = 0;
  std::int32_t to = 0;
  std::int64_t cost = 0;
  std::int64_t mass = 0;
};

/// Arc the simplex may take up.
struct CandidateArc {
  std::int32_t from = 0;
  std::int32_t to = 0;
  std::int64_t cost = 0;
};

/// Primal network simplex of a transportation problem, in integers:
///
///   min Σ Cᵢⱼ fᵢⱼ   subject to   f ≥ 0,  Σⱼ fᵢⱼ = supplyᵢ,  Σᵢ fᵢⱼ = demandⱼ,
///
/// over a set of candidate arcs that may grow between runs: the spanning tree and its potentials
/// are kept. On tree arcs Cᵢⱼ = uᵢ + vⱼ, and an arc with Cᵢⱼ < uᵢ + vⱼ improves. The tree stays
/// strongly feasible, so that degenerate pivots cannot cycle [Cunningham1976].
///
/// A potential less the root's is a sum of costs along a path, so costs have to be below
/// 2⁶⁰ / (min(n, m) + 2). The root's own, which pivots move, is taken off them at the start of a
/// run and where it passes 2⁶⁰.
class TransportSimplex {
 public:
  /// @param tree  a spanning tree of sources 0 … n − 1 and sinks 0 … m − 1: n + m − 1 arcs, whose
  ///              masses meet every supply and demand. Where an arc carries no mass, its source has
  ///              to be on the side away from sink 0, the root.
  TransportSimplex(std::int32_t sources,
                   std::int32_t sinks,
                   const std::vector<TransportFlow>& tree);

  /// Pivots until no candidate improves or the limit is reached.
  /// @return  how many
  std::int64_t run(const std::vector<CandidateArc>& candidates, std::int64_t max_pivots);

  std::int64_t source_potential(std::int32_t i) const { return potentials_[to_size(i)]; }
  std::int64_t sink_potential(std::int32_t j) const { return potentials_[to_size(sources_ + j)]; }
  /// The spanning tree, each arc after the one that joins it to sink 0; costs not filled.
  std::vector<TransportFlow> tree() const;

 private:
  struct Node {
    std::int32_t parent = -1;
    std::int32_t first_child = -1;
    std::int32_t next = -1;
    std::int32_t previous = -1;
    std::int32_t size = 1;  // nodes of its subtree
    std::int64_t flow = 0;  // on the arc to its parent
  };

  // What blocks the flow around the cycle of an entering arc.
  struct Leaving {
    std::int32_t child = -1;
    std::int32_t join = -1;
    std::int64_t flow = 0;
    bool on_source_side = false;
  };

  Node& node(std::int32_t k) { return nodes_[to_size(k)]; }
  bool is_source(std::int32_t k) const { return k < sources_; }

  void attach(std::int32_t child, std::int32_t parent);
  void detach(std::int32_t child);
  Leaving leaving_arc(std::int32_t source, std::int32_t sink) const;
  void push(std::int32_t source, std::int32_t sink, const Leaving& leaving);
  void hang(std::int32_t new_top, std::int32_t old_top, std::int32_t parent, std::int64_t flow);
  void pivot(const CandidateArc& entering, std::int64_t reduced_cost);
  void ground_root();
  void shift(std::int32_t top, std::int32_t skipped, std::int64_t amount);

  std::int32_t sources_;
  std::int32_t root_;
  std::vector<Node> nodes_;               // sources, then sinks
  std::vector<std::int64_t> potentials_;  // uᵢ, then vⱼ
  std::size_t next_candidate_ = 0;
};

}  // namespace flowcheck
