#include "flows/reference_flow.hpp"

#include "measures/gaussian_mixture.hpp"
#include "numerics/require.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace flowcheck {
namespace {

// Mean and covariance of the centres μₖ given scale·μ + √S Z = u. Exponents count from the
// likeliest centre μₙ, ⟨u − c(μₖ + μₙ)/2, c(μₖ − μₙ)⟩/S, and so do the centres: differences of
// squares lose |u|/|μₖ − μₙ| digits.
PosteriorMoments centre_moments(const GaussianMixture& p, const Vector& u, double scale, double S) {
  const Vector log_weights = p.weights().array().log();
  Index likeliest = 0;
  (log_weights -
   ((scale * p.means()).colwise() - u).colwise().squaredNorm().transpose() / (2.0 * S))
      .maxCoeff(&likeliest);
  const Vector origin = p.means().col(likeliest);
  const Matrix apart = p.means().colwise() - origin;
  const Matrix from_middle =
      u.replicate(1, p.size()) - 0.5 * scale * (p.means().colwise() + origin);
  Vector weights = log_weights.array() - log_weights(likeliest) +
                   scale / S * from_middle.cwiseProduct(apart).colwise().sum().transpose().array();
  weights = (weights.array() - weights.maxCoeff()).exp();
  weights /= weights.sum();
  const Vector shift = apart * weights;
  const Matrix offsets = apart.colwise() - shift;
  return {.mean = origin + shift,
          .covariance = offsets * weights.asDiagonal() * offsets.transpose()};
}

ClockFields isotropic_fields(const GaussianMixture& p) {
  const double variance = p.common_variance();
  const Index d = p.dimension();
  ClockFields result{.dimension = d};
  result.posterior = [p, variance](double b, double a, const Vector& x) -> PosteriorMoments {
    const double S = a * a + variance * b * b;
    const double shrink = a * a / S;
    PosteriorMoments W = centre_moments(p, x, b, S);
    W.mean = shrink * W.mean + (variance * b / S) * x;
    W.covariance *= shrink * shrink;
    W.covariance.diagonal().array() += shrink * variance;
    return W;
  };
  if (variance > 0.0) {
    result.noise_mean = [p, variance, d](double epsilon, const Vector& u) -> LocalFlow {
      const double S = epsilon * epsilon + variance;
      const PosteriorMoments W = centre_moments(p, u, 1.0, S);
      return {.velocity = (epsilon / S) * (u - W.mean),
              .jacobian = (epsilon / S) * (Matrix::Identity(d, d) - W.covariance / S)};
    };
  }
  return result;
}

// A clock's field in the coordinates that go with it.
TangentField signal_clock(const ClockFields& fields) {
  return [&fields](double r, const Vector& y) -> LocalFlow {
    PosteriorMoments X = fields.posterior(r, 1.0, y);
    return {.velocity = std::move(X.mean), .jacobian = r * X.covariance};
  };
}
TangentField log_noise_clock(const ClockFields& fields) {
  return [&fields](double log_epsilon, const Vector& u) -> LocalFlow {
    const double epsilon = std::exp(log_epsilon);
    const PosteriorMoments X = fields.posterior(1.0, epsilon, u);
    return {.velocity = u - X.mean,
            .jacobian = Matrix::Identity(u.size(), u.size()) - X.covariance / (epsilon * epsilon)};
  };
}

// The point in its clock's coordinates; what x is divided by to get there.
struct ClockTime {
  bool by_signal = true;
  double time = 0.0;  // r, ε or log ε
  double scale = 1.0;
};

ClockTime clock_time(const ClockFields& fields, const NoiseLevel& level) {
  const double a = level.noise;
  const double b = level.data_scale;
  require(a >= 0.0 && b >= 0.0 && a + b > 0.0 && std::isfinite(a + b),
          "reference_flow: a level needs a ≥ 0 and b ≥ 0, not both zero");
  if (b <= a) return {.by_signal = true, .time = b / a, .scale = a};
  require(a > 0.0 || fields.noise_mean,
          "reference_flow: the flow of a law without a smooth density does not reach a = 0");
  const double epsilon = a / b;
  return {.by_signal = false, .time = fields.noise_mean ? epsilon : std::log(epsilon), .scale = b};
}

// Appends one clock's part to the flow so far.
void continue_flow(TangentFlowResult& flow,
                   const TangentField& field,
                   double from,
                   double to,
                   const FlowOptions& options) {
  if (flow.termination != Termination::converged || from == to) return;
  const TangentFlowResult next = integrate_tangent(field, flow.end, from, to, options);
  flow.end = next.end;
  flow.jacobian = next.jacobian * flow.jacobian;
  flow.divergence_integral += next.divergence_integral;
  flow.evaluations += next.evaluations;
  flow.steps += next.steps;
  flow.rejected += next.rejected;
  flow.termination = next.termination;
}

}  // namespace

ClockFields clock_fields(const GaussianMixture& p) {
  if (p.common_variance() >= 0.0) return isotropic_fields(p);
  ClockFields result{.dimension = p.dimension()};
  result.posterior = [p](double b, double a, const Vector& x) {
    return posterior_moments(p, b, a, x);
  };
  if (p.has_density()) {
    result.noise_mean = [p](double epsilon, const Vector& u) -> LocalFlow {
      const Index d = p.dimension();
      const GaussianMixture smoothed = convolution(p, epsilon * epsilon * Matrix::Identity(d, d));
      return {.velocity = -epsilon * smoothed.score(u),
              .jacobian = -epsilon * smoothed.log_density_hessian(u)};
    };
  }
  return result;
}

ClockFields clock_fields(const DataLawPointer& law) {
  if (law->mixture() != nullptr) return clock_fields(*law->mixture());
  ClockFields result{.dimension = law->dimension()};
  result.posterior = [law](double b, double a, const Vector& x) -> PosteriorMoments {
    LatentMoments moments = law->posterior(b, a, x);
    return {.mean = std::move(moments.mean), .covariance = std::move(moments.covariance)};
  };
  return result;
}

TangentFlowResult reference_flow(const ClockFields& fields,
                                 const NoiseLevel& from,
                                 const NoiseLevel& to,
                                 const Vector& x,
                                 const ReferenceFlowOptions& options) {
  require(x.size() == fields.dimension, "reference_flow: the point has another dimension");
  const ClockTime start = clock_time(fields, from);
  const ClockTime end = clock_time(fields, to);
  const FlowOptions flow_options{
      .method = options.method, .steps = options.steps, .tolerance = options.tolerance};
  const TangentField by_signal = signal_clock(fields);
  const TangentField by_noise = fields.noise_mean ? fields.noise_mean : log_noise_clock(fields);
  const double meeting = fields.noise_mean ? 1.0 : 0.0;  // r = ε = 1, where y = u

  const Index d = x.size();
  TangentFlowResult flow{.end = x / start.scale,
                         .jacobian = Matrix::Identity(d, d),
                         .termination = Termination::converged};
  if (start.by_signal) {
    continue_flow(flow, by_signal, start.time, end.by_signal ? end.time : 1.0, flow_options);
    if (!end.by_signal) continue_flow(flow, by_noise, meeting, end.time, flow_options);
  } else {
    continue_flow(flow, by_noise, start.time, end.by_signal ? meeting : end.time, flow_options);
    if (end.by_signal) continue_flow(flow, by_signal, 1.0, end.time, flow_options);
  }
  const double ratio = end.scale / start.scale;
  flow.end *= end.scale;
  flow.jacobian *= ratio;
  flow.divergence_integral += static_cast<double>(d) * std::log(ratio);
  return flow;
}

}  // namespace flowcheck
