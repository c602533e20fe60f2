#pragma once

// The kernel of flow_ensemble, included by one source a VectorForm. A lane is a trajectory with its
// own time and step; where one ends, the next of the block takes its lane.
//
// A step is a Taylor expansion about its start φ. With the mean m = Σ rₖμₖ there, cₖ = μₖ − m and
// u(τ) = z(φ + τ) − (φ + τ)m,
//
//   du/dτ = Σ rₖcₖ,    drₖ/dτ = rₖ (aₖ − Σ rⱼaⱼ),    aₖ = ⟨cₖ, d((φ + τ)u)/dτ⟩ − (φ + τ)|cₖ|²,
//
// each coefficient from those before. Seen from m no rate aₖ is large but where the weights change:
// of centres and points far out, only what they differ by is left.

#include "flows/ensemble_kernel.hpp"
#include "numerics/vector_lanes.hpp"

namespace flowcheck {
namespace {

typedef std::size_t Size;

constexpr Size width = lane_count;
constexpr Size order = ensemble_order;
constexpr double cut = -37.0;  // e⁻³⁷ of the largest weight is less than half its last digit

// Scratch, (19 d + (d + 24) K) rows, a row being a number of each lane. D is the dimension where it
// is known.
template <Size D>
struct EnsembleScratch {
  Size any_dimension;
  double* rows;

