#pragma once

#include "claims/claim.hpp"

namespace flowcheck {

// Gaussian interpolation flows; one file each, named like the function.
Claim gif_06_brascamp_lieb_envelope();
Claim gif_07_cramer_rao_envelope();
Claim gif_08_bounded_support();
Claim gif_09_bounded_convex_support();
Claim gif_10_mixture_envelope();
Claim gif_11_log_lipschitz_envelope();
Claim gif_40_poincare();
Claim gif_41_log_sobolev();
Claim gif_42_brascamp_lieb_cramer_rao();
Claim gif_43_covariance_derivative();

}  // namespace flowcheck
