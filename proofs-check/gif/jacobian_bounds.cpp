#include "gif/jacobian_bounds.hpp"

#include "interpolation/velocity.hpp"
#include "numerics/round_off.hpp"
#include "numerics/spd.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace flowcheck {
namespace {

constexpr double few_units = 16.0 * unit_round_off;

Spectrum spectrum_of(const Matrix& S, double error) {
  const SymmetricEigen eigen = symmetric_eigen(S);
  const double bound = error + (S.rows() > 1 ? round_off(S.norm(), S.rows()) : 0.0);
  return {Estimate::closed_form(eigen.values(0), bound),
          Estimate::closed_form(eigen.values(S.rows() - 1), bound)};
}

Estimate quotient(const Estimate& numerator, const Estimate& denominator) {
  return denominator.lower > 0.0 ? numerator / denominator : Estimate(infinity);
}

}  // namespace

Estimate sum_of_terms(const std::vector<double>& terms) {
  double sum = 0.0;
  double size = 0.0;
  for (const double term : terms) {
    sum += term;
    size += std::abs(term);
  }
  return Estimate::closed_form(sum, few_units * size);
}

Estimate variance_rate(const ScheduleValues& s, double k) {
  return quotient(sum_of_terms({s.half_variance_rate, k * s.b * s.b_dot}),
                  sum_of_terms({s.a * s.a, k * s.b * s.b}));
}

Estimate precision_rate(const ScheduleValues& s, double kappa) {
  return quotient(sum_of_terms({kappa * s.half_variance_rate, s.b * s.b_dot}),
                  sum_of_terms({kappa * s.a * s.a, s.b * s.b}));
}

Estimate rate_from_covariance(const ScheduleValues& s, const Estimate& c) {
  const double rate = s.half_variance_rate / (s.a * s.a);
  const double gain = s.b / s.a * s.a_wronskian() / (s.a * s.a * s.a);
  return Estimate::closed_form(rate, few_units * std::abs(rate)) +
         Estimate::closed_form(gain, few_units * gain) * c;
}

Estimate covariance_at(const CovarianceBound& bound, const ScheduleValues& s) {
  const double r = s.r();
  const Estimate c = bound.covariance(r);
  if (!std::isfinite(c.value)) return c;
  // c = q²V(Lq) with V₊ and ℓ²V₋ increasing, V₊/ℓ² and V₋ not: between q⁰ and q⁴, and q changes by
  // no more than r does. Where r²c is small c hardly depends on r.
  const double condition = std::min(4.0, 1.0 + r * r * c.value);
  return widened(c, few_units * c.value * condition);
}

double covariance_floor(const FlowProblem& problem) {
  return std::max(unit_round_off * problem.spread * problem.spread,
                  std::numeric_limits<double>::min());
}

PointSpectra spectra(const FlowProblem& problem, const FlowPoint& at) {
  const ScheduleValues& s = at.values;
  const VelocityGradient gradient = velocity_jacobian(*problem.law, at.schedule, at.time, at.x);
  const LatentMoments posterior = problem.law->posterior(s.b, s.a, at.x);
  const Spectrum C = spectrum_of(posterior.covariance, posterior.covariance_error);
  const Spectrum velocity = spectrum_of(gradient.value, gradient.error);
  return {.velocity = velocity,
          .covariance = C,
          .velocity_scale = std::abs(s.a_dot) / s.a + s.b_dot + std::abs(velocity.largest.value),
          .covariance_scale = std::max(C.largest.value, covariance_floor(problem))};
}

void add_upper_bound(const PointSpectra& here,
                     const Estimate& rate,
                     const Estimate& covariance,
                     std::vector<Bound>& bounds,
                     const std::string& name) {
  bounds.push_back({.lhs = here.velocity.largest,
                    .rhs = rate,
                    .part = "∇v " + name,
                    .scale = here.velocity_scale});
  bounds.push_back({.lhs = here.covariance.largest,
                    .rhs = covariance,
                    .part = "C " + name,
                    .scale = here.covariance_scale});
}

void add_lower_bound(const PointSpectra& here,
                     const Estimate& rate,
                     const Estimate& covariance,
                     std::vector<Bound>& bounds,
                     const std::string& name) {
  bounds.push_back({.lhs = rate,
                    .rhs = here.velocity.least,
                    .part = "∇v " + name,
                    .scale = here.velocity_scale});
  bounds.push_back({.lhs = covariance,
                    .rhs = here.covariance.least,
                    .part = "C " + name,
                    .scale = here.covariance_scale});
}

void leave_out_bound(const std::string& name,
                     const std::string& hypothesis,
                     std::vector<Bound>& bounds) {
  bounds.push_back(left_out("∇v " + name, hypothesis));
  bounds.push_back(left_out("C " + name, hypothesis));
}

FlowProblem at_steepest(const FlowProblem& problem) {
  FlowProblem result = problem;
  const Index d = problem.law->dimension();
  result.noises = Matrix(d, 0);
  result.data = Matrix(d, 0);
  return result;
}

FlowProblem far_out(const FlowProblem& problem, double distance) {
  FlowProblem result = problem;
  const Index d = problem.law->dimension();
  result.noises = distance * Vector::Unit(d, 0);
  result.data = Matrix::Zero(d, 1);
  result.steepest = false;
  return result;
}

}  // namespace flowcheck
