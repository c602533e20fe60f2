#pragma once

#include "measures/line_measure.hpp"
#include "numerics/estimate.hpp"

#include <utility>

namespace flowcheck {

class GaussianMixture;

/// Wasserstein-2 distance on the line, no factor ½, through the optimal map T = G⁻¹∘F:
///
///   W₂²(p, q) = ∫₀¹ (F⁻¹ − G⁻¹)² du = ∫ (x − T(x))² p(x) dx.
///
/// Integrated over x, on p's panels and q's panels carried back by T, where T is smooth; both tails
/// keep their precision, so nearly equal measures keep their digits. Error: the difference of two
/// Gauss–Kronrod rules, the error of both cdfs through 2|x − T| |δT|, and the tails beyond the
/// panels, at most 2∫x²p + 2∫y²q there. +∞ if exactly one of them has infinite variance; if both
/// have, only a lower bound is known and the upper end is +∞. Some ten milliseconds.
Estimate squared_w2(const LineMeasure& p, const LineMeasure& q);
Estimate w2(const LineMeasure& p, const LineMeasure& q);

/// The same for mixtures on the line, through gaussian_mixture_law(). @throws std::invalid_argument
/// d ≠ 1, or a component without density
Estimate squared_w2(const GaussianMixture& p, const GaussianMixture& q);
Estimate w2(const GaussianMixture& p, const GaussianMixture& q);

/// The law of a mixture on the line. @throws std::invalid_argument  d ≠ 1, or a component without
/// density
LineMeasure line_measure(const GaussianMixture& p);

/// Optimal (monotone) map T = G⁻¹∘F from p to q.
class MonotoneTransport {
 public:
  MonotoneTransport(LineMeasure p, LineMeasure q) : p_(std::move(p)), q_(std::move(q)) {}

  double operator()(double x) const;  ///< T(x), counted from the nearer tail
  double slope(double x) const;       ///< T′(x) = p(x)/q(T(x))
  double error(double x) const;       ///< bound of |δT(x)| from both tables' relative errors

 private:
  LineMeasure p_;
  LineMeasure q_;
};

}  // namespace flowcheck
