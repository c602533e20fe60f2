#pragma once

#include "claims/claim.hpp"

namespace flowcheck {

// Local Flow Matching: blocks of Ornstein–Uhlenbeck noising learned by regression. Data at n = 0,
// noise q = N(0, I) at n = N: the forward direction adds noise. One file each, named like the
// function.
Claim lfm_01_chi_squared_contraction();
Claim lfm_02_centred_data();
Claim lfm_03_companion_contractions();
Claim lfm_04_perfect_block();
Claim lfm_05_loss_decomposition();
Claim lfm_06_velocity_to_distribution();
Claim lfm_07_one_step_perturbation();
Claim lfm_08_forward_process();
Claim lfm_09_a_posteriori();
Claim lfm_10_sharper_rate();
Claim lfm_11_number_of_blocks();
Claim lfm_12_data_processing();
Claim lfm_13_kl_and_total_variation();
Claim lfm_14_short_smoothing();
Claim lfm_15_discrete_data();
Claim lfm_16_free_last_block();
Claim lfm_17_inversion();
Claim lfm_18_inexact_inversion();
Claim lfm_19_likelihood();
Claim lfm_20_locality();
Claim lfm_21_distillation();

}  // namespace flowcheck
