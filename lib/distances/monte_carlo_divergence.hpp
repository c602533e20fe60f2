#pragma once

#include "distances/divergence.hpp"

namespace flowcheck {

struct MonteCarloDivergence {
  Estimate estimate = 0.0;     ///< statistical
  double largest_share = 0.0;  ///< of the sum, by one draw or pair: near 1 nothing was averaged
  double kurtosis = 0.0;  ///< of the terms, centred fourth moment over variance²; 3 for normal
  bool finite_sample = false;  ///< the interval holds at this n, not in the limit
};

/// Divergence of two mixtures in any dimension from exact log densities. Terms are averaged over
/// pairs x ~ p, y ~ q, that is under m = (p + q)/2:
///
///   D = E_m f(log r),  e.g. f = (p log r − p + q)/m for KL, |p − q|/(2m) for TV.
///
/// They are nonnegative, vanish to second order (TV: first) as p approaches q, and the weights p/m,
/// q/m ≤ 2 leave no tail but that of log r; the plain mean of log r under p has none of this.
///
/// Where terms are bounded, components too rare to be drawn are inside the interval. Where they are
/// not, draws are stratified: a quarter of them is spread evenly over p's and q's components, the
/// rest by weight, and the components' means are added up by weight. What is rare within one
/// component, and large, can still be missed.
///
/// Intervals at level 1 − false_alarm:
/// - TV, Hellinger, JS: terms in [0, 1], [0, 1], [0, log 2], so Maurer and Pontil's empirical
///   Bernstein bound holds at every n (finite_sample).
/// - KL, symmetric KL, Fisher information: Student's over the strata, with Welch and
/// Satterthwaite's
///   degrees of freedom, as good as the central limit is at that n; largest_share and kurtosis say
///   how good to expect. A kurtosis far above √n means: not at 1e-6. With fewer than four draws a
///   component only a lower bound, upper = +∞.
/// - χ²: the same if the terms' variance is known to be finite (3P_k − 2Q_j ≻ 0 for every k and
///   some j); otherwise only a lower bound, empirical Bernstein on terms cut at √n, and upper = +∞.
///
/// The same bytes on any number of threads: draws come in blocks, each from its own stream.
/// @throws std::invalid_argument  as divergence(); draws < 200
[[nodiscard]] MonteCarloDivergence monte_carlo_divergence(Divergence kind,
                                                          const GaussianMixture& p,
                                                          const GaussianMixture& q,
                                                          const DivergenceOptions& options = {});

}  // namespace flowcheck
