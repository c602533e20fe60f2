#pragma once

#include "numerics/estimate.hpp"
#include "numerics/require.hpp"

#include <algorithm>

namespace flowcheck {

/// What two enclosures of one number say together, of the weaker grade; a's value where that is in
/// both. @throws std::invalid_argument  they have nothing in common
inline Estimate intersection(const Estimate& a, const Estimate& b) {
  const double lower = std::max(a.lower, b.lower);
  const double upper = std::min(a.upper, b.upper);
  require(lower <= upper, "intersection: the enclosures have nothing in common");
  return Estimate::between(std::clamp(a.value, lower, upper), lower, upper,
                           std::min(a.grade, b.grade));
}

}  // namespace flowcheck
