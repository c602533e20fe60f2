#pragma once

#include "claims/claim.hpp"

namespace flowcheck {

// Convergence of JKO (proximal) steps in Wasserstein space; one file each, named like the function.
Claim jko_01_convexity();
Claim jko_02_evi();
Claim jko_03_evi_paper();
Claim jko_04_suboptimality();
Claim jko_05_step_and_slope();
Claim jko_06_descent();
Claim jko_07_sum_of_steps();
Claim jko_08_slope_contraction();
Claim jko_09_regularisation();
Claim jko_10_w2_paper();
Claim jko_11_w2_contraction();
Claim jko_12_kl_paper();
Claim jko_13_kl_contraction();
Claim jko_14_end_to_end();
Claim jko_15_sublinear();
Claim jko_16_sublinear_inexact();
Claim jko_17_log_sobolev();
Claim jko_18_interaction();
Claim jko_19_gaussian_step();
Claim jko_20_mean_and_virial();
Claim jko_21_variable_steps();
Claim jko_22_resolvent();
Claim jko_23_reverse_kl();
Claim jko_24_total_variation();
Claim jko_25_short_smoothing();
Claim jko_26_smoothed_data();
Claim jko_27_inexact_inversion();
Claim jko_28_lipschitz_maps();
Claim jko_29_score_contraction();
Claim jko_30_talagrand_log_sobolev_hwi();
Claim jko_31_fokker_planck_decay();
Claim jko_32_jko_to_fokker_planck();
Claim jko_33_velocity_gap();
Claim jko_34_action_dissipation();
Claim jko_35_benamou_brenier();
Claim jko_36_block_loss();
Claim jko_37_continuity_equation();
Claim jko_38_change_of_variables();
Claim jko_39_toolbox();
Claim jko_40_metamorphic_relations();

}  // namespace flowcheck
