#pragma once

#include "jko/line_problem.hpp"
#include "measures/gaussian_mixture.hpp"
#include "numerics/rng.hpp"
#include "proximal/line_jko_chain.hpp"

namespace flowcheck {

/// Where the claims on the line are tried: what is true of the discrete objects is so on any grid.
const LineGrid& claim_grid();

/// KL(· ‖ q) for q of Q1 … Q5, of which the last two are convex and no more, and for V = log(2 cosh
/// x)/10, nearly flat.
const LineFunctional& line_target(int k);  ///< k = 0 … 5

inline constexpr int nearly_flat = 5;

/// e^{−V}/Z itself.
const LineMeasure& line_law(int k);

/// Data of any kind: a mixture of two, two or three atoms, a law with the tails of sinh z, a
/// narrow or wide Gaussian.
LineMap draw_line_data(Rng& rng, const LineGrid& grid);

/// Two components whose modes overlap, so that the map is smooth and the grid's order is 2.
LineMeasure draw_overlapping_mixture(Rng& rng);

/// K Gaussians on the line, overlapping or not.
GaussianMixture draw_mixture(Rng& rng, Index components);

/// ∫ₛᵗ I(ρ_τ ‖ q) dτ along the flow towards q = N(0, 1) from a law on the line that need not be
/// Gaussian, nor have a density where s > 0.
Estimate dissipation(const GaussianMixture& start, double s, double t);

/// ε of log-uniform size in [0.01, 1] and any kind of field.
JkoChainOptions draw_inexact_steps(Rng& rng, double step_size, int steps);

/// A step that has to be answered. @throws std::invalid_argument  it did not converge
LineJkoResult answered_line_step(const LineMap& current, const LineFunctional& G, double step_size);

/// W₂ of two exact steps, from the stored ones.
Estimate w2(const LineJkoResult& a, const LineJkoResult& b);

}  // namespace flowcheck
