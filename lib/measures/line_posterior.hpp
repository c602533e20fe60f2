#pragma once

#include "measures/line_measure.hpp"

namespace flowcheck {

// Posterior of X₁ given Z + rX₁ = y, Z ~ N(0, 1) independent: density ∝ p(ξ) e^{ryξ − r²ξ²/2}. What
// the velocity of an interpolation flow and its Jacobian are made of, in the flow's own clock:
// r = b/a, y = x/a.

struct LinePosteriorMoments {
  Estimate mean = 0.0;
  Estimate variance = 0.0;
  Estimate third_moment = 0.0;  ///< central
  Estimate log_marginal = 0.0;  ///< log density of Z + rX₁ at y
};

/// p ∝ e^{−κξ²/2} on [−D, D], κ of any sign; κ = 0 is the uniform law. Gauss–Legendre with 20 and
/// with 15 nodes on panels that grow away from the mode (from both ends where the exponent is
/// convex), moments about the mode: relative error below 1e-13 from r = 0 to 1e3 and for y far
/// outside r·[−D, D]. 700 exponentials.
/// @throws std::invalid_argument  r < 0 or not finite, y not finite, D ≤ 0
LinePosteriorMoments truncated_gaussian_posterior(double kappa,
                                                  double half_diameter,
                                                  double r,
                                                  double y);

/// p the cusp e^{L|ξ|} N(0, 1), L of either sign: two half lines of Gaussians, closed form.
/// @throws std::invalid_argument  r < 0 or not finite, y or L not finite
LinePosteriorMoments cusp_posterior(double L, double r, double y);

/// The posterior of any law on the line, again a law on the line: V + (rξ − y)²/2. Milliseconds.
/// @throws std::invalid_argument  r < 0 or not finite, y not finite
LineMeasure posterior_law(const LineMeasure& p, double r, double y);

/// posterior_law()'s moments.
LinePosteriorMoments posterior_moments(const LineMeasure& p, double r, double y);

}  // namespace flowcheck
