#include "all_claims.hpp"

#include "gif/gif_claims.hpp"
#include "jko/jko_claims.hpp"

namespace flowcheck {

std::vector<Claim> all_claims() {
  return {
      gif_01_tweedie(),
      gif_02_covariance_identity(),
      gif_03_time_derivative(),
      gif_20_schedule_invariance(),
      gif_21_master_comparison(),
      gif_22_forward_curvature(),
      gif_23_forward_bounded(),
      gif_24_forward_mixture(),
      gif_25_forward_log_lipschitz(),
      gif_26_reverse_flow(),
      gif_27_displacement(),
      gif_40_poincare(),
      gif_41_log_sobolev(),
      gif_42_brascamp_lieb_cramer_rao(),
      gif_43_covariance_derivative(),
      jko_01_convexity(),
      jko_02_evi(),
      jko_03_evi_paper(),
      jko_04_suboptimality(),
      jko_05_step_and_slope(),
      jko_06_descent(),
      jko_07_sum_of_steps(),
      jko_08_slope_contraction(),
      jko_09_regularisation(),
      jko_10_w2_paper(),
      jko_11_w2_contraction(),
      jko_12_kl_paper(),
      jko_13_kl_contraction(),
      jko_14_end_to_end(),
      jko_15_sublinear(),
      jko_16_sublinear_inexact(),
      jko_17_log_sobolev(),
      jko_18_interaction(),
      jko_19_gaussian_step(),
      jko_20_mean_and_virial(),
      jko_21_variable_steps(),
      jko_22_resolvent(),
      jko_23_reverse_kl(),
      jko_24_total_variation(),
      jko_25_short_smoothing(),
      jko_26_smoothed_data(),
      jko_27_inexact_inversion(),
      jko_28_lipschitz_maps(),
      jko_29_score_contraction(),
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
