#include "gif/digits.hpp"

#include "claims/verdict.hpp"

#include <algorithm>
#include <cmath>

namespace flowcheck {

Bound with_digits(Bound bound, double widths, const std::string& why) {
  const double tolerance = Claim{}.tolerance;
  const double size = std::max({std::abs(bound.lhs.value), std::abs(bound.rhs.value), bound.scale});
  const bool lost = !(widths <= tolerance * size);
  if (!lost || judge(bound, tolerance) != Verdict::inconclusive) return bound;
  return left_out(bound.part, why);
}

}  // namespace flowcheck
