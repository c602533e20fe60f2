#include "flows/flow_map_lipschitz.hpp"

#include "flows/line_map_slope.hpp"
#include "flows/planar_stretch.hpp"
#include "flows/stretch_by_suprema.hpp"
#include "interpolation/compass_search.hpp"
#include "interpolation/covariance_envelope.hpp"
#include "interpolation/covariance_extremes.hpp"
#include "measures/exact_map.hpp"
#include "measures/gaussian_mixture.hpp"
#include "measures/line_laws.hpp"
#include "measures/regularity.hpp"
#include "measures/tilted_moments.hpp"
#include "numerics/require.hpp"
#include "numerics/rng.hpp"
#include "numerics/round_off.hpp"

#include <Eigen/SVD>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace flowcheck {
namespace {

// The slope of an increasing map where its source's cdf is Φ(z).
struct Slope {
  double value = 0.0;
  double error = 0.0;
};
using SlopeAt = std::function<Slope(double z)>;

struct LineExtreme {
  double z = 0.0;
  Slope slope = {};
};

// On a grid of z, then by golden section between the neighbours of every place that is better than
// both of them.
LineExtreme extreme_slope(const SlopeAt& slope, double reach, bool largest) {
  const auto better = [largest](const Slope& a, const Slope& b) {
    return largest ? a.value > b.value : a.value < b.value;
  };
  constexpr int nodes = 400;
  const double h = 2.0 * reach / nodes;
  std::vector<Slope> grid;
  for (int i = 0; i <= nodes; ++i) grid.push_back(slope(-reach + h * i));
  LineExtreme best{0.0, slope(0.0)};
  for (int i = 0; i <= nodes; ++i) {
    const Slope& here = grid[static_cast<std::size_t>(i)];
    if (better(here, best.slope)) best = {-reach + h * i, here};
  }
  const auto refine = [&](double left, double right) {
    constexpr double golden = 0.61803398874989485;
    for (int i = 0; i < 60; ++i) {
      const double first = right - golden * (right - left);
      const double second = left + golden * (right - left);
      const Slope at_first = slope(first);
      const Slope at_second = slope(second);
      if (better(at_first, best.slope)) best = {first, at_first};
      if (better(at_second, best.slope)) best = {second, at_second};
      if (better(at_first, at_second)) {
        right = second;
      } else {
        left = first;
      }
    }
  };
  // Better by more than what rounding makes of a plateau.
  const auto stands_out = [&](std::size_t k, std::size_t beside) {
    return better(grid[k], grid[beside]) &&
           std::abs(grid[k].value - grid[beside].value) > grid[k].error;
  };
  for (std::size_t k = 1; k + 1 < grid.size(); ++k) {
    const double z = -reach + h * static_cast<double>(k);
    if (stands_out(k, k - 1) && stands_out(k, k + 1)) refine(z - h, z + h);
  }
  const double z = best.z;
  refine(std::max(-reach, z - h), std::min(reach, z + h));
  return best;
}

// Of bounds that are good up to rounding: exponentials of integrals, sums over cells.
constexpr double bound_rounding = 1e-9;

[[noreturn]] void throw_contradiction(double bound, const char* side, double seen) {
  throw std::logic_error("flow_map_lipschitz: a bound of singular values is " +
                         std::to_string(bound) + ", " + side + " " + std::to_string(seen) +
                         ", which is seen");
}

Estimate seen_from_below(double value, double error, double upper) {
  if (upper < (value - error) * (1.0 - bound_rounding)) {
    throw_contradiction(upper, "below", value);
  }
  return Estimate::between(value, value - error, std::max(upper, value), Grade::sampled);
}

Estimate seen_from_above(double value, double error, double lower) {
  if (lower > (value + error) * (1.0 + bound_rounding)) {
    throw_contradiction(lower, "above", value);
  }
  return Estimate::between(value, std::max(0.0, std::min(lower, value - error)), value + error,
                           Grade::sampled);
}

Estimate scale_of(const NoiseLevel& from, const NoiseLevel& to) {
  const double ratio =
      std::hypot(to.noise, to.data_scale) / std::hypot(from.noise, from.data_scale);
  return Estimate::closed_form(ratio, round_off(ratio, 1));
}

double r_of(const NoiseLevel& level) {
  return level.noise > 0.0 ? level.data_scale / level.noise : infinity;
}

struct Envelope {
  double upper = infinity;
  double lower = 0.0;
};

Envelope envelope_of(const Regularity& constants, const NoiseLevel& from, const NoiseLevel& to) {
  const CovarianceEnvelope envelope = covariance_envelope(constants);
  const Estimate scale = scale_of(from, to);
  return {(scale * exp(envelope.log_stretch_above(r_of(from), r_of(to)))).upper,
          (scale * exp(envelope.log_stretch_below(r_of(from), r_of(to)))).lower};
}

Slope slope_between(const LineMeasure& source, const LineMeasure& image, double x) {
  const double y = image.quantile_of_both(source.cdf(x), source.survival(x));
  const double value = std::exp(source.log_density(x) - image.log_density(y));
  const double quantile = source.relative_error(x) + image.relative_error(y);
  // An error of the quantile moves y by that of a tail's mass over the density.
  const double tail = std::min(image.cdf(y), image.survival(y));
  const double moved = quantile * tail / image.density(y) * std::abs(image.score(y));
  return {value, value * (2.0 * quantile + moved + round_off(4.0, 1))};
}

FlowMapLipschitz on_line(const GaussianMixture& p,
                         const NoiseLevel& from,
                         const NoiseLevel& to,
                         const Envelope& envelope) {
  const LineMeasure source = line_law_at(p, from);
  const LineMeasure image = line_law_at(p, to);
  const auto place = [&](double z) {
    return source.quantile_of_both(0.5 * std::erfc(-z / std::sqrt(2.0)),
                                   0.5 * std::erfc(z / std::sqrt(2.0)));
  };
  const SlopeAt slope = [&](double z) { return slope_between(source, image, place(z)); };
  constexpr double reach = 30.0;
  const LineExtreme top = extreme_slope(slope, reach, true);
  const LineExtreme bottom = extreme_slope(slope, reach, false);
  const double upper =
      std::min(envelope.upper, line_slope_above(p, from, to, top.slope.value - top.slope.error));
  return {
      {seen_from_below(top.slope.value, top.slope.error, upper), Vector::Constant(1, place(top.z))},
      {seen_from_above(bottom.slope.value, bottom.slope.error, envelope.lower),
       Vector::Constant(1, place(bottom.z))}};
}

// The components with their centres along a line, in the coordinate along it.
GaussianMixture along(const GaussianMixture& p,
                      const std::vector<Index>& components,
                      const Vector& origin,
                      const Vector& e) {
  Vector weights(static_cast<Index>(components.size()));
  Matrix places(1, weights.size());
  for (Index i = 0; i < weights.size(); ++i) {
    const Index k = components[static_cast<std::size_t>(i)];
    weights(i) = p.weights()(k);
    places(0, i) = e.dot(p.means().col(k) - origin);
  }
  return GaussianMixture::isotropic(weights / weights.sum(), places, p.common_variance());
}

// One width, all centres on a line: across it the flow stretches by √(S_t/S_s), which along it is
// the least slope.
MapExtreme along_centres(const GaussianMixture& p,
                         const Matrix& ends,
                         const NoiseLevel& from,
                         const NoiseLevel& to,
                         const Envelope& envelope) {
  const Vector e = (ends.col(1) - ends.col(0)).normalized();
  std::vector<Index> all(static_cast<std::size_t>(p.size()));
  std::iota(all.begin(), all.end(), Index{0});
  const MapExtreme on_it = on_line(along(p, all, ends.col(0), e), from, to, envelope).largest;
  const double place = on_it.place(0);
  return {on_it.value, from.data_scale * ends.col(0) + place * e};
}

// Far out across an edge of the centres' hull the flow is that of the edge's centres.
Estimate stretch_of_edges(const GaussianMixture& p,
                          const Matrix& hull,
                          const NoiseLevel& from,
                          const NoiseLevel& to) {
  Estimate best = 0.0;
  for (Index i = 0; i < hull.cols(); ++i) {
    const Vector first = hull.col(i);
    const Vector second = hull.col((i + 1) % hull.cols());
    std::vector<Index> on_edge;
    for (Index k = 0; k < p.size(); ++k) {
      if (p.weights()(k) > 0.0 && orientation(first, second, p.means().col(k)) == 0.0) {
        on_edge.push_back(k);
      }
    }
    const GaussianMixture edge = along(p, on_edge, first, (second - first).normalized());
    const Estimate here = on_line(edge, from, to, {}).largest.value;
    if (here.value > best.value) best = here;
  }
  return best;
}

double singular_value(const Matrix& J, bool largest) {
  const Eigen::JacobiSVD<Matrix> svd(J);
  return largest ? svd.singularValues()(0) : svd.singularValues()(J.rows() - 1);
}

MapExtreme searched(const ClockFields& fields,
                    const std::vector<Vector>& starts,
                    const NoiseLevel& from,
                    const NoiseLevel& to,
                    const FlowMapLipschitzOptions& options,
                    const Envelope& envelope,
                    bool largest) {
  const auto at = [&](const Vector& x, double tolerance) {
    const TangentFlowResult flow = reference_flow(fields, from, to, x, {.tolerance = tolerance});
    return flow.termination == Termination::converged ? singular_value(flow.jacobian, largest)
                                                      : std::nan("");
  };
  const auto f = [&](const Vector& x) {
    const double value = at(x, 1e-7);
    if (std::isnan(value)) return -infinity;
    return largest ? value : -value;
  };
  CompassResult best;
  for (const Vector& start : starts) {
    const CompassResult here = compass_search(f, start, 0.5);
    if (here.value > best.value) best = here;
  }
  const double value = at(best.at, options.tolerance);
  // The same at a hundredth of the accuracy.
  const double error =
      std::abs(value - at(best.at, 100.0 * options.tolerance)) + round_off(value, best.at.size());
  return {largest ? seen_from_below(value, error, envelope.upper)
                  : seen_from_above(value, error, envelope.lower),
          best.at};
}

std::vector<Vector> random_starts(const GaussianMixture& p, const NoiseLevel& from, int count) {
  Rng rng(29);
  const Matrix data = sample(p, count, rng);
  std::vector<Vector> starts = {from.data_scale * p.mean()};
  for (Index i = 0; i < data.cols(); ++i) {
    starts.push_back(from.data_scale * data.col(i) + from.noise * rng.normal_vector(p.dimension()));
  }
  return starts;
}

FlowMapLipschitz in_space(const GaussianMixture& p,
                          const NoiseLevel& from,
                          const NoiseLevel& to,
                          const FlowMapLipschitzOptions& options,
                          Envelope envelope) {
  const ClockFields fields = clock_fields(p);
  std::vector<Vector> starts = random_starts(p, from, options.starts);
  const MapExtreme least = searched(fields, starts, from, to, options, envelope, false);
  const bool has_one_width = p.common_variance() >= 0.0;
  const Matrix centres = distinct_centres(p);
  const Matrix hull = p.dimension() == 2 ? convex_hull(centres) : centres;
  if (has_one_width && hull.cols() == 2) {
    return {along_centres(p, hull, from, to, envelope), least};
  }
  if (p.dimension() == 2) {
    const PlanarStretch stretch = has_one_width ? planar_stretch(p, from, to) : PlanarStretch{};
    envelope.upper = std::min(envelope.upper, stretch.upper);
    if (!stretch.is_closed) {
      envelope.upper = std::min(envelope.upper, stretch_by_suprema(p, from, to));
    }
    if (stretch.start.size() > 0) starts.push_back(stretch.start);
  }
  MapExtreme largest = searched(fields, starts, from, to, options, envelope, true);
  if (has_one_width && p.dimension() == 2) {
    const Estimate edges = stretch_of_edges(p, hull, from, to);
    if (edges.value > largest.value.value) {
      largest = {seen_from_below(edges.value, edges.value - edges.lower, envelope.upper), {}};
    }
  }
  return {largest, least};
}

}  // namespace

