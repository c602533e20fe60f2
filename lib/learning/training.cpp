#include "learning/training.hpp"

#include "learning/network_losses.hpp"
#include "numerics/require.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace flowcheck {
namespace {

constexpr double loss_memory = 0.99;

void require_training(const VelocityNetwork& start,
                      const TrainingOptions& options,
                      const TrainingState& state) {
  const AdamOptions& adam = options.adam;
  require_network_shape(start.shape);
  const Index count = parameter_count(start.shape);
  require(start.parameters.size() == count,
          "training: the number of parameters does not fit the shape");
  require(options.iterations >= 0 && options.batch >= 1 && options.report_interval >= 0,
          "training: iterations or batch out of range");
  require(std::isfinite(adam.learning_rate) && adam.learning_rate > 0.0 && adam.beta1 >= 0.0 &&
              adam.beta1 < 1.0 && adam.beta2 >= 0.0 && adam.beta2 < 1.0 && adam.epsilon > 0.0 &&
              adam.largest_gradient_norm > 0.0 && adam.average >= 0.0 && adam.average < 1.0 &&
              adam.decay > 0.0 && adam.decay_interval >= 1 && adam.warm_up >= 0,
          "training: an option of Adam is out of range");
  const auto fits = [count](const Vector& v) { return v.size() == 0 || v.size() == count; };
  require(state.iteration >= 0 && fits(state.parameters) && fits(state.first_moment) &&
              fits(state.second_moment) && fits(state.average),
          "training: the checkpoint does not fit the network");
}

// Adam's variables, padded as the kernels need them.
template <class Scalar>
class AdamVariables {
 public:
  AdamVariables(const VelocityNetwork& start, const TrainingState& state, bool with_average)
      : count_(start.parameters.size()), iteration_(state.iteration), loss_(state.loss) {
    const Vector& parameters = state.parameters.size() > 0 ? state.parameters : start.parameters;
    smoothed_loss_ = state.smoothed_loss;
    parameters_ = filled(parameters);
    gradient_ = filled({});
    first_moment_ = filled(state.first_moment);
    second_moment_ = filled(state.second_moment);
    if (with_average) average_ = filled(state.average.size() > 0 ? state.average : parameters);
  }

  Index iteration() const { return iteration_; }
  auto parameters() const { return parameters_.head(count_); }
  auto gradient() { return gradient_.head(count_); }

  // Once gradient() is that of the loss: a step, or false where one of them is not finite.
  bool step(const NetworkKernels<Scalar>& kernels,
            const AdamOptions& options,
            Index iterations,
            double loss) {
    if (!std::isfinite(loss) || !std::isfinite((Scalar(0) * gradient_).sum())) return false;
    const double k = static_cast<double>(iteration_ + 1);
    double scale = 1.0;
    if (std::isfinite(options.largest_gradient_norm)) {
      const double norm = std::sqrt(gradient_.template cast<double>().squaredNorm());
      scale = std::min(1.0, options.largest_gradient_norm / norm);
    }
    kernels.adam({.count = parameters_.size(),
                  .gradient_scale = static_cast<Scalar>(scale),
                  .beta1 = static_cast<Scalar>(options.beta1),
                  .beta2 = static_cast<Scalar>(options.beta2),
                  .rate = static_cast<Scalar>(learning_rate(options, iteration_, iterations) /
                                              (1.0 - std::pow(options.beta1, k))),
                  .second_scale = static_cast<Scalar>(1.0 / (1.0 - std::pow(options.beta2, k))),
                  .epsilon = static_cast<Scalar>(options.epsilon),
                  .gradient = gradient_.data(),
                  .parameters = parameters_.data(),
                  .first_moment = first_moment_.data(),
                  .second_moment = second_moment_.data()});
    if (average_.size() > 0) {
      const auto kept = static_cast<Scalar>(options.average);
      average_ = kept * average_ + (Scalar(1) - kept) * parameters_;
    }
    // Normalised by 1 − memory^k, so that the first losses count in full.
    const double before = 1.0 - std::pow(loss_memory, k - 1.0);
    const double after = 1.0 - std::pow(loss_memory, k);
    smoothed_loss_ = (loss_memory * before * smoothed_loss_ + (1.0 - loss_memory) * loss) / after;
    loss_ = loss;
    ++iteration_;
    return true;
  }

  TrainingState state() const {
    const auto wide = [this](const Column<Scalar>& v) -> Vector {
      if (v.size() == 0) return {};
      return v.head(count_).template cast<double>();
    };
    return {.iteration = iteration_,
            .parameters = wide(parameters_),
            .first_moment = wide(first_moment_),
            .second_moment = wide(second_moment_),
            .average = wide(average_),
            .loss = loss_,
            .smoothed_loss = smoothed_loss_};
  }

 private:
  Column<Scalar> filled(const Vector& values) const {
    const Index whole = (count_ + padding<Scalar> - 1) / padding<Scalar> * padding<Scalar>;
    Column<Scalar> result = Column<Scalar>::Zero(whole);
    result.head(values.size()) = values.template cast<Scalar>();
    return result;
  }

