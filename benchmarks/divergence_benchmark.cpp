// Divergences of two mixtures with ten components, on the line and in the plane, and transport on
// the line. The widths printed beside the times are those of the enclosures, relative to the value.
//
// On the line the share is that of this machine's exponentials: log-sum-exp takes one a component
// and node, and the panels stay in the first cache.

#include "distances/divergence.hpp"
#include "distances/line_mixture.hpp"
#include "distances/mixture_chi_squared.hpp"
#include "distances/monotone_transport.hpp"
#include "distances/monte_carlo_divergence.hpp"
#include "limits.hpp"
#include "measures/gaussian_mixture.hpp"
#include "numerics/rng.hpp"

#include <benchmark/benchmark.h>

#include <cmath>
#include <utility>
#include <vector>

namespace flowcheck {
namespace {

GaussianMixture random_mixture(Rng& rng, Index d, Index count, double narrow, double wide) {
  Vector weights(count);
  for (double& w : weights) w = rng.uniform(0.2, 1.0);
  weights /= weights.sum();
  std::vector<Matrix> covariances;
  for (Index k = 0; k < count; ++k) {
    covariances.push_back(rng.uniform(narrow, wide) * Matrix::Identity(d, d));
  }
  return {std::move(weights), 2.0 * rng.normal_matrix(d, count), std::move(covariances)};
}

std::pair<GaussianMixture, GaussianMixture> random_pair(Index d, Index count) {
  Rng rng(1);
  GaussianMixture p = random_mixture(rng, d, count, 0.1, 0.9);
  return {std::move(p), random_mixture(rng, d, count, 0.5, 1.5)};
}

LineMixture on_line(const GaussianMixture& p) {
  LineMixture result;
  for (Index k = 0; k < p.size(); ++k) {
    const double variance = p.covariance(k)(0, 0);
    result.push_back({.log_weight = std::log(p.weights()(k)),
                      .mean = p.means()(0, k),
                      .deviation = std::sqrt(variance),
                      .variance = variance});
  }
  return result;
}

void divergence_benchmark(benchmark::State& state,
                          Divergence kind,
                          Index d,
                          const DivergenceOptions& options) {
  const auto [p, q] = random_pair(d, 10);
  Estimate result = 0.0;
  for (auto _ : state) benchmark::DoNotOptimize(result = divergence(kind, p, q, options));
  state.counters["width"] = result.width() / result.value;
  if (d == 1) {
    const LineIntegral counted = line_mixture_divergence(kind, on_line(p), on_line(q), 2e-15);
    state.counters["exponentials"] = static_cast<double>(counted.exponentials);
    set_share(state, static_cast<double>(counted.exponentials) / exponential_limit());
  }
}

void w2_benchmark(benchmark::State& state) {
  const auto [p, q] = random_pair(1, 10);
  const LineMeasure first = line_measure(p);
  const LineMeasure second = line_measure(q);
  Estimate result = 0.0;
  for (auto _ : state) benchmark::DoNotOptimize(result = squared_w2(first, second));
  state.counters["width"] = result.width() / result.value;
}

void mehler_benchmark(benchmark::State& state) {
  Rng rng(2);
  const PointCloud points(rng.normal_matrix(10, state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(smoothed_chi_squared(points, 0.3));
}

constexpr DivergenceOptions automatic = {};
constexpr DivergenceOptions sampled = {.method = DivergenceMethod::monte_carlo};

}  // namespace

BENCHMARK_CAPTURE(divergence_benchmark, kl_1d, Divergence::kl, 1, automatic)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(divergence_benchmark, chi_squared_1d, Divergence::chi_squared, 1, automatic)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(
    divergence_benchmark, total_variation_1d, Divergence::total_variation, 1, automatic)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(divergence_benchmark, jensen_shannon_1d, Divergence::jensen_shannon, 1, automatic)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(divergence_benchmark, fisher_1d, Divergence::fisher_information, 1, automatic)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(divergence_benchmark, kl_2d, Divergence::kl, 2, automatic)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK_CAPTURE(
    divergence_benchmark, total_variation_2d, Divergence::total_variation, 2, automatic)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK_CAPTURE(divergence_benchmark, kl_8d_200000_draws, Divergence::kl, 8, sampled)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK(w2_benchmark)->Name("squared_w2_1d")->Unit(benchmark::kMillisecond);
BENCHMARK(mehler_benchmark)->Name("smoothed_chi_squared")->Arg(1000)->Unit(benchmark::kMillisecond);

}  // namespace flowcheck
