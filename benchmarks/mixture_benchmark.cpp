// Posterior means and Jacobians of Gaussian mixtures at 10⁵ points, K = 20 full covariances, and
// the density of a mixture of pixels: CPU time of one thread. benchmarks/peers/mixture_peers.py
// times the same in numpy and prints the ratios. Compare rows of one run only.

#include "interpolation/velocity.hpp"
#include "limits.hpp"
#include "measures/mixture_posterior.hpp"
#include "measures/random_gaussian.hpp"

#include <benchmark/benchmark.h>
#include <tbb/global_control.h>

namespace flowcheck {
namespace {

constexpr Index point_count = 100'000;
constexpr Index component_count = 20;
constexpr double data_scale = 0.6;
constexpr double noise = 0.4;

GaussianMixture random_mixture(Index d) {
  Rng rng(1);
  Matrix means(d, component_count);
  std::vector<Matrix> covariances;
  for (Index k = 0; k < component_count; ++k) {
    const Gaussian component = random_gaussian(rng, d);
    means.col(k) = component.mean();
    covariances.push_back(component.covariance());
  }
  return {Vector::Constant(component_count, 1.0 / component_count), means, covariances};
}

Matrix observations(const GaussianMixture& p) {
  Rng rng(2);
  return data_scale * sample(p, point_count, rng) +
         noise * rng.normal_matrix(p.dimension(), point_count);
}

// Multiplications and additions of the formula as it stands, all K components at every point: the
// triangular product and its square, the component's mean, the covariances' mean and the update.
double operations(Index d) {
  const double n = static_cast<double>(d);
  const double triangle = n * (n + 1.0);
  return static_cast<double>(component_count) * (3.0 * triangle + 2.0 * n * n + 6.0 * n + 36.0);
}

void mean_and_jacobian(benchmark::State& state, VectorForm form) {
  if (!is_supported(form)) return state.SkipWithError("this processor has no such vectors");
  const tbb::global_control one_thread(tbb::global_control::max_allowed_parallelism, 1);
  const auto d = static_cast<Index>(state.range(0));
  const GaussianMixture p = random_mixture(d);
  const Matrix x = observations(p);
  PointwiseMoments result;
  for (auto _ : state) {
    MixturePosterior(p, data_scale, noise, form).means_and_jacobians(x, result);
    benchmark::DoNotOptimize(result.vectors.data());
  }
  state.SetItemsProcessed(state.iterations() * point_count);
  state.counters["operations"] =
      benchmark::Counter(static_cast<double>(point_count) * operations(d),
                         benchmark::Counter::kIsIterationInvariantRate);
  // Held against unfused arithmetic: one exponential a component stands beside d² operations.
  set_share(state, static_cast<double>(point_count) * operations(d) / arithmetic_limit());
}

// v and ∇v of the flow towards the mixture: the posterior's pass and little else.
void velocity_and_jacobian(benchmark::State& state) {
  const tbb::global_control one_thread(tbb::global_control::max_allowed_parallelism, 1);
  const auto d = static_cast<Index>(state.range(0));
  const GaussianMixture p = random_mixture(d);
  const DataLawPointer law = data_law(p);
  const Schedule schedule = linear_schedule();
  const FlowTime time{.t = data_scale, .remaining = noise};
  const Matrix x = observations(p);
  PointwiseMoments result;
  for (auto _ : state) {
    velocities_and_jacobians(*law, schedule, time, x, result);
    benchmark::DoNotOptimize(result.vectors.data());
  }
  state.SetItemsProcessed(state.iterations() * point_count);
  state.counters["operations"] =
      benchmark::Counter(static_cast<double>(point_count) * operations(d),
                         benchmark::Counter::kIsIterationInvariantRate);
}

// 50 000 pixels with one diagonal covariance, as in the image densities of Local Flow Matching.
void pixel_log_density(benchmark::State& state) {
  const tbb::global_control one_thread(tbb::global_control::max_allowed_parallelism, 1);
  constexpr Index side = 224;
  constexpr double pixel = 8.0 / side;
  Matrix means(2, side * side);
  for (Index k = 0; k < side * side; ++k) {
    means.col(k) << -4.0 + pixel * (static_cast<double>(k % side) + 0.5),
        -4.0 + pixel * (static_cast<double>(k / side) + 0.5);
  }
  const GaussianMixture p = GaussianMixture::isotropic(
      Vector::Constant(side * side, 1.0 / (side * side)), means, 0.25 * pixel * pixel);
  Rng rng(3);
  const Matrix x = sample(p, 1000, rng);
  for (auto _ : state) benchmark::DoNotOptimize(p.log_densities(x));
  state.SetItemsProcessed(state.iterations() * x.cols() * p.size());
}

}  // namespace

BENCHMARK_CAPTURE(mean_and_jacobian, avx512, VectorForm::avx512)
    ->Name("mean_and_jacobian/avx512")
    ->Arg(2)
    ->Arg(16)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(mean_and_jacobian, avx2, VectorForm::avx2)
    ->Name("mean_and_jacobian/avx2")
    ->Arg(2)
    ->Arg(16)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(mean_and_jacobian, portable, VectorForm::portable)
    ->Name("mean_and_jacobian/portable")
    ->Arg(2)
    ->Arg(16)
    ->Unit(benchmark::kMillisecond);
BENCHMARK(velocity_and_jacobian)->Arg(2)->Arg(16)->Unit(benchmark::kMillisecond);
BENCHMARK(pixel_log_density)->Unit(benchmark::kMillisecond);

}  // namespace flowcheck
