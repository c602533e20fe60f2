#include "flows/stretch_by_suprema.hpp"

#include "interpolation/covariance_extremes.hpp"
#include "measures/gaussian_mixture.hpp"
#include "measures/line_curvature.hpp"
#include "measures/planar_curvature.hpp"
#include "measures/regularity.hpp"
#include "measures/tilted_moments.hpp"
#include "numerics/round_off.hpp"
#include "numerics/spd.hpp"

#include <algorithm>
#include <cmath>

namespace flowcheck {
namespace {

// sup λ_max Cov(W | X₁ + aZ = x), W ~ ρ: with S = a² + σ² it is S + S² sup λ_max ∇²log p_x.
double largest_latent_covariance(const GaussianMixture& p, double noise, double variance) {
  if (p.common_variance() >= 0.0) {
    return largest_centre_covariance(p, 1.0, noise, {}, {.accuracy = 1e-4}).value.upper;
  }
  const Index d = p.dimension();
  const Estimate S = Estimate::closed_form(noise * noise + variance, 0.0);
  const GaussianMixture seen = convolution(p, noise * noise * Matrix::Identity(d, d));
  const CurvatureOptions options{.accuracy = 1e-4, .origin = -1.0 / S.value, .most_places = 1'000};
  const Estimate curvature = d == 1 ? largest_log_density_curvature(seen, options).value
                                    : largest_planar_curvature(seen, p, options).value;
  return widened(S + square(S) * curvature, round_off(S.value, d)).upper;
}

}  // namespace

Estimate gaussian_stretch(double variance, const NoiseLevel& from, const NoiseLevel& to) {
  const double sigma = std::sqrt(variance);
  const double value =
      std::hypot(to.noise, sigma * to.data_scale) / std::hypot(from.noise, sigma * from.data_scale);
  return Estimate::closed_form(value, round_off(value, 1));
}

double convolved_variance(const GaussianMixture& p) {
  if (p.common_variance() >= 0.0) return p.common_variance();
  double least = infinity;
  for (Index k = 0; k < p.size(); ++k) {
    const Vector& lambda = p.kernel(k).eigenvalues();
    const double own = lambda(0) - round_off(lambda(lambda.size() - 1), lambda.size());
    if (p.weights()(k) > 0.0) least = std::min(least, std::max(0.0, own));
  }
  return least;
}

double tilted_covariance_above(const GaussianMixture& p) {
  if (p.common_variance() >= 0.0) return square(regularity(p).mixture_radius).upper;
  const auto trace = [&p](Index k) { return p.covariance(k).trace(); };
  Index widest = 0;
  for (Index k = 0; k < p.size(); ++k) {
    if (p.weights()(k) > 0.0 && !(p.weights()(widest) > 0.0 && trace(k) <= trace(widest))) {
      widest = k;
    }
  }
  const double most = p.kernel(widest).eigenvalues().maxCoeff();  // of S₁ and σ²I
  double sum = most;
  for (Index k = 0; k < p.size(); ++k) {
    if (k == widest || p.weights()(k) == 0.0) continue;
    const Vector delta = p.means().col(k) - p.means().col(widest);
    const SymmetricEigen D = symmetric_eigen(p.covariance(widest) - p.covariance(k));
    const Vector along = D.vectors.transpose() * delta;
    double distance = 0.0;
    for (Index i = 0; i < along.size(); ++i) {
      if (D.values(i) < -round_off(most, p.dimension())) return infinity;
      if (along(i) != 0.0) distance += along(i) * along(i) / std::max(D.values(i), 0.0);
    }
    const bool alike = D.values.cwiseAbs().maxCoeff() == 0.0;
    const double c = std::log(p.weights()(k) / p.weights()(widest)) + 0.5 * distance;
    const double g = c >= 1.0 ? 2.0 * c : 2.0 * std::exp(c - 1.0);
    sum += alike ? delta.squaredNorm() : D.values.maxCoeff() * g;
  }
  return sum * (1.0 + 1e-12);
}

double stretch_by_suprema(const GaussianMixture& p, const NoiseLevel& from, const NoiseLevel& to) {
  constexpr int intervals = 64;
  constexpr int most_suprema = 1000;
  const double variance = convolved_variance(p);
  const auto clock = [&](const NoiseLevel& level) {
    const double b2 = level.data_scale * level.data_scale;
    return b2 / (level.noise * level.noise + variance * b2);
  };
  const double start = clock(from);
  const double end = clock(to);
  const double step = (end - start) / intervals;
  const bool on_a_line = p.dimension() == 1 || (p.common_variance() >= 0.0 &&
                                                convex_hull(distinct_centres(p)).cols() == 2);
  const auto growth = [on_a_line](double supremum, double delta) -> Estimate {
    const Estimate half = 0.5 * Estimate(supremum) * Estimate(delta);
    if (!(half.upper < 1.0)) return infinity;
    return on_a_line ? half : -log(1.0 - half);
  };
  // Near τ = 0 x shows next to nothing, but far places show any tilt of ρ; there searches lose
  // their digits, those among different widths first, and a constant for all tilts serves.
  const double nearest = (p.common_variance() >= 0.0 ? 1e-12 : 1e-6) * step;
  double tau = std::max(start, nearest);
  Estimate sum = start < nearest ? growth(tilted_covariance_above(p), nearest - start) : 0.0;
  for (int i = 0; i < most_suprema && sum.upper < infinity; ++i) {
    const double noise = std::sqrt(std::max(0.0, 1.0 / tau - variance));
    const double supremum = largest_latent_covariance(p, noise, variance);
    const bool is_last = tau + 1.5 * step > end;
    const double delta =
        std::min(is_last ? end - tau : step, on_a_line ? infinity : 0.5 / supremum);
    sum = sum + growth(supremum, delta);
    tau += delta;
    if (tau >= end) {
      const Estimate stretch = exp(widened(sum, round_off(sum.upper, 1)));
      return (gaussian_stretch(variance, from, to) * stretch).upper;
    }
  }
  return infinity;
}

}  // namespace flowcheck
