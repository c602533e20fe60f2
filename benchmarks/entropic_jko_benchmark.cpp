// One JKO step by entropic regularisation, that of gaussian_step.hpp. CPU times; three
// regularisations τ, 2τ, 4τ and half the cells at 4τ included.
//
//   tau             the smallest regularisation, h²/γ: it falls fourfold with each doubling of
//   cells iterations      of all three bias            |Var x − exact| at τ alone: O(τ) without
//   debiasing, O(τ²) with θ = ½ variance_error  the same of the extrapolated step variance_bar the
//   half-width of what entropic_jko_step claims for Var x
//
// Arguments: cells a side, then 100 θ: 0, no debiasing, or 50.

#include "gaussian_step.hpp"
#include "proximal/entropic_jko.hpp"

#include <benchmark/benchmark.h>

#include <cmath>

namespace flowcheck {
namespace {

void entropic_jko_benchmark(benchmark::State& state) {
  const GaussianStep exact = gaussian_step();
  EntropicJkoResult step;
  for ([[maybe_unused]] auto _ : state)
    step = entropic_jko_step(exact.log_start, exact.potential,
                             {.cells = state.range(0),
                              .step_size = exact.step_size,
                              .debiasing = 0.01 * static_cast<double>(state.range(1))});
  state.counters["tau"] = step.levels[0].regularisation;
  state.counters["iterations"] = step.iterations;
  state.counters["bias"] = std::abs(step.levels[0].covariance[0] - exact.variance);
  state.counters["variance_error"] = std::abs(step.covariance[0].value - exact.variance);
  state.counters["variance_bar"] = 0.5 * step.covariance[0].width();
}

BENCHMARK(entropic_jko_benchmark)
    ->ArgsProduct({{48, 64, 96}, {0, 50}})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace flowcheck
