#include "numerics/spd.hpp"

#include "numerics/require.hpp"

#include <Eigen/Eigenvalues>
#include <Eigen/SVD>

namespace flowcheck {

SymmetricEigen symmetric_eigen(const Matrix& S) {
  require(S.rows() == S.cols(), "symmetric_eigen: the matrix must be square");
  require(S.allFinite(), "symmetric_eigen: the matrix must be finite");
  const Eigen::SelfAdjointEigenSolver<Matrix> solver(S);
  require(solver.info() == Eigen::Success, "symmetric_eigen: the iteration did not converge");
  return {.values = solver.eigenvalues(), .vectors = solver.eigenvectors()};
}

Eigenpair smallest_eigenpair(const Matrix& S) {
  const SymmetricEigen eigen = symmetric_eigen(S);
  return {.value = eigen.values(0), .vector = eigen.vectors.col(0)};
}

Eigenpair largest_eigenpair(const Matrix& S) {
  const SymmetricEigen eigen = symmetric_eigen(S);
  const Index last = eigen.values.size() - 1;
  return {.value = eigen.values(last), .vector = eigen.vectors.col(last)};
}

Matrix spectral_function(const SymmetricEigen& S, const std::function<double(double)>& f) {
  const Vector values = S.values.unaryExpr(f);
  return symmetrised(S.vectors * values.asDiagonal() * S.vectors.transpose());
}

Matrix symmetrised(const Matrix& A) {
  return 0.5 * (A + A.transpose());
}

Matrix polar_factor(const Matrix& A) {
  require(A.rows() == A.cols(), "polar_factor: the matrix must be square");
  // Divide and conquer pays from a few dozen rows on; below, Jacobi is the more accurate one.
  if (A.rows() > 32) {
    const Eigen::BDCSVD<Matrix> svd(A, Eigen::ComputeFullU | Eigen::ComputeFullV);
    return svd.matrixU() * svd.matrixV().transpose();
  }
  const Eigen::JacobiSVD<Matrix> svd(A, Eigen::ComputeFullU | Eigen::ComputeFullV);
  return svd.matrixU() * svd.matrixV().transpose();
}

}  // namespace flowcheck
