#pragma once

#include "distances/divergence.hpp"

#include <cstdint>
#include <vector>

namespace flowcheck {

/// w N(m, s²) on the line; on a line through the plane, also how the other score goes along.
struct LineComponent {
  double log_weight = 0.0;
  double mean = 0.0;
  double deviation = 1.0;
  double variance = 1.0;      ///< s² before the root was taken: it decides where tails are equal
  double mean_error = 0.0;    ///< of m, in units of s
  double cross_offset = 0.0;  ///< ∂ log/∂y at x = m
  double cross_slope = 0.0;   ///< and its slope in x
};

/// Components of a positive measure of any mass. Those of zero weight are left out.
using LineMixture = std::vector<LineComponent>;

struct LineIntegral {
  double value = 0.0;
  double discretisation = 0.0;  ///< difference of two rules, and the tails' bound
  double round_off = 0.0;
  std::int64_t exponentials = 0;  ///< taken: what evaluating the densities costs
};

/// Divergence of two mixtures on the line, the sums being finite (chi_squared_is_finite() says so
/// for χ²). Not normalised ones give ∫ divergence_term().
LineIntegral line_mixture_divergence(Divergence kind,
                                     const LineMixture& p,
                                     const LineMixture& q,
                                     double relative_tolerance,
                                     double absolute_tolerance = 0.0);

/// Whether χ²(p ‖ q) is finite, by the widest components: the tail of p²/q towards +∞ is
/// e^{−x²(1/s_p² − 1/(2s_q²)) + …}, for equal exponents e^{x(m_p − m_q)/s_q²} with the largest
/// means.
bool chi_squared_is_finite(const LineMixture& p, const LineMixture& q);

/// ∫_{x > B} of w N(m, s²) (x − c)² or, squared false, of w N(m, s²).
double upper_mass(const LineComponent& component, double B);
double upper_second_moment(const LineComponent& component, double B, double c);

/// log erfc(z), from above within 1/z² of it for z > 5.
double log_erfc_bound(double z);

/// How many deviations from the means the panels reach: beyond, 1e-60 of the mass is left.
inline constexpr double reach = 17.0;

/// Cuts at m ± 2s, m ± 6s, m ± 17s of all components and at the ends, thinned out; beyond 17s at
/// doubling distances up to four times the widest deviation. No panel is wide against what it ends
/// at, so none can hide a component or a turn of log p/q between its nodes.
std::vector<double> component_marks(const LineMixture& components, double lower, double upper);

}  // namespace flowcheck
