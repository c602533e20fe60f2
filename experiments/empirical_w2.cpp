#include "empirical_w2.hpp"

#include "numerics/require.hpp"
#include "numerics/round_off.hpp"
#include "numerics/special_functions.hpp"

#include <boost/math/special_functions/gamma.hpp>

#include <algorithm>
#include <cmath>

namespace flowcheck {
namespace {

struct Moments {
  double mass = 0.0;
  double first = 0.0;
  double second = 0.0;

  void add(double x, double weight) {
    mass += weight;
    first += weight * x;
    second += weight * x * x;
  }
  double variance() const { return second / mass - (first / mass) * (first / mass); }
};

// Density of the i-th of n normal order statistics, up to a constant, by its logarithm.
double log_density(double x, double i, double n) {
  return (i - 1.0) * log_normal_cdf(x) + (n - i) * log_normal_cdf(-x) - 0.5 * x * x;
}

// Var X₍ᵢ₎ with nodes `step` standard deviations of the normal approximation apart. The moments
// are taken about that approximation's mean, so that the variance keeps its digits; weights from
// the density's logarithm relative to its value there, since the constant would lose n units.
double order_statistic_variance(Index rank, Index points, double step) {
  const auto i = static_cast<double>(rank);
  const auto n = static_cast<double>(points);
  const double p = i / (n + 1.0);
  const double centre = normal_quantile(p);
  const double sigma = std::sqrt(p * (1.0 - p) / (n + 2.0)) / normal_density(centre);
  const double at_centre = log_density(centre, i, n);
  Moments moments;
  moments.add(0.0, 1.0);
  for (const double side : {-1.0, 1.0}) {
    for (int k = 1;; ++k) {
      const double x = side * k * step;
      const double weight = std::exp(log_density(centre + sigma * x, i, n) - at_centre);
      moments.add(x, weight);
      if (weight < 1e-20) break;  // log-concave: nothing rises again
    }
  }
  return sigma * sigma * moments.variance();
}

double mean_variance(Index points, double step) {
  double sum = 0.0;
  for (Index i = 1; 2 * i <= points; ++i) sum += 2.0 * order_statistic_variance(i, points, step);
  if (points % 2 == 1) sum += order_statistic_variance((points + 1) / 2, points, step);
  return sum / static_cast<double>(points);
}

}  // namespace

double general_w2_exponent(int dimension) {
  return -1.0 / std::max(dimension, 4);
}

double normal_w2_exponent(int dimension) {
  return -1.0 / std::max(dimension, 2);
}

double general_w2_rate(int dimension, double points) {
  const double logarithm = dimension == 4 ? std::sqrt(std::log1p(points)) : 1.0;
  return std::pow(points, general_w2_exponent(dimension)) * logarithm;
}

double normal_w2_rate(int dimension, double points) {
  const double rate = std::pow(points, normal_w2_exponent(dimension));
  if (dimension == 1) return rate * std::sqrt(std::log(std::log(points)));
  return dimension == 2 ? rate * std::log(points) : rate;
}

Estimate mean_squared_w2_on_line(Index points) {
  require(points >= 1, "mean_squared_w2_on_line: there must be points");
  const double coarse = 2.0 * mean_variance(points, 0.5);
  const double fine = 2.0 * mean_variance(points, 0.25);
  return Estimate::converged(fine, std::abs(fine - coarse),
                             round_off(fine * static_cast<double>(points), 1));
}

Estimate mean_w2_floor(int dimension, Index points) {
  require(dimension >= 1 && points >= 1, "mean_w2_floor: d and n must be at least 1");
  const double d = dimension;
  const auto n = static_cast<double>(points);
  const double of_means = 2.0 / (std::sqrt(n) * boost::math::tgamma_delta_ratio(0.5 * d, 0.5));
  double of_points = 0.0;
  if (points >= 2) {
    const double half_tau = boost::math::gamma_p_inv(0.5 * d, 1.0 / n);
    const double unavoidable = n * d * boost::math::gamma_p(0.5 * d + 1.0, half_tau);
    of_points = std::sqrt(std::max(0.0, unavoidable - 2.0 / n));
  }
  const double floor = std::max(of_means, of_points);
  return Estimate::closed_form(floor, round_off(floor, dimension));
}

double mean_w2_half_width(Index points, int repeats, double false_alarm) {
  require(points >= 1 && repeats >= 1, "mean_w2_half_width: n and R must be at least 1");
  require(false_alarm > 0.0 && false_alarm < 1.0,
          "mean_w2_half_width: the false-alarm probability must lie between 0 and 1");
  return 2.0 * std::sqrt(std::log(2.0 / false_alarm) / (static_cast<double>(points) * repeats));
}

}  // namespace flowcheck
