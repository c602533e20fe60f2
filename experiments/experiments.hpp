#pragma once

#include "report/experiment.hpp"

namespace flowcheck {

// One file each, named like the function.
Experiment jko_convergence();
Experiment ou_benchmark();
Experiment one_block();
Experiment gaussian_rates();
Experiment w2_convergence();
Experiment jko_resolvent_search();
Experiment barenblatt();
Experiment jko_nonconvex();
Experiment jko_to_fokker_planck();
Experiment jko_nongaussian();
Experiment jko_iterations();
Experiment jko_lipschitz();
Experiment jko_reverse();
Experiment jko_particles();
Experiment gaussian_mixture_stationary();
Experiment jko_margin_search();
Experiment stability_source();
Experiment stability_velocity();
Experiment round_trip();
Experiment flow_picture();
Experiment gif_covariance_search();
Experiment velocity_lipschitz();
Experiment lfm_schedules();
Experiment lfm_chi2();
Experiment lfm_locality();
Experiment inversion();
Experiment toy_generation();
Experiment jko_blocks();
Experiment flow_map_lipschitz_experiment();  // flow_map_lipschitz() is the library's

}  // namespace flowcheck
