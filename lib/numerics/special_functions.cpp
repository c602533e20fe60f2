#include "numerics/special_functions.hpp"

#include "numerics/require.hpp"
#include "numerics/types.hpp"

#include <boost/math/special_functions/erf.hpp>

#include <cmath>
#include <numbers>

namespace flowcheck {
namespace {

constexpr double sqrt_two_over_pi = 0.79788456080286535588;
constexpr double log_sqrt_two_pi = 0.91893853320467274178;

// e^{sign·x²}: the square's rounding error, x² units in the last place of the result, put back.
double exp_of_square(double x, double sign) {
  const double square = x * x;
  const double rest = std::fma(x, x, -square);
  const double value = std::exp(sign * square);
  return std::isfinite(value) ? value * (1.0 + sign * rest) : value;
}

// first/(ℓ + (first + 1)/(ℓ + (first + 2)/(ℓ + …))): m(ℓ) for first = 1, w for 2. Its error
// after N terms is about e^{−ℓ√(2N)}, and N is 20 + 600/ℓ².
double mills_fraction(double l, double first) {
  const int terms = 20 + static_cast<int>(600.0 / (l * l));
  // What is left out solves x(ℓ + x) = N nearly.
  double rest = 0.5 * (std::sqrt(l * l + 4.0 * terms) - l);
  for (int n = terms; n >= 0; --n) rest = (first + n) / (l + rest);
  return rest;
}

// Where the continued fraction takes over: it needs 290 terms here, a microsecond; the differences
// lose ℓ² to ℓ⁶ units.
constexpr double fraction_from = 1.5;

}  // namespace

double normal_density(double x) {
  constexpr double peak = 0.5 * sqrt_two_over_pi;
  // e^{−x²/2} with the same care as above.
  const double square = x * x;
  const double rest = std::fma(x, x, -square);
  return std::isfinite(square) ? peak * std::exp(-0.5 * square) * (1.0 - 0.5 * rest) : 0.0;
}

double normal_cdf(double x) {
  // −x/√2 in two pieces: erfc amplifies a relative error of its argument by x².
  if (x > -2.0) return 0.5 * std::erfc(-x / std::numbers::sqrt2);
  return normal_density(x) / normal_hazard(-x);
}

double log_normal_cdf(double x) {
  if (x > 0.0) return std::log1p(-normal_cdf(-x));
  if (x > -2.0) return std::log(normal_cdf(x));
  return -0.5 * x * x - log_sqrt_two_pi - std::log(normal_hazard(-x));
}

double normal_quantile(double p) {
  require(p >= 0.0 && p <= 1.0, "normal_quantile: a probability is in [0, 1]");
  if (p == 0.0) return -infinity;
  if (p == 1.0) return infinity;
  const double x = -std::numbers::sqrt2 * boost::math::erfc_inv(2.0 * p);
  if (x > -2.0) return x;
  // One Newton step on log Φ: erfc_inv is good to a few units of p, not of x.
  return x + (std::log(p) - log_normal_cdf(x)) / normal_hazard(-x);
}

double scaled_erfc(double x) {
  if (x < -26.7) return infinity;
  if (x <= 0.0) return exp_of_square(x, 1.0) * std::erfc(x);
  if (x < fraction_from / std::numbers::sqrt2) return exp_of_square(x, 1.0) * std::erfc(x);
  return sqrt_two_over_pi / normal_hazard(std::numbers::sqrt2 * x);
}

double dawson(double x) {
  const double y = std::abs(x);
  if (y > 7.0) {
    // Asymptotic series: its least term is e^{−y²} < 1e-21.
    const double z = 0.5 / (y * y);
    double term = 1.0;
    double sum = 1.0;
    for (int n = 1; n <= 40 && term > 1e-18; ++n) {
      term *= z * (2.0 * n - 1.0);
      sum += term;
    }
    return std::copysign(0.5 / y * sum, x);
  }
  // e^{−y²} Σ y^{2n+1}/(n! (2n + 1)): positive terms.
  double power = y;
  double sum = y;
  for (int n = 1; power > 1e-18 * sum; ++n) {
    power *= y * y / n;
    sum += power / (2.0 * n + 1.0);
  }
  return std::copysign(exp_of_square(y, -1.0) * sum, x);
}

double scaled_bessel_i0(double x) {
  require(x >= 0.0, "scaled_bessel_i0: x must not be negative");
  if (x > 40.0) {
    // (2πx)^{−1/2} Σ ((2k − 1)!!)²/(k! (8x)^k); the terms fall until k = 2x.
    double term = 1.0;
    double sum = 1.0;
    for (int k = 1; k <= 60 && term > 1e-18; ++k) {
      term *= (2.0 * k - 1.0) * (2.0 * k - 1.0) / (8.0 * x * k);
      sum += term;
    }
    return sum / std::sqrt(2.0 * std::numbers::pi * x);
  }
  // e^{−x} Σ (x²/4)^k/k!²: positive terms.
  double term = 1.0;
  double sum = 1.0;
  for (int k = 1; term > 1e-18 * sum; ++k) {
    term *= 0.25 * x * x / (static_cast<double>(k) * k);
    sum += term;
  }
  return std::exp(-x) * sum;
}

double normal_hazard(double l) {
  if (l > fraction_from) return l + half_line_mean(l);
  if (l < -40.0) return normal_density(l);  // Φ(−ℓ) is 1
  return normal_density(l) / (0.5 * std::erfc(l / std::numbers::sqrt2));
}

double half_line_mean(double l) {
  // h = ℓ + 1/(ℓ + 2/(ℓ + 3/(ℓ + …))).
  return l > fraction_from ? mills_fraction(l, 1.0) : normal_hazard(l) - l;
}

double half_line_variance(double l) {
  if (l > fraction_from) {
    // m = 1/(ℓ + w), 1 − m(m + ℓ) = m(w − m), w − m = 2/(ℓ + w₃) − 1/(ℓ + w) with w₃ = 3/(ℓ + …):
    // (ℓ + 2w − w₃)/((ℓ + w₃)(ℓ + w)), still positive terms but for w₃ < 2w + ℓ.
    const double w3 = mills_fraction(l, 3.0);
    const double w = 2.0 / (l + w3);
    const double m = 1.0 / (l + w);
    return m * m * (l + 2.0 * w - w3) / (l + w3);
  }
  const double m = half_line_mean(l);
  return 1.0 - m * (m + l);
}

double half_line_third_moment(double l) {
  // Minus the variance's derivative, by h′ = h(h − ℓ). With ℓm = 1 − mw it is hm(2m − w), and
  // 2m − w in positive terms again.
  const double h = normal_hazard(l);
  if (l > fraction_from) {
    const double w4 = mills_fraction(l, 4.0);
    const double w3 = 3.0 / (l + w4);
    const double m = half_line_mean(l);
    return 2.0 * h * m * m * (l + 3.0 * w3 - 2.0 * w4) / ((l + w3) * (l + w3) * (l + w4));
  }
  return h * (2.0 * h * h - 3.0 * l * h + l * l - 1.0);
}

double cusp_variance(double l) {
  if (l > -fraction_from) return 1.0 + l * half_line_mean(-l);
  const double w = mills_fraction(-l, 2.0);
  return w / (-l + w);
}

double log_truncated_gaussian_mass(double k, double half_width) {
  const double D = half_width;
  require(D > 0.0, "truncated_gaussian_mass: the half width must be positive");
  if (D == infinity) {
    require(k > 0.0, "truncated_gaussian_mass: on the whole line k must be positive");
    return log_sqrt_two_pi - 0.5 * std::log(k);
  }
  const double x = D * std::sqrt(0.5 * std::abs(k));
  // erf(x)/x and D(x)/x are 1 at 0 with no loss near it.
  if (x < 1e-9) return std::log(2.0 * D);
  if (k > 0.0) return std::log(D * std::erf(x) / x / std::numbers::inv_sqrtpi);
  return std::log(2.0 * D * dawson(x) / x) + x * x;
}

double truncated_gaussian_mass(double k, double half_width) {
  if (k < 0.0 && std::isfinite(half_width)) {
    const double x = half_width * std::sqrt(-0.5 * k);
    if (x < 1e-9) return 2.0 * half_width;
    const double square = 0.5 * -k * half_width * half_width;
    return 2.0 * half_width * dawson(x) / x * std::exp(square);
  }
  return std::exp(log_truncated_gaussian_mass(k, half_width));
}

double truncated_gaussian_variance(double k, double half_width) {
  const double D = half_width;
  require(D > 0.0, "truncated_gaussian_variance: the half width must be positive");
  if (D == infinity) {
    require(k > 0.0, "truncated_gaussian_variance: on the whole line k must be positive");
    return 1.0 / k;
  }
  const double a = k * D * D;
  if (std::abs(a) < 4.0) {
    // Moments of e^{−a x²/2} on [−1, 1], expanded about the end x = ±1, where all terms are
    // positive for a > 0, or about 0 for a < 0: Kummer's M(1, ·, |a|/2) and M(·, ·, |a|/2).
    const double z = 0.5 * std::abs(a);
    double zeroth = 0.0;
    double second = 0.0;
    if (a > 0.0) {
      // ∫₀¹ x^{2p} e^{−z x²} dx = e^{−z} Σ z^j / ((p + ½)(p + 3/2)…(p + ½ + j)) / 2.
      double term0 = 2.0;
      double term2 = 2.0 / 3.0;
      for (int j = 0; j < 60; ++j) {
        zeroth += term0;
        second += term2;
        term0 *= z / (1.5 + j);
        term2 *= z / (2.5 + j);
      }
    } else {
      double term = 1.0;
      for (int j = 0; j < 60; ++j) {
        zeroth += term / (2.0 * j + 1.0);
        second += term / (2.0 * j + 3.0);
        term *= z / (j + 1.0);
      }
    }
    return D * D * second / zeroth;
  }
  const double x = std::sqrt(0.5 * std::abs(a));
  if (a > 0.0) {
    // (1 − 2 e^{−a/2}/Z₁)/a with Z₁ = √π erf(x)/x.
    const double edge = 2.0 * std::exp(-0.5 * a) * x * std::numbers::inv_sqrtpi / std::erf(x);
    return D * D * (1.0 - edge) / a;
  }
  return D * D * (1.0 - x / dawson(x)) / a;
}

}  // namespace flowcheck
