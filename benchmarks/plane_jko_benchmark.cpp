// One JKO step on a grid, that of gaussian_step.hpp. CPU times; all grids of the ladder and the
// measured first-order error included.
//
//   krylov, newton  iterations on the finest grid: bounded in n
//   mean_error      |E x − exact|; std_error likewise for the standard deviation along x
//   mean_bar        the half-width of what plane_jko_step claims for E x
//   epsilon         the measured first-order error
//
// Arguments: cells a side, then the floor: 0, or 1e-7 (1).

#include "gaussian_step.hpp"
#include "proximal/plane_jko.hpp"

#include <benchmark/benchmark.h>

#include <cmath>

namespace flowcheck {
namespace {

void plane_jko_benchmark(benchmark::State& state) {
  const GaussianStep exact = gaussian_step();
  PlaneJkoResult step;
  for ([[maybe_unused]] auto _ : state)
    step = plane_jko_step(exact.log_start, exact.potential,
                          {.cells = state.range(0),
                           .step_size = exact.step_size,
                           .floor = state.range(1) == 0 ? 0.0 : 1e-7});
  state.counters["newton"] = step.newton_iterations;
  state.counters["krylov"] = step.krylov_iterations;
  state.counters["mean_error"] = std::abs(step.mean[0].value - exact.mean);
  state.counters["std_error"] =
      std::abs(std::sqrt(step.covariance[0].value) - std::sqrt(exact.variance));
  state.counters["mean_bar"] = 0.5 * step.mean[0].width();
  state.counters["epsilon"] = step.first_order_error.value;
}

BENCHMARK(plane_jko_benchmark)
    ->ArgsProduct({{128, 256, 512}, {0, 1}})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace flowcheck
