#include "distances/integer_masses.hpp"

#include "numerics/compensated_sum.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace flowcheck {
namespace {

constexpr std::int64_t finest_unit = std::int64_t{1} << 60;

std::int64_t common_unit(const PointCloud& first, const PointCloud& second) {
  const std::int64_t n = first.size();
  const std::int64_t m = second.size();
  if (first.uniform() && second.uniform()) return std::lcm(n, m);
  if (first.uniform()) return finest_unit / n * n;
  if (second.uniform()) return finest_unit / m * m;
  return finest_unit;
}

IntegerMasses uniform_masses(Index count, std::int64_t unit) {
  return {.masses = std::vector<std::int64_t>(static_cast<std::size_t>(count), unit / count),
          .leftover = Vector::Zero(count)};
}

// wₖ M / W in twice the working precision, W = Σ wₖ: the integer part, and what is left.
IntegerMasses weighted_masses(const Vector& weights, std::int64_t unit) {
  CompensatedSum sum;
  for (Index k = 0; k < weights.size(); ++k) sum.add(weights(k));
  // M/W as quotient + correction. M is below 2⁶¹ and need not be a double: it is split in two.
  const double M = static_cast<double>(unit);
  const double M_low = static_cast<double>(unit - static_cast<std::int64_t>(M));
  const double W = sum.value();
  const double W_low = sum.low_part();
  const double quotient = M / W;
  const double correction = (std::fma(-quotient, W, M) + (M_low - quotient * W_low)) / W;

  IntegerMasses result{
      .masses = std::vector<std::int64_t>(static_cast<std::size_t>(weights.size())),
      .leftover = Vector(weights.size())};
  for (Index k = 0; k < weights.size(); ++k) {
    const double product = weights(k) * quotient;
    const double rest = std::fma(weights(k), quotient, -product) + weights(k) * correction;
    const double whole = std::floor(product);
    const double fraction = (product - whole) + rest;  // the difference is exact
    const double carry = std::floor(fraction);
    const std::int64_t mass = static_cast<std::int64_t>(whole) + static_cast<std::int64_t>(carry);
    result.masses[static_cast<std::size_t>(k)] = std::max<std::int64_t>(mass, 0);
    result.leftover(k) = std::max(0.0, fraction - carry);
  }
  // Of the product 2⁻¹⁰⁰ relative, and what W is off by, on a mass of M together; and one rounding
  // of each fraction, which is below 2 or, where the product is large, a multiple of its last
  // place.
  result.error =
      1.01 * M * (0x1p-98 + sum.error_bound() / W) + static_cast<double>(weights.size()) * 0x1p-50;
  return result;
}

IntegerMasses masses_of(const PointCloud& cloud, std::int64_t unit) {
  return cloud.uniform() ? uniform_masses(cloud.size(), unit)
                         : weighted_masses(cloud.weights(), unit);
}

std::int64_t total(const IntegerMasses& masses) {
  return std::accumulate(masses.masses.begin(), masses.masses.end(), std::int64_t{0});
}

// A few units less on the heaviest point, which has more of them than there are points.
void take_away(IntegerMasses& masses, std::int64_t units) {
  if (units <= 0) return;
  const auto heaviest = std::max_element(masses.masses.begin(), masses.masses.end());
  *heaviest -= units;
  masses.leftover(heaviest - masses.masses.begin()) += static_cast<double>(units);
}

}  // namespace

MassPair integer_masses(const PointCloud& first, const PointCloud& second) {
  MassPair pair{.unit = common_unit(first, second)};
  pair.first = masses_of(first, pair.unit);
  pair.second = masses_of(second, pair.unit);
  const std::int64_t surplus = total(pair.first) - total(pair.second);
  take_away(pair.first, surplus);
  take_away(pair.second, -surplus);
  return pair;
}

}  // namespace flowcheck
