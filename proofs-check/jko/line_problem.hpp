#pragma once

#include "claims/claim.hpp"
#include "measures/line_measure.hpp"
#include "proximal/line_jko_chain.hpp"

#include <cstdint>
#include <functional>
#include <vector>

namespace flowcheck {

/// A target q = e^{−V}/Z on the line, and V as the steps want it.
struct LineLaw {
  LineMeasure measure;
  LineEnergy energy;
};

// The dossier's laws, by their names in it.
const LineLaw& law_q1();              ///< V = x²/2, λ = 1
const LineLaw& law_q2();              ///< V = x²/2 + x⁴/4, λ = 1
const LineLaw& law_q3();              ///< V = x²/4 + ½ log 2cosh 2x, λ = ½
const LineLaw& law_q4();              ///< V = log 2cosh x, λ = 0
const LineLaw& law_q5();              ///< V = x⁴/4, λ = 0
const LineLaw& law_nc2();             ///< V = (x² − 4)²/4, λ = −4
LineLaw law_nc1(double b, double k);  ///< V = x²/2 + b cos kx, λ = 1 − |b|k²

/// .4 N(−1.5, .7²) + .6 N(1.2, .6²), the dossier's data.
const LineMeasure& mixture_data();

/// ½δ_{−2} + ½δ_2, the atoms A1.
LineMap two_atoms(const LineGrid& grid);

LineMap translated(const LineMap& p, double shift);

/// What a JKO claim is evaluated on where the measures are laws of the line: as a GaussianProblem.
/// The steps minimise a discrete G_h that is exactly λ-convex, so what is claimed of G holds of it
/// with no discretisation error.
struct LineJkoProblem {
  LineMap start;
  LineFunctional objective;
  LineMap target;          ///< argmin G_h; where G need not be convex, the map of q
  double step_size = 0.5;  ///< γ
  double error = 0.0;      ///< ε
  ErrorField field = ErrorField::adversarial;
  std::uint64_t seed = 1;
  bool has_slope = true;  ///< I(p_0 ‖ q) < ∞, which no grid tells: its own slope is always finite

  Estimate convexity() const { return objective.convexity(); }  ///< λ
  Estimate distance() const;                                    ///< W_0 = W₂(p_0, q)
  double length() const;  ///< √Var p_0 + √Var q + |m − μ|: the size against which round-off counts
  LineJkoChain chain(const std::vector<double>& step_sizes,
                     const std::vector<double>& errors) const;
  LineJkoChain chain(int steps) const;  ///< of γ and ε
  LineJkoProblem exact() const;         ///< the same with ε = 0
};

LineJkoProblem line_problem(const LineLaw& q, const LineMap& start, double step_size);

/// What the stored T_q, a minimiser to rounding, may be off in W₂; 0 for λ ≤ 0, where the claims
/// are true for every π in place of q.
double target_error(const LineFunctional& G, const LineMap& target);

using EvaluateLine = std::function<Outcome(const LineJkoProblem&)>;

/// The families of the line, 401 points and 801 from standard scale on; γ log-uniform in [0.05, 2],
/// ε ∈ {0} ∪ [0.003, 0.3] with every field:
///
///   line, λ > 0               q of Q1, Q2, Q3 or NC1 with |b|k² < 0.8; p_0 the dossier's mixture
///   or
///                             a random one, a translate of q, a wide normal
///   line, λ > 0, rough start  p_0 an atom, two, or uniform
///   line, λ = 0               q of Q4 or Q5, any p_0
///   line, λ < 0               q of NC1 or NC2, 1 + γλ ≥ 0.2, p_0 not wide
std::vector<Instance> line_families(const EvaluateLine& evaluate);

/// The user's problem on a grid of `points`: a start that is a mixture or points, d = 1, and
/// adversarial errors.
/// @throws std::invalid_argument  as line_map(), or another dimension
LineJkoProblem line_problem(const Target& target, Index points = 801);

/// What is claimed of the user's problem.
///
/// A mixture's steps are seen through their quantiles on 401, 801 and 1601 points: of each part
/// both sides are their richardson() limits, `converged`, so that what the grids get wrong of the
/// mixture is in their enclosures. Where these overlap, and of identities, it is the limit of the
/// sides' difference against 0: much of the error is common to both. Points and atoms have
/// quantiles that jump between the nodes, by which no grid tells another's error: what is checked
/// is the law of 801 of them, with which p_0 agrees to half a cell's mass at each atom, and the
/// parts say so.
/// @throws std::invalid_argument  as line_problem(); std::runtime_error: the grids disagree on how
/// many steps there are
Outcome on_user_line(const Target& target, const EvaluateLine& evaluate);

/// One draw of an increasing map m + sz + c tanh kz: a law with one mode or two.
LineMap draw_line_map(Rng& rng, const LineGrid& grid);

}  // namespace flowcheck
