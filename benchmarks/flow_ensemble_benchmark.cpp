// 10⁵ trajectories from N(0, I) to a ring of eight Gaussians in the plane, rtol 1e-8: CPU time of
// one thread, Taylor expansions of the velocity per trajectory, and errors at the end in units of
// rtol (1 + |x|) max(1, ‖∇X_{0,1}‖): `worst` of all trajectories, against the same at tolerance
// 1e-13; `worst_by_reference` of the 500 worst of them, against the reference flow in the clocks r
// and ε, from which the ends at 1e-13 are off by `reference_gap` at most among these and 500
// others. benchmarks/peers/flow_peers.py times SciPy's solve_ivp on the same job and prints the
// ratio. Compare rows of one run only.

#include "flows/flow_ensemble.hpp"
#include "measures/gaussian_mixture.hpp"
#include "numerics/rng.hpp"

#include <Eigen/SVD>
#include <benchmark/benchmark.h>
#include <tbb/global_control.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <vector>

namespace flowcheck {
namespace {

constexpr Index trajectory_count = 100'000;
constexpr Index compared = 500;  // with the reference flow: the worst, and as many others
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

// Ends of all trajectories at a tolerance of 1e-13 and what an error of one tolerance is, the
// stretch ‖∇X_{0,1}‖ by central differences.
struct FineEnsemble {
  Matrix ends;
  Vector scales;
};

double norm(const Matrix& J) {
  return Eigen::JacobiSVD<Matrix>(J).singularValues()(0);
}

double scale(const Vector& x, double stretch) {
  return tolerance * (1.0 + x.norm()) * std::max(1.0, stretch);
}

FineEnsemble fine_ensemble(const GaussianMixture& p, const Matrix& x) {
  constexpr double step = 1e-5;
  const auto ends = [&](double dx, double dy) {
    const Matrix shifted = x.colwise() + Eigen::Vector2d(dx, dy);
    return flow_ensemble(p, noise, data, shifted, {.tolerance = 1e-13}).ends;
  };
  const Matrix along_x = (ends(step, 0.0) - ends(-step, 0.0)) / (2.0 * step);
  const Matrix along_y = (ends(0.0, step) - ends(0.0, -step)) / (2.0 * step);
  FineEnsemble fine{.ends = ends(0.0, 0.0), .scales = Vector(x.cols())};
  for (Index j = 0; j < x.cols(); ++j) {
    Matrix jacobian(2, 2);
    jacobian << along_x.col(j), along_y.col(j);
    fine.scales(j) = scale(x.col(j), norm(jacobian));
  }
  return fine;
}

void count_errors(benchmark::State& state,
                  const GaussianMixture& p,
                  const Matrix& x,
                  const Matrix& ends,
                  const FineEnsemble& fine) {
  const Vector errors = (ends - fine.ends).colwise().norm().transpose().cwiseQuotient(fine.scales);
  std::vector<Index> worst_first(static_cast<std::size_t>(x.cols()));
  std::iota(worst_first.begin(), worst_first.end(), Index{0});
  std::sort(worst_first.begin(), worst_first.end(),
            [&](Index i, Index j) { return errors(i) > errors(j); });

  const ClockFields fields = clock_fields(p);
  double worst = 0.0;
  double gap = 0.0;
  for (Index i = 0; i < 2 * compared; ++i) {
    const Index j = i < compared ? worst_first[static_cast<std::size_t>(i)]
                                 : (i - compared) * (x.cols() / compared);
    const TangentFlowResult exact = reference_flow(fields, noise, data, x.col(j));
    const double unit = scale(x.col(j), norm(exact.jacobian));
    worst = std::max(worst, (ends.col(j) - exact.end).norm() / unit);
    gap = std::max(gap, (fine.ends.col(j) - exact.end).norm() / unit);
  }
  state.counters["worst"] = errors.maxCoeff();
  state.counters["worst_by_reference"] = worst;
  state.counters["reference_gap"] = gap;
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
  if (!result.converged) return state.SkipWithError("a trajectory did not arrive");
  state.counters["order"] = 12.0;
  state.counters["expansions"] =
      static_cast<double>(result.expansions) / static_cast<double>(trajectory_count);
  static const FineEnsemble fine = fine_ensemble(p, x);  // the same for every form
  count_errors(state, p, x, result.ends, fine);
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
