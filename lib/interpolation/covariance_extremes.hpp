#pragma once

#include "interpolation/data_law.hpp"
#include "numerics/best_first.hpp"

namespace flowcheck {

/// An extreme eigenvalue of the posterior covariance C(r, y) over all y ∈ ℝᵈ.
struct CovarianceExtreme {
  Estimate value = 0.0;
  Vector place = {};      ///< y at which value.lower is attained; empty where it is a limit
  Vector direction = {};  ///< of length 1, the way to where it is +∞; otherwise empty
};

struct CovarianceSearchOptions {
  double accuracy = 1e-6;   ///< of branch and bound, relative
  double enough = 0.0;      ///< all being proved to lie below this ends it, and short of that or of
                            ///< something above it no accuracy does, but for 1e-10
  int most_places = 4'000;  ///< and has to after so many posteriors, in the plane five times as
                            ///< many; the enclosure is what it is

  SearchGoal goal(double scale) const;  ///< for suprema of about `scale`
};

/// sup_y λ_max C(r, y):
///
/// - closed form: a Gaussian; two centres of one covariance Σ, at equal odds, with V = I + r²Σ
///   λ_max(ΣV⁻¹ + ¼V⁻¹δδᵀV⁻¹), which is σ²/v + |δ|²/(4v²) for Σ = σ²I;
/// - converged, by branch and bound: one dimension, bounded support of diameter w or a mixture of
///   one width. With f the posterior variance of what is bounded (X₁, or the centre W with r/√v for
///   r), |f′| ≤ rw³/(6√3), |f′| ≤ rwf and |f″| ≤ r²w⁴/8 bound it between two places, and for
///   centres their order in y, E_right(W − e)₊² + E_left(e − W)₊²; beyond Y it is at most E(e − ξ)²
///   at Y, e the support's end, which only falls. The enclosure is a proof up to rounding;
/// - converged likewise: the plane, points and mixtures of one covariance, see
///   largest_tilted_covariance(); and one dimension, mixtures of any widths, from r²C = 1 + (log
///   q)″, q the density of y, see log_density_curvature(); in any dimension points and mixtures of
///   one covariance whose centres are on a line, and of one width in a plane of two coordinates;
/// - certified: more dimensions, one width, where the farthest two centres are an edge of their
/// hull,
///   see is_edge(): σ²/v + ¼diam²/v², approached far out across it;
/// - converged, or +∞ in closed form with the direction: the plane, mixtures of different
///   covariances, see largest_planar_curvature();
/// - sampled, a lower bound with its place: what is left, by compass search from many starts.
/// @throws std::invalid_argument  r < 0 or not finite
CovarianceExtreme largest_posterior_covariance(const DataLaw& law,
                                               double r,
                                               const CovarianceSearchOptions& options = {});

/// Whether that is more than `sampled`, for every r > 0; without a search.
bool encloses_largest_covariance(const DataLaw& law);

/// inf_y λ_min C(r, y): closed form for Gaussians, and for points and mixtures of one covariance,
/// λ_min(ΣV⁻¹), approached far out in a direction with one extreme centre; converged for mixtures
/// of any widths on the line and in the plane, there in closed form again where the narrowest
/// covariance is the widest in some direction, see smallest_planar_curvature(). Otherwise sampled:
/// an upper bound, its `lower` being 0.
CovarianceExtreme smallest_posterior_covariance(const DataLaw& law, double r);

/// Whether largest_centre_covariance(), of Cov(W | x), is more than `sampled`, for a mixture of one
/// covariance; of a form other than A = I, B = 0 in the plane and on a line only.
bool encloses_centre_covariance(const GaussianMixture& p);

/// Centres of a mixture that are distinct and of positive weight, one a column.
Matrix distinct_centres(const GaussianMixture& p);

/// The y on the line through r times two centres of one width at which both have the same posterior
/// weight, were there no others. @throws std::invalid_argument  r = 0, one width or centre
Vector even_odds(const GaussianMixture& p, const Vector& first, const Vector& second, double r);

/// A symmetric form of a covariance, B + A C Aᵀ; where they are empty A = I and B = 0.
struct CovarianceForm {
  Matrix map = {};   ///< A
  Matrix base = {};  ///< B, symmetric
};

/// sup_x λ_max(B + A Cov(W | bX₁ + aZ = x) Aᵀ) for a mixture of one covariance N(0, Σ) * ρ, W ~ ρ
/// the mean of X₁'s component: from the same branches, and regular at a = 0 where Σ is.
/// @param b  scale of the data, > 0
/// @param a  noise, ≥ 0
/// @return   its place is x; empty where it is a limit
/// @throws std::invalid_argument  covariances differ, or a²I + b²Σ is singular
CovarianceExtreme largest_centre_covariance(const GaussianMixture& p,
                                            double b,
                                            double a,
                                            const CovarianceForm& form = {},
                                            const CovarianceSearchOptions& options = {});

}  // namespace flowcheck
