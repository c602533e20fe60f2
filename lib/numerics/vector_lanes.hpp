#pragma once

// Vectors of doubles for kernel sources, which are compiled once a VectorForm with that form's
// flags. Such a source includes this header and plain C ones only: were it to instantiate an inline
// function of the standard library or of Eigen, the linker might keep that copy for everyone, and
// an older processor would meet an instruction it does not have. For the same reason everything
// here has internal linkage and is always inlined.

#include <cstddef>
#include <cstdint>

#if defined(__AVX2__)
#include <immintrin.h>
#elif defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace flowcheck {
namespace {

#if defined(__AVX512F__)
constexpr int lane_count = 8;
#elif defined(__AVX2__)
constexpr int lane_count = 4;
#else
constexpr int lane_count = 2;
#endif

typedef double Lanes __attribute__((vector_size(lane_count * sizeof(double))));
typedef std::int64_t LaneBits __attribute__((vector_size(lane_count * sizeof(double))));
typedef double UnalignedLanes
    __attribute__((vector_size(lane_count * sizeof(double)), aligned(sizeof(double)), may_alias));

#define FLOWCHECK_LANES_INLINE [[gnu::always_inline]] inline
// Before a short loop over an array of Lanes, which is in registers only once the loop is gone.
#define FLOWCHECK_UNROLL _Pragma("GCC unroll 8")

FLOWCHECK_LANES_INLINE Lanes load(const double* from) {
  return *reinterpret_cast<const UnalignedLanes*>(from);
}

FLOWCHECK_LANES_INLINE void store(double* to, Lanes a) {
  *reinterpret_cast<UnalignedLanes*>(to) = a;
}

FLOWCHECK_LANES_INLINE Lanes broadcast(double a) {
  return a - Lanes{};  // a − 0 is a, also for −0
}

// The larger of two, b where one is NaN.
FLOWCHECK_LANES_INLINE Lanes larger(Lanes a, Lanes b) {
  return a > b ? a : b;
}

FLOWCHECK_LANES_INLINE Lanes sqrt_lanes(Lanes a) {
#if defined(__AVX512F__)
  return _mm512_maskz_sqrt_pd(0xff, a);
#elif defined(__AVX2__)
  return _mm256_sqrt_pd(a);
#elif defined(__SSE2__)
  return _mm_sqrt_pd(a);
#else
  for (int i = 0; i < lane_count; ++i) a[i] = __builtin_sqrt(a[i]);
  return a;
#endif
}

FLOWCHECK_LANES_INLINE bool any_positive(Lanes a) {
#if defined(__AVX512F__)
  return _mm512_cmp_pd_mask(a, _mm512_setzero_pd(), _CMP_GT_OQ) != 0;
#elif defined(__AVX2__)
  return _mm256_movemask_pd(_mm256_cmp_pd(a, _mm256_setzero_pd(), _CMP_GT_OQ)) != 0;
#elif defined(__SSE2__)
  return _mm_movemask_pd(_mm_cmpgt_pd(a, _mm_setzero_pd())) != 0;
#else
  bool any = false;
  for (int i = 0; i < lane_count; ++i) any |= a[i] > 0.0;
  return any;
#endif
}

// x = n ln 2 + r with |r| ≤ ½ ln 2 and n integer, as n + shift, whose low bits are n's.
struct ExponentAndRest {
  Lanes shifted;
  Lanes n;
  Lanes r;
};

constexpr double exp_shift =
    0x1.8p52;  // added, it rounds to an integer and puts it into the low bits

FLOWCHECK_LANES_INLINE ExponentAndRest split_exponent(Lanes x) {
  const Lanes shifted = x * 0x1.71547652b82fep+0 + exp_shift;
  const Lanes n = shifted - exp_shift;
  // The high part of ln 2 has 21 zero bits at its end: its product with n is exact.
  const Lanes r = (x - n * 0x1.62e42fee00000p-1) - n * 0x1.a39ef35793c76p-33;
  return {shifted, n, r};
}

// e^r for |r| ≤ ½ ln 2: 1 + r + r² q(r), q interpolating at eleven Chebyshev nodes; its own error
// is 3.4e-19 of the result, 0.003 units in the last place. The terms of q, constant first:
constexpr double exp_terms[] = {0.5,
                                0x1.5555555555557p-3,
                                0x1.5555555555556p-5,
                                0x1.11111111100dcp-7,
                                0x1.6c16c16c162d4p-10,
                                0x1.a01a01abe7fe1p-13,
                                0x1.a01a01a6d889cp-16,
                                0x1.71de0231960ebp-19,
                                0x1.27e4db646b17ep-22,
                                0x1.af4de97ca4194p-26,
                                0x1.1f730349868cep-29};

FLOWCHECK_LANES_INLINE Lanes exp_of_rest(Lanes r) {
  constexpr const auto& c = exp_terms;
  const Lanes r2 = r * r;
  const Lanes r4 = r2 * r2;
  const Lanes q03 = (c[0] + c[1] * r) + r2 * (c[2] + c[3] * r);
  const Lanes q47 = (c[4] + c[5] * r) + r2 * (c[6] + c[7] * r);
  const Lanes q8 = (c[8] + c[9] * r) + r2 * c[10];
  const Lanes q = q03 + r4 * (q47 + r4 * q8);
  return 1.0 + (r + r2 * q);
}

// 2^n for a normal result, n + shift given.
FLOWCHECK_LANES_INLINE Lanes power_of_two(Lanes shifted) {
  return reinterpret_cast<Lanes>((reinterpret_cast<LaneBits>(shifted) + 1023) << 52);
}

// eˣ, within one unit in the last place, right in its over- and underflow, NaN for NaN.
FLOWCHECK_LANES_INLINE Lanes exp_lanes(Lanes x) {
  x = x > 710.0 ? broadcast(710.0) : x;
  x = x < -746.0 ? broadcast(-746.0) : x;
  const ExponentAndRest e = split_exponent(x);
  // In two factors, since 2^n alone over- or underflows before eˣ does. Only the last
  // multiplication rounds, and only where the result is subnormal.
  const Lanes half = e.n * 0.5 + exp_shift;
  const Lanes rest = (e.n - (half - exp_shift)) + exp_shift;
  return (exp_of_rest(e.r) * power_of_two(half)) * power_of_two(rest);
}

// eˣ for x ≤ 0, within one unit in the last place; exactly 0 unless x > cut, where cut ≥ −708.
FLOWCHECK_LANES_INLINE Lanes exp_of_nonpositive(Lanes x, double cut) {
  const ExponentAndRest e = split_exponent(x > cut ? x : broadcast(cut));
  const Lanes y = exp_of_rest(e.r) * power_of_two(e.shifted);
  return x > cut ? y : Lanes{};
}

}  // namespace
}  // namespace flowcheck
