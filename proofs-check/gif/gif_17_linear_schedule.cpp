#include "gif/gif_claims.hpp"
#include "gif/jacobian_bounds.hpp"

#include <algorithm>
#include <cmath>

namespace flowcheck {
namespace gif_17 {

// (kaȧ + bḃ)/(ka² + b²) = (t − t_c)/((t − t_c)² + w²) with t_c = k/(1 + k), w = √k/(1 + k): the
// largest at t_c + w, the least at t_c − w, where those are in [0, 1].
double turning_time(double k, double sign) {
  return std::clamp((k + sign * std::sqrt(k)) / (1.0 + k), 0.0, 1.0);
}

Estimate largest_rate(double kappa) {
  const Estimate k = kappa;
  return kappa <= 1.0 ? (1.0 + k) / (2.0 * sqrt(k)) : Estimate(1.0);
}

Estimate least_rate(double beta) {
  const Estimate k = beta;
  return beta >= 1.0 ? -((1.0 + k) / (2.0 * sqrt(k))) : Estimate(-1.0);
}

struct Constants {
  double kappa;
  double beta;
};

Constants constants_of(const FlowProblem& problem) {
  const Regularity& constants = problem.law->regularity();
  return {known_curvature_lower(constants), known_curvature_upper(constants)};
}

// The linear schedule from 0 to `remaining` before 1, the turning times among others.
FlowProblem on_linear(const FlowProblem& problem, const Constants& known, double remaining) {
  FlowProblem result = problem;
  result.schedules = {linear_schedule()};
  result.times = {FlowTime::from_start(0.0)};
  for (int i = 1; i < 16; ++i) result.times.push_back(FlowTime::from_start(i / 16.0));
  if (known.kappa > 0.0) {
    result.times.push_back(FlowTime::from_start(turning_time(known.kappa, 1.0)));
  }
  if (std::isfinite(known.beta)) {
    result.times.push_back(FlowTime::from_start(turning_time(known.beta, -1.0)));
  }
  std::erase_if(result.times, [](const FlowTime& time) { return time.remaining == 0.0; });
  result.times.push_back(FlowTime::from_end(remaining));
  return result;
}

Outcome bounds_until(const FlowProblem& problem, double remaining) {
  const Constants known = constants_of(problem);
  const bool above = known.kappa > 0.0 && std::isfinite(known.kappa);
  const bool below = std::isfinite(known.beta);
  if (!above && !below)
    return Outcome::not_applicable(
        unmet_or_unknown(*problem.law, "κ > 0, or supp ν = ℝᵈ and ∇²U ⪯ βI"));
  std::vector<Bound> bounds;
  if (!above) bounds.push_back(left_out("λ_max ∇v", no_positive_curvature(*problem.law)));
  if (!below)
    bounds.push_back(
        left_out("λ_min ∇v", unmet_or_unknown(*problem.law, "supp ν = ℝᵈ and ∇²U ⪯ βI")));
  visit(on_linear(problem, known, remaining), bounds, [&](const FlowPoint& at) {
    const PointSpectra here = spectra(problem, at);
    if (above) {
      bounds.push_back({.lhs = here.velocity.largest,
                        .rhs = largest_rate(known.kappa),
                        .part = "λ_max ∇v",
                        .scale = here.velocity_scale});
    }
    if (below) {
      bounds.push_back({.lhs = least_rate(known.beta),
                        .rhs = here.velocity.least,
                        .part = "λ_min ∇v",
                        .scale = here.velocity_scale});
    }
  });
  return bounds;
}

Outcome uniform_bounds(const FlowProblem& problem) {
  return bounds_until(problem, 1e-6);
}

// Gaussians of κ > 1 attain λ_max = 1 at t = 1 only, of which they are κτ short.
Outcome bounds_to_data(const FlowProblem& problem) {
  return bounds_until(problem, 1e-12);
}

DataLawPointer gaussian_of_precision(double kappa) {
  return data_law(Gaussian(Vector{{0.3}}, Matrix{{1.0 / kappa}}));
}

Instance gaussian(double kappa, std::string name, const EvaluateFlow& evaluate) {
  return {.name = std::move(name),
          .draw =
              [kappa, evaluate](Trial& trial) {
                return evaluate(flow_problem(gaussian_of_precision(kappa), trial.rng));
              },
          .repeat = false};
}

// At most 1 for every κ, on a Gaussian with κ = ¼, where 5/4 is attained.
Outcome at_most_one(const FlowProblem& problem) {
  std::vector<Bound> bounds;
  visit(on_linear(problem, constants_of(problem), 1e-6), bounds, [&](const FlowPoint& at) {
    const PointSpectra here = spectra(problem, at);
    bounds.push_back({.lhs = here.velocity.largest, .rhs = 1.0});
  });
  return bounds;
}

std::vector<Instance> instances() {
  std::vector<Instance> result = law_instances(
      {LawFamily::gaussian, LawFamily::shift, LawFamily::two_centres, LawFamily::general_mixture,
       LawFamily::points, LawFamily::truncated_gaussian, LawFamily::tilt_mixture},
      uniform_bounds);
  result.push_back(random_laws("random Gaussians", random_gaussian_data, uniform_bounds));
  result.push_back(random_laws("random mixtures", random_isotropic_mixture, uniform_bounds));
  return result;
}

}  // namespace gif_17

Claim gif_17_linear_schedule() {
  using namespace gif_17;
  return {.id = "GIF-17",
          .statement =
              "a = 1 − t, b = t: κ > 0 ⇒ λ_max ∇v ≤ (1 + κ)/(2√κ) if κ ≤ 1, else 1; β ⇒ "
              "λ_min ∇v ≥ −(1 + β)/(2√β) if β ≥ 1, else −1; for all t and x",
          .source = "derived",
          .provenance = Provenance::derived,
          .hypotheses = {"linear schedule", "κ > 0, or supp ν = ℝᵈ and ∇²U ⪯ βI"},
          .instances = instances(),
          .tight = {gaussian(0.01, "Gaussian, κ = 0.01", uniform_bounds),
                    gaussian(0.25, "Gaussian, κ = 1/4", uniform_bounds),
                    gaussian(1.0, "Gaussian, κ = 1", uniform_bounds),
                    gaussian(4.0, "Gaussian, κ = 4", bounds_to_data),
                    gaussian(100.0, "Gaussian, κ = 100", bounds_to_data)},
          .controls = {gaussian(0.25, "at most 1", at_most_one)},
          .on_target = on_flow_target(uniform_bounds),
          .file = __FILE__,
          .without_error = true};
}

}  // namespace flowcheck
