#pragma once

#include "claims/claim.hpp"
#include "gif/flow_map.hpp"
#include "learning/block_path.hpp"
#include "measures/gaussian_mixture.hpp"

namespace flowcheck {

/// T_n or its inverse at a point, with the divergence met on the way. Errors: what a hundredth of
/// the step tolerance changes, and rounding; infinite where the flow does not arrive.
struct EnclosedBlockMap {
  EnclosedMap map = {};
  Estimate divergence_integral = 0.0;  ///< ∫ div v(x_t, t) dt
};

EnclosedBlockMap enclosed_block_map(const TangentField& field,
                                    double t0,
                                    double t1,
                                    const Vector& x);

/// Along a chain of blocks, each from where the one before arrives.
struct Passage {
  Vector end = {};
  double end_error = 0.0;
  Estimate divergence = 0.0;  ///< Σ∫ div v
  bool has_digits = true;     ///< false: nothing else is worth anything
};

/// Through one more block, from its time 0 to 1.
void pass(const TangentField& field, Passage& passage);

/// log p(x), x known to `error`: the exponent's slope and the terms' rounding.
Estimate log_density(const GaussianMixture& p, const Vector& x, double error);

/// Σ wₖ N(mₖ, σ²I) with 2 … 4 centres within about 1.5 of 0 and σ in [0.4, 1].
GaussianMixture random_isotropic_bed(Rng& rng, Index dimension);

/// Components of different widths, on the line and beyond.
GaussianMixture random_bed(Rng& rng, Index dimension);

/// For Claim::on_target: the user's Gaussian or mixture with a density, d ≤ 16 and at most 64
/// components, in units of the reference.
std::function<Outcome(const Target&)> on_mixture_target(
    const std::function<Outcome(const GaussianMixture& data, const Target& target)>& evaluate);

}  // namespace flowcheck
