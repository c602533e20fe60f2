#pragma once

namespace flowcheck {

// Scaled forms of the error function and what the covariance envelopes are made of, each without
// cancellation. Relative error below 1e-14 on the whole line, tested against 50 digits, save where
// a function says otherwise; overflow returns the infinity it is.

double normal_density(double x);  ///< φ(x) = e^{−x²/2}/√(2π)
double normal_cdf(double x);      ///< Φ(x), the lower tail to its own precision
double log_normal_cdf(double x);  ///< log Φ(x); −x²/2-like for x → −∞, without underflow
double normal_quantile(double p);  ///< Φ⁻¹(p), 0 ≤ p ≤ 1; for p near 1 use −Φ⁻¹(1 − p)

double scaled_erfc(double x);  ///< erfcx(x) = e^{x²} erfc(x); +∞ below −26.6
double dawson(double x);       ///< e^{−x²} ∫₀ˣ e^{t²} dt

/// e^{−x} I₀(x), x ≥ 0, the modified Bessel function without its growth.
double scaled_bessel_i0(double x);

/// Hazard rate h(ℓ) = φ(ℓ)/Φ(−ℓ), the inverse Mills ratio.
double normal_hazard(double l);

/// m(ℓ) = h(ℓ) − ℓ, the mean of the law ∝ e^{−ℓz − z²/2} on z > 0. By a continued fraction for
/// ℓ > 3/2, where the difference loses ℓ² units.
double half_line_mean(double l);

/// Variance of the same law, 1 + ℓm − m² = 1 − m(m + ℓ).
double half_line_variance(double l);

/// Third central moment of the same law, 2h³ − 3ℓh² + (ℓ² − 1)h; to 5e-14 for 0 < ℓ < 3/2.
double half_line_third_moment(double l);

/// Variance of the cusp e^{ℓ|x|} N(0, 1), ℓ of either sign:
///
///   V₊(ℓ) = 1 + ℓ m(−ℓ),    V₋(ℓ) = 1 − ℓ m(ℓ) = V₊(−ℓ).
///
/// The difference in V₋ has a relative error of 7e−11 at ℓ = 30; the continued fraction
/// w = 2/(ℓ + 3/(ℓ + …)), V₋ = w/(ℓ + w), has none.
double cusp_variance(double l);

/// log Z_D(k), Z_D(k) = ∫_{−D}^{D} e^{−kx²/2} dx, k of either sign, D > 0 or +∞ (then k > 0): by
/// erf, 2D, or Dawson's function.
double log_truncated_gaussian_mass(double k, double half_width);
double truncated_gaussian_mass(double k, double half_width);  ///< Z_D(k)

/// V(k, D) = −2 d/dk log Z_D(k), the variance of e^{−kx²/2} on [−D, D]: D²/3 at k = 0, D² at
/// −∞, 1/k for D = ∞.
double truncated_gaussian_variance(double k, double half_width);

}  // namespace flowcheck
