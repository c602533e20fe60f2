#pragma once

#include "claims/claim.hpp"

#include <string>

namespace flowcheck {

/// The bound, or that it is left out where its sides overlap, are too wide for a claim's tolerance
/// and were bound to be: `widths` is what round-off, or the steps' tolerance as the flow stretches
/// it, is known to leave of both together. Other overlaps stay inconclusive, and what is violated
/// stays.
/// @param why  "left out: …"
Bound with_digits(Bound bound, double widths, const std::string& why);

}  // namespace flowcheck
