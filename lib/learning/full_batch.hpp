#pragma once

#include "learning/training.hpp"
#include "numerics/termination.hpp"

namespace flowcheck {

struct FullBatchOptions {
  double gradient_tolerance = 1e-8;  ///< converged once no entry of the gradient is larger
  int max_iterations = 500;
};

struct FullBatchResult {
  VelocityNetwork network = {};
  double loss = 0.0;
  double largest_gradient = 0.0;  ///< entry of the loss's gradient at the end
  int iterations = 0;
  Termination termination = Termination::running;
};

/// regression_loss() of one batch, minimised by Levenberg and Marquardt's method from `start`, in
/// double. For small networks: the Jacobian has n·d rows and a column a parameter, and an iteration
/// costs O(n d P²).
/// @throws std::invalid_argument  sizes that do not fit
[[nodiscard]] FullBatchResult fit_regression(const VelocityNetwork& start,
                                             const RegressionBatch& batch,
                                             const FullBatchOptions& options = {});

/// jko_block_loss() of one batch, minimised by L-BFGS from `start`, in double.
/// @throws std::invalid_argument  likewise
[[nodiscard]] FullBatchResult fit_jko_block(const VelocityNetwork& start,
                                            const Matrix& points,
                                            const JkoBlockLoss& loss,
                                            const Matrix& probes = {},
                                            const FullBatchOptions& options = {});

}  // namespace flowcheck
