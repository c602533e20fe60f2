#include "gif/gif_claims.hpp"
#include "gif/stability_problem.hpp"

#include <cmath>

namespace flowcheck {
namespace gif_35 {

constexpr double growth_rate = 0.8;  // C of the tight instance and of its control

std::vector<Schedule> schedules() {
  return {linear_schedule(), foellmer_schedule(), trigonometric_schedule()};
}

void add_bounds(const StableFlow& flow,
                const VelocityError& error,
                Scale scale,
                std::vector<Bound>& bounds) {
  const Stability s = stability(flow, error, stability_resolution(flow.dimension, scale));
  const Estimate distance = square(s.coupling);
  const auto compare = [&](const Estimate& bound, const char* part) {
    const double of_distance = 4.0 * s.coupling.value * s.expected_error;
    const double of_bound = 2.0 * bound.value * s.step_error / s.mean_square.value;
    bounds.push_back(within(distance, bound, of_distance + of_bound, part));
  };
  compare(square(s.gronwall), "∫e^{2∫λ̃} ∫‖δ‖²");
  compare(square(s.gronwall_uniform), "(e^{2C} − 1)/(2C) ∫‖δ‖²");
}

// v = Cx and δ = e^{C(1−s)}: both sides are ((e^{2C} − 1)/(2C))².
Outcome attained(const Trial& trial, double C) {
  const StableFlow flow = linear_growth(C);
  std::vector<Bound> bounds;
  add_bounds(flow, aligned_error(flow, 0.1), trial.scale, bounds);
  return bounds;
}

Outcome with_smaller_constant(const Trial& trial, double factor) {
  const StableFlow flow = linear_growth(growth_rate);
  const Stability s =
      stability(flow, aligned_error(flow, 0.1), stability_resolution(1, trial.scale));
  const auto constant = [](double C) { return std::expm1(2.0 * C) / (2.0 * C); };
  const double ratio = constant(factor * growth_rate) / constant(growth_rate);
  return Bound{.lhs = square(s.coupling), .rhs = ratio * square(s.gronwall_uniform)};
}

// σ = 1: v = 0, λ = 0, ṽ = Kx, so that W₂ = e^K − 1 against K.
Outcome exact_rate(const Trial& trial) {
  const StableFlow flow = stable_flow(centred_gaussian(1.0), trigonometric_schedule());
  const Stability s =
      stability(flow, velocity_errors(0.5, 1)[2], stability_resolution(1, trial.scale));
  return Bound{.lhs = square(s.coupling), .rhs = square(s.mixed_up_gronwall)};
}

}  // namespace gif_35

Claim gif_35_gronwall() {
  using namespace gif_35;
  return {.id = "GIF-35",
          .statement =
              "ṽ(s, ·) one-sided Lipschitz with λ̃(s) ⇒ W₂²(Law Y₁, ν) ≤ ∫e^{2∫_s^1 λ̃} ds "
              "∫‖v − ṽ‖²_{L²(p_s)} ds, and λ̃ ≤ C ⇒ factor (e^{2C} − 1)/(2C)",
          .source = "[GaoHuangJiao2024] Proposition 54(ii) for the factor",
          .provenance = Provenance::derived,
          .hypotheses = {"ṽ one-sided Lipschitz", "Y starts from Law X₀"},
          .instances = {on_perturbed_mixture("Gaussian, σ = 0.5", centred_gaussian(0.5),
                                             schedules(), add_bounds),
                        on_perturbed_mixture("Gaussian, σ = 1", centred_gaussian(1.0), schedules(),
                                             add_bounds),
                        on_perturbed_mixture("centres ±1, σ = 0.6", two_centre_mixture(),
                                             schedules(), add_bounds),
                        {"linear growth, C = −0.8",
                         [](Trial& t) { return attained(t, -growth_rate); }, false}},
          .tight = {{"v = 0.8x, δ ∝ e^{0.8(1 − s)}",
                     [](Trial& t) { return attained(t, growth_rate); }, false}},
          .controls = {{"C → 0.9 C", [](Trial& t) { return with_smaller_constant(t, 0.9); }, false},
                       {"λ of the exact field", [](Trial& t) { return exact_rate(t); }, false}},
          .on_target = on_stability_target(add_bounds),
          .file = __FILE__,
          .grade = Grade::converged};
}

}  // namespace flowcheck
