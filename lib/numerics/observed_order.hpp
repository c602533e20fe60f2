#pragma once

#include "numerics/estimate.hpp"

#include <vector>

namespace flowcheck {

/// Observed order of convergence: slopes of log(error) against log(h) between neighbouring
/// refinements,
///
///   s_k = log(e_k / e_{k+1}) / log(h_k / h_{k+1}),
///
/// the last slope being the value and the spread of the last three its half-width. A sequence of
/// slopes whose distance to the limit at least halves from step to step has its limit inside.
///
/// @param steps   h_0 > h_1 > … > 0, at least four (three slopes)
/// @param errors  e_k > 0, the same number
/// @throws std::invalid_argument  too few, not decreasing, or not positive
Estimate observed_order(const std::vector<double>& steps, const std::vector<double>& errors);

}  // namespace flowcheck
