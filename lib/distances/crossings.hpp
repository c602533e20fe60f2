#pragma once

#include "numerics/adaptive_quadrature.hpp"

#include <functional>
#include <vector>

namespace flowcheck {

/// Values of a continuous function at a panel's worth of points.
using BatchFunction = std::function<void(const PanelArray& x, PanelArray& g)>;

/// `marks` (ascending) with the zeros of g put between them, to the last places: where |e^g − 1|
/// has a kink that no quadrature rule resolves. Each panel is looked at in 31 equidistant points,
/// its ends included (a kink between a rule's outermost node and the end is seen by neither rule);
/// where three of them suggest a pair of zeros in between, the panel is cut at their parabola's
/// vertex and looked at again.
std::vector<double> marks_with_crossings(const std::vector<double>& marks, const BatchFunction& g);

}  // namespace flowcheck
