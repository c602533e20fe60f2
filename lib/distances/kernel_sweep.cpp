#include "distances/kernel_sweep.hpp"

#include "distances/kernel_sweep_kernel.hpp"
#include "numerics/require.hpp"

namespace flowcheck {

KernelSweep kernel_sweep(VectorForm form) {
  require(is_supported(form), "kernel_sweep: this processor has no such vectors");
#if defined(__x86_64__)
  if (form == VectorForm::avx512) return {.dot = dot_avx512, .add_scaled = add_scaled_avx512};
  if (form == VectorForm::avx2) return {.dot = dot_avx2, .add_scaled = add_scaled_avx2};
#endif
  return {.dot = dot_portable, .add_scaled = add_scaled_portable};
}

}  // namespace flowcheck
