#pragma once

#include "measures/gaussian.hpp"
#include "measures/gaussian_mixture.hpp"
#include "measures/point_cloud.hpp"
#include "numerics/estimate.hpp"

namespace flowcheck {

/// χ²(p ‖ q) of a mixture p = Σ wᵢ N(mᵢ, Σᵢ) against a Gaussian q, in closed form and any dimension
/// (LFM, C.1). Whitened by q, so that q = N(0, I) and Σᵢ = I + Eᵢ,
///
///   χ² = Σᵢⱼ wᵢwⱼ (Jᵢⱼ − 1),   log Jᵢⱼ = −½ log det(I − EⱼEᵢ) + ½mᵢᵀGEⱼmᵢ + mᵢᵀGmⱼ + ½mⱼᵀEᵢGmⱼ
///
/// with G = (I − EⱼEᵢ)⁻¹: no term cancels as p approaches q. Where Σᵢ and Σⱼ are so narrow against
/// q that these do, log J is taken from Sᵢ + Sⱼ, S = I + E, whichever bound of the error is less.
/// +∞ exactly if some Eᵢ of positive weight has an eigenvalue ≥ 1 (2Q − Σᵢ not positive definite),
/// or no density. The enclosure is a round-off model, as in gaussian_divergence.hpp.
///
/// Cost: O(K² d³), or O(d³ + K² d) with a common covariance.
/// @throws std::invalid_argument  the dimensions differ, or q has no density
Estimate chi_squared(const GaussianMixture& p, const Gaussian& q);

/// χ²(ρ_δ ‖ N(0, I)) of ρ_δ, the Ornstein–Uhlenbeck evolution of the discrete measure P after time
/// δ, by Mehler's kernel (LFM-15): with a = e^{−2δ} and x, x′ independent draws of P,
///
///   1 + χ² = E (1 − a²)^{−d/2} exp(a x·x′/(1 + a) − a²|x − x′|²/(2(1 − a²))).
///
/// Exact up to the stated round-off in any dimension. Cost: O(n² d) for n atoms.
///
/// @param time  δ > 0; +∞ gives 0
/// @throws std::invalid_argument  δ ≤ 0 or NaN
Estimate smoothed_chi_squared(const PointCloud& P, double time);

}  // namespace flowcheck
