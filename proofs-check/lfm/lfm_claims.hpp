#pragma once

#include "claims/claim.hpp"

namespace flowcheck {

// Local Flow Matching; one file each, named like the function.
Claim lfm_12_data_processing();
Claim lfm_13_kl_and_total_variation();
Claim lfm_14_short_smoothing();
Claim lfm_15_discrete_data();
Claim lfm_17_inversion();
Claim lfm_18_inexact_inversion();
Claim lfm_19_likelihood();
Claim lfm_20_locality();
Claim lfm_21_distillation();

}  // namespace flowcheck
