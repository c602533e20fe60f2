#pragma once

#include "measures/gaussian.hpp"

#include <vector>

namespace flowcheck {

/// Gaussian mixture Σₖ wₖ N(mₖ, Σₖ) on ℝᵈ, each Σₖ symmetric positive semidefinite (all zero: a
/// finite point set).
///
/// A value: checked and factored once, when it is made; constant afterwards. A covariance that all
/// components share is stored and factored once, so that 50 000 pixels cost 50 000 means.
class GaussianMixture {
 public:
  /// @param weights      wₖ ≥ 0, length K ≥ 1, summing to one within 1e-9; divided by their sum
  /// @param means        mₖ, d × K, one a column
  /// @param covariances  Σₖ, d × d: one, which all components share, or K of them
  /// @throws std::invalid_argument  not such weights, wrong shape, not finite, not symmetric, or
  /// not
  ///                                positive semidefinite
  GaussianMixture(Vector weights, Matrix means, std::vector<Matrix> covariances);

  /// A Gaussian as a mixture of one.
  explicit GaussianMixture(const Gaussian& p);

  /// N(0, σ²I) * Σₖ wₖ δ_{mₖ}; σ² = 0 gives the points themselves.
  static GaussianMixture isotropic(Vector weights, Matrix means, double variance);

  Index dimension() const { return means_.rows(); }
  Index size() const { return means_.cols(); }                                ///< K
  const Vector& weights() const { return weights_; }                          ///< wₖ, of sum one
  const Matrix& means() const { return means_; }                              ///< mₖ, d × K
  const Matrix& covariance(Index k) const { return kernel(k).covariance(); }  ///< Σₖ
  const Gaussian& kernel(Index k) const {  ///< N(0, Σₖ), with the factors of Σₖ
    return kernels_[has_common_covariance() ? 0 : static_cast<std::size_t>(k)];
  }
  Gaussian component(Index k) const;  ///< N(mₖ, Σₖ)

  /// All components share one covariance: it was given once, or K equal ones were.
  bool has_common_covariance() const { return kernels_.size() == 1; }
  /// σ² where all components share σ²I, exactly; −1 where they do not.
  double common_variance() const { return common_variance_; }
  bool has_density() const {
    return has_density_;
  }  ///< no component of positive weight is singular

  Vector mean() const;        ///< Σ wₖ mₖ
  Matrix covariance() const;  ///< Σ wₖ (Σₖ + (mₖ − m)(mₖ − m)ᵀ), centred

  /// log Σ wₖ N(x; mₖ, Σₖ), a log-sum-exp: finite however far x is. Cost O(K d²).
  /// @throws std::invalid_argument  no density, or the point has another dimension
  double log_density(const Vector& x) const;
  Vector score(const Vector& x) const;  ///< ∇ log p(x) = −Σ rₖ gₖ, gₖ = Σₖ⁻¹(x − mₖ), rₖ posterior
  /// ∇² log p(x) = −Σ rₖ Σₖ⁻¹ + Σ rₖ (gₖ − ḡ)(gₖ − ḡ)ᵀ; exactly symmetric.
  Matrix log_density_hessian(const Vector& x) const;

  /// The same at each column of `points`, d × n, by vector kernels on all cores: see
  /// MixturePosterior.
  Vector log_densities(const Matrix& points) const;
  Matrix scores(const Matrix& points) const;  ///< d × n

 private:
  Vector weights_;
  Matrix means_;
  std::vector<Gaussian> kernels_;  // N(0, Σₖ), one or K
  double common_variance_ = -1.0;
  bool has_density_ = true;
};

/// Image of a mixture under x ↦ Lx + b: means L mₖ + b, covariances LΣₖLᵀ.
GaussianMixture pushforward(const AffineMap& map, const GaussianMixture& p);

/// p * N(0, C): means kept, covariances Σₖ + C. @param C  d × d, positive semidefinite
GaussianMixture convolution(const GaussianMixture& p, const Matrix& C);

/// Law at time t of the Ornstein–Uhlenbeck process dX = −X dt + √2 dB towards N(0, I) from p:
/// mₖ → e^{−t} mₖ, Σₖ → e^{−2t} Σₖ + (1 − e^{−2t}) I, the last term by expm1.
///
/// @param time  t ≥ 0; +∞ gives N(0, I), as often as p has components
/// @throws std::invalid_argument  t < 0 or NaN
GaussianMixture ou_law(const GaussianMixture& p, double time);

/// n points drawn from p, d × n: a uniform picks the component, then d normals.
Matrix sample(const GaussianMixture& p, Index count, Rng& rng);

}  // namespace flowcheck
