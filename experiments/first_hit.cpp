#include "first_hit.hpp"

#include "numerics/types.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

namespace flowcheck {

Estimate ceiling(const Estimate& x) {
  return Estimate::between(std::ceil(std::max(0.0, x.value)), std::ceil(std::max(0.0, x.lower)),
                           std::ceil(std::max(0.0, x.upper)), x.grade);
}

Estimate first_hit(int steps,
                   const std::function<Estimate(int n)>& quantity,
                   const Estimate& level) {
  std::optional<int> lower;
  std::optional<int> value;
  for (int n = 0; n <= steps; ++n) {
    const Estimate x = quantity(n);
    if (!lower && x.lower <= level.upper) lower = n;
    if (!value && x.value <= level.value) value = n;
    if (x.upper <= level.lower) return Estimate::between(*value, *lower, n, x.grade);
  }
  const int beyond = steps + 1;
  return Estimate::between(value.value_or(beyond), lower.value_or(beyond), infinity,
                           Grade::closed_form);
}

}  // namespace flowcheck
