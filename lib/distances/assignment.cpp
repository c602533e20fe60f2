#include "distances/assignment.hpp"

#include "numerics/require.hpp"
#include "numerics/round_off.hpp"

// Templates are all that is used of LEMON, so that nothing of it has to be linked or installed.
#define LEMON_ONLY_TEMPLATES
#include <lemon/network_simplex.h>
#include <lemon/static_graph.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

namespace flowcheck {
namespace {

using Graph = lemon::StaticDigraph;
using Solver = lemon::NetworkSimplex<Graph, int, std::int64_t>;

// The simplex counts arcs, some artificial ones included, in an int.
constexpr Index largest_count_possible = 46'000;

double squared_distance(const Matrix& x, Index i, const Matrix& y, Index j) {
  return (x.col(i) - y.col(j)).squaredNorm();
}

double largest_cost(const Matrix& x, const Matrix& y) {
  double largest = 0.0;
  for (Index i = 0; i < x.cols(); ++i) {
    for (Index j = 0; j < y.cols(); ++j) {
      largest = std::max(largest, squared_distance(x, i, y, j));
    }
  }
  return largest;
}

// Costs become integers, multiples of 2^exponent: with real costs the simplex decides which arcs
// improve by comparing rounded sums with zero, and may cycle or stop early. Path lengths of up to
// 2n arcs stay below 2⁶¹, half of what the solver gives its artificial arcs.
int quantum_exponent(double largest, Index n) {
  if (largest == 0.0) return 0;
  const int bits = std::min(50, 60 - static_cast<int>(std::ceil(std::log2(2.0 * double(n)))));
  return std::ilogb(largest) + 1 - bits;
}

// |xᵢ − yⱼ|² on arc i·n + j, made when read.
struct CostMap {
  using Key = Graph::Arc;
  using Value = std::int64_t;

  const Matrix& x;
  const Matrix& y;
  int exponent;

  Value operator[](Key arc) const {
    const Index id = Graph::index(arc);
    const Index n = x.cols();
    return std::llround(std::ldexp(squared_distance(x, id / n, y, id % n), -exponent));
  }
};

struct SupplyMap {
  using Key = Graph::Node;
  using Value = int;

  Index n;

  Value operator[](Key node) const { return Graph::index(node) < n ? 1 : -1; }
};

void make_complete_bipartite(Graph& graph, Index n) {
  std::vector<std::pair<int, int>> arcs;
  arcs.reserve(static_cast<std::size_t>(n * n));
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < n; ++j) arcs.emplace_back(i, static_cast<int>(n) + j);
  }
  graph.build(static_cast<int>(2 * n), arcs.begin(), arcs.end());
}

struct Solution {
  std::vector<Index> permutation = {};
  Vector potentials = {};  // uᵢ, in units of the cost
};

// Empty where the solver did not end at an optimum.
Solution solve(const Matrix& x, const Matrix& y, int exponent) {
  const Index n = x.cols();
  Graph graph;
  make_complete_bipartite(graph, n);
  Solver solver(graph);
  solver.costMap(CostMap{x, y, exponent}).supplyMap(SupplyMap{n});
  if (solver.run() != Solver::OPTIMAL) return {};

  Solution solution{.permutation = std::vector<Index>(static_cast<std::size_t>(n), n),
                    .potentials = Vector(n)};
  const std::int64_t origin = solver.potential(Graph::node(0));
  for (Index i = 0; i < n; ++i) {
    const std::int64_t potential = solver.potential(Graph::node(static_cast<int>(i)));
    solution.potentials(i) = std::ldexp(static_cast<double>(origin - potential), exponent);
    for (Index j = 0; j < n; ++j) {
      if (solver.flow(Graph::arc(static_cast<int>(i * n + j))) != 0) {
        solution.permutation[static_cast<std::size_t>(i)] = j;
      }
    }
  }
  return solution;
}

bool is_permutation(const std::vector<Index>& permutation) {
  std::vector<bool> taken(permutation.size(), false);
  for (const Index j : permutation) {
    const auto place = static_cast<std::size_t>(j);
    if (place >= taken.size() || taken[place]) return false;
    taken[place] = true;
  }
  return true;
}

// Round-off of a mean of n terms of size `scale`, each a distance in d dimensions plus a potential.
double mean_round_off(double scale, Index d, Index n) {
  return round_off(scale, d) + double(n) * unit_round_off * scale;
}

Estimate certified_cost(const Matrix& x, const Matrix& y, const Solution& solution) {
  const Index n = x.cols();
  const Index d = x.rows();
  double primal = 0.0;
  for (Index i = 0; i < n; ++i) {
    primal += squared_distance(x, i, y, solution.permutation[static_cast<std::size_t>(i)]);
  }
  primal /= double(n);

  const Vector& u = solution.potentials;
  double dual = 0.0;
  double scale = 0.0;
  for (Index j = 0; j < n; ++j) {
    double least = std::numeric_limits<double>::infinity();
    for (Index i = 0; i < n; ++i) least = std::min(least, squared_distance(x, i, y, j) - u(i));
    dual += least + u(j);
    scale += std::abs(least) + std::abs(u(j));
  }
  dual /= double(n);
  // The least slack c − u is as exact as its larger term, which is no larger than |c − u| + |u|.
  scale = 2.0 * (scale / double(n) + u.cwiseAbs().maxCoeff());

  const double lower = std::max(0.0, dual - mean_round_off(scale, d, n));
  const double upper = primal + mean_round_off(primal, d, n);
  Estimate result = Estimate::between(primal, std::min(lower, primal), upper, Grade::closed_form);
  result.budget.round_off = 0.5 * result.width();
  return result;
}

}  // namespace

AssignmentResult optimal_assignment(const Matrix& from,
                                    const Matrix& to,
                                    const AssignmentOptions& options) {
  require(from.rows() == to.rows() && from.cols() == to.cols(),
          "optimal_assignment: the clouds must have the same shape");
  require(from.size() > 0, "optimal_assignment: the clouds must not be empty");
  require(from.cols() <= std::min(options.largest_count, largest_count_possible),
          "optimal_assignment: more points than AssignmentOptions::largest_count allows");
  require(from.allFinite() && to.allFinite(), "optimal_assignment: the points must be finite");

  AssignmentResult result;
  const double largest = largest_cost(from, to);
  result.termination = Termination::not_finite;
  if (!std::isfinite(largest)) return result;

  Solution solution = solve(from, to, quantum_exponent(largest, from.cols()));
  result.termination = Termination::iteration_limit;
  if (solution.permutation.empty() || !is_permutation(solution.permutation)) return result;

  result.squared_w2 = certified_cost(from, to, solution);
  result.permutation = std::move(solution.permutation);
  result.termination = Termination::converged;
  return result;
}

}  // namespace flowcheck
