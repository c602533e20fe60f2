#include "claims/verdict.hpp"

#include "numerics/require.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace flowcheck {
namespace {

constexpr std::array<std::string_view, 7> verdict_words = {
    "not_applicable",    "tight",   "holds", "inconclusive", "powerless",
    "numerical_failure", "violated"};

// Infinite sides say nothing about the size at which round-off matters.
double finite_size(double x) {
  return std::isfinite(x) ? std::abs(x) : 0.0;
}

double scale_of(const Bound& bound) {
  return std::max({finite_size(bound.lhs.value), finite_size(bound.rhs.value), bound.scale});
}

double gap_between(const Estimate& a, const Estimate& b) {
  return std::max(a.lower - b.upper, b.lower - a.upper);
}

}  // namespace

std::string_view to_string(Verdict verdict) {
  return verdict_words.at(static_cast<std::size_t>(verdict));
}

Verdict verdict_from_string(std::string_view word) {
  const auto found = std::find(verdict_words.begin(), verdict_words.end(), word);
  require(found != verdict_words.end(), "verdict: unknown word");
  return static_cast<Verdict>(found - verdict_words.begin());
}

Verdict judge(const Bound& bound, double tolerance) {
  const Estimate& lhs = bound.lhs;
  const Estimate& rhs = bound.rhs;
  if (lhs.is_nan() || rhs.is_nan()) return Verdict::numerical_failure;
  const double widths = lhs.width() + rhs.width();
  switch (bound.relation) {
    case Relation::bound:
      if (lhs.upper <= rhs.lower) return Verdict::holds;
      if (lhs.lower > rhs.upper) return Verdict::violated;
      return widths <= tolerance * scale_of(bound) ? Verdict::tight : Verdict::inconclusive;
    case Relation::identity:
      // Only one side infinite: it overflowed.
      if (std::isinf(lhs.value) != std::isinf(rhs.value)) return Verdict::numerical_failure;
      if (gap_between(lhs, rhs) > 0.0) return Verdict::violated;
      return widths <= tolerance * scale_of(bound) ? Verdict::tight : Verdict::inconclusive;
    case Relation::order:
      if (gap_between(lhs, rhs) > 0.0) return Verdict::violated;
      return widths <= tolerance ? Verdict::holds : Verdict::inconclusive;
  }
  return Verdict::numerical_failure;
}

bool violated_with_room(const Bound& bound, double tolerance) {
  const Estimate& lhs = bound.lhs;
  const Estimate& rhs = bound.rhs;
  if (lhs.is_nan() || rhs.is_nan()) return false;
  const double widths = lhs.width() + rhs.width();
  const double room = 10.0 * std::max(widths, tolerance * scale_of(bound));
  switch (bound.relation) {
    case Relation::bound:
      return lhs.lower - rhs.upper > 0.0 && lhs.lower - rhs.upper >= room;
    case Relation::identity:
      return gap_between(lhs, rhs) > 0.0 && gap_between(lhs, rhs) >= room;
    case Relation::order:
      return gap_between(lhs, rhs) > 0.0 && gap_between(lhs, rhs) >= widths;
  }
  return false;
}

double tightness(const Bound& bound) {
  const double lhs = bound.lhs.value;
  const double rhs = bound.rhs.value;
  // Below its noise floor a ratio is that of two rounding errors.
  const bool noise = bound.rhs.lower <= 0.0 || (lhs > 0.0 && bound.lhs.lower <= 0.0);
  if (!std::isfinite(lhs) || !std::isfinite(rhs) || rhs <= 0.0 || noise) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  return lhs / rhs;
}

}  // namespace flowcheck
