// What this machine can do at most, to print another benchmark's result as a share of it: additions
// and multiplications in registers, the same fused, exponentials, and memory bandwidth, of one
// thread.

#include "limits.hpp"

#include <benchmark/benchmark.h>

#include <cmath>

namespace flowcheck {
namespace {

#if defined(__x86_64__)
void arithmetic(benchmark::State& state, void (*pass)()) {
  if (!is_supported(VectorForm::avx512)) return state.SkipWithError("no AVX-512");
  for (auto _ : state) pass();
  state.counters["operations"] =
      benchmark::Counter(operations_a_pass, benchmark::Counter::kIsIterationInvariantRate);
}
#endif

void exponentials(benchmark::State& state, VectorForm form) {
  if (!is_supported(form)) return state.SkipWithError("this processor has no such vectors");
  Exponentials pass;
  for (auto _ : state) pass(form);
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(pass.x.size()));
}

void library_exponentials(benchmark::State& state) {
  Exponentials numbers;
  for (auto _ : state) {
    for (std::size_t i = 0; i < numbers.x.size(); ++i) numbers.y[i] = std::exp(numbers.x[i]);
    benchmark::DoNotOptimize(numbers.y.data());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(numbers.x.size()));
}

void triad(benchmark::State& state) {
  Triad pass(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) pass();
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(pass.bytes()));
}

}  // namespace

#if defined(__x86_64__)
BENCHMARK_CAPTURE(arithmetic, separate, separate_avx512)->Name("multiply_and_add/avx512");
BENCHMARK_CAPTURE(arithmetic, fused, fused_avx512)->Name("fused_multiply_add/avx512");
#endif
BENCHMARK_CAPTURE(exponentials, avx512, VectorForm::avx512)->Name("exp/avx512");
BENCHMARK_CAPTURE(exponentials, avx2, VectorForm::avx2)->Name("exp/avx2");
BENCHMARK_CAPTURE(exponentials, portable, VectorForm::portable)->Name("exp/portable");
BENCHMARK(library_exponentials)->Name("exp/c_library");
BENCHMARK(triad)->Arg(1 << 10)->Arg(1 << 15)->Arg(beyond_the_caches);

}  // namespace flowcheck
