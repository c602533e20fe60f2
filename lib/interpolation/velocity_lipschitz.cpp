#include "interpolation/velocity_lipschitz.hpp"

#include "interpolation/covariance_envelope.hpp"
#include "interpolation/covariance_extremes.hpp"
#include "interpolation/velocity.hpp"
#include "measures/gaussian_mixture.hpp"
#include "measures/planar_curvature.hpp"
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

// S = a²I + b²Σ: ∇v = ½ṠS⁻¹ + abΔ S⁻¹ Cov(W|x) S⁻¹.
VelocityLipschitz centred_velocity(const DataLaw& law,
                                   const ScheduleValues& s,
                                   const GaussianMixture& p) {
  const Gaussian& kernel = p.kernel(0);
  const Vector& variances = kernel.eigenvalues();
  const Estimate least = gaussian_rate(s, variances.minCoeff());
  const Estimate most = gaussian_rate(s, variances.maxCoeff());
  const double factor = s.b * s.a_wronskian();
  // No data at b = 0; at the end of most schedules no noise that moves.
  if (factor == 0.0)
    return {{max(least, most), s.b * law.mean()}, {min(least, most), s.b * law.mean()}};
  const VelocityExtreme far_out = {min(least, most), {}};
  const Vector S = s.a * s.a + s.b * s.b * variances.array();
  if (p.common_variance() >= 0.0) {
    CovarianceExtreme centres = largest_centre_covariance(p, s.b, s.a);
    const double within = square(law.regularity().mixture_radius).upper;
    centres.value.upper = std::max(centres.value.lower, std::min(centres.value.upper, within));
    const double share = factor / (S(0) * S(0));
    return {
        {most + Estimate::closed_form(share, round_off(share, 1)) * centres.value, centres.place},
        far_out};
  }
  const Matrix& Q = kernel.eigenvectors();
  const Vector rates = (s.half_variance_rate + s.b * s.b_dot * variances.array()) / S.array();
  const CovarianceForm form = {
      .map = std::sqrt(factor) * Q * S.cwiseInverse().asDiagonal() * Q.transpose(),
      .base = symmetrised(Q * rates.asDiagonal() * Q.transpose())};
  const CovarianceExtreme top = largest_centre_covariance(p, s.b, s.a, form, {.enough = -infinity});
  return {{top.value, top.place}, far_out};
}

// ∇v = (ḃ/b)I + (aΔ/b)∇²log p_x, p_x the density of x = bX₁ + aZ.
struct OfCurvature {
  double rate = 0.0;
  double factor = 0.0;

  explicit OfCurvature(const ScheduleValues& s)
      : rate(s.b_dot / s.b), factor(s.a_wronskian() / s.b) {}

  Estimate operator()(const Estimate& curvature) const {
    const Estimate rest = Estimate::closed_form(rate, round_off(rate, 1));
    if (factor == 0.0) return rest;
    return rest + Estimate::closed_form(factor, round_off(factor, 1)) * curvature;
  }
  // Relative to where the velocity has no slope.
  CurvatureOptions options() const { return {.origin = factor > 0.0 ? -rate / factor : 0.0}; }
};

GaussianMixture law_of_x(const ScheduleValues& s, const GaussianMixture& p) {
  const Matrix I = Matrix::Identity(p.dimension(), p.dimension());
  GaussianMixture seen =
      convolution(pushforward({s.b * I, Vector::Zero(p.dimension())}, p), s.a * s.a * I);
  require(seen.has_density(), "velocity_lipschitz: no velocity at t = 1 without a smooth density");
  return seen;
}