  Index count_;
  Index iteration_;
  double loss_;
  double smoothed_loss_ = 0.0;
  Column<Scalar> parameters_, gradient_, first_moment_, second_moment_, average_;
};

// batch_loss(rng, parameters, gradient) draws a batch; its draws are a stream of the iteration's
// own.
template <class Scalar, class BatchLoss>
TrainingResult train_with(const VelocityNetwork& start,
                          const NetworkKernels<Scalar>& kernels,
                          const BatchLoss& batch_loss,
                          const TrainingOptions& options,
                          const TrainingState& from,
                          const TrainingProgress& progress) {
  AdamVariables<Scalar> variables(start, from, options.adam.average > 0.0);
  const std::uint64_t seed = derive_seed(options.seed, "training block", options.block);
  TrainingResult result{.network = start, .state = {}, .termination = Termination::iteration_limit};
  while (variables.iteration() < options.iterations) {
    Rng rng(seed, static_cast<std::uint64_t>(variables.iteration()));
    const double loss = batch_loss(rng, variables.parameters(), variables.gradient());
    if (!variables.step(kernels, options.adam, options.iterations, loss)) {
      result.termination = Termination::not_finite;
      break;
    }
    if (progress && options.report_interval > 0 &&
        variables.iteration() % options.report_interval == 0) {
      progress(variables.state());
    }
  }
  result.state = variables.state();
  result.network.parameters =
      result.state.average.size() > 0 ? result.state.average : result.state.parameters;
  return result;
}

template <class Scalar>
TrainingResult train_regression_in(const VelocityNetwork& start,
                                   const RegressionSource& source,
                                   const TrainingOptions& options,
                                   const TrainingState& state,
                                   const TrainingProgress& progress) {
  RegressionLoss<Scalar> loss(start.shape);
  RegressionBatch batch;
  batch.resize(start.shape.dimension, options.batch);
  return train_with<Scalar>(
      start, loss.pass().kernels(),
      [&](Rng& rng, const auto& parameters, auto gradient) {
        source(rng, batch);
        return loss(parameters, batch, gradient);
      },
      options, state, progress);
}

template <class Scalar>
TrainingResult train_block_in(const VelocityNetwork& start,
                              const PointSource& source,
                              const JkoBlockLoss& block,
                              const TrainingOptions& options,
                              const TrainingState& state,
                              const TrainingProgress& progress) {
  BlockLoss<Scalar> loss(start.shape, block);
  Matrix points(start.shape.dimension, options.batch);
  Matrix probes;
  if (!block.exact_divergence) probes.resize(points.rows(), points.cols());
  return train_with<Scalar>(
      start, loss.pass().kernels(),
      [&](Rng& rng, const auto& parameters, auto gradient) {
        source(rng, points);
        for (double& e : probes.reshaped()) e = rng.normal();
        return loss(parameters, points, probes, gradient);
      },
      options, state, progress);
}

}  // namespace

double learning_rate(const AdamOptions& options, Index k, Index iterations) {
  double rate = options.learning_rate;
  if (options.schedule == LearningRate::cosine) {
    rate *= 0.5 * (1.0 + std::cos(std::numbers::pi * static_cast<double>(k) /
                                  static_cast<double>(std::max<Index>(iterations, 1))));
  } else if (options.schedule == LearningRate::exponential) {
    rate *= std::pow(options.decay, static_cast<double>(k / options.decay_interval));
  }
  if (k < options.warm_up) {
    rate *= static_cast<double>(k + 1) / static_cast<double>(options.warm_up);
  }
  return rate;
}

TrainingResult train_regression(const VelocityNetwork& start,
                                const RegressionSource& source,
                                const TrainingOptions& options,
                                const TrainingState& state,
                                const TrainingProgress& progress) {
  require_training(start, options, state);
  const auto run = options.precision == Precision::single_precision ? train_regression_in<float>
                                                                    : train_regression_in<double>;
  return run(start, source, options, state, progress);
}

TrainingResult train_jko_block(const VelocityNetwork& start,
                               const PointSource& source,
                               const JkoBlockLoss& loss,
                               const TrainingOptions& options,
                               const TrainingState& state,
                               const TrainingProgress& progress) {
  require_training(start, options, state);
  const auto run = options.precision == Precision::single_precision ? train_block_in<float>
                                                                    : train_block_in<double>;
  return run(start, source, loss, options, state, progress);
}

LossAndGradient regression_loss(const VelocityNetwork& network, const RegressionBatch& batch) {
  LossAndGradient result{.loss = 0.0, .gradient = Vector(network.parameters.size())};
  result.loss = RegressionLoss<double>(network.shape)(network.parameters, batch, result.gradient);
  return result;
}

LossAndGradient jko_block_loss(const VelocityNetwork& network,
                               const Matrix& points,
                               const JkoBlockLoss& loss,
                               const Matrix& probes) {
  LossAndGradient result{.loss = 0.0, .gradient = Vector(network.parameters.size())};
  result.loss =
      BlockLoss<double>(network.shape, loss)(network.parameters, points, probes, result.gradient);
  return result;
}

double regression_loss_value(const VelocityNetwork& network, const RegressionBatch& batch) {
  return RegressionLoss<double>(network.shape).value(network.parameters, batch);
}

double jko_block_loss_value(const VelocityNetwork& network,
                            const Matrix& points,
                            const JkoBlockLoss& loss,
                            const Matrix& probes) {
  return BlockLoss<double>(network.shape, loss).value(network.parameters, points, probes);
}

}  // namespace flowcheck