  Size dimension() const { return D > 0 ? D : any_dimension; }
  double* point() const { return rows; }                            // z
  double* mean() const { return rows + dimension() * width; }       // m
  double* slope() const { return rows + 2 * dimension() * width; }  // d((φ + τ)u)/dτ, one order
  double* start() const { return rows + 3 * dimension() * width; }  // z before the step
  double* start_mean() const { return rows + 4 * dimension() * width; }  // m there
  double* arrival() const { return rows + 5 * dimension() * width; }  // dz/dφ after it, expanded
  double* u(Size n) const { return rows + (6 + n) * dimension() * width; }  // n = 0, ..., order
  Size stride() const { return (dimension() + 2 * order) * width; }         // of a component
  double* centre(Size k) const { return u(order + 1) + k * stride(); }
  double* weights(Size k) const { return centre(k) + dimension() * width; }  // rₖ, orders below 12
  // aₖ − Σ rⱼaⱼ, that of τⁿ⁻¹ in row n; |cₖ|² in row 0.
  double* rates(Size k) const { return weights(k) + order * width; }
};

FLOWCHECK_LANES_INLINE Lanes magnitude(Lanes a) {
  return a < 0.0 ? -a : a;
}

// log₂ x for x > 0, linear between powers of two: at most 0.09 too small.
FLOWCHECK_LANES_INLINE Lanes rough_log2(Lanes x) {
  const LaneBits digits = reinterpret_cast<LaneBits>(x) >> 20;  // units of 2⁻³²
  return (reinterpret_cast<Lanes>(digits | 0x4330000000000000) - 0x1p52) * 0x1p-32 - 1023.0;
}

// 2ˣ for |x| ≤ 1000, within 2e-4 of itself.
FLOWCHECK_LANES_INLINE Lanes rough_exp2(Lanes x) {
  const Lanes shifted = x + exp_shift;
  const Lanes f = x - (shifted - exp_shift);
  return (1.0 + f * (0.6931 + f * (0.2402 + f * 0.0555))) * power_of_two(shifted);
}

// Σ eₖ and Σ eₖμₖ over weights eₖ that are in scratch, in registers where the dimension is known.
template <Size D>
struct WeightSums {
  static constexpr Size kept = D > 0 ? D : 1;
  Lanes mass = {};
  Lanes sums[kept] = {};
};

template <Size D>
FLOWCHECK_LANES_INLINE void add_weight(
    const EnsembleScratch<D>& s, Size k, const double* mu, Lanes e, WeightSums<D>& sums) {
  store(s.weights(k), e);
  sums.mass += e;
  for (Size i = 0; i < D; ++i) sums.sums[i] += e * mu[i];
}

// m = Σ eₖμₖ/Σ eₖ into scratch; 1/Σ eₖ.
template <Size D>
FLOWCHECK_LANES_INLINE Lanes find_mean(const EnsembleBlock& b,
                                       const EnsembleScratch<D>& s,
                                       const WeightSums<D>& sums) {
  const Size d = s.dimension();
  const Lanes inverse = 1.0 / sums.mass;
  for (Size i = 0; i < d; ++i) {
    Lanes mean = {};
    if constexpr (D > 0) {
      mean = sums.sums[i];
    } else {
      for (Size k = 0; k < b.components; ++k) mean += load(s.weights(k)) * b.centres[k * d + i];
    }
    store(s.mean() + i * width, mean * inverse);
  }
  return inverse;
}

// Weights but for a common factor, m = dz/dφ, and log rₖ but for a constant in row 2 of the
// weights.
template <Size D>
FLOWCHECK_LANES_INLINE void find_weights(const EnsembleBlock& b,
                                         const EnsembleScratch<D>& s,
                                         Lanes phi) {
  const Size d = s.dimension();
  Lanes largest = broadcast(-__builtin_inf());
  for (Size k = 0; k < b.components; ++k) {
    const double* mu = b.centres + k * d;
    Lanes product = mu[0] * load(s.point());
    for (Size i = 1; i < d; ++i) product += mu[i] * load(s.point() + i * width);
    const Lanes l = b.log_weights[k] + phi * (product - phi * b.half_squares[k]);
    store(s.weights(k) + 2 * width, l);
    largest = larger(l, largest);
  }
  WeightSums<D> sums;
  for (Size k = 0; k < b.components; ++k) {
    const Lanes l = load(s.weights(k) + 2 * width) - largest;
    store(s.weights(k) + 2 * width, l);
    add_weight(s, k, b.centres + k * d, exp_of_nonpositive(l, cut), sums);
  }
  find_mean(b, s, sums);
}

// What corrects z_i after a step of h, m being found there: h/13 of what the expansion has missed
// dz/dφ by. That much it has missed z by if all is the first term left out; of the next one a
// fourteenth remains.
template <Size D>
FLOWCHECK_LANES_INLINE Lanes correction(const EnsembleScratch<D>& s, Size i, Lanes h) {
  const Lanes missed = load(s.mean() + i * width) - load(s.arrival() + i * width);
  return h * (1.0 / (order + 1)) * missed;
}

// Corrects z, arrived at φ by a step of h. With s the shift, a weight follows by
// e^x ≈ 1 + x + x²/2, x = φ⟨μₖ − m, s⟩. Then rₖ, m, cₖ, u(0) and u′(0) = 0.
template <Size D>
FLOWCHECK_LANES_INLINE void begin_expansion(const EnsembleBlock& b,
                                            const EnsembleScratch<D>& s,
                                            Lanes phi,
                                            Lanes h) {
  const Size d = s.dimension();
  Lanes shifts[WeightSums<D>::kept] = {};  // φs, in place of the arrival if d is not known
  Lanes middle = {};
  for (Size i = 0; i < d; ++i) {
    const Lanes mean = load(s.mean() + i * width);
    const Lanes shift = correction(s, i, h);
    store(s.point() + i * width, load(s.point() + i * width) + shift);
    middle += phi * shift * mean;
    if constexpr (D > 0) shifts[i] = phi * shift;
    if constexpr (D == 0) store(s.arrival() + i * width, phi * shift);
  }
  WeightSums<D> sums;
  for (Size k = 0; k < b.components; ++k) {
    const double* mu = b.centres + k * d;
    Lanes x = -middle;
    for (Size i = 0; i < d; ++i) x += mu[i] * (D > 0 ? shifts[i] : load(s.arrival() + i * width));
    add_weight(s, k, mu, load(s.weights(k)) * (1.0 + x * (1.0 + 0.5 * x)), sums);
  }
  const Lanes inverse = find_mean(b, s, sums);
  for (Size i = 0; i < d; ++i) {
    const Lanes mean = load(s.mean() + i * width);
    store(s.u(0) + i * width, load(s.point() + i * width) - phi * mean);
    store(s.u(1) + i * width, Lanes{});
  }
  for (Size k = 0; k < b.components; ++k) {
    store(s.weights(k), load(s.weights(k)) * inverse);
    Lanes square = {};
    for (Size i = 0; i < d; ++i) {
      const Lanes c = b.centres[k * d + i] - load(s.mean() + i * width);
      store(s.centre(k) + i * width, c);
      square += c * c;
    }
    store(s.rates(k), square);
  }
}

// A number that is used twice and loaded once: left to itself GCC loads it twice, and loads are
// what convolutions wait for.
FLOWCHECK_LANES_INLINE Lanes load_once(const double* from) {
  Lanes a = load(from);
#if defined(__AVX512F__)
  __asm__("" : "+v"(a));
#endif
  return a;
}

// Σ rates[j] r[n − j] over 0 < j < n. What was known before the newest two comes first, and an even
// order begins the sum of the next, for the sake of what it has loaded.
template <Size n>
FLOWCHECK_LANES_INLINE Lanes
convolution(double* r, const double* rates, Lanes newest_r, Lanes newest_rate) {
  if constexpr (n == 1) return Lanes{};
  if constexpr (n == 2) return newest_rate * newest_r;
  Lanes sum = {};
  if constexpr (n > 3 && n % 2 == 1) sum = load(r + n * width);
  if constexpr (n % 2 == 0) {
    const Lanes rate_2 = load_once(rates + 2 * width);
    Lanes known_r = load_once(r + (n - 2) * width);
    Lanes next = rate_2 * newest_r;
    sum = rate_2 * known_r;
#pragma GCC unroll 12
    for (Size j = 3; j + 2 <= n; ++j) {
      const Lanes rate = load_once(rates + j * width);
      next += rate * known_r;
      known_r = load_once(r + (n - j) * width);
      sum += rate * known_r;
    }
    store(r + (n + 1) * width, next + newest_rate * known_r);
  }
  return sum + (load(rates + width) * newest_r + newest_rate * load(r + width));
}

// How fast a weight may grow in a step of 8: those that count e-fold eight times, those that are
// cut until they are e⁻²⁹ of the largest. No coefficient tells of them.
FLOWCHECK_LANES_INLINE Lanes growth_of(Lanes log_weight, Lanes rate) {
  const LaneBits counts = log_weight > cut;
  const Lanes unseen = counts ? Lanes{} : rate;
  Lanes growth = counts ? rate : Lanes{};
  if (any_positive(unseen)) growth = larger(8.0 * unseen / (-29.0 - log_weight), growth);
  return growth;
}

// What the components of one order share: the coefficient n of d((φ + τ)u)/dτ and Σ rₖcₖ, both in
// scratch unless the dimension is known, and the mean rate.
template <Size D>
struct EnsembleRound {
  static constexpr Size kept = D > 0 ? D : 1;
  Lanes phi = {};
  Lanes slopes[kept] = {};
  Lanes sums[kept] = {};
  Lanes mean_rate = {};       // of the order before
  Lanes next_mean_rate = {};  // of this one
  Lanes growth = {};
};

// Coefficients n of the rate and the weight of component k, the product ⟨cₖ, slope⟩ given; its own
// share of the mean rate is not yet taken off them, but off those of n − 1.
template <Size D, Size n>
FLOWCHECK_LANES_INLINE Lanes find_weight(const EnsembleBlock& b,
                                         const EnsembleScratch<D>& s,
                                         Size k,
                                         Lanes rate,
                                         EnsembleRound<D>& round) {
  double* r = s.weights(k);
  double* rates = s.rates(k);
  const Lanes r0 = load(r);
  if constexpr (n == 1) rate -= round.phi * load(rates);
  if constexpr (n == 2) rate -= load(rates);
  Lanes newest_r = {};
  Lanes newest_rate = {};
  if constexpr (n >= 2) {
    newest_rate = load(rates + (n - 1) * width) - round.mean_rate;
    newest_r = (load(r + (n - 1) * width) - round.mean_rate * r0) * (1.0 / (n - 1));
    store(rates + (n - 1) * width, newest_rate);
    store(r + (n - 1) * width, newest_r);
  }
  if constexpr (n == 2) {
    const Lanes growth = growth_of(load(r + 2 * width), b.direction * newest_rate);
    round.growth = larger(growth, round.growth);
  }
  const Lanes r_n = convolution<n>(r, rates, newest_r, newest_rate) + rate * r0;
  if constexpr (n + 1 < order) {
    store(rates + n * width, rate);
    store(r + n * width, r_n);
    round.next_mean_rate += r_n;
  }
  return r_n;
}

// The share of `together` components from k on in order n: side by side, they load slopes and sums
// once.
template <Size D, Size n, Size together>
FLOWCHECK_LANES_INLINE void add_components(const EnsembleBlock& b,
                                           const EnsembleScratch<D>& s,
                                           Size k,
                                           EnsembleRound<D>& round) {
  const Size d = s.dimension();
  const double* c = s.centre(k);
  const Size stride = s.stride();
  const auto slope = [&](Size i) { return D > 0 ? round.slopes[i] : load(s.slope() + i * width); };
  Lanes products[together];
  FLOWCHECK_UNROLL
  for (Size t = 0; t < together; ++t) products[t] = load(c + t * stride) * slope(0);
  for (Size i = 1; i < d; ++i) {
    FLOWCHECK_UNROLL
    for (Size t = 0; t < together; ++t) {
      products[t] += load(c + t * stride + i * width) * slope(i);
    }
  }
  Lanes r[together];
  FLOWCHECK_UNROLL
  for (Size t = 0; t < together; ++t) r[t] = find_weight<D, n>(b, s, k + t, products[t], round);
  for (Size i = 0; i < d; ++i) {
    Lanes sum = D > 0 ? round.sums[i] : load(s.u(n + 1) + i * width);
    FLOWCHECK_UNROLL
    for (Size t = 0; t < together; ++t) sum += r[t] * load(c + t * stride + i * width);
    if constexpr (D > 0) round.sums[i] = sum;
    if constexpr (D == 0) store(s.u(n + 1) + i * width, sum);
  }
}

// u(n + 1) from u(0), ..., u(n).
template <Size D, Size n>
FLOWCHECK_LANES_INLINE void find_coefficient(const EnsembleBlock& b,
                                             const EnsembleScratch<D>& s,
                                             EnsembleRound<D>& round) {
  const Size d = s.dimension();
  for (Size i = 0; i < d; ++i) {
    const Lanes slope = static_cast<double>(n) *
                        (round.phi * load(s.u(n) + i * width) + load(s.u(n - 1) + i * width));
    if constexpr (D > 0) {
      round.slopes[i] = slope;
      round.sums[i] = Lanes{};
    } else {
      store(s.slope() + i * width, slope);
      store(s.u(n + 1) + i * width, Lanes{});
    }
  }
  round.next_mean_rate = Lanes{};
  constexpr Size together = D > 0 ? 1 : 4;
  Size k = 0;
  for (; k + together <= b.components; k += together) {
    add_components<D, n, together>(b, s, k, round);
  }
  for (; together > 1 && k < b.components; ++k) add_components<D, n, 1>(b, s, k, round);
  for (Size i = 0; i < d; ++i) {
    double* next = s.u(n + 1) + i * width;
    store(next, (D > 0 ? round.sums[i] : load(next)) * (1.0 / (n * (n + 1))));
  }
  round.mean_rate = round.next_mean_rate;
}

// u(n + 1) and those after it.
template <Size D, Size n>
FLOWCHECK_LANES_INLINE void find_coefficients_from(const EnsembleBlock& b,
                                                   const EnsembleScratch<D>& s,
                                                   EnsembleRound<D>& round) {
  find_coefficient<D, n>(b, s, round);
  if constexpr (n + 1 < order) find_coefficients_from<D, n + 1>(b, s, round);
}

// All coefficients of u about φ, begun already; the fastest growth of a weight.
template <Size D>
FLOWCHECK_LANES_INLINE Lanes finish_expansion(const EnsembleBlock& b,
                                              const EnsembleScratch<D>& s,
                                              Lanes phi) {
  EnsembleRound<D> round = {.phi = phi};
  find_coefficients_from<D, 1>(b, s, round);
  return round.growth;
}

// 1 + max |z_i|.
template <Size D>
FLOWCHECK_LANES_INLINE Lanes scale_of_point(const EnsembleScratch<D>& s) {
  Lanes point = {};
  for (Size i = 0; i < s.dimension(); ++i) {
    point = larger(magnitude(load(s.point() + i * width)), point);
  }
  return 1.0 + point;
}

// Some 2^log2_step ρ, ρ the least of (scale/|u(n)|)^{1/n} over the last four n: terms that fall
// like (h/ρ)ⁿ. Four, because every other one vanishes where a mixture is symmetric about a point,
// and nearly so elsewhere. Shorter where a weight would grow too much, and NaN where anything is.
template <Size D>
FLOWCHECK_LANES_INLINE Lanes longest_step(const EnsembleBlock& b,
                                          const EnsembleScratch<D>& s,
                                          Lanes growth) {
  constexpr Size last = 4;
  Lanes squares[last] = {};  // |u(n)|²
  for (Size i = 0; i < s.dimension(); ++i) {
    FLOWCHECK_UNROLL
    for (Size j = 0; j < last; ++j) {
      const Lanes u = load(s.u(order - j) + i * width);
      squares[j] += u * u;
    }
  }
  const Lanes log2_scale = rough_log2(scale_of_point(s));
  Lanes log2_radius = broadcast(1000.0);
  FLOWCHECK_UNROLL
  for (Size j = 0; j < last; ++j) {
    const Lanes of_term =
        (log2_scale - 0.5 * rough_log2(squares[j])) * (1.0 / static_cast<double>(order - j));
    log2_radius = of_term < log2_radius ? of_term : log2_radius;
  }
  const Lanes step = rough_exp2(log2_radius + b.log2_step);
  const Lanes bound = 8.0 / larger(growth, broadcast(__DBL_MIN__));
  return (step < bound ? step : bound) + 0.0 * (squares[0] + squares[1] + squares[2] + squares[3]);
}

// z(φ + h) = z + hm + Σ u(n) hⁿ over n ≥ 2, even and odd terms side by side, in the lanes that are
// `moved`, and the expansion's dz/dφ there.
template <Size D>
FLOWCHECK_LANES_INLINE void move(const EnsembleScratch<D>& s, Lanes h, LaneBits moved) {
  const Lanes h2 = h * h;
  for (Size i = 0; i < s.dimension(); ++i) {
    const Lanes m = load(s.start_mean() + i * width);
    Lanes even = load(s.u(order) + i * width);
    Lanes odd = load(s.u(order - 1) + i * width);
    Lanes even_slope = static_cast<double>(order) * even;
    Lanes odd_slope = static_cast<double>(order - 1) * odd;
#pragma GCC unroll 12
    for (Size n = order - 2; n >= 2; n -= 2) {
      const Lanes u_n = load(s.u(n) + i * width);
      const Lanes before = n > 2 ? load(s.u(n - 1) + i * width) : m;
      even = u_n + h2 * even;
      odd = before + h2 * odd;
      even_slope = static_cast<double>(n) * u_n + h2 * even_slope;
      odd_slope = static_cast<double>(n - 1) * before + h2 * odd_slope;
    }
    double* z = s.point() + i * width;
    const Lanes end = load(s.start() + i * width) + (h * odd + h2 * even);
    store(z, moved ? end : load(z));
    store(s.arrival() + i * width, odd_slope + h * even_slope);
  }
}

// Where a step of |h| has to be corrected by more than `tolerance`.
template <Size D>
FLOWCHECK_LANES_INLINE LaneBits too_far(const EnsembleScratch<D>& s, Lanes h, double tolerance) {
  Lanes square = {};
  for (Size i = 0; i < s.dimension(); ++i) {
    const Lanes shift = correction(s, i, h);
    square += shift * shift;
  }
  const Lanes allowed = tolerance * scale_of_point(s);
  return square > allowed * allowed;
}

constexpr int most_tries = 8;    // of a step
constexpr double shorter = 0.8;  // of one that is taken back

// The last step of a trajectory, kept until the velocity after it is found; before there is one,
// where the trajectory begins.
struct EnsembleLastStep {
  double* row;
  double& time() const { return row[0]; }                // φ before it
  double& bound() const { return row[1]; }               // the longest that it may be
  double* start() const { return row + 2; }              // z before it
  double* arrival(Size d) const { return row + 2 + d; }  // dz/dφ after it, expanded
};

// The block's trajectories through the lanes. Those that have come to the end are corrected there
// all together; those whose last step went too far go through the lanes again from its start.
template <Size D>
struct EnsembleRun {
  const EnsembleBlock& b;
  EnsembleScratch<D> s;
  Lanes time = {};
  Lanes steps = {};
  Lanes start_time = {};  // of the last step
  Lanes taken = {};       // its length, 0 at a trajectory's start
  Lanes bound = {};       // of the next one
  Size column[width] = {};
  Size pending = 0;  // trajectories that are not at their end
  Size next = 0;     // of these, for a lane
  Size running = 0;  // in lanes
  Size kept = 0;     // pending once more

