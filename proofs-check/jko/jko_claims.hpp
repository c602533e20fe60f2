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
Claim jko_11_w2_contraction();
Claim jko_18_interaction();
Claim jko_19_gaussian_step();
Claim jko_20_mean_and_virial();
Claim jko_30_talagrand_log_sobolev_hwi();
Claim jko_31_fokker_planck_decay();
Claim jko_32_jko_to_fokker_planck();
Claim jko_33_velocity_gap();
Claim jko_34_action_dissipation();
Claim jko_35_benamou_brenier();

}  // namespace flowcheck
