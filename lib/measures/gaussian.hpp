#pragma once

#include "numerics/types.hpp"

namespace flowcheck {

class Rng;

/// Gaussian measure N(m, Σ) on ℝᵈ, Σ symmetric positive semidefinite (zero: an atom).
///
/// A value: checked and factored once, when it is made; constant afterwards. Σ = V diag(λ) Vᵀ with
/// λ ascending; eigenvalues within round-off of zero, |λ| ≤ 8·d·u·λ_max, are taken as zero.
class Gaussian {
 public:
  /// @param mean        m, length d ≥ 1
  /// @param covariance  Σ, d × d; asymmetry up to round-off is averaged away
  /// @throws std::invalid_argument  wrong shape, not finite, not symmetric, or not positive
  /// semidefinite
  Gaussian(Vector mean, Matrix covariance);

  static Gaussian standard(Index dimension);  ///< N(0, I)
  static Gaussian dirac(Vector point);        ///< δ_m = N(m, 0)

  Index dimension() const { return mean_.size(); }
  const Vector& mean() const { return mean_; }
  const Matrix& covariance() const { return covariance_; }
  const Vector& eigenvalues() const {
    return eigenvalues_;
  }  ///< λ of Σ, ascending, zero where singular
  const Matrix& eigenvectors() const { return eigenvectors_; }  ///< V, one per column
  Index rank() const { return rank_; }                          ///< number of eigenvalues > 0
  bool has_density() const { return rank_ == dimension(); }

  Matrix factor() const;  ///< L = V diag(√λ), Σ = LLᵀ, singular where Σ is
  Matrix inverse_factor()
      const;  ///< L⁻¹ = diag(1/√λ) Vᵀ. @throws std::invalid_argument  no density
  Matrix precision() const;         ///< Σ⁻¹. @throws std::invalid_argument  no density
  double condition_number() const;  ///< λ_max / λ_min; +∞ where singular

  double log_density(const Vector& x) const;  ///< @throws std::invalid_argument  no density
  Vector score(const Vector& x) const;  ///< ∇ log p(x) = −Σ⁻¹(x − m); throws likewise
  double entropy() const;  ///< −∫ p log p = ½ log det(2πeΣ); −∞ where singular

 private:
  Vector mean_;
  Matrix covariance_;
  Vector eigenvalues_;
  Matrix eigenvectors_;
  Index rank_ = 0;
};

/// x ↦ offset + linear · x.
struct AffineMap {
  Matrix linear = {};  ///< d × d
  Vector offset = {};  ///< length d

  Vector operator()(const Vector& x) const { return linear * x + offset; }
};

AffineMap inverse(const AffineMap& map);  ///< @throws std::invalid_argument  singular linear part
AffineMap compose(const AffineMap& outer, const AffineMap& inner);  ///< x ↦ outer(inner(x))

/// Image T_#p = N(T(m), LΣLᵀ) of a Gaussian under x ↦ Lx + b.
Gaussian pushforward(const AffineMap& map, const Gaussian& p);

/// n points drawn from p, d × n.
Matrix sample(const Gaussian& p, Index count, Rng& rng);

}  // namespace flowcheck
