#pragma once

#include "flows/flow.hpp"
#include "interpolation/schedule.hpp"
#include "measures/gaussian_mixture.hpp"
#include "numerics/estimate.hpp"

#include <functional>
#include <string>
#include <vector>

namespace flowcheck {

/// A velocity at many points at once, d × n to d × n.
using BatchField = std::function<Matrix(const FlowTime& time, const Matrix& points)>;

/// The time in which a flow to a narrow target is followed: s ∈ [0, 1] with
///
///   1 − t = c sinh(α(1 − s)),    c sinh α = 1,
///
/// even in t within c of the end and in log(1 − t) before. Its rates of change are those of the
/// flow per factor e of what is left of time, however small c is.
class EndClock {
 public:
  /// @param scale  c in (0, 1]
  explicit EndClock(double scale);
  FlowTime time(double s) const;
  double rate(double s) const;  ///< dt/ds

 private:
  double scale_;
  double alpha_;
};

/// c of a target of width σ: the 1 − t at which a = σb, at most 1.
double narrowing_time(const Schedule& schedule, double sigma);

/// A flow from N(0, I) to a target, with what the stability bounds need to know of it.
struct StableFlow {
  Index dimension = 1;
  double end_scale = 1.0;  ///< of EndClock
  BatchField velocity = {};
  std::function<double(const FlowTime&)> log_lipschitz = {};  ///< ≥ log Lip(X_{s,1})
  std::function<double(const FlowTime&)> one_sided = {};      ///< ≥ sup_x λ_max ∇v(s, x)
};

/// Of ν = N(0, σ²I) * ρ, σ > 0, on a schedule from N(0, I), with GIF-24's and GIF-15's constants: R
/// is half the distance of two centres, else the radius of the smallest ball around all.
/// @throws std::invalid_argument  no common σ²I, σ = 0, or b₀ > 0
StableFlow stable_flow(const GaussianMixture& target, const Schedule& schedule);

/// v = Cx, the flow of N(0, I) to N(0, e^{2C}I) along variances e^{2Ct}.
StableFlow linear_growth(double C, Index dimension = 1);

/// δ = ṽ − v, and sup_x λ_max of its symmetrised Jacobian.
struct VelocityError {
  std::string name = {};
  BatchField value = {};
  std::function<double(const FlowTime&)> one_sided = {};
};

/// The perturbations that are tried, each of size ε: a constant shift along e₁, ε sin(3⟨e₁, x⟩)e₁,
/// εx, ε times a bump at the origin, and, in d ≥ 2, a rotation in the first two coordinates.
std::vector<VelocityError> velocity_errors(double size, Index dimension);

/// δ constant in x and proportional to Lip(X_{s,1}): the shape that the bounds are attained by.
VelocityError aligned_error(const StableFlow& flow, double size);

/// What the theorems say of a perturbed flow Y from the same noise, and what it does. All are
/// converged: a hundred times the tolerance and half the nodes of the noise make the enclosures.
/// Where the steps do not arrive (σ too small against the centres), and beyond double, the
/// enclosures are [0, ∞).
struct Stability {
  Estimate coupling = {};  ///< ‖Y₁ − X₁‖ in L² of the common start; on the line W₂(Law Y₁, ν)
  Estimate minkowski = {};       ///< ∫ Lip(X_{s,1}) ‖δ‖_{L²(Law Y_s)} ds
  Estimate cauchy_schwarz = {};  ///< (∫ Lip(X_{s,1})² ds ∫ ‖δ‖²_{L²(Law Y_s)} ds)^½
  Estimate gronwall = {};        ///< (∫ e^{2∫_s^1 λ̃} ds ∫ ‖δ‖²_{L²(Law X_s)} ds)^½
  Estimate gronwall_uniform = {};  ///< ((e^{2C} − 1)/(2C) ∫ ‖δ‖²_{L²(Law X_s)} ds)^½, C = sup λ̃
  Estimate mixed_up = {};           ///< ∫ Lip(X_{s,1}) ‖δ‖_{L²(Law X_s)} ds: no bound
  Estimate mixed_up_gronwall = {};  ///< gronwall with λ of the exact field: no bound
  Estimate mean_square = {};        ///< ∫ ‖δ‖²_{L²(Law X_s)} ds
  double step_error = 0.0;      ///< what the coarser tolerance leaves open of any of the integrals
  double expected_error = 0.0;  ///< and of the coupling: that times sup Lip(X_{s,1})
};

struct StabilityOptions {
  double tolerance = 1e-11;  ///< of each step, for each trajectory and every integral
  int nodes = 96;            ///< of the trapezoidal rule for N(0, I), a side; even
};

/// @throws std::invalid_argument  d > 2: the noise is not integrated by a grid there
Stability stability(const StableFlow& flow,
                    const VelocityError& error,
                    const StabilityOptions& options = {});

/// Nodes z, d × n, and weights of the trapezoidal rule for N(0, I) on |z| ≤ 8.5: spectral for
/// analytic integrands.
struct NoiseRule {
  Matrix nodes = {};
  Vector weights = {};
};
NoiseRule noise_rule(Index dimension, int nodes);

/// E g(Z)², Z ~ N(0, 1), by adaptive quadrature on |z| ≤ 12, beyond which there is 4e-33 of the
/// mass: for differences g of increasing maps, to 1e-12 (1 + |g| + |z|) of their own. NaN where g
/// is not finite.
Estimate over_noise(const std::function<double(double z)>& g);

/// Where a field takes each column from t = 0 to 1.
struct ColumnFlow {
  Matrix ends = {};
  Termination termination = Termination::running;
};

/// All columns as one system of integrate(), whose norm bounds the error of each of them.
[[nodiscard]] ColumnFlow flow_columns(const BatchField& field,
                                      const Matrix& points,
                                      const EndClock& clock,
                                      double tolerance);

}  // namespace flowcheck
