#include "distances/transport_solver.hpp"

#include "distances/pricing_kernel.hpp"
#include "distances/transport_levels.hpp"
#include "distances/transport_refinement.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace flowcheck {
namespace {

// Measured on normal samples in two and ten dimensions: with fewer arcs a point more rounds of
// pricing are needed, with more of them the first pricing takes longer than it saves.
constexpr Index first_arcs = 4;          // of each point, when a level starts
constexpr Index fresh_arcs_a_round = 4;  // of each source, after the first
constexpr int patient_rounds = 20;
constexpr int coarsest_cuts = 5;  // 32 clusters
constexpr int cuts_a_level = 2;   // four children

std::int32_t count(const MassCloud& cloud) {
  return static_cast<std::int32_t>(cloud.masses.size());
}

double cost(const Matrix& x, std::int32_t i, const Matrix& y, std::int32_t j) {
  double sum = 0.0;
  for (Index k = 0; k < x.rows(); ++k) {
    const double difference = x(k, i) - y(k, j);
    sum += difference * difference;
  }
  return sum;
}

// Two levels' clouds face to face, with the arcs that the simplex may use between them.
class Level {
 public:
  Level(const MassCloud& from, const MassCloud& to) : from_(from), to_(to), priced_to_(to.points) {}

  // The least arcs of every point, priced with potentials of the coarser sinks where there are any.
  void choose_first_arcs(const MassCloud* coarse_to, const Vector& coarse_potentials);

  // Arcs that improve by `worthwhile` units or more are taken up. @return  whether there are any
  bool take_up_arcs(const TransportSimplex& simplex, double worthwhile);

  std::vector<TransportFlow> spanning_tree(const std::vector<TransportFlow>& flows) const;
  const std::vector<CandidateArc>& arcs() const { return arcs_; }

 private:
  std::int64_t integer_cost(std::int32_t i, std::int32_t j) const {
    return std::llrint(cost(from_.points, i, to_.points, j));
  }
  void sort_arcs();

  const MassCloud& from_;
  const MassCloud& to_;
  PricedPoints priced_to_;
  std::vector<CandidateArc> arcs_ = {};
};

// Least priced arcs of every column of x.
class Pricing {
 public:
  Pricing(const Matrix& x, const PricedPoints& y, const Vector& thresholds, Index most)
      : most_(most),
        arcs_(static_cast<std::size_t>(x.cols() * most)),
        counts_(static_cast<std::size_t>(x.cols())) {
    least_priced(x.data(), x.cols(), y, thresholds.data(), 1.0, most, arcs_.data(), counts_.data(),
                 widest_vector_form());
  }

  double least(std::int32_t i) const { return arcs_[place(i)].value; }

  template <class Visit>
  void for_each(Visit visit) const {
    for (std::int32_t i = 0; i < static_cast<std::int32_t>(counts_.size()); ++i) {
      for (std::int32_t r = 0; r < counts_[to_size(i)]; ++r)
        visit(i, arcs_[place(i) + to_size(r)].to);
    }
  }

 private:
  std::size_t place(std::int32_t i) const { return to_size(i) * static_cast<std::size_t>(most_); }

  Index most_;
  std::vector<PricedArc> arcs_;
  std::vector<std::int32_t> counts_;
};

void Level::sort_arcs() {
  std::sort(arcs_.begin(), arcs_.end(), [](const CandidateArc& a, const CandidateArc& b) {
    return a.from != b.from ? a.from < b.from : a.to < b.to;
  });
  const auto same = [](const CandidateArc& a, const CandidateArc& b) {
    return a.from == b.from && a.to == b.to;
  };
  arcs_.erase(std::unique(arcs_.begin(), arcs_.end(), same), arcs_.end());
}

void Level::choose_first_arcs(const MassCloud* coarse_to, const Vector& coarse_potentials) {
  // uᵢ = min over coarse sinks, then vⱼ = min over sources: good potentials for these points,
  // since a potential is as smooth as the cost.
  PricedPoints priced_from(from_.points);
  if (coarse_to != nullptr) {
    PricedPoints coarse(coarse_to->points);
    for (Index j = 0; j < coarse.size(); ++j) coarse.set_potential(j, coarse_potentials(j));
    const Pricing nearest(from_.points, coarse, Vector::Constant(count(from_), infinity), 1);
    for (std::int32_t i = 0; i < count(from_); ++i) priced_from.set_potential(i, nearest.least(i));
  }
  const auto add = [this](std::int32_t i, std::int32_t j) {
    arcs_.push_back({.from = i, .to = j, .cost = integer_cost(i, j)});
  };
  const Pricing of_sinks(to_.points, priced_from, Vector::Constant(count(to_), infinity),
                         first_arcs);
  of_sinks.for_each([&](std::int32_t j, std::int32_t i) { add(i, j); });
  for (std::int32_t j = 0; j < count(to_); ++j) priced_to_.set_potential(j, of_sinks.least(j));
  const Pricing of_sources(from_.points, priced_to_, Vector::Constant(count(from_), infinity),
                           first_arcs);
  of_sources.for_each(add);
  sort_arcs();
}

bool Level::take_up_arcs(const TransportSimplex& simplex, double worthwhile) {
  for (std::int32_t j = 0; j < count(to_); ++j) {
    priced_to_.set_potential(j, static_cast<double>(simplex.sink_potential(j)));
  }
  Vector thresholds(count(from_));
  for (std::int32_t i = 0; i < count(from_); ++i) {
    thresholds(i) = static_cast<double>(simplex.source_potential(i)) - worthwhile;
  }
  const Pricing improving(from_.points, priced_to_, thresholds, fresh_arcs_a_round);
  const std::size_t before = arcs_.size();
  improving.for_each([&](std::int32_t i, std::int32_t j) {
    const std::int64_t price = integer_cost(i, j);
    if (price < simplex.source_potential(i) + simplex.sink_potential(j)) {
      arcs_.push_back({.from = i, .to = j, .cost = price});
    }
  });
  return arcs_.size() > before;
}

// Numbers 0 … n − 1 in classes that are merged [Tarjan1975].
class Classes {
 public:
  explicit Classes(std::int32_t n) : parent_(to_size(n)) {
    std::iota(parent_.begin(), parent_.end(), std::int32_t{0});
  }
  std::int32_t find(std::int32_t k) {
    while (parent_[to_size(k)] != k)
      k = parent_[to_size(k)] = parent_[to_size(parent_[to_size(k)])];
    return k;
  }
  void merge(std::int32_t a, std::int32_t b) { parent_[to_size(find(a))] = find(b); }

