#pragma once

#include "proximal/first_order_error.hpp"

#include <cstddef>
#include <vector>

namespace flowcheck {

/// A run of JKO steps.
struct JkoChainOptions {
  std::vector<double> step_sizes = {};  ///< γ_1 … γ_N, each positive
  double error = 0.0;                   ///< ε of every step
  ErrorField field = ErrorField::adversarial;
  std::uint64_t seed = 1;           ///< of the random fields; step n uses stream n
  std::vector<double> errors = {};  ///< ε of each step in place of `error`; empty: all the same

  double error_of(std::size_t step) const;  ///< counted from 0
};

/// p_0, …, p_N and what was measured of them. Every quantity is an Estimate of the *stored*
/// iterates, and ε is measured on them, so an inequality in terms of ε needs no allowance for the
/// rounding of the steps themselves.
struct JkoChain {
  Gaussian target;
  std::vector<double> step_sizes;
  std::vector<Gaussian> iterates;  ///< N + 1

  int steps() const { return static_cast<int>(step_sizes.size()); }
  double step_size(int n) const;            ///< γ of the step p_{n−1} → p_n, n = 1 … N
  const Gaussian& operator[](int n) const;  ///< p_n

  Estimate w2_to_target(int n) const;   ///< W_n = W₂(p_n, q)
  Estimate kl_to_target(int n) const;   ///< Δ_n = KL(p_n ‖ q)
  Estimate fisher_norm(int n) const;    ///< √I_n
  Estimate step_length(int n) const;    ///< S_n = W₂(p_{n−1}, p_n), n ≥ 1
  Estimate error(int n) const;          ///< ε_n of the step p_{n−1} → p_n, measured, n ≥ 1
  Estimate largest_error(int n) const;  ///< max of ε_1 … ε_n; 0 for n = 0
};

/// N exact or inexact steps with constant or variable step sizes.
/// @throws std::invalid_argument  as inexact_jko_step()
JkoChain jko_chain(const Gaussian& start, const Gaussian& target, const JkoChainOptions& options);

/// `count` equal step sizes.
std::vector<double> constant_steps(double step_size, int count);

/// F_n, the optimal map p_{n−1} → p_n of each step, an invertible affine block.
/// @throws std::invalid_argument  an iterate has no density
std::vector<AffineMap> forward_blocks(const JkoChain& chain);

/// The reverse process q_N = q, q_{n−1} = (F_n⁻¹)_# q_n; q_0 is the generated law.
std::vector<Gaussian> reverse_process(const JkoChain& chain);

/// The same with inexact inverses S_n(y) = F_n⁻¹(y + b_n), ‖F_n∘S_n − Id‖ = |b_n| = inversion_error
/// everywhere, b_n in the direction that F_n⁻¹ stretches most.
std::vector<Gaussian> inexact_reverse_process(const JkoChain& chain, double inversion_error);

}  // namespace flowcheck
