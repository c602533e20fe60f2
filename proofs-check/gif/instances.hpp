#pragma once

#include "claims/claim.hpp"
#include "interpolation/data_law.hpp"
#include "interpolation/schedule.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace flowcheck {

/// What the claims on interpolation flows are tried on.
enum class LawFamily {
  gaussian,            ///< d = 1 and, with variances ¼, 1 and 4 along turned axes, d = 3
  shift,               ///< N(m, I)
  two_centres,         ///< w N(−R, σ²) + (1 − w) N(R, σ²)
  mixture,             ///< three centres on the plane, six on a sphere
  general_mixture,     ///< components of different covariances
  points,              ///< pairs, a triangle, a square
  truncated_gaussian,  ///< e^{−κx²/2} on [−1, 1], and on a rectangle
  ball,                ///< uniform
  cusp,                ///< e^{±L|x₁|} N(0, I)
  tilt_mixture,        ///< Σ wᵢ N(uᵢ, I), |uᵢ| = L
  heavy,               ///< Laplace's law: log-concave, not log-Lipschitz
  gap,                 ///< uniform on two intervals: the support is not convex
};

struct NamedLaw {
  std::string name;
  LawFamily family = LawFamily::gaussian;
  DataLawPointer law = {};
};

/// The fixed instances, all of them or those of some families, in one order.
const std::vector<NamedLaw>& interpolation_laws();
std::vector<NamedLaw> interpolation_laws(const std::vector<LawFamily>& families);
const NamedLaw& interpolation_law(std::string_view name);  ///< @throws std::invalid_argument

/// Random laws: mixtures of 2 … 6 centres within 1.5 of 0 and σ in [0.3, 1.2], points likewise,
/// Gaussians of condition number up to 100 and general mixtures, d = 1 … 3; tilts of length L.
DataLawPointer random_isotropic_mixture(Rng& rng);
DataLawPointer random_points(Rng& rng);
DataLawPointer random_gaussian_data(Rng& rng);
DataLawPointer random_general_mixture(Rng& rng);
DataLawPointer random_tilt_mixture(Rng& rng);

/// Σ wₖ N(±R, σ²) on the line, the second centre of weight `right`.
DataLawPointer two_centre_data(double R, double sigma, double right = 0.5);

/// A law, and where the claims look at its flow: at every (quick: every other) time of every
/// schedule, at x = a z + b ξ for each of some pairs (z, ξ) drawn from noise and data and some far
/// out, and where the posterior covariance is largest as far as that is known.
struct FlowProblem {
  DataLawPointer law = {};
  std::vector<Schedule> schedules = checked_schedules();
  std::vector<FlowTime> times = checked_times();
  Matrix noises = {};    ///< z, one a column
  Matrix data = {};      ///< ξ, likewise
  double spread = 0.0;   ///< √E|X₁|²
  bool steepest = true;  ///< look at steepest_point() as well
};

struct FlowPoint {
  const Schedule& schedule;
  FlowTime time = {};
  ScheduleValues values = {};
  Vector x = {};

  std::string place() const;  ///< schedule and time: Bound::place
  /// |x| + a + b√E|X₁|²: what round-off is relative to, also at x = 0.
  double length(const FlowProblem& problem) const;
};

FlowProblem flow_problem(DataLawPointer law, Rng& rng, Scale scale = Scale::quick);

/// Calls f at each schedule, time and point, in one order.
void visit(const FlowProblem& problem, const std::function<void(const FlowPoint&)>& f);

/// The same for an f that adds to `bounds`, which are told their place.
void visit(const FlowProblem& problem,
           std::vector<Bound>& bounds,
           const std::function<void(const FlowPoint&)>& f);

/// Bounds from the first-th on that have no place yet get this one.
void set_place(std::vector<Bound>& bounds, std::size_t first, const std::string& place);

/// "linear, t = 0.95"; near the end "linear, t = 1 − 1e-06".
std::string place_of(const Schedule& schedule, const FlowTime& time);

/// The y at which Cov[X₁ | Z + rX₁ = y] has its largest eigenvalue: 0 for the symmetric laws of
/// interpolation_laws(), for two components of one width where their posterior weights are ½, and r
/// times its mean for one.
Vector steepest_point(const DataLaw& law, double r);

using EvaluateFlow = std::function<Outcome(const FlowProblem&)>;

/// One instance a law. Balls cost milliseconds a posterior and are looked at on one schedule.
std::vector<Instance> law_instances(const std::vector<LawFamily>& families,
                                    const EvaluateFlow& evaluate);
/// A fixed law for tight instances and controls.
Instance law_instance(std::string_view law, const EvaluateFlow& evaluate, std::string name = {});
Instance random_laws(std::string name,
                     DataLawPointer (*draw)(Rng& rng),
                     const EvaluateFlow& evaluate);

/// For Claim::on_target: the user's measure on their schedule or on all.
std::function<Outcome(const Target&)> on_flow_target(const EvaluateFlow& evaluate);

/// The safe end of a constant, or the infinity that stands for none: what is only known from
/// samples does not count.
double known_curvature_lower(const Regularity& constants);  ///< κ, −∞
double known_curvature_upper(const Regularity& constants);  ///< β, +∞
double known_half_diameter(const Regularity& constants);    ///< D, +∞
double known_log_lipschitz(const Regularity& constants);    ///< L, +∞

/// ν = N(0, σ²I) * ρ with ρ in a ball of radius R; σ = 0 where no such σ > 0 is known.
struct KnownMixture {
  double scale = 0.0;
  double radius = infinity;
};
KnownMixture known_mixture(const Regularity& constants);

/// What to say where a law is not known to have a constant: the hypothesis, or that it is left out
/// because of mixtures of different (or singular) covariances that constant is not computed.
std::string unmet_or_unknown(const DataLaw& law, const std::string& hypothesis);
/// The same of κ > 0: κ may be known from below only.
std::string no_positive_curvature(const DataLaw& law);

/// Largest |ξ| in the support of points, or of a mixture's centres; +∞ where it is neither.
double largest_centre(const DataLaw& law);

/// Largest |ξ| in the support, +∞ where it is unbounded. Bounded laws that are not points are all
/// symmetric about 0 here.
double support_radius(const DataLaw& law);

}  // namespace flowcheck
