#include "numerics/vector_exp.hpp"

#include "numerics/require.hpp"
#include "numerics/vector_exp_kernel.hpp"

namespace flowcheck {

void vector_exp(std::span<const double> x, std::span<double> y, VectorForm form) {
  require(x.size() == y.size(), "vector_exp: the lengths differ");
  require(is_supported(form), "vector_exp: this processor has no such vectors");
#if defined(__x86_64__)
  if (form == VectorForm::avx512) return vector_exp_avx512(x.data(), y.data(), x.size());
  if (form == VectorForm::avx2) return vector_exp_avx2(x.data(), y.data(), x.size());
#endif
  vector_exp_portable(x.data(), y.data(), x.size());
}

void vector_exp(Eigen::Ref<Vector> x) {
  const std::span<double> entries(x.data(), static_cast<std::size_t>(x.size()));
  vector_exp(entries, entries);
}

}  // namespace flowcheck
