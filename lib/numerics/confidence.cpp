#include "numerics/confidence.hpp"

#include "numerics/require.hpp"
#include "numerics/round_off.hpp"

#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/students_t.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace flowcheck {
namespace {

double mean_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double summation_error(const std::vector<double>& values) {
  double scale = 0.0;
  for (const double x : values) scale += std::abs(x);
  return unit_round_off * scale;  // n·u·mean|x|
}

}  // namespace

double student_half_width(double standard_deviation, Index count, double false_alarm) {
  require(standard_deviation >= 0.0, "student_half_width: the deviation must not be negative");
  require(count >= 2, "student_half_width: at least two draws are needed");
  require(false_alarm > 0.0 && false_alarm < 1.0,
          "student_half_width: the false-alarm probability must lie between 0 and 1");
  const double n = static_cast<double>(count);
  const boost::math::students_t distribution(n - 1.0);
  const double t = boost::math::quantile(complement(distribution, 0.5 * false_alarm));
  return t * standard_deviation / std::sqrt(n);
}

double bernstein_half_width(double standard_deviation,
                            double range,
                            Index count,
                            double false_alarm) {
  require(standard_deviation >= 0.0, "bernstein_half_width: the deviation must not be negative");
  require(range >= 0.0, "bernstein_half_width: the range must not be negative");
  require(count >= 2, "bernstein_half_width: at least two draws are needed");
  require(false_alarm > 0.0 && false_alarm < 1.0,
          "bernstein_half_width: the false-alarm probability must lie between 0 and 1");
  const double n = static_cast<double>(count);
  const double log_term = std::log(4.0 / false_alarm);
  return standard_deviation * std::sqrt(2.0 * log_term / n) +
         7.0 * range * log_term / (3.0 * (n - 1.0));
}

double median(std::vector<double> values) {
  require(!values.empty(), "median: there must be values");
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : 0.5 * (values[half - 1] + values[half]);
}

double standard_deviation(const std::vector<double>& values) {
  require(values.size() >= 2, "standard_deviation: at least two values are needed");
  const double mean = mean_of(values);
  double sum = 0.0;
  for (const double x : values) sum += (x - mean) * (x - mean);
  return std::sqrt(sum / static_cast<double>(values.size() - 1));
}

Estimate sample_mean(const std::vector<double>& draws, double false_alarm) {
  const double half_width =
      student_half_width(standard_deviation(draws), static_cast<Index>(draws.size()), false_alarm);
  return Estimate::statistical(mean_of(draws), half_width, summation_error(draws));
}

Estimate sample_median(const std::vector<double>& draws, double false_alarm) {
  require(!draws.empty(), "sample_median: there must be draws");
  require(false_alarm > 0.0 && false_alarm < 1.0,
          "sample_median: the false-alarm probability must lie between 0 and 1");
  std::vector<double> sorted = draws;
  std::sort(sorted.begin(), sorted.end());
  const boost::math::binomial_distribution<double> below(static_cast<double>(sorted.size()), 0.5);
  std::size_t k = 0;  // of the interval's ends, counted from outside; 0: the whole line
  while (2 * (k + 1) <= sorted.size() &&
         2.0 * boost::math::cdf(below, static_cast<double>(k)) <= false_alarm) {
    ++k;
  }
  return Estimate::between(median(draws), k == 0 ? -infinity : sorted[k - 1],
                           k == 0 ? infinity : sorted[sorted.size() - k], Grade::statistical);
}

}  // namespace flowcheck
