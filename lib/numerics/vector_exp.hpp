#pragma once

#include "numerics/types.hpp"
#include "numerics/vector_form.hpp"

#include <span>

namespace flowcheck {

/// y[i] = e^{x[i]}, within one unit in the last place (tested to 0.9): range reduction by ln 2 in
/// two parts, a polynomial of degree 12, and a scaling that is right in the over- and underflow;
/// e^{−∞} is 0, NaN stays NaN. The same bits in every form, in every position, for every length:
/// what the C library's exp does not promise from one processor to another.
///
/// x and y may be the same memory, but not otherwise overlap.
/// @throws std::invalid_argument  lengths differ, or the form is not supported
void vector_exp(std::span<const double> x,
                std::span<double> y,
                VectorForm form = widest_vector_form());

/// In place, for all entries of a vector or matrix.
void vector_exp(Eigen::Ref<Vector> x);
inline void vector_exp(Matrix& x) {
  const std::span<double> entries(x.data(), static_cast<std::size_t>(x.size()));
  vector_exp(entries, entries);
}

}  // namespace flowcheck
