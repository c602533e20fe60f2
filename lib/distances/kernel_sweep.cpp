#include "distances/kernel_sweep.hpp"

#include <cstring>

// One copy a class of processor, chosen when the program starts; AddressSanitizer cannot be called
// that early.
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__)
#define FLOWCHECK_WIDE __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define FLOWCHECK_WIDE
#endif

namespace flowcheck {
namespace {

using Lanes = double __attribute__((vector_size(64)));
constexpr Index lanes = 8;

}  // namespace

FLOWCHECK_WIDE double dot(const double* a, const double* b, Index count) {
  Lanes sum0 = {}, sum1 = {}, sum2 = {}, sum3 = {};
  Index i = 0;
  for (; i + 4 * lanes <= count; i += 4 * lanes) {
    Lanes x[4], y[4];
    std::memcpy(x, a + i, sizeof x);
    std::memcpy(y, b + i, sizeof y);
    sum0 += x[0] * y[0];
    sum1 += x[1] * y[1];
    sum2 += x[2] * y[2];
    sum3 += x[3] * y[3];
  }
  for (; i + lanes <= count; i += lanes) {
    Lanes x, y;
    std::memcpy(&x, a + i, sizeof x);
    std::memcpy(&y, b + i, sizeof y);
    sum0 += x * y;
  }
  const Lanes sum = (sum0 + sum1) + (sum2 + sum3);
  double total = ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
  for (; i < count; ++i) total += a[i] * b[i];
  return total;
}

FLOWCHECK_WIDE void add_scaled(double factor, const double* a, double* sum, Index count) {
  Index i = 0;
  for (; i + lanes <= count; i += lanes) {
    Lanes x, s;
    std::memcpy(&x, a + i, sizeof x);
    std::memcpy(&s, sum + i, sizeof s);
    s += factor * x;
    std::memcpy(sum + i, &s, sizeof s);
  }
  for (; i < count; ++i) sum[i] += factor * a[i];
}

}  // namespace flowcheck