  EnsembleLastStep last_step(Size j) const { return {b.last_steps + j * (2 + 2 * s.dimension())}; }

  // All trajectories pending, at their start.
  void begin() {
    const Size d = s.dimension();
    for (Size j = 0; j < b.count; ++j) {
      const EnsembleLastStep last = last_step(j);
      last.time() = b.start;
      last.bound() = __DBL_MAX__;
      for (Size i = 0; i < d; ++i) last.start()[i] = b.points[j * d + i];
      b.steps[j] = 0;
      b.pending[j] = static_cast<std::uint32_t>(j);
    }
    pending = b.count;
  }

  // The next trajectory into lane u, or nothing.
  void take(Size u) {
    const Size d = s.dimension();
    const bool idle = next == pending;
    column[u] = idle ? b.count : b.pending[next++];
    steps[u] = 0.0;
    taken[u] = 0.0;
    for (Size i = 0; i < d; ++i) s.arrival()[i * width + u] = 0.0;
    if (idle) {
      time[u] = b.end;
      for (Size i = 0; i < d; ++i) s.point()[i * width + u] = 0.0;
      return;
    }
    const EnsembleLastStep last = last_step(column[u]);
    time[u] = last.time();
    bound[u] = last.bound();
    steps[u] = b.steps[column[u]];
    for (Size i = 0; i < d; ++i) s.point()[i * width + u] = last.start()[i];
    ++running;
  }

