// 10⁵ trajectories from N(0, I) to a ring of eight Gaussians in the plane, rtol 1e-8: CPU time of
// one thread, velocities evaluated per trajectory, and the largest error at the end in units of
// rtol (1 + |x|) max(1, ‖∇X_{0,1}‖), among 500 trajectories against the reference flow in the
// clocks r and ε. benchmarks/peers/flow_peers.py times SciPy's solve_ivp on the same job and prints
// the ratio. Compare rows of one run only.

#include "flows/flow_ensemble.hpp"
#include "measures/gaussian_mixture.hpp"
#include "numerics/rng.hpp"

#include <Eigen/SVD>
#include <benchmark/benchmark.h>
#include <tbb/global_control.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace flowcheck {
namespace {

constexpr Index trajectory_count = 100'000;
constexpr Index compared = 500;
constexpr double tolerance = 1e-8;
const NoiseLevel noise{.noise = 1.0, .data_scale = 0.0};
const NoiseLevel data{.noise = 0.0, .data_scale = 1.0};

GaussianMixture ring() {
  Matrix centres(2, 8);
  for (int k = 0; k < 8; ++k) {
    const double angle = std::numbers::pi * k / 4.0;
    centres.col(k) << 2.0 * std::cos(angle), 2.0 * std::sin(angle);
  }
  return GaussianMixture::isotropic(Vector::Constant(8, 0.125), centres, 0.0625);
}

double worst_error(const GaussianMixture& p, const Matrix& x, const Matrix& ends) {
  const ClockFields fields = clock_fields(p);
  double worst = 0.0;
  for (Index j = 0; j < compared; ++j) {
    const TangentFlowResult exact = reference_flow(fields, noise, data, x.col(j));
    const double stretch = Eigen::JacobiSVD<Matrix>(exact.jacobian).singularValues()(0);
    worst = std::max(worst, (ends.col(j) - exact.end).norm() /
                                (tolerance * (1.0 + x.col(j).norm()) * std::max(1.0, stretch)));
  }
  return worst;
}

void ring_of_eight(benchmark::State& state, VectorForm form) {
  if (!is_supported(form)) return state.SkipWithError("this processor has no such vectors");
  const tbb::global_control one_thread(tbb::global_control::max_allowed_parallelism, 1);
  const GaussianMixture p = ring();
  Rng rng(1);
  const Matrix x = rng.normal_matrix(2, trajectory_count);
  EnsembleResult result;
  for (auto _ : state) {
    result = flow_ensemble(p, noise, data, x, {.tolerance = tolerance, .form = form});
    benchmark::DoNotOptimize(result.ends.data());
  }
  state.SetItemsProcessed(state.iterations() * trajectory_count);
  state.counters["order"] = 8.0;
  state.counters["evaluations"] =
      static_cast<double>(result.evaluations) / static_cast<double>(trajectory_count);
  state.counters["worst"] = worst_error(p, x, result.ends);
}

}  // namespace

BENCHMARK_CAPTURE(ring_of_eight, avx512, VectorForm::avx512)
    ->Name("ring_of_eight/avx512")
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(ring_of_eight, avx2, VectorForm::avx2)
    ->Name("ring_of_eight/avx2")
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(ring_of_eight, portable, VectorForm::portable)
    ->Name("ring_of_eight/portable")
    ->Unit(benchmark::kMillisecond);

}  // namespace flowcheck
