#pragma once

#include "measures/gaussian_mixture.hpp"

namespace flowcheck {

/// Mean E[X₁ | x] and covariance Cov[X₁ | x].
struct PosteriorMoments {
  Vector mean = {};
  Matrix covariance = {};
};

/// What is known of X₁ ~ p = Σ wₖ N(μₖ, Σₖ) once x = b X₁ + a Z, Z ~ N(0, I), has been seen. With
/// Vₖ = a²I + b²Σₖ and rₖ ∝ wₖ det(Vₖ)^{−½} exp(−½|x − bμₖ|²_{Vₖ⁻¹}), by log-sum-exp,
///
///   E[X₁|x]   = Σ rₖ mₖ,    mₖ = μₖ + bΣₖVₖ⁻¹(x − bμₖ),
///   Cov[X₁|x] = Σ rₖ a²ΣₖVₖ⁻¹ + Σ rₖ (mₖ − m)(mₖ − m)ᵀ,    two passes, centred.
///
/// Only a/b matters, so these serve every clock: (r, y) is a = 1, b = r; (ε, u) is a = ε, b = 1; t
/// is (a_t, b_t). Regular at both ends: b = 0 gives p's own moments; a = 0, where every Σₖ has full
/// rank, X₁ = x/b. A point set (all Σₖ = 0) needs a > 0. Cost O(K d²); for many points and one (a,
/// b) see MixturePosterior.
///
/// @param mixture     p
/// @param data_scale  b ≥ 0
/// @param noise       a ≥ 0
/// @param x           length d
/// @throws std::invalid_argument  a or b negative or not finite, wrong length, or some Vₖ singular
PosteriorMoments posterior_moments(const GaussianMixture& mixture,
                                   double data_scale,
                                   double noise,
                                   const Vector& x);

/// rₖ, length K, of sum one: which component X₁ came from.
Vector posterior_weights(const GaussianMixture& mixture,
                         double data_scale,
                         double noise,
                         const Vector& x);

/// The posterior of X₁, again a mixture, by its components. With Σₖ = Q diag(λ) Qᵀ (Q =
/// kernel(k).eigenvectors()) Vₖ = Q diag(s²) Qᵀ, and component k is N(mₖ, Q diag(a²λ/s²) Qᵀ).
struct ComponentPosteriors {
  Vector weights = {};     ///< rₖ
  Vector distances = {};   ///< |Vₖ^{−½}(x − bμₖ)|
  Matrix means = {};       ///< mₖ, d × K
  Matrix variances = {};   ///< a²λ/s², one component a column
  Matrix precisions = {};  ///< 1/s², the eigenvalues of Vₖ⁻¹, likewise
  Matrix scores = {};      ///< −Vₖ⁻¹(x − bμₖ), that of N(bμₖ, Vₖ) at x
};

/// Components of weight zero keep zeros. @throws std::invalid_argument  as posterior_moments()
ComponentPosteriors component_posteriors(const GaussianMixture& mixture,
                                         double data_scale,
                                         double noise,
                                         const Vector& x);

/// Cov(ξ, |ξ|²) = E[ξ|ξ|²] − E[ξ] E|ξ|² under the posterior of ξ = X₁, what the time derivative of
/// a velocity is made of. With m = Σ rₖ mₖ, cₖ = mₖ − m and Pₖ = Cov[X₁ | x, k] it is
///
///   Σ rₖ (⟨cₖ, mₖ + m⟩ + tr Pₖ − Σ rⱼ tr Pⱼ) cₖ + 2 Σ rₖ Pₖ mₖ,
///
/// which keeps its digits where the posterior is narrow and the two expectations nearly cancel.
///
/// @throws std::invalid_argument  as posterior_moments()
Vector posterior_third_moment(const GaussianMixture& mixture,
                              double data_scale,
                              double noise,
                              const Vector& x);

}  // namespace flowcheck