  void finish(Size u, EnsembleOutcome outcome) {
    const Size d = s.dimension();
    const EnsembleLastStep last = last_step(column[u]);
    last.time() = start_time[u];
    last.bound() = shorter * taken[u];
    for (Size i = 0; i < d; ++i) {
      b.points[column[u] * d + i] = s.point()[i * width + u];
      last.start()[i] = s.start()[i * width + u];
      last.arrival(d)[i] = s.arrival()[i * width + u];
    }
    b.steps[column[u]] = static_cast<std::uint32_t>(steps[u]);
    b.outcome[column[u]] = outcome;
    --running;
    take(u);
  }

  // Corrects the ends of the pending trajectories from `first` on, as many as there are lanes;
  // those that went too far stay pending instead, if there is `another` try.
  void correct_ends(Size first, bool another) {
    const Size d = s.dimension();
    const Size count = pending - first < width ? pending - first : width;
    Lanes h = {};
    for (Size u = 0; u < width; ++u) {
      const Size j = b.pending[first + (u < count ? u : 0)];
      const EnsembleLastStep last = last_step(j);
      h[u] = b.outcome[j] == ensemble_converged ? b.end - last.time() : 0.0;
      for (Size i = 0; i < d; ++i) {
        s.point()[i * width + u] = b.points[j * d + i];
        s.arrival()[i * width + u] = last.arrival(d)[i];
      }
    }
    find_weights(b, s, broadcast(b.end));
    const LaneBits far = too_far(s, h, b.most_missed);
    for (Size u = 0; u < count; ++u) {
      const std::uint32_t j = b.pending[first + u];
      if (b.outcome[j] != ensemble_converged) continue;
      if (another && far[u] != 0) {
        b.pending[kept++] = j;
        continue;
      }
      for (Size i = 0; i < d; ++i) b.points[j * d + i] += correction(s, i, h)[u];
    }
  }

