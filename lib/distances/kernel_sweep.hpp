#pragma once

#include "numerics/types.hpp"
#include "numerics/vector_form.hpp"

namespace flowcheck {

/// Loops over doubles, the same bits in every form: eight lanes whatever the width, no fused
/// multiply-add.
struct KernelSweep {
  double (*dot)(const double* a, const double* b, Index count);  ///< Σ aᵢbᵢ
  /// sumᵢ += factor · aᵢ; `sum` does not overlap `a`.
  void (*add_scaled)(double factor, const double* a, double* sum, Index count);
  /// outⱼ = Σₖ (xₖ − yⱼₖ)² for a point x of d coordinates and the n × d, column by column, points
  /// y.
  void (*squared_distances)(const double* x, Index d, const double* y, double* out, Index n);
};

/// @throws std::invalid_argument  this processor has no such vectors
KernelSweep kernel_sweep(VectorForm form = widest_vector_form());

}  // namespace flowcheck
