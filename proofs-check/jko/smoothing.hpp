#pragma once

#include "jko/gaussian_problem.hpp"

namespace flowcheck {

// Data without a density are smoothed for a short time δ first:
//
//   ρ_δ = law(e^{−δ}X + √(1 − e^{−2δ})Z),    X ~ P, Z ~ N(0, I) independent,
//
// the Ornstein–Uhlenbeck law towards N(0, I). Its distances come with the rounding of ρ_δ itself.

Gaussian smoothed(const Gaussian& P, double delta);

Estimate smoothing_distance(const Gaussian& P, double delta);    ///< W₂(P, ρ_δ)
Estimate smoothed_w2_to_noise(const Gaussian& P, double delta);  ///< W₂(ρ_δ, N(0, I))
Estimate smoothed_kl_to_noise(const Gaussian& P, double delta);  ///< KL(ρ_δ ‖ N(0, I))

bool is_standard(const Gaussian& q);  ///< q = N(0, I), exactly

/// The same start with target N(0, I).
GaussianProblem towards_standard(const GaussianProblem& problem);

}  // namespace flowcheck
