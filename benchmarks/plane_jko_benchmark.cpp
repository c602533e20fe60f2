// One JKO step on a grid: p = N((0.40, 0.45), 0.08² I), V = |x − (0.55, 0.50)|²/(2·0.1²), γ = 0.002
// on [0, 1]², whose step is known in closed form. CPU times; all grids of the ladder and the
// measured first-order error included.
//
//   krylov, newton  iterations on the finest grid: bounded in n
//   mean_error      |E x − exact|; std_error likewise for the standard deviation along x
//   mean_bar        the half-width of what plane_jko_step claims for E x
//   epsilon         the measured first-order error
//
// Arguments: cells a side, then the floor: 0, or 1e-7 (1).

#include "proximal/plane_jko.hpp"

#include <benchmark/benchmark.h>

#include <cmath>
#include <numbers>

namespace flowcheck {
namespace {

// f = −|x − (x0, y0)|²/(2s²) + top.
PlaneFunction isotropic(double x0, double y0, double s, double sign, double top) {
  return [=](double x, double y) {
    const double dx = sign * (x - x0) / (s * s);
    const double dy = sign * (y - y0) / (s * s);
    return PlaneValue{.value = top + 0.5 * (dx * (x - x0) + dy * (y - y0)), .dx = dx, .dy = dy};
  };
}

void plane_jko_benchmark(benchmark::State& state) {
  const double s = 0.08;
  const double gamma = 0.002;
  const double ratio = 1.0 + gamma / 0.01;
  const double mean = 0.55 + (0.40 - 0.55) / ratio;
  const double c = s * s / ratio;
  const double deviation =
      std::sqrt((gamma + 0.5 * c + 0.5 * std::sqrt(c * (c + 4.0 * gamma))) / ratio);
  const PlaneFunction log_p =
      isotropic(0.40, 0.45, s, -1.0, -std::log(2.0 * std::numbers::pi * s * s));
  const PlaneFunction potential = isotropic(0.55, 0.50, 0.1, 1.0, 0.0);
  PlaneJkoResult step;
  for ([[maybe_unused]] auto _ : state)
    step = plane_jko_step(
        log_p, potential,
        {.cells = state.range(0), .step_size = gamma, .floor = state.range(1) == 0 ? 0.0 : 1e-7});
  state.counters["newton"] = step.newton_iterations;
  state.counters["krylov"] = step.krylov_iterations;
  state.counters["mean_error"] = std::abs(step.mean[0].value - mean);
  state.counters["std_error"] = std::abs(std::sqrt(step.covariance[0].value) - deviation);
  state.counters["mean_bar"] = 0.5 * step.mean[0].width();
  state.counters["epsilon"] = step.first_order_error.value;
}

BENCHMARK(plane_jko_benchmark)
    ->ArgsProduct({{128, 256, 512}, {0, 1}})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace flowcheck
