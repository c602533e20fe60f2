#include "proximal/sample_first_order_error.hpp"

#include "distances/transport.hpp"
#include "distances/wasserstein.hpp"
#include "measures/kernel_density.hpp"
#include "measures/moment_fit.hpp"
#include "numerics/confidence.hpp"
#include "numerics/require.hpp"
#include "numerics/rng.hpp"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

namespace flowcheck {
namespace {

Matrix gradients(const PointPotential& potential, const Matrix& points) {
  Matrix result(points.rows(), points.cols());
  for (Index j = 0; j < points.cols(); ++j) {
    const Vector gradient = potential.gradient(points.col(j));
    require(gradient.size() == points.rows(),
            "estimate_first_order_error: the potential has another dimension");
    result.col(j) = gradient;
  }
  require(result.allFinite(),
          "estimate_first_order_error: the potential's gradient is not finite at a point");
  return result;
}

Matrix assigned(const Matrix& from, const Matrix& to) {
  const TransportResult transport = optimal_transport(PointCloud(from), PointCloud(to));
  if (transport.termination != Termination::converged) {
    throw std::runtime_error("estimate_first_order_error: the assignment did not converge");
  }
  Matrix T(from.rows(), from.cols());
  for (const TransportArc& arc : transport.plan) T.col(arc.from) = to.col(arc.to);
  return T;
}

// g = ∇V + s − (T − y)/γ at the points y, in its parts.
struct Field {
  Matrix gradient;
  Matrix score;
  Matrix velocity;  // (T − y)/γ

