#pragma once

#include "measures/gaussian.hpp"
#include "measures/gaussian_mixture.hpp"
#include "proximal/plane_jko.hpp"

#include <array>
#include <stdexcept>
#include <vector>

namespace flowcheck {

/// The solver finds no step or distance on its grid; whether there is one is not known.
class PlaneStepNotFound : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A mixture whose components the grid cannot resolve: known before anything is solved.
class PlaneTooNarrow : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

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
  PlaneArray by_floor =
      {};  ///< and what floors do to it at each centre; none: they were not needed
  double folded_square = 0.0;  ///< the square of what it is off where it folds between the centres
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
  /// ‖(T_p^{p'} − Id)/γ + ∇log(p/q)‖ in L²(p) of the step p → p' that ends here; 0 for n = 0.
  Estimate velocity_gap = {};
  PlaneMap map = {};  ///< T, the optimal map from p_n to p_{n−1}; none for n = 0
};

/// W₂(p, q) and the map it is known from.
struct PlaneDistance {
  Estimate w2 = {};
  PlaneMap map = {};  ///< from q, all but 10⁻⁶ of the distance, to p
};

/// A step p → p' with an error ξ beside the exact one p → p*, F(ρ) = KL(ρ ‖ q) + W₂²(p, ρ)/(2γ).
struct PlaneStepPair {
  Estimate error = {};         ///< ε = ‖ξ‖ in L²(p')
  Estimate best_error = {};    ///< of p*, measured: what the grid leaves of it
  Estimate objective = {};     ///< F(p*)
  Estimate gap = {};           ///< F(p') − F(p*)
  Estimate map_distance = {};  ///< ‖T_p^{p'} − T_p^{p*}‖ in L²(p), W₂(p', p*) at least
};

/// D = ‖T_p^{p'} − T_p^q‖ in L²(p) of a step p → p', by the change of variables x = T_q^p(z) from
/// q: ‖Y − Id‖ in L²(q), Y = T_p^{p'}∘T_q^p. T_p^{p'} is the inverse of the step's map, by Newton's
/// method. What the two maps leave undone counts with the Lipschitz constant of that inverse on the
/// grid; to first order in it. The grid's own error is seen by comparing the sums over the black
/// and the white cells of a chessboard. Better known where p' is near p is the square: (Y, Id)
/// couples p' and q, hence
///
///   0 ≤ D² − W₂²(p', q) ≤ L ‖Y − T_q^{p'}‖²,    1/L the least eigenvalue of DT_q^{p'}.
///
/// The narrower of the two is returned.
///
/// @param before  to_target() of p
/// @param after   to_target() of p'
/// @throws std::invalid_argument  other grids, or a first law in place of a step
Estimate map_distance(const PlaneLaw& next,
                      const PlaneDistance& before,
                      const PlaneDistance& after);

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
/// even floors under them, and the enclosure has the difference to floors ten times as high: see
/// docs/derivations/plane_step.md.
///
/// A start of narrow or strongly correlated components may have a floor of its own: p_0 is then (p
/// + δ|Ω|⁻¹)/(1 + δ). It is another law, √δ diam from p in W₂ at most, and all is measured of it.
///
/// Range: as plane_jko_step(): components that overlap, of deviations not much smaller than those
/// of q or a half larger; above floors also correlations of 0.8 that are common to all, or of ±0.7.
/// Cost: 0.05 to 0.2 s a step or a distance at 96 cells, five to ten where a distance needs floors.
class PlaneJkoProblem {
 public:
  /// @param cells        of each side of the grid, a multiple of 4, at least 32
  /// @param start_floor  δ in [0, 10⁻³]: part of the start's mass that is spread evenly over Ω
  /// @throws PlaneTooNarrow         a component is narrower than two cells of a grid of 64
  /// @throws std::invalid_argument  another dimension than two, or no density
  PlaneJkoProblem(GaussianMixture start,
                  Gaussian target,
                  Index cells = 64,
                  double start_floor = 0.0);

  const GaussianMixture& start() const { return start_; }
  const Gaussian& target() const { return target_; }
  const Rectangle& rectangle() const { return rectangle_; }
  Index cells() const { return cells_; }
  double start_floor() const { return start_floor_; }

  PlaneLaw first() const;  ///< p_0
  /// The law one step on.
  /// @throws PlaneStepNotFound      the solver did not find it
  /// @throws std::invalid_argument  γ ≤ 0, or ε < 0
  PlaneLaw next(const PlaneLaw& law, double step_size, double error = 0.0) const;
  PlaneDistance to_target(const PlaneLaw& law) const;  ///< @throws PlaneStepNotFound
  /// The step from p that is the exact one towards q e^ψ, whose ξ is ∇ψ, beside that towards q.
  /// @param psi  ψ and its gradient, which the grid resolves
  /// @throws PlaneStepNotFound      the solver did not find one of the two
  /// @throws std::invalid_argument  γ ≤ 0
  PlaneStepPair step_pair(const PlaneLaw& law, double step_size, const PlaneFunction& psi) const;

 private:
  PlaneJkoResult step(const PlaneLaw& law,
                      const PlaneFunction& V,
                      double step_size,
                      double floor = 0.0) const;
  PlaneDistance floored_distance(const PlaneLaw& law) const;
  PlaneMap map_of(const PlaneJkoResult& step, double undone) const;
  Estimate velocity_gap(const PlaneLaw& law, const PlaneJkoResult& step, double step_size) const;
  Estimate log_mass_of(const PlaneFunction& tilted) const;

  GaussianMixture start_;
  Gaussian target_;
  Index cells_ = 64;
  double start_floor_ = 0.0;
  Rectangle rectangle_ = {};
  PlaneFunction log_q_ = {};
};

/// Cells a side on which a measure of the user's own is solved for.
inline constexpr Index user_cells = 96;

/// The problem with the least floor of 0, 10⁻⁹, 10⁻⁷, 10⁻⁵ under the start whose first steps of
/// that size, the exact one and that with that error, are both found, with S known to 1 % and a map
/// that shrinks nothing more than fivefold; failing that, with the least of these or of 10⁻⁴, 10⁻³
/// of which both are found.
/// @throws PlaneStepNotFound      with none of them
/// @throws std::invalid_argument  as PlaneJkoProblem, γ ≤ 0, or ε < 0
PlaneJkoProblem with_start_floor(const GaussianMixture& start,
                                 const Gaussian& target,
                                 Index cells,
                                 double step_size,
                                 double error);

/// p_0, …, p_N by steps of the given sizes, each with an error of norm `error`.
std::vector<PlaneLaw> plane_jko_chain(const PlaneJkoProblem& problem,
                                      const std::vector<double>& step_sizes,
                                      double error = 0.0);

}  // namespace flowcheck
