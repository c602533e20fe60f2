#pragma once

#include "measures/gaussian.hpp"

namespace flowcheck {

/// Gaussian kernel density estimate of N points xᵢ in ℝᵈ with kernel covariance H:
///
///   p̂(y) = (1/N) Σᵢ N(y; xᵢ, H),    ∇ log p̂(y) = H⁻¹ Σᵢ wᵢ(xᵢ − y) / Σᵢ wᵢ,
///   wᵢ = exp(−½ (xᵢ − y)ᵀH⁻¹(xᵢ − y)).
///
/// Points are whitened once; a query costs O(N·d) and is a log-sum-exp, so that it is finite
/// however far it lies from the points. Queries run in parallel (oneTBB), each by itself in a fixed
/// order: the same bytes for any number of threads.
class KernelDensity {
 public:
  /// @param points             xᵢ, d × N, N ≥ 1
  /// @param kernel_covariance  H, d × d, positive definite
  /// @throws std::invalid_argument  no points, not finite, wrong shape, or H singular
  KernelDensity(const Matrix& points, const Matrix& kernel_covariance);

  /// H = N^{−2/(d+4)} S, Scott's rule with the unbiased sample covariance S: what scipy's
  /// gaussian_kde does unasked. Equivariant under affine maps.
  /// @throws std::invalid_argument  S is singular, as for N ≤ d
  static KernelDensity scott(const Matrix& points);

  /// H = hI: wᵢ = exp(−|xᵢ − y|²/(2h)), h > 0 being a variance.
  static KernelDensity isotropic(const Matrix& points, double variance);

  Index dimension() const { return whitening_.rows(); }
  Index size() const { return whitened_.rows(); }  ///< N

  /// log p̂ at each column of `queries`, d × M. A query among the points sees its own kernel too.
  Vector log_density(const Matrix& queries) const;
  /// ∇ log p̂ at each column of `queries`, d × M.
  Matrix score(const Matrix& queries) const;

 private:
  Matrix whitening_;  // W with WᵀW = H⁻¹
  Vector centre_;     // mean of the points, taken off before whitening
  Matrix whitened_;   // W(xᵢ − centre), N × d: one coordinate of all points is contiguous
  double log_peak_;   // log of N(0; 0, H)/N
};

}  // namespace flowcheck
