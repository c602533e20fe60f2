#include "distances/kernel_sweep_kernel.hpp"

double flowcheck::dot_portable(const double* a, const double* b, std::ptrdiff_t count) {
  return dot_kernel(a, b, count);
}

void flowcheck::add_scaled_portable(double factor,
                                    const double* a,
                                    double* sum,
                                    std::ptrdiff_t count) {
  add_scaled_kernel(factor, a, sum, count);
}

void flowcheck::squared_distances_portable(
    const double* x, std::ptrdiff_t d, const double* y, double* out, std::ptrdiff_t n) {
  squared_distances_kernel(x, d, y, out, n);
}
