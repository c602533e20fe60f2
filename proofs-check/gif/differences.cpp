#include "gif/differences.hpp"

#include "gif/digits.hpp"
#include "interpolation/covariance_envelope.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
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

}  // namespace

double space_step(const FlowProblem& problem, const FlowPoint& at) {
  const ScheduleValues& s = at.values;
  return 0.1 * s.a * s.a / (s.a + s.b * posterior_spread(problem, s.r()));
}

double time_step(const FlowProblem& problem, const FlowPoint& at) {
  const ScheduleValues& s = at.values;
  const double spread = posterior_spread(problem, s.r());
  const double reach = at.x.norm() / s.a;
  const double tilt = s.r_dot() * reach + s.r() * reach * std::abs(s.a_dot) / s.a +
                      s.r() * s.r_dot() * (problem.spread + spread);
  return 0.05 / (1.0 / std::min(at.time.t, at.time.remaining) + spread * tilt);
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
