#pragma once

#include "proximal/jko_chain.hpp"

#include <vector>

namespace flowcheck {

/// q_n of a reverse process as stored, and how far rounding may have moved it from the law that
/// the stored chain defines, seen in the units of q_n = N(μ, Q) itself:
///
///   ‖Q^{-1/2}(Q̃ − Q)Q^{-1/2}‖ ≤ covariance_error,   |Q^{-1/2}(μ̃ − μ)| ≤ mean_error.
///
/// Both are affine invariants, so the errors of the blocks add up along the process and are not
/// amplified by it.
struct GeneratedLaw {
  Gaussian law;
  double covariance_error = 0.0;
  double mean_error = 0.0;
};

/// q_N = q, …, q_0 of reverse_process(), with their rounding. Index n is q_n.
/// @throws std::invalid_argument  an iterate has no density
std::vector<GeneratedLaw> generated_laws(const JkoChain& chain);

/// The same for other laws carried by the chain's inverse blocks, q̃_N = q first to come last.
std::vector<GeneratedLaw> with_round_off(const JkoChain& chain, const std::vector<Gaussian>& laws);

// Divergences of a Gaussian p from a generated law, their enclosures widened by what the law's
// rounding can do to them.

Estimate kl(const Gaussian& p, const GeneratedLaw& q);
Estimate squared_hellinger(const Gaussian& p, const GeneratedLaw& q);
Estimate total_variation(const Gaussian& p, const GeneratedLaw& q);  ///< d = 1
Estimate w2(const GeneratedLaw& p, const GeneratedLaw& q);

/// log(1 + χ²(p ‖ q)) = log ∫p²/q, for relative_width(p, q) ≤ 1.9; infinite from 2 on. In
/// logarithms, for χ² itself is exponentially large in |m − μ|².
/// @throws std::invalid_argument  p is wider than that
Estimate log_chi_squared(const Gaussian& p, const GeneratedLaw& q);

/// Largest eigenvalue of Q^{-1/2}ΣQ^{-1/2}.
double relative_width(const Gaussian& p, const Gaussian& q);

}  // namespace flowcheck
