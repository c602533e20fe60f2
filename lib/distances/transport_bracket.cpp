#include "distances/transport_bracket.hpp"

#include "numerics/types.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace flowcheck {
namespace {

constexpr double most = std::numeric_limits<double>::max();

Estimate bracket_of(double lower, double value, double upper) {
  Estimate result =
      Estimate::between(value, std::min(lower, value), std::max(upper, value), Grade::certified);
  result.budget.round_off = 0.5 * result.width();
  return result;
}

}  // namespace

ScaledBracket relative_bracket(double lower, double value, double upper, int roundings) {
  const double relative = static_cast<double>(roundings + 4) * 0x1p-53;
  return {.lower = std::max(0.0, lower * (1.0 - relative) - 0x1p-1000),
          .value = value,
          .upper = upper * (1.0 + relative) + 0x1p-1000};
}

double ldexp_down(double x, int exponent) {
  const double scaled = std::ldexp(x, exponent);
  if (std::isinf(scaled) && std::isfinite(x)) return scaled > 0.0 ? most : scaled;
  return std::ldexp(scaled, -exponent) == x ? scaled : std::nextafter(scaled, -infinity);
}

double ldexp_up(double x, int exponent) {
  return -ldexp_down(-x, exponent);
}

TransportBracket unscaled(const ScaledBracket& bracket, int exponent) {
  const double lower = std::max(0.0, bracket.lower);
  const double value = std::max(lower, bracket.value);
  const double root = std::sqrt(value);
  const double root_lower = std::max(0.0, std::nextafter(std::sqrt(lower), -infinity));
  const double root_upper = std::nextafter(std::sqrt(bracket.upper), infinity);
  return {.squared_w2 =
              bracket_of(std::max(0.0, ldexp_down(lower, 2 * exponent)),
                         std::ldexp(value, 2 * exponent), ldexp_up(bracket.upper, 2 * exponent)),
          .w2 = bracket_of(std::max(0.0, ldexp_down(root_lower, exponent)),
                           std::ldexp(root, exponent), ldexp_up(root_upper, exponent))};
}

}  // namespace flowcheck
