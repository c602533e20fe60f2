#include "distances/transport.hpp"

#include "distances/integer_masses.hpp"
#include "distances/line_transport.hpp"
#include "distances/pricing_kernel.hpp"
#include "distances/transport_bracket.hpp"
#include "distances/transport_refinement.hpp"
#include "distances/transport_solver.hpp"
#include "numerics/compensated_sum.hpp"
#include "numerics/require.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace flowcheck {
namespace {

constexpr double wide_gap = 1e-10;               // relative: where the costs are refined
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
    // Costs grow by 4 to this power; the diagonal is below 2 · 2^ilogb.
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
// plan where both ends have some, anywhere else for the rest. Infinite where the plan does not meet
// the integer masses, an error of the solver: it bounds nothing then.
struct PrimalCost {
  double value = 0.0;
  double upper = 0.0;
};

PrimalCost primal_cost(const ScaledClouds& clouds,
                       const std::vector<TransportFlow>& plan,
                       const MassPair& masses) {
  if (!meets_masses(plan, masses.first.masses, masses.second.masses)) {
    return {.value = infinity, .upper = infinity};
  }
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
               widest_vector_form());
  Vector result(m);
  for (Index j = 0; j < m; ++j) {
    const double value = least[static_cast<std::size_t>(j)].value;
    result(j) = std::nextafter(value - 0x1p-1000, -infinity);
  }
  return result;
}

