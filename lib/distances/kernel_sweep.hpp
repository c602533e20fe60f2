#pragma once

#include "numerics/types.hpp"
#include "numerics/vector_form.hpp"

namespace flowcheck {

/// Two loops over doubles, the same bits in every form: 32 partial sums, no fused multiply-add.
struct KernelSweep {
  double (*dot)(const double* a, const double* b, Index count);  ///< Σ aᵢbᵢ
  /// sumᵢ += factor · aᵢ; `sum` does not overlap `a`.
  void (*add_scaled)(double factor, const double* a, double* sum, Index count);
};

/// @throws std::invalid_argument  this processor has no such vectors
KernelSweep kernel_sweep(VectorForm form = widest_vector_form());

}  // namespace flowcheck
