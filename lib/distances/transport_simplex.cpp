#include "distances/transport_simplex.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>

namespace flowcheck {
namespace {

constexpr std::int32_t none = -1;
constexpr std::int64_t farthest_root = std::int64_t{1} << 60;

}  // namespace

TransportSimplex::TransportSimplex(std::int32_t sources,
                                   std::int32_t sinks,
                                   const std::vector<TransportFlow>& tree)
    : sources_(sources),
      root_(sources),
      nodes_(to_size(sources + sinks)),
      potentials_(to_size(sources + sinks)) {
  // The arcs at each node, and the tree from the root on.
  std::vector<std::int32_t> begin(nodes_.size() + 1, 0);
  for (const TransportFlow& arc : tree) {
    ++begin[to_size(arc.from) + 1];
    ++begin[to_size(sources_ + arc.to) + 1];
  }
  for (std::size_t k = 0; k < nodes_.size(); ++k) begin[k + 1] += begin[k];
  std::vector<std::int32_t> arcs(2 * tree.size());
  std::vector<std::int32_t> end(begin.begin(), begin.end() - 1);
  for (std::size_t a = 0; a < tree.size(); ++a) {
    arcs[to_size(end[to_size(tree[a].from)]++)] = static_cast<std::int32_t>(a);
    arcs[to_size(end[to_size(sources_ + tree[a].to)]++)] = static_cast<std::int32_t>(a);
  }
  std::vector<std::int32_t> order = {root_};
  order.reserve(nodes_.size());
  for (std::size_t visited = 0; visited < order.size(); ++visited) {
    const std::int32_t parent = order[visited];
    for (std::int32_t a = begin[to_size(parent)]; a < begin[to_size(parent) + 1]; ++a) {
      const TransportFlow& arc = tree[to_size(arcs[to_size(a)])];
      const std::int32_t child = is_source(parent) ? sources_ + arc.to : arc.from;
      if (child == node(parent).parent) continue;
      attach(child, parent);
      node(child).flow = arc.mass;
      potentials_[to_size(child)] = arc.cost - potentials_[to_size(parent)];
      order.push_back(child);
    }
  }
  for (std::size_t k = order.size(); k-- > 1;) {
    node(node(order[k]).parent).size += node(order[k]).size;
  }
}

void TransportSimplex::attach(std::int32_t child, std::int32_t parent) {
  Node& c = node(child);
  Node& p = node(parent);
  c.parent = parent;
  c.previous = none;
  c.next = p.first_child;
  if (c.next != none) node(c.next).previous = child;
  p.first_child = child;
}

void TransportSimplex::detach(std::int32_t child) {
  const Node& c = node(child);
  if (c.next != none) node(c.next).previous = c.previous;
  if (c.previous != none) {
    node(c.previous).next = c.next;
  } else {
    node(c.parent).first_child = c.next;
  }
}

// Around the cycle source → sink → … → join → … → source, arcs against the direction of the flow
// lose mass: on the way up from the source those whose lower end is a source, on the way up from
// the sink those whose lower end is a sink. Among equals the last one met when the cycle is walked
// in its direction from the join leaves: that keeps the tree strongly feasible.
TransportSimplex::Leaving TransportSimplex::leaving_arc(std::int32_t source,
                                                        std::int32_t sink) const {
  Leaving up;
  Leaving down;
  up.flow = down.flow = std::numeric_limits<std::int64_t>::max();
  std::int32_t a = source;
  std::int32_t b = sink;
  while (a != b) {
    const Node& A = nodes_[to_size(a)];
    const Node& B = nodes_[to_size(b)];
    if (A.size < B.size) {
      if (is_source(a) && A.flow < up.flow) {
        up.flow = A.flow;
        up.child = a;
      }
      a = A.parent;
    } else {
      if (!is_source(b) && B.flow <= down.flow) {
        down.flow = B.flow;
        down.child = b;
      }
      b = B.parent;
    }
  }
  up.on_source_side = true;
  Leaving& leaving = down.flow <= up.flow ? down : up;
  leaving.join = a;
  return leaving;
}

void TransportSimplex::push(std::int32_t source, std::int32_t sink, const Leaving& leaving) {
  if (leaving.flow == 0) return;
  for (std::int32_t k = source; k != leaving.join; k = node(k).parent) {
    node(k).flow += is_source(k) ? -leaving.flow : leaving.flow;
  }
  for (std::int32_t k = sink; k != leaving.join; k = node(k).parent) {
    node(k).flow += is_source(k) ? leaving.flow : -leaving.flow;
  }
}

// Turns the subtree of `old_top`, cut off before, over to `new_top` and hangs it on `parent`.
void TransportSimplex::hang(std::int32_t new_top,
                            std::int32_t old_top,
                            std::int32_t parent,
                            std::int64_t flow) {
  const std::int32_t whole = node(old_top).size;
  std::int32_t child = new_top;
  std::int32_t above = parent;
  std::int32_t below = 0;  // nodes of the part that has been turned over
  for (;;) {
    const std::int32_t next = node(child).parent;
    const std::int64_t next_flow = node(child).flow;
    const std::int32_t size = node(child).size;
    if (child != old_top) detach(child);
    attach(child, above);
    node(child).flow = flow;
    node(child).size = whole - below;
    if (child == old_top) return;
    below = size;
    flow = next_flow;
    above = child;
    child = next;
  }
}

// Adds `amount` to the sources and subtracts it from the sinks of a subtree without another one in
// it: reduced costs change only between the two parts.
void TransportSimplex::shift(std::int32_t top, std::int32_t skipped, std::int64_t amount) {
  std::int32_t k = top;
  for (;;) {
    if (k != skipped) {
      potentials_[to_size(k)] += is_source(k) ? amount : -amount;
      if (node(k).first_child != none) {
        k = node(k).first_child;
        continue;
      }
    }
    while (k != top && node(k).next == none) k = node(k).parent;
    if (k == top) return;
    k = node(k).next;
  }
}

// Every uᵢ + vⱼ stays as it is, and the root's potential becomes zero.
void TransportSimplex::ground_root() {
  const std::int64_t amount = potentials_[to_size(root_)];
  if (amount != 0) shift(root_, none, amount);
}

void TransportSimplex::pivot(const CandidateArc& entering, std::int64_t reduced_cost) {
  const std::int32_t source = entering.from;
  const std::int32_t sink = sources_ + entering.to;
  const Leaving leaving = leaving_arc(source, sink);
  push(source, sink, leaving);

  const std::int32_t inner = leaving.on_source_side ? source : sink;
  const std::int32_t outer = leaving.on_source_side ? sink : source;
  const std::int32_t moved = node(leaving.child).size;
  for (std::int32_t k = node(leaving.child).parent; k != leaving.join; k = node(k).parent) {
    node(k).size -= moved;
  }
  for (std::int32_t k = outer; k != leaving.join; k = node(k).parent) node(k).size += moved;
  detach(leaving.child);
  hang(inner, leaving.child, outer, leaving.flow);

  const std::int64_t amount = leaving.on_source_side ? reduced_cost : -reduced_cost;
  if (2 * to_size(moved) <= nodes_.size()) {
    shift(inner, none, amount);
  } else {
    shift(root_, inner, -amount);
    if (std::abs(potentials_[to_size(root_)]) > farthest_root) ground_root();
  }
}

std::int64_t TransportSimplex::run(const std::vector<CandidateArc>& candidates,
                                   std::int64_t max_pivots) {
  const std::size_t count = candidates.size();
  const std::size_t block =
      std::max<std::size_t>(16, static_cast<std::size_t>(std::sqrt(static_cast<double>(count))));
  ground_root();
  std::int64_t pivots = 0;
  std::size_t since_found = 0;
  while (since_found < count && pivots < max_pivots) {
    // The best of a block that has an improving arc; blocks follow one another around the list.
    std::int64_t least = 0;
    std::size_t best = 0;
    for (std::size_t left = std::min(block, count - since_found); left-- > 0; ++since_found) {
      if (next_candidate_ >= count) next_candidate_ = 0;
      const CandidateArc& arc = candidates[next_candidate_];
      const std::int64_t reduced =
          arc.cost - potentials_[to_size(arc.from)] - potentials_[to_size(sources_ + arc.to)];
      if (reduced < least) {
        least = reduced;
        best = next_candidate_;
      }
      ++next_candidate_;
    }
    if (least == 0) continue;
    pivot(candidates[best], least);
    ++pivots;
    since_found = 0;
  }
  return pivots;
}

std::vector<TransportFlow> TransportSimplex::tree() const {
  std::vector<TransportFlow> result;
  result.reserve(nodes_.size() - 1);
  std::vector<std::int32_t> open = {root_};
  while (!open.empty()) {
    const std::int32_t k = open.back();
    open.pop_back();
    const Node& n = nodes_[to_size(k)];
    if (k != root_) {
      const std::int32_t from = is_source(k) ? k : n.parent;
      const std::int32_t to = is_source(k) ? n.parent : k;
      result.push_back({.from = from, .to = to - sources_, .cost = 0, .mass = n.flow});
    }
    for (std::int32_t c = n.first_child; c != none; c = nodes_[to_size(c)].next) open.push_back(c);
  }
  return result;
}

}  // namespace flowcheck
