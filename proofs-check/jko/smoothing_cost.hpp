#pragma once

#include "claims/claim.hpp"
#include "measures/gaussian.hpp"
#include "measures/gaussian_mixture.hpp"
#include "measures/point_cloud.hpp"

#include <functional>
#include <vector>

namespace flowcheck {

/// What smoothing P for a time δ costs, ρ_δ = law(e^{−δ}X + √(1 − e^{−2δ})Z), and the moment M₂ =
/// E|X|² that bounds it.
struct Smoothing {
  Estimate squared_w2 = 0.0;     ///< W₂²(P, ρ_δ)
  Estimate second_moment = 0.0;  ///< M₂
  Index dimension = 1;           ///< d
};

/// (1 − e^{−δ})²M₂ + (1 − e^{−2δ})d, the cost of the coupling that shares X.
Estimate coupling_cost(const Smoothing& s, double delta);
/// (M₂ + 2d)δ, which is larger.
Estimate linear_cost(const Smoothing& s, double delta);
/// M₂ + d, against which round-off in either counts.
double size_of(const Smoothing& s);

/// Finitely many atoms on the line.
struct Atoms {
  std::vector<double> places = {};  ///< ascending
  std::vector<double> masses = {};  ///< of sum 1
};

/// Those of positive weight; weights are made to sum to 1.
Atoms sorted_atoms(const Vector& places, const Vector& weights);

// W₂² is exact for a Gaussian and on the line. For mixtures and points in d > 1 it is enclosed:
// from below by the Gaussians with the same moments and, of points, by the cost to the nearest one;
// from above by carrying each component, or pair of points, to its own image.

/// Of a product of laws on the line, one per coordinate: W₂² and M₂ add up.
Smoothing smoothing(const std::vector<Atoms>& coordinates, double delta);
Smoothing smoothing(const Gaussian& P, double delta);
Smoothing smoothing(const GaussianMixture& P, double delta);  ///< P with a density
Smoothing smoothing(const PointCloud& P, double delta);

/// smoothing() of one law as a function of δ.
using SmoothingOf = std::function<Smoothing(double delta)>;

template <class Law>
SmoothingOf smoothing_of(const Law& P) {
  return [P](double delta) { return smoothing(P, delta); };
}

using EvaluateSmoothing = std::function<Outcome(const SmoothingOf& smoothing, double step_size)>;

/// For Claim::on_target: the user's start in units of the reference, d ≤ 16: a Gaussian, a mixture
/// with a density, or at most 1000 atoms. γ is the target's own.
std::function<Outcome(const Target&)> on_smoothing_target(const EvaluateSmoothing& evaluate);

}  // namespace flowcheck
