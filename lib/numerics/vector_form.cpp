#include "numerics/vector_form.hpp"

namespace flowcheck {

std::string_view to_string(VectorForm form) {
  switch (form) {
    case VectorForm::portable:
      return "portable";
    case VectorForm::avx2:
      return "avx2";
    case VectorForm::avx512:
      return "avx512";
  }
  return "unknown";
}

bool is_supported(VectorForm form) {
#if defined(__x86_64__)
  // libgcc's tests include the operating system's: it must save the wide registers.
  if (form == VectorForm::avx2) return __builtin_cpu_supports("avx2") != 0;
  if (form == VectorForm::avx512) {
    return __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512dq") != 0 &&
           __builtin_cpu_supports("avx512vl") != 0;
  }
#endif
  return form == VectorForm::portable;
}

VectorForm widest_vector_form() {
  static const VectorForm widest = is_supported(VectorForm::avx512) ? VectorForm::avx512
                                   : is_supported(VectorForm::avx2) ? VectorForm::avx2
                                                                    : VectorForm::portable;
  return widest;
}

}  // namespace flowcheck
