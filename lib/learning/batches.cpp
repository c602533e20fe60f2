#include "learning/batches.hpp"

#include "numerics/require.hpp"

#include <boost/math/distributions/beta.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <memory>
#include <utility>

namespace flowcheck {
namespace {

// Fisher and Yates.
void shuffle_columns(Rng& rng, Matrix& points) {
  for (Index j = points.cols() - 1; j > 0; --j) {
    points.col(j).swap(points.col(rng.uniform_index(j + 1)));
  }
}

double draw_time(Rng& rng, const TimeLaw& law) {
  const double u = rng.uniform();
  if (law.first == 1.0 && law.second == 1.0) return u;
  return boost::math::quantile(boost::math::beta_distribution<double>(law.first, law.second), u);
}

}  // namespace

PointSource draws_from(Matrix data) {
  require(data.cols() > 0, "draws_from: there are no points");
  const auto shared = std::make_shared<const Matrix>(std::move(data));
  return [shared](Rng& rng, Matrix& points) {
    require(points.rows() == shared->rows(), "draws_from: the data are of another dimension");
    // One of 2⁵³ fractions of the number of columns: uniform up to 2⁻⁵³ of it, without a division.
    // Some draws ahead of the copies: the processor then waits for many distant columns at once.
    const auto count = static_cast<double>(shared->cols());
    std::array<Index, 64> drawn = {};
    for (Index from = 0; from < points.cols(); from += std::ssize(drawn)) {
      const Index here = std::min<Index>(std::ssize(drawn), points.cols() - from);
      for (Index k = 0; k < here; ++k) {
        drawn[static_cast<std::size_t>(k)] = static_cast<Index>(rng.uniform() * count);
      }
      for (Index k = 0; k < here; ++k) {
        points.col(from + k) = shared->col(drawn[static_cast<std::size_t>(k)]);
      }
    }
  };
}

PointSource standard_normal_draws() {
  return [](Rng& rng, Matrix& points) {
    for (double& x : points.reshaped()) x = rng.normal();
  };
}

EndPointSource independent_ends(PointSource start, PointSource end) {
  return [start = std::move(start), end = std::move(end)](Rng& rng, EndPoints& ends) {
    start(rng, ends.start);
    end(rng, ends.end);
  };
}

EndPointSource ou_step_ends(PointSource start, double gamma, Coupling coupling) {
  require(gamma > 0.0, "ou_step_ends: gamma must be positive");
  const OuStep step = ou_step(gamma);
  return [=, start = std::move(start)](Rng& rng, EndPoints& ends) {
    start(rng, ends.start);
    if (coupling == Coupling::independent) {
      start(rng, ends.end);
    } else {
      ends.end = ends.start;
    }
    if (coupling == Coupling::shuffled) shuffle_columns(rng, ends.end);
    for (double& x : ends.end.reshaped()) x = step.decay * x + step.noise * rng.normal();
  };
}

void RegressionBatch::resize(Index dimension, Index count) {
  points.resize(dimension, count);
  times.resize(count);
  targets.resize(dimension, count);
}

RegressionSource flow_matching(EndPointSource ends, Interpolant interpolant, TimeLaw times) {
  require(times.first > 0.0 && times.second > 0.0 && std::isfinite(times.first + times.second),
          "flow_matching: the Beta law's parameters must be positive");
  return [=, source = std::move(ends)](Rng& rng, RegressionBatch& batch) {
    EndPoints drawn{.start = Matrix(batch.points.rows(), batch.points.cols()),
                    .end = Matrix(batch.points.rows(), batch.points.cols())};
    source(rng, drawn);
    for (Index j = 0; j < batch.points.cols(); ++j) {
      const double t = draw_time(rng, times);
      batch.times[j] = t;
      const InterpolantValues at = interpolant_values(interpolant, t);
      for (Index i = 0; i < batch.points.rows(); ++i) {
        const double from = drawn.start(i, j);
        const double to = drawn.end(i, j);
        batch.points(i, j) = at.left * from + at.right * to;
        batch.targets(i, j) = at.left_rate * from + at.right_rate * to;
      }
    }
  };
}

}  // namespace flowcheck
