#include "distances/sliced.hpp"

#include "distances/transport.hpp"
#include "distances/wasserstein.hpp"
#include "numerics/confidence.hpp"
#include "numerics/require.hpp"
#include "numerics/rng.hpp"
#include "numerics/round_off.hpp"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

namespace flowcheck {
namespace {

PointCloud projected(const PointCloud& p, const Vector& direction) {
  const Matrix line = direction.transpose() * p.points();
  return p.uniform() ? PointCloud(line) : PointCloud(line, p.weights());
}

Gaussian projected(const Gaussian& p, const Vector& direction) {
  // θᵀΣθ as a sum of squares, which is not negative.
  const double variance = (direction.transpose() * p.factor()).squaredNorm();
  return {Vector::Constant(1, direction.dot(p.mean())), Matrix::Constant(1, 1, variance)};
}

Vector mean(const PointCloud& p) {
  return p.points() * p.weights();
}

Vector mean(const Gaussian& p) {
  return p.mean();
}

// E|X − EX|², from above.
double total_variance(const PointCloud& p) {
  const Matrix centred = p.points().colwise() - mean(p);
  return centred.colwise().squaredNorm().dot(p.weights().transpose()) * (1.0 + 1e-9);
}

double total_variance(const Gaussian& p) {
  return p.covariance().trace() * (1.0 + 1e-9);
}

double largest_coordinate(const PointCloud& p) {
  return p.points().cwiseAbs().maxCoeff();
}

double largest_coordinate(const Gaussian& p) {
  return p.mean().cwiseAbs().maxCoeff();
}

template <class Measure>
Estimate mean_over_directions(const Measure& p, const Measure& q, const SlicedOptions& options) {
  require(p.dimension() == q.dimension(), "sliced_w2: the measures differ in dimension");
  require(options.projections >= 2, "sliced_w2: at least two projections are needed");
  require(options.false_alarm > 0.0 && options.false_alarm < 1.0,
          "sliced_w2: the false-alarm probability must lie between 0 and 1");
  if (p.dimension() == 1) return squared_w2(p, q);

  const Index d = p.dimension();
  std::vector<Estimate> values(static_cast<std::size_t>(options.projections));
  tbb::parallel_for(std::size_t{0}, values.size(), [&](std::size_t i) {
    Rng rng(options.seed, i);
    const Vector direction = rng.normal_vector(d).normalized();
    values[i] = squared_w2(projected(p, direction), projected(q, direction));
  });
  std::vector<double> centres;
  double width = 0.0;
  for (const Estimate& value : values) {
    centres.push_back(value.value);
    width = std::max(width, value.width());
  }
  const Vector shift = mean(p) - mean(q);
  // Coordinates are rounded when they are projected and when the means are taken.
  const double size = largest_coordinate(p) + largest_coordinate(q);
  const double rounding = width + round_off(size * (shift.norm() + unit_round_off * size), d);
  // Each term is at most W₂², and W₂² at most the cost of the independent coupling.
  const double range = shift.squaredNorm() + total_variance(p) + total_variance(q) + rounding;
  const double half_width = bernstein_half_width(standard_deviation(centres), range,
                                                 options.projections, options.false_alarm);
  const double dimension = static_cast<double>(d);
  const double least = std::max(0.0, shift.squaredNorm() / dimension - rounding);
  const double greatest = range / dimension + rounding;
  const Estimate seen =
      Estimate::statistical(sample_mean(centres, 0.5).value, half_width, rounding);
  return max(least, min(greatest, seen));
}

}  // namespace

Estimate squared_sliced_w2(const PointCloud& p, const PointCloud& q, const SlicedOptions& options) {
  return mean_over_directions(p, q, options);
}

Estimate squared_sliced_w2(const Gaussian& p, const Gaussian& q, const SlicedOptions& options) {
  return mean_over_directions(p, q, options);
}

Estimate sliced_w2(const PointCloud& p, const PointCloud& q, const SlicedOptions& options) {
  return sqrt(squared_sliced_w2(p, q, options));
}

Estimate sliced_w2(const Gaussian& p, const Gaussian& q, const SlicedOptions& options) {
  return sqrt(squared_sliced_w2(p, q, options));
}

}  // namespace flowcheck
