#pragma once

#include "proximal/line_jko_chain.hpp"

#include <vector>

namespace flowcheck {

/// An increasing, piecewise linear map of ℝ onto itself, F(xᵢ) = yᵢ, beyond the end nodes with the
/// slopes of the end pieces: what carries one measure on a grid to another,
///
///   F = T_to ∘ T_from⁻¹,    xᵢ = T_from(zᵢ),  yᵢ = T_to(zᵢ),    F′ = dᵢ(to)/dᵢ(from).
class LineBlock {
 public:
  /// @throws std::invalid_argument  the grids differ, or one of the two has an atom
  LineBlock(const LineMap& from, const LineMap& to);

  double operator()(double x) const;
  double slope(double x) const;  ///< F′(x), at a node that of the piece to its right
  LineBlock inverse() const;

  /// F_# p: F at every node's value.
  LineMap operator()(const LineMap& p) const;

  /// sup F′ on [lower, upper].
  Estimate lipschitz(double lower, double upper) const;
  /// sup F′ where |z| ≤ reach. The slope of a piece is a mean of the slope of the map that the grid
  /// stands for: a lower bound of that map's Lipschitz constant, up to what the grid gets wrong.
  Estimate lipschitz_on_nodes(double reach) const;

 private:
  LineBlock(LineMap from, LineMap to, Vector slopes);
  Index piece(double x) const;

  LineMap from_;
  LineMap to_;
  Vector slopes_;
};

/// F_n, the block p_{n−1} → p_n of each step, n = 1 … N.
std::vector<LineBlock> forward_blocks(const LineJkoChain& chain);

/// The reverse process q_N = T_{q,h}, q_{n−1} = (F_n⁻¹)_# q_n; q_0 is the generated law.
std::vector<LineMap> reverse_process(const LineJkoChain& chain);

/// The same from q = e^{−V}/Z itself, by the densities that a change of variables gives,
///
///   log q_n(x) = −V(y) − log Z + Σ_{k>n} log F_k′,    y = F_N∘…∘F_{n+1}(x),
///
/// against p_n, the law of T_n with linear pieces. Blocks being bijections, no divergence of p_n
/// from q_n depends on n. Integrals run over the pieces of p_n, beyond |z| = Z over as many of that
/// width as reach to Z + 4, by Gauss's rule with five nodes, the difference to that with three
/// being the error.
class LineReverseDensity {
 public:
  /// @throws std::invalid_argument  the chain's functional is not a relative entropy, or as
  /// LineBlock
  explicit LineReverseDensity(LineJkoChain chain);

  double log_density(int n, double x) const;  ///< log q_n(x)
  Estimate kl(int n) const;                   ///< KL(p_n ‖ q_n)
  Estimate reverse_kl(int n) const;           ///< KL(q_n ‖ p_n)
  Estimate total_variation(int n) const;      ///< ½∫|p_n − q_n|

 private:
  template <class Term>
  Estimate expectation(int n, const Term& term) const;

  LineJkoChain chain_;
  std::vector<LineBlock> blocks_;
};

/// What an inexact inverse S_n(y) = F_n⁻¹(y + b(y)) gets wrong.
enum class InversionError {
  shift,     ///< b constant
  wave,      ///< b a wave in z, of two periods where q̃_n has its mass
  rounding,  ///< y + b(y) on a lattice: S_n is not invertible
};

/// The reverse process with inexact inverses, q̃_N = T_{q,h}, q̃_{n−1} = (S_n)_# q̃_n, next to the
/// exact one. Everything is of the discrete measures, whose blocks have Lipschitz constants on what
/// is visited, so that e_n = W₂(q_n, q̃_n) obeys e_{n−1} ≤ L_n(e_n + ε_n) to round-off.
struct LineInversion {
  std::vector<LineMap> exact = {};    ///< q_n
  std::vector<LineMap> inexact = {};  ///< q̃_n
  std::vector<Estimate> errors = {};  ///< ε_n = ‖F_n∘S_n − Id‖ in L²(q̃_n); index 0 unused
  std::vector<Estimate> lipschitz = {};  ///< L_n of F_n⁻¹ between the outermost points visited

  Estimate distance(std::size_t n) const;  ///< e_n
  Estimate bound() const;                  ///< Σ_k ε_k Π_{j≤k} L_j ≥ e_0
};

/// @param error  ‖b‖ in L²(q̃_n) for a shift and a wave; √12 times smaller than the lattice
/// @throws std::invalid_argument  error ≤ 0, or a wave so large that S_n is not monotone
LineInversion inexact_reverse_process(const LineJkoChain& chain,
                                      double error,
                                      InversionError kind = InversionError::shift);

}  // namespace flowcheck
