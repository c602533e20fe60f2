#include "learning/fit_model.hpp"

#include "learning/batches.hpp"
#include "learning/training.hpp"
#include "numerics/require.hpp"
#include "numerics/rng.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace flowcheck {
namespace {

// Where the parameters' noise is small beside the data's: times near the data's end as often as the
// likelihood needs them.
constexpr TimeLaw fit_times = {.first = 0.5, .second = 1.0};
constexpr Index validation_points = 4096;
constexpr double jko_gradient_norm = 1.0;  // beyond it a gradient is cut

struct MethodDefaults {
  int blocks = 1;
  double step_size = infinity;
  double step_ratio = 1.0;
};

MethodDefaults defaults_of(ModelMethod method) {
  switch (method) {
    case ModelMethod::fm:
      return {};
    case ModelMethod::lfm:
      return {.blocks = 4, .step_size = 0.15, .step_ratio = 1.3};
    case ModelMethod::jko:
      return {.blocks = 6, .step_size = 0.25, .step_ratio = 1.4};
  }
  return {};
}

void require_fit_options(const FitOptions& options) {
  require(!options.hidden.empty() && std::all_of(options.hidden.begin(), options.hidden.end(),
                                                 [](Index w) { return w >= 1 && w <= 4096; }),
          "fit_model: widths from 1 to 4096");
  require(options.frequencies >= 0 && options.frequencies <= 4096, "fit_model: frequencies");
  require(options.blocks >= 0 && options.blocks <= 1000, "fit_model: at most 1000 blocks");
  require(options.iterations >= 1 && options.batch >= 1, "fit_model: iterations and batch");
  require(options.learning_rate > 0.0 && std::isfinite(options.learning_rate),
          "fit_model: learning_rate must be positive");
  require(options.average >= 0.0 && options.average < 1.0, "fit_model: average in [0, 1)");
  require(options.validations >= 1 && options.patience >= 1,
          "fit_model: validations and patience must be positive");
}

Index rounded_up(Index a, Index b) {
  return (a + b - 1) / b;
}

// Iterations between two reports, and reports between two validations.
struct Intervals {
  Index report = 1;
  Index validation = 1;
};

// At most as many validations as asked for, but for one at the end.
Intervals intervals_of(const FitOptions& options) {
  constexpr Index longest_report = 50;
  const Index wanted = rounded_up(options.iterations, options.validations);
  const Index reports = rounded_up(wanted, longest_report);
  return {.report = rounded_up(wanted, reports), .validation = reports};
}

// Thrown from the progress of a training to end it.
struct TrainingStopped {};

// Keeps the best parameters that a training passes, by a loss on points it does not see.
class Validation {
 public:
  Validation(std::function<double(const VelocityNetwork&)> loss,
             const VelocityNetwork& start,
             const FitOptions& options,
             const std::atomic<bool>* stop)
      : loss_(std::move(loss)),
        best_(start),
        options_(options),
        stop_(stop),
        interval_(intervals_of(options).report * intervals_of(options).validation) {
    fit_.first_validation = loss_(start);
    fit_.best_validation = fit_.first_validation;
  }

  // Called every few iterations, so that a stop is soon.
  void operator()(const TrainingState& state) {
    if (stop_ != nullptr && stop_->load()) throw TrainingStopped{};
    if (state.iteration % interval_ == 0 || state.iteration == options_.iterations) look(state);
  }

  const VelocityNetwork& best() const { return best_; }
  const BlockFit& fit() const { return fit_; }

 private:
  void look(const TrainingState& state) {
    VelocityNetwork now = best_;
    now.parameters = state.average.size() > 0 ? state.average : state.parameters;
    const double loss = loss_(now);
    fit_.iterations = state.iteration;
    fit_.train_loss = state.smoothed_loss;
    if (loss < fit_.best_validation) {
      fit_.best_validation = loss;
      fit_.best_iteration = state.iteration;
      best_ = std::move(now);
      since_best_ = 0;
    } else if (++since_best_ >= options_.patience) {
      throw TrainingStopped{};
    }
  }

