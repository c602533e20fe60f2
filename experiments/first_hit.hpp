#pragma once

#include "numerics/estimate.hpp"

#include <functional>

namespace flowcheck {

/// max(0, ⌈x⌉), of the value and of both ends.
Estimate ceiling(const Estimate& x);

/// First n ≤ steps with quantity(n) ≤ level; its enclosure is where the enclosure of the quantity
/// passes the level's, and has no end where the steps end before.
Estimate first_hit(int steps,
                   const std::function<Estimate(int n)>& quantity,
                   const Estimate& level);

}  // namespace flowcheck
