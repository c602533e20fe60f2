#pragma once

#include "numerics/types.hpp"

#include <functional>

namespace flowcheck {

/// Where a climb has arrived. What it has seen is a lower bound of the supremum.
struct CompassResult {
  Vector at = {};
  double value = -infinity;
};

/// Climbs f from `start` by steps along the axes that grow with success and shrink without, down to
/// 1e-7 of the place: a supremum at infinity is followed there. At most 200 sweeps of 2d values.
CompassResult compass_search(const std::function<double(const Vector&)>& f,
                             Vector start,
                             double step);

}  // namespace flowcheck
