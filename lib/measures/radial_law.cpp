#include "measures/radial_law.hpp"

#include "numerics/require.hpp"
#include "numerics/rng.hpp"
#include "numerics/round_off.hpp"

#include <boost/math/special_functions/gamma.hpp>

#include <cmath>
#include <numbers>
#include <utility>

namespace flowcheck {
namespace {

LineMeasure law_of_radius(Index dimension, const RadialPotential& U) {
  require(dimension >= 1, "RadialLaw: the dimension must be positive");
  require(U.value && U.slope && U.curvature,
          "RadialLaw: the potential needs its value, slope and curvature");
  const double k = static_cast<double>(dimension - 1);
  LinePotential V;
  V.value = [U, k](double r) {
    return k == 0.0 ? U.value(r) : r > 0.0 ? U.value(r) - k * std::log(r) : infinity;
  };
  V.slope = [U, k](double r) { return k == 0.0 ? U.slope(r) : U.slope(r) - k / r; };
  V.curvature = [U, k](double r) {
    return k == 0.0 ? U.curvature(r) : U.curvature(r) + k / (r * r);
  };
  V.lower = 0.0;
  V.upper = U.radius;
  V.centre = U.typical;
  V.kinks = U.kinks;
  return LineMeasure(std::move(V));
}

// log of the surface of the unit sphere in ℝᵈ, 2π^{d/2}/Γ(d/2).
double log_sphere(Index dimension) {
  const double half = 0.5 * static_cast<double>(dimension);
  return std::log(2.0) + half * std::log(std::numbers::pi) - std::lgamma(half);
}

void check_radius(double s) {
  require(s >= 0.0, "radial map: a distance is not negative");
}

double log_chi_density(Index dimension, double s) {
  const double d = static_cast<double>(dimension);
  return (d - 1.0) * std::log(s) - 0.5 * s * s - (0.5 * d - 1.0) * std::log(2.0) -
         std::lgamma(0.5 * d);
}

}  // namespace

RadialLaw::RadialLaw(Index dimension, RadialPotential potential)
    : dimension_(dimension),
      potential_(std::move(potential)),
      radius_(law_of_radius(dimension_, potential_)) {}

double RadialLaw::log_density(const Vector& x) const {
  require(x.size() == dimension_, "RadialLaw: the point has another dimension");
  const double r = x.norm();
  if (r > potential_.radius) return -infinity;
  return -potential_.value(r) - radius_.log_normaliser().value - log_sphere(dimension_);
}

Vector RadialLaw::score(const Vector& x) const {
  require(x.size() == dimension_, "RadialLaw: the point has another dimension");
  const double r = x.norm();
  if (r == 0.0) return Vector::Zero(dimension_);
  return -potential_.slope(r) / r * x;
}

Estimate RadialLaw::entropy() const {
  const Estimate energy = radius_.expectation(potential_.value);
  const double sphere = log_sphere(dimension_);
  return widened(energy + radius_.log_normaliser() + sphere, round_off(1.0 + std::abs(sphere), 1));
}

Estimate RadialLaw::axial_variance() const {
  return (radius_.variance() + square(radius_.mean())) / static_cast<double>(dimension_);
}

Matrix sample(const RadialLaw& p, Index count, Rng& rng) {
  Matrix points(p.dimension(), count);
  const Matrix radii = sample(p.radius(), count, rng);
  for (Index i = 0; i < count; ++i) {
    points.col(i) = radii(0, i) * rng.normal_vector(p.dimension()).normalized();
  }
  return points;
}

double radial_map(const RadialLaw& p, double s) {
  check_radius(s);
  const double half = 0.5 * static_cast<double>(p.dimension());
  const double below = boost::math::gamma_p(half, 0.5 * s * s);
  const double above = boost::math::gamma_q(half, 0.5 * s * s);
  return p.radius().quantile_of_both(below, above);
}

double radial_map_slope(const RadialLaw& p, double s) {
  require(s > 0.0, "radial_map_slope: the distance must be positive");
  return std::exp(log_chi_density(p.dimension(), s) - p.radius().log_density(radial_map(p, s)));
}

double ball_map(Index dimension, double radius, double s) {
  check_radius(s);
  require(dimension >= 1 && radius > 0.0, "ball_map: needs d >= 1 and a positive radius");
  const double d = static_cast<double>(dimension);
  const double above = boost::math::gamma_q(0.5 * d, 0.5 * s * s);
  if (above < 0.5) return radius * std::exp(std::log1p(-above) / d);
  return radius * std::pow(boost::math::gamma_p(0.5 * d, 0.5 * s * s), 1.0 / d);
}

double ball_map_slope(Index dimension, double radius, double s) {
  const double d = static_cast<double>(dimension);
  // ρ^d = D^d F: ρ′ = D^d F′/(d ρ^{d−1}); at 0 F is s^d/(2^{d/2} Γ(d/2 + 1)).
  if (s == 0.0) {
    return radius * std::exp(-0.5 * std::log(2.0) - std::lgamma(0.5 * d + 1.0) / d);
  }
  const double rho = ball_map(dimension, radius, s);
  return radius / d * std::exp(log_chi_density(dimension, s) - (d - 1.0) * std::log(rho / radius));
}

}  // namespace flowcheck
