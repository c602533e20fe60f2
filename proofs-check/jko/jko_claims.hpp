#pragma once

#include "claims/claim.hpp"

namespace flowcheck {

// Convergence of JKO (proximal) steps in Wasserstein space; one file each, named like the function.
Claim jko_11_w2_contraction();

}  // namespace flowcheck
