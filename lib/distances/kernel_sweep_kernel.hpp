#pragma once

// The loops of kernel_sweep, included by one source a VectorForm: see numerics/vector_lanes.hpp for
// what such a source may use.

#include "numerics/vector_lanes.hpp"

#include <cstddef>

namespace flowcheck {

double dot_portable(const double* a, const double* b, std::ptrdiff_t count);
double dot_avx2(const double* a, const double* b, std::ptrdiff_t count);
double dot_avx512(const double* a, const double* b, std::ptrdiff_t count);
void add_scaled_portable(double factor, const double* a, double* sum, std::ptrdiff_t count);
void add_scaled_avx2(double factor, const double* a, double* sum, std::ptrdiff_t count);
void add_scaled_avx512(double factor, const double* a, double* sum, std::ptrdiff_t count);

namespace {

// Eight doubles whatever the width: narrower registers take them in parts, so that the partial sums
// are the same.
typedef double Eight __attribute__((vector_size(64)));
typedef double UnalignedEight __attribute__((vector_size(64), aligned(sizeof(double)), may_alias));

FLOWCHECK_LANES_INLINE double dot_kernel(const double* a, const double* b, std::ptrdiff_t count) {
  Eight sum0 = {}, sum1 = {}, sum2 = {}, sum3 = {};
  std::ptrdiff_t i = 0;
  for (; i + 32 <= count; i += 32) {
    const UnalignedEight* x = reinterpret_cast<const UnalignedEight*>(a + i);
    const UnalignedEight* y = reinterpret_cast<const UnalignedEight*>(b + i);
    sum0 += x[0] * y[0];
    sum1 += x[1] * y[1];
    sum2 += x[2] * y[2];
    sum3 += x[3] * y[3];
  }
  for (; i + 8 <= count; i += 8) {
    sum0 += *reinterpret_cast<const UnalignedEight*>(a + i) *
            *reinterpret_cast<const UnalignedEight*>(b + i);
  }
  const Eight s = (sum0 + sum1) + (sum2 + sum3);
  double total = ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]));
  for (; i < count; ++i) total += a[i] * b[i];
  return total;
}

FLOWCHECK_LANES_INLINE void add_scaled_kernel(double factor,
                                              const double* a,
                                              double* sum,
                                              std::ptrdiff_t count) {
  std::ptrdiff_t i = 0;
  for (; i + 8 <= count; i += 8) {
    *reinterpret_cast<UnalignedEight*>(sum + i) +=
        factor * *reinterpret_cast<const UnalignedEight*>(a + i);
  }
  for (; i < count; ++i) sum[i] += factor * a[i];
}

}  // namespace
}  // namespace flowcheck
