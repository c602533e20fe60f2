#pragma once

#include "numerics/estimate.hpp"
#include "numerics/termination.hpp"
#include "proximal/plane_grid.hpp"

#include <array>

namespace flowcheck {

struct EntropicJkoOptions {
  Rectangle rectangle = {};
  PlaneDomain domain = PlaneDomain::plane;
  Index cells = 128;        ///< n, a multiple of 4: the grid is n × n
  double step_size = 0.01;  ///< γ > 0
  /// τ, the smallest of the three that are solved; 0 stands for h²/γ, h the longer side of a cell,
  /// the least that the grid resolves. At most ¼.
  double regularisation = 0.0;
  double debiasing = 0.5;  ///< θ in [0, 1], see entropic_jko_step()
  double residual_tolerance = 1e-9;
  int max_iterations = 2000;  ///< for each τ
};

/// The minimiser for one τ.
struct EntropicJkoLevel {
  double regularisation = 0.0;            ///< τ
  PlaneArray density = {};                ///< p'_τ at the centres, of mass 1 on the grid
  std::array<double, 2> mean = {};        ///< E x, E y
  std::array<double, 3> covariance = {};  ///< of (x, x), (x, y), (y, y)
  double kl = 0.0;                        ///< KL(p'_τ ‖ q)
  double transport_cost = 0.0;            ///< ∫|x − y|² dπ_τ
  double residual = 0.0;                  ///< bounds the oscillation of the error of log p'_τ
  int iterations = 0;
  Termination termination = Termination::running;
};

/// One step, extrapolated to τ = 0, and what it was extrapolated from.
struct EntropicJkoResult {
  PlaneArray density = {};  ///< p' at the centres, of mass 1 on the grid
  PlaneArray map_x = {};  ///< T from p' to p, extrapolated barycentres E(x | y) of the plans π_τ
  PlaneArray map_y = {};
  PlaneFunction log_density = {};           ///< log p' anywhere on the rectangle, with its gradient
  std::array<Estimate, 2> mean = {};        ///< E x, E y
  std::array<Estimate, 3> covariance = {};  ///< of (x, x), (x, y), (y, y)
  Estimate kl = {};                         ///< KL(p' ‖ q)
  Estimate squared_w2 = {};                 ///< W₂²(p, p')
  /// W₂²(p, p'_τ) at the smallest τ, of the measures on the centres: below, the dual's value at
  /// −2γ log(p'/q), above, the cost of π_τ. Densities differ from those by O(h²).
  Estimate squared_w2_bracket = {};
  /// ‖∇V + ∇log p' − (T − Id)/γ‖ in L²(p') with the map above. There is no upper end: the distance
  /// of T from the optimal map is not known.
  Estimate first_order_error = {};
  double outside_mass = 0.0;                    ///< of p or p', the larger; 0 on a rectangle
  std::array<EntropicJkoLevel, 3> levels = {};  ///< at τ, 2τ, 4τ
  double residual = 0.0;                        ///< the largest of theirs
  int iterations = 0;                           ///< of all of them
  Termination termination = Termination::running;
};

/// One JKO step of relative entropy, by entropic regularisation of the transport:
///
///   p' = argmin_ρ  KL(ρ ‖ q) + W₂²(p, ρ) / (2γ),    q = e^{−V}/Z,
///
/// is the limit τ → 0 of p'_τ, the second marginal of the minimiser π_τ, among the plans whose
/// first marginal is p, of
///
///   KL(ρ ‖ q) + ∫|x − y|² dπ/(2γ) + τ ∫π log π − θτ ∫ρ log ρ,    ρ the second marginal of π.
///
/// π_τ = a(x) k(x − y) b(y), k the Gaussian kernel of variance γτ, and with z = k * a
///
///   a = p/(k * b),    p'_τ = (q z^τ)^{1/(1 + (1−θ)τ)} up to its mass,    b = p'_τ/z,
///
/// the scheme of [Peyré2015] with one more closed form for the last term. Without that term
/// (θ = 0) the bias is τ∫ρ log ρ/2 to first order, for half of ∫π log π is that: the step is too
/// wide. θ = ½ takes it out, and where p is smooth what is left is an even function of τ; where p
/// jumps, or has mass at the sides of the rectangle, it is of order 3/2, as measured. For an atom p
/// it is θ = 1 that leaves none.
///
/// Nothing is assumed of p but its mass, and of V but its integral: atoms, jumps, log p = −∞,
/// V = +∞. Sums are taken of logarithms, so that no range is too wide. In exchange the smallest τ
/// is h²/γ. Three τ are extrapolated, τ, 2τ, 4τ, log p'_τ pointwise, by the weights 8/3, −2, 1/3
/// that remove terms in τ and in τ².
///
/// The iteration contracts the oscillation of log b by (1 − θτ)/(1 + (1 − θ)τ) at least, and is
/// sped up by momentum; its residual, an oscillation too, bounds that of the error of log p'_τ.
///
/// The enclosures add: the difference to the extrapolation from τ and 2τ that removes terms in τ;
/// the difference that half the cells make at 4τ, where their kernel is as coarse as that of τ,
/// times the largest weight; the residual and the mass outside of Ω, times the reach of what they
/// move.
///
/// Cost: four sweeps of n³ exponentials an iteration, less where k is narrow; about 10/√τ
/// iterations for nine digits.
///
/// @param current    log p, up to a constant on PlaneDomain::rectangle; −∞ where p has no mass. Its
///                   gradient is not used
/// @param potential  V and its gradient, up to a constant; +∞ where q has no mass
/// @throws std::invalid_argument  options out of range, cells too large for the step, or log p or
///                                V is NaN, or p or q has no mass on the grid or an infinite one
[[nodiscard]] EntropicJkoResult entropic_jko_step(const PlaneFunction& current,
                                                  const PlaneFunction& potential,
                                                  const EntropicJkoOptions& options = {});

/// The same from atoms at the centres of the n × n cells.
///
/// @param masses  p of each cell, ≥ 0, divided by their sum
[[nodiscard]] EntropicJkoResult entropic_jko_step(const PlaneArray& masses,
                                                  const PlaneFunction& potential,
                                                  const EntropicJkoOptions& options = {});

}  // namespace flowcheck
