#include "interpolation/velocity.hpp"

#include "numerics/require.hpp"
#include "numerics/round_off.hpp"

#include <array>
#include <cmath>

namespace flowcheck {
namespace {

constexpr double eight_units = 8.0 * unit_round_off;

// F1, F3 and F4 are one formula: v = αx + β E[g|x], α = Ṡ/2S, β = aΔ/S, S = a² + σ²b², σ = 0 for
// F1; and x | ξ ~ N(bξ, N I) with N = S for F3, a² otherwise.
class Regression {
 public:
  Regression(const ScheduleValues& s, double variance, bool latent_is_centre)
      : s_(s),
        S_(s.a * s.a + variance * s.b * s.b),
        half_S_dot_(s.half_variance_rate + variance * s.b * s.b_dot),
        half_S_dot_size_(-s.half_variance_rate + variance * s.b * s.b_dot),
        half_S_second_(s.half_variance_second + variance * (s.b_dot * s.b_dot + s.b * s.b_second)),
        half_S_second_size_(std::abs(s.half_variance_second) +
                            variance * (s.b_dot * s.b_dot + s.b * std::abs(s.b_second))),
        N_(latent_is_centre ? S_ : s.a * s.a),
        half_N_dot_(latent_is_centre ? half_S_dot_ : s.half_variance_rate),
        half_N_dot_size_(latent_is_centre ? half_S_dot_size_ : -s.half_variance_rate) {}

  VelocityValue value(const Vector& x, const LatentMoments& g) const {
    const double beta = s_.a_wronskian() / S_;
    return {.value = half_S_dot_ / S_ * x + beta * g.mean,
            .error = eight_units * (half_S_dot_size_ / S_ * x.norm() + beta * g.mean.norm()) +
                     beta * g.mean_error};
  }

  VelocityGradient jacobian(const LatentMoments& g) const {
    const Index d = g.mean.size();
    const double gain = s_.a_wronskian() / S_ * per_noise(s_.b);
    return {.value = half_S_dot_ / S_ * Matrix::Identity(d, d) + gain * g.covariance,
            .error = eight_units * (half_S_dot_size_ / S_ + gain * g.covariance.norm()) +
                     gain * g.covariance_error};
  }

  // ∂E[g|x]/∂t = ((Nḃ − Ṅb) Cov(g, ξ) x − b(Nḃ − ½Ṅb) Cov(g, |ξ|²))/N².
  VelocityValue latent_time_derivative(const Vector& x, const LatentMoments& g) const {
    require(g.third_moment.size() == x.size(),
            "velocity_time_derivative: this law does not know its posterior's third moments");
    const double of_covariance = per_noise(per_noise(N_ * s_.b_dot - 2.0 * half_N_dot_ * s_.b));
    const double of_third = per_noise(per_noise(s_.b * (N_ * s_.b_dot - half_N_dot_ * s_.b)));
    const double covariance_size =
        per_noise(per_noise(N_ * s_.b_dot + 2.0 * half_N_dot_size_ * s_.b));
    const double third_size =
        per_noise(per_noise(s_.b * (N_ * s_.b_dot + half_N_dot_size_ * s_.b)));
    const Vector turned = g.covariance * x;
    return {.value = of_covariance * turned - of_third * g.third_moment,
            .error = eight_units * (covariance_size * g.covariance.norm() * x.norm() +
                                    third_size * g.third_moment.norm()) +
                     std::abs(of_covariance) * g.covariance_error * x.norm() +
                     std::abs(of_third) * g.third_moment_error};
  }

  VelocityValue time_derivative(const Vector& x, const LatentMoments& g) const {
    const double wronskian = s_.a_wronskian();
    const double beta = wronskian / S_;
    const double rate = half_S_dot_ / S_;
    const double rate_size = half_S_dot_size_ / S_;
    const double alpha_dot = half_S_second_ / S_ - 2.0 * rate * rate;
    const double beta_dot = s_.a_wronskian_dot() / S_ - 2.0 * beta * rate;
    const double wronskian_dot_size = -s_.half_variance_rate * s_.b_dot +
                                      s_.a * s_.a * std::abs(s_.b_second) +
                                      std::abs(s_.half_variance_second) * s_.b;
    const VelocityValue latent = latent_time_derivative(x, g);
    const double size = (half_S_second_size_ / S_ + 4.0 * rate_size * rate_size) * x.norm() +
                        (wronskian_dot_size / S_ + 4.0 * beta * rate_size) * g.mean.norm() +
                        beta * latent.value.norm();
    return {.value = alpha_dot * x + beta_dot * g.mean + beta * latent.value,
            .error = eight_units * size + std::abs(beta_dot) * g.mean_error + beta * latent.error};
  }

