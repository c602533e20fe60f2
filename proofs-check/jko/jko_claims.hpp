#pragma once

#include "claims/claim.hpp"

namespace flowcheck {

// Convergence of JKO (proximal) steps in Wasserstein space; one file each, named like the function.
Claim jko_11_w2_contraction();
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
