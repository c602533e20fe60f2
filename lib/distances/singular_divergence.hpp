#pragma once

#include "distances/divergence.hpp"
#include "measures/gaussian_mixture.hpp"
#include "measures/point_cloud.hpp"

#include <string>

namespace flowcheck {

// Divergences of measures of which one at least has no density.

/// A divergence of mixtures some of whose components are singular. Two Gaussians are absolutely
/// continuous with respect to each other on one affine support and mutually singular on two (see
/// compare_supports), so that
///
/// - no component of p shares its support with one of q: TV = H² = 1, JS = log 2, the others +∞;
/// - some component of p does not: KL, χ², symmetric KL and Fisher information are +∞;
/// - all components of both share one: the divergence of their laws in as many coordinates as tell
///   its points apart, which is the same number and exactly the same measures; Fisher information,
///   which takes lengths, only where the other coordinates are constant;
/// - both are atoms alone: the sum over them.
///
/// Components of weight zero have no support. Cost of finding out: a comparison of each component
/// with one of each support of the mixture that has fewer components; atoms are sorted.
///
/// @throws std::invalid_argument  the dimensions differ, or singular_obstacle() is not empty
Estimate singular_divergence(Divergence kind,
                             const GaussianMixture& p,
                             const GaussianMixture& q,
                             const DivergenceOptions& options = {});

/// Why singular_divergence() does not know it: supports that are equal to rounding alone, several
/// of which only some are shared, or a slanted one for Fisher information. Empty where it does, and
/// where both have densities.
std::string singular_obstacle(Divergence kind, const GaussianMixture& p, const GaussianMixture& q);

/// Divergence of discrete measures, a sum over the points of both; points are the same where all
/// coordinates are equal. Not Fisher information. Cost O(d n log n).
/// @throws std::invalid_argument  the dimensions differ, or Fisher information is asked for
Estimate divergence(Divergence kind, const PointCloud& p, const PointCloud& q);

}  // namespace flowcheck
