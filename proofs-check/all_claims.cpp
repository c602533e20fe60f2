#include "all_claims.hpp"

#include "jko/jko_claims.hpp"

namespace flowcheck {

std::vector<Claim> all_claims() {
  return {
      jko_10_w2_paper(),
      jko_11_w2_contraction(),
      jko_12_kl_paper(),
      jko_13_kl_contraction(),
      jko_14_end_to_end(),
      jko_15_sublinear(),
      jko_21_variable_steps(),
      jko_23_reverse_kl(),
      jko_24_total_variation(),
      jko_25_short_smoothing(),
      jko_26_smoothed_data(),
      jko_27_inexact_inversion(),
      jko_28_lipschitz_maps(),
  };
}

}  // namespace flowcheck
