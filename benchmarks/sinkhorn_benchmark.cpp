// One regularised transport problem: two standard normal samples, ε = 0.05 of the median cost, to a
// marginal error of 1e-6 in L¹, bracket included. benchmarks/peers/sinkhorn_peers.py times NumPy's
// exp-domain loop and POT's log-domain one on the same points.
//
//   iterations      passes over the kernel
//   exponentials    taken to build kernels
//   bytes_per_second  of the passes, as if nothing else were done
//   share           of two limits, one after the other: a pass reads 8 bytes an entry for four
//                   operations, and is held against memory bandwidth; building a kernel takes an
//                   exponential an entry, and is held against their throughput

#include "distances/sinkhorn.hpp"
#include "limits.hpp"
#include "normal_clouds.hpp"

#include <benchmark/benchmark.h>

namespace flowcheck {
namespace {

void entropic_transport_benchmark(benchmark::State& state) {
  const Index n = state.range(0);
  const Clouds clouds = normal_clouds(n, state.range(1));
  const double epsilon = 0.05 * median_squared_distance(clouds.p, clouds.q);
  SinkhornResult result;
  for (auto _ : state) {
    result = entropic_transport(clouds.p, clouds.q,
                                {.regularisation = epsilon, .error_tolerance = 1e-6});
  }
  if (result.termination != Termination::converged) state.SkipWithError("not converged");
  state.counters["epsilon"] = epsilon;
  state.counters["cost"] = result.cost.value;
  state.counters["gap"] = result.duality_gap;
  state.counters["marginal_error"] = result.marginal_error;
  state.counters["iterations"] = result.iterations;
  state.counters["exponentials"] = static_cast<double>(result.exponentials);
  const double bytes = 8.0 * static_cast<double>(n * n) * result.iterations;
  state.counters["bytes_per_second"] =
      benchmark::Counter(bytes, benchmark::Counter::kIsIterationInvariantRate);
  set_share(state, bytes / bandwidth_limit() +
                       static_cast<double>(result.exponentials) / exponential_limit());
}

}  // namespace

BENCHMARK(entropic_transport_benchmark)
    ->Name("entropic_transport")
    ->ArgNames({"n", "d"})
    ->Args({2000, 2})
    ->Args({2000, 10})
    ->Unit(benchmark::kMillisecond);

}  // namespace flowcheck
