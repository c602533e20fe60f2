#pragma once

#include "learning/batches.hpp"
#include "learning/velocity_network.hpp"
#include "numerics/termination.hpp"

#include <cstdint>
#include <functional>
#include <string>

namespace flowcheck {

enum class LearningRate {
  constant,
  cosine,       ///< ½(1 + cos πk/K) of it in iteration k of K
  exponential,  ///< `decay` of it after each `decay_interval` iterations
};

struct AdamOptions {
  double learning_rate = 1e-3;
  LearningRate schedule = LearningRate::constant;
  double decay = 0.99;
  Index decay_interval = 1000;
  Index warm_up = 0;  ///< iterations over which the rate rises linearly from 0
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double largest_gradient_norm = infinity;  ///< a longer gradient is shortened to it
  double average = 0.0;  ///< of the parameters' exponential moving average; 0: none is kept
};

/// The rate of iteration k = 0, 1, … of `iterations`.
double learning_rate(const AdamOptions& options, Index k, Index iterations);

enum class Precision { single_precision, double_precision };

struct TrainingOptions {
  AdamOptions adam = {};
  Index iterations = 1000;
  Index batch = 256;        ///< points a batch
  std::uint64_t seed = 1;   ///< with `block` and the iteration the key of a batch's draws
  std::uint64_t block = 0;  ///< number of the block that is trained
  Precision precision = Precision::single_precision;
  Index report_interval = 0;  ///< calls `progress` after each so many iterations; 0: never
};

/// All that the rest of a training depends on. To go on from it gives the bytes that a run without
/// a break would have given.
struct TrainingState {
  Index iteration = 0;         ///< the next one
  Vector parameters = {};      ///< single precision numbers stay such
  Vector first_moment = {};    ///< Adam's; empty: 0
  Vector second_moment = {};   ///< likewise
  Vector average = {};         ///< of the parameters, where one is kept
  double loss = 0.0;           ///< of the last batch
  double smoothed_loss = 0.0;  ///< Σ 0.99^{k−i} loss_i, normalised
};

struct TrainingResult {
  VelocityNetwork network = {};  ///< with the average parameters where they are kept
  TrainingState state = {};
  Termination termination = Termination::running;  ///< `iteration_limit`, or `not_finite`
};

using TrainingProgress = std::function<void(const TrainingState& state)>;

/// Mean over the points, sum over the coordinates: n⁻¹ Σ_j |v(t_j, x_j) − y_j|², minimised by Adam.
/// `state` goes on from a checkpoint, in place of `start`'s parameters.
/// @throws std::invalid_argument  options or sizes that do not fit
[[nodiscard]] TrainingResult train_regression(const VelocityNetwork& start,
                                              const RegressionSource& source,
                                              const TrainingOptions& options = {},
                                              const TrainingState& state = {},
                                              const TrainingProgress& progress = {});

/// How a JKO block sees its trajectories.
struct JkoBlockLoss {
  double step_size = 1.0;  ///< h = γ > 0; +∞: a free block, without the movement's cost
  Index steps = 3;         ///< RK4 steps over t ∈ [0, 1]
  bool exact_divergence =
      false;  ///< else eᵀ∂v e, e ~ N(0, I) one a point, kept along its trajectory
};

/// The training loss of a JKO block towards N(0, I) and its exact discrete gradient, x_1 and
/// ∫ div v by RK4:
///
///   ℓ(v) = n⁻¹ Σ_j [½|x_1|² − ∫ div v dt + |x_1 − x_0|²/(2h)],
///
/// minimised by Adam. @throws std::invalid_argument  options or sizes that do not fit
[[nodiscard]] TrainingResult train_jko_block(const VelocityNetwork& start,
                                             const PointSource& source,
                                             const JkoBlockLoss& loss,
                                             const TrainingOptions& options = {},
                                             const TrainingState& state = {},
                                             const TrainingProgress& progress = {});

struct LossAndGradient {
  double loss = 0.0;
  Vector gradient = {};  ///< in the parameters
};

/// The two losses on one batch, in double.
LossAndGradient regression_loss(const VelocityNetwork& network, const RegressionBatch& batch);
/// @param probes  d × n, unless the divergence is exact
LossAndGradient jko_block_loss(const VelocityNetwork& network,
                               const Matrix& points,
                               const JkoBlockLoss& loss,
                               const Matrix& probes = {});

/// The same numbers without their gradients, for a third of the cost.
double regression_loss_value(const VelocityNetwork& network, const RegressionBatch& batch);
double jko_block_loss_value(const VelocityNetwork& network,
                            const Matrix& points,
                            const JkoBlockLoss& loss,
                            const Matrix& probes = {});

}  // namespace flowcheck
