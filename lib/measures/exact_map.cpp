#include "measures/exact_map.hpp"

#include "numerics/require.hpp"
#include "numerics/special_functions.hpp"

#include <cmath>
#include <numbers>

namespace flowcheck {

double map_from_normal(const LineMeasure& p, double z) {
  require(!std::isnan(z), "map_from_normal: z is not a number");
  return p.quantile_of_both(normal_cdf(z), normal_cdf(-z));
}

double map_from_normal_slope(const LineMeasure& p, double z) {
  // In logs: both densities underflow together.
  const double log_normal = -0.5 * z * z - 0.5 * std::log(2.0 * std::numbers::pi);
  return std::exp(log_normal - p.log_density(map_from_normal(p, z)));
}

double cusp_map(double L, double z) {
  require(std::isfinite(L) && !std::isnan(z), "cusp_map: L and z must be numbers");
  if (z == 0.0) return 0.0;
  const double tail = normal_cdf(-std::abs(z));
  const double p = 2.0 * normal_cdf(L) * tail;
  // 1 − p from its own terms where p is near 1: 1 − 2Φ(−|z|) + 2Φ(−L)Φ(−|z|).
  const double quantile = p <= 0.5 ? normal_quantile(p)
                                   : -normal_quantile(std::erf(std::abs(z) / std::numbers::sqrt2) +
                                                      2.0 * normal_cdf(-L) * tail);
  return std::copysign(L - quantile, z);
}

double cusp_map_slope(double L, double z) {
  // φ(z) over the cusp's density e^{L|T|} φ(T) / (2Φ(L) e^{L²/2}) at T.
  const double T = std::abs(cusp_map(L, z));
  const double exponent = 0.5 * (T - L) * (T - L) - 0.5 * z * z;
  return std::exp(exponent + std::log(2.0) + log_normal_cdf(L));
}

}  // namespace flowcheck
