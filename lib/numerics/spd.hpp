#pragma once

#include "numerics/types.hpp"

#include <functional>

namespace flowcheck {

/// S = V diag(λ) Vᵀ, λ ascending, V orthogonal.
struct SymmetricEigen {
  Vector values = {};
  Matrix vectors = {};
};

struct Eigenpair {
  double value = 0.0;
  Vector vector = {};  ///< of length 1
};

/// Spectral decomposition of a symmetric matrix (its lower triangle is read). Cost O(d³).
/// @throws std::invalid_argument  not square, or the iteration did not converge (NaN or ∞ inside)
SymmetricEigen symmetric_eigen(const Matrix& S);

Eigenpair smallest_eigenpair(const Matrix& S);
Eigenpair largest_eigenpair(const Matrix& S);

/// V diag(f(λ)) Vᵀ, exactly symmetric.
Matrix spectral_function(const SymmetricEigen& S, const std::function<double(double)>& f);

Matrix symmetrised(const Matrix& A);  ///< (A + Aᵀ) / 2

/// Orthogonal U closest to A, the polar factor: maximises tr(UᵀA); A = U (AᵀA)^{1/2}.
/// Where A is singular, one of the maximisers.
Matrix polar_factor(const Matrix& A);

}  // namespace flowcheck
