#pragma once

#include "numerics/estimate.hpp"
#include "numerics/types.hpp"

namespace flowcheck {

// What is known of W₂(μ_n, ν_n), the distance of two independent samples of n points each of
// N(0, I_d), for d, n ≥ 1. All but the first three throw std::invalid_argument outside that.

/// The rate for every law with enough moments, W₂ itself, up to a constant [FournierGuillin2015]:
/// n^{−1/4} for d < 4, n^{−1/4} √log(1 + n) for d = 4, n^{−1/d} for d > 4.
double general_w2_rate(int dimension, double points);

/// The normal law's own rate, up to a constant [BobkovLedoux2019, Ledoux2019]:
/// √(log log n / n) for d = 1, log n / √n for d = 2, n^{−1/d} for d ≥ 3; n ≥ 3.
double normal_w2_rate(int dimension, double points);

/// The exponents in there, logarithms left out: −1/4 and −1/2, or −1/d.
double general_w2_exponent(int dimension);
double normal_w2_exponent(int dimension);

/// E W₂² on the line, d = 1, where sorted points are matched:
///
///   E W₂² = (2/n) Σᵢ Var X₍ᵢ₎,    X₍₁₎ ≤ … ≤ X₍ₙ₎ the order statistics.
///
/// Each variance by the trapezoidal rule, whose error for these densities falls exponentially in
/// 1/h; the enclosure is the change from h to h/2. Cost: some 120 densities for each i.
Estimate mean_squared_w2_on_line(Index points);

/// A proved lower bound of E W₂, the larger of two:
///
///   E |x̄ − ȳ| = (2/√n) Γ((d+1)/2) / Γ(d/2),   the distance of the means, of order n^{−1/2};
///   √(B − 2/n),  B = n d F_{d+2}(τ),  F_d(τ) = 1/n,  of order n^{−1/d},
///
/// F_d the distribution function of χ² with d degrees of freedom. B is what no n points can avoid:
/// n balls of radius r have mass at most n F_d(r²) under N(0, I), so that, W₂² being convex,
/// E W₂²(μ_n, ν_n) ≥ E W₂²(N(0, I), ν_n) ≥ ∫ (1 − n F_d(t))₊ dt = B. And Var W₂ ≤ 2/n by Poincaré's
/// inequality, W₂ being √(2/n)-Lipschitz in the 2nd coordinates.
Estimate mean_w2_floor(int dimension, Index points);

/// Half-width of an interval around the mean of `repeats` independent values of W₂ that misses E W₂
/// with probability at most `false_alarm`, whatever the law of W₂:
///
///   2 √(log(2/α) / (nR)),
///
/// Gaussian concentration of a mean that is √(2/(nR))-Lipschitz in its 2ndR coordinates.
double mean_w2_half_width(Index points, int repeats, double false_alarm);

}  // namespace flowcheck
