#pragma once

#include "measures/gaussian.hpp"
#include "measures/point_cloud.hpp"
#include "numerics/estimate.hpp"

#include <cstdint>

namespace flowcheck {

struct SlicedOptions {
  int projections = 1000;     ///< directions drawn, at least two
  double false_alarm = 1e-6;  ///< probability that the interval misses
  std::uint64_t seed = 1;
};

/// Sliced Wasserstein distance: the mean over directions θ, uniform on the unit sphere of ℝᵈ,
///
///   SW₂² = E_θ W₂²(⟨θ, ·⟩_# p, ⟨θ, ·⟩_# q)  ∈  [|Δm|²/d, W₂²/d],  Δm the difference of the means.
///
/// Each direction's value is exact; the interval over the directions drawn is valid at every number
/// of them (grade `statistical`; bernstein_half_width(), no term being above the cost of the
/// independent coupling), cut to what those two bounds allow. In one dimension there is one
/// direction and nothing is drawn: W₂² with its grade. Directions run in parallel, the same bytes
/// for any number of threads. Cost O(projections · (n log n + nd)).
///
/// @throws std::invalid_argument  the dimensions differ, fewer than two projections, or a
/// false-alarm probability not in (0, 1)
Estimate squared_sliced_w2(const PointCloud& p,
                           const PointCloud& q,
                           const SlicedOptions& options = {});
Estimate squared_sliced_w2(const Gaussian& p, const Gaussian& q, const SlicedOptions& options = {});

Estimate sliced_w2(const PointCloud& p, const PointCloud& q, const SlicedOptions& options = {});
Estimate sliced_w2(const Gaussian& p, const Gaussian& q, const SlicedOptions& options = {});

}  // namespace flowcheck
