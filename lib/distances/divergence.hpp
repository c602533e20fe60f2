#pragma once

#include "numerics/estimate.hpp"
#include "numerics/types.hpp"

#include <cstdint>
#include <string_view>

namespace flowcheck {

class Gaussian;
class GaussianMixture;
class LineMeasure;

/// Divergences of p from q, data first. With r = dp/dq:
enum class Divergence {
  kl,                  ///< KL(p ‖ q) = ∫ p log r
  chi_squared,         ///< χ²(p ‖ q) = ∫ (p − q)²/q = ∫ p²/q − 1
  total_variation,     ///< ½∫|p − q|, in [0, 1]
  squared_hellinger,   ///< ½∫(√p − √q)² = 1 − ∫√(pq), in [0, 1]
  jensen_shannon,      ///< ½KL(p ‖ m) + ½KL(q ‖ m), m = (p + q)/2, in [0, log 2]
  symmetric_kl,        ///< KL(p ‖ q) + KL(q ‖ p), a sum without ½
  fisher_information,  ///< I(p ‖ q) = ∫ p |∇ log r|²
};

std::string_view to_string(Divergence kind);  ///< "kl", "chi_squared", …
Divergence divergence_from_string(
    std::string_view word);  ///< @throws std::invalid_argument  not one of them

enum class DivergenceMethod {
  automatic,    ///< a closed form where there is one, quadrature for d ≤ 2, Monte Carlo beyond
  quadrature,   ///< d ≤ 2
  monte_carlo,  ///< any d
};

struct DivergenceOptions {
  DivergenceMethod method = DivergenceMethod::automatic;
  double false_alarm = 1e-6;  ///< Monte Carlo: probability that the interval misses
  Index draws = 200'000;      ///< Monte Carlo: half of them from p, half from q
  std::uint64_t seed = 1;     ///< Monte Carlo
};

/// Divergence of mixtures. What is computed, and what the Estimate is worth:
///
/// - closed_form: both are single Gaussians (not JS; TV for d = 1), or χ² against a single
/// Gaussian.
/// - converged, d = 1 and 2: adaptive Gauss–Kronrod (nested for d = 2) of integrands without
///   cancellation near p = q, e.g. p(log r + 1/r − 1) for KL. The error adds the difference of the
///   rules (31 and 15 nodes), the tails, bounded by partial Gaussian moments, and the round-off of
///   log p and log q.
/// - statistical, otherwise: see monte_carlo_divergence.hpp.
///
/// +∞ is returned on purpose: χ² where p's widest components are too wide for q's (d = 1: s_p² >
/// 2s_q², or s_p² = 2s_q² and p's outermost mean not inside q's; d > 1 where some direction decides
/// it), all but TV, Hellinger and JS where p is not absolutely continuous with respect to q. What
/// of p or q has no density is left to singular_divergence.hpp.
///
/// Cost: d = 1 and K = 10 a fraction of a millisecond; d = 2 tenths of a second (TV a second);
/// Monte Carlo O(draws · K d²).
/// @throws std::invalid_argument  the dimensions differ, quadrature is asked for in d > 2, or
/// false_alarm and draws make no sense; measures without density as singular_divergence()
Estimate divergence(Divergence kind,
                    const GaussianMixture& p,
                    const GaussianMixture& q,
                    const DivergenceOptions& options = {});

/// The same for two Gaussians: the closed forms of gaussian_divergence.hpp where there is one.
Estimate divergence(Divergence kind,
                    const Gaussian& p,
                    const Gaussian& q,
                    const DivergenceOptions& options = {});

/// Divergence of laws on the line, by adaptive quadrature on both measures' panels. Tails beyond
/// the panels are bounded by their regularity (see LinePotential), which is taken to hold for 2V_p
/// − V_q as well where χ² asks for it. +∞ where p is not absolutely continuous with respect to q,
/// where a tail diverges, and for Fisher information where p/q jumps. Where neither convergence nor
/// divergence can be seen, the upper end is +∞. A few milliseconds.
Estimate divergence(Divergence kind, const LineMeasure& p, const LineMeasure& q);

// The same by name. Those of two Gaussians are in gaussian_divergence.hpp.

Estimate kl(const GaussianMixture& p,
            const GaussianMixture& q,
            const DivergenceOptions& options = {});
Estimate chi_squared(const GaussianMixture& p,
                     const GaussianMixture& q,
                     const DivergenceOptions& options = {});
Estimate total_variation(const GaussianMixture& p,
                         const GaussianMixture& q,
                         const DivergenceOptions& options = {});
Estimate squared_hellinger(const GaussianMixture& p,
                           const GaussianMixture& q,
                           const DivergenceOptions& options = {});
Estimate jensen_shannon(const GaussianMixture& p,
                        const GaussianMixture& q,
                        const DivergenceOptions& options = {});
Estimate symmetric_kl(const GaussianMixture& p,
                      const GaussianMixture& q,
                      const DivergenceOptions& options = {});
Estimate fisher_information(const GaussianMixture& p,
                            const GaussianMixture& q,
                            const DivergenceOptions& options = {});

Estimate kl(const LineMeasure& p, const LineMeasure& q);
Estimate chi_squared(const LineMeasure& p, const LineMeasure& q);
Estimate total_variation(const LineMeasure& p, const LineMeasure& q);
Estimate squared_hellinger(const LineMeasure& p, const LineMeasure& q);
Estimate jensen_shannon(const LineMeasure& p, const LineMeasure& q);
Estimate symmetric_kl(const LineMeasure& p, const LineMeasure& q);
Estimate fisher_information(const LineMeasure& p, const LineMeasure& q);

}  // namespace flowcheck
