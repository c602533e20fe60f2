#pragma once

#include "learning/block_errors.hpp"
#include "measures/gaussian_mixture.hpp"

#include <vector>

namespace flowcheck {

/// One block from a mixture p_{n−1} whose learned laws are mixtures too: the exact path carried by
/// the flow F_t of the error's own field around the path's mean m_t. In coordinates x − m_t,
///
///   F_t x = a x + d,    a = e^{ec₁t},    d = e c₀ u (e^{ec₁t} − 1)/(ec₁),
///   ρ̂_t = (F_t)_# ρ_t,    v̂_t(x) = e(c₀u + c₁x) + a v_t(F_t⁻¹x),    ŝ(x) = s(F_t⁻¹x)/a,
///
/// by the chain rule along F_t X_t. Where ρ_t is Gaussian of a constant variance, or c₀ = 0, that
/// is gaussian_block()'s field. The integrals over ρ_t are sums over its components, each on a
/// trapezoidal grid as wide as ρ³/ρ̂² there and as fine as the narrowest component asks for, ten
/// Gauss nodes in time on panels graded by the least variance; nodes and panels are doubled until
/// the sums move by a relative 1e-10, or to a limit; what both doublings change is the error. S_n
/// is finite iff a² > 2/3 at t = 1, the growth of χ² iff a² > 1/2.
///
/// Grades: converged; closed_form against q. Cost: K² times 1e5 exponentials in d = 1, 1e7 in d
/// = 2.
struct MixtureBlock : BlockErrors {
  GaussianMixture start;  ///< p_{n−1}
  GaussianMixture exact;  ///< p_n* = ρ_1
  GaussianMixture end;    ///< p_n = ρ̂_1
};

/// @throws std::invalid_argument  d > 2, no density, γ < 0 or NaN, or an error that is not finite
MixtureBlock mixture_block(const GaussianMixture& start, const BlockOptions& options);

/// @throws std::invalid_argument  no blocks, or as mixture_block()
BlockChain mixture_chain(const GaussianMixture& start, const std::vector<BlockOptions>& blocks);

}  // namespace flowcheck
