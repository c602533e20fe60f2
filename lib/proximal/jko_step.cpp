#include "proximal/jko_step.hpp"

#include "distances/gaussian_divergence.hpp"
#include "distances/wasserstein.hpp"
#include "numerics/require.hpp"
#include "numerics/spd.hpp"

#include <cmath>

namespace flowcheck {
namespace {

void require_step(const Gaussian& current, const Gaussian& target, double step_size) {
  require(std::isfinite(step_size) && step_size > 0.0, "jko_step: the step size must be positive");
  require(current.dimension() == target.dimension(), "jko_step: the measures differ in dimension");
  require(target.has_density(), "jko_step: the target has no density");
}

// Σ' of the header. The eigenproblem has the size of Σ's rank: directions of no variance contribute
// γM⁻¹ exactly, where a square root of their rounded eigenvalue would cost half the digits.
Matrix stepped_covariance(const Gaussian& current, const Matrix& M_inv, double gamma) {
  const Index rank = current.rank();
  if (rank == 0) return gamma * M_inv;
  const Matrix L = current.factor().rightCols(rank);
  const Matrix N = M_inv * L;
  const SymmetricEigen C = symmetric_eigen(symmetrised(L.transpose() * N));
  const Matrix h = spectral_function(
      C, [gamma](double c) { return 0.5 * (1.0 + std::sqrt(1.0 + 4.0 * gamma / c)); });
  return symmetrised(gamma * M_inv + N * h * N.transpose());
}

}  // namespace

Estimate proximal_penalty(const Estimate& squared_w2, double step_size) {
  return squared_w2 / (2.0 * step_size);
}

Estimate jko_objective(const Gaussian& rho,
                       const Gaussian& current,
                       const Gaussian& target,
                       double step_size) {
  return kl(rho, target) + proximal_penalty(squared_w2(current, rho), step_size);
}

Gaussian jko_step(const Gaussian& current, const Gaussian& target, double step_size) {
  require_step(current, target, step_size);
  const SymmetricEigen Q{.values = target.eigenvalues(), .vectors = target.eigenvectors()};
  const Matrix M_inv = spectral_function(Q, [step_size](double s) { return s / (s + step_size); });
  return {target.mean() + M_inv * (current.mean() - target.mean()),
          stepped_covariance(current, M_inv, step_size)};
}

AffineField operator*(double factor, const AffineField& field) {
  return {.linear = factor * field.linear, .constant = factor * field.constant};
}

double field_norm(const AffineField& field, const Gaussian& p) {
  return std::hypot(field.constant.norm(), (field.linear * p.factor()).norm());
}

Gaussian perturbed_jko_step(const Gaussian& current,
                            const Gaussian& target,
                            double step_size,
                            const AffineField& error) {
  require_step(current, target, step_size);
  const Index d = current.dimension();
  require(error.linear.rows() == d && error.linear.cols() == d && error.constant.size() == d,
          "perturbed_jko_step: the error field has another dimension");
  const Matrix A = target.precision();
  const SymmetricEigen M =
      symmetric_eigen(Matrix::Identity(d, d) + step_size * (A - symmetrised(error.linear)));
  require(M.values(0) > 0.0,
          "perturbed_jko_step: no Gaussian step has so large a first-order error");
  const Matrix M_inv = spectral_function(M, [](double s) { return 1.0 / s; });

  const SymmetricEigen Q{.values = target.eigenvalues(), .vectors = target.eigenvectors()};
  const Matrix exact_M_inv =
      spectral_function(Q, [step_size](double s) { return s / (s + step_size); });
  const Vector mean =
      target.mean() + exact_M_inv * (current.mean() - target.mean() + step_size * error.constant);
  return {mean, stepped_covariance(current, M_inv, step_size)};
}

}  // namespace flowcheck