// Σ wₖ (fₖ + rₖ) / Σ wₖ, from below; rₖ what is left of fₖ by rounding.
double mean_from_below(const PointCloud& cloud, const Vector& values, const Vector& remainders) {
  CompensatedSum mass;
  CompensatedSum sum;
  for (Index k = 0; k < values.size(); ++k) {
    const double weight = cloud.uniform() ? 1.0 : cloud.weights()(k);
    mass.add(weight);
    sum.add_product(weight, values(k));
    sum.add_product(weight, remainders(k));
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

// Potentials in twice the working precision.
struct WidePotentials {
  Vector values = {};
  Vector remainders = {};
};

// feasible_potentials in twice the working precision, pair by pair where doubles leave it in doubt
// which is least. c − u has an error of (d + 6) 2⁻¹⁰⁴ (c + |u|) at most, and c ≤ (c − u) + |u|.
WidePotentials wide_feasible_potentials(const Matrix& points,
                                        const Matrix& others,
                                        const WidePotentials& potentials) {
  const Index d = points.rows();
  const double roundings = static_cast<double>(d + 8);
  const double largest = potentials.values.cwiseAbs().maxCoeff();
  WidePotentials result{.values = Vector(points.cols()), .remainders = Vector(points.cols())};
  for (Index j = 0; j < points.cols(); ++j) {
    const double* y = points.data() + j * d;
    ExactSum least{.sum = infinity, .error = 0.0};
    for (Index i = 0; i < others.cols(); ++i) {
      const double* x = others.data() + i * d;
      double cost = 0.0;
      for (Index k = 0; k < d; ++k) cost += (x[k] - y[k]) * (x[k] - y[k]);
      const double u = potentials.values(i);
      if (cost - u > least.sum + roundings * 0x1p-51 * (cost + std::abs(u) + std::abs(least.sum))) {
        continue;
      }
      const ExactSum fine = wide_cost(x, y, d);
      const ExactSum main = exact_sum(fine.sum, -u);
      const ExactSum whole =
          exact_sum(main.sum, main.error + (fine.error - potentials.remainders(i)));
      if (whole.sum < least.sum || (whole.sum == least.sum && whole.error < least.error)) {
        least = whole;
      }
    }
    const double error = roundings * 0x1p-102 * (std::abs(least.sum) + 2.0 * largest);
    result.values(j) = least.sum;
    result.remainders(j) = least.error - error - 0x1p-1000;
  }
  return result;
}

// Shifted so that the weighted mean is nearly zero: of two means of opposite signs only the
// difference matters, and it is rounded at their own size.
WidePotentials centred(const PointCloud& cloud, const WidePotentials& potentials) {
  CompensatedSum mass;
  CompensatedSum sum;
  for (Index k = 0; k < cloud.size(); ++k) {
    const double weight = cloud.weights()(k);
    mass.add(weight);
    sum.add_product(weight, potentials.values(k));
  }
  const double mean = sum.value() / mass.value();
  WidePotentials result = potentials;
  for (Index k = 0; k < cloud.size(); ++k) {
    const ExactSum shifted = exact_sum(potentials.values(k), -mean);
    const ExactSum whole = exact_sum(shifted.sum, shifted.error + potentials.remainders(k));
    result.values(k) = whole.sum;
    result.remainders(k) = whole.error;
  }
  return result;
}

// The problem as the solver is given it: the points that have an integer mass, all scaled.
struct Setting {
  const PointCloud& from;
  const PointCloud& to;
  ScaledClouds clouds;
  MassPair masses;
  Support sources;
  Support sinks;
};

TransportSolution solve(const Setting& setting, std::int64_t max_pivots, bool refined) {
  TransportSolution solution =
      solve_transport({.from = columns(setting.clouds.from, setting.sources.points),
                       .to = columns(setting.clouds.to, setting.sinks.points),
                       .supplies = setting.sources.masses,
                       .demands = setting.sinks.masses},
                      max_pivots, refined);
  for (TransportFlow& flow : solution.plan) {
    flow.from =
        static_cast<std::int32_t>(setting.sources.points[static_cast<std::size_t>(flow.from)]);
    flow.to = static_cast<std::int32_t>(setting.sinks.points[static_cast<std::size_t>(flow.to)]);
  }
  return solution;
}

// Feasible potentials of all points, and their value. Sources without mass do not bind: their
// potential is what the sinks, with those of the support, leave them.
struct DualValue {
  Vector first = {};
  Vector second = {};
  double lower = 0.0;
};

DualValue dual_value(const Setting& setting, const TransportSolution& solution) {
  const ScaledClouds& clouds = setting.clouds;
  // The smaller they are, the less is rounded away.
  const Vector& potentials = solution.source_potentials;
  const double middle = 0.5 * potentials.minCoeff() + 0.5 * potentials.maxCoeff();
  DualValue dual{.first = potentials.array() - middle};
  if (setting.sources.points.size() < static_cast<std::size_t>(setting.from.size())) {
    const Matrix support = columns(clouds.from, setting.sources.points);
    const Vector second = feasible_potentials(clouds.to, support, dual.first);
    dual.first = feasible_potentials(clouds.from, clouds.to, second);
  }
  dual.second = feasible_potentials(clouds.to, clouds.from, dual.first);
  const double lower =
      mean_from_below(setting.from, dual.first, Vector::Zero(setting.from.size())) +
      mean_from_below(setting.to, dual.second, Vector::Zero(setting.to.size()));
  dual.lower = std::nextafter(lower, -infinity);
  return dual;
}

double wide_dual_value(const Setting& setting, const TransportSolution& solution) {
  const ScaledClouds& clouds = setting.clouds;
  const Matrix support = columns(clouds.from, setting.sources.points);
  const WidePotentials on_support{.values = solution.source_potentials,
                                  .remainders = solution.source_remainders};
  const WidePotentials second = wide_feasible_potentials(clouds.to, support, on_support);
  const WidePotentials first =
      centred(setting.from, wide_feasible_potentials(clouds.from, clouds.to, second));
  const WidePotentials feasible = wide_feasible_potentials(clouds.to, clouds.from, first);
  return std::nextafter(mean_from_below(setting.from, first.values, first.remainders) +
                            mean_from_below(setting.to, feasible.values, feasible.remainders),
                        -infinity);
}

}  // namespace

TransportResult optimal_transport(const PointCloud& from,
                                  const PointCloud& to,
                                  const TransportOptions& options) {
  require(from.dimension() == to.dimension(), "optimal_transport: the clouds differ in dimension");
  require(std::max(from.size(), to.size()) <= largest_count, "optimal_transport: too many points");
  require(options.max_iterations >= 0, "optimal_transport: max_iterations must not be negative");
  if (from.dimension() == 1) return line_transport(from, to);

  Setting setting{.from = from,
                  .to = to,
                  .clouds = scaled_clouds(from.points(), to.points()),
                  .masses = integer_masses(from, to),
                  .sources = {},
                  .sinks = {}};
  setting.sources = support(setting.masses.first);
  setting.sinks = support(setting.masses.second);
  TransportSolution solution = solve(setting, options.max_iterations, false);
  PrimalCost primal = primal_cost(setting.clouds, solution.plan, setting.masses);
  DualValue dual = dual_value(setting, solution);

  TransportResult result;
  result.iterations = solution.pivots;
  result.arcs_priced = solution.arcs_priced + from.size() * to.size();
  if (solution.optimal && primal.value - dual.lower > wide_gap * primal.value &&
      primal.value > 0.0) {
    // W₂² is so far below the largest cost that doubles of its size do not resolve it.
    solution = solve(setting, options.max_iterations - result.iterations, true);
    primal = primal_cost(setting.clouds, solution.plan, setting.masses);
    const double lower = std::max(dual.lower, wide_dual_value(setting, solution));
    dual = dual_value(setting, solution);
    dual.lower = std::max(dual.lower, lower);
    result.iterations += solution.pivots;
    result.arcs_priced += solution.arcs_priced + 4 * from.size() * to.size();
  }
  result.termination = !std::isfinite(primal.upper) ? Termination::not_finite
                       : solution.optimal           ? Termination::converged
                                                    : Termination::iteration_limit;

  const ScaledClouds& clouds = setting.clouds;
  const double unit = static_cast<double>(setting.masses.unit);
  for (const TransportFlow& flow : solution.plan) {
    result.plan.push_back(
        {.from = flow.from, .to = flow.to, .mass = static_cast<double>(flow.mass) / unit});
  }
  const TransportBracket bracket = unscaled(
      {.lower = dual.lower, .value = primal.value, .upper = primal.upper}, -clouds.exponent);
  result.squared_w2 = bracket.squared_w2;
  result.w2 = bracket.w2;
  const auto down = [&clouds](double x) { return ldexp_down(x, -2 * clouds.exponent); };
  result.first_potential = dual.first.unaryExpr(down);
  result.second_potential = dual.second.unaryExpr(down);
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