  void run() {
    begin();
    for (int tries = 0; pending > 0; ++tries) {
      next = 0;
      for (Size u = 0; u < width; ++u) take(u);
      while (running > 0) step_all();
      kept = 0;
      for (Size first = 0; first < pending; first += width) {
        correct_ends(first, tries < most_tries);
      }
      pending = kept;
    }
  }

  // Begins the expansions where the last steps arrived, and corrects these; those that went too far
  // are taken back and shortened first, at the price of finding the weights again.
  void begin_all() {
    find_weights(b, s, time);
    for (int tries = 0; tries < most_tries; ++tries) {
      const LaneBits far = too_far(s, taken, b.most_missed);
      if (!any_positive(far ? broadcast(1.0) : Lanes{})) break;
      taken = far ? shorter * taken : taken;
      const Lanes h = b.direction * taken;
      move(s, h, far);
      time = far ? start_time + h : time;
      find_weights(b, s, time);
    }
    begin_expansion(b, s, time, b.direction * taken);
  }

  void step_all() {
    const double least_step = 1e-14 * b.direction * (b.end - b.start);
    const double step_limit = static_cast<double>(b.step_limit);
    begin_all();
    const Lanes growth = finish_expansion(b, s, time);
    const Lanes expected = longest_step(b, s, growth);
    const LaneBits finite = expected <= __DBL_MAX__;
    const Lanes longest = expected < bound ? expected : bound;
    const Lanes remaining = b.direction * (b.end - time);
    const LaneBits done = finite & (longest >= remaining * (1.0 - 1e-12));
    const Lanes length = finite ? (done ? remaining : longest) : Lanes{};
    bound = broadcast(__DBL_MAX__);
    for (Size i = 0; i < s.dimension(); ++i) {
      store(s.start() + i * width, load(s.point() + i * width));
      store(s.start_mean() + i * width, load(s.mean() + i * width));
    }
    const Lanes h = b.direction * length;
    move(s, h, length >= 0.0);
    start_time = time;
    taken = length;
    time = done ? broadcast(b.end) : time + h;
    steps += 1.0;

    const Lanes yes = broadcast(1.0);
    Lanes event = done ? yes : Lanes{};
    event = steps >= step_limit ? yes : event;
    event = length >= least_step ? event : yes;
    if (!any_positive(event)) return;
    for (Size u = 0; u < width; ++u) {
      if (event[u] <= 0.0 || column[u] == b.count) continue;
      finish(u, done[u] != 0             ? ensemble_converged
                : finite[u] == 0         ? ensemble_not_finite
                : steps[u] >= step_limit ? ensemble_step_limit
                                         : ensemble_stalled);
    }
  }
};

template <Size D>
void run_ensemble(const EnsembleBlock& b) {
  EnsembleRun<D> run{b, {b.dimension, b.scratch}};
  run.run();
}

void ensemble_block(const EnsembleBlock& b) {
  if (b.dimension == 1) return run_ensemble<1>(b);
  if (b.dimension == 2) return run_ensemble<2>(b);
  if (b.dimension == 3) return run_ensemble<3>(b);
  run_ensemble<0>(b);
}

}  // namespace
}  // namespace flowcheck
