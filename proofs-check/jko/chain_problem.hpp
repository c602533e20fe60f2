#pragma once

#include "jko/gaussian_problem.hpp"
#include "jko/line_problem.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace flowcheck {

struct PlaneChainProblem;
struct PlaneMeasuredChain;

/// A measure π beside one step p → p' of a chain: what the evolution inequalities compare it with.
struct Competitor {
  std::string name = {};
  Estimate value = {};         ///< G(π), as far above min G as kl says
  Estimate before = {};        ///< W₂(p, π)
  Estimate after = {};         ///< W₂(p', π)
  Estimate map_distance = {};  ///< D(π) = ‖T_p^{p'} − T_p^π‖ in L²(p)
};

/// A chain p_0, …, p_N as the claims compare it, whatever its measures are stored as. Each vector
/// is of length N + 1 and indexed by n; what belongs to the step p_{n−1} → p_n is 0 for n = 0.
struct ChainMeasures {
  std::vector<Estimate> w2 = {};             ///< W_n = W₂(p_n, q)
  std::vector<Estimate> kl = {};             ///< Δ_n = G(p_n) − min G; +∞ for an atom
  std::vector<Estimate> slope = {};          ///< √I_n; +∞ for an atom
  std::vector<Estimate> step_length = {};    ///< S_n = W₂(p_{n−1}, p_n)
  std::vector<Estimate> error = {};          ///< ε_n, measured
  std::vector<Estimate> largest_error = {};  ///< max of ε_1 … ε_n

  /// Beside the n-th step, n ≥ 1: π = q, a random one but on the plane, π = p_{n−1}. Set by a
  /// ChainProblem.
  std::function<std::vector<Competitor>(std::size_t n)> competitors = {};
};

ChainMeasures measures(const JkoChain& chain);
ChainMeasures measures(const LineJkoChain& chain);
ChainMeasures measures(const PlaneMeasuredChain& chain);

/// What a claim about chains is evaluated on, in numbers. Gaussian problems, those of the
/// line and of the plane and manufactured ones are the makers, so that a function of it takes any.
struct ChainProblem {
  ChainProblem() = default;
  ChainProblem(const GaussianProblem& problem);
  ChainProblem(const LineJkoProblem& problem);
  ChainProblem(const PlaneChainProblem& problem);

  Estimate convexity = {};      ///< λ, of either sign
  double step_size = 0.5;       ///< γ
  double error = 0.0;           ///< ε
  std::uint64_t seed = 1;       ///< for what a claim draws beyond the problem
  Estimate distance = {};       ///< W_0
  double length = 0.0;          ///< against which round-off in W₂ counts
  bool has_density = true;      ///< p_0 has one, and KL(p_0 ‖ q) < ∞
  bool has_slope = true;        ///< I(p_0 ‖ q) < ∞
  bool has_optimal_map = true;  ///< of p_0 to any π, or couplings that do as well
  int longest_chain = 250;      ///< a matter of cost
  int settled_after = 250;      ///< steps after which equalities are not told from inequalities

  std::function<ChainMeasures(const std::vector<double>& step_sizes,
                              const std::vector<double>& errors)>
      run = {};  ///< a chain of these γ_n and ε_n

  Estimate ratio() const { return step_size * convexity; }  ///< a = γλ
  bool is_strictly_convex() const { return convexity.lower > 0.0; }
  bool is_convex() const { return convexity.lower >= 0.0; }
  /// Of γ and ε, at most settled_after steps.
  ChainMeasures chain(int steps) const;
  /// The same of at most longest_chain steps, for who looks at its end alone.
  ChainMeasures whole_chain(int steps) const;
  ChainProblem exact() const;  ///< the same with ε = 0
};

using EvaluateChain = std::function<Outcome(const ChainProblem&)>;
using EvaluatePlane = std::function<Outcome(const PlaneChainProblem&)>;

/// The plane's problems, all in one draw.
Instance plane_family(const EvaluatePlane& evaluate);

/// `families` and one more.
std::vector<Instance> with(std::vector<Instance> families, Instance more);

/// gaussian_families(), line_families() and the plane's problems, each as many steps as are known
/// of it: of the plane's at most its longest chain.
std::vector<Instance> chain_families(const EvaluateChain& evaluate);
std::vector<Instance> inexact_chain_families(const EvaluateChain& evaluate);

/// The same, without the plane, for what is written once for both but needs the measures
/// themselves, or what the plane's steps say nothing about.
std::vector<Instance> chain_families(const Evaluate& gaussian, const EvaluateLine& line);
std::vector<Instance> inexact_chain_families(const Evaluate& gaussian, const EvaluateLine& line);

/// For Claim::on_target: as on_gaussian_target() where the start is Gaussian, by on_user_line()
/// where it is a mixture or points on the line, and, but in the last form, by plane_problem() where
/// it is a mixture on the plane. Where that puts a floor under the start, the name of every check
/// says so: "target, floor 1e-07"; a mixture too narrow for the plane's grid is left out.
std::function<Outcome(const Target&)> on_chain_target(const EvaluateChain& evaluate);
std::function<Outcome(const Target&)> on_chain_target(const Evaluate& gaussian,
                                                      const EvaluateLine& line,
                                                      const EvaluatePlane& plane);
std::function<Outcome(const Target&)> on_chain_target(const Evaluate& gaussian,
                                                      const EvaluateLine& line);

/// A mixture with a density on the line in units of the reference, q = N(0, 1), where steps are γ/Q
/// long.
using EvaluateLineMixture = std::function<Outcome(const GaussianMixture& start, double step_size)>;

/// For Claim::on_target: as on_gaussian_target(), and for a mixture on the line.
std::function<Outcome(const Target&)> on_line_mixture_target(const Evaluate& gaussian,
                                                             const EvaluateLineMixture& mixture);

/// The same for what needs no density, also of atoms and of points as mixtures of atoms, at most
/// most_atoms of them.
std::function<Outcome(const Target&)> on_line_law_target(const Evaluate& gaussian,
                                                         const EvaluateLineMixture& law);
inline constexpr Index most_atoms = 100;

/// For claims on the Fokker–Planck flow and on steps: of a start that is not Gaussian what both
/// say, the part "flow" or "steps" being left out where only the other one applies.
std::function<Outcome(const Target&)> on_flow_and_steps(
    const std::function<Outcome(const Target&)>& flow,
    const std::function<Outcome(const Target&)>& steps);

}  // namespace flowcheck
