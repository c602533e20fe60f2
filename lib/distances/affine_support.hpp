#pragma once

#include "measures/gaussian.hpp"
#include "measures/gaussian_mixture.hpp"

#include <vector>

namespace flowcheck {

/// Whether two Gaussians live on one affine subspace, the support m + range Σ of each. On one they
/// are absolutely continuous with respect to each other; on two they are mutually singular.
enum class SupportRelation {
  same,       ///< exactly, for the entries as they are
  different,  ///< in dimension, in an atom's place, or by more than the eigenvectors' rounding
  unknown,    ///< equal to rounding, or singular to rounding alone: more is not known
};

/// The range of a Gaussian's covariance, prepared once for many comparisons. Refers to the
/// Gaussian.
struct CovarianceRange {
  explicit CovarianceRange(const Gaussian& of);

  const Gaussian* kernel = nullptr;     ///< its mean is not looked at
  std::vector<Index> coordinates = {};  ///< in which the covariance does not vanish
  /// rank Σ = rank() for the entries as they are. It is decided by elimination in integers where
  /// the coordinates are more than rank() and no more than 32, and false beyond.
  bool has_exact_rank = false;
  Vector null_direction = {};  ///< a unit vector, the sum of N's columns; empty with a density
};

/// The supports m + range Σ and μ + range Q. Of a covariance that is singular to rounding alone,
/// diag(1, 1e-15), nothing is told but that the support is no less than the numerical one. `same`
/// is decided by elimination in integers: rank (Σ | Q | m − μ) = rank Σ = rank Q = rank(), in at
/// most 32 coordinates in which they do not vanish. A range given in rounded numbers is rarely the
/// same as another; it is `unknown` where N, an orthonormal basis of q's null directions, does not
/// tell: with V that of p's range and κ the ratio of the largest eigenvalue to the least positive
/// one,
///
///   ‖NᵀV‖ ≤ 64·d·u (κ_p + κ_q)  and  |Nᵀ(m − μ)| ≤ 64·d·u (κ_q |m − μ| + |m| + |μ|).
///
/// Cost: O(d³), or O(d²) for one kernel, and as many operations on long integers where the ranges
/// are equal to rounding.
/// @throws std::invalid_argument  the dimensions differ
SupportRelation compare_supports(const CovarianceRange& p,
                                 const Vector& m,
                                 const CovarianceRange& q,
                                 const Vector& mu);

SupportRelation compare_supports(const Gaussian& p, const Gaussian& q);

/// Coordinates that tell the points of every component's support apart, as many as its dimension:
/// those a Cholesky decomposition of the covariances' sum pivots on. On one common support a
/// projection to them keeps every divergence of densities as it is, and rounds nothing. Components
/// of weight zero have none.
std::vector<Index> supporting_coordinates(const GaussianMixture& p, const GaussianMixture& q);

/// The mixture's law of these coordinates, its components of weight zero left out.
GaussianMixture marginal(const GaussianMixture& p, const std::vector<Index>& coordinates);

}  // namespace flowcheck
