#pragma once

#include "measures/gaussian_mixture.hpp"

namespace flowcheck {

enum class Finiteness { finite, infinite, unknown };

/// Whether ∫ p^a q^{1−a} is finite for mixtures with densities, a > 1: it is if for every
/// component k of p some component j of q has aP_k ≻ (a − 1)Q_j (precisions), it is not if in some
/// direction one k has aP_k below (a − 1)Q_j for all j. The directions tried are the eigenvectors
/// of the differences, then in the plane 4096 angles and beyond an ascent from their sums; so
/// `unknown` is possible for d > 1 and more than one j, as it is in the limiting case of equality.
/// O(K_p K_q d³), and some 4000 times K_p K_q d² (for K_p K_q ≤ 10⁴) where the eigenvectors do not
/// decide.
Finiteness ratio_moment(const GaussianMixture& p, const GaussianMixture& q, double a);

}  // namespace flowcheck
