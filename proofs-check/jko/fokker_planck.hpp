#pragma once

#include "jko/gaussian_problem.hpp"

namespace flowcheck {

/// ρ_t of the Fokker–Planck flow towards q, as it is stored, and how far rounding has put it from
/// the true law. What is measured of it carries that distance, so the enclosures are of the flow.
struct FokkerPlanckLaw {
  Gaussian law;           ///< ρ_t
  Gaussian target;        ///< q
  double rounding = 0.0;  ///< W₂(stored ρ_t, true ρ_t) is at most this

  Estimate w2_to(const Gaussian& other) const;         ///< W₂(ρ_t, other)
  Estimate w2_to(const FokkerPlanckLaw& other) const;  ///< the same with the other's rounding
  Estimate kl() const;                                 ///< KL(ρ_t ‖ q)
  Estimate fisher_norm() const;                        ///< √I(ρ_t ‖ q)
};

FokkerPlanckLaw fokker_planck_law(const Gaussian& start, const Gaussian& target, double time);

/// Round-off of the step p_{n−1} → p_n of an exact chain, in W₂. A step whose first-order error is
/// ε is at most γε from the exact one, and ε is measured. From a p_{n−1} without density ε is known
/// to √u only, though the closed form inverts nothing: there it is the size of p_n times κ(q).
double step_rounding(const JkoChain& chain, int n);

}  // namespace flowcheck
