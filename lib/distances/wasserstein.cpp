#include "distances/wasserstein.hpp"

#include "numerics/require.hpp"
#include "numerics/round_off.hpp"
#include "numerics/spd.hpp"

#include <algorithm>
#include <cmath>

namespace flowcheck {
namespace {

double length_scale(const Gaussian& p) {
  return p.mean().norm() + std::sqrt(p.eigenvalues().sum());
}

// A relative perturbation u of a covariance moves its square root by u√κ, but never by more than
// √u. Directions of no variance are zero by definition (Gaussian takes them so), not by rounding: κ
// is that of the others.
double root_amplification(const Gaussian& p) {
  if (p.rank() == 0) return 1.0;
  const Index d = p.dimension();
  const double kappa = p.eigenvalues()(d - 1) / p.eigenvalues()(d - p.rank());
  return std::min(std::sqrt(kappa), 1.0 / std::sqrt(round_off(1.0, d)));
}

double largest_length(const Gaussian& p, const Gaussian& q) {
  const auto length_of = [](const Gaussian& measure) {
    return std::max(measure.mean().lpNorm<Eigen::Infinity>(),
                    std::sqrt(measure.eigenvalues().maxCoeff()));
  };
  return std::max(length_of(p), length_of(q));
}

// The image under x ↦ 2ᵏx. What underflows in the covariance is far below the mean's last place.
Gaussian scaled(const Gaussian& p, int k) {
  const double factor = std::ldexp(1.0, k);
  return {factor * p.mean(), factor * (factor * p.covariance())};
}

}  // namespace

Estimate w2(const Gaussian& p, const Gaussian& q) {
  require(p.dimension() == q.dimension(), "w2: the measures differ in dimension");
  // Squares of lengths beyond 10^{±154} are no doubles.
  const double length = largest_length(p, q);
  if (length > 0.0 && std::isfinite(length) && (length > 1e150 || length < 1e-150)) {
    const int exponent = std::clamp(std::ilogb(length), -1000, 1000);
    return std::ldexp(1.0, exponent) * w2(scaled(p, -exponent), scaled(q, -exponent));
  }
  const Matrix P = p.factor();
  const Matrix Q = q.factor();
  const Matrix U = polar_factor(Q.transpose() * P);
  const double value = std::hypot((p.mean() - q.mean()).norm(), (P - Q * U).norm());
  const double spread = std::sqrt(p.eigenvalues().sum()) * root_amplification(p) +
                        std::sqrt(q.eigenvalues().sum()) * root_amplification(q);
  const double means = p.mean().norm() + q.mean().norm();
  return max(0.0, Estimate::closed_form(value, round_off(spread + means, p.dimension())));
}

Estimate squared_w2(const Gaussian& p, const Gaussian& q) {
  return square(w2(p, q));
}

Matrix optimal_map_on_factor(const Gaussian& p, const Gaussian& q) {
  require(p.dimension() == q.dimension(), "optimal_map: the measures differ in dimension");
  require(p.has_density(), "optimal_map: the first measure has no density");
  const Matrix Q = q.factor();
  return Q * polar_factor(Q.transpose() * p.factor());
}

AffineMap optimal_map(const Gaussian& p, const Gaussian& q) {
  const Matrix B = symmetrised(optimal_map_on_factor(p, q) * p.inverse_factor());
  return {.linear = B, .offset = q.mean() - B * p.mean()};
}

double optimal_map_round_off(const Gaussian& p, const Gaussian& q) {
  return round_off(
      (length_scale(p) + length_scale(q)) * root_amplification(p) * root_amplification(q),
      p.dimension());
}

Estimate optimal_map_distance(const Gaussian& base, const Gaussian& first, const Gaussian& second) {
  const Matrix images = optimal_map_on_factor(base, first) - optimal_map_on_factor(base, second);
  const double value = std::hypot((first.mean() - second.mean()).norm(), images.norm());
  const double error = optimal_map_round_off(base, first) + optimal_map_round_off(base, second);
  return max(0.0, Estimate::closed_form(value, error));
}

}  // namespace flowcheck
