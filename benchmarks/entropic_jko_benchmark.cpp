// One JKO step by entropic regularisation, of the Gaussians of plane_jko_benchmark.cpp: p =
// N((0.40, 0.45), 0.08² I), V = |x − (0.55, 0.50)|²/(2·0.1²), γ = 0.002 on [0, 1]², whose step is
// known in closed form. CPU times; three regularisations τ, 2τ, 4τ and half the cells at 4τ
// included.
//
//   tau             the smallest regularisation, h²/γ: it falls fourfold with each doubling of
//   cells iterations      of all three bias            |Var x − exact| at τ alone: O(τ) without
//   debiasing, O(τ²) with θ = ½ variance_error  the same of the extrapolated step variance_bar the
//   half-width of what entropic_jko_step claims for Var x
//
// Arguments: cells a side, then 100 θ: 0, no debiasing, or 50.

#include "proximal/entropic_jko.hpp"

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

void entropic_jko_benchmark(benchmark::State& state) {
  const double s = 0.08;
  const double gamma = 0.002;
  const double ratio = 1.0 + gamma / 0.01;
  const double c = s * s / ratio;
  const double variance = (gamma + 0.5 * c + 0.5 * std::sqrt(c * (c + 4.0 * gamma))) / ratio;
  const PlaneFunction log_p =
      isotropic(0.40, 0.45, s, -1.0, -std::log(2.0 * std::numbers::pi * s * s));
  const PlaneFunction potential = isotropic(0.55, 0.50, 0.1, 1.0, 0.0);
  EntropicJkoResult step;
  for ([[maybe_unused]] auto _ : state)
    step = entropic_jko_step(log_p, potential,
                             {.cells = state.range(0),
                              .step_size = gamma,
                              .debiasing = 0.01 * static_cast<double>(state.range(1))});
  state.counters["tau"] = step.levels[0].regularisation;
  state.counters["iterations"] = step.iterations;
  state.counters["bias"] = std::abs(step.levels[0].covariance[0] - variance);
  state.counters["variance_error"] = std::abs(step.covariance[0].value - variance);
  state.counters["variance_bar"] = 0.5 * step.covariance[0].width();
}

BENCHMARK(entropic_jko_benchmark)
    ->ArgsProduct({{48, 64, 96}, {0, 50}})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace flowcheck
