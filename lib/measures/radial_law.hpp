#pragma once

#include "measures/line_measure.hpp"

namespace flowcheck {

/// Rotation-invariant law on ℝᵈ, density ∝ e^{−U(|x|)} for |x| ≤ radius.
struct RadialPotential {
  std::function<double(double)> value = {};      ///< U on [0, radius]
  std::function<double(double)> slope = {};      ///< U′
  std::function<double(double)> curvature = {};  ///< U″
  double radius = infinity;                      ///< of the support
  double typical = 1.0;                          ///< inside (0, radius), where |x| is likely
  std::vector<double> kinks = {};                ///< of U, inside (0, radius)
};

/// A radial law by the law of its radius, a LineMeasure of potential U(r) − (d − 1) log r. A value.
class RadialLaw {
 public:
  /// @throws std::invalid_argument  d < 1, or no law: as LineMeasure
  RadialLaw(Index dimension, RadialPotential potential);

  Index dimension() const { return dimension_; }
  const RadialPotential& potential() const { return potential_; }
  const LineMeasure& radius() const { return radius_; }  ///< law of |X|

  double log_density(const Vector& x) const;
  Vector score(const Vector& x) const;  ///< −U′(|x|) x/|x|; 0 at 0
  Estimate entropy() const;             ///< of X, on ℝᵈ
  Estimate axial_variance() const;      ///< E|X|²/d: the covariance is that times I
  double half_diameter() const { return potential_.radius; }

 private:
  Index dimension_;
  RadialPotential potential_;
  LineMeasure radius_;
};

Matrix sample(const RadialLaw& p, Index count, Rng& rng);  ///< d × n

/// Exact interpolation flow from N(0, I): x ↦ ρ(|x|) x/|x| with ρ = F_{|X|}⁻¹ ∘ F_{χ_d}, each tail
/// carried by its own probability. Its Jacobian has the singular values ρ′(s), and ρ(s)/s across.
double radial_map(const RadialLaw& p, double s);
double radial_map_slope(const RadialLaw& p, double s);  ///< ρ′(s), s > 0

/// The same for the uniform law on the ball of radius D: ρ(s) = D F_{χ²_d}(s²)^{1/d}.
double ball_map(Index dimension, double radius, double s);
double ball_map_slope(Index dimension, double radius, double s);  ///< ρ′(s), s ≥ 0

}  // namespace flowcheck
