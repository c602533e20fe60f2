#include "distances/transport_refinement.hpp"

#include <algorithm>
#include <cmath>

namespace flowcheck {
namespace {

constexpr int refinements = 2;
constexpr int bits_a_refinement = 24;
constexpr int fresh_arcs_a_scan = 8;  // of each source

double cost(const MassCloud& from, std::int32_t i, const MassCloud& to, std::int32_t j) {
  const Index d = from.points.rows();
  const double* x = from.points.data() + i * d;
  const double* y = to.points.data() + j * d;
  double sum = 0.0;
  for (Index k = 0; k < d; ++k) sum += (x[k] - y[k]) * (x[k] - y[k]);
  return sum;
}

ExactSum wide_cost(const MassCloud& from, std::int32_t i, const MassCloud& to, std::int32_t j) {
  const Index d = from.points.rows();
  return flowcheck::wide_cost(from.points.data() + i * d, to.points.data() + j * d, d);
}

// Reduced costs in a finer unit, as integers.
class FineCosts {
 public:
  FineCosts(const MassCloud& from, const MassCloud& to, TreePotentials base, int bits, double limit)
      : from_(from),
        to_(to),
        base_(std::move(base)),
        scale_(std::ldexp(1.0, bits)),
        limit_(limit) {}

  std::int64_t operator()(std::int32_t i, std::int32_t j) const {
    const ExactSum c = wide_cost(from_, i, to_, j);
    const ExactSum& u = base_.sources[to_size(i)];
    const ExactSum& v = base_.sinks[to_size(j)];
    const ExactSum first = exact_sum(c.sum, -u.sum);
    const ExactSum second = exact_sum(first.sum, -v.sum);
    const double rest = (first.error + second.error) + (c.error - (u.error + v.error));
    return std::llrint(std::clamp(scale_ * (second.sum + rest), -limit_, limit_));
  }

  // Arcs that improve on the simplex' potentials.
  std::vector<CandidateArc> improving(const TransportSimplex& simplex) const {
    std::vector<CandidateArc> found;
    const auto m = static_cast<std::int32_t>(base_.sinks.size());
    const double roundings = static_cast<double>(from_.points.rows() + 8) * 0x1p-52;
    std::vector<double> fine(base_.sinks.size());
    for (std::int32_t j = 0; j < m; ++j) {
      fine[to_size(j)] = static_cast<double>(simplex.sink_potential(j)) / scale_;
    }
    for (std::int32_t i = 0; i < static_cast<std::int32_t>(base_.sources.size()); ++i) {
      const double u = base_.sources[to_size(i)].sum;
      const double u_fine = static_cast<double>(simplex.source_potential(i)) / scale_;
      int fresh = 0;
      for (std::int32_t j = 0; j < m && fresh < fresh_arcs_a_scan; ++j) {
        const double c = cost(from_, i, to_, j);
        const double v = base_.sinks[to_size(j)].sum;
        // In doubles first: what their roundings leave in doubt is decided by twice as many digits.
        const double doubt = roundings * (c + std::abs(u) + std::abs(v));
        if (c - u - v - u_fine - fine[to_size(j)] > doubt) continue;
        const std::int64_t price = (*this)(i, j);
        if (price >= simplex.source_potential(i) + simplex.sink_potential(j)) continue;
        found.push_back({.from = i, .to = j, .cost = price});
        ++fresh;
      }
    }
    return found;
  }

 private:
  const MassCloud& from_;
  const MassCloud& to_;
  TreePotentials base_;
  double scale_;
  double limit_;
};

}  // namespace

ExactSum wide_cost(const double* x, const double* y, Index dimension) {
  ExactSum cost;
  for (Index k = 0; k < dimension; ++k) {
    const ExactSum difference = exact_sum(x[k], -y[k]);
    const double square = difference.sum * difference.sum;
    const double rest =
        std::fma(difference.sum, difference.sum, -square) + 2.0 * difference.sum * difference.error;
    const ExactSum next = exact_sum(cost.sum, square);
    cost = exact_sum(next.sum, next.error + (cost.error + rest));
  }
  return cost;
}

TreePotentials tree_potentials(const std::vector<TransportFlow>& tree,
                               const MassCloud& from,
                               const MassCloud& to) {
  TreePotentials result{.sources = std::vector<ExactSum>(from.masses.size()),
                        .sinks = std::vector<ExactSum>(to.masses.size())};
  std::vector<bool> known(to.masses.size(), false);
  known[0] = true;
  for (const TransportFlow& arc : tree) {
    ExactSum& u = result.sources[to_size(arc.from)];
    ExactSum& v = result.sinks[to_size(arc.to)];
    const bool up = known[to_size(arc.to)];  // from the sink to the source
    const ExactSum& parent = up ? v : u;
    const ExactSum c = wide_cost(from, arc.from, to, arc.to);
    const ExactSum main = exact_sum(c.sum, -parent.sum);
    (up ? u : v) = exact_sum(main.sum, main.error + (c.error - parent.error));
    known[to_size(arc.to)] = true;
  }
  return result;
}

RefinementResult refine(const MassCloud& from,
                        const MassCloud& to,
                        double largest_cost,
                        const std::vector<CandidateArc>& arcs,
                        std::int64_t max_pivots,
                        std::vector<TransportFlow>& tree) {
  RefinementResult result;
  const auto n = static_cast<std::int32_t>(from.masses.size());
  const auto m = static_cast<std::int32_t>(to.masses.size());
  for (int r = 1; r <= refinements; ++r) {
    const FineCosts fine(from, to, tree_potentials(tree, from, to), r * bits_a_refinement,
                         largest_cost);
    for (TransportFlow& arc : tree) arc.cost = fine(arc.from, arc.to);
    std::vector<CandidateArc> candidates = arcs;
    for (CandidateArc& arc : candidates) arc.cost = fine(arc.from, arc.to);
    TransportSimplex simplex(n, m, tree);
    do {
      result.pivots += simplex.run(candidates, max_pivots - result.pivots);
      const std::vector<CandidateArc> found = fine.improving(simplex);
      result.arcs_priced += std::int64_t{n} * m;
      result.optimal = found.empty();
      candidates.insert(candidates.end(), found.begin(), found.end());
    } while (!result.optimal && result.pivots < max_pivots);
    tree = simplex.tree();
  }
  return result;
}

}  // namespace flowcheck
