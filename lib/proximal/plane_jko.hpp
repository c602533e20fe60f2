#pragma once

#include "numerics/estimate.hpp"
#include "numerics/termination.hpp"
#include "proximal/plane_grid.hpp"

#include <array>

namespace flowcheck {

struct PlaneJkoOptions {
  Rectangle rectangle = {};
  PlaneDomain domain = PlaneDomain::plane;
  Index cells = 256;        ///< n, a multiple of 4: the grid is n × n
  double step_size = 0.01;  ///< γ > 0
  /// δ in [0, 0.01]: part of the mass of p and of q is spread evenly over the rectangle,
  /// p → (p + δ|Ω|⁻¹)/(1 + δ). It ends tails of opposite slope at the sides, where a map that keeps
  /// mass inside would need layers no grid resolves. 0 is for densities of moderate range.
  double floor = 1e-7;
  double residual_tolerance = 1e-6;  ///< stop at this root mean square of R, see plane_jko_step()
  int max_newton_iterations = 40;    ///< on each grid
};

/// One step's density, potential and map on the grid, and what was measured of them.
struct PlaneJkoResult {
  PlaneArray density = {};    ///< p' at the centres, of mass 1 on the grid
  PlaneArray potential = {};  ///< φ at the centres
  PlaneArray map_x = {};      ///< T = Id − ∇φ, from p' to p
  PlaneArray map_y = {};
  PlaneFunction log_density = {};           ///< log p' anywhere on the rectangle, with its gradient
  std::array<Estimate, 2> mean = {};        ///< E x, E y
  std::array<Estimate, 3> covariance = {};  ///< of (x, x), (x, y), (y, y)
  Estimate kl = {};                         ///< KL(p' ‖ q)
  Estimate squared_w2 = {};                 ///< W₂²(p, p')
  /// The dual problem's value at φ for it, its enclosure the difference to the coarser grid alone:
  /// below W₂²(p, p') by ‖T − T_{p'}^p‖² over the least eigenvalue of DT at most, but where T
  /// folds.
  Estimate dual_squared_w2 = {};
  Estimate first_order_error = {};  ///< ε = ‖∇V + ∇log p' − (T_{p'}^p − Id)/γ‖ in L²(p')
  double map_error = 0.0;           ///< ‖T − T_{p'}^p‖ in L²(p') at most, but where T folds
  double folded_mass = 0.0;  ///< of p', where I − D²φ is not positive definite between the centres
  double folded_square = 0.0;  ///< ∫|T − T_{p'}^p|² dp' there, at most
  double outside_mass = 0.0;   ///< of p or p', the larger; 0 on PlaneDomain::rectangle
  double residual = 0.0;       ///< root mean square of R on the finest grid
  double largest_residual = 0.0;
  std::array<double, 2> worst_place = {};  ///< where it is
  int newton_iterations = 0;               ///< on the finest grid
  int krylov_iterations = 0;               ///< on the finest grid, for all its Newton steps
  Termination termination = Termination::running;
};

/// One JKO step of relative entropy for smooth densities on a rectangle Ω:
///
///   p' = argmin_ρ  KL(ρ ‖ q) + W₂²(p, ρ) / (2γ),    q = e^{−V}/Z.
///
/// The step is p' = e^{−V−φ/γ}, up to its mass, and T = Id − ∇φ pushes it to p. So φ solves the
/// Monge–Ampère equation
///
///   R(φ) = log p(x − ∇φ) + log det(I − D²φ) + V + φ/γ = 0,    ∂φ/∂n = 0 on the sides,
///
/// the additive constant of φ carrying log Z. It is collocated in cosine series on a
/// ladder of grids up to n cells a side, each starting from the one of half its cells. Newton's
/// linear problems
///
///   −tr((I − D²φ)⁻¹D²δ) − ∇log p(T)·∇δ + δ/γ = −R
///
/// are solved by GMRES, with the cosine transform inverting their part of constant coefficients
/// exactly. Their number grows slowly with n: on 128, 256, 512 cells a side the benchmark's step
/// takes 73, 75, 79 on the finest grid, and 32, 42, 58 without a floor. Where Newton's method does
/// not find φ from 0 on the coarsest grid, the tails of p are raised by a floor that is lowered
/// from 10⁻² of its mass to nothing, each solution the start of the next.
///
/// Accuracy: spectral where the even reflections of V and log p are smooth or have no mass,
/// otherwise limited by φ's third derivative at the sides. The enclosures add the difference to the
/// grid of n/2 cells, the mass outside of Ω and the floor's, each times the reach of what it moves,
/// and what the floor under q does where p' lies on it: E log(q_δ/q), and γ times the slope of V
/// that is lost there, a bound for convex V.
///
/// Range: steps whose densities fall to e⁻³⁰ of their largest value at the sides are easy, to e⁻⁶⁰
/// possible with a floor. At e⁻¹⁰⁰ (a deviation of 1/15 of the distance to the side) T would have
/// to be held back there by layers that no grid resolves, and Newton's iteration ends at its limit,
/// the enclosures of the step's numbers being infinite then: take a smaller rectangle.
///
/// ε is measured on the doubled grid: with r = R(φ) there, T_{p'}^p = T − ∇ψ to first order, where
/// ψ solves the linear problem without δ/γ, and ε = ‖∇ψ‖/γ. Where T folds the optimal map is only
/// known to increase along both axes between the places where T does not: so far may T be off
/// there, in ε²γ². It refers to p and q on Ω with their floors, and where p' has separate modes its
/// enclosure is optimistic.
///
/// Cost: O(n² log n) a Krylov iteration, up to 150 vectors of n² numbers.
///
/// @param current    log p and its gradient, up to a constant on PlaneDomain::rectangle
/// @param potential  V and its gradient, up to a constant
/// @throws std::invalid_argument  options out of range, or log p or V not finite on the rectangle
[[nodiscard]] PlaneJkoResult plane_jko_step(const PlaneFunction& current,
                                            const PlaneFunction& potential,
                                            const PlaneJkoOptions& options = {});

}  // namespace flowcheck
