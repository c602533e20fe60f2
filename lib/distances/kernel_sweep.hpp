#pragma once

#include "numerics/types.hpp"

namespace flowcheck {

// Two loops over doubles in the widest vectors the processor has, the same bits on all: eight
// partial sums, no fused multiply-add.

double dot(const double* a, const double* b, Index count);                  ///< Σ aᵢbᵢ
void add_scaled(double factor, const double* a, double* sum, Index count);  ///< sum += factor·a

}  // namespace flowcheck
