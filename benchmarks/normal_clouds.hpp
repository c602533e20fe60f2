#pragma once

// Two independent standard normal samples, for the benchmarks that a peer repeats on the same
// points: FLOWCHECK_BENCHMARK_POINTS=DIR writes them there, as raw doubles, one point after
// another.

#include "measures/point_cloud.hpp"
#include "numerics/rng.hpp"

#include <cstdlib>
#include <fstream>
#include <string>

namespace flowcheck {

struct Clouds {
  PointCloud p;
  PointCloud q;
};

inline void write_points(const PointCloud& cloud, const std::string& name) {
  const char* folder = std::getenv("FLOWCHECK_BENCHMARK_POINTS");
  if (folder == nullptr) return;
  std::ofstream file(std::string(folder) + "/" + name, std::ios::binary);
  file.write(reinterpret_cast<const char*>(cloud.points().data()),
             static_cast<std::streamsize>(sizeof(double)) * cloud.points().size());
}

inline Clouds normal_clouds(Index n, Index d) {
  Rng rng(2024, static_cast<std::uint64_t>(1000 * n + d));
  Clouds clouds{PointCloud(rng.normal_matrix(d, n)), PointCloud(rng.normal_matrix(d, n))};
  const std::string name = "n" + std::to_string(n) + "_d" + std::to_string(d);
  write_points(clouds.p, name + "_x.bin");
  write_points(clouds.q, name + "_y.bin");
  return clouds;
}

}  // namespace flowcheck
