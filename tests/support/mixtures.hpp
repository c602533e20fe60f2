#pragma once

#include "measures/gaussian_mixture.hpp"
#include "numerics/rng.hpp"

#include <utility>
#include <vector>

namespace flowcheck {

/// K components in ℝᵈ with weights, means of size `spread` and full covariances of eigenvalues in
/// about [narrow, wide], drawn from the stream.
inline GaussianMixture random_mixture(
    Rng& rng, Index dimension, Index count, double spread, double narrow, double wide) {
  Vector weights(count);
  for (double& w : weights) w = rng.uniform(0.2, 1.0);
  weights /= weights.sum();
  const Matrix means = spread * rng.normal_matrix(dimension, count);
  std::vector<Matrix> covariances;
  for (Index k = 0; k < count; ++k) {
    const Matrix B = rng.normal_matrix(dimension, dimension);
    const Matrix S = B * B.transpose();
    const double part = rng.uniform();
    covariances.push_back(narrow * Matrix::Identity(dimension, dimension) +
                          part * (wide - narrow) / S.trace() * S);
  }
  return {std::move(weights), means, std::move(covariances)};
}

/// Σ wₖ N(mₖ, sₖ²) on the line.
inline GaussianMixture line_mixture(std::vector<double> weights,
                                    std::vector<double> means,
                                    std::vector<double> deviations) {
  const auto count = static_cast<Index>(weights.size());
  std::vector<Matrix> covariances;
  for (const double s : deviations) covariances.push_back(Matrix::Constant(1, 1, s * s));
  return {Eigen::Map<Vector>(weights.data(), count), Eigen::Map<Matrix>(means.data(), 1, count),
          std::move(covariances)};
}

}  // namespace flowcheck