 private:
  std::vector<std::int32_t> parent_;
};

// Places of `keys` (0 … n − 1) by key: those of key k are order[begin[k]] … order[begin[k + 1] −
// 1].
struct Grouping {
  std::vector<std::int32_t> begin = {};
  std::vector<std::int32_t> order = {};
};

Grouping group(const std::vector<std::int32_t>& keys, std::int32_t n) {
  Grouping result{.begin = std::vector<std::int32_t>(to_size(n) + 1, 0),
                  .order = std::vector<std::int32_t>(keys.size())};
  for (const std::int32_t key : keys) ++result.begin[to_size(key) + 1];
  std::partial_sum(result.begin.begin(), result.begin.end(), result.begin.begin());
  std::vector<std::int32_t> end(result.begin.begin(), result.begin.end() - 1);
  for (std::size_t k = 0; k < keys.size(); ++k) {
    result.order[to_size(end[to_size(keys[k])]++)] = static_cast<std::int32_t>(k);
  }
  return result;
}

// A spanning tree that holds the flows. Their components are joined to that of sink 0, one after
// the other and each by a source of its own, so that arcs without mass point to the root. First by
// arcs of the list, nearest components first; what that leaves apart goes to sink 0 itself.
std::vector<TransportFlow> Level::spanning_tree(const std::vector<TransportFlow>& flows) const {
  const std::int32_t n = count(from_);
  const std::int32_t m = count(to_);
  std::vector<TransportFlow> tree;
  tree.reserve(to_size(n + m - 1));
  const auto add = [&](std::int32_t i, std::int32_t j, std::int64_t mass) {
    tree.push_back({.from = i, .to = j, .cost = integer_cost(i, j), .mass = mass});
  };
  Classes classes(n + m);
  for (const TransportFlow& flow : flows) {
    classes.merge(flow.from, n + flow.to);
    add(flow.from, flow.to, flow.mass);
  }
  std::vector<std::int32_t> component(to_size(n + m));
  for (std::int32_t k = 0; k < n + m; ++k) component[to_size(k)] = classes.find(k);
  const Grouping members = group(component, n + m);
  std::vector<std::int32_t> sinks_of_arcs;
  sinks_of_arcs.reserve(arcs_.size());
  for (const CandidateArc& arc : arcs_) sinks_of_arcs.push_back(arc.to);
  const Grouping arcs_of_sink = group(sinks_of_arcs, m);

  std::vector<bool> joined(to_size(n + m), false);
  std::vector<std::int32_t> queue;
  const auto join = [&](std::int32_t node) {
    joined[to_size(component[to_size(node)])] = true;
    queue.push_back(component[to_size(node)]);
  };
  const auto join_neighbours = [&](std::int32_t sink) {
    for (std::int32_t a = arcs_of_sink.begin[to_size(sink)];
         a < arcs_of_sink.begin[to_size(sink) + 1]; ++a) {
      const CandidateArc& arc = arcs_[to_size(arcs_of_sink.order[to_size(a)])];
      if (joined[to_size(component[to_size(arc.from)])]) continue;
      add(arc.from, arc.to, 0);
      join(arc.from);
    }
  };
  join(n);
  std::size_t visited = 0;
  for (std::int32_t source = 0;;) {
    for (; visited < queue.size(); ++visited) {
      const std::size_t c = to_size(queue[visited]);
      for (std::int32_t k = members.begin[c]; k < members.begin[c + 1]; ++k) {
        const std::int32_t node = members.order[to_size(k)];
        if (node >= n) join_neighbours(node - n);
      }
    }
    while (source < n && joined[to_size(component[to_size(source)])]) ++source;
    if (source == n) return tree;
    add(source, 0, 0);
    join(source);
  }
}

void keep_masses_only(std::vector<TransportFlow>& flows) {
  std::erase_if(flows, [](const TransportFlow& flow) { return flow.mass == 0; });
  std::sort(flows.begin(), flows.end(), [](const TransportFlow& a, const TransportFlow& b) {
    return a.from != b.from ? a.from < b.from : a.to < b.to;
  });
}

std::vector<int> depths_of_levels(Index n, Index m) {
  std::vector<int> depths = {std::max(depth_of_cuts(n), depth_of_cuts(m))};
  while (depths.back() - cuts_a_level >= coarsest_cuts) {
    depths.push_back(depths.back() - cuts_a_level);
  }
  std::reverse(depths.begin(), depths.end());
  return depths;
}

}  // namespace

