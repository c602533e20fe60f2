#include "numerics/estimate.hpp"

#include "numerics/require.hpp"
#include "numerics/types.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <ostream>

namespace flowcheck {
namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr std::array<std::string_view, 6> grade_words = {"sampled",     "statistical", "converged",
                                                         "closed_form", "certified",   "exact"};

double step_down(double x) {
  return std::nextafter(x, -infinity);
}
double step_up(double x) {
  return std::nextafter(x, infinity);
}

// ∞ is reached by rounding only from finite operands; an infinite operand is an answer and stays.
double lower_bound(double x, bool operands_finite) {
  return std::isfinite(x) || operands_finite ? step_down(x) : x;
}
double upper_bound(double x, bool operands_finite) {
  return std::isfinite(x) || operands_finite ? step_up(x) : x;
}

// A bound times a bound: 0 · ∞ = 0, since the infinity stands for "arbitrarily large", not a
// number.
double bound_product(double x, double y) {
  return x == 0.0 || y == 0.0 ? 0.0 : x * y;
}

Grade rounded(Grade a, Grade b) {
  return std::min({a, b, Grade::certified});
}

ErrorBudget combine(double wa, const ErrorBudget& a, double wb, const ErrorBudget& b) {
  const auto part = [wa, wb](double x, double y) {
    return bound_product(std::abs(wa), x) + bound_product(std::abs(wb), y);
  };
  return {.round_off = part(a.round_off, b.round_off),
          .discretisation = part(a.discretisation, b.discretisation),
          .sampling = part(a.sampling, b.sampling)};
}

Estimate assemble(
    double value, double lower, double upper, Grade grade, const ErrorBudget& budget) {
  Estimate result;
  // min and max drop a NaN that stands second, so one is carried on by hand.
  const bool nan = std::isnan(value) || std::isnan(lower) || std::isnan(upper);
  result.value = nan ? not_a_number : value;
  result.lower = nan ? not_a_number : std::min(lower, value);
  result.upper = nan ? not_a_number : std::max(upper, value);
  result.grade = grade;
  result.budget = budget;
  return result;
}

Estimate nan_of(const Estimate& a, const Estimate& b) {
  return assemble(not_a_number, not_a_number, not_a_number, std::min(a.grade, b.grade), {});
}

Estimate centred(double value, double error, Grade grade, const ErrorBudget& budget) {
  require(!(error < 0.0), "Estimate: an error must not be negative");
  if (std::isinf(value)) return assemble(value, value, value, grade, budget);
  return assemble(value, step_down(value - error), step_up(value + error), grade, budget);
}

// The part of an enclosure in [0, ∞), where sqrt and log are defined; NaN if there is none.
Estimate nonnegative_part(const Estimate& a) {
  if (a.is_nan() || a.upper < 0.0) return nan_of(a, a);
  Estimate result = a;
  result.lower = std::max(a.lower, 0.0);
  result.value = std::max(a.value, 0.0);
  return result;
}

// A monotone increasing function of one estimate, good to `ulps` units in the last place.
template <class Function>
Estimate increasing(const Estimate& a, double slope, int ulps, Function f) {
  double lower = f(a.lower);
  double upper = f(a.upper);
  for (int i = 0; i < ulps; ++i) {
    lower = lower_bound(lower, std::isfinite(a.lower));
    upper = upper_bound(upper, std::isfinite(a.upper));
  }
  return assemble(f(a.value), lower, upper, rounded(a.grade, a.grade),
                  combine(slope, a.budget, 0.0, a.budget));
}

}  // namespace

std::string_view to_string(Grade grade) {
  return grade_words.at(static_cast<std::size_t>(grade));
}

Grade grade_from_string(std::string_view word) {
  const auto found = std::find(grade_words.begin(), grade_words.end(), word);
  require(found != grade_words.end(),
          "grade: expected one of exact, certified, closed_form, "
          "converged, statistical, sampled");
  return static_cast<Grade>(found - grade_words.begin());
}

Estimate Estimate::closed_form(double value, double round_off) {
  return centred(value, round_off, Grade::closed_form, {.round_off = round_off});
}

Estimate Estimate::converged(double value, double discretisation, double round_off) {
  return centred(value, discretisation + round_off, Grade::converged,
                 {.round_off = round_off, .discretisation = discretisation});
}

Estimate Estimate::statistical(double value, double half_width, double round_off) {
  return centred(value, half_width + round_off, Grade::statistical,
                 {.round_off = round_off, .sampling = half_width});
}

Estimate Estimate::sampled_supremum(double value, double round_off) {
  Estimate result = centred(value, round_off, Grade::sampled, {.round_off = round_off});
  if (!result.is_nan()) result.upper = infinity;
  return result;
}

Estimate Estimate::between(double value, double lower, double upper, Grade grade) {
  require(!(lower > upper), "Estimate: lower exceeds upper");
  return assemble(value, lower, upper, grade, {});
}

double Estimate::width() const {
  return lower == upper ? 0.0 : upper - lower;
}

bool Estimate::is_nan() const {
  return std::isnan(value) || std::isnan(lower) || std::isnan(upper);
}

Estimate operator-(const Estimate& a) {
  Estimate result = a;
  result.value = -a.value;
  result.lower = -a.upper;
  result.upper = -a.lower;
  return result;
}

