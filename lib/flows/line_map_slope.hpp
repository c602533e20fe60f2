#pragma once

#include "flows/reference_flow.hpp"
#include "measures/line_measure.hpp"

namespace flowcheck {

class GaussianMixture;

/// The largest slope p_s(x)/p_t(X) of the increasing map X = F_t⁻¹∘F_s of a mixture on the line,
/// from above, by branch and bound over x. On a cell [x₀, x₁], whose image is [X(x₀), X(x₁)], every
/// component's density is extreme at the places nearest to its mean and farthest from it; beyond
/// the last cells Mills's ratio of the widest component bounds the tails. A bound up to rounding.
/// Derivation: docs/derivations/flow_map_stretch.md.
///
/// Cost O(K) a cell, until the bound is within 1e-3 of `seen`, a slope that occurs, but at
/// most 20 000 cells and 4e6/K.
/// @throws std::invalid_argument  d ≠ 1, or p_t has no density
double line_slope_above(const GaussianMixture& p,
                        const NoiseLevel& from,
                        const NoiseLevel& to,
                        double seen);

/// The law of bX₁ + aZ on the line.
LineMeasure line_law_at(const GaussianMixture& p, const NoiseLevel& level);

}  // namespace flowcheck
