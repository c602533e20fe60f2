#pragma once

// The kernels of networks, included by one source a VectorForm.

#include "learning/network_kernel.hpp"
#include "learning/network_lanes.hpp"

namespace flowcheck {
namespace {

// As many accumulators as the form's registers hold beside a column of A and a number of B.
#if defined(__AVX512F__)
constexpr int tile_columns = 12;
#else
constexpr int tile_columns = 6;
#endif

#define FLOWCHECK_UNROLL_TILE _Pragma("GCC unroll 12")

template <class Scalar>
constexpr std::ptrdiff_t width = LanesOf<Scalar>::count;

// Vectors × columns of C, from (i, j) on.
template <class Scalar, int vectors, int columns>
FLOWCHECK_LANES_INLINE void product_tile(const Product<Scalar>& p,
                                         std::ptrdiff_t i,
                                         std::ptrdiff_t j) {
  typedef typename LanesOf<Scalar>::Type V;
  V sum[std::size_t{columns}][std::size_t{vectors}];
  Scalar* C = p.C + i + j * p.ldc;
  FLOWCHECK_UNROLL_TILE
  for (int c = 0; c < columns; ++c) {
    FLOWCHECK_UNROLL
    for (int v = 0; v < vectors; ++v) {
      sum[c][v] = p.add    ? load(C + c * p.ldc + v * width<Scalar>)
                  : p.bias ? load(p.bias + i + v * width<Scalar>)
                           : V{};
    }
  }
  const Scalar* A = p.A + i;
  // A pointer to every third column: the others are one and two strides on, which an address holds,
  // so that nothing but A and B is loaded in the loop.
  constexpr int groups = (columns + 2) / 3;
  const Scalar* B[std::size_t{groups}];
  FLOWCHECK_UNROLL
  for (int g = 0; g < groups; ++g) B[g] = p.B + (j + 3 * g) * p.column_stride;
  const std::ptrdiff_t lda = p.lda;
  const std::ptrdiff_t row_stride = p.row_stride;
  const std::ptrdiff_t column_stride = p.column_stride;
  for (std::ptrdiff_t k = p.k; k > 0; --k) {
    V a[std::size_t{vectors}];
    FLOWCHECK_UNROLL
    for (int v = 0; v < vectors; ++v) a[v] = load(A + v * width<Scalar>);
    FLOWCHECK_UNROLL_TILE
    for (int c = 0; c < columns; ++c) {
      const V b = broadcast(B[c / 3][c % 3 * column_stride]);
      FLOWCHECK_UNROLL
      for (int v = 0; v < vectors; ++v) sum[c][v] = multiply_add(a[v], b, sum[c][v]);
    }
    A += lda;
    FLOWCHECK_UNROLL
    for (int g = 0; g < groups; ++g) B[g] += row_stride;
  }
  const Scalar* factor = p.factor ? p.factor + i + j * p.ldc : nullptr;
  FLOWCHECK_UNROLL_TILE
  for (int c = 0; c < columns; ++c) {
    FLOWCHECK_UNROLL
    for (int v = 0; v < vectors; ++v) {
      const std::ptrdiff_t at = c * p.ldc + v * width<Scalar>;
      store(C + at, factor ? sum[c][v] * load(factor + at) : sum[c][v]);
    }
  }
}

// All columns of as many rows as the vectors have: that part of A stays in the first cache.
template <class Scalar, int vectors>
FLOWCHECK_LANES_INLINE void product_rows(const Product<Scalar>& p, std::ptrdiff_t i) {
  std::ptrdiff_t j = 0;
  for (; j + tile_columns <= p.n; j += tile_columns) {
    product_tile<Scalar, vectors, tile_columns>(p, i, j);
  }
  for (; j + 4 <= p.n; j += 4) product_tile<Scalar, vectors, 4>(p, i, j);
  for (; j + 2 <= p.n; j += 2) product_tile<Scalar, vectors, 2>(p, i, j);
  for (; j < p.n; ++j) product_tile<Scalar, vectors, 1>(p, i, j);
}

// Part of A that a tile runs over: 128 bytes a column, half of a first cache of 32 kB.
constexpr std::ptrdiff_t depth = 128;

template <class Scalar>
void product_kernel(const Product<Scalar>& whole) {
  Product<Scalar> p = whole;
  for (std::ptrdiff_t k = 0; k == 0 || k < whole.k; k += depth) {
    p.k = whole.k - k < depth ? whole.k - k : depth;
    p.A = whole.A + k * whole.lda;
    p.B = whole.B + k * whole.row_stride;
    p.add = whole.add || k > 0;
    p.factor = k + depth < whole.k ? nullptr : whole.factor;
    std::ptrdiff_t i = 0;
    for (; i + width<Scalar> < p.m; i += 2 * width<Scalar>) product_rows<Scalar, 2>(p, i);
    for (; i < p.m; i += width<Scalar>) product_rows<Scalar, 1>(p, i);
  }
}

// Beyond these an exponential is taken as 0. Subnormal numbers, which some processors take a
// hundred times as long for, would come up in the cube of softplus's e^{−|z|} and in products with
// SiLU's.
template <class Scalar>
constexpr Scalar softplus_cut = sizeof(Scalar) == 4 ? -28 : -230;
template <class Scalar>
constexpr Scalar silu_cut = sizeof(Scalar) == 4 ? 80 : 700;

// σ, σ' and σ'' at one vector of numbers.
template <class Scalar>
struct Activated {
  typename LanesOf<Scalar>::Type value, first, second;
};

// From E = e^{−|z|}, which never overflows: with R = 1/(1 + E), the logistic function is R for z ≥
// 0 and ER below. One division serves R and log(1 + E).
template <class Scalar>
FLOWCHECK_LANES_INLINE Activated<Scalar> softplus_at(typename LanesOf<Scalar>::Type h,
                                                     Scalar beta,
                                                     Scalar inverse_beta) {
  typedef typename LanesOf<Scalar>::Type V;
  const V z = beta * h;
  const V E = exp_down(-absolute(z), softplus_cut<Scalar>);
  const V both = inverse((Scalar(1) + E) * (Scalar(2) + E));
  const V R = both * (Scalar(2) + E);
  const V R2 = both * (Scalar(1) + E);
  const V ER = E * R;
  return {.value = ((z > Scalar(0) ? z : z - z) + log_one_plus(E, R2)) * inverse_beta,
          .first = z < Scalar(0) ? ER : R,
          .second = beta * (ER * R)};
}

// From E = e^{−h}, h cut so that neither E nor its inverse overflows: the logistic function is
// s = 1/(1 + E), its complement 1 − s = Es, without a cancellation on either side.
template <class Scalar>
FLOWCHECK_LANES_INLINE Activated<Scalar> silu_at(typename LanesOf<Scalar>::Type h) {
  typedef typename LanesOf<Scalar>::Type V;
  constexpr Scalar cut = silu_cut<Scalar>;
  const V E = exp_within(-clamped(h, cut));
  const V R = inverse(Scalar(1) + E);
  const V logistic = h > -cut ? R : V{};
  const V complement = h < cut ? E * R : V{};
  return {.value = h * logistic,
          .first = logistic * multiply_add(h, complement, broadcast(Scalar(1))),
          // s(1 − s)(2 + h(1 − 2s))
          .second = (logistic * complement) *
                    multiply_add(h, complement - logistic, broadcast(Scalar(2)))};
}

template <class Scalar, bool softplus>
FLOWCHECK_LANES_INLINE void activate_all(const ActivationPass<Scalar>& p) {
  typedef typename LanesOf<Scalar>::Type V;
  const Scalar beta = p.beta;
  const Scalar inverse_beta = Scalar(1) / p.beta;
  for (std::ptrdiff_t i = 0; i < p.count; i += width<Scalar>) {
    const V h = load(p.h + i);
    const Activated<Scalar> at =
        softplus ? softplus_at<Scalar>(h, beta, inverse_beta) : silu_at<Scalar>(h);
    if (p.first) store(p.first + i, at.first);
    if (p.second) store(p.second + i, at.second);
    store(p.value + i, p.before ? at.value + load(p.before + i) : at.value);
    for (std::ptrdiff_t k = 0; k < p.tangents; ++k) {
      const std::ptrdiff_t part = (1 + k) * p.count + i;
      const V moved = at.first * load(p.tangent + k * p.count + i);
      store(p.value + part, p.before ? moved + load(p.before + part) : moved);
    }
  }
}

template <class Scalar>
void activate_kernel(const ActivationPass<Scalar>& p) {
  if (p.softplus) return activate_all<Scalar, true>(p);
  activate_all<Scalar, false>(p);
}

template <class Scalar>
void pull_back_kernel(const ActivationGradient<Scalar>& p) {
  typedef typename LanesOf<Scalar>::Type V;
  for (std::ptrdiff_t i = 0; i < p.count; i += width<Scalar>) {
    const V first = load(p.first + i);
    V of_h = first * load(p.of_values + i);
    for (std::ptrdiff_t k = 0; k < p.tangents; ++k) {
      const std::ptrdiff_t part = (1 + k) * p.count + i;
      const V a = load(p.of_values + part);
      of_h += load(p.second + i) * load(p.tangent + k * p.count + i) * a;
      store(p.of_preactivity + part, first * a);
    }
    store(p.of_preactivity + i, of_h);
  }
}

// Of as many rows as the vectors have, even and odd columns apart.
template <class Scalar, int vectors>
FLOWCHECK_LANES_INLINE void add_columns_of_rows(std::ptrdiff_t n,
                                                const Scalar* A,
                                                std::ptrdiff_t lda,
                                                Scalar* y) {
  typename LanesOf<Scalar>::Type even[std::size_t{vectors}];
  typename LanesOf<Scalar>::Type odd[std::size_t{vectors}] = {};
  FLOWCHECK_UNROLL
  for (int v = 0; v < vectors; ++v) even[v] = load(y + v * width<Scalar>);
  for (std::ptrdiff_t j = 0; j + 1 < n; j += 2, A += 2 * lda) {
    FLOWCHECK_UNROLL
    for (int v = 0; v < vectors; ++v) {
      even[v] += load(A + v * width<Scalar>);
      odd[v] += load(A + lda + v * width<Scalar>);
    }
  }
  FLOWCHECK_UNROLL
  for (int v = 0; v < vectors; ++v) {
    if (n % 2 == 1) even[v] += load(A + v * width<Scalar>);
    store(y + v * width<Scalar>, even[v] + odd[v]);
  }
}

template <class Scalar>
void add_columns_kernel(
    std::ptrdiff_t m, std::ptrdiff_t n, const Scalar* A, std::ptrdiff_t lda, Scalar* y) {
  constexpr int vectors = 4;
  constexpr std::ptrdiff_t rows = vectors * width<Scalar>;
  std::ptrdiff_t i = 0;
  for (; i + rows <= m; i += rows) add_columns_of_rows<Scalar, vectors>(n, A + i, lda, y + i);
  for (; i < m; i += width<Scalar>) add_columns_of_rows<Scalar, 1>(n, A + i, lda, y + i);
}

template <class Scalar>
void adam_kernel(const AdamPass<Scalar>& p) {
  typedef typename LanesOf<Scalar>::Type V;
  for (std::ptrdiff_t i = 0; i < p.count; i += width<Scalar>) {
    const V g = p.gradient_scale * load(p.gradient + i);
    const V m = p.beta1 * load(p.first_moment + i) + (Scalar(1) - p.beta1) * g;
    const V v = p.beta2 * load(p.second_moment + i) + (Scalar(1) - p.beta2) * (g * g);
    store(p.first_moment + i, m);
    store(p.second_moment + i, v);
    const V step = (p.rate * m) / (sqrt_lanes(p.second_scale * v) + p.epsilon);
    store(p.parameters + i, load(p.parameters + i) - step);
  }
}

template <class Scalar>
FLOWCHECK_LANES_INLINE NetworkKernels<Scalar> network_kernels_of_form() {
  return {.product = product_kernel<Scalar>,
          .activate = activate_kernel<Scalar>,
          .pull_back = pull_back_kernel<Scalar>,
          .add_columns = add_columns_kernel<Scalar>,
          .adam = adam_kernel<Scalar>};
}

}  // namespace
}  // namespace flowcheck