Estimate operator+(const Estimate& a, const Estimate& b) {
  const bool lower_finite = std::isfinite(a.lower) && std::isfinite(b.lower);
  const bool upper_finite = std::isfinite(a.upper) && std::isfinite(b.upper);
  return assemble(a.value + b.value, lower_bound(a.lower + b.lower, lower_finite),
                  upper_bound(a.upper + b.upper, upper_finite), rounded(a.grade, b.grade),
                  combine(1.0, a.budget, 1.0, b.budget));
}

Estimate operator-(const Estimate& a, const Estimate& b) {
  return a + (-b);
}

Estimate operator*(const Estimate& a, const Estimate& b) {
  if (a.is_nan() || b.is_nan()) return nan_of(a, b);
  double lower = infinity;
  double upper = -infinity;
  for (const double x : {a.lower, a.upper}) {
    for (const double y : {b.lower, b.upper}) {
      const bool finite = std::isfinite(x) && std::isfinite(y);
      lower = std::min(lower, lower_bound(bound_product(x, y), finite));
      upper = std::max(upper, upper_bound(bound_product(x, y), finite));
    }
  }
  return assemble(bound_product(a.value, b.value), lower, upper, rounded(a.grade, b.grade),
                  combine(b.value, a.budget, a.value, b.budget));
}

Estimate operator/(const Estimate& a, const Estimate& b) {
  if (a.is_nan() || b.is_nan()) return nan_of(a, b);
  if (b.lower <= 0.0 && b.upper >= 0.0) {
    return assemble(a.value / b.value, -infinity, infinity, rounded(a.grade, b.grade),
                    combine(1.0 / b.value, a.budget, a.value / (b.value * b.value), b.budget));
  }
  Estimate reciprocal = assemble(1.0 / b.value, lower_bound(1.0 / b.upper, std::isfinite(b.upper)),
                                 upper_bound(1.0 / b.lower, std::isfinite(b.lower)), b.grade,
                                 combine(1.0 / (b.value * b.value), b.budget, 0.0, b.budget));
  Estimate result = a * reciprocal;
  result.value = a.value / b.value;  // one rounding, not two
  result.lower = std::min(result.lower, result.value);
  result.upper = std::max(result.upper, result.value);
  return result;
}

Estimate sqrt(const Estimate& a) {
  const Estimate clipped = nonnegative_part(a);
  const double root = std::sqrt(clipped.value);
  const double slope = root > 0.0 ? 0.5 / root : infinity;
  Estimate result = increasing(clipped, slope, 1, [](double x) { return std::sqrt(x); });
  result.lower = std::max(result.lower, 0.0);
  // At 0 the derivative is infinite; the enclosure itself is the budget then.
  if (root == 0.0) {
    result.budget = {};
    result.budget.round_off = result.upper;
  }
  return result;
}

Estimate square(const Estimate& a) {
  Estimate result = a * a;
  if (a.lower <= 0.0 && a.upper >= 0.0) result.lower = 0.0;
  return result;
}

Estimate abs(const Estimate& a) {
  if (a.lower >= 0.0) return a;
  if (a.upper <= 0.0) return -a;
  Estimate result = a;
  result.value = std::abs(a.value);
  result.lower = 0.0;
  result.upper = std::max(-a.lower, a.upper);
  return result;
}

Estimate exp(const Estimate& a) {
  Estimate result = increasing(a, std::exp(a.value), 2, [](double x) { return std::exp(x); });
  result.lower = std::max(result.lower, 0.0);
  return result;
}

Estimate expm1(const Estimate& a) {
  Estimate result = increasing(a, std::exp(a.value), 2, [](double x) { return std::expm1(x); });
  result.lower = std::max(result.lower, -1.0);
  return result;
}

Estimate log(const Estimate& a) {
  const Estimate clipped = nonnegative_part(a);
  return increasing(clipped, 1.0 / clipped.value, 2, [](double x) { return std::log(x); });
}

Estimate max(const Estimate& a, const Estimate& b) {
  if (a.is_nan() || b.is_nan()) return nan_of(a, b);
  const Estimate& larger = a.value >= b.value ? a : b;
  return assemble(larger.value, std::max(a.lower, b.lower), std::max(a.upper, b.upper),
                  std::min(a.grade, b.grade), larger.budget);
}

Estimate min(const Estimate& a, const Estimate& b) {
  return -max(-a, -b);
}

Estimate pow(const Estimate& a, int n) {
  require(n >= 0, "pow: the exponent must not be negative");
  Estimate result(1.0);
  Estimate power = a;
  for (; n > 0; n /= 2) {
    if (n % 2 == 1) result = result * power;
    if (n > 1) power = square(power);
  }
  return result;
}

Estimate widened(const Estimate& a, double round_off) {
  require(!(round_off < 0.0), "widened: an error must not be negative");
  ErrorBudget budget = a.budget;
  budget.round_off += round_off;
  return assemble(a.value, a.lower - round_off, a.upper + round_off,
                  std::min(a.grade, Grade::closed_form), budget);
}

std::ostream& operator<<(std::ostream& out, const Estimate& a) {
  const auto digits = out.precision(17);
  out << a.value << " [" << a.lower << ", " << a.upper << "] " << to_string(a.grade);
  out.precision(digits);
  return out;
}

}  // namespace flowcheck
