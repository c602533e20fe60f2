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
constexpr Size groups = 2;  // vectors side by side: independent chains that hide latencies
constexpr Size row = groups * width;

#define FLOWCHECK_GROUPS FLOWCHECK_UNROLL for (Size g = 0; g < groups; ++g)

// The trajectories at hand.
struct EnsembleLanes {
  Lanes time[groups] = {};
  Lanes step[groups] = {};   // > 0, to be taken in the direction of time
  Lanes tried[groups] = {};  // steps
  Size column[row] = {};
};

// Scratch, d rows each: the point, a stage's point, twelve velocities. Then K rows of logs of
// weights.
struct EnsembleScratch {
  double* z;
  double* stage;
  double* velocities;
  double* logs;
};

FLOWCHECK_LANES_INLINE Lanes magnitude(Lanes a) {
  return a < 0.0 ? -a : a;
}

// v = Σ rₖμₖ at times φ.
template <Size D>
FLOWCHECK_LANES_INLINE void centre_mean(
    const EnsembleBlock& b, const Lanes* phi, const double* z, double* logs, double* v) {
  const Size d = D > 0 ? D : b.dimension;
  constexpr double cut = -37.0;  // e⁻³⁷ of the largest weight is less than half its last digit
  Lanes largest[groups];
  FLOWCHECK_GROUPS largest[g] = broadcast(-__builtin_inf());
  for (Size k = 0; k < b.components; ++k) {
    const double* mu = b.centres + k * d;
    FLOWCHECK_GROUPS {
      Lanes product = mu[0] * load(z + g * width);
      for (Size i = 1; i < d; ++i) product += mu[i] * load(z + i * row + g * width);
      const Lanes l = b.log_weights[k] + phi[g] * (product - phi[g] * b.half_squares[k]);
      store(logs + k * row + g * width, l);
      largest[g] = larger(l, largest[g]);
    }
  }
  Lanes sum[groups] = {};
  if constexpr (D > 0) {
    Lanes mean[groups][D] = {};
    for (Size k = 0; k < b.components; ++k) {
      FLOWCHECK_GROUPS {
        const Lanes e = exp_of_nonpositive(load(logs + k * row + g * width) - largest[g], cut);
        sum[g] += e;
        FLOWCHECK_UNROLL
        for (Size i = 0; i < d; ++i) mean[g][i] += e * b.centres[k * d + i];
      }
    }
    FLOWCHECK_GROUPS {
      const Lanes inverse = 1.0 / sum[g];
      FLOWCHECK_UNROLL
      for (Size i = 0; i < d; ++i) store(v + i * row + g * width, mean[g][i] * inverse);
    }
  } else {
    for (Size k = 0; k < b.components; ++k) {
      FLOWCHECK_GROUPS {
        double* at = logs + k * row + g * width;
        const Lanes e = exp_of_nonpositive(load(at) - largest[g], cut);
        sum[g] += e;
        store(at, e);
      }
    }
    FLOWCHECK_GROUPS sum[g] = 1.0 / sum[g];
    for (Size i = 0; i < d; ++i) {
      Lanes mean[groups] = {};
      for (Size k = 0; k < b.components; ++k) {
        FLOWCHECK_GROUPS mean[g] += load(logs + k * row + g * width) * b.centres[k * d + i];
      }
      FLOWCHECK_GROUPS store(v + i * row + g * width, mean[g] * sum[g]);
    }
  }
}

// Σ weights[j] k_j of one coordinate over the first `count` velocities.
template <int count>
FLOWCHECK_LANES_INLINE Lanes combination(const double* weights, const double* velocity, Size d) {
  Lanes sum = {};
#pragma GCC unroll 12
  for (int j = 0; j < count; ++j) {
    if (weights[j] != 0.0) sum += weights[j] * load(velocity + static_cast<Size>(j) * d * row);
  }
  return sum;
}

template <Size D, int stage>
FLOWCHECK_LANES_INLINE void take_stage(const EnsembleBlock& b,
                                       const EnsembleScratch& s,
                                       const Lanes* time,
                                       const Lanes* h) {
  const Size d = D > 0 ? D : b.dimension;
  for (Size i = 0; i < d; ++i) {
    FLOWCHECK_GROUPS {
      const Size at = i * row + g * width;
      const Lanes sum = combination<stage>(dp8::stages[stage], s.velocities + at, d);
      store(s.stage + at, load(s.z + at) + h[g] * sum);
    }
  }
  Lanes phi[groups];
  FLOWCHECK_GROUPS phi[g] = time[g] + h[g] * dp8::nodes[stage];
  centre_mean<D>(b, phi, s.stage, s.logs, s.velocities + static_cast<Size>(stage) * d * row);
}

