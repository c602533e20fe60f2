#pragma once

#include "measures/gaussian_mixture.hpp"
#include "numerics/estimate.hpp"
#include "numerics/taylor_series.hpp"

#include <functional>
#include <vector>

namespace flowcheck {

/// A potential V on ℝᵈ that takes Taylor series, with what is known of it.
struct SeriesPotential {
  std::function<TaylorSeries(const SeriesVector& x)> value = {};
  std::function<SeriesVector(const SeriesVector& x)> gradient = {};
  double convexity = 0.0;        ///< λ, ∇²V ⪰ λI
  Estimate log_normaliser = {};  ///< log Z, Z = ∫e^{−V}
};

/// V = |x|²/2 + c Σxᵢ⁴/4 on ℝᵈ, c ≥ 0; λ = 1.
SeriesPotential quartic_potential(Index dimension, double c);

struct ManufacturedOptions {
  std::vector<double> step_sizes = {};  ///< γ_1 … γ_N, each positive
  Vector constant_error = {};           ///< b of ξ_n = b + c ∇log(p_n/q); empty: 0
  double relative_error = 0.0;          ///< c, in (−1, 1)
  double spacing = 0.5;                 ///< of the quadrature's nodes, in standard deviations
};

/// JKO steps of KL(· ‖ q), q = e^{−V}/Z, in any dimension, made backwards from their end: p_N is
/// given, and p_{n−1} is defined as the image of p_n under
///
///   T_n = Id + γ_n(∇log(p_n/q) − ξ_n).
///
/// Where DT_n ≻ 0 everywhere, T_n is the optimal map p_n → p_{n−1} and so p_n is the step from
/// p_{n−1} whose first-order error is ξ_n; with ξ = 0 it is the exact one. No transport problem is
/// solved. With X_n(x) ∈ supp p_n the point whose images lead from x ∈ supp p_N,
///
///   X_{n−1} = X_n + γ_n(s_n + ∇V(X_n) − ξ_n),    s_n = (DX_n)^{−T} ∇u_n,
///   u_n = log p_n(X_n) = log p_N − log det DX_n,
///
/// by Taylor series in x of order 2N + 2, of which every step back uses up two. Integrals over p_n
/// are integrals over p_N, by the trapezoidal rule in the coordinates of each component:
/// exponential in 1/spacing as far as the integrand is analytic. Each is `converged`, its error the
/// difference to a rule 1.5 times as coarse and of 0.85 of the reach, and round-off.
///
/// Cost: (19/spacing)ᵈ nodes a component; in the plane some 30 µs each for one step, 1 ms for
/// three.
struct ManufacturedChain {
  std::vector<double> step_sizes = {};
  double convexity = 0.0;            ///< λ
  std::vector<Estimate> kl = {};     ///< KL(p_n ‖ q), n = 0 … N
  std::vector<Estimate> slope = {};  ///< √I_n = ‖∇log(p_n/q)‖ in L²(p_n), n = 0 … N
  std::vector<Estimate> step_length = {};  ///< S_n = W₂(p_{n−1}, p_n) = ‖T_n − Id‖; [0] is 0
  std::vector<Estimate> error = {};        ///< ε_n = ‖ξ_n‖ in L²(p_n); [0] is 0
  /// ‖(T − Id)/γ_{n+1} + ∇log(p_n/q)‖ in L²(p_n), T the optimal map p_n → p_{n+1}; n = 0 … N − 1.
  std::vector<Estimate> velocity_gap = {};
  double least_stretch = 0.0;  ///< least eigenvalue of the DT_n seen: no chain of steps if ≤ 0
};

/// @param last  p_N, a mixture with a density
/// @throws std::invalid_argument  no density, N so large that 2N + 2 is beyond TaylorSeries, more
///                                than 10⁷ nodes, or options out of range
ManufacturedChain manufactured_chain(const GaussianMixture& last,
                                     const SeriesPotential& V,
                                     const ManufacturedOptions& options);

}  // namespace flowcheck
