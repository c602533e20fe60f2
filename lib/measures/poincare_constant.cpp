#include "measures/poincare_constant.hpp"

#include "numerics/require.hpp"
#include "numerics/round_off.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace flowcheck {
namespace {

constexpr double cut_in_tails = 90.0;  // of log p below its largest

struct Range {
  double lower;
  double upper;
};

// Where log p is within the cut of its peak, as seen at the ends of the panels.
Range essential_range(const LineMeasure& p) {
  const std::vector<double> ends = p.panel_ends();
  double peak = -infinity;
  for (const double x : ends) peak = std::max(peak, p.log_density(x));
  for (std::size_t i = 0; i + 1 < ends.size(); ++i) {
    peak = std::max(peak, p.log_density(0.5 * (ends[i] + ends[i + 1])));
  }
  Range result{ends.front(), ends.back()};
  for (std::size_t i = 0; i < ends.size() && p.log_density(ends[i]) < peak - cut_in_tails; ++i) {
    result.lower = ends[i];
  }
  for (std::size_t i = ends.size(); i > 0 && p.log_density(ends[i - 1]) < peak - cut_in_tails;
       --i) {
    result.upper = ends[i - 1];
  }
  return result;
}

// Cells between `marks`, in each stretch as many as its length has a share in n, times `finer`.
struct CellGrid {
  std::vector<double> edge_log = {};   // log p at the inner edges
  std::vector<double> edge_step = {};  // distance of the two centres beside it
  std::vector<double> mass = {};       // h log-density of the cells, as a log
};

CellGrid cell_grid(const LineMeasure& p, const std::vector<double>& marks, Index n, Index finer) {
  CellGrid grid;
  const double length = marks.back() - marks.front();
  double last_width = 0.0;
  for (std::size_t k = 0; k + 1 < marks.size(); ++k) {
    const double share = (marks[k + 1] - marks[k]) / length * static_cast<double>(n);
    const Index cells = finer * std::max(Index{2}, static_cast<Index>(std::ceil(share)));
    const double width = (marks[k + 1] - marks[k]) / static_cast<double>(cells);
    for (Index i = 0; i < cells; ++i) {
      const double left = marks[k] + width * static_cast<double>(i);
      if (!grid.mass.empty()) {
        grid.edge_log.push_back(p.log_density(left));
        grid.edge_step.push_back(i > 0 ? width : 0.5 * (width + last_width));
      }
      grid.mass.push_back(p.log_density(left + 0.5 * width) + std::log(width));
    }
    last_width = width;
  }
  return grid;
}

struct GridConstant {
  double value = 0.0;
  double spread = 0.0;  // half of what the two bounds are apart
};

// With f ascending of mean zero, ∫ₓ^∞ pf = ∫∫ (f(z) − f(w)) over w < x < z: with the masses left of
// and right of an edge, S = F̄ A + F B, A = Σ_{e' ≤ e} F g h and B = Σ_{e' > e} F̄ g h.
GridConstant grid_constant(const CellGrid& grid) {
  const std::size_t edges = grid.edge_log.size();
  const double peak = *std::max_element(grid.mass.begin(), grid.mass.end());
  std::vector<double> left(edges), right(edges), scale(edges);
  double total = 0.0;
  for (std::size_t e = 0; e < edges; ++e) {
    total += std::exp(grid.mass[e] - peak);
    left[e] = total;
  }
  double above = 0.0;
  for (std::size_t e = edges; e > 0; --e) {
    above += std::exp(grid.mass[e] - peak);
    right[e - 1] = above;
  }
  total += std::exp(grid.mass.back() - peak);
  for (std::size_t e = 0; e < edges; ++e) {
    require(std::isfinite(grid.edge_log[e]),
            "poincare_constant: the density has a zero inside its support");
    scale[e] = std::exp(peak - grid.edge_log[e]) / total;
  }
  std::vector<double> g(edges, 1.0), next(edges);
  GridConstant result;
  for (int iteration = 0; iteration < 400; ++iteration) {
    double A = 0.0;
    for (std::size_t e = 0; e < edges; ++e) {
      A += left[e] * g[e] * grid.edge_step[e];
      next[e] = right[e] * A;
    }
    double B = 0.0;
    for (std::size_t e = edges; e > 0; --e) {
      next[e - 1] += left[e - 1] * B;
      B += right[e - 1] * g[e - 1] * grid.edge_step[e - 1];
    }
    double least = infinity;
    double largest = 0.0;
    double size = 0.0;
    for (std::size_t e = 0; e < edges; ++e) {
      next[e] *= scale[e];
      least = std::min(least, next[e] / g[e]);
      largest = std::max(largest, next[e] / g[e]);
      size = std::max(size, next[e]);
    }
    for (double& value : next) value /= size;
    g.swap(next);
    result = {0.5 * (least + largest), 0.5 * (largest - least)};
    if (result.spread <= 1e-13 * result.value) break;
  }
  return result;
}

}  // namespace

Estimate poincare_constant(const LineMeasure& p, Index cells) {
  require(cells >= 10, "poincare_constant: needs ten cells or more");
  const Range range = essential_range(p);
  std::vector<double> marks = {range.lower};
  for (const double kink : p.kinks()) {
    if (kink > range.lower && kink < range.upper) marks.push_back(kink);
  }
  marks.push_back(range.upper);

  const GridConstant coarse = grid_constant(cell_grid(p, marks, cells, 1));
  const GridConstant middle = grid_constant(cell_grid(p, marks, cells, 2));
  const GridConstant fine = grid_constant(cell_grid(p, marks, cells, 4));
  const double first = (4.0 * middle.value - coarse.value) / 3.0;
  const double second = (4.0 * fine.value - middle.value) / 3.0;
  const double limit = (16.0 * second - first) / 15.0;
  const double iteration = 2.0 * (fine.spread + middle.spread + coarse.spread);
  return Estimate::converged(limit, std::abs(limit - second) + iteration,
                             4.0 * static_cast<double>(cells) * unit_round_off * limit);
}

}  // namespace flowcheck
