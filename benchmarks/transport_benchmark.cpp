// Exact W₂ of point clouds: two independent standard normal samples, uniform weights, costs and
// certified bracket included. benchmarks/peers/transport_peers.py times POT, SciPy and NumPy on the
// same points and prints ratios; compare times of one run only.
//
//   peak_MiB       the highest resident size while the row ran, less what it was before (the points
//                  themselves are made before)
//   relative_gap   (upper − lower) / value
//   pricing_flops  floating-point operations of pricing pairs alone, 3d each
//   share          of this machine's limit. Pricing all pairs from the coordinates is arithmetic in
//                  registers, and is held against that, unfused; the pivots between are chains of
//                  dependent loads with no such limit, so that exact_w2's share is of its pricing
//                  alone. Sorting and merging on the line do next to no arithmetic, and are held
//                  against memory bandwidth.

#include "distances/pricing_kernel.hpp"
#include "distances/transport.hpp"
#include "limits.hpp"
#include "normal_clouds.hpp"

#include <benchmark/benchmark.h>
#include <malloc.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <vector>

namespace flowcheck {
namespace {

double megabytes(const char* field) {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    double kilobytes = 0.0;
    if (word == field && status >> kilobytes) return kilobytes / 1024.0;
  }
  return 0.0;
}

// In a child of its own that gives back first what earlier rows have freed: its peak starts from
// what is in use.
template <class Work>
double peak_of(const Work& work) {
  int ends[2];
  if (pipe(ends) != 0) return 0.0;
  const pid_t child = fork();
  if (child == 0) {
    malloc_trim(0);
    std::ofstream("/proc/self/clear_refs") << 5;  // the peak is what there is now
    const double before = megabytes("VmRSS:");
    work();
    const double peak = megabytes("VmHWM:") - before;
    const bool written = write(ends[1], &peak, sizeof peak) == sizeof peak;
    _exit(written ? 0 : 1);
  }
  double peak = 0.0;
  if (read(ends[0], &peak, sizeof peak) != sizeof peak) peak = 0.0;
  close(ends[0]);
  close(ends[1]);
  waitpid(child, nullptr, 0);
  return peak;
}

// Of one pair in ℝᵈ: differences, squares and their sum.
double pricing_operations(Index d) {
  return 3.0 * static_cast<double>(d);
}

// The eight least reduced costs of every point, as in a round of pricing, with the potentials zero.
void pricing_benchmark(benchmark::State& state) {
  constexpr Index most = 8;
  const Index n = state.range(0);
  const Clouds clouds = normal_clouds(n, state.range(1));
  const PricedPoints targets(clouds.q.points());
  const std::vector<double> thresholds(static_cast<std::size_t>(n), infinity);
  std::vector<PricedArc> arcs(static_cast<std::size_t>(n * most));
  std::vector<std::int32_t> counts(static_cast<std::size_t>(n));
  for (auto _ : state) {
    least_priced(clouds.p.points().data(), n, targets, thresholds.data(), 1.0, most, arcs.data(),
                 counts.data(), widest_vector_form());
    benchmark::DoNotOptimize(arcs.data());
  }
  const double operations = pricing_operations(state.range(1)) * static_cast<double>(n * n);
  state.counters["pricing_flops"] =
      benchmark::Counter(operations, benchmark::Counter::kIsIterationInvariantRate);
  set_share(state, operations / arithmetic_limit());
}

void exact_w2_benchmark(benchmark::State& state) {
  const Clouds clouds = normal_clouds(state.range(0), state.range(1));
  TransportResult result;
  for (auto _ : state) result = optimal_transport(clouds.p, clouds.q);
  if (result.termination != Termination::converged) state.SkipWithError("not converged");
  state.counters["squared_w2"] = result.squared_w2.value;
  state.counters["relative_gap"] = result.squared_w2.width() / result.squared_w2.value;
  state.counters["pivots"] = static_cast<double>(result.iterations);
  const double operations =
      pricing_operations(state.range(1)) * static_cast<double>(result.arcs_priced);
  state.counters["pricing_flops"] =
      benchmark::Counter(operations, benchmark::Counter::kIsIterationInvariantRate);
  set_share(state, operations / arithmetic_limit());
  state.counters["peak_MiB"] =
      peak_of([&] { benchmark::DoNotOptimize(optimal_transport(clouds.p, clouds.q)); });
}

// What sorting and merging n points on each side has to move at least: of each side's values, read
// for their range and for the cells' counts, read and written to deal them out, read and written to
// sort the cells, and read by the merge.
double line_bytes(Index n) {
  return 2.0 * 7.0 * sizeof(double) * static_cast<double>(n);
}

void line_w2_benchmark(benchmark::State& state) {
  const Clouds clouds = normal_clouds(state.range(0), 1);
  Estimate result;
  for (auto _ : state) result = squared_w2(clouds.p, clouds.q);
  state.counters["squared_w2"] = result.value;
  state.counters["relative_gap"] = result.width() / result.value;
  set_share(state, line_bytes(state.range(0)) / bandwidth_limit());
  state.counters["peak_MiB"] =
      peak_of([&] { benchmark::DoNotOptimize(squared_w2(clouds.p, clouds.q)); });
}

}  // namespace

BENCHMARK(exact_w2_benchmark)
    ->Name("exact_w2")
    ->ArgNames({"n", "d"})
    ->Args({1000, 2})
    ->Args({5000, 2})
    ->Args({5000, 10})
    ->Args({10000, 2})
    ->Unit(benchmark::kMillisecond);
BENCHMARK(pricing_benchmark)
    ->Name("pricing")
    ->ArgNames({"n", "d"})
    ->Args({5000, 2})
    ->Args({5000, 10})
    ->Unit(benchmark::kMillisecond);
BENCHMARK(line_w2_benchmark)
    ->Name("line_w2")
    ->ArgNames({"n"})
    ->Arg(1'000'000)
    ->Unit(benchmark::kMillisecond);

}  // namespace flowcheck
