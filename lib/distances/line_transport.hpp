#pragma once

#include "distances/transport.hpp"
#include "distances/transport_bracket.hpp"

#include <vector>

namespace flowcheck {

/// In place, increasing; n log n at worst, about n where the values are spread like a density: they
/// are dealt to cells of equal width twice, and what is left is nearly sorted.
void sort_values(std::vector<double>& values);

/// W₂² = ∫₀¹ (F⁻¹ − G⁻¹)² of two measures on the line, certified. Needs no plan and no potentials:
/// that the increasing coupling is optimal is a theorem.
TransportBracket line_bracket(const PointCloud& p, const PointCloud& q);

/// The same with the plan, and with potentials read off it.
TransportResult line_transport(const PointCloud& p, const PointCloud& q);

}  // namespace flowcheck
