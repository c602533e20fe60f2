#include "measures/kernel_density.hpp"

#include "measures/moment_fit.hpp"
#include "numerics/require.hpp"

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <cmath>

namespace flowcheck {
namespace {

// Small enough for the first-level cache, and for a task to be worth its start.
constexpr Index block_size = 512;
constexpr Index queries_per_task = 16;

enum class Wanted { sum, sum_and_pull };

// Σᵢ exp(−½(|zᵢ − z|² − least)) and the same with the factor zᵢ − z, over the points seen so far.
// The nearest of them has weight 1, so that no query underflows.
struct KernelSum {
  double least = infinity;  // min |zᵢ − z|²
  double sum = 0.0;
  Vector pull = {};

  void lower_least(double square) {
    if (square >= least) return;
    const double factor = std::exp(0.5 * (square - least));
    sum *= factor;
    pull *= factor;
    least = square;
  }
};

KernelSum kernel_sum(const Matrix& points,
                     const Vector& z,
                     Wanted wanted,
                     Eigen::ArrayXd& weights) {
  KernelSum result{.pull = Vector::Zero(wanted == Wanted::sum ? 0 : z.size())};
  for (Index start = 0; start < points.rows(); start += block_size) {
    const Index length = std::min(block_size, points.rows() - start);
    const auto offset = [&](Index k) {
      return points.col(k).segment(start, length).array() - z(k);
    };
    weights = offset(0).square();
    for (Index k = 1; k < z.size(); ++k) weights += offset(k).square();
    result.lower_least(weights.minCoeff());
    weights = (-0.5 * (weights - result.least)).exp();
    result.sum += weights.sum();
    for (Index k = 0; k < result.pull.size(); ++k) result.pull(k) += (weights * offset(k)).sum();
  }
  return result;
}

// Calls use(j, kernel sum) for every column z of the whitened queries.
template <class Use>
void for_each_query(const Matrix& points, const Matrix& z, Wanted wanted, const Use& use) {
  tbb::parallel_for(tbb::blocked_range<Index>(0, z.cols(), queries_per_task),
                    [&](const tbb::blocked_range<Index>& range) {
                      Eigen::ArrayXd weights;
                      for (Index j = range.begin(); j < range.end(); ++j) {
                        use(j, kernel_sum(points, z.col(j), wanted, weights));
                      }
                    });
}

}  // namespace

KernelDensity::KernelDensity(const Matrix& points, const Matrix& kernel_covariance) {
  require(points.size() > 0, "KernelDensity: there must be points");
  require(points.allFinite(), "KernelDensity: the points must be finite");
  require(kernel_covariance.rows() == points.rows(),
          "KernelDensity: the kernel's covariance must be d x d, d the points' dimension");
  const Gaussian kernel(Vector::Zero(points.rows()), kernel_covariance);
  require(kernel.has_density(), "KernelDensity: the kernel's covariance is singular");
  whitening_ = kernel.inverse_factor();
  centre_ = points.rowwise().mean();
  whitened_ = (whitening_ * (points.colwise() - centre_)).transpose();
  log_peak_ = kernel.log_density(kernel.mean()) - std::log(static_cast<double>(points.cols()));
}

KernelDensity KernelDensity::scott(const Matrix& points) {
  const double N = static_cast<double>(points.cols());
  const double d = static_cast<double>(points.rows());
  const Gaussian fit = moment_fit(points);
  require(fit.has_density(), "KernelDensity::scott: the points' covariance is singular");
  return {points, std::pow(N, -2.0 / (d + 4.0)) * fit.covariance()};
}

KernelDensity KernelDensity::isotropic(const Matrix& points, double variance) {
  require(std::isfinite(variance) && variance > 0.0,
          "KernelDensity::isotropic: the variance must be positive");
  return {points, variance * Matrix::Identity(points.rows(), points.rows())};
}

Vector KernelDensity::log_density(const Matrix& queries) const {
  require(queries.rows() == dimension(), "KernelDensity: the queries have another dimension");
  const Matrix z = whitening_ * (queries.colwise() - centre_);
  Vector result(queries.cols());
  for_each_query(whitened_, z, Wanted::sum, [&](Index j, const KernelSum& seen) {
    result(j) = log_peak_ - 0.5 * seen.least + std::log(seen.sum);
  });
  return result;
}

Matrix KernelDensity::score(const Matrix& queries) const {
  require(queries.rows() == dimension(), "KernelDensity: the queries have another dimension");
  const Matrix z = whitening_ * (queries.colwise() - centre_);
  Matrix pull(queries.rows(), queries.cols());
  for_each_query(whitened_, z, Wanted::sum_and_pull,
                 [&](Index j, const KernelSum& seen) { pull.col(j) = seen.pull / seen.sum; });
  return whitening_.transpose() * pull;
}

}  // namespace flowcheck
