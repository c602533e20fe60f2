#pragma once

// The kernel of vector_exp, included by one source a VectorForm.

#include "numerics/vector_lanes.hpp"

namespace flowcheck {

void vector_exp_portable(const double* x, double* y, std::size_t count);
void vector_exp_avx2(const double* x, double* y, std::size_t count);
void vector_exp_avx512(const double* x, double* y, std::size_t count);

namespace {

FLOWCHECK_LANES_INLINE void vector_exp_kernel(const double* x, double* y, std::size_t count) {
  constexpr std::size_t width = lane_count;
  std::size_t i = 0;
  for (; i + width <= count; i += width) store(y + i, exp_lanes(load(x + i)));
  if (i == count) return;
  Lanes last = {};
  for (std::size_t j = i; j < count; ++j) last[j - i] = x[j];
  last = exp_lanes(last);
  for (std::size_t j = i; j < count; ++j) y[j] = last[j - i];
}

}  // namespace
}  // namespace flowcheck
