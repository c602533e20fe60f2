#include "all_claims.hpp"

#include "jko/jko_claims.hpp"

namespace flowcheck {

std::vector<Claim> all_claims() {
  return {
      jko_11_w2_contraction(),
      jko_30_talagrand_log_sobolev_hwi(),
      jko_31_fokker_planck_decay(),
      jko_32_jko_to_fokker_planck(),
      jko_33_velocity_gap(),
      jko_34_action_dissipation(),
      jko_35_benamou_brenier(),
      jko_36_block_loss(),
      jko_37_continuity_equation(),
      jko_38_change_of_variables(),
      jko_39_toolbox(),
      jko_40_metamorphic_relations(),
  };
}

}  // namespace flowcheck
