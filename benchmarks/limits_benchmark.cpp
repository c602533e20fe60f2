// What this machine can do at most, to print another benchmark's result as a share of it: additions
// and multiplications in registers, the same fused, exponentials, and memory bandwidth, of one
// thread.

#include "numerics/rng.hpp"
#include "numerics/vector_exp.hpp"

#include <benchmark/benchmark.h>

#include <cmath>
#include <string>
#include <vector>

namespace flowcheck {
namespace {

typedef double Eight __attribute__((vector_size(64)));

// Sixteen independent chains hide the latency; each step is a multiplication and an addition.
[[gnu::always_inline]] inline void multiply_and_add(benchmark::State& state) {
  constexpr int chains = 16;
  constexpr int steps = 1000;
  Eight sums[chains] = {};
  Eight factor = Eight{} + 0.999;
  for (auto _ : state) {
    benchmark::DoNotOptimize(factor);
    for (int i = 0; i < steps; ++i) {
#pragma GCC unroll 16
      for (int c = 0; c < chains; ++c) sums[c] = sums[c] * factor + 1.0;
    }
    for (Eight& sum : sums) benchmark::DoNotOptimize(sum);
  }
  state.counters["operations"] =
      benchmark::Counter(2.0 * 8.0 * chains * steps, benchmark::Counter::kIsIterationInvariantRate);
}

#if defined(__x86_64__)
[[gnu::target("avx512f,avx512dq"), gnu::optimize("fp-contract=off")]] void separate_avx512(
    benchmark::State& state) {
  if (!is_supported(VectorForm::avx512)) return state.SkipWithError("no AVX-512");
  multiply_and_add(state);
}

[[gnu::target("avx512f,avx512dq"), gnu::optimize("fp-contract=fast")]] void fused_avx512(
    benchmark::State& state) {
  if (!is_supported(VectorForm::avx512)) return state.SkipWithError("no AVX-512");
  multiply_and_add(state);
}
#endif

void exponentials(benchmark::State& state, VectorForm form) {
  if (!is_supported(form)) return state.SkipWithError("this processor has no such vectors");
  Rng rng(1);
  std::vector<double> x(4096);
  for (double& value : x) value = rng.uniform(-50.0, 0.0);
  std::vector<double> y(x.size());
  for (auto _ : state) {
    vector_exp(x, y, form);
    benchmark::DoNotOptimize(y.data());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(x.size()));
}

void library_exponentials(benchmark::State& state) {
  Rng rng(1);
  std::vector<double> x(4096);
  for (double& value : x) value = rng.uniform(-50.0, 0.0);
  std::vector<double> y(x.size());
  for (auto _ : state) {
    for (std::size_t i = 0; i < x.size(); ++i) y[i] = std::exp(x[i]);
    benchmark::DoNotOptimize(y.data());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(x.size()));
}

void triad(benchmark::State& state) {
  const auto n = static_cast<std::size_t>(state.range(0));
  std::vector<double> a(n, 1.0);
  std::vector<double> b(n, 2.0);
  std::vector<double> c(n, 3.0);
  for (auto _ : state) {
    for (std::size_t i = 0; i < n; ++i) a[i] = b[i] + 0.5 * c[i];
    benchmark::DoNotOptimize(a.data());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(3 * sizeof(double) * n));
}

}  // namespace

#if defined(__x86_64__)
BENCHMARK(separate_avx512)->Name("multiply_and_add/avx512");
BENCHMARK(fused_avx512)->Name("fused_multiply_add/avx512");
#endif
BENCHMARK_CAPTURE(exponentials, avx512, VectorForm::avx512)->Name("exp/avx512");
BENCHMARK_CAPTURE(exponentials, avx2, VectorForm::avx2)->Name("exp/avx2");
BENCHMARK_CAPTURE(exponentials, portable, VectorForm::portable)->Name("exp/portable");
BENCHMARK(library_exponentials)->Name("exp/c_library");
BENCHMARK(triad)->Arg(1 << 10)->Arg(1 << 15)->Arg(1 << 22);

}  // namespace flowcheck
