#pragma once

// For this module's own sources: the inner loops of a network's passes, in either precision, one
// set a VectorForm.

#include <cstddef>

namespace flowcheck {

/// C = A·B (+ C, + bias in every column; times factor, entry by entry): A and C column by column, m
/// × k and m × n, with leading dimensions lda and ldc; entry (i, j) of B is B[i·row_stride +
/// j·column_stride]. Columns of A, C and bias are padded to a multiple of padding<Scalar>, and the
/// padding of C is written.
template <class Scalar>
struct Product {
  std::ptrdiff_t m = 0, n = 0, k = 0;
  const Scalar* A = nullptr;
  std::ptrdiff_t lda = 0;
  const Scalar* B = nullptr;
  std::ptrdiff_t row_stride = 0, column_stride = 0;
  const Scalar* bias = nullptr;    ///< none: 0
  bool add = false;                ///< to what C holds; without bias then
  const Scalar* factor = nullptr;  ///< laid out as C; none: 1
  Scalar* C = nullptr;
  std::ptrdiff_t ldc = 0;
};

/// The activation at count numbers h and along K tangents u_k of them, in one pass. Arrays of 1 + K
/// parts of count numbers hold the values first, then what belongs to the tangents.
template <class Scalar>
struct ActivationPass {
  bool softplus = false;  ///< else SiLU
  Scalar beta = 1;
  std::ptrdiff_t count = 0;
  std::ptrdiff_t tangents = 0;  ///< K
  const Scalar* h = nullptr;
  const Scalar* tangent = nullptr;  ///< u, K parts
  const Scalar* before = nullptr;   ///< added to the values: a residual block's input; or none
  Scalar* value = nullptr;          ///< σ(h), then σ'(h) u_k
  Scalar* first = nullptr;          ///< σ'(h), or none
  Scalar* second = nullptr;         ///< σ''(h), or none
};

/// That pass in reverse: from cotangents a of σ(h) and a_k of σ'(h) u_k to those of h and of u_k,
///
///   σ'(h) a + σ''(h) Σ_k u_k a_k   and   σ'(h) a_k.
template <class Scalar>
struct ActivationGradient {
  std::ptrdiff_t count = 0;
  std::ptrdiff_t tangents = 0;        ///< K
  const Scalar* first = nullptr;      ///< σ'(h)
  const Scalar* second = nullptr;     ///< σ''(h), read where K > 0
  const Scalar* tangent = nullptr;    ///< u, K parts
  const Scalar* of_values = nullptr;  ///< a, then a_k
  Scalar* of_preactivity = nullptr;   ///< of h, then of u_k
};

/// Adam's update of count parameters from their gradients.
template <class Scalar>
struct AdamPass {
  std::ptrdiff_t count = 0;
  Scalar gradient_scale = 1;
  Scalar beta1 = 0, beta2 = 0;
  Scalar rate = 0;          ///< learning rate/(1 − β₁ᵏ)
  Scalar second_scale = 1;  ///< 1/(1 − β₂ᵏ)
  Scalar epsilon = 0;
  const Scalar* gradient = nullptr;
  Scalar* parameters = nullptr;
  Scalar* first_moment = nullptr;
  Scalar* second_moment = nullptr;
};

/// Numbers in 64 bytes: what columns are padded to.
template <class Scalar>
inline constexpr std::ptrdiff_t padding = 64 / static_cast<std::ptrdiff_t>(sizeof(Scalar));

/// All arrays of the elementwise ones have their count rounded up to the padding.
template <class Scalar>
struct NetworkKernels {
  void (*product)(const Product<Scalar>&) = nullptr;
  void (*activate)(const ActivationPass<Scalar>&) = nullptr;
  void (*pull_back)(const ActivationGradient<Scalar>&) = nullptr;
  /// y += Σ columns of A, m × n; m padded
  void (*add_columns)(
      std::ptrdiff_t m, std::ptrdiff_t n, const Scalar* A, std::ptrdiff_t lda, Scalar* y) = nullptr;
  void (*adam)(const AdamPass<Scalar>&) = nullptr;
};

template <class Scalar>
NetworkKernels<Scalar> network_kernels_portable();
template <class Scalar>
NetworkKernels<Scalar> network_kernels_avx2();
template <class Scalar>
NetworkKernels<Scalar> network_kernels_avx512();

}  // namespace flowcheck
