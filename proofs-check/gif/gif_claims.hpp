#pragma once

#include "claims/claim.hpp"

namespace flowcheck {

// Gaussian interpolation flows X_t = a_t Z + b_t X₁; one file each, named like the function.
Claim gif_01_tweedie();
Claim gif_02_covariance_identity();
Claim gif_03_time_derivative();
Claim gif_05_marginal_preservation();
Claim gif_20_schedule_invariance();
Claim gif_21_master_comparison();
Claim gif_22_forward_curvature();
Claim gif_23_forward_bounded();
Claim gif_24_forward_mixture();
Claim gif_25_forward_log_lipschitz();
Claim gif_26_reverse_flow();
Claim gif_27_displacement();
Claim gif_28_what_the_map_is();
Claim gif_29_integrated_rates();
Claim gif_30_auto_encoding();
Claim gif_31_auto_encoding_model_error();
Claim gif_32_cycle_consistency();
Claim gif_40_poincare();
Claim gif_41_log_sobolev();
Claim gif_42_brascamp_lieb_cramer_rao();
Claim gif_43_covariance_derivative();

}  // namespace flowcheck
