#pragma once

#include "claims/claim.hpp"

namespace flowcheck {

// Gaussian interpolation flows X_t = a_t Z + b_t X₁; one file each, named like the function.
Claim gif_01_tweedie();
Claim gif_02_covariance_identity();
Claim gif_03_time_derivative();
Claim gif_04_snr_identity();
Claim gif_05_marginal_preservation();
Claim gif_06_brascamp_lieb_envelope();
Claim gif_07_cramer_rao_envelope();
Claim gif_08_bounded_support();
Claim gif_09_bounded_convex_support();
Claim gif_10_mixture_envelope();
Claim gif_11_log_lipschitz_envelope();
Claim gif_12_bounded_support();
Claim gif_13_semi_log_concave();
Claim gif_14_semi_log_convex();
Claim gif_15_mixture();
Claim gif_16_log_lipschitz();
Claim gif_17_linear_schedule();
Claim gif_18_time_singularities();
Claim gif_19_growth();
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
Claim gif_38_time_derivative_bounded();
Claim gif_39_time_derivative_mixture();
Claim gif_40_poincare();
Claim gif_41_log_sobolev();
Claim gif_42_brascamp_lieb_cramer_rao();
Claim gif_43_covariance_derivative();

}  // namespace flowcheck
