#include "jko/plane_geodesic.hpp"

#include "numerics/round_off.hpp"

#include <Eigen/LU>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace flowcheck {
namespace {

constexpr int half_nodes = 32;  // on each side of a component's centre, along each of its axes
constexpr double step = 0.25;   // between them, in deviations

// ∫f dν, and from every other node of each axis.
template <class Integrand>
Estimate integral(const GaussianMixture& p, const Integrand& f) {
  double fine = 0.0;
  double coarse = 0.0;
  for (Index k = 0; k < p.size(); ++k) {
    if (p.weights()[k] == 0.0) continue;
    const Vector mean = p.means().col(k);
    const Matrix& L = p.kernel(k).factor();
    for (int j = -half_nodes; j <= half_nodes; ++j) {
      for (int i = -half_nodes; i <= half_nodes; ++i) {
        const Vector z{{step * i, step * j}};
        const double mass = p.weights()[k] * step * step * std::exp(-0.5 * z.squaredNorm()) /
                            (2.0 * std::numbers::pi);
        const double term = mass * f(Vector(mean + L * z));
        fine += term;
        if (i % 2 == 0 && j % 2 == 0) coarse += 4.0 * term;
      }
    }
  }
  return Estimate::converged(fine, std::abs(fine - coarse), round_off(1.0 + std::abs(fine), 2));
}

}  // namespace

Vector PlaneGradientMap::operator()(const Vector& x) const {
  const Eigen::ArrayXd phase = (waves.transpose() * (x - centre) + phases).array();
  return offset + linear * (x - centre) + waves * (amplitudes.array() * phase.cos()).matrix();
}

Matrix PlaneGradientMap::jacobian(const Vector& x) const {
  const Eigen::ArrayXd phase = (waves.transpose() * (x - centre) + phases).array();
  const Vector bend = (amplitudes.array() * phase.sin()).matrix();
  return linear - waves * bend.asDiagonal() * waves.transpose();
}

PlaneGradientMap draw_gradient_map(Rng& rng, const GaussianMixture& p) {
  const double width = std::sqrt(0.5 * p.covariance().trace());
  const auto direction = [&rng] {
    const double angle = rng.uniform(0.0, 2.0 * std::numbers::pi);
    return Vector{{std::cos(angle), std::sin(angle)}};
  };
  const Vector axis = direction();
  const double along = rng.log_uniform(0.5, 2.0);
  const double across = rng.log_uniform(0.5, 2.0);
  PlaneGradientMap map{
      .centre = p.mean(),
      .offset = p.mean() + width * rng.normal_vector(2),
      .linear = across * Matrix::Identity(2, 2) + (along - across) * axis * axis.transpose(),
      .waves = Matrix(2, 2),
      .amplitudes = Vector(2),
      .phases = Vector(2)};
  for (Index k = 0; k < 2; ++k) {
    map.waves.col(k) = rng.uniform(0.5, 1.5) / width * direction();
    map.amplitudes[k] = 0.25 * std::min(along, across) / map.waves.col(k).squaredNorm();
    map.phases[k] = rng.uniform(0.0, 2.0 * std::numbers::pi);
  }
  return map;
}

Estimate kl_along(const PlaneGeodesic& g, const Gaussian& q, double t) {
  return integral(g.base, [&](const Vector& x) {
    const Vector image = (1.0 - t) * g.from(x) + t * g.to(x);
    const Matrix slope = (1.0 - t) * g.from.jacobian(x) + t * g.to.jacobian(x);
    return g.base.log_density(x) - std::log(slope.determinant()) - q.log_density(image);
  });
}

Estimate slope_along(const PlaneGeodesic& g, const Gaussian& q) {
  return integral(g.base, [&](const Vector& x) {
    const Vector image = g.from(x);
    const double divergence = (g.to.jacobian(x) * g.from.jacobian(x).inverse()).trace() - 2.0;
    return -divergence - q.score(image).dot(g.to(x) - image);
  });
}

Estimate squared_length(const PlaneGeodesic& g) {
  return integral(g.base, [&](const Vector& x) { return (g.to(x) - g.from(x)).squaredNorm(); });
}

}  // namespace flowcheck