// One step of all lanes: z at its end goes to s.stage; the error over what it may be to `ratio`,
// NaN where anything is.
template <Size D>
FLOWCHECK_LANES_INLINE void try_step(const EnsembleBlock& b,
                                     const EnsembleScratch& s,
                                     const Lanes* time,
                                     const Lanes* h,
                                     Lanes* ratio) {
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
  FLOWCHECK_GROUPS {
    Lanes largest = {};
    Lanes fine = {};
    Lanes coarse = {};
    Lanes change = {};
    for (Size i = 0; i < d; ++i) {
      const Size at = i * row + g * width;
      const double* velocity = s.velocities + at;
      const Lanes before = load(s.z + at);
      const Lanes after = before + h[g] * combination<dp8::stage_count>(dp8::weights, velocity, d);
      store(s.stage + at, after);
      change += (after - before) * (after - before);
      largest = larger(larger(magnitude(before), magnitude(after)), largest);
      const Lanes e5 = combination<dp8::stage_count>(dp8::error5, velocity, d);
      const Lanes e3 = combination<dp8::stage_count>(dp8::error3, velocity, d);
      fine += e5 * e5;
      coarse += e3 * e3;
    }
    const Lanes total = fine + 0.01 * coarse;
    const Lanes root = sqrt_lanes(total > 0.0 ? total : broadcast(1.0));
    // Where |e5| happens to be small the estimate is far too small: among 10⁵ trajectories with
    // their rejected steps that happens, and the error was 700 tolerances. Of an analytic solution
    // the square of e3 over the step's own length has order 8 too.
    const Lanes estimate = magnitude(h[g]) * fine / root;
    const Lanes length = sqrt_lanes(change > 0.0 ? change : broadcast(1.0));
    const Lanes floor = 0.03 * (h[g] * h[g] * coarse) / length;
    const Lanes error = larger(floor, estimate);
    ratio[g] = (error + 0.0 * total) / (b.tolerance * (1.0 + largest));
  }
}

// The block's trajectories through the lanes.
template <Size D>
struct EnsembleRun {
  const EnsembleBlock& b;
  Size d;
  EnsembleScratch s;
  EnsembleLanes lanes = {};
  Size next = 0;
  Size running = 0;

  // The next trajectory into lane u, or nothing.
  void take(Size u) {
    const Size column = next < b.count ? next++ : b.count;
    const bool idle = column == b.count;
    lanes.column[u] = column;
    lanes.time[u / width][u % width] = idle ? b.end : b.start;
    lanes.step[u / width][u % width] = b.first_step;
    lanes.tried[u / width][u % width] = 0.0;
    for (Size i = 0; i < d; ++i) s.z[i * row + u] = idle ? 0.0 : b.points[column * d + i];
    running += idle ? 0 : 1;
  }

  void finish(Size u, EnsembleOutcome outcome) {
    const Size column = lanes.column[u];
    for (Size i = 0; i < d; ++i) b.points[column * d + i] = s.z[i * row + u];
    b.tried[column] = static_cast<std::uint32_t>(lanes.tried[u / width][u % width]);
    b.outcome[column] = outcome;
    --running;
    take(u);
  }

  void step_all() {
    const double direction = b.end >= b.start ? 1.0 : -1.0;
    const double least_step = 1e-14 * direction * (b.end - b.start);
    Lanes length[groups];
    Lanes h[groups];
    LaneBits last[groups];
    FLOWCHECK_GROUPS {
      const Lanes remaining = direction * (b.end - lanes.time[g]);
      last[g] = lanes.step[g] >= remaining * (1.0 - 1e-12);
      length[g] = last[g] ? remaining : lanes.step[g];
      h[g] = direction * length[g];
    }
    Lanes ratio[groups];
    try_step<D>(b, s, lanes.time, h, ratio);

    FLOWCHECK_GROUPS {
      lanes.tried[g] += 1.0;
      const LaneBits accepted = ratio[g] <= 1.0;
      const LaneBits finite = ratio[g] <= __DBL_MAX__;
      const Lanes bounded = ratio[g] > 2e-5 ? ratio[g] : broadcast(2e-5);
      Lanes factor = 0.8 / sqrt_lanes(sqrt_lanes(sqrt_lanes(bounded)));
      factor = larger(factor, broadcast(0.2));
      factor = finite ? factor : broadcast(0.1);
      for (Size i = 0; i < d; ++i) {
        double* z = s.z + i * row + g * width;
        store(z, accepted ? load(s.stage + i * row + g * width) : load(z));
      }
      const Lanes arrived = last[g] ? broadcast(b.end) : lanes.time[g] + h[g];
      lanes.time[g] = accepted ? arrived : lanes.time[g];
      lanes.step[g] = length[g] * factor;

      const Lanes yes = broadcast(1.0);
      const LaneBits done = accepted & last[g];
      Lanes event = done ? yes : Lanes{};
      event = lanes.tried[g] >= static_cast<double>(b.step_limit) ? yes : event;
      event = lanes.step[g] < least_step ? yes : event;
      if (!any_positive(event)) continue;
      for (Size u = 0; u < width; ++u) {
        if (event[u] <= 0.0 || lanes.column[g * width + u] == b.count) continue;
        const bool limit = lanes.tried[g][u] >= static_cast<double>(b.step_limit);
        finish(g * width + u, done[u] != 0     ? ensemble_converged
                              : finite[u] == 0 ? ensemble_not_finite
                              : limit          ? ensemble_step_limit
                                               : ensemble_stalled);
      }
    }
  }
};

template <Size D>
void run_ensemble(const EnsembleBlock& b) {
  const Size d = D > 0 ? D : b.dimension;
  double* scratch = b.scratch;
  EnsembleRun<D> run{
      b, d, {scratch, scratch + d * row, scratch + 2 * d * row, scratch + 14 * d * row}};
  for (Size u = 0; u < row; ++u) run.take(u);
  while (run.running > 0) run.step_all();
}

void ensemble_block(const EnsembleBlock& b) {
  if (b.dimension == 1) return run_ensemble<1>(b);
  if (b.dimension == 2) return run_ensemble<2>(b);
  if (b.dimension == 3) return run_ensemble<3>(b);
  run_ensemble<0>(b);
}

}  // namespace
}  // namespace flowcheck
