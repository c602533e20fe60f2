#pragma once

#include "claims/claim.hpp"

#include <string_view>

namespace flowcheck {

/// The word for a check or a claim, best first: std::max is the worse of two. `tight` is for single
/// checks, `powerless` for claims.
enum class Verdict {
  not_applicable,     ///< a hypothesis fails; see which
  tight,              ///< both sides agree to within the claim's tolerance
  holds,              ///< lhs.upper ≤ rhs.lower
  inconclusive,       ///< the enclosures overlap and are too wide
  powerless,          ///< a negative control got through: the check could not have failed
  numerical_failure,  ///< not a number, or something did not converge
  violated,           ///< lhs.lower > rhs.upper
};

std::string_view to_string(Verdict verdict);
Verdict verdict_from_string(std::string_view word);  ///< @throws std::invalid_argument

/// Verdict of one bound, `tolerance` being relative to max(|lhs|, |rhs|, bound.scale); for an order
/// it is the largest acceptable width of the slope's interval.
Verdict judge(const Bound& bound, double tolerance);

/// Whether a negative control is violated with room: the gap between the enclosures is at least ten
/// times their widths together and ten times the tolerance; for an order, at least the interval's
/// width.
bool violated_with_room(const Bound& bound, double tolerance);

/// lhs / rhs where both are finite and rhs is positive beyond its error; NaN elsewhere.
double tightness(const Bound& bound);

}  // namespace flowcheck
