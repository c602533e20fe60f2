#pragma once

// What one thread of this machine can do at most, measured in the process whose jobs are held
// against it: arithmetic, exponentials and memory bandwidth.

#include "numerics/rng.hpp"
#include "numerics/vector_exp.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstddef>
#include <ctime>
#include <limits>
#include <vector>

namespace flowcheck {

/// One pass of multiplications and additions that wait for nothing but the processor's ports:
/// sixteen independent chains of vectors of eight hide the latency.
inline constexpr int arithmetic_chains = 16;
inline constexpr int arithmetic_steps = 1000;
inline constexpr double operations_a_pass = 2.0 * 8.0 * arithmetic_chains * arithmetic_steps;

[[gnu::always_inline]] inline void multiply_and_add() {
  typedef double Eight __attribute__((vector_size(64)));
  Eight sums[arithmetic_chains] = {};
  Eight factor = Eight{} + 0.999;
  benchmark::DoNotOptimize(factor);
  for (int i = 0; i < arithmetic_steps; ++i) {
#pragma GCC unroll 16
    for (int c = 0; c < arithmetic_chains; ++c) sums[c] = sums[c] * factor + 1.0;
  }
  for (Eight& sum : sums) benchmark::DoNotOptimize(sum);
}

#if defined(__x86_64__)
/// Two instructions a step, as in the library: its kernels round every operation, so that their
/// forms agree to the last bit.
[[gnu::target("avx512f,avx512dq"), gnu::optimize("fp-contract=off")]] inline void
separate_avx512() {
  multiply_and_add();
}

/// One instruction a step.
[[gnu::target("avx512f,avx512dq"), gnu::optimize("fp-contract=fast")]] inline void fused_avx512() {
  multiply_and_add();
}
#endif

/// e^x of 4096 numbers in [−50, 0]: they stay in the first cache.
struct Exponentials {
  std::vector<double> x = std::vector<double>(4096);
  std::vector<double> y = std::vector<double>(4096);

  Exponentials() {
    Rng rng(1);
    for (double& value : x) value = rng.uniform(-50.0, 0.0);
  }
  void operator()(VectorForm form = widest_vector_form()) {
    vector_exp(x, y, form);
    benchmark::DoNotOptimize(y.data());
  }
};

/// a = b + c/2, eight numbers at a time: one by one it would be held up before the memory is.
[[gnu::always_inline]] inline void add_half(double* a,
                                            const double* b,
                                            const double* c,
                                            std::size_t n) {
  typedef double Eight __attribute__((vector_size(64), aligned(sizeof(double)), may_alias));
  for (std::size_t i = 0; i + 8 <= n; i += 8) {
    *reinterpret_cast<Eight*>(a + i) =
        *reinterpret_cast<const Eight*>(b + i) + 0.5 * *reinterpret_cast<const Eight*>(c + i);
  }
}

#if defined(__x86_64__)
[[gnu::target("avx512f,avx512dq")]] inline void add_half_avx512(double* a,
                                                                const double* b,
                                                                const double* c,
                                                                std::size_t n) {
  add_half(a, b, c, n);
}
#endif

/// The same over arrays of n, a multiple of 8; 24n bytes.
struct Triad {
  std::vector<double> a, b, c;

  explicit Triad(std::size_t n) : a(n, 1.0), b(n, 2.0), c(n, 3.0) {}
  double bytes() const { return 3.0 * sizeof(double) * static_cast<double>(a.size()); }
  void operator()() {
#if defined(__x86_64__)
    if (is_supported(VectorForm::avx512)) {
      add_half_avx512(a.data(), b.data(), c.data(), a.size());
    } else {
      add_half(a.data(), b.data(), c.data(), a.size());
    }
#else
    add_half(a.data(), b.data(), c.data(), a.size());
#endif
    benchmark::DoNotOptimize(a.data());
    benchmark::ClobberMemory();
  }
};

inline constexpr std::size_t beyond_the_caches = 1 << 23;  ///< numbers an array of a triad has

/// Units a second of the thread's own time, the best of a few batches. The clock is read after as
/// many calls as take a millisecond: to read it costs as much as a short call.
template <class Work>
double best_rate(double units_a_call, Work&& work) {
  const auto seconds = [] {
    timespec now = {};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
  };
  const auto seconds_of = [&](int calls) {
    const double start = seconds();
    for (int call = 0; call < calls; ++call) work();
    return seconds() - start;
  };
  int calls = 1;
  while (seconds_of(calls) < 1e-3) calls *= 2;
  double best = 0.0;
  for (int batch = 0; batch < 5; ++batch) {
    double units = 0.0;
    double passed = 0.0;
    while (passed < 0.02) {
      passed += seconds_of(calls);
      units += units_a_call * static_cast<double>(calls);
    }
    best = std::max(best, units / passed);
  }
  return best;
}

/// Additions, subtractions and multiplications a second, none of them fused, in 512-bit registers;
/// NaN where the processor has none.
inline double arithmetic_limit() {
#if defined(__x86_64__)
  static const double limit = is_supported(VectorForm::avx512)
                                  ? best_rate(operations_a_pass, separate_avx512)
                                  : std::numeric_limits<double>::quiet_NaN();
  return limit;
#else
  return std::numeric_limits<double>::quiet_NaN();
#endif
}

/// Exponentials a second of vector_exp in its widest form.
inline double exponential_limit() {
  static const double limit = best_rate(4096.0, Exponentials());
  return limit;
}

/// Bytes a second of a triad beyond the caches.
inline double bandwidth_limit() {
  static const double limit = [] {
    Triad triad(beyond_the_caches);
    return best_rate(triad.bytes(), triad);
  }();
  return limit;
}

/// Prints "share", in seconds a second: what the work of an iteration takes at the limits,
/// Σ amount/limit, over what it took; 1 is all the machine can do.
inline void set_share(benchmark::State& state, double seconds_at_limit) {
  state.counters["share"] =
      benchmark::Counter(seconds_at_limit, benchmark::Counter::kIsIterationInvariantRate);
}

}  // namespace flowcheck
