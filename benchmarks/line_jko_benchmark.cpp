// One JKO step on the line to a Newton decrement of 1e-12: relative entropy to V = x²/2 + x⁴/4 from
// N(1, 0.6²), γ = ½. benchmarks/peers/line_jko_peers.py makes the same Newton steps with NumPy and
// LAPACK and prints ratios; compare times of one run only.
//
//   nested        whether the start comes from a coarser grid (else the local Gaussian formula's)
//   newton_steps  Newton steps on the finest grid
//   residual      first-order error left, in ℓ²_w
//   mean          of the answer, for comparison

#include "proximal/line_jko_step.hpp"

#include <benchmark/benchmark.h>

namespace flowcheck {
namespace {

void line_jko_benchmark(benchmark::State& state) {
  const LineGrid grid(state.range(0));
  const LineMap current = gaussian_map(grid, 1.0, 0.6);
  const LineFunctional G = relative_entropy(quartic_energy(1.0, 1.0));
  const LineJkoOptions options{.decrement_tolerance = 1e-12, .nested = state.range(1) != 0};
  LineJkoResult result{.step = current};
  for (auto _ : state) result = line_jko_step(current, G, 0.5, options);
  if (result.termination != Termination::converged) state.SkipWithError("not converged");
  state.counters["newton_steps"] = result.iterations;
  state.counters["decrement"] = result.decrement;
  state.counters["residual"] = result.residual.value;
  state.counters["mean"] = result.step.mean().value;
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

BENCHMARK(line_jko_benchmark)
    ->ArgNames({"points", "nested"})
    ->ArgsProduct({{10'001, 100'001, 1'000'001}, {0, 1}})
    ->Repetitions(5)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace flowcheck
