#include "distances/kernel_sweep_kernel.hpp"

double flowcheck::dot_avx512(const double* a, const double* b, std::ptrdiff_t count) {
  return dot_kernel(a, b, count);
}

void flowcheck::add_scaled_avx512(double factor,
                                  const double* a,
                                  double* sum,
                                  std::ptrdiff_t count) {
  add_scaled_kernel(factor, a, sum, count);
}