 private:
  // At data a tilt's posterior is one point and its covariances are zero.
  double per_noise(double factor) const { return N_ > 0.0 ? factor / N_ : 0.0; }

  ScheduleValues s_;
  double S_;
  double half_S_dot_;
  double half_S_dot_size_;  // sums of absolute values: what rounding is relative to
  double half_S_second_;
  double half_S_second_size_;
  double N_;
  double half_N_dot_;
  double half_N_dot_size_;
};

struct RegressionForm {
  Regression regression;
  LatentMoments moments;
};

RegressionForm denoiser_form(const DataLaw& law, const ScheduleValues& s, const Vector& x) {
  return {Regression(s, 0.0, false), law.posterior(s.b, s.a, x)};
}

RegressionForm smooth_form(const ScheduleValues& s, SmoothPart part) {
  const bool convolution = part.kind == SmoothPart::Kind::convolution;
  return {Regression(s, part.variance, convolution), std::move(part.moments)};
}

RegressionForm regression_form(const DataLaw& law,
                               const ScheduleValues& s,
                               const Vector& x,
                               VelocityForm form) {
  if (form == VelocityForm::denoiser) return denoiser_form(law, s, x);
  std::optional<SmoothPart> part = law.smooth_part(s.b, s.a, x);
  const auto kind =
      form == VelocityForm::convolution ? SmoothPart::Kind::convolution : SmoothPart::Kind::tilt;
  require(part.has_value() && part->kind == kind, "velocity: this law has no such form");
  return smooth_form(s, std::move(*part));
}

// ∇log p_t and its Jacobian, from what the law knows.
ScorePart score_of(const DataLaw& law, const ScheduleValues& s, const Vector& x) {
  if (std::optional<ScorePart> known = law.score_part(s.b, s.a, x)) return *std::move(known);
  const Index d = law.dimension();
  const std::optional<SmoothPart> part = law.smooth_part(s.b, s.a, x);
  const double variance = part ? part->variance : 0.0;
  const LatentMoments g = part ? part->moments : law.posterior(s.b, s.a, x);
  const double S = s.a * s.a + variance * s.b * s.b;
  const double N = part && part->kind == SmoothPart::Kind::convolution ? S : s.a * s.a;
  const double gain = N > 0.0 ? s.b * s.b / N : 0.0;
  const LatentMoments posterior = part && s.a == 0.0 ? LatentMoments{} : law.posterior(s.b, s.a, x);
  ScorePart result;
  result.score = (s.b * g.mean - x) / S;
  result.score_jacobian = (gain * g.covariance - Matrix::Identity(d, d)) / S;
  result.score_error = (eight_units * (x.norm() + s.b * g.mean.norm()) + s.b * g.mean_error) / S;
  result.score_jacobian_error =
      (eight_units * (1.0 + gain * g.covariance.norm()) + gain * g.covariance_error) / S;
  if (s.a > 0.0) {
    const double per_variance = s.b / (s.a * s.a);
    result.mean = posterior.mean;
    result.mean_error = posterior.mean_error;
    result.mean_jacobian = per_variance * posterior.covariance;
    result.mean_jacobian_error =
        per_variance * (posterior.covariance_error + eight_units * posterior.covariance.norm());
  } else {  // all is data
    result.mean = x / s.b;
    result.mean_error = unit_round_off * result.mean.norm();
    result.mean_jacobian = Matrix::Identity(d, d) / s.b;
    result.mean_jacobian_error = unit_round_off / s.b;
  }
  return result;
}

VelocityValue score_velocity(const DataLaw& law, const ScheduleValues& s, const Vector& x) {
  require(s.b > 0.0, "velocity: the score form has no value where b = 0");
  const ScorePart part = score_of(law, s, x);
  const double rate = s.b_dot / s.b;
  const double gain = s.a_wronskian() / s.b;
  return {.value = rate * x + gain * part.score,
          .error =
              eight_units * (rate * x.norm() + gain * part.score.norm()) + gain * part.score_error};
}

VelocityGradient score_jacobian(const DataLaw& law, const ScheduleValues& s, const Vector& x) {
  require(s.b > 0.0, "velocity: the score form has no value where b = 0");
  const Index d = law.dimension();
  const ScorePart part = score_of(law, s, x);
  const double rate = s.b_dot / s.b;
  const double gain = s.a_wronskian() / s.b;
  return {.value = rate * Matrix::Identity(d, d) + gain * part.score_jacobian,
          .error = eight_units * (rate + gain * part.score_jacobian.norm()) +
                   gain * part.score_jacobian_error};
}

VelocityValue conditional_velocity(const DataLaw& law, const ScheduleValues& s, const Vector& x) {
  const ScorePart part = score_of(law, s, x);
  const double rate = -s.half_variance_rate;
  return {.value = s.b_dot * part.mean + rate * part.score,
          .error = eight_units * (s.b_dot * part.mean.norm() + rate * part.score.norm()) +
                   s.b_dot * part.mean_error + rate * part.score_error};
}

VelocityGradient conditional_jacobian(const DataLaw& law,
                                      const ScheduleValues& s,
                                      const Vector& x) {
  const ScorePart part = score_of(law, s, x);
  const double rate = -s.half_variance_rate;
  return {.value = s.b_dot * part.mean_jacobian + rate * part.score_jacobian,
          .error = eight_units *
                       (s.b_dot * part.mean_jacobian.norm() + rate * part.score_jacobian.norm()) +
                   s.b_dot * part.mean_jacobian_error + rate * part.score_jacobian_error};
}

// b̈M + ḃ∂ₜM − (aȧ)˙s − aȧ∂ₜs.
VelocityValue conditional_time_derivative(const DataLaw& law,
                                          const ScheduleValues& s,
                                          const Vector& x) {
  const ScorePart part = score_of(law, s, x);
  const double h = s.half_variance_rate;
  const std::optional<ScoreRates> rates = law.score_rates(s.b, s.a, s.b_dot, h, x);
  require(rates.has_value(), "velocity_time_derivative: this law has no conditional form");
  const double bend = std::abs(s.b_second);
  const double second = std::abs(s.half_variance_second);
  return {.value = s.b_second * part.mean + s.b_dot * rates->mean -
                   s.half_variance_second * part.score - h * rates->score,
          .error = eight_units * (bend * part.mean.norm() + s.b_dot * rates->mean.norm() +
                                  second * part.score.norm() - h * rates->score.norm()) +
                   bend * part.mean_error + s.b_dot * rates->mean_error +
                   second * part.score_error - h * rates->score_error};
}

void check_point(const DataLaw& law, const Vector& x) {
  require(x.size() == law.dimension(), "velocity: the point has another dimension");
}

// In batches a velocity is to cost one pass over the components: F1 where noise prevails, F2 where
// data does. Neither divides by less than half the size of the other there.
bool near_noise(const ScheduleValues& s) {
  return s.b <= s.a;
}

}  // namespace

std::string_view to_string(VelocityForm form) {
  constexpr std::array<std::string_view, 5> words = {"denoiser", "score", "convolution", "tilt",
                                                     "conditional"};
  return words.at(static_cast<std::size_t>(form));
}

VelocityForm best_form(const DataLaw& law) {
  const Vector origin = Vector::Zero(law.dimension());
  if (const std::optional<SmoothPart> part = law.smooth_part(1.0, 1.0, origin)) {
    return part->kind == SmoothPart::Kind::convolution ? VelocityForm::convolution
                                                       : VelocityForm::tilt;
  }
  return law.score_part(1.0, 1.0, origin) ? VelocityForm::conditional : VelocityForm::denoiser;
}

VelocityValue velocity(const DataLaw& law,
                       const Schedule& schedule,
                       const FlowTime& time,
                       const Vector& x) {
  return velocity(law, schedule, time, x, best_form(law));
}

VelocityValue velocity(const DataLaw& law,
                       const Schedule& schedule,
                       const FlowTime& time,
                       const Vector& x,
                       VelocityForm form) {
  check_point(law, x);
  const ScheduleValues s = schedule.values(time);
  VelocityValue result;
  if (form == VelocityForm::score) {
    result = score_velocity(law, s, x);
  } else if (form == VelocityForm::conditional) {
    result = conditional_velocity(law, s, x);
  } else {
    const RegressionForm parts = regression_form(law, s, x, form);
    result = parts.regression.value(x, parts.moments);
  }
  result.form = form;
  return result;
}

VelocityGradient velocity_jacobian(const DataLaw& law,
                                   const Schedule& schedule,
                                   const FlowTime& time,
                                   const Vector& x) {
  return velocity_jacobian(law, schedule, time, x, best_form(law));
}

VelocityGradient velocity_jacobian(const DataLaw& law,
                                   const Schedule& schedule,
                                   const FlowTime& time,
                                   const Vector& x,
                                   VelocityForm form) {
  check_point(law, x);
  const ScheduleValues s = schedule.values(time);
  VelocityGradient result;
  if (form == VelocityForm::score) {
    result = score_jacobian(law, s, x);
  } else if (form == VelocityForm::conditional) {
    result = conditional_jacobian(law, s, x);
  } else {
    const RegressionForm parts = regression_form(law, s, x, form);
    result = parts.regression.jacobian(parts.moments);
  }
  result.form = form;
  return result;
}

VelocityValue velocity_time_derivative(const DataLaw& law,
                                       const Schedule& schedule,
                                       const FlowTime& time,
                                       const Vector& x) {
  check_point(law, x);
  const ScheduleValues s = schedule.values(time);
  const VelocityForm form = best_form(law);
  VelocityValue result;
  if (form == VelocityForm::conditional) {
    result = conditional_time_derivative(law, s, x);
  } else {
    const RegressionForm parts = regression_form(law, s, x, form);
    result = parts.regression.time_derivative(x, parts.moments);
  }
  result.form = form;
  return result;
}

VelocityValue denoiser_time_derivative(const DataLaw& law,
                                       const Schedule& schedule,
                                       const FlowTime& time,
                                       const Vector& x) {
  check_point(law, x);
  const RegressionForm parts = denoiser_form(law, schedule.values(time), x);
  return parts.regression.latent_time_derivative(x, parts.moments);
}

Matrix velocities(const DataLaw& law,
                  const Schedule& schedule,
                  const FlowTime& time,
                  const Matrix& points) {
  const ScheduleValues s = schedule.values(time);
  if (const GaussianMixture* p = law.mixture()) {
    const MixturePosterior posterior(*p, s.b, s.a);
    if (near_noise(s)) {
      return (s.a_dot / s.a) * points + (s.wronskian() / s.a) * posterior.means(points);
    }
    return (s.b_dot / s.b) * points + (s.a_wronskian() / s.b) * posterior.scores(points);
  }
  Matrix result(points.rows(), points.cols());
  for (Index j = 0; j < points.cols(); ++j) {
    result.col(j) = velocity(law, schedule, time, points.col(j)).value;
  }
  return result;
}

void velocities_and_jacobians(const DataLaw& law,
                              const Schedule& schedule,
                              const FlowTime& time,
                              const Matrix& points,
                              PointwiseMoments& result) {
  const ScheduleValues s = schedule.values(time);
  if (const GaussianMixture* p = law.mixture()) {
    const MixturePosterior posterior(*p, s.b, s.a);
    if (near_noise(s)) {
      posterior.means_and_jacobians(points, result,
                                    {.point = s.a_dot / s.a, .result = s.wronskian() / s.a});
    } else {
      posterior.scores_and_hessians(points, result,
                                    {.point = s.b_dot / s.b, .result = s.a_wronskian() / s.b});
    }
    return;
  }
  const Index d = law.dimension();
  result.vectors.resize(d, points.cols());
  result.matrices.resize(d * (d + 1) / 2, points.cols());
  for (Index j = 0; j < points.cols(); ++j) {
    const Vector x = points.col(j);
    result.vectors.col(j) = velocity(law, schedule, time, x).value;
    const Matrix jacobian = velocity_jacobian(law, schedule, time, x).value;
    Index row = 0;
    for (Index i = 0; i < d; ++i) {
      for (Index k = 0; k <= i; ++k) result.matrices(row++, j) = jacobian(i, k);
    }
  }
}

}  // namespace flowcheck