  std::function<double(const VelocityNetwork&)> loss_;
  VelocityNetwork best_;
  BlockFit fit_;
  FitOptions options_;
  const std::atomic<bool>* stop_;
  Index interval_;
  int since_best_ = 0;
};

class ModelFitter {
 public:
  ModelFitter(const DataSplit& data,
              const FitOptions& options,
              std::vector<double> step_sizes,
              const std::function<void(double)>& progress,
              const std::atomic<bool>* stop)
      : options_(options), step_sizes_(std::move(step_sizes)), progress_(progress), stop_(stop) {
    result_.model.method = options.method;
    result_.model.scaling = scaling_of(options.scaling, data.train);
    train_ = result_.model.scaling.to_model(data.train);
    validation_ = result_.model.scaling.to_model(data.validation);
  }

  FitResult operator()() {
    for (std::size_t n = 0; n < step_sizes_.size(); ++n) {
      ModelBlock block = untrained(n);
      const Termination termination = train(n, block);
      if (stopped() || termination == Termination::not_finite) {
        result_.termination = stopped() ? Termination::running : termination;
        return std::move(result_);
      }
      if (n + 1 < step_sizes_.size()) {
        train_ = push_block(block, train_).points;
        validation_ = push_block(block, validation_).points;
      }
      result_.model.blocks.push_back(std::move(block));
    }
    result_.termination = Termination::converged;
    return std::move(result_);
  }

 private:
  bool is_jko() const { return options_.method == ModelMethod::jko; }
  bool stopped() const { return stop_ != nullptr && stop_->load(); }

  ModelBlock untrained(std::size_t n) const {
    ModelBlock block{.step_size = step_sizes_[n]};
    const bool free = !is_jko() && std::isinf(block.step_size);
    block.steps = free ? 32 : 8;
    block.time_power = is_jko() ? 1.0 : 2.0;
    if (is_jko() && n > 0) {
      block.network = result_.model.blocks.back().network;
      return block;
    }
    NetworkShape shape{
        .dimension = train_.rows(), .widths = options_.hidden, .time_input = !is_jko()};
    if (is_jko()) {
      shape.activation = Activation::softplus;
      shape.beta = 20.0;
    } else {
      shape.frequencies = options_.frequencies;
      shape.highest_frequency = options_.highest_frequency;
    }
    Rng rng(derive_seed(options_.seed, "fit network", n));
    block.network = initial_network(shape, rng, 0.0);
    return block;
  }

  EndPointSource ends(const ModelBlock& block, const Matrix& points) const {
    return ou_step_ends(draws_from(points), block.step_size, Coupling::dependent);
  }

  static Interpolant path(const ModelBlock& block) {
    return std::isinf(block.step_size) ? Interpolant::trigonometric : Interpolant::linear;
  }

  JkoBlockLoss jko_loss(const ModelBlock& block) const {
    return {.step_size = block.step_size, .steps = 3, .exact_divergence = train_.rows() <= 2};
  }

  std::function<double(const VelocityNetwork&)> validation_loss(std::size_t n,
                                                                const ModelBlock& block) const {
    Rng rng(derive_seed(options_.seed, "fit validation", n));
    if (is_jko()) {
      const Index count = std::min<Index>(validation_.cols(), validation_points);
      const Matrix points = validation_.leftCols(count);
      const Matrix probes = rng.normal_matrix(points.rows(), count);
      return [points, probes, loss = jko_loss(block)](const VelocityNetwork& network) {
        return jko_block_loss(network, points, loss, probes).loss;
      };
    }
    RegressionBatch batch;
    batch.resize(train_.rows(), validation_points);
    flow_matching(ends(block, validation_), path(block), fit_times)(rng, batch);
    return [batch](const VelocityNetwork& network) { return regression_loss(network, batch).loss; };
  }

  TrainingOptions training_options(std::size_t n) const {
    TrainingOptions training{.iterations = options_.iterations,
                             .batch = options_.batch,
                             .seed = derive_seed(options_.seed, "fit training"),
                             .block = n,
                             .report_interval = intervals_of(options_).report};
    training.adam = {.learning_rate = options_.learning_rate,
                     .schedule = LearningRate::cosine,
                     .warm_up = std::min<Index>(200, options_.iterations / 10),
                     .beta2 = 0.99,
                     .average = average()};
    if (is_jko()) training.adam.largest_gradient_norm = jko_gradient_norm;
    return training;
  }

  // A short training would keep the memory of where it started.
  double average() const {
    constexpr double memories = 20.0;
    return std::clamp(1.0 - memories / static_cast<double>(options_.iterations), 0.0,
                      options_.average);
  }

