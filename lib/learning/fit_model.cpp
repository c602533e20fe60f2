#include "learning/fit_model.hpp"

#include "learning/batches.hpp"
#include "learning/step_schedule.hpp"
#include "learning/training.hpp"
#include "numerics/confidence.hpp"
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
constexpr double jko_gradient_norm = 1.0;  // beyond it a gradient is cut

struct MethodDefaults {
  int blocks = 1;
  double step_size = 1.0;
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

// Of every block's network.
NetworkShape block_shape(const FitOptions& options, Index dimension) {
  const bool is_jko = options.method == ModelMethod::jko;
  NetworkShape shape{.dimension = dimension, .widths = options.hidden, .time_input = !is_jko};
  if (is_jko) {
    shape.activation = Activation::softplus;
    shape.beta = 20.0;
  } else {
    shape.frequencies = options.frequencies;
    shape.highest_frequency = options.highest_frequency;
  }
  return shape;
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
struct TrainingOver {
  Termination termination = Termination::converged;
};

using NetworkLoss = std::function<double(const VelocityNetwork& network)>;
using NetworkLosses = std::function<Vector(const VelocityNetwork& network)>;  // of some batches

// What tells the parameters of a block apart.
struct BlockLosses {
  NetworkLoss on_validation;
  NetworkLosses on_training;
  Vector at_start = {};  // on_training of what the block keeps while it is untrained()
};

// The same network with zeros in its last layer: a field of zero.
VelocityNetwork without_movement(VelocityNetwork network) {
  const NetworkLayer last = network_layers(network.shape).back();
  network.parameters.tail(network.parameters.size() - last.weights).setZero();
  return network;
}

void begin_block(FitState& state, const VelocityNetwork& start, const NetworkLoss& loss) {
  const VelocityNetwork identity = without_movement(start);
  BlockFit fit{.first_validation = loss(start), .identity_validation = loss(identity)};
  const bool better =
      std::isfinite(fit.first_validation) && !(fit.identity_validation < fit.first_validation);
  fit.best_validation = better ? fit.first_validation : fit.identity_validation;
  state.best = better ? start : identity;
  state.blocks.push_back(fit);
  state.since_best = 0;
}

// What the training points say of the last parameters, beside those that it began from.
void compare_train_losses(BlockFit& fit, const Vector& first, const Vector& last) {
  const Vector gains = first - last;
  fit.last_train_loss = last.mean();
  if (gains.size() < 2) return;
  fit.train_gain_error = standard_deviation({gains.begin(), gains.end()}) /
                         std::sqrt(static_cast<double>(gains.size()));
}

// Keeps the best parameters that a training passes, by a loss on points it does not see.
void validate(FitState& state, const TrainingState& training, const BlockLosses& losses) {
  VelocityNetwork now = state.best;
  now.parameters = training.average.size() > 0 ? training.average : training.parameters;
  const double value = losses.on_validation(now);
  BlockFit& fit = state.blocks.back();
  fit.iterations = training.iteration;
  fit.train_loss = training.smoothed_loss;
  ++state.since_best;
  if (!std::isfinite(value) || !(value < fit.best_validation)) {
    if (fit.untrained()) compare_train_losses(fit, losses.at_start, losses.on_training(now));
    return;
  }
  fit.best_validation = value;
  fit.best_iteration = training.iteration;
  state.best = std::move(now);
  state.since_best = 0;
}

void end_block(FitState& state) {
  state.networks.push_back(std::move(state.best));
  state.best = {};
  state.training = {};
  state.since_best = 0;
}

class ModelFitter {
 public:
  ModelFitter(const DataSplit& data,
              const FitOptions& options,
              std::vector<double> step_sizes,
              const FitWatch& watch,
              const FitState& from)
      : options_(options), step_sizes_(std::move(step_sizes)), watch_(watch), state_(from) {
    require_fit_state(state_, options, data.train.rows(), step_sizes_.size());
    model_.method = options.method;
    model_.scaling = scaling_of(options.scaling, data.train);
    train_ = model_.scaling.to_model(data.train);
    validation_ = model_.scaling.to_model(data.validation);
    log_volume_ = model_.scaling.log_determinant;
  }

  FitResult operator()() {
    Termination termination = Termination::converged;
    for (std::size_t n = 0; n < step_sizes_.size() && termination == Termination::converged; ++n) {
      ModelBlock block = untrained(n);
      if (n == state_.networks.size()) termination = train(n, block);
      if (termination == Termination::converged) add_block(n, std::move(block));
    }
    return {
        .model = std::move(model_), .blocks = std::move(state_.blocks), .termination = termination};
  }

 private:
  bool is_jko() const { return options_.method == ModelMethod::jko; }
  bool stopped() const { return watch_.stop != nullptr && watch_.stop->load(); }

  ModelBlock untrained(std::size_t n) const {
    ModelBlock block{.step_size = step_sizes_[n]};
    const bool free = !is_jko() && std::isinf(block.step_size);
    block.steps = free ? 32 : 8;
    block.time_power = is_jko() ? 1.0 : 2.0;
    if (is_jko() && n > 0) {
      block.network = model_.blocks.back().network;
      return block;
    }
    Rng rng(derive_seed(options_.seed, "fit network", n));
    block.network = initial_network(block_shape(options_, train_.rows()), rng, 0.0);
    return block;
  }

  // Its network is trained; the next block sees what it makes of the points.
  void add_block(std::size_t n, ModelBlock block) {
    block.network = state_.networks[n];
    if (n + 1 < step_sizes_.size()) {
      train_ = push_block(block, train_).points;
      const bool by_nll = options_.selection == Selection::nll;
      PushedPoints pushed = push_block(block, validation_, by_nll);
      validation_ = std::move(pushed.points);
      if (by_nll) log_volume_ += pushed.divergence_integral.mean();
    }
    model_.blocks.push_back(std::move(block));
  }

  JkoBlockLoss jko_loss(const ModelBlock& block) const {
    return {.step_size = block.step_size, .steps = 3, .exact_divergence = train_.rows() <= 2};
  }

  NetworkLoss negative_log_likelihood(const ModelBlock& block) const {
    return [points = validation_, volume = log_volume_,
            now = block](const VelocityNetwork& network) mutable {
      now.network = network;
      const PushedPoints pushed = push_block(now, points, true);
      return -volume -
             (pushed.divergence_integral + standard_normal_log_densities(pushed.points)).mean();
    };
  }

  // What block n trains, over some draws of the points, the same for any parameters.
  NetworkLoss mean_loss(const ModelBlock& block, const Matrix& data, Index draws, Rng& rng) const {
    if (is_jko()) {
      const Matrix probes = rng.normal_matrix(data.rows(), draws);
      return [data, probes, loss = jko_loss(block)](const VelocityNetwork& network) {
        return jko_block_loss_value(network, data, loss, probes);
      };
    }
    RegressionBatch batch;
    batch.resize(data.rows(), draws);
    regression_of(block, draws_from(data), fit_times)(rng, batch);
    return
        [batch](const VelocityNetwork& network) { return regression_loss_value(network, batch); };
  }

  // On the training points, batch by batch: what these differ by says how well the mean is known.
  NetworkLosses train_losses(std::size_t n, const ModelBlock& block) const {
    constexpr Index most_batches = 16;
    const Index draws = validation_draws(options_, train_.cols());
    const Index batches = std::min(most_batches, draws);
    const Index of_batch = draws / batches;
    Rng rng(derive_seed(options_.seed, "fit train loss", n));
    std::vector<NetworkLoss> losses;
    for (Index k = 0; k < batches; ++k) {
      const Matrix points = is_jko() ? Matrix(train_.middleCols(k * of_batch, of_batch)) : train_;
      losses.push_back(mean_loss(block, points, of_batch, rng));
    }
    return [losses](const VelocityNetwork& network) {
      Vector values(static_cast<Index>(losses.size()));
      for (std::size_t k = 0; k < losses.size(); ++k) {
        values(static_cast<Index>(k)) = losses[k](network);
      }
      return values;
    };
  }

  NetworkLoss validation_loss(std::size_t n, const ModelBlock& block) const {
    if (options_.selection == Selection::nll) return negative_log_likelihood(block);
    Rng rng(derive_seed(options_.seed, "fit validation", n));
    const Index draws = validation_draws(options_, validation_.cols());
    return mean_loss(block, is_jko() ? Matrix(validation_.leftCols(draws)) : validation_, draws,
                     rng);
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

  // A block that goes on has what it began from as its best while it is untrained.
  BlockLosses begin(std::size_t n, const ModelBlock& block) {
    BlockLosses losses{.on_validation = validation_loss(n, block),
                       .on_training = train_losses(n, block)};
    const bool begins = !state_.in_training();
    if (begins) begin_block(state_, block.network, losses.on_validation);
    BlockFit& fit = state_.blocks.back();
    if (begins || fit.untrained()) losses.at_start = losses.on_training(state_.best);
    if (begins) fit.first_train_loss = fit.last_train_loss = losses.at_start.mean();
    return losses;
  }

  // To the end of the block, and of its FitState: converged; or running, or not_finite.
  Termination train(std::size_t n, const ModelBlock& block) {
    const BlockLosses losses = begin(n, block);
    if (!std::isfinite(state_.blocks.back().best_validation)) return Termination::not_finite;
    const TrainingOptions training = training_options(n);
    const TrainingState from = state_.training;
    Index saved = from.iteration;
    const auto look = [&](const TrainingState& now) { watch_training(n, now, losses, saved); };
    try {
      const TrainingResult trained =
          is_jko()
              ? train_jko_block(block.network, draws_from(train_), jko_loss(block), training, from,
                                look)
              : train_regression(block.network, regression_of(block, draws_from(train_), fit_times),
                                 training, from, look);
      const bool finite = trained.termination != Termination::not_finite;
      state_.blocks.back().not_finite = !finite;
      if (finite && options_.iterations % training.report_interval != 0) {
        look(trained.state);  // the end is no report of its own
      }
    } catch (const TrainingOver& over) {
      if (over.termination != Termination::converged) return over.termination;
    }
    end_block(state_);
    if (watch_.checkpoint) watch_.checkpoint(state_);
    return Termination::converged;
  }

  bool out_of_time(std::size_t n) const {
    return state_.seconds * static_cast<double>(step_sizes_.size()) >=
           watch_.time_limit * static_cast<double>(n + 1);
  }

  // At each report of the training of block n: validates where it is time, saves, and stops.
  void watch_training(std::size_t n,
                      const TrainingState& now,
                      const BlockLosses& losses,
                      Index& saved) {
    constexpr Index longest_unsaved = 1000;
    const Intervals intervals = intervals_of(options_);
    if (watch_.progress) {
      const double done =
          static_cast<double>(now.iteration) / static_cast<double>(options_.iterations);
      watch_.progress((static_cast<double>(n) + done) / static_cast<double>(step_sizes_.size()));
    }
    if (watch_.seconds) state_.seconds = seconds_before_ + watch_.seconds();
    const bool late = now.iteration < options_.iterations && out_of_time(n);
    const bool due = now.iteration % (intervals.report * intervals.validation) == 0 ||
                     now.iteration == options_.iterations || late;
    const bool validates = due && now.iteration != state_.blocks.back().iterations;
    if (validates) validate(state_, now, losses);
    state_.blocks.back().out_of_time = late && state_.since_best < options_.patience;
    if (late || state_.since_best >= options_.patience) throw TrainingOver{};
    const bool stops = stopped();
    if (validates || stops || now.iteration - saved >= longest_unsaved) {
      state_.training = now;
      saved = now.iteration;
      if (watch_.checkpoint) watch_.checkpoint(state_);
    }
    if (stops) throw TrainingOver{Termination::running};
  }

  FitOptions options_;
  std::vector<double> step_sizes_;
  FitWatch watch_;
  FitState state_;
  double seconds_before_ = state_.seconds;
  FlowModel model_;
  Matrix train_;
  Matrix validation_;
  double log_volume_ = 0.0;  // mean log|det| of what took the validation points there
};

}  // namespace

std::string_view to_string(Selection selection) {
  return selection == Selection::loss ? "loss" : "nll";
}

Index validation_draws(const FitOptions& options, Index points) {
  require_fit_options(options);
  constexpr double share = 0.1;
  constexpr double fewest = 4096.0;
  constexpr double most = 131'072.0;
  const double between = static_cast<double>(options.iterations) *
                         static_cast<double>(options.batch) / options.validations;
  const auto draws = static_cast<Index>(std::clamp(share * between, fewest, most));
  return options.method == ModelMethod::jko ? std::min(draws, points) : draws;
}

std::vector<double> block_step_sizes(const FitOptions& options) {
  require_fit_options(options);
  const MethodDefaults defaults = defaults_of(options.method);
  const int blocks = options.blocks > 0 ? options.blocks : defaults.blocks;
  require(options.method != ModelMethod::fm || blocks == 1, "fit_model: fm has one block");
  const double first = options.step_size > 0.0 ? options.step_size : defaults.step_size;
  const double ratio = options.step_ratio > 0.0 ? options.step_ratio : defaults.step_ratio;
  require(options.step_size >= 0.0 && options.step_ratio >= 0.0 && std::isfinite(ratio),
          "fit_model: step sizes must be positive");
  if (options.method == ModelMethod::jko) return exponential_steps(first, ratio, blocks);
  std::vector<double> steps = exponential_steps(first, ratio, blocks - 1);
  steps.push_back(infinity);
  return steps;
}

std::vector<double> reparametrised_step_sizes(const std::vector<double>& step_sizes,
                                              const std::vector<double>& moved,
                                              double eta) {
  const std::size_t N = step_sizes.size();
  const auto is_step = [](double h) { return h > 0.0 && std::isfinite(h); };
  const auto is_length = [](double s) { return s >= 0.0 && std::isfinite(s); };
  require(N > 0 && moved.size() == N && std::all_of(moved.begin(), moved.end(), is_length) &&
              std::all_of(step_sizes.begin(), step_sizes.end(), is_step),
          "reparametrised_step_sizes: as many positive steps as movements");
  require(eta >= 0.0 && eta <= 1.0, "reparametrised_step_sizes: eta from 0 to 1");
  const double length = std::accumulate(moved.begin(), moved.end(), 0.0);
  if (length == 0.0) return step_sizes;
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
    // Of a block that stayed where it was, the beginning.
    const double share =
        moved[piece] > 0.0 ? std::min(1.0, (wanted - piece_length) / moved[piece]) : 0.0;
    const double equal_time = n + 1 == N ? old_time : piece_time + share * step_sizes[piece];
    times.push_back(old_time + eta * (equal_time - old_time));
  }
  std::vector<double> result;
  for (std::size_t n = 0; n < N; ++n) result.push_back(times[n] - (n == 0 ? 0.0 : times[n - 1]));
  return result;
}

void require_fit_state(const FitState& state,
                       const FitOptions& options,
                       Index dimension,
                       std::size_t blocks) {
  require(state.blocks.size() <= blocks &&
              state.networks.size() + (state.in_training() ? 1 : 0) == state.blocks.size(),
          "a state of another number of blocks");
  const NetworkShape shape = block_shape(options, dimension);
  const auto fits = [&](const VelocityNetwork& network) {
    return network.shape == shape && network.parameters.size() == parameter_count(shape);
  };
  require(std::ranges::all_of(state.networks, fits) && (!state.in_training() || fits(state.best)),
          "a state of other networks");
  const auto within = [&](Index count) { return count >= 0 && count <= options.iterations; };
  require(within(state.training.iteration) &&
              std::ranges::all_of(state.blocks,
                                  [&](const BlockFit& fit) {
                                    return within(fit.iterations) && fit.best_iteration >= 0 &&
                                           fit.best_iteration <= fit.iterations;
                                  }),
          "a state of more iterations");
  require(state.seconds >= 0.0 && std::isfinite(state.seconds), "a state of no time");
  require(state.since_best >= 0 && state.since_best < options.patience,
          "a state of more validations without a new best");
  require(std::ranges::all_of(
              state.blocks, [](const BlockFit& fit) { return std::isfinite(fit.best_validation); }),
          "a state whose best loss is not finite");
}

FitResult fit_model(const DataSplit& data,
                    const FitOptions& options,
                    const std::vector<double>& step_sizes,
                    const FitWatch& watch,
                    const FitState& from) {
  require_fit_options(options);
  return ModelFitter(data, options, step_sizes.empty() ? block_step_sizes(options) : step_sizes,
                     watch, from)();
}

}  // namespace flowcheck
