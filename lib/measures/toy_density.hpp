#pragma once

#include "numerics/estimate.hpp"
#include "numerics/types.hpp"

#include <string_view>
#include <vector>

namespace flowcheck {

class Rng;

/// The planar test densities of the normalising-flow literature. u, u′ ~ U(0, 1), g, g′ ~ N(0, 1)
/// and the fair choices are independent.
enum class Toy {
  eight_gaussians,  ///< (4(cos kπ/4, sin kπ/4) + 0.5 g)/1.414, k uniform in 0 … 7
  checkerboard,  ///< 2(x₁, x₂): x₁ = 4u − 2, x₂ = u′ − 2B + (⌊x₁⌋ mod 2), B a fair coin
  flow_map_board,  ///< uniform on 8 of the 4 × 4 cells of [−1, 1]², those of even i + j
  swissroll,       ///< (t cos t + g, t sin t + g′)/5, t = 1.5π(1 + 2u)
  circles,         ///< 3(radius · angle + 0.08 g), radius 1 or ½
  rings,           ///< 3 radius · angle + 0.08 g, radius 1, ¾, ½ or ¼
  moons,  ///< 2(c + 0.1 g) − (1, 0.2), c = (cos θ, sin θ) or (1 − cos θ, ½ − sin θ), θ = πu
  pinwheel,  ///< f = (1 + 0.3 g, 0.1 g′) turned back by 2πk/5 + e^{f₁}/4, k = 0 … 4, twice it
  two_spirals,  ///< ±((−n cos n + u′/2, n sin n + u″/2)/3) + 0.1 g, n = 3π√u
  s_curve,      ///< (sin t, sgn(t)(cos t − 1)), t = 3π(u − ½): a curve, without density
};

std::string_view to_string(Toy toy);
/// @throws std::invalid_argument  no such density; the message lists them
Toy toy_from_string(std::string_view name);
const std::vector<Toy>& all_toys();

bool has_density(Toy toy);  ///< all but the s-curve

/// n points, 2 × n.
Matrix sample(Toy toy, Index count, Rng& rng);

/// log p at each column of `points`, 2 × n, nats; −∞ off the boards. Exact (eight_gaussians, the
/// boards), by Bessel functions (circles, rings), by the roots of an equation (pinwheel), or by an
/// integral along the curve to round-off (the others: up to 2000 exponentials a point). Columns run
/// in parallel, each by itself.
/// @throws std::invalid_argument  not 2 × n, not finite, or no density
Vector log_density(Toy toy, const Matrix& points);

/// What a perfect model, a fitted Gaussian and no model at all reach in mean negative log
/// likelihood; nats.
struct ToyOracle {
  Estimate entropy = 0.0;              ///< −∫ p log p; −∞ without a density
  Estimate gaussian_fit_nll = 0.0;     ///< ½ log det(2πeΣ)
  Estimate standard_normal_nll = 0.0;  ///< log 2π + ½E|x|²
  Vector mean = {};
  Matrix covariance = {};
};

/// The moments in closed form or by an integral along the curve. The entropy in closed form
/// (boards), by quadrature over the radius (circles, rings), over the plane by the trapezoidal
/// rule, which converges beyond any order for these densities, or for the pinwheel over f: two
/// steps, whose difference is the error. Up to a second.
ToyOracle toy_oracle(Toy toy);

}  // namespace flowcheck
