#pragma once

#include "claims/claim.hpp"

#include <vector>

namespace flowcheck {

/// The registry: every claim of the suite, in the order of their ids.
std::vector<Claim> all_claims();

}  // namespace flowcheck
