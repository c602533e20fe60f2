#include "measures/random_gaussian.hpp"

#include "numerics/require.hpp"
#include "numerics/spd.hpp"

#include <Eigen/QR>

namespace flowcheck {

Matrix random_orthogonal(Rng& rng, Index dimension) {
  require(dimension > 0, "random_orthogonal: the dimension must be positive");
  const Eigen::HouseholderQR<Matrix> qr(rng.normal_matrix(dimension, dimension));
  const Matrix Q = qr.householderQ();
  // Only with R's diagonal made positive is Q Haar distributed.
  const Vector diagonal = qr.matrixQR().diagonal();
  return Q * diagonal.unaryExpr([](double r) { return r < 0.0 ? -1.0 : 1.0; }).asDiagonal();
}

Gaussian random_gaussian(Rng& rng, Index dimension, const RandomGaussianOptions& options) {
  const Vector mean = options.mean_scale * rng.normal_vector(dimension);
  Vector variances(dimension);
  for (double& variance : variances) {
    variance = rng.log_uniform(options.smallest_variance, options.largest_variance);
  }
  const Matrix V = random_orthogonal(rng, dimension);
  return {mean, symmetrised(V * variances.asDiagonal() * V.transpose())};
}

AffineMap random_rigid_motion(Rng& rng, Index dimension) {
  Matrix linear = random_orthogonal(rng, dimension);
  return {.linear = std::move(linear), .offset = rng.normal_vector(dimension)};
}

}  // namespace flowcheck
