#include "numerics/vector_exp_kernel.hpp"

void flowcheck::vector_exp_avx512(const double* x, double* y, std::size_t count) {
  vector_exp_kernel(x, y, count);
}
