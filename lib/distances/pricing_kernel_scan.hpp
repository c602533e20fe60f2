#pragma once

// What least_priced() and its kernels, one a VectorForm, agree on: plain C, see
// numerics/vector_lanes.hpp.

#include <cstddef>
#include <cstdint>

namespace flowcheck {

struct PricedArc {
  double value = 0.0;   ///< factor |xᵢ − yⱼ|² − vⱼ
  std::int32_t to = 0;  ///< j
};

inline constexpr std::ptrdiff_t scan_block = 8;  ///< targets, as many as the widest vectors hold
inline constexpr int scan_rows = 4;              ///< share the loads of a target's coordinates

/// The least arcs of one row, the greatest of them first out.
struct PricedRow {
  PricedArc* arcs;
  std::ptrdiff_t most;
  std::ptrdiff_t count;
  double threshold;
};

/// Blocks of eight targets are visited `step` apart, around and around: neighbours in space are
/// often neighbours in the list, and a scan that approaches its least value one neighbour at a time
/// would take each of them up.
struct PricingScan {
  const double* x;  ///< d × scan_rows
  std::ptrdiff_t dimension;
  const double* y;  ///< coordinates, `stride` apart
  std::ptrdiff_t stride;
  std::ptrdiff_t step;  ///< a multiple of 8 that has no common divisor with `stride` but 8
  const double* potentials;
  double factor;
  PricedRow* rows;  ///< scan_rows of them
};

using ScanFunction = void (*)(const PricingScan& scan);

ScanFunction scan_portable(std::ptrdiff_t dimension);
ScanFunction scan_avx2(std::ptrdiff_t dimension);
ScanFunction scan_avx512(std::ptrdiff_t dimension);

}  // namespace flowcheck
