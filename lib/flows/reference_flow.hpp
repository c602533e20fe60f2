#pragma once

#include "flows/flow.hpp"
#include "interpolation/data_law.hpp"
#include "measures/posterior_moments.hpp"

#include <functional>

namespace flowcheck {

class GaussianMixture;

/// A time of an interpolation, as its flow sees it: x = b X₁ + a Z.
struct NoiseLevel {
  double noise = 1.0;       ///< a ≥ 0
  double data_scale = 0.0;  ///< b ≥ 0, not both zero
};

/// What the flow of an interpolation from noise to a law is made of. In the clocks r = b/a, with
/// y = x/a, and ε = a/b, with u = x/b, it is the same for every schedule:
///
///   dy/dr = E[X₁ | Z + rX₁ = y],    du/dε = E[Z | X₁ + εZ = u].
struct ClockFields {
  Index dimension = 0;
  /// E and Cov of X₁ given bX₁ + aZ = x, for a > 0.
  std::function<PosteriorMoments(double data_scale, double noise, const Vector& x)> posterior = {};
  /// (ε, u) ↦ E[Z | X₁ + εZ = u] and its derivative in u, regular at ε = 0. None for a law without
  /// a smooth density, whose flow is followed in log ε and cannot reach a = 0.
  TangentField noise_mean = {};
};

/// Of Σ wₖ N(μₖ, Σₖ): with all Σₖ = σ²I by the posterior of the centres, du/dε = ε (u − m)/(ε² +
/// σ²); otherwise by the score, du/dε = −ε ∇log p_ε(u), p_ε = p * N(0, ε²I).
ClockFields clock_fields(const GaussianMixture& p);

/// Of any law: that of its mixture, where it is one; otherwise by its posterior, in log ε.
ClockFields clock_fields(const DataLawPointer& law);

struct ReferenceFlowOptions {
  double tolerance = 1e-13;  ///< of a step, as FlowOptions::tolerance
  FlowMethod method = FlowMethod::dormand_prince8;
  int steps = 0;  ///< equal steps in each clock; 0: chosen
};

/// X_{s,t}(x) with its Jacobian and its log-determinant (as divergence_integral), by the clock r
/// where r ≤ 1 and by ε beyond: s is `from`, t is `to`, in either order. What all other integrators
/// are measured against.
///
/// @throws std::invalid_argument  wrong length, a level that is negative or has a = b = 0, a = 0
/// for a law without noise_mean, b = 0 and a = 0 alike
[[nodiscard]] TangentFlowResult reference_flow(const ClockFields& fields,
                                               const NoiseLevel& from,
                                               const NoiseLevel& to,
                                               const Vector& x,
                                               const ReferenceFlowOptions& options = {});

}  // namespace flowcheck
