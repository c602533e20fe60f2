#pragma once

// The kernel of flow_ensemble, included by one source a VectorForm. A lane is a trajectory with its
// own time and step; where one ends, the next of the block takes its lane.

#include "flows/dormand_prince8.hpp"
#include "flows/ensemble_kernel.hpp"
#include "numerics/vector_lanes.hpp"

namespace flowcheck {
namespace {

namespace dp8 = dormand_prince8;
typedef std::size_t Size;

constexpr Size width = lane_count;

// The trajectories at hand.
struct EnsembleLanes {
  Lanes time = {};
  Lanes step = {};   // > 0, to be taken in the direction of time
  Lanes tried = {};  // steps
  Size column[width] = {};
};

// Scratch, d Lanes each: the point, a stage's point, two error estimates, twelve velocities. Then
// K logs of weights.
struct EnsembleScratch {
  double* z;
  double* stage;
  double* error;
  double* velocities;
  double* logs;
};

FLOWCHECK_LANES_INLINE Lanes magnitude(Lanes a) {
  return a < 0.0 ? -a : a;
}

// v = Σ rₖμₖ at time φ.
template <std::size_t D>
FLOWCHECK_LANES_INLINE void centre_mean(
    const EnsembleBlock& b, Lanes phi, const double* z, double* logs, double* v) {
  const Size d = D > 0 ? D : b.dimension;
  Lanes largest = broadcast(-__builtin_inf());
  for (Size k = 0; k < b.components; ++k) {
    const double* mu = b.centres + k * d;
    Lanes product = mu[0] * load(z);
    for (Size i = 1; i < d; ++i) product += mu[i] * load(z + i * width);
    const Lanes l = b.log_weights[k] + phi * (product - phi * b.half_squares[k]);
    store(logs + k * width, l);
    largest = larger(l, largest);
  }
  constexpr double cut = -50.0;  // e⁻⁵⁰ of the largest weight changes no digit
  if constexpr (D > 0) {
    Lanes sum = {};
    Lanes mean[D] = {};
    for (Size k = 0; k < b.components; ++k) {
      const Lanes e = exp_of_nonpositive(load(logs + k * width) - largest, cut);
      sum += e;
      FLOWCHECK_UNROLL
      for (Size i = 0; i < d; ++i) mean[i] += e * b.centres[k * d + i];
    }
    const Lanes inverse = 1.0 / sum;
    FLOWCHECK_UNROLL
    for (Size i = 0; i < d; ++i) store(v + i * width, mean[i] * inverse);
  } else {
    Lanes sum = {};
    for (Size k = 0; k < b.components; ++k) {
      const Lanes e = exp_of_nonpositive(load(logs + k * width) - largest, cut);
      sum += e;
      store(logs + k * width, e);
    }
    const Lanes inverse = 1.0 / sum;
    for (Size i = 0; i < d; ++i) {
      Lanes mean = {};
      for (Size k = 0; k < b.components; ++k) mean += load(logs + k * width) * b.centres[k * d + i];
      store(v + i * width, mean * inverse);
    }
  }
}

// Σ weights[j] k_j of coordinate i over the first `count` velocities.
template <int count>
FLOWCHECK_LANES_INLINE Lanes
combination(const double* weights, const double* velocities, Size d, Size i) {
  Lanes sum = {};
#pragma GCC unroll 12
  for (int j = 0; j < count; ++j) {
    if (weights[j] != 0.0) {
      sum += weights[j] * load(velocities + (static_cast<Size>(j) * d + i) * width);
    }
  }
  return sum;
}

template <std::size_t D, int stage>
FLOWCHECK_LANES_INLINE void take_stage(const EnsembleBlock& b,
                                       const EnsembleScratch& s,
                                       Lanes time,
                                       Lanes h) {
  const Size d = D > 0 ? D : b.dimension;
  for (Size i = 0; i < d; ++i) {
    const Lanes sum = combination<stage>(dp8::stages[stage], s.velocities, d, i);
    store(s.stage + i * width, load(s.z + i * width) + h * sum);
  }
  centre_mean<D>(b, time + h * dp8::nodes[stage], s.stage, s.logs,
                 s.velocities + static_cast<Size>(stage) * d * width);
}

// One step of all lanes: z at its end goes to s.stage; the error over what it may be is returned,
// NaN where anything is.
template <std::size_t D>
FLOWCHECK_LANES_INLINE Lanes
try_step(const EnsembleBlock& b, const EnsembleScratch& s, Lanes time, Lanes h) {
  const Size d = D > 0 ? D : b.dimension;
  centre_mean<D>(b, time, s.z, s.logs, s.velocities);
  take_stage<D, 1>(b, s, time, h);
  take_stage<D, 2>(b, s, time, h);
  take_stage<D, 3>(b, s, time, h);
  take_stage<D, 4>(b, s, time, h);
  take_stage<D, 5>(b, s, time, h);
  take_stage<D, 6>(b, s, time, h);
  take_stage<D, 7>(b, s, time, h);
  take_stage<D, 8>(b, s, time, h);
  take_stage<D, 9>(b, s, time, h);
  take_stage<D, 10>(b, s, time, h);
  take_stage<D, 11>(b, s, time, h);
  Lanes largest = {};
  Lanes fine = {};
  Lanes coarse = {};
  Lanes change = {};
  for (Size i = 0; i < d; ++i) {
    const Lanes before = load(s.z + i * width);
    const Lanes after =
        before + h * combination<dp8::stage_count>(dp8::weights, s.velocities, d, i);
    store(s.stage + i * width, after);
    change += (after - before) * (after - before);
    largest = larger(larger(magnitude(before), magnitude(after)), largest);
    const Lanes e5 = combination<dp8::stage_count>(dp8::error5, s.velocities, d, i);
    const Lanes e3 = combination<dp8::stage_count>(dp8::error3, s.velocities, d, i);
    fine += e5 * e5;
    coarse += e3 * e3;
  }
  const Lanes total = fine + 0.01 * coarse;
  const Lanes root = sqrt_lanes(total > 0.0 ? total : broadcast(1.0));
  // Where |e5| happens to be small the estimate is far too small: among 10⁵ trajectories with their
  // rejected steps that happens, and the error was 700 tolerances. Of an analytic solution the
  // square of e3 over the step's own length has order 8 too.
  const Lanes estimate = magnitude(h) * fine / root;
  const Lanes floor = 0.03 * (h * h * coarse) / sqrt_lanes(change > 0.0 ? change : broadcast(1.0));
  const Lanes error = larger(floor, estimate);
  return (error + 0.0 * total) / (b.tolerance * (1.0 + largest));
}

template <std::size_t D>
void run_ensemble(const EnsembleBlock& b) {
  const Size d = D > 0 ? D : b.dimension;
  const Size row = d * width;
  const EnsembleScratch s{b.scratch, b.scratch + row, b.scratch + 2 * row, b.scratch + 3 * row,
                          b.scratch + 15 * row};
  const double direction = b.end >= b.start ? 1.0 : -1.0;
  const double range = direction * (b.end - b.start);
  const double least_step = 1e-14 * range;

  EnsembleLanes lanes;
  Size next = 0;
  Size running = 0;
  const auto take_lane = [&](Size u) {
    const Size column = next < b.count ? next++ : b.count;
    const bool idle = column == b.count;
    lanes.column[u] = column;
    lanes.time[u] = idle ? b.end : b.start;
    lanes.step[u] = b.first_step;
    lanes.tried[u] = 0.0;
    for (Size i = 0; i < d; ++i) {
      s.z[i * width + u] = idle ? 0.0 : b.points[column * d + i];
    }
    running += idle ? 0 : 1;
  };
  for (Size u = 0; u < width; ++u) take_lane(u);

  while (running > 0) {
    const Lanes remaining = direction * (b.end - lanes.time);
    const LaneBits last = lanes.step >= remaining * (1.0 - 1e-12);
    const Lanes length = last ? remaining : lanes.step;
    const Lanes ratio = try_step<D>(b, s, lanes.time, direction * length);
    lanes.tried += 1.0;

    const LaneBits accepted = ratio <= 1.0;
    const LaneBits finite = ratio <= __DBL_MAX__;
    const Lanes bounded = ratio > 2e-5 ? ratio : broadcast(2e-5);
    Lanes factor = 0.9 / sqrt_lanes(sqrt_lanes(sqrt_lanes(bounded)));
    factor = larger(factor, broadcast(0.2));
    factor = finite ? factor : broadcast(0.1);
    for (Size i = 0; i < d; ++i) {
      const Lanes z = load(s.z + i * width);
      store(s.z + i * width, accepted ? load(s.stage + i * width) : z);
    }
    const Lanes arrived = last ? broadcast(b.end) : lanes.time + direction * length;
    lanes.time = accepted ? arrived : lanes.time;
    lanes.step = length * factor;

    const Lanes yes = broadcast(1.0);
    const Lanes no = {};
    Lanes event = (accepted & last) ? yes : no;
    event = lanes.tried >= static_cast<double>(b.step_limit) ? yes : event;
    event = lanes.step < least_step ? yes : event;
    if (!any_positive(event)) continue;
    for (Size u = 0; u < width; ++u) {
      const Size column = lanes.column[u];
      if (event[u] <= 0.0 || column == b.count) continue;
      const bool done = accepted[u] != 0 && last[u] != 0;
      const bool limit = lanes.tried[u] >= static_cast<double>(b.step_limit);
      for (Size i = 0; i < d; ++i) b.points[column * d + i] = s.z[i * width + u];
      b.tried[column] = static_cast<std::uint32_t>(lanes.tried[u]);
      b.outcome[column] = done             ? ensemble_converged
                          : finite[u] == 0 ? ensemble_not_finite
                          : limit          ? ensemble_step_limit
                                           : ensemble_stalled;
      --running;
      take_lane(u);
    }
  }
}

void ensemble_block(const EnsembleBlock& b) {
  if (b.dimension == 1) return run_ensemble<1>(b);
  if (b.dimension == 2) return run_ensemble<2>(b);
  if (b.dimension == 3) return run_ensemble<3>(b);
  run_ensemble<0>(b);
}

}  // namespace
}  // namespace flowcheck
