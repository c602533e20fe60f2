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
  unknown,    ///< equal to rounding, and more is not known
};

/// `same` is decided by elimination in integers: rank (Σ | Q | m − μ) = rank Σ = rank Q = rank(),
/// for d ≤ 32. A range given in rounded numbers is rarely the same as another; it is `unknown`
/// where N, an orthonormal basis of q's null directions, does not tell: with V that of p's range
/// and κ the ratio of the largest eigenvalue to the least positive one,
///
///   ‖NᵀV‖ ≤ 64·d·u (κ_p + κ_q)  and  |Nᵀ(m − μ)| ≤ 64·d·u (κ_q |m − μ| + |m| + |μ|).
///
/// Cost: O(d³), and as many operations on long integers where the ranges are equal to rounding.
/// @throws std::invalid_argument  the dimensions differ
SupportRelation compare_supports(const Gaussian& p, const Gaussian& q);

/// Coordinates that tell the points of every component's support apart, as many as its dimension:
/// those a Cholesky decomposition of the covariances' sum pivots on. On one common support a
/// projection to them keeps every divergence as it is, and rounds nothing.
std::vector<Index> supporting_coordinates(const GaussianMixture& p, const GaussianMixture& q);

/// The mixture's law of these coordinates.
GaussianMixture marginal(const GaussianMixture& p, const std::vector<Index>& coordinates);

}  // namespace flowcheck
