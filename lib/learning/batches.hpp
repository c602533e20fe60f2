#pragma once

#include "learning/interpolant.hpp"
#include "numerics/rng.hpp"
#include "numerics/types.hpp"

#include <functional>

namespace flowcheck {

/// Fills a d × n matrix, whose size stays, with independent draws, one a column.
using PointSource = std::function<void(Rng& rng, Matrix& points)>;

/// Columns of `data`, with replacement. @throws std::invalid_argument  no columns
PointSource draws_from(Matrix data);
PointSource standard_normal_draws();  ///< N(0, I)

/// The two ends x_0 and x_1 of a path, d × n each.
struct EndPoints {
  Matrix start = {};
  Matrix end = {};
};
using EndPointSource = std::function<void(Rng& rng, EndPoints& ends)>;

/// x_0 from `start`, x_1 from `end`, independent of each other.
EndPointSource independent_ends(PointSource start, PointSource end);

/// x_0 from `start`, x_1 = e^{−γ}x + √(1 − e^{−2γ}) g with g ~ N(0, I) and x as coupled: one step
/// of the process dX = −X dt + √2 dB. γ = +∞ gives the free block, x_1 = g.
/// @throws std::invalid_argument  γ ≤ 0 or NaN
EndPointSource ou_step_ends(PointSource start, double gamma, Coupling coupling);

/// What a regression fits: v(times[j], points.col(j)) ≈ targets.col(j).
struct RegressionBatch {
  Matrix points = {};
  Vector times = {};
  Matrix targets = {};

  void resize(Index dimension, Index count);
};
using RegressionSource = std::function<void(Rng& rng, RegressionBatch& batch)>;

/// t ~ Beta(first, second) on [0, 1]; (1, 1) is uniform.
struct TimeLaw {
  double first = 1.0;
  double second = 1.0;
};

/// Flow matching: points I_t, targets İ_t. Its least loss is E tr Cov(İ_t|I_t), not zero.
/// @throws std::invalid_argument  a parameter of the Beta law is not positive
RegressionSource flow_matching(EndPointSource ends, Interpolant interpolant, TimeLaw times = {});

}  // namespace flowcheck
