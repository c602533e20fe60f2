#pragma once

#include "measures/line_measure.hpp"

namespace flowcheck {

// The laws on the line that the theorems are tried on. Parameters that make no probability measure
// throw std::invalid_argument.

/// N(m, s²), s > 0.
LineMeasure gaussian_law(double mean = 0.0, double standard_deviation = 1.0);

/// V = a x²/2 + b x⁴/4, b > 0: a = b = 1 and, without convexity, a = 0 or a < 0.
LineMeasure quartic_law(double a, double b);

/// Double well V = (x² − a²)²/4 with wells at ±a, of curvature 2a², and −a² between them.
LineMeasure double_well_law(double a);

/// V = s x²/2 + b log(2 cosh kx), s, b ≥ 0: curvature from s to s + bk².
LineMeasure log_cosh_law(double s, double b, double k);

/// V = x²/2 + b cos kx: convex only for |b| k² ≤ 1, log-Sobolev with constant e^{−2|b|} (Holley and
/// Stroock).
LineMeasure rippled_gaussian_law(double b, double k);

/// Uniform on [lower, upper].
LineMeasure uniform_law(double lower, double upper);

/// Uniform on [−outer, −inner] ∪ [inner, outer], 0 < inner < outer: a support that is not convex.
LineMeasure two_interval_law(double inner, double outer);

/// e^{−κx²/2} on [−D, D], κ of either sign or zero.
LineMeasure truncated_gaussian_law(double kappa, double half_diameter);

/// e^{cx} on [−D, D], c of either sign or zero.
LineMeasure tilted_uniform_law(double c, double half_diameter);

/// Cusp e^{L|x|} dN(0, 1), L of either sign: |L|-log-Lipschitz with respect to N(0, 1), attaining
/// the sharp constants of that class.
LineMeasure cusp_law(double L);

/// e^{−|x|/s}/(2s): log-concave, not log-Lipschitz with respect to N(0, 1).
LineMeasure laplace_law(double scale = 1.0);

/// Student's law with ν > 0 degrees of freedom, heavier than any theorem here allows.
LineMeasure student_law(double degrees_of_freedom);

/// Σ wᵢ N(mᵢ, sᵢ²), wᵢ ≥ 0 summing to one within 1e-9, sᵢ > 0.
LineMeasure gaussian_mixture_law(std::vector<double> weights,
                                 std::vector<double> means,
                                 std::vector<double> standard_deviations);

}  // namespace flowcheck
