#include "proximal/line_map.hpp"

#include "measures/line_laws.hpp"
#include "numerics/require.hpp"
#include "numerics/round_off.hpp"
#include "numerics/special_functions.hpp"
#include "proximal/chunked_sum.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <numeric>
#include <utility>
#include <vector>

namespace flowcheck {

namespace {

// ∫φ from a to a + width by Gauss–Legendre with five nodes on pieces with |z|·length ≤ ½, where its
// relative error is below u. From a and b the width of a cell would be known to u|a|/h only: 1e-10
// of its mass for M = 10⁶.
double normal_mass(double a, double width) {
  constexpr std::array<double, 3> node = {0.0, 0.53846931010568309104, 0.90617984593866399280};
  constexpr std::array<double, 3> weight = {0.56888888888888888889, 0.47862867049936646804,
                                            0.23692688505618908751};
  const double reach = std::max({std::abs(a), std::abs(a + width), 1.0});
  const int pieces = static_cast<int>(std::ceil(width * reach / 0.5));
  const double half = 0.5 * width / pieces;
  double mass = 0.0;
  for (int piece = 0; piece < pieces; ++piece) {
    const double middle = a + (2 * piece + 1) * half;
    mass += weight[0] * normal_density(middle);
    for (std::size_t k = 1; k < 3; ++k) {
      mass += weight[k] *
              (normal_density(middle - half * node[k]) + normal_density(middle + half * node[k]));
    }
  }
  return half * mass;
}

Vector differences(const Vector& values) {
  return values.size() < 2
             ? Vector()
             : Vector(values.tail(values.size() - 1) - values.head(values.size() - 1));
}

double quantile_error(const LineMeasure& p, double x, double tail) {
  return p.relative_error(x) * tail / p.density(x) + unit_round_off * std::abs(x);
}

// ∫ φ/p(T) dz over [z, z + h] by Gauss's rule with one or three nodes.
struct CellIncrement {
  double value = 0.0;
  double error = infinity;  // what the rule with one node differs by
};

CellIncrement cell_increment(const LineMeasure& p, double z, double h) {
  const double offset = 0.5 * std::sqrt(0.6);
  const auto integrand = [&](double at) {
    const double T = p.quantile_of_both(normal_cdf(at), normal_cdf(-at));
    return normal_density(at) / p.density(T);
  };
  const double middle = integrand(z + 0.5 * h);
  const double sides = integrand(z + (0.5 - offset) * h) + integrand(z + (0.5 + offset) * h);
  const double value = h * (8.0 * middle + 5.0 * sides) / 18.0;
  const double error = std::abs(value - h * middle);
  return std::isfinite(value) && value >= 0.0 ? CellIncrement{value, error} : CellIncrement{};
}

}  // namespace

LineGrid::LineGrid(Index points, double half_width) {
  require(points >= 3, "LineGrid: at least three points");
  require(half_width > 0.0 && half_width <= 30.0, "LineGrid: half_width is in (0, 30]");
  const double h = 2.0 * half_width / static_cast<double>(points - 1);
  Tables tables{.half_width = half_width, .spacing = h};
  tables.nodes.resize(points);
  for (Index i = 0; i < points; ++i) {
    tables.nodes[i] = h * (static_cast<double>(i) - 0.5 * static_cast<double>(points - 1));
  }

  // Half cells from the left end to the middle, the others being their mirror images.
  Vector halves(2 * (points - 1));
  for (Index j = 0; j < points - 1; ++j) {
    const double left = -half_width + 0.5 * h * static_cast<double>(j);
    halves[j] = normal_mass(left, 0.5 * h);
    halves[halves.size() - 1 - j] = halves[j];
  }
  tables.node_masses.resize(points);
  tables.edge_masses.resize(points - 1);
  for (Index i = 0; i < points - 1; ++i) tables.edge_masses[i] = halves[2 * i] + halves[2 * i + 1];
  for (Index i = 1; i < points - 1; ++i) tables.node_masses[i] = halves[2 * i - 1] + halves[2 * i];
  const double end = normal_cdf(-half_width) + halves[0];
  tables.node_masses[0] = end;
  tables.node_masses[points - 1] = end;
  for (Vector* masses : {&tables.node_masses, &tables.edge_masses}) {
    *masses /= chunked_sum(masses->size(), [&](Index i) { return (*masses)[i]; }).sum;
  }
  if (points > 800) {
    const Index ratio = points > 500'000 ? 16 : 4;
    tables.coarser = std::make_shared<const LineGrid>((points + ratio / 2) / ratio + 1, half_width);
  }
  tables_ = std::make_shared<const Tables>(std::move(tables));
}

LineMap::LineMap(LineGrid grid, Vector values)
    : LineMap(std::move(grid), values, differences(values)) {}

LineMap::LineMap(LineGrid grid, Vector values, Vector increments)
    : grid_(std::move(grid)), values_(std::move(values)), increments_(std::move(increments)) {
  const Index edges = grid_.points() - 1;
  require(values_.size() == edges + 1 && increments_.size() == edges,
          "LineMap: one value for each node and one increment for each edge of the grid");
  double zero = 0.0;  // NaN where anything is not finite
  double scale = 0.0;
  double mismatch = 0.0;
  double least = infinity;
  constexpr Index chunk = 512;  // read once for all of these
  for (Index begin = 0; begin < edges; begin += chunk) {
    const Index n = std::min(chunk, edges - begin);
    const auto d = increments_.segment(begin, n).array();
    const auto left = values_.segment(begin, n).array();
    const auto right = values_.segment(begin + 1, n).array();
    zero += (0.0 * d).sum() + (0.0 * left).sum();
    scale = std::max({scale, d.maxCoeff(), left.abs().maxCoeff()});
    mismatch = std::max(mismatch, ((right - left) - d).abs().maxCoeff());
    least = std::min(least, d.minCoeff());
  }
  scale = std::max(scale, std::abs(values_[edges]));
  require(zero + 0.0 * values_[edges] == 0.0, "LineMap: not finite");
  require(least >= 0.0, "LineMap: values have to ascend");
  require(mismatch <= 1e-9 * scale, "LineMap: increments are the differences of the values");
  has_density_ = least > 0.0;
}

Estimate LineMap::mean() const {
  const Vector& w = grid_.node_masses();
  const ChunkedSum sum = chunked_sum(w.size(), [&](Index i) { return w[i] * values_[i]; });
  return Estimate::closed_form(sum.sum, sum.round_off());
}

Estimate LineMap::variance() const {
  const Vector& w = grid_.node_masses();
  const double centre = mean().value;
  const ChunkedSum sum = chunked_sum(w.size(), [&](Index i) {
    const double x = values_[i] - centre;
    return w[i] * x * x;
  });
  const double size = std::sqrt(sum.sum) + std::abs(centre);
  return Estimate::closed_form(sum.sum, sum.round_off() + round_off(size * size, 1));
}

LineMap line_map(const LineGrid& grid, const LineMeasure& p) {
  const Vector& z = grid.nodes();
  const Index points = grid.points();
  Vector values(points);
  Vector errors(points);
  for (Index i = 0; i < points; ++i) {
    const double lower = normal_cdf(z[i]);
    const double upper = normal_cdf(-z[i]);
    values[i] = p.quantile_of_both(lower, upper);
    errors[i] = quantile_error(p, values[i], std::min(lower, upper));
  }
  // Quantiles of neighbours are good to their errors only; where these are seen, a value may not
  // pass the next one.
  for (Index i = 1; i < points; ++i) values[i] = std::max(values[i], values[i - 1]);

  Vector increments = differences(values);
  for (Index i = 0; i + 1 < points; ++i) {
    const double error = errors[i] + errors[i + 1];
    if (error <= 1e-10 * increments[i]) continue;
    const CellIncrement cell = cell_increment(p, z[i], grid.spacing());
    if (!(error <= cell.error)) increments[i] = cell.value;
  }
  return LineMap(grid, std::move(values), std::move(increments));
}

LineMap line_map(const LineGrid& grid, const PointCloud& p) {
  require(p.dimension() == 1, "line_map: points on the line");
  const auto atoms = p.points().row(0);
  const Vector& weights = p.weights();
  std::vector<Index> order(static_cast<std::size_t>(p.size()));
  std::iota(order.begin(), order.end(), Index{0});
  std::sort(order.begin(), order.end(), [&](Index i, Index j) { return atoms[i] < atoms[j]; });
  const Vector& z = grid.nodes();
  const double total = weights.sum();
  Vector values(z.size());
  const auto from_end = [&](auto atom, Index node, Index step, Index count) {
    const auto last = atom + (std::ssize(order) - 1);
    double passed = weights[*atom];
    for (; count > 0; --count, node += step) {
      const double mass = total * normal_cdf(-std::abs(z[node]));
      while (passed <= mass && atom != last) passed += weights[*++atom];
      values[node] = atoms[*atom];
    }
  };
  const Index half = z.size() / 2;
  from_end(order.begin(), 0, 1, half);
  from_end(order.rbegin(), z.size() - 1, -1, z.size() - half);
  // The two counts are rounded apart.
  for (Index i = 1; i < z.size(); ++i) values[i] = std::max(values[i], values[i - 1]);
  return LineMap(grid, std::move(values));
}

LineMap line_map(const LineGrid& grid, const GaussianMixture& p) {
  require(p.dimension() == 1, "line_map: a mixture on the line");
  std::vector<double> weights;
  std::vector<double> means;
  std::vector<double> deviations;
  for (Index k = 0; k < p.size(); ++k) {
    if (p.weights()[k] == 0.0) continue;
    weights.push_back(p.weights()[k]);
    means.push_back(p.means()(0, k));
    deviations.push_back(std::sqrt(p.covariance(k)(0, 0)));
  }
  if (p.has_density()) return line_map(grid, gaussian_mixture_law(weights, means, deviations));
  require(*std::max_element(deviations.begin(), deviations.end()) == 0.0,
          "line_map: some components of the mixture are atoms, some are not");
  return line_map(grid, PointCloud(p.means(), p.weights()));
}

LineMap gaussian_map(const LineGrid& grid, double mean, double standard_deviation) {
  require(std::isfinite(mean) && std::isfinite(standard_deviation) && standard_deviation >= 0.0,
          "gaussian_map: a finite mean and a standard deviation of at least 0");
  Vector values = standard_deviation * grid.nodes();
  values.array() += mean;
  return LineMap(grid, std::move(values),
                 Vector::Constant(grid.points() - 1, standard_deviation * grid.spacing()));
}

Estimate w2(const LineMap& p, const LineMap& q) {
  require(p.grid() == q.grid(), "w2: the maps' grids differ");
  const Vector& w = p.grid().node_masses();
  const ChunkedSum squares = chunked_sum(w.size(), [&](Index i) {
    const double x = p.values()[i] - q.values()[i];
    return w[i] * x * x;
  });
  // Values are good to some units in the last place.
  const ChunkedSum sizes = chunked_sum(w.size(), [&](Index i) {
    const double x = std::abs(p.values()[i]) + std::abs(q.values()[i]);
    return w[i] * x * x;
  });
  const double distance = std::sqrt(squares.sum);
  return Estimate::closed_form(
      distance, round_off(distance, 2) + 8.0 * unit_round_off * std::sqrt(sizes.sum));
}

Estimate richardson(const Estimate& coarse, const Estimate& fine) {
  const double step = (fine.value - coarse.value) / 3.0;
  const double noise =
      (4.0 * fine.budget.round_off + coarse.budget.round_off) / 3.0 + round_off(fine.value, 1);
  return Estimate::converged(fine.value + step, std::abs(step), std::abs(noise));
}

Estimate richardson(const Estimate& coarse, const Estimate& middle, const Estimate& fine) {
  const Estimate last = richardson(middle, fine);
  const double change = std::abs(last.value - richardson(coarse, middle).value);
  return Estimate::converged(last.value, change, last.budget.round_off);
}

}  // namespace flowcheck
