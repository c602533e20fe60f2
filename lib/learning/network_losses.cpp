#include "learning/network_losses.hpp"

#include "numerics/require.hpp"

#include <algorithm>
#include <cmath>

namespace flowcheck {
namespace {

constexpr Index kernel_tile = 12;  // columns the kernels take at once
constexpr Index block_columns = 8 * kernel_tile;

// Points a pass, so that the layers' values and derivatives are in the second cache until they are
// used again.
template <class Scalar>
Index regression_points(const NetworkShape& shape) {
  constexpr Index bytes = 1 << 19;
  Index units = 0;
  for (const Index width : shape.widths) units += width;
  const Index points = bytes / (2 * static_cast<Index>(sizeof(Scalar)) * units);
  return std::clamp(points / kernel_tile, Index{4}, Index{40}) * kernel_tile;
}

}  // namespace

template <class Scalar>
Index RegressionLoss<Scalar>::begin(const Eigen::Ref<const Column<Scalar>>& parameters,
                                    const RegressionBatch& batch) {
  const Index n = batch.points.cols();
  const Index d = pass_.shape().dimension;
  require(n > 0 && batch.points.rows() == d && batch.targets.rows() == d &&
              batch.targets.cols() == n && batch.times.size() == n,
          "regression loss: points, times and targets do not fit the network");
  pass_.set_parameters(parameters);
  no_probes_.resize(d, 0);
  return regression_points<Scalar>(pass_.shape());
}

template <class Scalar>
double RegressionLoss<Scalar>::forward(const RegressionBatch& batch,
                                       Index start,
                                       Index count,
                                       bool backward) {
  points_ = batch.points.middleCols(start, count).template cast<Scalar>();
  times_ = batch.times.segment(start, count).template cast<Scalar>();
  pass_.forward(points_, times_, no_probes_, backward, tape_);
  residuals_ = tape_.outputs.topLeftCorner(points_.rows(), count) -
               batch.targets.middleCols(start, count).template cast<Scalar>();
  return static_cast<double>(residuals_.squaredNorm());
}

template <class Scalar>
double RegressionLoss<Scalar>::operator()(const Eigen::Ref<const Column<Scalar>>& parameters,
                                          const RegressionBatch& batch,
                                          Eigen::Ref<Column<Scalar>> gradient) {
  const Index n = batch.points.cols();
  const Index chunk = begin(parameters, batch);
  pass_.clear(gradient_);
  double sum = 0.0;
  for (Index start = 0; start < n; start += chunk) {
    sum += forward(batch, start, std::min(chunk, n - start), true);
    residuals_ *= static_cast<Scalar>(2.0 / static_cast<double>(n));
    pass_.backward(tape_, no_probes_, residuals_, no_divergence_, gradient_, nullptr);
  }
  pass_.collect(gradient_, gradient);
  return sum / static_cast<double>(n);
}

template <class Scalar>
double RegressionLoss<Scalar>::value(const Eigen::Ref<const Column<Scalar>>& parameters,
                                     const RegressionBatch& batch) {
  const Index n = batch.points.cols();
  const Index chunk = begin(parameters, batch);
  double sum = 0.0;
  for (Index start = 0; start < n; start += chunk) {
    sum += forward(batch, start, std::min(chunk, n - start), false);
  }
  return sum / static_cast<double>(n);
}

template <class Scalar>
BlockLoss<Scalar>::BlockLoss(const NetworkShape& shape, const JkoBlockLoss& loss, VectorForm form)
    : pass_(shape, form), loss_(loss) {
  require(loss.step_size > 0.0, "jko block: the step size must be positive");
  require(loss.steps >= 1, "jko block: the number of steps must be positive");
  tapes_.resize(4 * static_cast<std::size_t>(loss.steps));
}

template <class Scalar>
void BlockLoss<Scalar>::evaluate(std::size_t stage,
                                 double t,
                                 const Array<Scalar>& x,
                                 bool backward) {
  times_.setConstant(x.cols(), static_cast<Scalar>(t));
  pass_.forward(x, times_, probes_, backward, tapes_[stage]);
}

// Σ over the chunk; position_ is x_1 afterwards.
template <class Scalar>
double BlockLoss<Scalar>::forward(const Array<Scalar>& start, Index n, bool backward) {
  const Index d = start.rows();
  const double h = 1.0 / static_cast<double>(loss_.steps);
  const auto half = static_cast<Scalar>(0.5 * h);
  const auto sixth = static_cast<Scalar>(h / 6.0);
  position_ = start;
  double divergence = 0.0;
  for (Index step = 0; step < loss_.steps; ++step) {
    const double t = static_cast<double>(step) * h;
    const std::size_t first = 4 * static_cast<std::size_t>(step);
    const auto k = [&](std::size_t stage) {
      return tapes_[first + stage].outputs.topLeftCorner(d, n);
    };
    evaluate(first, t, position_, backward);
    evaluate(first + 1, t + 0.5 * h, position_ + half * k(0), backward);
    evaluate(first + 2, t + 0.5 * h, position_ + half * k(1), backward);
    evaluate(first + 3, t + h, position_ + static_cast<Scalar>(h) * k(2), backward);
    position_ += sixth * (k(0) + Scalar(2) * (k(1) + k(2)) + k(3));
    const auto divergences = [&](std::size_t stage) {
      return static_cast<double>(tapes_[first + stage].divergences.sum());
    };
    divergence +=
        h / 6.0 * (divergences(0) + 2.0 * (divergences(1) + divergences(2)) + divergences(3));
  }
  return 0.5 * static_cast<double>(position_.squaredNorm()) - divergence +
         static_cast<double>((position_ - start).squaredNorm()) / (2.0 * loss_.step_size);
}

// Of one evaluation: velocity_cotangent_ to stage_cotangent_, the cotangent of its argument.
template <class Scalar>
void BlockLoss<Scalar>::pull_back(std::size_t stage, Scalar divergence_weight) {
  divergence_weights_.setConstant(velocity_cotangent_.cols(), divergence_weight);
  pass_.backward(tapes_[stage], probes_, velocity_cotangent_, divergence_weights_, gradient_,
                 &stage_cotangent_);
  sum_ += stage_cotangent_;
}

// The RK4 steps in reverse; the divergence has weight −1.
template <class Scalar>
void BlockLoss<Scalar>::backward(const Array<Scalar>& start, Index n) {
  const double step_length = 1.0 / static_cast<double>(loss_.steps);
  const auto h = static_cast<Scalar>(step_length);
  const auto sixth = static_cast<Scalar>(step_length / 6.0);
  const Scalar half = h / 2;
  const auto stiffness = static_cast<Scalar>(1.0 / loss_.step_size);
  end_cotangent_ = position_ + stiffness * (position_ - start);
  for (Index step = loss_.steps; step-- > 0;) {
    const std::size_t first = 4 * static_cast<std::size_t>(step);
    sum_.setZero(start.rows(), n);
    velocity_cotangent_ = sixth * end_cotangent_;
    pull_back(first + 3, -sixth);
    velocity_cotangent_ = 2 * sixth * end_cotangent_ + h * stage_cotangent_;
    pull_back(first + 2, -2 * sixth);
    velocity_cotangent_ = 2 * sixth * end_cotangent_ + half * stage_cotangent_;
    pull_back(first + 1, -2 * sixth);
    velocity_cotangent_ = sixth * end_cotangent_ + half * stage_cotangent_;
    pull_back(first, -sixth);
    end_cotangent_ += sum_;
  }
}

template <class Scalar>
Index BlockLoss<Scalar>::begin(const Eigen::Ref<const Column<Scalar>>& parameters,
                               const Matrix& points,
                               const Matrix& probes) {
  const Index n = points.cols();
  const Index d = pass_.shape().dimension;
  require(n > 0 && points.rows() == d, "jko block: the points do not fit the network");
  require(loss_.exact_divergence || (probes.rows() == d && probes.cols() == n),
          "jko block: one probe a point is needed");
  pass_.set_parameters(parameters);
  const Index streams = 1 + (loss_.exact_divergence ? d : 1);
  return std::max<Index>(1, block_columns / streams);
}

// Where some of the points start; with their probes_.
template <class Scalar>
Array<Scalar> BlockLoss<Scalar>::take(const Matrix& points,
                                      const Matrix& probes,
                                      Index from,
                                      Index count) {
  if (loss_.exact_divergence) {
    probes_ = unit_probes<Scalar>(points.rows(), count);
  } else {
    probes_ = probes.middleCols(from, count).template cast<Scalar>();
  }
  return points.middleCols(from, count).template cast<Scalar>();
}

template <class Scalar>
double BlockLoss<Scalar>::operator()(const Eigen::Ref<const Column<Scalar>>& parameters,
                                     const Matrix& points,
                                     const Matrix& probes,
                                     Eigen::Ref<Column<Scalar>> gradient) {
  const Index n = points.cols();
  const Index chunk = begin(parameters, points, probes);
  pass_.clear(gradient_);
  double sum = 0.0;
  for (Index from = 0; from < n; from += chunk) {
    const Index count = std::min(chunk, n - from);
    const Array<Scalar> start = take(points, probes, from, count);
    sum += forward(start, count, true);
    backward(start, count);
  }
  pass_.collect(gradient_, gradient);
  gradient /= static_cast<Scalar>(n);
  return sum / static_cast<double>(n);
}

template <class Scalar>
double BlockLoss<Scalar>::value(const Eigen::Ref<const Column<Scalar>>& parameters,
                                const Matrix& points,
                                const Matrix& probes) {
  const Index n = points.cols();
  const Index chunk = begin(parameters, points, probes);
  double sum = 0.0;
  for (Index from = 0; from < n; from += chunk) {
    const Index count = std::min(chunk, n - from);
    sum += forward(take(points, probes, from, count), count, false);
  }
  return sum / static_cast<double>(n);
}

template class RegressionLoss<float>;
template class RegressionLoss<double>;
template class BlockLoss<float>;
template class BlockLoss<double>;

}  // namespace flowcheck