  Matrix sum() const { return gradient + score - velocity; }
};

Field estimated_field(const Matrix& current,
                      const Matrix& next,
                      const PointPotential& potential,
                      double step_size,
                      double kernel_variance) {
  const KernelDensity density = kernel_variance > 0.0
                                    ? KernelDensity::isotropic(next, kernel_variance)
                                    : KernelDensity::scott(next);
  return {.gradient = gradients(potential, next),
          .score = density.score(next),
          .velocity = (assigned(next, current) - next) / step_size};
}

// The same where it is known.
Field exact_field(const Gaussian& current,
                  const Gaussian& next,
                  Field at,
                  const Matrix& points,
                  double step_size) {
  const AffineMap T = optimal_map(next, current);
  for (Index j = 0; j < points.cols(); ++j) {
    const Vector y = points.col(j);
    at.score.col(j) = next.score(y);
    at.velocity.col(j) = (T(y) - y) / step_size;
  }
  return at;
}

double mean_square(const Matrix& field) {
  return field.colwise().squaredNorm().mean();
}

// As published: claims nothing about the truth.
Estimate unenclosed(double value) {
  return Estimate::between(value, 0.0, infinity, Grade::sampled);
}

SampleFirstOrderError norms(const Field& field) {
  const Matrix g = field.sum();
  return {.squared = unenclosed(mean_square(g)),
          .published = unenclosed(g.cwiseAbs2().colwise().norm().mean()),
          .score_term = unenclosed(mean_square(field.gradient + field.score)),
          .transport_term = unenclosed(mean_square(field.velocity))};
}

void require_samples(const Matrix& current,
                     const Matrix& next,
                     double step_size,
                     double kernel_variance) {
  require(std::isfinite(step_size) && step_size > 0.0,
          "estimate_first_order_error: the step size must be positive");
  require(std::isfinite(kernel_variance) && kernel_variance >= 0.0,
          "estimate_first_order_error: the kernel's variance must not be negative");
  require(current.rows() == next.rows(),
          "estimate_first_order_error: the samples differ in dimension");
  require(current.cols() == next.cols(),
          "estimate_first_order_error: the samples must have as many points");
  require(next.rows() >= 1 && next.cols() >= next.rows() + 2,
          "estimate_first_order_error: expected at least d + 2 points");
  require(current.allFinite() && next.allFinite(),
          "estimate_first_order_error: the points must be finite");
}

// What one pair of samples of Gaussians says.
struct Replication {
  double squared = 0.0;
  double truth = 0.0;  // mean |ξ|² on the same points
  double score = 0.0;
  double transport = 0.0;
};

Replication replication(const Gaussian& current,
                        const Gaussian& next,
                        Index n,
                        const PointPotential& potential,
                        double step_size,
                        double kernel_variance,
                        Rng rng) {
  const Matrix y = sample(next, n, rng);
  const Matrix x = sample(current, n, rng);
  const Field estimated = estimated_field(x, y, potential, step_size, kernel_variance);
  const Field exact = exact_field(current, next, estimated, y, step_size);
  return {.squared = mean_square(estimated.sum()),
          .truth = mean_square(exact.sum()),
          .score = mean_square(estimated.score - exact.score),
          .transport = mean_square(estimated.velocity - exact.velocity)};
}

template <class Part>
std::vector<double> each(const std::vector<Replication>& all, const Part& part) {
  std::vector<double> values;
  for (const Replication& one : all) values.push_back(part(one));
  return values;
}

}  // namespace

PointPotential gaussian_potential(const Gaussian& q) {
  require(q.has_density(), "gaussian_potential: the measure has no density");
  return {.value = [q](const Vector& x) { return -q.log_density(x); },
          .gradient = [q](const Vector& x) -> Vector { return -q.score(x); }};
}

SampleFirstOrderError estimate_first_order_error(const Matrix& current,
                                                 const Matrix& next,
                                                 const PointPotential& potential,
                                                 double step_size,
                                                 double kernel_variance) {
  require_samples(current, next, step_size, kernel_variance);
  return norms(estimated_field(current, next, potential, step_size, kernel_variance));
}

CalibratedFirstOrderError calibrated_first_order_error(const Matrix& current,
                                                       const Matrix& next,
                                                       const PointPotential& potential,
                                                       double step_size,
                                                       const CalibrationOptions& options) {
  require(options.replications >= 3,
          "calibrated_first_order_error: expected at least 3 replications");
  require(options.miss_probability > 0.0 && options.miss_probability < 1.0,
          "calibrated_first_order_error: the miss probability must lie between 0 and 1");
  CalibratedFirstOrderError result{
      .reported =
          estimate_first_order_error(current, next, potential, step_size, options.kernel_variance)};
  const Gaussian p = moment_fit(current);
  const Gaussian p_next = moment_fit(next);
  require(p_next.has_density(), "calibrated_first_order_error: the points' covariance is singular");
  std::vector<Replication> all(static_cast<std::size_t>(options.replications));
  tbb::parallel_for(std::size_t{0}, all.size(), [&](std::size_t k) {
    all[k] = replication(p, p_next, next.cols(), potential, step_size, options.kernel_variance,
                         Rng(options.seed, k));
  });
  const double miss = options.miss_probability;
  result.bias =
      sample_mean(each(all, [](const auto& one) { return one.squared - one.truth; }), miss);
  result.score_bias = sample_mean(each(all, [](const auto& one) { return one.score; }), miss);
  result.transport_bias =
      sample_mean(each(all, [](const auto& one) { return one.transport; }), miss);

  // Student's half-width is t s/√K.
  const auto K = static_cast<Index>(all.size());
  const double s = standard_deviation(each(all, [](const auto& one) { return one.squared; }));
  const double half_width =
      student_half_width(s, K, miss) * std::sqrt(static_cast<double>(K) + 1.0);
  result.difference = result.reported.squared.value - result.bias.value;
  const double squared = std::max(result.difference, 0.0);
  result.squared = Estimate::between(squared, 0.0, infinity, Grade::sampled);
  result.of_gaussians = Estimate::between(squared, std::max(result.difference - half_width, 0.0),
                                          squared + half_width, Grade::sampled);
  return result;
}

}  // namespace flowcheck
