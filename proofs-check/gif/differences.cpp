#include "gif/differences.hpp"

#include "gif/digits.hpp"
#include "interpolation/covariance_envelope.hpp"
#include "measures/posterior_moments.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

namespace flowcheck {

Estimate EnclosedVector::entry(Index i) const {
  return discretisation > 0.0 ? Estimate::converged(value(i), discretisation, round_off)
                              : Estimate::closed_form(value(i), round_off);
}

EnclosedVector derivative(const std::function<EnclosedVector(double)>& f, double h) {
  constexpr std::size_t levels = 4;
  std::array<Vector, levels> row;  // of Romberg's table
  Vector before;
  double round_off = 0.0;
  double discretisation = 0.0;
  double step = h;
  for (std::size_t k = 0; k < levels; ++k, step *= 0.5) {
    const EnclosedVector up = f(step);
    const EnclosedVector down = f(-step);
    round_off = (up.round_off + down.round_off) / (2.0 * step);
    discretisation = (up.discretisation + down.discretisation) / (2.0 * step);
    before = k > 0 ? row[k - 1] : Vector();
    Vector next = (up.value - down.value) / (2.0 * step);
    double power = 1.0;
    for (std::size_t j = 0; j <= k; ++j) {
      std::swap(row[j], next);
      if (j == k) break;
      power *= 4.0;
      next = row[j] + (row[j] - next) / (power - 1.0);
    }
  }
  // The weights of the last value sum to 2 in absolute value, and the finest errs most.
  const Vector last = row[levels - 1];
  return {.value = last,
          .round_off = 2.0 * round_off,
          .discretisation = (last - before).norm() + 2.0 * discretisation};
}

namespace {

double posterior_spread(const FlowProblem& problem, double r) {
  const CovarianceEnvelope envelope = covariance_envelope(problem.law->regularity());
  const double bound = envelope.upper.empty() ? infinity : envelope.largest_covariance(r).value;
  return std::min(problem.spread, std::sqrt(bound));
}

// Of a mixture only the components' weights have a scale of their own: by one alone log p_t is a
// quadratic in x and the posterior mean affine. Logarithms keep weights out of reach apart.
Vector log_weights(const GaussianMixture& p, const ComponentPosteriors& parts) {
  return p.weights().array().log() - 0.5 * parts.distances.array().square() +
         0.5 * parts.precisions.array().log().colwise().sum().transpose();
}

constexpr double share_of_scale = 0.1;
// Of a function whose singularities are all a step/0.03 away four differences err by 1e-10 of it.
constexpr double share_of_distance = 0.03;
// Weights below e^{−100} are none, whatever the distance that multiplies them.
constexpr double out_of_reach = 100.0;

// How far from a zero of 1 + e^ℓ the log-odds ℓ of one of K components to the likeliest are.
double distance_to_zero(double log_odds, Index K) {
  return std::hypot(std::max(0.0, -log_odds - std::log(static_cast<double>(K))), std::numbers::pi);
}

// By how much they may rise with the component out of reach all the same; negative: it is not.
double room_out_of_reach(double log_odds, Index K) {
  return -log_odds - std::log(static_cast<double>(K)) - out_of_reach;
}

// The h ≥ 0 with gh + ch²/2 = rise, of g ≥ 0 and c ≥ 0 not both zero; 0 where rise < 0.
double length_of_rise(double g, double c, double rise) {
  return 2.0 * std::max(rise, 0.0) / (g + std::sqrt(g * g + 2.0 * c * std::max(rise, 0.0)));
}

// |ℓ(x + h) − ℓ| ≤ g|h| + ch²/2.
double space_step(const GaussianMixture& p, const FlowPoint& at) {
  const ComponentPosteriors parts = component_posteriors(p, at.values.b, at.values.a, at.x);
  const Vector odds = log_weights(p, parts);
  Index n = 0;
  odds.maxCoeff(&n);
  const double steepness = parts.precisions.col(n).maxCoeff();
  double step = share_of_scale / std::sqrt(steepness);
  for (Index k = 0; k < p.size(); ++k) {
    if (k == n || p.weights()(k) == 0.0) continue;
    const double own = odds(k) - odds(n);
    const double g = (parts.scores.col(k) - parts.scores.col(n)).lpNorm<Eigen::Infinity>();
    const double c =
        p.has_common_covariance() ? 0.0 : std::max(parts.precisions.col(k).maxCoeff(), steepness);
    if (g + c == 0.0) continue;  // twice the same component
    const double near = length_of_rise(g, c, distance_to_zero(own, p.size()));
    const double far = length_of_rise(g, c, room_out_of_reach(own, p.size()));
    step = std::min(step, std::max(share_of_distance * near, far));
  }
  return step;
}

// Halved until no log-odds move by more than they may; nothing below `least` is looked for.
double time_step(const GaussianMixture& p, const FlowPoint& at, double least) {
  const auto log_weights_at = [&](double shift) {
    const FlowTime time{.t = at.time.t + shift, .remaining = at.time.remaining - shift};
    const ScheduleValues s = at.schedule.values(time);
    return log_weights(p, component_posteriors(p, s.b, s.a, at.x));
  };
  const Vector here = log_weights_at(0.0);
  Index n = 0;
  here.maxCoeff(&n);
  const auto is_small = [&](const Vector& there) {
    for (Index k = 0; k < p.size(); ++k) {
      if (k == n || p.weights()(k) == 0.0) continue;
      const double odds = here(k) - here(n);
      const double moved = std::abs(there(k) - there(n) - odds);
      const double near = share_of_distance * distance_to_zero(odds, p.size());
      if (!(moved <= std::max(near, room_out_of_reach(odds, p.size())))) return false;
    }
    return true;
  };
  double step = 0.05 * std::min(at.time.t, at.time.remaining);
  while (step > least && !(is_small(log_weights_at(step)) && is_small(log_weights_at(-step)))) {
    step *= 0.5;
  }
  return step;
}

}  // namespace

double space_step(const FlowProblem& problem, const FlowPoint& at) {
  const ScheduleValues& s = at.values;
  const double step = share_of_scale * s.a * s.a / (s.a + s.b * posterior_spread(problem, s.r()));
  const GaussianMixture* p = problem.law->mixture();
  return p == nullptr ? step : std::max(step, space_step(*p, at));
}

double time_step(const FlowProblem& problem, const FlowPoint& at) {
  const ScheduleValues& s = at.values;
  const double spread = posterior_spread(problem, s.r());
  const double reach = at.x.norm() / s.a;
  const double tilt = s.r_dot() * reach + s.r() * reach * std::abs(s.a_dot) / s.a +
                      s.r() * s.r_dot() * (problem.spread + spread);
  const double step = 0.05 / (1.0 / std::min(at.time.t, at.time.remaining) + spread * tilt);
  const GaussianMixture* p = problem.law->mixture();
  return p == nullptr ? step : std::max(step, time_step(*p, at, step));
}

double uncounted_mean(const FlowProblem& problem) {
  const GaussianMixture* p = problem.law->mixture();
  if (p == nullptr) return 0.0;
  const double largest_centre = p->means().colwise().norm().maxCoeff();
  return std::exp(-out_of_reach) * (largest_centre + problem.spread);
}

void add_differences(std::vector<Bound>& bounds,
                     const EnclosedVector& differences,
                     const EnclosedVector& formula,
                     const std::string& part,
                     double scale) {
  // Of a point, and where a schedule rests, both sides are exactly zero.
  const double size = std::max(scale, std::numeric_limits<double>::min());
  const double widths = 2.0 * (differences.error() + formula.error());
  for (Index i = 0; i < formula.value.size(); ++i) {
    bounds.push_back(with_digits(identity(differences.entry(i), formula.entry(i), part, size),
                                 widths, no_digits));
  }
}

void add_identity(std::vector<Bound>& bounds,
                  const EnclosedVector& a,
                  const EnclosedVector& b,
                  const std::string& part,
                  double scale) {
  for (Index i = 0; i < a.value.size(); ++i) {
    bounds.push_back(identity(a.entry(i), b.entry(i), part, scale));
  }
}

}  // namespace flowcheck
