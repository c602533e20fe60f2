#pragma once

#include <vector>

namespace flowcheck {

// Step sizes γ_n of the Ornstein–Uhlenbeck blocks, n = 1 … N.

/// γ_n = c ρ^{n−1}. @throws std::invalid_argument  c ≤ 0, ρ ≤ 0 or N < 0
std::vector<double> exponential_steps(double first, double ratio, int count);

/// γ_n = −½ log(1 − β_n), β_n = 1 − ᾱ_n/ᾱ_{n−1} but at most 0.999,
/// ᾱ_n = cos²((n/N + s)/(1 + s) · π/2)/cos²(s/(1 + s) · π/2).
/// @throws std::invalid_argument  N < 1, or s not positive
std::vector<double> cosine_steps(int count, double offset = 0.008);

/// γ_n = −½ log(1 − β_n), β_n in equal steps from 0.1/N to min(0.99N, 20)/N.
/// @throws std::invalid_argument  N < 2
std::vector<double> linear_steps(int count);

/// ᾱ_n = e^{−2(γ_1 + … + γ_n)}: what is left of the data's second moment after n blocks.
std::vector<double> remaining_signal(const std::vector<double>& step_sizes);

/// ᾱ_n/(1 − ᾱ_n), +∞ where no noise has been added. The denominator by expm1.
std::vector<double> signal_to_noise(const std::vector<double>& step_sizes);

}  // namespace flowcheck
