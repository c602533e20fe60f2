#pragma once

#include "measures/gaussian_mixture.hpp"
#include "numerics/vector_form.hpp"

#include <memory>

namespace flowcheck {

/// A vector and a symmetric matrix for each of n points: what batched evaluations return.
struct PointwiseMoments {
  Matrix vectors = {};  ///< d × n
  Matrix matrices =
      {};  ///< d(d+1)/2 × n, lower triangles row by row: (0,0), (1,0), (1,1), (2,0), …

  Matrix matrix(Index j) const;  ///< the j-th one, d × d, symmetric
};

/// αx + βf and αI + β∇f, made of a point x and of what is found there.
struct AffineCombination {
  double point = 0.0;   ///< α
  double result = 1.0;  ///< β
};

/// posterior_moments() at many points for one (a, b): X₁ ~ Σ wₖ N(μₖ, Σₖ) given x = b X₁ + a Z, and
/// log density, score ∇log p_x and Hessian ∇²log p_x of x's own law, Σ wₖ N(bμₖ, Vₖ), Vₖ = a²I +
/// b²Σₖ.
///
/// From the posterior mean and the score comes the velocity of an interpolation, singular at
/// neither end: v = ḃ E[X₁|x] − ½(a²)˙ ∇log p_x(x), ∇v = ḃ ∂E[X₁|x]/∂x − ½(a²)˙ ∇²log p_x(x).
///
/// Factored once when made: O(K d³), or O(d³ + K d²) with a common covariance. A point then costs
/// O(K d²) for the components' weights (O(K d) with a common covariance) and O(A d²) for the
/// moments, A being the number of components whose weight, relative to the largest, exceeds
/// e^{−45}/K; where components are narrow the cut is lower, so that what is left out changes the
/// covariance by less than e^{−45} of the smallest component's own.
///
/// Points run over oneTBB in fixed blocks through vector kernels, a point a lane. Every form
/// performs the same operations in the same order, so the bytes depend on neither the number of
/// threads nor the form nor on what other points a batch holds; only log_densities takes the C
/// library's log. Points with |Vₖ^{−½}(x − bμₖ)| above 1e150 for every k are beyond double: NaN,
/// log density −∞.
class MixturePosterior {
 public:
  /// @param mixture     Σ wₖ N(μₖ, Σₖ)
  /// @param data_scale  b ≥ 0
  /// @param noise       a ≥ 0
  /// @param form        the vector kernels to use, for comparison; the bytes do not depend on it
  /// @throws std::invalid_argument  a or b negative or not finite, some Vₖ singular (an eigenvalue
  /// below
  ///                                1e-140, as for a = 0 and an atom), or the form is not supported
  MixturePosterior(const GaussianMixture& mixture,
                   double data_scale,
                   double noise,
                   VectorForm form = widest_vector_form());

  Index dimension() const { return dimension_; }
  double data_scale() const { return data_scale_; }  ///< b
  double noise() const { return noise_; }            ///< a

  /// Posterior means and covariances at each column of `points`, d × n.
  PointwiseMoments moments(const Matrix& points) const;
  /// Posterior means and their Jacobians ∂E[X₁|x]/∂x = (b/a²) Cov[X₁|x], regular at a = 0.
  PointwiseMoments means_and_jacobians(const Matrix& points) const;
  Matrix means(const Matrix& points) const;  ///< posterior means alone, d × n

  Vector log_densities(const Matrix& points) const;                  ///< log p_x
  Matrix scores(const Matrix& points) const;                         ///< ∇log p_x, d × n
  PointwiseMoments scores_and_hessians(const Matrix& points) const;  ///< ∇log p_x and ∇²log p_x

  /// The same into results whose memory is used again: fresh pages cost as much as the arithmetic.
  void moments(const Matrix& points, PointwiseMoments& result) const;
  void means_and_jacobians(const Matrix& points,
                           PointwiseMoments& result,
                           const AffineCombination& combination = {}) const;
  void scores_and_hessians(const Matrix& points,
                           PointwiseMoments& result,
                           const AffineCombination& combination = {}) const;

 private:
  struct Factors;

  Index dimension_;
  double data_scale_;
  double noise_;
  VectorForm form_;
  std::shared_ptr<const Factors> factors_;  // constant, so that copies share it
};

}  // namespace flowcheck
