#pragma once

#include "proximal/jko_chain.hpp"
#include "proximal/line_jko_step.hpp"

#include <vector>

namespace flowcheck {

/// T_0, …, T_N on the line and what was measured of them, each an Estimate of the stored discrete
/// iterates whose enclosure is for round-off; richardson() of two grids gives the continuum.
struct LineJkoChain {
  LineFunctional functional;
  LineMap target;                  ///< T_{q,h}, the discrete minimiser
  std::vector<double> step_sizes;  ///< γ_1 … γ_N
  std::vector<LineMap> iterates;   ///< N + 1
  std::vector<Estimate> errors;    ///< ε_1 … ε_N, measured

  int steps() const { return static_cast<int>(step_sizes.size()); }
  double step_size(int n) const;           ///< γ of the step T_{n−1} → T_n, n = 1 … N
  const LineMap& operator[](int n) const;  ///< T_n

  Estimate objective(int n) const;      ///< G_h(T_n)
  Estimate gap(int n) const;            ///< Δ_n = G_h(T_n) − min G_h
  Estimate w2_to_target(int n) const;   ///< W_n = W₂(p_n, q_h)
  Estimate slope(int n) const;          ///< √I_n
  Estimate step_length(int n) const;    ///< S_n = W₂(p_{n−1}, p_n), n ≥ 1
  Estimate error(int n) const;          ///< ε_n, n ≥ 1
  Estimate largest_error(int n) const;  ///< max of ε_1 … ε_n; 0 for n = 0
};

/// N exact or inexact steps, constant or variable.
/// @throws std::invalid_argument  as line_minimiser(), line_jko_step(); or a step did not converge
LineJkoChain line_jko_chain(const LineMap& start,
                            const LineFunctional& G,
                            const JkoChainOptions& options);

/// The same with `target` known beforehand, of an earlier chain or where G need not be convex: then
/// any T_q, and gap() is G_h(T_n) − G_h(T_q).
LineJkoChain line_jko_chain(const LineMap& start,
                            const LineFunctional& G,
                            const LineMap& target,
                            const JkoChainOptions& options);

}  // namespace flowcheck
