#pragma once

#include "measures/point_cloud.hpp"
#include "numerics/estimate.hpp"

#include <cstdint>
#include <limits>

namespace flowcheck {

struct TwoSampleOptions {
  int permutations = 100;     ///< relabelings of the pooled sample for the noise floor; 0: none
  double false_alarm = 1e-6;  ///< of the unbiased estimate's interval
  std::uint64_t seed = 1;     ///< of the relabelings
  Index largest_count =
      10'000;  ///< points a sample may have; time is O((n + m)²(d + permutations))
};

/// What two samples of n and m points say of Δ = E k(X, X′) + E k(Y, Y′) − 2 E k(X, Y).
struct TwoSampleResult {
  /// V-statistic: Δ of the two empirical measures, diagonal included; ≥ 0, biased upwards by about
  /// floor_mean as an estimate of the laws' Δ.
  Estimate biased = std::numeric_limits<double>::quiet_NaN();
  /// U-statistic, diagonal left out: unbiased for the laws' Δ, may be negative. Its interval adds
  /// Student's quantile times the first-order deviation and, for the degenerate part that is all
  /// there is for equal laws, the quantile of the worst quadratic form, (χ²₁ − 1)/√2 deviations,
  /// each at half the false alarms. As good as the central limit is for samples of that size.
  Estimate unbiased = std::numeric_limits<double>::quiet_NaN();
  /// What the V-statistic is for samples of one law: its mean, and the 95 % point of relabelings of
  /// the pooled sample (NaN without permutations).
  double floor_mean = std::numeric_limits<double>::quiet_NaN();
  double floor_95 = std::numeric_limits<double>::quiet_NaN();
};

/// Squared maximum mean discrepancy for the Gaussian kernel k(x, y) = exp(−rate·|x − y|²).
///
/// Cost O((n + m)² (d + permutations)), memory O(n + m); in parallel, the same bytes for any number
/// of threads.
/// @param p, q  samples: uniform weights, at least two points
/// @param rate  > 0, see kernel_rate()
/// @throws std::invalid_argument  dimensions differ, weights, too few or too many points, rate ≤ 0
[[nodiscard]] TwoSampleResult squared_mmd(const PointCloud& p,
                                          const PointCloud& q,
                                          double rate,
                                          const TwoSampleOptions& options = {});

/// Squared energy distance 2 E|X − Y| − E|X − X′| − E|Y − Y′|, the case k(x, y) = −|x − y|.
[[nodiscard]] TwoSampleResult squared_energy_distance(const PointCloud& p,
                                                      const PointCloud& q,
                                                      const TwoSampleOptions& options = {});

/// Rate 1/(2s²) of a Gaussian kernel of scale s, at which it is e^{−½}.
/// @throws std::invalid_argument  s ≤ 0 or not finite
double kernel_rate(double scale);

/// Scale over median_distance() of the test sample in the published JKO-iFlow metric "MMD-c"; it is
/// 1 in "MMD-m".
inline constexpr double published_scale = 0.1;

/// Median of all n² distances |xᵢ − xⱼ|, the n zeros with i = j included. O(n²d) time and O(n)
/// memory, by counting.
double median_distance(const PointCloud& sample);

}  // namespace flowcheck
