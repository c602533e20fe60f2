#pragma once

#include "flows/reference_flow.hpp"
#include "gif/instances.hpp"
#include "measures/line_measure.hpp"

#include <functional>
#include <string>
#include <vector>

namespace flowcheck {

/// X_{s,t}(x) with its Jacobian, and how far off they may be: what a hundredth of the step
/// tolerance changes, and rounding.
struct EnclosedMap {
  Vector end = {};
  Matrix jacobian = {};
  double end_error = 0.0;       ///< 2-norm
  double jacobian_error = 0.0;  ///< operator norm
  double expected_error = 0.0;  ///< of the end: the coarser tolerance, stretched as the flow does

  /// The flow has not stretched its errors beyond a claim's digits. Between points it stretches by
  /// e^{D²r²/2} where their weights are equal: nothing there can be compared.
  bool has_digits() const;
  Estimate largest() const;  ///< ‖∇X_{s,t}‖
  Estimate least() const;    ///< σ_min(∇X_{s,t}), not below 0
  Estimate entry(Index i) const;
};

inline constexpr const char* without_digits_left =
    "left out: the flow stretches its errors beyond its digits, or its steps do not arrive";

/// The flow maps of one law, by the reference flow; infinite errors where it leaves the doubles.
/// @throws std::runtime_error  a trajectory that does not arrive for another reason
class FlowMaps {
 public:
  explicit FlowMaps(const DataLawPointer& law, double tolerance = 1e-12)
      : fields_(clock_fields(law)), tolerance_(tolerance) {}

  bool reaches_data() const { return static_cast<bool>(fields_.noise_mean); }
  EnclosedMap operator()(const NoiseLevel& from, const NoiseLevel& to, const Vector& x) const;

 private:
  ClockFields fields_;
  double tolerance_;
};

inline constexpr NoiseLevel pure_noise{.noise = 1.0, .data_scale = 0.0};
inline constexpr NoiseLevel pure_data{.noise = 0.0, .data_scale = 1.0};

NoiseLevel level(const ScheduleValues& values);

/// b/a, +∞ at data.
double signal_to_noise(const NoiseLevel& level);

/// Where the claims on flow maps look: from s to t on a schedule, at x.
struct FlowStretch {
  NoiseLevel from = {};
  NoiseLevel to = {};
  Vector x = {};
};

/// (s, t) = (0, .3), (0, .9), (.2, .6), (.5, .95) and, for laws that reach it, (0, 1); from the
/// steepest point and from a z + b ξ. At quick scale on the first schedule, and one stretch of the
/// variance-exploding one. What f adds to `bounds` is told its place.
void visit_flows(const FlowProblem& problem,
                 bool to_data,
                 std::vector<Bound>& bounds,
                 const std::function<void(const FlowStretch&)>& f);

/// largest() ≤ e^{log_bound} (or least() ≥), in one part, wherever visit_flows() looks; stretches
/// without a finite bound are passed over, and without digits left out. None at all: the hypothesis
/// fails.
using LogMapBound = std::function<Estimate(const NoiseLevel& from, const NoiseLevel& to)>;
std::vector<Bound> stretch_below(const FlowProblem& problem,
                                 const LogMapBound& log_bound,
                                 const std::string& part = {});
std::vector<Bound> stretch_above(const FlowProblem& problem,
                                 const LogMapBound& log_bound,
                                 const std::string& part = {});

/// What two runs at tolerances a hundredfold apart leave open of an end of this size, where both
/// took the same steps: their distance says nothing then, and each step may err by its tolerance.
double unseen_error(int fine_steps, int coarse_steps, double fine_tolerance, double size);

/// Of two runs of integrate(), the second at a hundredfold tolerance: the end with their distance,
/// `rounding` and unseen_error() as its error; infinite unless both converged.
EnclosedMap enclosed_end(const FlowResult& fine,
                         const FlowResult& coarse,
                         double fine_tolerance,
                         double size,
                         double rounding);

/// Where in [0, 1] an increasing r ≥ 0 reaches a value > 0, to the last digits: 0 where it starts
/// above, 1 where it stays below.
double time_of(const std::function<double(double)>& r, double value);
double time_of(const Schedule& schedule, double value);  ///< of its r = b/a

/// integrate() from s to t in legs that meet where components part: of a mixture wherever r = b/a
/// grows fourfold between 1/(4 max|mᵢ − mⱼ|) and 64/min|mᵢ − mⱼ|, of another law at r = 1/√E|X₁ −
/// EX₁|². A schedule that rests at its start, ȧ₀ = ḃ₀ = 0, hides that change from a step across all
/// of it: the velocity is zero at one end and that of one component at every other stage, which is
/// one smooth curve.
/// @param r  b/a at a time of the field
FlowResult integrate_in_legs(const DataLaw& law,
                             const std::function<double(double)>& r,
                             const VelocityField& field,
                             const Vector& x,
                             double s,
                             double t,
                             const FlowOptions& options);

/// One stretch, from noise to data: for tight instances and controls.
Bound map_below(const DataLawPointer& law, const Vector& x, const Estimate& bound);

/// The exact map of the line from N(0, 1) to p, and its slope φ(z)/p(T(z)): the table's errors, and
/// what the map's own error does to the density.
Estimate exact_map(const LineMeasure& p, double z);
Estimate exact_slope(const LineMeasure& p, double z);

/// An instance drawn once.
Instance flow_instance(std::string name, std::function<Outcome()> evaluate);

/// on_flow_target() up to d = 16: Jacobians of trajectories are d × d.
std::function<Outcome(const Target&)> on_flow_map_target(const EvaluateFlow& evaluate);

}  // namespace flowcheck
