#include "flows/flow_ensemble.hpp"

#include "flows/ensemble_kernel.hpp"
#include "measures/gaussian_mixture.hpp"
#include "numerics/require.hpp"

#include <tbb/blocked_range.h>
#include <tbb/cache_aligned_allocator.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace flowcheck {
namespace {

constexpr std::size_t ensemble_block_size = 1024;  // trajectories; fixed, for the same bytes

using AlignedVector = std::vector<double, tbb::cache_aligned_allocator<double>>;

// Length of EnsembleBlock::scratch.
std::size_t ensemble_scratch(std::size_t dimension, std::size_t components) {
  const std::size_t rows =
      (ensemble_order + 7) * dimension + (dimension + 2 * ensemble_order) * components;
  return rows * ensemble_row;
}

// √S and φ of a level.
struct EnsembleClock {
  double deviation = 1.0;
  double time = 0.0;
};

EnsembleClock ensemble_clock(const NoiseLevel& level, double variance) {
  const double a = level.noise;
  const double b = level.data_scale;
  require(a >= 0.0 && b >= 0.0 && std::isfinite(a + b),
          "flow_ensemble: a level needs a ≥ 0 and b ≥ 0");
  const double deviation = std::hypot(a, std::sqrt(variance) * b);
  require(deviation > 0.0, "flow_ensemble: the flow towards points does not reach a = 0");
  return {.deviation = deviation, .time = b / deviation};
}

// How long steps are, h/ρ, for terms that fall like (h/ρ)ⁿ: the first one left out, of order 13, is
// corrected, and a fourteenth of the next remains, (h/ρ)¹⁴ being 4 tolerances. The last four terms
// foretell those only where they fall fast: tolerances above 3.5e-6 have the steps of that one.
double ensemble_step(double tolerance) {
  constexpr double longest = 0.45;
  return std::min(std::pow(4.0 * tolerance, 1.0 / (ensemble_order + 2)), longest);
}

void run_block(VectorForm form, const EnsembleBlock& block) {
#if defined(__x86_64__)
  if (form == VectorForm::avx512) return ensemble_block_avx512(block);
  if (form == VectorForm::avx2) return ensemble_block_avx2(block);
#endif
  (void)form;
  ensemble_block_portable(block);
}

Termination ensemble_termination(unsigned char outcome) {
  switch (outcome) {
    case ensemble_converged:
      return Termination::converged;
    case ensemble_step_limit:
      return Termination::iteration_limit;
    case ensemble_stalled:
      return Termination::stalled;
    default:
      return Termination::not_finite;
  }
}

}  // namespace

EnsembleResult flow_ensemble(const GaussianMixture& target,
                             const NoiseLevel& from,
                             const NoiseLevel& to,
                             const Matrix& points,
                             const EnsembleOptions& options) {
  const Index d = target.dimension();
  const double variance = target.common_variance();
  require(variance >= 0.0, "flow_ensemble: the components must share one σ²I");
  require(points.rows() == d, "flow_ensemble: the points have another dimension");
  require(options.tolerance > 0.0, "flow_ensemble: tolerance must be positive");
  require(options.step_limit >= 1, "flow_ensemble: step_limit must be at least 1");
  require(is_supported(options.form), "flow_ensemble: this processor has no such vectors");
  const EnsembleClock start = ensemble_clock(from, variance);
  const EnsembleClock end = ensemble_clock(to, variance);

  // About the mean, z → z − φm: the exponents stay small.
  const Vector mean = target.mean();
  const Matrix centres = target.means().colwise() - mean;
  const Vector half_squares = 0.5 * centres.colwise().squaredNorm().transpose();
  const Vector log_weights = target.weights().array().log();
  Matrix z = (points / start.deviation).colwise() - start.time * mean;

  const auto n = static_cast<std::size_t>(points.cols());
  std::vector<std::uint32_t> steps(n);
  std::vector<unsigned char> outcomes(n);
  const EnsembleBlock plan{.dimension = static_cast<std::size_t>(d),
                           .components = static_cast<std::size_t>(target.size()),
                           .centres = centres.data(),
                           .half_squares = half_squares.data(),
                           .log_weights = log_weights.data(),
                           .start = start.time,
                           .end = end.time,
                           .direction = end.time >= start.time ? 1.0 : -1.0,
                           .most_missed = 25.0 * options.tolerance,
                           .log2_step = std::log2(ensemble_step(options.tolerance)),
                           .step_limit = static_cast<std::uint32_t>(options.step_limit)};
  const std::size_t blocks = (n + ensemble_block_size - 1) / ensemble_block_size;
  tbb::parallel_for(tbb::blocked_range<std::size_t>(0, blocks),
                    [&](const tbb::blocked_range<std::size_t>& range) {
                      AlignedVector scratch(ensemble_scratch(plan.dimension, plan.components));
                      AlignedVector last_steps((2 + 2 * plan.dimension) * ensemble_block_size);
                      std::vector<std::uint32_t> pending(ensemble_block_size);
                      for (std::size_t i = range.begin(); i != range.end(); ++i) {
                        const std::size_t first = i * ensemble_block_size;
                        EnsembleBlock block = plan;
                        block.count = std::min(ensemble_block_size, n - first);
                        block.points = z.data() + first * plan.dimension;
                        block.steps = steps.data() + first;
                        block.outcome = outcomes.data() + first;
                        block.scratch = scratch.data();
                        block.last_steps = last_steps.data();
                        block.pending = pending.data();
                        run_block(options.form, block);
                      }
                    });

  EnsembleResult result{.ends = (z.colwise() + end.time * mean) * end.deviation};
  result.terminations.reserve(n);
  for (std::size_t j = 0; j < n; ++j) {
    result.expansions += static_cast<std::int64_t>(steps[j]);
    result.terminations.push_back(ensemble_termination(outcomes[j]));
    result.converged = result.converged && outcomes[j] == ensemble_converged;
  }
  return result;
}

}  // namespace flowcheck
