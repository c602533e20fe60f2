#pragma once

#include <iosfwd>
#include <string_view>

namespace flowcheck {

/// What an enclosure is worth, weakest first, so that std::min is the grade of a composite.
enum class Grade {
  sampled,      ///< seen at some points only: a one-sided bound
  statistical,  ///< a confidence interval at this check's share of the false-alarm budget
  converged,    ///< discretised; the enclosure is a refinement difference plus round-off
  closed_form,  ///< an exact formula in double; the enclosure is a stated round-off model
  certified,    ///< a rigorous enclosure, outward rounded
  exact,        ///< no rounding anywhere
};

std::string_view to_string(Grade grade);
Grade grade_from_string(std::string_view word);  ///< @throws std::invalid_argument  not a grade

/// Where an estimate's error comes from: half-widths by cause, first-order propagated.
struct ErrorBudget {
  double round_off = 0.0;
  double discretisation = 0.0;
  double sampling = 0.0;

  double total() const { return round_off + discretisation + sampling; }
};

/// A number with its enclosure [lower, upper] ∋ the true value, and what the enclosure is worth.
///
/// Arithmetic is interval arithmetic, stepped outward by one unit in the last place after each
/// operation (two after exp, expm1 and log, whose C library forms are good to one), takes the
/// weaker grade of its operands, and never keeps `exact`: a rounded result of exact operands is
/// `certified`. A double stands for itself, exactly. A NaN anywhere makes the result not a number,
/// see is_nan().
struct Estimate {
  double value = 0.0;
  double lower = 0.0;
  double upper = 0.0;
  Grade grade = Grade::exact;
  ErrorBudget budget = {};

  Estimate() = default;
  Estimate(double exactly) : value(exactly), lower(exactly), upper(exactly) {}

  /// [value − error, value + error], the error being a round-off model.
  static Estimate closed_form(double value, double round_off);
  /// Discretised: refinement difference plus round-off.
  static Estimate converged(double value, double discretisation, double round_off = 0.0);
  /// Monte Carlo: `half_width` of a confidence interval at the check's false-alarm share.
  static Estimate statistical(double value, double half_width, double round_off = 0.0);
  /// A supremum seen at some points: [value − error, ∞).
  static Estimate sampled_supremum(double value, double round_off = 0.0);
  /// A value known to lie between two numbers, the value being `value`.
  static Estimate between(double value, double lower, double upper, Grade grade);

  double width() const;  ///< upper − lower; 0 where both are the same infinity
  bool is_nan() const;
};

Estimate operator-(const Estimate& a);
Estimate operator+(const Estimate& a, const Estimate& b);
Estimate operator-(const Estimate& a, const Estimate& b);
Estimate operator*(const Estimate& a, const Estimate& b);
Estimate operator/(const Estimate& a,
                   const Estimate& b);  ///< the whole line if b's enclosure has 0

Estimate sqrt(const Estimate& a);  ///< of the part of the enclosure in [0, ∞); NaN if there is none
Estimate square(const Estimate& a);
Estimate abs(const Estimate& a);
Estimate exp(const Estimate& a);
Estimate expm1(const Estimate& a);  ///< e^a − 1 with its digits near 0
Estimate log(const Estimate& a);    ///< of the part in [0, ∞); log 0 = −∞
Estimate max(const Estimate& a, const Estimate& b);
Estimate min(const Estimate& a, const Estimate& b);
Estimate pow(const Estimate& a, int n);  ///< n ≥ 0, by repeated squaring

/// The same value with its enclosure widened by `round_off` on both sides; the grade at most
/// closed_form.
Estimate widened(const Estimate& a, double round_off);

/// "value [lower, upper] grade", 17 digits.
std::ostream& operator<<(std::ostream& out, const Estimate& a);

}  // namespace flowcheck
