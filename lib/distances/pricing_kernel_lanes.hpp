#pragma once

// The scan of pricing_kernel, included by one source a VectorForm: see numerics/vector_lanes.hpp
// for what such a source may use.

#include "distances/pricing_kernel_scan.hpp"
#include "numerics/vector_lanes.hpp"

namespace flowcheck {
namespace {

// What is below the threshold is offered in order of j, so that what is kept does not depend on the
// width of the scan.
FLOWCHECK_LANES_INLINE void offer(PricedRow& row, double value, std::int32_t to) {
  if (!(value < row.threshold)) return;
  std::ptrdiff_t place = row.count < row.most ? row.count++ : row.most - 1;
  for (; place > 0 && value < row.arcs[place - 1].value; --place) {
    row.arcs[place].value = row.arcs[place - 1].value;
    row.arcs[place].to = row.arcs[place - 1].to;
  }
  row.arcs[place].value = value;
  row.arcs[place].to = to;
  if (row.count == row.most) row.threshold = row.arcs[row.most - 1].value;
}

template <int D>
void scan(const PricingScan& scan) {
  const std::ptrdiff_t d = D > 0 ? D : scan.dimension;
  std::ptrdiff_t block = 0;
  for (std::ptrdiff_t visited = 0; visited < scan.stride; visited += scan_block) {
    for (std::ptrdiff_t j = block; j < block + scan_block; j += lane_count) {
      Lanes value[scan_rows] = {};
      for (std::ptrdiff_t k = 0; k < d; ++k) {
        const Lanes y = load(scan.y + k * scan.stride + j);
        FLOWCHECK_UNROLL
        for (int r = 0; r < scan_rows; ++r) {
          const Lanes difference = scan.x[r * d + k] - y;
          const Lanes square = difference * difference;
          value[r] = k == 0 ? square : value[r] + square;
        }
      }
      const Lanes potential = load(scan.potentials + j);
      Lanes below[scan_rows] = {};  // one where the row takes the value up
      Lanes any = {};
      FLOWCHECK_UNROLL
      for (int r = 0; r < scan_rows; ++r) {
        value[r] = scan.factor * value[r] - potential;
        below[r] = value[r] < scan.rows[r].threshold ? broadcast(1.0) : Lanes{};
        any += below[r];
      }
      if (!any_positive(any)) continue;
      for (int r = 0; r < scan_rows; ++r) {
        if (!any_positive(below[r])) continue;
        double values[lane_count];
        store(values, value[r]);
        for (int lane = 0; lane < lane_count; ++lane) {
          offer(scan.rows[r], values[lane], static_cast<std::int32_t>(j + lane));
        }
      }
    }
    block += scan.step;
    if (block >= scan.stride) block -= scan.stride;
  }
}

FLOWCHECK_LANES_INLINE ScanFunction scan_for(std::ptrdiff_t dimension) {
  if (dimension == 2) return scan<2>;
  if (dimension == 3) return scan<3>;
  return scan<0>;
}

}  // namespace
}  // namespace flowcheck
