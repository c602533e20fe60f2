#pragma once

// The Gaussian formulas again, by the textbook and in 50 digits: an independent computation for the
// library's cancellation-free forms and their round-off models.

#include "measures/gaussian.hpp"
#include "support/real.hpp"

#include <Eigen/Eigenvalues>
#include <Eigen/LU>

namespace Eigen {
// Boost 1.74's own traits lack the infinity and NaN that Eigen 3.4 asks for.
template <>
struct NumTraits<flowcheck::high_precision::Real>
    : GenericNumTraits<flowcheck::high_precision::Real> {
  using Real = flowcheck::high_precision::Real;
  enum { RequireInitialization = 1, ReadCost = 10, AddCost = 20, MulCost = 40 };
  static Real dummy_precision() { return Real(1e-45); }
};
}  // namespace Eigen

namespace flowcheck::high_precision {

using RealMatrix = Eigen::Matrix<Real, Eigen::Dynamic, Eigen::Dynamic>;
using RealVector = Eigen::Matrix<Real, Eigen::Dynamic, 1>;

struct RealGaussian {
  RealVector mean;
  RealMatrix covariance;
};

inline RealGaussian exactly(const Gaussian& p) {
  return {p.mean().cast<Real>(), p.covariance().cast<Real>()};
}

template <class Function>
RealMatrix spectral(const RealMatrix& S, Function f) {
  const RealMatrix symmetric = (S + S.transpose()) / Real(2);
  const Eigen::SelfAdjointEigenSolver<RealMatrix> eigen(symmetric);
  RealVector values = eigen.eigenvalues();
  for (Index i = 0; i < values.size(); ++i) values(i) = f(values(i));
  return eigen.eigenvectors() * values.asDiagonal() * eigen.eigenvectors().transpose();
}

inline Real positive_root(const Real& x) {
  return x > 0 ? Real(sqrt(x)) : Real(0);
}
inline RealMatrix root(const RealMatrix& S) {
  return spectral(S, [](const Real& x) { return positive_root(x); });
}

inline Real log_determinant(const RealMatrix& S) {
  const Eigen::SelfAdjointEigenSolver<RealMatrix> eigen(S);
  Real sum = 0;
  for (Index i = 0; i < S.rows(); ++i) sum += log(eigen.eigenvalues()(i));
  return sum;
}

inline Real w2(const RealGaussian& p, const RealGaussian& q) {
  const RealMatrix R = root(p.covariance);
  const RealMatrix cross = root(R * q.covariance * R);
  const Real squared = (p.mean - q.mean).squaredNorm() + p.covariance.trace() +
                       q.covariance.trace() - Real(2) * cross.trace();
  return positive_root(squared);
}

inline RealMatrix optimal_linear(const RealGaussian& p, const RealGaussian& q) {
  const RealMatrix R = root(p.covariance);
  const RealMatrix R_inv = R.inverse();
  return R_inv * root(R * q.covariance * R) * R_inv;
}

inline Real kl(const RealGaussian& p, const RealGaussian& q) {
  const RealMatrix A = q.covariance.inverse();
  const RealVector shift = p.mean - q.mean;
  return ((A * p.covariance).trace() - Real(p.mean.size()) + shift.dot(A * shift) +
          log_determinant(q.covariance) - log_determinant(p.covariance)) /
         Real(2);
}

inline Real fisher_norm(const RealGaussian& p, const RealGaussian& q) {
  const RealMatrix A = q.covariance.inverse();
  const RealMatrix K = A - p.covariance.inverse();
  return sqrt((A * (p.mean - q.mean)).squaredNorm() + (K * p.covariance * K).trace());
}

// 1 − ∫√(pq), from determinants.
inline Real squared_hellinger(const RealGaussian& p, const RealGaussian& q) {
  const RealMatrix mid = (p.covariance + q.covariance) / Real(2);
  const RealVector shift = p.mean - q.mean;
  const Real exponent = (log_determinant(p.covariance) + log_determinant(q.covariance)) / Real(4) -
                        log_determinant(mid) / Real(2) - shift.dot(mid.inverse() * shift) / Real(8);
  return Real(1) - exp(exponent);
}

// ∫p²/q − 1 by completing the square: p²/q is a Gaussian with precision 2Σ⁻¹ − Q⁻¹.
inline Real chi_squared(const RealGaussian& p, const RealGaussian& q) {
  const RealMatrix S = p.covariance.inverse();
  const RealMatrix A = q.covariance.inverse();
  const RealMatrix P = Real(2) * S - A;
  const RealVector b = Real(2) * S * p.mean - A * q.mean;
  const Real exponent = b.dot(P.inverse() * b) / Real(2) - p.mean.dot(S * p.mean) +
                        q.mean.dot(A * q.mean) / Real(2) - log_determinant(p.covariance) +
                        log_determinant(q.covariance) / Real(2) - log_determinant(P) / Real(2);
  return exp(exponent) - Real(1);
}

inline Real first_order_error(const RealGaussian& p,
                              const RealGaussian& next,
                              const RealGaussian& q,
                              double step_size) {
  const Real gamma = step_size;
  const RealMatrix A = q.covariance.inverse();
  const RealMatrix I = RealMatrix::Identity(A.rows(), A.cols());
  const RealMatrix K = A - next.covariance.inverse() - (optimal_linear(next, p) - I) / gamma;
  const RealVector v = A * (next.mean - q.mean) - (p.mean - next.mean) / gamma;
  return sqrt(v.squaredNorm() + (K * next.covariance * K).trace());
}

}  // namespace flowcheck::high_precision
