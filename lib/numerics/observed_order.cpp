#include "numerics/observed_order.hpp"

#include "numerics/require.hpp"

#include <algorithm>
#include <cmath>

namespace flowcheck {

Estimate observed_order(const std::vector<double>& steps, const std::vector<double>& errors) {
  require(steps.size() == errors.size(), "observed_order: one error for each step is needed");
  require(steps.size() >= 4, "observed_order: at least four refinements are needed");
  std::vector<double> slopes;
  for (std::size_t k = 0; k + 1 < steps.size(); ++k) {
    require(steps[k] > steps[k + 1] && steps[k + 1] > 0.0, "observed_order: steps must decrease");
    require(errors[k] > 0.0 && errors[k + 1] > 0.0, "observed_order: errors must be positive");
    slopes.push_back(std::log(errors[k] / errors[k + 1]) / std::log(steps[k] / steps[k + 1]));
  }
  const auto [lowest, highest] = std::minmax_element(slopes.end() - 3, slopes.end());
  return Estimate::converged(slopes.back(), *highest - *lowest);
}

}  // namespace flowcheck
