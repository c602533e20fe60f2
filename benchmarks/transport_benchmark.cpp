// Exact W₂ of point clouds: two independent standard normal samples, uniform weights, costs and
// certified bracket included. benchmarks/peers/transport_peers.py times POT, SciPy and NumPy on the
// same points and prints ratios; compare times of one run only.
//
//   peak_MiB       the highest resident size while the row ran, less what it was before (the points
//                  themselves are made before)
//   relative_gap   (upper − lower) / value
//   FLOWCHECK_TRANSPORT_POINTS=DIR  writes the points there, as raw doubles, one point after
//   another

#include "distances/transport.hpp"
#include "numerics/rng.hpp"

#include <benchmark/benchmark.h>
#include <malloc.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>

namespace flowcheck {
namespace {

struct Clouds {
  PointCloud p;
  PointCloud q;
};

void write_points(const PointCloud& cloud, const std::string& name) {
  const char* folder = std::getenv("FLOWCHECK_TRANSPORT_POINTS");
  if (folder == nullptr) return;
  std::ofstream file(std::string(folder) + "/" + name, std::ios::binary);
  file.write(reinterpret_cast<const char*>(cloud.points().data()),
             static_cast<std::streamsize>(sizeof(double)) * cloud.points().size());
}

Clouds normal_clouds(Index n, Index d) {
  Rng rng(2024, static_cast<std::uint64_t>(1000 * n + d));
  Clouds clouds{PointCloud(rng.normal_matrix(d, n)), PointCloud(rng.normal_matrix(d, n))};
  const std::string name = "n" + std::to_string(n) + "_d" + std::to_string(d);
  write_points(clouds.p, name + "_x.bin");
  write_points(clouds.q, name + "_y.bin");
  return clouds;
}

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

void exact_w2_benchmark(benchmark::State& state) {
  const Clouds clouds = normal_clouds(state.range(0), state.range(1));
  TransportResult result;
  for (auto _ : state) result = optimal_transport(clouds.p, clouds.q);
  if (result.termination != Termination::converged) state.SkipWithError("not converged");
  state.counters["squared_w2"] = result.squared_w2.value;
  state.counters["relative_gap"] = result.squared_w2.width() / result.squared_w2.value;
  state.counters["pivots"] = static_cast<double>(result.iterations);
  state.counters["peak_MiB"] =
      peak_of([&] { benchmark::DoNotOptimize(optimal_transport(clouds.p, clouds.q)); });
}

void line_w2_benchmark(benchmark::State& state) {
  const Clouds clouds = normal_clouds(state.range(0), 1);
  Estimate result;
  for (auto _ : state) result = squared_w2(clouds.p, clouds.q);
  state.counters["squared_w2"] = result.value;
  state.counters["relative_gap"] = result.width() / result.value;
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
BENCHMARK(line_w2_benchmark)
    ->Name("line_w2")
    ->ArgNames({"n"})
    ->Arg(1'000'000)
    ->Unit(benchmark::kMillisecond);

}  // namespace flowcheck
