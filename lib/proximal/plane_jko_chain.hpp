#pragma once

#include "measures/gaussian.hpp"
#include "measures/gaussian_mixture.hpp"
#include "proximal/plane_jko.hpp"

#include <array>
#include <vector>

namespace flowcheck {

/// log p of a mixture on the plane, with its gradient.
/// @throws std::invalid_argument  another dimension, or no density
PlaneFunction log_density(const GaussianMixture& p);

/// An optimal map on a rectangle: its values at the centres of a grid, and how sure they are.
struct PlaneMap {
  Rectangle rectangle = {};
  PlaneArray x = {};  ///< of T(centre); n × n
  PlaneArray y = {};
  PlaneArray mass = {};  ///< of what T starts from, of sum 1
  double undone = 0.0;  ///< what it is off in L² of that, in the plane's units, but where it folds
  double folded_mass = 0.0;    ///< where it folds between the centres: there nothing is known of it
  double least_stretch = 1.0;  ///< least eigenvalue of DT at the centres
};

/// One law p_n of a chain on the plane, and what was measured of it and of the step p_{n−1} → p_n.
/// KL and I refer to q on the rectangle.
struct PlaneLaw {
  PlaneFunction log_density = {};
  std::array<double, 2> mean = {};
  Estimate kl = {};           ///< Δ_n = KL(p_n ‖ q)
  Estimate slope = {};        ///< √I_n = ‖∇log(p_n/q)‖ in L²(p_n)
  Estimate step_length = {};  ///< S_n = W₂(p_{n−1}, p_n); 0 for n = 0
  Estimate error = {};        ///< ε_n of the step, measured; 0 for n = 0
  PlaneMap map = {};          ///< T, the optimal map from p_n to p_{n−1}; none for n = 0
};

/// W₂(p, q) and the map it is known from.
struct PlaneDistance {
  Estimate w2 = {};
  PlaneMap map = {};  ///< from q, all but 10⁻⁶ of the distance, to p
};

/// D = ‖T_p^{p'} − T_p^q‖ in L²(p) of a step p → p', by the change of variables x = T_q^p(y) from
/// q: ‖T_p^{p'}∘T_q^p − Id‖ in L²(q). T_p^{p'} is the inverse of the step's map, by Newton's
/// method. What the two maps leave undone counts with the Lipschitz constant of that inverse on the
/// grid; to first order in it.
Estimate map_distance(const PlaneLaw& next, const PlaneDistance& before);

/// JKO steps of KL(· ‖ q) from a mixture towards a Gaussian q, both on the plane, solved on a
/// rectangle Ω: five standard deviations around every component and around q. The laws are those on
/// Ω, q too: Ω is convex, so KL(· ‖ q) is as convex as on ℝ² and all that is claimed of steps holds
/// of these, with no mass outside to account for. To ℝ² it is 10⁻⁶ of the mass.
///
/// A step with an error ε is the exact one towards q e^ψ, ψ(x) = ε⟨e, x − μ⟩: its ξ is εe. The unit
/// vector e points from the mean μ of q to that of p, so that the error holds the step back.
///
/// W₂(p, q) is the length S of a step of size γ = 10⁶/λ from p. It ends at p* with W₂(p*, q) ≤
/// √I(p* ‖ q)/λ = S/(γλ), which stands in the enclosure, as does what the maps leave undone. Where
/// tails of opposite slope at the sides let no such map be found, it is that between p and q with
/// even floors under them, and the enclosure has what the floors can move: see
/// docs/derivations/plane_step.md.
///
/// Range: as plane_jko_step(): components that overlap, of deviations not much smaller than those
/// of q or a half larger. Cost: 0.05 to 0.2 s a step or a distance at 96 cells, a few
/// seconds where a distance needs floors.
class PlaneJkoProblem {
 public:
  /// @param cells  of each side of the grid, a multiple of 4, at least 32
  /// @throws std::invalid_argument  another dimension than two, no density, or a component narrower
  ///                                than two cells of a grid of 64
  PlaneJkoProblem(GaussianMixture start, Gaussian target, Index cells = 64);

  const GaussianMixture& start() const { return start_; }
  const Gaussian& target() const { return target_; }
  const Rectangle& rectangle() const { return rectangle_; }
  Index cells() const { return cells_; }

  PlaneLaw first() const;  ///< p_0
  /// The law one step on.
  /// @throws std::invalid_argument  γ ≤ 0, ε < 0, or the step was not found
  PlaneLaw next(const PlaneLaw& law, double step_size, double error = 0.0) const;
  PlaneDistance to_target(const PlaneLaw& law) const;  ///< @throws likewise

 private:
  PlaneJkoResult step(const PlaneLaw& law,
                      const PlaneFunction& V,
                      double step_size,
                      double floor = 0.0) const;
  PlaneDistance floored_distance(const PlaneLaw& law) const;
  PlaneMap map_of(const PlaneJkoResult& step, double undone) const;

  GaussianMixture start_;
  Gaussian target_;
  Index cells_ = 64;
  Rectangle rectangle_ = {};
  PlaneFunction log_q_ = {};
};

/// p_0, …, p_N by steps of the given sizes, each with an error of norm `error`.
std::vector<PlaneLaw> plane_jko_chain(const PlaneJkoProblem& problem,
                                      const std::vector<double>& step_sizes,
                                      double error = 0.0);

}  // namespace flowcheck
