// Training steps of velocity networks on one thread: a batch's draws, loss, gradient, Adam.
//
//   flops       multiplications and additions of the network's products a second; draws,
//               activations and Adam come on top of them
//   peak_share  of this thread's fused multiply-adds, in the benchmark's precision; absent without
//               AVX-512

#include "learning/training.hpp"
#include "limits.hpp"

#include <benchmark/benchmark.h>

#include <cmath>
#include <limits>

namespace flowcheck {
namespace {

struct Work {
  NetworkShape shape = {};
  Index batch = 256;
  Precision precision = Precision::single_precision;
  Index iterations = 1;  // of one training
};

// Of one pass forwards, back, and back to the parameters, for each column of the products.
double operations_a_column(const NetworkShape& shape) {
  double weights = 0.0;
  for (const NetworkLayer& layer : network_layers(shape)) {
    weights += static_cast<double>(layer.inputs * layer.outputs);
  }
  return 6.0 * weights;
}

double fused_limit() {
#if defined(__x86_64__)
  static const double limit = is_supported(VectorForm::avx512)
                                  ? best_rate(operations_a_pass, fused_avx512)
                                  : std::numeric_limits<double>::quiet_NaN();
  return limit;
#else
  return std::numeric_limits<double>::quiet_NaN();
#endif
}

void set_operations(benchmark::State& state, const Work& work, double columns_a_step) {
  const auto rate = benchmark::Counter::kIsIterationInvariantRate;
  const double steps = static_cast<double>(work.iterations);
  const double operations = steps * columns_a_step * operations_a_column(work.shape);
  state.counters["steps"] = benchmark::Counter(steps, rate);
  state.counters["flops"] = benchmark::Counter(operations, rate);
  const double lanes = work.precision == Precision::single_precision ? 2.0 : 1.0;
  if (std::isfinite(fused_limit())) {
    state.counters["peak_share"] = benchmark::Counter(operations / (lanes * fused_limit()), rate);
  }
}

TrainingOptions options_of(const Work& work) {
  return {.adam = {.learning_rate = 1e-4},
          .iterations = work.iterations,
          .batch = work.batch,
          .precision = work.precision};
}

void flow_matching_step(benchmark::State& state, const Work& work, bool local) {
  Rng rng(2024);
  const PointSource data = draws_from(rng.normal_matrix(2, 100'000));
  const EndPointSource ends = local ? ou_step_ends(data, 0.1, Coupling::dependent)
                                    : independent_ends(data, standard_normal_draws());
  const RegressionSource source = flow_matching(ends, Interpolant::linear);
  const VelocityNetwork network = initial_network(work.shape, rng);
  for (auto _ : state) {
    benchmark::DoNotOptimize(train_regression(network, source, options_of(work)));
  }
  set_operations(state, work, static_cast<double>(work.batch));
}

void jko_block_step(benchmark::State& state, const Work& work, bool exact) {
  Rng rng(2024);
  const PointSource data = draws_from(rng.normal_matrix(2, 100'000));
  const VelocityNetwork network = initial_network(work.shape, rng);
  const JkoBlockLoss loss{.step_size = 0.5, .steps = 3, .exact_divergence = exact};
  for (auto _ : state) {
    benchmark::DoNotOptimize(train_jko_block(network, data, loss, options_of(work)));
  }
  const double columns = 12.0 * static_cast<double>(work.batch) *
                         (exact ? 1.0 + static_cast<double>(work.shape.dimension) : 2.0);
  set_operations(state, work, columns);
}

const NetworkShape narrow{.dimension = 2, .widths = {64, 64, 64}};
const NetworkShape wide{
    .dimension = 2, .widths = {256, 256, 256}, .activation = Activation::softplus, .beta = 20.0};
const NetworkShape block{.dimension = 2,
                         .widths = {128, 128, 128},
                         .time_input = false,
                         .activation = Activation::softplus,
                         .beta = 20.0};

constexpr auto in_single = Precision::single_precision;
constexpr auto in_double = Precision::double_precision;

}  // namespace

BENCHMARK_CAPTURE(flow_matching_step, narrow_float, Work{narrow, 256, in_single, 200}, false)
    ->Name("fm_3x64/float")
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(flow_matching_step, narrow_double, Work{narrow, 256, in_double, 200}, false)
    ->Name("fm_3x64/double")
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(flow_matching_step, wide_float, Work{wide, 10'000, in_single, 4}, true)
    ->Name("lfm_3x256/float")
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(flow_matching_step, wide_double, Work{wide, 10'000, in_double, 4}, true)
    ->Name("lfm_3x256/double")
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(jko_block_step, probes, Work{block, 2000, in_single, 4}, false)
    ->Name("jko_3x128/hutchinson")
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(jko_block_step, exact, Work{block, 2000, in_single, 4}, true)
    ->Name("jko_3x128/exact")
    ->Unit(benchmark::kMillisecond);

}  // namespace flowcheck
