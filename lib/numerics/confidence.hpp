#pragma once

#include "numerics/estimate.hpp"
#include "numerics/types.hpp"

#include <vector>

namespace flowcheck {

/// Half-width of Student's confidence interval of a mean,
///
///   t_{n−1}(1 − α/2) · s/√n,
///
/// exact for normal draws; for others as good as the central limit is at that n.
///
/// @param standard_deviation  s ≥ 0, with n − 1
/// @param count               n ≥ 2
/// @param false_alarm         α in (0, 1), the probability of missing the mean
/// @throws std::invalid_argument
double student_half_width(double standard_deviation, Index count, double false_alarm);

/// Half-width of an interval for the mean of n independent draws in [0, range], valid at every n
/// whatever their law: √(2V log(4/α)/n) + 7·range·log(4/α)/(3(n − 1)), V the sample variance.
/// Empirical Bernstein bound, [MaurerPontil2009] theorem 4, on two sides.
///
/// @throws std::invalid_argument  as student_half_width(), or range < 0
double bernstein_half_width(double standard_deviation,
                            double range,
                            Index count,
                            double false_alarm);

/// Median of an even or odd number of values. @throws std::invalid_argument  none
double median(std::vector<double> values);

/// Standard deviation with n − 1. @throws std::invalid_argument  fewer than two values
double standard_deviation(const std::vector<double>& values);

/// Mean of independent draws with Student's interval.
/// @throws std::invalid_argument  fewer than two draws, or α not in (0, 1)
Estimate sample_mean(const std::vector<double>& draws, double false_alarm);

/// Median of independent draws between order statistics, whatever the draws' law:
///
///   [x₍ₖ₎, x₍ₙ₊₁₋ₖ₎] misses the law's median with probability at most 2·P(Bin(n, ½) < k),
///
/// for the largest k at which that is α or less. The whole line where even the extremes, k = 1,
/// miss more often: 2^{1−n} > α.
/// @throws std::invalid_argument  no draws, or α not in (0, 1)
Estimate sample_median(const std::vector<double>& draws, double false_alarm);

/// √(π/2), by which the median of many normal draws is less precise than their mean.
inline constexpr double median_inefficiency = 1.2533141373155003;

}  // namespace flowcheck
