#include "distances/transport.hpp"

#include "distances/integer_masses.hpp"
#include "distances/line_transport.hpp"
#include "distances/pricing_kernel.hpp"
#include "distances/transport_bracket.hpp"
#include "distances/transport_solver.hpp"
#include "numerics/compensated_sum.hpp"
#include "numerics/require.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace flowcheck {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr Index largest_count = Index{1} << 29;  // nodes are numbered in 32 bits

// Both clouds multiplied by 2^exponent. Exact but for underflow, which the 2⁻¹⁰⁰⁰ of
// relative_bracket is for: costs are of the order 2⁴⁰.
struct ScaledClouds {
  Matrix from = {};
  Matrix to = {};
  int exponent = 0;
  double largest_cost = 0.0;  // bound: the squared diagonal of the box around both
};

double squared_diagonal(const Matrix& x, const Matrix& y) {
  const Vector least = x.rowwise().minCoeff().cwiseMin(y.rowwise().minCoeff());
  const Vector most = x.rowwise().maxCoeff().cwiseMax(y.rowwise().maxCoeff());
  return (most - least).squaredNorm();
}

Matrix times_power(const Matrix& points, int exponent) {
  return points.unaryExpr([exponent](double x) { return std::ldexp(x, exponent); });
}

ScaledClouds scaled_clouds(const Matrix& x, const Matrix& y) {
  // First to coordinates of size one, whose squares can be formed; then to the simplex' limit.
  const double largest = std::max(x.cwiseAbs().maxCoeff(), y.cwiseAbs().maxCoeff());
  const int to_one = largest > 0.0 ? -std::ilogb(largest) : 0;
  const double diagonal = squared_diagonal(times_power(x, to_one), times_power(y, to_one));
  ScaledClouds clouds{.exponent = to_one};
  if (diagonal > 0.0) {
    const int room = std::ilogb(largest_transport_cost(x.cols(), y.cols())) - std::ilogb(diagonal);
    // Below half of the limit, for diagonal < 2 · 2^ilogb; odd powers of four do not exist.
    clouds.exponent += static_cast<int>(std::floor((room - 2) / 2.0));
  }
  clouds.from = times_power(x, clouds.exponent);
  clouds.to = times_power(y, clouds.exponent);
  clouds.largest_cost = (1.0 + 0x1p-40) * squared_diagonal(clouds.from, clouds.to);
  return clouds;
}

// The points that have an integer mass, which are those the simplex is given.
struct Support {
  std::vector<Index> points = {};
  std::vector<std::int64_t> masses = {};
};

Support support(const IntegerMasses& masses) {
  Support result;
  for (std::size_t k = 0; k < masses.masses.size(); ++k) {
    if (masses.masses[k] == 0) continue;
    result.points.push_back(static_cast<Index>(k));
    result.masses.push_back(masses.masses[k]);
  }
  return result;
}

// Cost of a plan with exactly the clouds' marginals. What the integers leave over goes along the
// plan where both ends have some, anywhere else for the rest.
struct PrimalCost {
  double value = 0.0;
  double upper = 0.0;
};

PrimalCost primal_cost(const ScaledClouds& clouds,
                       const std::vector<TransportFlow>& plan,
                       const MassPair& masses) {
  const Index d = clouds.from.rows();
  Vector first = masses.first.leftover;
  Vector second = masses.second.leftover;
  CompensatedSum sum;
  double along_plan = 0.0;
  for (const TransportFlow& flow : plan) {
    const double cost = (clouds.from.col(flow.from) - clouds.to.col(flow.to)).squaredNorm();
    sum.add(cost * static_cast<double>(flow.mass));
    const double more = std::min(first(flow.from), second(flow.to));
    first(flow.from) -= more;
    second(flow.to) -= more;
    along_plan += more * cost;
  }
  // What is still left, and what the leftovers may be off by on either side.
  const double rest =
      std::max(first.sum(), second.sum()) + masses.first.error + masses.second.error;
  const double unit = static_cast<double>(masses.unit);
  const double extra = (1.0 + 0x1p-20) * (along_plan + rest * clouds.largest_cost);
  // Of a cost d + 2 roundings, one each of the mass, the product, the unit and the quotient.
  const ScaledBracket bracket =
      relative_bracket(0.0, sum.value() / unit, (sum.upper() + extra) / unit, int(d) + 8);
  return {.value = bracket.value, .upper = bracket.upper};
}

// vⱼ = minᵢ (|xᵢ − yⱼ|² − uᵢ), rounded so that no constraint is broken: the computed cost is too
// large by a factor of 1 + (d + 2)u at most and is taken down by more, the last subtraction by one
// place, and underflow by 2⁻¹⁰⁰⁰.
Vector feasible_potentials(const Matrix& points, const Matrix& others, const Vector& potentials) {
  PricedPoints priced(others);
  for (Index i = 0; i < potentials.size(); ++i) priced.set_potential(i, potentials(i));
  const double factor = 1.0 - static_cast<double>(points.rows() + 6) * 0x1p-53;
  const Index m = points.cols();
  const Vector thresholds = Vector::Constant(m, infinity);
  std::vector<PricedArc> least(static_cast<std::size_t>(m));
  std::vector<std::int32_t> counts(static_cast<std::size_t>(m));
  least_priced(points.data(), m, priced, thresholds.data(), factor, 1, least.data(), counts.data(),
               widest_vectors());
  Vector result(m);
  for (Index j = 0; j < m; ++j) {
    const double value = least[static_cast<std::size_t>(j)].value;
    result(j) = std::nextafter(value - 0x1p-1000, -infinity);
  }
  return result;
}

