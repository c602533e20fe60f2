#include "interpolation/velocity_lipschitz.hpp"

#include "interpolation/covariance_envelope.hpp"
#include "interpolation/covariance_extremes.hpp"
#include "interpolation/velocity.hpp"
#include "measures/gaussian_mixture.hpp"
#include "numerics/require.hpp"
#include "numerics/round_off.hpp"
#include "numerics/spd.hpp"

#include <algorithm>
#include <cmath>

namespace flowcheck {
namespace {

// (aȧ + λbḃ)/(a² + λb²).
Estimate gaussian_rate(const ScheduleValues& s, double variance) {
  const double S = s.a * s.a + variance * s.b * s.b;
  require(S > 0.0, "velocity_lipschitz: no velocity at t = 1 without a smooth density");
  const double noise = s.half_variance_rate;
  const double data = variance * s.b * s.b_dot;
  return Estimate::closed_form((noise + data) / S,
                               round_off((std::abs(noise) + std::abs(data)) / S, 1));
}

VelocityLipschitz gaussian_velocity(const DataLaw& law,
                                    const ScheduleValues& s,
                                    const Gaussian& kernel) {
  const Vector& variances = kernel.eigenvalues();
  const Vector mean = s.b * law.mean();
  return {{gaussian_rate(s, variances.maxCoeff()), mean},
          {gaussian_rate(s, variances.minCoeff()), mean}};
}

VelocityLipschitz one_width_velocity(const DataLaw& law, const ScheduleValues& s, double variance) {
  const Estimate rest = gaussian_rate(s, variance);
  // At the end of the flow there is no noise that a centre could hide in; at b = 0 no data.
  if (s.a == 0.0 || s.b == 0.0) return {{rest, s.b * law.mean()}, {rest, s.b * law.mean()}};
  const double S = s.a * s.a + variance * s.b * s.b;
  const double factor = s.b * s.a_wronskian() / (S * S);
  const CovarianceExtreme centres = largest_centre_covariance(law, s.r());
  const Estimate share = Estimate::closed_form(factor, round_off(factor, 1));
  return {{rest + share * centres.value, s.a * centres.place}, {rest, {}}};
}

double shown(const VelocityGradient& gradient, bool largest) {
  return largest ? largest_eigenpair(gradient.value).value
                 : smallest_eigenpair(gradient.value).value;
}

double shown_error(const VelocityGradient& gradient) {
  return gradient.error + round_off(gradient.value.norm(), gradient.value.rows());
}

// (ȧ/a) + (bΔ/a³) c.
Estimate of_covariance(const ScheduleValues& s, const Estimate& c) {
  const double a2 = s.a * s.a;
  const double rest = s.half_variance_rate / a2;
  const double factor = s.b * s.a_wronskian() / (a2 * a2);
  return Estimate::closed_form(rest, round_off(std::abs(rest), 1)) +
         Estimate::closed_form(factor, round_off(factor, 1)) * c;
}

VelocityLipschitz searched_velocity(const DataLaw& law,
                                    const Schedule& schedule,
                                    const FlowTime& time,
                                    const ScheduleValues& s) {
  if (s.b == 0.0) return one_width_velocity(law, s, 0.0);
  require(s.a > 0.0, "velocity_lipschitz: t = 1 needs a Gaussian mixture");
  const double r = s.r();
  const CovarianceExtreme above = largest_posterior_covariance(law, r);
  const CovarianceExtreme below = smallest_posterior_covariance(law, r);
  const CovarianceEnvelope envelope = covariance_envelope(law.regularity());

  const VelocityGradient at_top = velocity_jacobian(law, schedule, time, s.a * above.place);
  const double top = shown(at_top, true);
  double ceiling = of_covariance(s, envelope.largest_covariance(r)).upper;
  const bool enclosed = above.value.grade > Grade::sampled;
  if (enclosed) ceiling = std::min(ceiling, of_covariance(s, above.value).upper);

  const VelocityGradient at_bottom = velocity_jacobian(law, schedule, time, s.a * below.place);
  const double bottom = shown(at_bottom, false);
  const double floor = of_covariance(s, envelope.smallest_covariance(r)).lower;
  const double top_error = shown_error(at_top);
  const double bottom_error = shown_error(at_bottom);
  return {{Estimate::between(top, top - top_error, std::max(top + top_error, ceiling),
                             enclosed ? Grade::converged : Grade::sampled),
           s.a * above.place},
          {Estimate::between(bottom, std::min(bottom - bottom_error, floor), bottom + bottom_error,
                             Grade::sampled),
           s.a * below.place}};
}

}  // namespace

VelocityLipschitz velocity_lipschitz(const DataLaw& law,
                                     const Schedule& schedule,
                                     const FlowTime& time) {
  const ScheduleValues s = schedule.values(time);
  const GaussianMixture* p = law.mixture();
  if (p != nullptr && p->size() == 1) return gaussian_velocity(law, s, p->kernel(0));
  if (p != nullptr && p->common_variance() >= 0.0) {
    return one_width_velocity(law, s, p->common_variance());
  }
  return searched_velocity(law, schedule, time, s);
}

}  // namespace flowcheck
