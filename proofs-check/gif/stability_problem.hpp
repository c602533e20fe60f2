#pragma once

#include "claims/claim.hpp"
#include "flows/perturbed_flow.hpp"

#include <functional>
#include <string>
#include <vector>

namespace flowcheck {

// What the claims on perturbed flows and on transport costs are tried on.

GaussianMixture centred_gaussian(double sigma);          ///< N(0, σ²) on the line
GaussianMixture two_centre_mixture(double right = 0.5);  ///< ±1 of σ = 0.6
GaussianMixture three_centre_mixture();                  ///< on the plane, σ = 0.4

/// Of checked_schedules() those with a₀ = 1, b₀ = 0; only the one of that name if it is not empty.
std::vector<Schedule> schedules_from_noise(const std::string& name = {});

/// On the line fine enough for equal sides to agree to 1e-8.
StabilityOptions stability_resolution(Index dimension, Scale scale);

/// lhs ≤ rhs of the numbers of Stability, left out where either is not enclosed, and where they are
/// equal to within `widths`, which the steps are known to leave: distances next to nothing, or of
/// flows that stretch the steps' errors.
Bound within(const Estimate& lhs, const Estimate& rhs, double widths, std::string part);

using EvaluateStability = std::function<void(
    const StableFlow& flow, const VelocityError& error, Scale scale, std::vector<Bound>& bounds)>;

/// Every schedule given with every one of velocity_errors() of size 0.1.
Instance on_perturbed_mixture(std::string name,
                              const GaussianMixture& target,
                              const std::vector<Schedule>& schedules,
                              const EvaluateStability& evaluate);

/// For Claim::on_target: a user's Gaussian σ²I or mixture N(0, σ²I) * ρ, d ≤ 2, with errors of the
/// user's size ε on all schedules from noise or on the user's.
std::function<Outcome(const Target&)> on_stability_target(const EvaluateStability& evaluate);

}  // namespace flowcheck