  // Trains the block; what is best on the validation points is kept.
  Termination train(std::size_t n, ModelBlock& block) {
    Validation validation(validation_loss(n, block), block.network, options_, stop_);
    const auto watch = [&](const TrainingState& state) {
      const double done = static_cast<double>(n) + static_cast<double>(state.iteration) /
                                                       static_cast<double>(options_.iterations);
      if (progress_) progress_(done / static_cast<double>(step_sizes_.size()));
      validation(state);
    };
    Termination termination = Termination::converged;
    try {
      const TrainingOptions training = training_options(n);
      const TrainingResult trained =
          is_jko() ? train_jko_block(block.network, draws_from(train_), jko_loss(block), training,
                                     {}, watch)
                   : train_regression(block.network,
                                      flow_matching(ends(block, train_), path(block), fit_times),
                                      training, {}, watch);
      if (trained.termination == Termination::not_finite) {
        termination = trained.termination;
      } else if (options_.iterations % training.report_interval != 0) {
        watch(trained.state);  // the end is no report of its own
      }
    } catch (const TrainingStopped&) {
    }
    block.network = validation.best();
    result_.blocks.push_back(validation.fit());
    return termination;
  }

  FitOptions options_;
  std::vector<double> step_sizes_;
  std::function<void(double)> progress_;
  const std::atomic<bool>* stop_;
  Matrix train_;
  Matrix validation_;
  FitResult result_;
};

}  // namespace

std::vector<double> block_step_sizes(const FitOptions& options) {
  require_fit_options(options);
  const MethodDefaults defaults = defaults_of(options.method);
  const int blocks = options.blocks > 0 ? options.blocks : defaults.blocks;
  require(options.method != ModelMethod::fm || blocks == 1, "fit_model: fm has one block");
  const double first = options.step_size > 0.0 ? options.step_size : defaults.step_size;
  const double ratio = options.step_ratio > 0.0 ? options.step_ratio : defaults.step_ratio;
  require(options.step_size >= 0.0 && options.step_ratio >= 0.0 && std::isfinite(ratio),
          "fit_model: step sizes must be positive");
  std::vector<double> steps;
  for (int n = 0; n < blocks; ++n) steps.push_back(first * std::pow(ratio, n));
  if (options.method != ModelMethod::jko) steps.back() = infinity;
  return steps;
}

std::vector<double> reparametrised_step_sizes(const std::vector<double>& step_sizes,
                                              const std::vector<double>& moved,
                                              double eta) {
  const std::size_t N = step_sizes.size();
  const auto positive = [](double x) { return x > 0.0 && std::isfinite(x); };
  require(N > 0 && moved.size() == N && std::all_of(moved.begin(), moved.end(), positive) &&
              std::all_of(step_sizes.begin(), step_sizes.end(), positive),
          "reparametrised_step_sizes: as many positive steps as movements");
  require(eta >= 0.0 && eta <= 1.0, "reparametrised_step_sizes: eta from 0 to 1");
  const double length = std::accumulate(moved.begin(), moved.end(), 0.0);
  std::vector<double> times;
  double old_time = 0.0;
  std::size_t piece = 0;
  double piece_time = 0.0;
  double piece_length = 0.0;
  for (std::size_t n = 0; n < N; ++n) {
    old_time += step_sizes[n];
    const double wanted = length * static_cast<double>(n + 1) / static_cast<double>(N);
    while (piece + 1 < N && piece_length + moved[piece] < wanted) {
      piece_time += step_sizes[piece];
      piece_length += moved[piece++];
    }
    const double equal_time =
        n + 1 == N ? old_time
                   : piece_time + step_sizes[piece] * (wanted - piece_length) / moved[piece];
    times.push_back(old_time + eta * (equal_time - old_time));
  }
  std::vector<double> result;
  for (std::size_t n = 0; n < N; ++n) result.push_back(times[n] - (n == 0 ? 0.0 : times[n - 1]));
  return result;
}

FitResult fit_model(const DataSplit& data,
                    const FitOptions& options,
                    const std::vector<double>& step_sizes,
                    const std::function<void(double)>& progress,
                    const std::atomic<bool>* stop) {
  require_fit_options(options);
  return ModelFitter(data, options, step_sizes.empty() ? block_step_sizes(options) : step_sizes,
                     progress, stop)();
}

}  // namespace flowcheck
