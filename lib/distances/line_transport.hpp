#pragma once

#include "distances/transport.hpp"
#include "distances/transport_bracket.hpp"

#include <vector>

namespace flowcheck {

/// Copies `count` values in increasing order; n log n at worst, about n where they are spread like
/// a density: they are dealt to cells of equal width twice, and what is left is nearly sorted.
///
/// @param scratch  anything; room that is used again by the next call
void sort_values(const double* values,
                 Index count,
                 std::vector<double>& sorted,
                 std::vector<double>& scratch);

/// W₂² = ∫₀¹ (F⁻¹ − G⁻¹)² of two measures on the line, certified. Needs no plan and no potentials:
/// that the increasing coupling is optimal is a theorem.
TransportBracket line_bracket(const PointCloud& p, const PointCloud& q);

/// The same with the plan, and with potentials read off it.
TransportResult line_transport(const PointCloud& p, const PointCloud& q);

}  // namespace flowcheck
