#pragma once

#include "claims/claim.hpp"
#include "jko/chain_problem.hpp"
#include "proximal/manufactured_chain.hpp"

#include <functional>

namespace flowcheck {

/// What a JKO claim is evaluated on where the steps are made backwards from their last law, with
/// neither Gaussians nor a transport problem: d ≥ 2, and any law with a density.
struct ManufacturedProblem {
  GaussianMixture last;
  SeriesPotential V;
  double step_size = 0.1;       ///< γ
  double relative_error = 0.0;  ///< ξ_n = relative_error · ∇log(p_n/q)

  ManufacturedChain chain(int steps) const;
  ManufacturedProblem exact() const;  ///< the same with ξ = 0
};

/// Its chains have no W_n: a claim that reads one ends in a numerical failure.
ChainProblem chain_problem(const ManufacturedProblem& problem, int longest_chain);

ChainMeasures measures(const ManufacturedChain& chain);

using EvaluateManufactured = std::function<Outcome(const ManufacturedProblem&, int longest_chain)>;

/// M1, the dossier's three modes on the plane: means (1, ½), (−1.2, 0), (0, −1), weights .5, .3,
/// .2, common σ ∈ {.8, 1, 1.3}; V = |x|²/2 + c(x⁴ + y⁴)/4 with c ∈ {0, ¼, 1}; γ ∈ {.05, .15}; exact
/// and inexact. Eighteen cases in a draw, of one step, or of two where c = 0; two cases of one step
/// at quick scale. Where DT_n is not positive definite γ is halved.
Instance manufactured_family(const EvaluateManufactured& evaluate);
Instance manufactured_family(const EvaluateChain& evaluate);

}  // namespace flowcheck
