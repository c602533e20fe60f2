#pragma once

#include "claims/claim.hpp"

namespace flowcheck {

// Convergence of JKO (proximal) steps in Wasserstein space; one file each, named like the function.
Claim jko_10_w2_paper();
Claim jko_11_w2_contraction();
Claim jko_12_kl_paper();
Claim jko_13_kl_contraction();
Claim jko_14_end_to_end();
Claim jko_15_sublinear();
Claim jko_21_variable_steps();
Claim jko_23_reverse_kl();
Claim jko_24_total_variation();
Claim jko_25_short_smoothing();
Claim jko_26_smoothed_data();
Claim jko_27_inexact_inversion();
Claim jko_28_lipschitz_maps();

}  // namespace flowcheck
