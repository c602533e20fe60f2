// One JKO step on n points of N((3, …, 3), I) towards N(0, I), γ = ½, with Scott's kernels.
//
//   iterations      of the minimisation, for all assignments; each builds the n² kernels at least
//                   once
//   variance_error  of the trace of the points' covariance, relative to the exact step's

#include "measures/moment_fit.hpp"
#include "numerics/rng.hpp"
#include "proximal/jko_step.hpp"
#include "proximal/particle_jko.hpp"

#include <benchmark/benchmark.h>

namespace flowcheck {
namespace {

void particle_jko_benchmark(benchmark::State& state) {
  const Index n = state.range(0);
  const Index d = state.range(1);
  const Matrix x = Rng(2024).normal_matrix(d, n).array() + 3.0;
  const Gaussian q = Gaussian::standard(d);
  ParticleJkoResult result;
  for (auto _ : state) result = particle_jko_step(x, gaussian_potential(q), 0.5);
  if (result.termination != Termination::converged) state.SkipWithError("not converged");
  state.counters["iterations"] = result.iterations;
  state.counters["assignments"] = result.assignments;
  state.counters["variance_error"] = moment_fit(result.points).covariance().trace() /
                                         jko_step(moment_fit(x), q, 0.5).covariance().trace() -
                                     1.0;
}

}  // namespace

BENCHMARK(particle_jko_benchmark)
    ->Name("particle_jko")
    ->ArgNames({"n", "d"})
    ->Args({500, 2})
    ->Args({1000, 2})
    ->Args({1000, 5})
    ->Unit(benchmark::kMillisecond);

}  // namespace flowcheck
