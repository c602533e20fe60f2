#pragma once

#include "measures/measure_file.hpp"
#include "measures/regularity.hpp"

#include <memory>
#include <optional>

namespace flowcheck {

class LineMeasure;
class Rng;
class UniformBall;

/// Moments of g(ξ) for a latent variable ξ, once x has been seen. Errors are bounds in the 2-norm
/// and the operator norm.
struct LatentMoments {
  Vector mean = {};          ///< E[g|x]
  Matrix covariance = {};    ///< Cov(g, ξ|x)
  Vector third_moment = {};  ///< Cov(g, |ξ|² | x); empty where the law does not know it
  double mean_error = 0.0;
  double covariance_error = 0.0;
  double third_moment_error = 0.0;
};

/// What makes a velocity regular at data, ν having a smooth density of one of two kinds:
///
/// - ν = N(0, σ²I) * ρ: ξ = W ~ ρ and g(W) = W, x | W ~ N(bW, S I), S = a² + σ²b²;
/// - ν = e^h N(0, I): ξ = X₁ and g = ∇h, x | X₁ ~ N(bX₁, a²I), and σ = 1.
struct SmoothPart {
  enum class Kind { convolution, tilt };
  Kind kind = Kind::convolution;
  double variance = 1.0;  ///< σ²
  LatentMoments moments = {};
};

/// Score and denoiser with their Jacobians, where all of them are regular at data.
struct ScorePart {
  Vector mean = {};            ///< E[X₁|x]
  Matrix mean_jacobian = {};   ///< ∂E[X₁|x]/∂x
  Vector score = {};           ///< ∇log p_x
  Matrix score_jacobian = {};  ///< ∇²log p_x
  double mean_error = 0.0;
  double mean_jacobian_error = 0.0;
  double score_error = 0.0;
  double score_jacobian_error = 0.0;
};

/// What score and denoiser do at a fixed x while a and b move.
struct ScoreRates {
  Vector mean = {};   ///< ∂E[X₁|x]/∂t
  Vector score = {};  ///< ∂∇log p_x/∂t
  double mean_error = 0.0;
  double score_error = 0.0;
};

/// Law ν of data X₁ ∈ ℝᵈ as an interpolation flow sees it: through the posterior of X₁ given
/// x = bX₁ + aZ, Z ~ N(0, I) independent. Only a/b matters: (r, y) is b = r, a = 1.
///
/// A value behind a pointer: checked when it is made, constant afterwards, safe to share.
class DataLaw {
 public:
  virtual ~DataLaw() = default;

  virtual Index dimension() const = 0;
  /// Constants of the classes that ν belongs to; a theorem uses their safe end.
  virtual const Regularity& regularity() const = 0;

  /// Of g(X₁) = X₁: posterior mean, covariance and third-moment vector.
  /// @param b  scale of the data, ≥ 0; 0 gives ν's own moments
  /// @param a  noise, ≥ 0; 0 only where ν has a smooth density
  /// @throws std::invalid_argument  no posterior: a or b negative, or a = 0 for such a ν
  virtual LatentMoments posterior(double b, double a, const Vector& x) const = 0;

  /// Nothing, where ν is of neither kind.
  virtual std::optional<SmoothPart> smooth_part(double b, double a, const Vector& x) const;
  /// Nothing, where they are not known in a form regular at a = 0.
  virtual std::optional<ScorePart> score_part(double b, double a, const Vector& x) const;
  /// Where score_part() is, when b moves at the rate ḃ and a²/2 at the rate aȧ.
  virtual std::optional<ScoreRates> score_rates(
      double b, double a, double b_dot, double half_variance_rate, const Vector& x) const;
  /// log density of x, where it is known.
  virtual std::optional<Estimate> log_marginal(double b, double a, const Vector& x) const;

  virtual Matrix sample(Index count, Rng& rng) const = 0;  ///< of X₁, d × n

  /// ν, where it is a mixture of Gaussians or points: for evaluations in batches.
  virtual const GaussianMixture* mixture() const { return nullptr; }

  Vector mean() const;           ///< E X₁
  double second_moment() const;  ///< E|X₁|²
};

using DataLawPointer = std::shared_ptr<const DataLaw>;

/// The law, with its regularity(): for mixtures a search adds to what is known in closed form. κ of
/// three to 500 centres of one covariance, in the plane, on a line or, of one width, in a plane of
/// two coordinates by largest_centre_covariance(); κ and β of different covariances in the plane by
/// planar_curvature(). Others of one covariance have the bound of κ by the centres' diameter.
DataLawPointer data_law(const Gaussian& p);
DataLawPointer data_law(const GaussianMixture& p);
DataLawPointer data_law(const PointCloud& p);
DataLawPointer data_law(const Measure& p);
DataLawPointer data_law(const UniformBall& p);
DataLawPointer data_law(const LineMeasure& p);

/// e^{−κ|x|²/2} on the box of half widths Dᵢ about 0, κ of any sign: on an interval or a rectangle.
DataLawPointer truncated_gaussian_data(double kappa, const Vector& half_widths);
DataLawPointer truncated_gaussian_data(double kappa, double half_width);

/// Cusp e^{L|x₁|} N(0, I) along the first axis of ℝᵈ, L of either sign.
DataLawPointer cusp_data(double L, Index dimension = 1);

}  // namespace flowcheck
