#pragma once

#include "flows/flow.hpp"
#include "report/run_record.hpp"

#include <string>
#include <vector>

namespace flowcheck {

// What experiments on solvers of flows share: methods by equal steps, and their observed orders.

struct SolverMethod {
  const char* name;
  FlowMethod method;
  int coarsest;  ///< steps to begin with
  double residual_order;
};

/// Rounding of a trajectory of n steps.
double trajectory_round_off(int steps);

/// Row (method, 0 steps): the observed order of `sizes` against `predicted`, of those that have not
/// reached rounding; none where these are fewer than four.
void record_order(RunRecord& record,
                  const SolverMethod& method,
                  const std::string& quantity,
                  std::vector<double> steps,
                  std::vector<double> sizes,
                  double predicted);

}  // namespace flowcheck
