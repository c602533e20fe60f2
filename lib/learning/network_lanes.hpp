#pragma once

// Vectors of either precision for the kernels of networks, compiled once a VectorForm: what
// vector_lanes.hpp has for doubles, for floats too, under names that both share. Its rules for what
// may be included hold here.

#include "numerics/vector_lanes.hpp"

namespace flowcheck {
namespace {

constexpr int float_lane_count = 2 * lane_count;

typedef float FloatLanes __attribute__((vector_size(float_lane_count * sizeof(float))));
typedef std::int32_t FloatLaneBits __attribute__((vector_size(float_lane_count * sizeof(float))));
typedef float UnalignedFloatLanes __attribute__((
    vector_size(float_lane_count * sizeof(float)), aligned(sizeof(float)), may_alias));

template <class Scalar>
struct LanesOf;
template <>
struct LanesOf<double> {
  typedef Lanes Type;
  static constexpr int count = lane_count;
};
template <>
struct LanesOf<float> {
  typedef FloatLanes Type;
  static constexpr int count = float_lane_count;
};

FLOWCHECK_LANES_INLINE FloatLanes load(const float* from) {
  return *reinterpret_cast<const UnalignedFloatLanes*>(from);
}

FLOWCHECK_LANES_INLINE void store(float* to, FloatLanes a) {
  *reinterpret_cast<UnalignedFloatLanes*>(to) = a;
}

FLOWCHECK_LANES_INLINE FloatLanes broadcast(float a) {
  return a - FloatLanes{};
}

// ab + c, rounded once where the form's instructions have it: forms agree up to round-off only.
FLOWCHECK_LANES_INLINE Lanes multiply_add(Lanes a, Lanes b, Lanes c) {
#if defined(__AVX512F__)
  return _mm512_fmadd_pd(a, b, c);
#else
  return a * b + c;
#endif
}
FLOWCHECK_LANES_INLINE FloatLanes multiply_add(FloatLanes a, FloatLanes b, FloatLanes c) {
#if defined(__AVX512F__)
  return _mm512_fmadd_ps(a, b, c);
#else
  return a * b + c;
#endif
}

FLOWCHECK_LANES_INLINE FloatLanes sqrt_lanes(FloatLanes a) {
#if defined(__AVX512F__)
  return _mm512_maskz_sqrt_ps(0xffff, a);
#elif defined(__AVX2__)
  return _mm256_sqrt_ps(a);
#elif defined(__SSE2__)
  return _mm_sqrt_ps(a);
#else
  for (int i = 0; i < float_lane_count; ++i) a[i] = __builtin_sqrtf(a[i]);
  return a;
#endif
}

// 1/a for 1 ≤ a ≤ e^700, e^80 in floats.
FLOWCHECK_LANES_INLINE Lanes inverse(Lanes a) {
  return 1.0 / a;
}
// Within one unit in the last place, from an estimate that makers of processors are free to choose:
// a division takes as long as all the rest of an activation.
FLOWCHECK_LANES_INLINE FloatLanes inverse(FloatLanes a) {
#if defined(__AVX512F__)
  const FloatLanes near = _mm512_maskz_rcp14_ps(0xffff, a);
  return multiply_add(near, _mm512_fnmadd_ps(a, near, broadcast(1.0F)), near);
#else
  return 1.0F / a;
#endif
}

// x within ±cut; −cut for NaN.
FLOWCHECK_LANES_INLINE Lanes clamped(Lanes x, double cut) {
#if defined(__AVX512F__)
  return _mm512_maskz_min_pd(0xff, _mm512_maskz_max_pd(0xff, x, broadcast(-cut)), broadcast(cut));
#else
  const Lanes above = x > -cut ? x : broadcast(-cut);
  return above < cut ? above : broadcast(cut);
#endif
}
FLOWCHECK_LANES_INLINE FloatLanes clamped(FloatLanes x, float cut) {
#if defined(__AVX512F__)
  return _mm512_maskz_min_ps(0xffff, _mm512_maskz_max_ps(0xffff, x, broadcast(-cut)),
                             broadcast(cut));
#else
  const FloatLanes above = x > -cut ? x : broadcast(-cut);
  return above < cut ? above : broadcast(cut);
#endif
}

// |a|, NaN staying NaN.
FLOWCHECK_LANES_INLINE Lanes absolute(Lanes a) {
  return a < 0.0 ? -a : a;
}
FLOWCHECK_LANES_INLINE FloatLanes absolute(FloatLanes a) {
  return a < 0.0F ? -a : a;
}

// eˣ for |x| ≤ 708 within one unit in the last place, as exp_of_nonpositive() has it but for fused
// multiplications and additions.
FLOWCHECK_LANES_INLINE Lanes exp_within(Lanes x) {
  const Lanes shifted = multiply_add(x, broadcast(0x1.71547652b82fep+0), broadcast(exp_shift));
  const Lanes n = shifted - exp_shift;
  Lanes r = multiply_add(n, broadcast(-0x1.62e42fee00000p-1), x);
  r = multiply_add(n, broadcast(-0x1.a39ef35793c76p-33), r);
  // Sums of few terms at a time: the processor adds up several of them at once.
  const Lanes r2 = r * r;
  const Lanes r4 = r2 * r2;
  const auto term = [](int k) { return broadcast(exp_terms[k]); };
  const auto two = [&](int k) { return multiply_add(r, term(k + 1), term(k)); };
  const Lanes q03 = multiply_add(r2, two(2), two(0));
  const Lanes q47 = multiply_add(r2, two(6), two(4));
  const Lanes q8 = multiply_add(r2, term(10), two(8));
  const Lanes q = multiply_add(r4, multiply_add(r4, q8, q47), q03);
  return (multiply_add(q, r2, r) + 1.0) * power_of_two(shifted);
}
// eˣ for |x| ≤ 87 within two units in the last place: ln 2 in two parts, a polynomial of degree 6
// on |r| ≤ ½ ln 2 whose own error is 1e-8 of the result.
FLOWCHECK_LANES_INLINE FloatLanes exp_within(FloatLanes x) {
  constexpr float shift = 0x1.8p23F;
  const FloatLanes shifted = multiply_add(x, broadcast(0x1.715476p+0F), broadcast(shift));
  const FloatLanes n = shifted - shift;
  FloatLanes r = multiply_add(n, broadcast(-0x1.62e400p-1F), x);
  r = multiply_add(n, broadcast(-0x1.7f7d1cp-20F), r);
  FloatLanes p = broadcast(0x1.6d10fcp-10F);
  p = multiply_add(p, r, broadcast(0x1.120b62p-7F));
  p = multiply_add(p, r, broadcast(0x1.55551ap-5F));
  p = multiply_add(p, r, broadcast(0x1.5554dep-3F));
  p = multiply_add(p, r, broadcast(0.5F));
  p = multiply_add(p, r * r, r) + 1.0F;
  return p * reinterpret_cast<FloatLanes>((reinterpret_cast<FloatLaneBits>(shifted) + 127) << 23);
}

// eˣ for x ≤ 0; 0 unless x > cut ≥ −708, NaN for NaN.
FLOWCHECK_LANES_INLINE Lanes exp_down(Lanes x, double cut) {
  const Lanes y = exp_of_nonpositive(x, cut);
  return x != x ? x : y;
}
// cut ≥ −87
FLOWCHECK_LANES_INLINE FloatLanes exp_down(FloatLanes x, float cut) {
  const FloatLanes y = x > cut ? exp_within(x > cut ? x : broadcast(cut)) : FloatLanes{};
  return x != x ? x : y;
}

// log(1 + e) for 0 ≤ e ≤ 1 as 2 artanh(u), u = e/(2 + e), given 1/(2 + e): u + u³ q(u²), q
// interpolating at Chebyshev nodes; its own error is 3e-17 of the result, 1e-9 in floats.
FLOWCHECK_LANES_INLINE Lanes log_one_plus(Lanes e, Lanes inverse) {
  const Lanes u = e * inverse;
  const Lanes w = u * u;
  Lanes q = broadcast(0x1.4806f49535c09p-4);
  q = multiply_add(q, w, broadcast(0x1.6b4172c8b73cbp-5));
  q = multiply_add(q, w, broadcast(0x1.eb093ec206db9p-5));
  q = multiply_add(q, w, broadcast(0x1.10b353bd2320fp-4));
  q = multiply_add(q, w, broadcast(0x1.3b1849e05216ep-4));
  q = multiply_add(q, w, broadcast(0x1.745cf48b4e7acp-4));
  q = multiply_add(q, w, broadcast(0x1.c71c7259a3711p-4));
  q = multiply_add(q, w, broadcast(0x1.2492492401d15p-3));
  q = multiply_add(q, w, broadcast(0x1.9999999999f74p-3));
  q = multiply_add(q, w, broadcast(0x1.5555555555554p-2));
  return 2.0 * multiply_add(u * w, q, u);
}
FLOWCHECK_LANES_INLINE FloatLanes log_one_plus(FloatLanes e, FloatLanes inverse) {
  const FloatLanes u = e * inverse;
  const FloatLanes w = u * u;
  FloatLanes q = broadcast(0x1.dba260p-4F);
  q = multiply_add(q, w, broadcast(0x1.bc8cf8p-4F));
  q = multiply_add(q, w, broadcast(0x1.24c926p-3F));
  q = multiply_add(q, w, broadcast(0x1.9998d4p-3F));
  q = multiply_add(q, w, broadcast(0x1.555556p-2F));
  return 2.0F * multiply_add(u * w, q, u);
}

}  // namespace
}  // namespace flowcheck