bool meets_masses(const std::vector<TransportFlow>& plan,
                  const std::vector<std::int64_t>& supplies,
                  const std::vector<std::int64_t>& demands) {
  // What is left of either side: never below zero on the way, nothing at the end.
  std::vector<std::int64_t> sources = supplies;
  std::vector<std::int64_t> sinks = demands;
  const auto take = [](std::vector<std::int64_t>& left, std::int32_t at, std::int64_t mass) {
    if (at < 0 || static_cast<std::size_t>(at) >= left.size()) return false;
    std::int64_t& rest = left[static_cast<std::size_t>(at)];
    if (mass < 0 || mass > rest) return false;
    rest -= mass;
    return true;
  };
  for (const TransportFlow& flow : plan) {
    if (!take(sources, flow.from, flow.mass) || !take(sinks, flow.to, flow.mass)) return false;
  }
  const auto is_zero = [](std::int64_t mass) { return mass == 0; };
  return std::all_of(sources.begin(), sources.end(), is_zero) &&
         std::all_of(sinks.begin(), sinks.end(), is_zero);
}

double largest_transport_cost(Index n, Index m) {
  return std::ldexp(1.0, 60 - std::ilogb(static_cast<double>(std::min(n, m) + 2)) - 1);
}

TransportSolution solve_transport(const TransportProblem& problem,
                                  std::int64_t max_pivots,
                                  bool refined) {
  const std::vector<int> depths = depths_of_levels(problem.from.cols(), problem.to.cols());
  const CloudLevels sources = make_levels(problem.from, problem.supplies, depths);
  const CloudLevels sinks = make_levels(problem.to, problem.demands, depths);

  TransportSolution result;
  Vector sink_potentials;
  for (std::size_t l = 0; l < depths.size(); ++l) {
    const MassCloud& from = sources.clouds[l];
    const MassCloud& to = sinks.clouds[l];
    const MassCloud* coarse_to = l > 0 ? &sinks.clouds[l - 1] : nullptr;
    Level level(from, to);
    level.choose_first_arcs(coarse_to, sink_potentials);
    result.plan = l > 0 ? refined_plan(result.plan, sources.clouds[l - 1], *coarse_to, from, to)
                        : plan_in_order(from, to);
    TransportSimplex simplex(count(from), count(to), level.spanning_tree(result.plan));
    int rounds = 0;
    do {
      result.pivots += simplex.run(level.arcs(), max_pivots - result.pivots);
      // Late rounds leave alone what rounding may have made: where all plans cost the same, its
      // noise could be followed for hundreds of them.
      const double worthwhile = std::ldexp(1.0, std::max(0, rounds++ - patient_rounds));
      result.optimal = !level.take_up_arcs(simplex, worthwhile);
      result.arcs_priced += from.points.cols() * to.points.cols();
    } while (!result.optimal && result.pivots < max_pivots);

    result.plan = simplex.tree();
    if (l + 1 == depths.size()) {
      if (refined && result.optimal) {
        const double limit = largest_transport_cost(from.points.cols(), to.points.cols());
        const RefinementResult finer =
            refine(from, to, limit, level.arcs(), max_pivots - result.pivots, result.plan);
        result.optimal = finer.optimal;
        result.pivots += finer.pivots;
        result.arcs_priced += finer.arcs_priced;
      }
      const TreePotentials potentials = tree_potentials(result.plan, from, to);
      result.source_potentials.resize(problem.from.cols());
      result.source_remainders.resize(problem.from.cols());
      for (std::size_t k = 0; k < potentials.sources.size(); ++k) {
        result.source_potentials(sources.order[k]) = potentials.sources[k].sum;
        result.source_remainders(sources.order[k]) = potentials.sources[k].error;
      }
    }
    keep_masses_only(result.plan);
    sink_potentials.resize(count(to));
    for (std::int32_t j = 0; j < count(to); ++j) {
      sink_potentials(j) = static_cast<double>(simplex.sink_potential(j));
    }
  }
  // Back to the order the points were given in.
  for (TransportFlow& flow : result.plan) {
    flow.from = static_cast<std::int32_t>(sources.order[to_size(flow.from)]);
    flow.to = static_cast<std::int32_t>(sinks.order[to_size(flow.to)]);
  }
  keep_masses_only(result.plan);
  return result;
}

}  // namespace flowcheck
