#pragma once

#include "gif/instances.hpp"
#include "interpolation/covariance_envelope.hpp"

#include <string>
#include <vector>

namespace flowcheck {

// Bounds of ∇v, each said twice: as it stands, where the term ȧ/a hides everything near data, and
// of the posterior covariance alone, C ⪯ c₊(r) or C ⪰ c₋(r), which is the same inequality.

/// Σ of terms known to a few units each.
Estimate sum_of_terms(const std::vector<double>& terms);

/// ½(a² + kb²)˙/(a² + kb²) = (aȧ + kbḃ)/(a² + kb²), the rate of a Gaussian of variance k; +∞ where
/// a² + kb² is not positive beyond round-off.
Estimate variance_rate(const ScheduleValues& s, double k);

/// (κaȧ + bḃ)/(κa² + b²), the same by the precision κ of either sign.
Estimate precision_rate(const ScheduleValues& s, double kappa);

/// ȧ/a + (bΔ/a³)c: what a bound c of the covariance says of ∇v.
Estimate rate_from_covariance(const ScheduleValues& s, const Estimate& c);

/// c(r) of a log-Lipschitz class at r = b/a, which is itself rounded.
Estimate covariance_at(const CovarianceBound& bound, const ScheduleValues& s);

struct Spectrum {
  Estimate least = 0.0;
  Estimate largest = 0.0;
};

/// Extreme eigenvalues at one point, and the sizes that round-off is relative to.
struct PointSpectra {
  Spectrum velocity = {};    ///< of ∇v, in its best form
  Spectrum covariance = {};  ///< of C
  double velocity_scale = 0.0;
  double covariance_scale = 0.0;
};

/// What covariances are small against in double: rounding of E|X₁|², or, at one point about 0,
/// where the steps of interval arithmetic are no longer relative.
double covariance_floor(const FlowProblem& problem);

PointSpectra spectra(const FlowProblem& problem, const FlowPoint& at);

/// Parts "∇v <name>" and "C <name>".
void add_upper_bound(const PointSpectra& here,
                     const Estimate& rate,
                     const Estimate& covariance,
                     std::vector<Bound>& bounds,
                     const std::string& name = "from above");
void add_lower_bound(const PointSpectra& here,
                     const Estimate& rate,
                     const Estimate& covariance,
                     std::vector<Bound>& bounds,
                     const std::string& name = "from below");

void leave_out_bound(const std::string& name,
                     const std::string& hypothesis,
                     std::vector<Bound>& bounds);

/// The problem looked at where its covariance is largest, and nowhere else.
FlowProblem at_steepest(const FlowProblem& problem);
/// The problem looked at `distance` units of noise away along the first axis.
FlowProblem far_out(const FlowProblem& problem, double distance);

}  // namespace flowcheck
