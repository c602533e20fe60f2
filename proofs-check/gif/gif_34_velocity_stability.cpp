#include "gif/gif_claims.hpp"
#include "gif/stability_problem.hpp"

namespace flowcheck {
namespace gif_34 {

std::vector<Schedule> schedules() {
  return {linear_schedule(), trigonometric_schedule()};
}

// Both forms. On the line the coupling is optimal; in the plane it is what the proof bounds, and
// W₂ is at most that.
void add_bounds(const StableFlow& flow,
                const VelocityError& error,
                Scale scale,
                std::vector<Bound>& bounds) {
  const Stability s = stability(flow, error, stability_resolution(flow.dimension, scale));
  const double widths = 2.0 * s.expected_error;
  bounds.push_back(within(s.coupling, s.minkowski, widths, "∫Lip ‖δ‖"));
  bounds.push_back(within(s.coupling, s.cauchy_schwarz, widths, "(∫Lip² ∫‖δ‖²)^½"));
}

// σ = 0.5 and a shift: constant, where the first form is attained, or ∝ Lip, where both are.
Outcome shifted(const Trial& trial, bool aligned) {
  std::vector<Bound> bounds;
  for (const Schedule& schedule : {linear_schedule(), trigonometric_schedule()}) {
    const StableFlow flow = stable_flow(centred_gaussian(0.5), schedule);
    const VelocityError error =
        aligned ? aligned_error(flow, 0.2) : velocity_errors(0.2, 1).front();
    add_bounds(flow, error, trial.scale, bounds);
    if (!aligned) bounds.pop_back();
  }
  return bounds;
}

// v = 0 and ṽ = Kx: W₂ = e^K − 1. With the law of X_s in place of that of Y_s the bound says K.
Outcome mixed_up_laws(const Trial& trial, double K) {
  const StableFlow flow = stable_flow(centred_gaussian(1.0), trigonometric_schedule());
  const Stability s =
      stability(flow, velocity_errors(K, 1)[2], stability_resolution(1, trial.scale));
  return Bound{.lhs = s.coupling, .rhs = s.mixed_up};
}

}  // namespace gif_34

Claim gif_34_velocity_stability() {
  using namespace gif_34;
  return {.id = "GIF-34",
          .statement =
              "W₂(Law Y₁, ν) ≤ ∫Lip(X_{s,1}) ‖v − ṽ‖_{L²(Law Y_s)} ds ≤ (∫Lip(X_{s,1})² ds "
              "∫‖v − ṽ‖²_{L²(Law Y_s)} ds)^½, Y the flow of any ṽ from Law X₀",
          .source = "[GaoHuangJiao2024], [BentonDeligiannidisDoucet2024]",
          .provenance = Provenance::derived,
          .hypotheses = {"Lip(X_{s,1}) < ∞ for s < 1", "Y starts from Law X₀"},
          .instances = {on_perturbed_mixture("Gaussian, σ = 0.5", centred_gaussian(0.5),
                                             schedules(), add_bounds),
                        on_perturbed_mixture("centres ±1, σ = 0.6", two_centre_mixture(),
                                             schedules(), add_bounds),
                        on_perturbed_mixture("plane, three centres", three_centre_mixture(),
                                             schedules(), add_bounds)},
          .tight = {{"N(0, ¼), shift in proportion to Lip",
                     [](Trial& t) { return shifted(t, true); }, false},
                    {"N(0, ¼), constant shift", [](Trial& t) { return shifted(t, false); }, false}},
          .controls = {{"‖v − ṽ‖ along Law X_s, K = 0.1",
                        [](Trial& t) { return mixed_up_laws(t, 0.1); }, false},
                       {"‖v − ṽ‖ along Law X_s, K = 0.5",
                        [](Trial& t) { return mixed_up_laws(t, 0.5); }, false},
                       {"‖v − ṽ‖ along Law X_s, K = 1",
                        [](Trial& t) { return mixed_up_laws(t, 1.0); }, false}},
          .on_target = on_stability_target(add_bounds),
          .file = __FILE__,
          .grade = Grade::converged};
}

}  // namespace flowcheck
