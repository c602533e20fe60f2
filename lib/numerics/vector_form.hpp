#pragma once

#include <string_view>

namespace flowcheck {

/// The widths in which vector kernels exist. All perform the same IEEE operations in the same
/// order, one point a lane and without fused multiply-add, so that they return the same bits; a
/// wider one is only faster.
enum class VectorForm {
  portable,  ///< 2 lanes in the instructions every processor of the family has
  avx2,      ///< 4 lanes
  avx512,    ///< 8 lanes, AVX-512 F, DQ and VL
};

std::string_view to_string(VectorForm form);

/// This processor (and this build) can run the form. The portable one always.
bool is_supported(VectorForm form);

/// The widest supported form, found once.
VectorForm widest_vector_form();

}  // namespace flowcheck