FlowMapLipschitz flow_map_lipschitz(const GaussianMixture& p,
                                    const NoiseLevel& from,
                                    const NoiseLevel& to,
                                    const FlowMapLipschitzOptions& options) {
  require(from.noise > 0.0 && from.data_scale >= 0.0 && to.noise >= 0.0 && to.data_scale >= 0.0,
          "flow_map_lipschitz: a and b must not be negative, nor a_s zero");
  require(r_of(from) <= r_of(to), "flow_map_lipschitz: b/a must not decrease");
  require(to.noise > 0.0 || p.has_density(), "flow_map_lipschitz: points need a_t > 0");
  const bool is_gaussian = p.has_common_covariance() && distinct_centres(p).cols() == 1;
  if (is_gaussian) {
    const Vector& variances = p.kernel(0).eigenvalues();
    const Vector middle = from.data_scale * p.mean();
    return {{gaussian_stretch(variances.maxCoeff(), from, to), middle},
            {gaussian_stretch(variances.minCoeff(), from, to), middle}};
  }
  const Envelope envelope = envelope_of(regularity(p), from, to);
  FlowMapLipschitz result = p.dimension() == 1 ? on_line(p, from, to, envelope)
                                               : in_space(p, from, to, options, envelope);
  if (p.common_variance() >= 0.0) {
    result.least = {gaussian_stretch(p.common_variance(), from, to), {}};
  }
  return result;
}

FlowMapLipschitz noise_to_data_lipschitz(const LineMeasure& p) {
  const Envelope envelope = envelope_of(regularity(p), {1.0, 0.0}, {0.0, 1.0});
  const SlopeAt slope = [&](double z) {
    const double x = map_from_normal(p, z);
    const double value = map_from_normal_slope(p, z);
    const double tail = std::min(p.cdf(x), p.survival(x));
    const double moved = p.relative_error(x) * tail / p.density(x) * std::abs(p.score(x));
    return Slope{value, value * (2.0 * p.relative_error(x) + moved + round_off(4.0 + z * z, 1))};
  };
  constexpr double reach = 30.0;
  const LineExtreme top = extreme_slope(slope, reach, true);
  const LineExtreme bottom = extreme_slope(slope, reach, false);
  return {{seen_from_below(top.slope.value, top.slope.error, envelope.upper),
           Vector::Constant(1, top.z)},
          {seen_from_above(bottom.slope.value, bottom.slope.error, envelope.lower),
           Vector::Constant(1, bottom.z)}};
}

}  // namespace flowcheck
