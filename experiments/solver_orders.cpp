#include "solver_orders.hpp"

#include "claims/claim.hpp"
#include "numerics/observed_order.hpp"
#include "numerics/round_off.hpp"

#include <cmath>
#include <cstdint>

namespace flowcheck {

double trajectory_round_off(int steps) {
  return round_off(10.0 * std::sqrt(static_cast<double>(steps)), 1);
}

void record_order(RunRecord& record,
                  const SolverMethod& method,
                  const std::string& quantity,
                  std::vector<double> steps,
                  std::vector<double> sizes,
                  double predicted) {
  constexpr double widest_interval = 0.4;
  // What has reached rounding says nothing of the order.
  while (!sizes.empty() && sizes.back() < 100.0 * trajectory_round_off(1000)) {
    sizes.pop_back();
    steps.pop_back();
  }
  if (sizes.size() < 4) return;
  record.add({std::string(method.name), std::int64_t{0}}, quantity,
             order(observed_order(steps, sizes), predicted), widest_interval);
}

}  // namespace flowcheck
