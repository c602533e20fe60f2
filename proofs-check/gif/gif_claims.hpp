#pragma once

#include "claims/claim.hpp"

namespace flowcheck {

// Gaussian interpolation flows; one file each, named like the function.
Claim gif_40_poincare();
Claim gif_41_log_sobolev();
Claim gif_42_brascamp_lieb_cramer_rao();
Claim gif_43_covariance_derivative();

}  // namespace flowcheck