// Σ wₖ fₖ / Σ wₖ, from below.
double mean_from_below(const PointCloud& cloud, const Vector& values) {
  CompensatedSum mass;
  CompensatedSum sum;
  for (Index k = 0; k < values.size(); ++k) {
    const double weight = cloud.uniform() ? 1.0 : cloud.weights()(k);
    mass.add(weight);
    sum.add_product(weight, values(k));
  }
  const double lower = sum.lower() - 0x1p-1000;
  return std::nextafter(lower / (lower > 0.0 ? mass.upper() : mass.lower()), -infinity);
}

Matrix columns(const Matrix& points, const std::vector<Index>& chosen) {
  Matrix result(points.rows(), static_cast<Index>(chosen.size()));
  for (std::size_t k = 0; k < chosen.size(); ++k) {
    result.col(static_cast<Index>(k)) = points.col(chosen[k]);
  }
  return result;
}

// Potentials of all sources: those of the simplex on the support, from below by the support's
// sinks elsewhere. The smaller they are, the less is rounded away.
Vector centred(Vector potentials) {
  const double middle = 0.5 * potentials.minCoeff() + 0.5 * potentials.maxCoeff();
  return potentials.array() - middle;
}

}  // namespace

TransportResult optimal_transport(const PointCloud& from,
                                  const PointCloud& to,
                                  const TransportOptions& options) {
  require(from.dimension() == to.dimension(), "optimal_transport: the clouds differ in dimension");
  require(std::max(from.size(), to.size()) <= largest_count, "optimal_transport: too many points");
  require(options.max_iterations >= 0, "optimal_transport: max_iterations must not be negative");
  if (from.dimension() == 1) return line_transport(from, to);

  const MassPair masses = integer_masses(from, to);
  const ScaledClouds clouds = scaled_clouds(from.points(), to.points());
  const Support sources = support(masses.first);
  const Support sinks = support(masses.second);
  TransportSolution solution = solve_transport({.from = columns(clouds.from, sources.points),
                                                .to = columns(clouds.to, sinks.points),
                                                .supplies = sources.masses,
                                                .demands = sinks.masses},
                                               options.max_iterations);
  TransportResult result;
  result.iterations = solution.pivots;
  result.arcs_priced = solution.arcs_priced + from.size() * to.size();
  result.termination = solution.optimal ? Termination::converged : Termination::iteration_limit;

  for (TransportFlow& flow : solution.plan) {
    flow.from = static_cast<std::int32_t>(sources.points[static_cast<std::size_t>(flow.from)]);
    flow.to = static_cast<std::int32_t>(sinks.points[static_cast<std::size_t>(flow.to)]);
    result.plan.push_back(
        {.from = flow.from,
         .to = flow.to,
         .mass = static_cast<double>(flow.mass) / static_cast<double>(masses.unit)});
  }
  const PrimalCost primal = primal_cost(clouds, solution.plan, masses);

  // Sources without mass do not bind: their potential may be anything feasible. It is what the
  // sinks of the support leave them.
  const Vector on_support = centred(std::move(solution.source_potentials));
  Vector u;
  if (sources.points.size() == static_cast<std::size_t>(from.size())) {
    u = on_support;
  } else {
    const Matrix supporting = columns(clouds.from, sources.points);
    u = feasible_potentials(clouds.from, clouds.to,
                            feasible_potentials(clouds.to, supporting, on_support));
  }
  const Vector v = feasible_potentials(clouds.to, clouds.from, u);
  const double lower = mean_from_below(from, u) + mean_from_below(to, v);
  const TransportBracket bracket = unscaled(
      {.lower = std::nextafter(lower, -infinity), .value = primal.value, .upper = primal.upper},
      -clouds.exponent);
  result.squared_w2 = bracket.squared_w2;
  result.w2 = bracket.w2;
  const auto down = [&clouds](double x) { return ldexp_down(x, -2 * clouds.exponent); };
  result.first_potential = u.unaryExpr(down);
  result.second_potential = v.unaryExpr(down);
  return result;
}

Estimate w2(const PointCloud& p, const PointCloud& q) {
  require(p.dimension() == q.dimension(), "w2: the clouds differ in dimension");
  return p.dimension() == 1 ? line_bracket(p, q).w2 : optimal_transport(p, q).w2;
}

Estimate squared_w2(const PointCloud& p, const PointCloud& q) {
  require(p.dimension() == q.dimension(), "squared_w2: the clouds differ in dimension");
  return p.dimension() == 1 ? line_bracket(p, q).squared_w2 : optimal_transport(p, q).squared_w2;
}

}  // namespace flowcheck
