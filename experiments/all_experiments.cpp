#include "all_experiments.hpp"

#include "experiments.hpp"

namespace flowcheck {

std::vector<Experiment> all_experiments() {
  return {
      jko_convergence(),
      ou_benchmark(),
      one_block(),
      gaussian_rates(),
      w2_convergence(),
      barenblatt(),
      jko_nonconvex(),
      jko_to_fokker_planck(),
      jko_nongaussian(),
      jko_iterations(),
      jko_lipschitz(),
      jko_reverse(),
      jko_resolvent_search(),
      jko_margin_search(),
      jko_particles(),
      gaussian_mixture_stationary(),
      stability_source(),
      stability_velocity(),
      round_trip(),
      flow_picture(),
      gif_covariance_search(),
      flow_map_lipschitz_experiment(),
      velocity_lipschitz(),
      lfm_schedules(),
      lfm_chi2(),
      lfm_locality(),
      inversion(),
      toy_generation(),
      jko_blocks(),
  };
}

}  // namespace flowcheck
