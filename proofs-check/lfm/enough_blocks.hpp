#pragma once

#include "claims/claim.hpp"
#include "lfm/affine_blocks.hpp"

#include <functional>
#include <string>

namespace flowcheck {

// As many equal blocks as LFM-11 asks for, and what their end is then bounded by: χ²(p_N ‖ q) in
// LFM-11, by data processing χ²(p_0 ‖ q_0) in LFM-12.

/// One form of the bound, and the number of blocks from which on it holds.
struct EndBound {
  std::string part = {};
  Estimate (*value)(const BlockChain& chain, const Estimate& C3) = end_bound;
  double share = 0.5;  ///< of log(1/ε) in the number of blocks
};

/// What is bounded, of a problem and its chain.
using EndDistance = std::function<Estimate(const AffineBlocks& problem, const BlockChain& chain)>;

/// The first of equal blocks, which says how many are needed: the ε of all is at least its own, and
/// N enough for that one is enough for ε.
BlockErrors first_block(const AffineBlocks& problem);

/// Why no number of blocks is enough: χ²(p_0 ‖ q) or ε is not a positive number. "" where one is.
std::string why_no_number(const BlockErrors& first);

/// The distance of this chain's end against the bound; left out where M or C₃ is not finite.
Bound end_of(const AffineBlocks& problem, const EndBound& bound, const EndDistance& distance);

/// The same of as many blocks like the first as are needed; left out beyond 60, on the plane 12.
/// @param first  what why_no_number() has nothing against
Bound end_of_enough(const AffineBlocks& given,
                    const BlockErrors& first,
                    const EndBound& bound,
                    const EndDistance& distance);

}  // namespace flowcheck