VelocityLipschitz line_velocity(const ScheduleValues& s, const GaussianMixture& p) {
  const GaussianMixture seen = law_of_x(s, p);
  const OfCurvature velocity(s);
  const auto at = [&](const CurvatureExtreme& extreme) -> VelocityExtreme {
    return {velocity(extreme.value),
            extreme.is_attained ? Vector::Constant(1, extreme.place) : Vector()};
  };
  return {at(largest_log_density_curvature(seen, velocity.options())),
          at(smallest_log_density_curvature(seen, velocity.options()))};
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

VelocityExtreme searched_largest(const DataLaw& law,
                                 const Schedule& schedule,
                                 const FlowTime& time,
                                 const ScheduleValues& s) {
  const double r = s.r();
  const CovarianceExtreme above = largest_posterior_covariance(law, r);
  // A limit, or +∞: no place shows it.
  if (above.place.size() == 0) return {of_covariance(s, above.value), {}, above.direction};
  const VelocityGradient at_top = velocity_jacobian(law, schedule, time, s.a * above.place);
  const double top = shown(at_top, true);
  const double error = shown_error(at_top);
  const CovarianceEnvelope envelope = covariance_envelope(law.regularity());
  double ceiling = of_covariance(s, envelope.largest_covariance(r)).upper;
  const bool enclosed = above.value.grade > Grade::sampled;
  if (enclosed) ceiling = std::min(ceiling, of_covariance(s, above.value).upper);
  return {Estimate::between(top, top - error, std::max(top + error, ceiling),
                            enclosed ? Grade::converged : Grade::sampled),
          s.a * above.place};
}

VelocityExtreme searched_smallest(const DataLaw& law,
                                  const Schedule& schedule,
                                  const FlowTime& time,
                                  const ScheduleValues& s) {
  const double r = s.r();
  const CovarianceExtreme below = smallest_posterior_covariance(law, r);
  if (below.place.size() == 0) return {of_covariance(s, below.value), {}, below.direction};
  const VelocityGradient at_bottom = velocity_jacobian(law, schedule, time, s.a * below.place);
  const double bottom = shown(at_bottom, false);
  const double error = shown_error(at_bottom);
  const CovarianceEnvelope envelope = covariance_envelope(law.regularity());
  const double floor = of_covariance(s, envelope.smallest_covariance(r)).lower;
  return {
      Estimate::between(bottom, std::min(bottom - error, floor), bottom + error, Grade::sampled),
      s.a * below.place};
}

VelocityLipschitz searched_velocity(const DataLaw& law,
                                    const Schedule& schedule,
                                    const FlowTime& time,
                                    const ScheduleValues& s) {
  if (s.b == 0.0) {
    const Estimate rate = gaussian_rate(s, 0.0);
    return {{rate, s.b * law.mean()}, {rate, s.b * law.mean()}};
  }
  require(s.a > 0.0, "velocity_lipschitz: t = 1 needs a Gaussian mixture");
  return {searched_largest(law, schedule, time, s), searched_smallest(law, schedule, time, s)};
}

VelocityLipschitz plane_velocity(const DataLaw& law,
                                 const Schedule& schedule,
                                 const FlowTime& time,
                                 const ScheduleValues& s,
                                 const GaussianMixture& p) {
  const GaussianMixture seen = law_of_x(s, p);
  const OfCurvature velocity(s);
  const auto at = [&](const PlanarCurvature& extreme) -> VelocityExtreme {
    return {velocity(extreme.value), extreme.place, extreme.direction};
  };
  // A supremum on a curve closes slowly: more digits would take all places there are.
  CurvatureOptions options = velocity.options();
  options.accuracy = 1e-6;
  options.most_places = 4'000;
  const PlanarCurvature most = largest_planar_curvature(seen, p, options);
  const PlanarCurvature least = smallest_planar_curvature(seen, p, options);
  VelocityLipschitz result = {at(most), at(least)};
  // A search sees more than the centres do.
  const auto left_open = [&](const PlanarCurvature& extreme) {
    return extreme.value.grade == Grade::sampled && s.a > 0.0;
  };
  if (left_open(most)) result.largest = searched_largest(law, schedule, time, s);
  if (left_open(least)) result.smallest = searched_smallest(law, schedule, time, s);
  return result;
}

}  // namespace

VelocityLipschitz velocity_lipschitz(const DataLaw& law,
                                     const Schedule& schedule,
                                     const FlowTime& time) {
  const ScheduleValues s = schedule.values(time);
  const GaussianMixture* p = law.mixture();
  if (p != nullptr && p->size() == 1) return gaussian_velocity(law, s, p->kernel(0));
  if (p != nullptr && p->has_common_covariance()) return centred_velocity(law, s, *p);
  if (p != nullptr && law.dimension() == 1 && s.b > 0.0) return line_velocity(s, *p);
  if (p != nullptr && law.dimension() == 2 && s.b > 0.0) {
    return plane_velocity(law, schedule, time, s, *p);
  }
  return searched_velocity(law, schedule, time, s);
}

}  // namespace flowcheck
