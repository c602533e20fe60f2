// Laws on the line: the table's making, and queries of it.

#include "measures/line_laws.hpp"
#include "measures/line_posterior.hpp"
#include "measures/toy_density.hpp"
#include "numerics/rng.hpp"

#include <benchmark/benchmark.h>

namespace flowcheck {
namespace {

LineMeasure law(int number) {
  return number == 0   ? gaussian_law()
         : number == 1 ? double_well_law(2.0)
         : number == 2 ? gaussian_mixture_law({0.3, 0.7}, {-3.0, 2.0}, {0.3, 0.6})
                       : student_law(3.0);
}

void make_benchmark(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(law(static_cast<int>(state.range(0))));
}

void query_benchmark(benchmark::State& state, double (LineMeasure::*query)(double) const) {
  const LineMeasure p = law(static_cast<int>(state.range(0)));
  Rng rng(1);
  std::vector<double> arguments;
  for (int i = 0; i < 4096; ++i) {
    const double u = rng.uniform();
    arguments.push_back(query == &LineMeasure::quantile ? u : p.quantile(u));
  }
  std::size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize((p.*query)(arguments[i++ % arguments.size()]));
}

void truncated_posterior_benchmark(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(truncated_gaussian_posterior(1.0, 1.0, 2.0, 0.7));
}

void cusp_posterior_benchmark(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(cusp_posterior(1.0, 2.0, 0.7));
}

void spiral_density_benchmark(benchmark::State& state) {
  Rng rng(2);
  const Matrix x = sample(Toy::two_spirals, 256, rng);
  for (auto _ : state) benchmark::DoNotOptimize(log_density(Toy::two_spirals, x));
}

}  // namespace

BENCHMARK(make_benchmark)->Name("line_measure/make")->DenseRange(0, 3);
BENCHMARK_CAPTURE(query_benchmark, cdf, &LineMeasure::cdf)
    ->Name("line_measure/cdf")
    ->DenseRange(0, 3);
BENCHMARK_CAPTURE(query_benchmark, quantile, &LineMeasure::quantile)
    ->Name("line_measure/quantile")
    ->DenseRange(0, 3);
BENCHMARK(truncated_posterior_benchmark)->Name("posterior/truncated_gaussian");
BENCHMARK(cusp_posterior_benchmark)->Name("posterior/cusp");
BENCHMARK(spiral_density_benchmark)->Name("toy/two_spirals_256_points");

}  // namespace flowcheck
