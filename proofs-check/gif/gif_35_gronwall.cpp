#include "flows/perturbed_flow.hpp"
#include "gif/gif_claims.hpp"

#include <cmath>

namespace flowcheck {
namespace gif_35 {

constexpr double growth_rate = 0.8;  // C of the tight instance and of its control

GaussianMixture gaussian(double sigma) {
  return GaussianMixture::isotropic(Vector::Ones(1), Matrix::Zero(1, 1), sigma * sigma);
}

GaussianMixture two_centres() {
  return GaussianMixture::isotropic(Vector{{0.5, 0.5}}, Matrix{{-1.0, 1.0}}, 0.36);
}

StabilityOptions resolution(Scale scale) {
  return scale == Scale::quick ? StabilityOptions{} : StabilityOptions{.steps = 128, .nodes = 192};
}

void add_bounds(const StableFlow& flow,
                const VelocityError& error,
                Scale scale,
                std::vector<Bound>& bounds) {
  const Stability s = stability(flow, error, resolution(scale));
  bounds.push_back(
      {.lhs = square(s.coupling), .rhs = square(s.gronwall), .part = "∫e^{2∫λ̃} ∫‖δ‖²"});
  bounds.push_back({.lhs = square(s.coupling),
                    .rhs = square(s.gronwall_uniform),
                    .part = "(e^{2C} − 1)/(2C) ∫‖δ‖²"});
}

Instance on_mixture(std::string name, const GaussianMixture& target) {
  return {.name = std::move(name),
          .draw = [target](Trial& trial) -> Outcome {
            std::vector<Bound> bounds;
            for (const Schedule& schedule :
                 {linear_schedule(), foellmer_schedule(), trigonometric_schedule()}) {
              const StableFlow flow = stable_flow(target, schedule);
              for (const VelocityError& error : velocity_errors(0.1, 1)) {
                add_bounds(flow, error, trial.scale, bounds);
              }
            }
            return bounds;
          },
          .repeat = false};
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
  const Stability s = stability(flow, aligned_error(flow, 0.1), resolution(trial.scale));
  const auto constant = [](double C) { return std::expm1(2.0 * C) / (2.0 * C); };
  const double ratio = constant(factor * growth_rate) / constant(growth_rate);
  return Bound{.lhs = square(s.coupling), .rhs = ratio * square(s.gronwall_uniform)};
}

// σ = 1: v = 0, λ = 0, ṽ = Kx, so that W₂ = e^K − 1 against K.
Outcome exact_rate(const Trial& trial) {
  const StableFlow flow = stable_flow(gaussian(1.0), trigonometric_schedule());
  const Stability s = stability(flow, velocity_errors(0.5, 1)[2], resolution(trial.scale));
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
          .tolerance = 1e-5,  // equal sides agree to what halving the steps and the nodes changes
          .instances = {on_mixture("Gaussian, σ = 0.5", gaussian(0.5)),
                        on_mixture("Gaussian, σ = 1", gaussian(1.0)),
                        on_mixture("centres ±1, σ = 0.6", two_centres()),
                        {"linear growth, C = −0.8",
                         [](Trial& t) { return attained(t, -growth_rate); }, false}},
          .tight = {{"v = 0.8x, δ ∝ e^{0.8(1 − s)}",
                     [](Trial& t) { return attained(t, growth_rate); }, false}},
          .controls = {{"C → 0.9 C", [](Trial& t) { return with_smaller_constant(t, 0.9); }, false},
                       {"λ of the exact field", [](Trial& t) { return exact_rate(t); }, false}},
          .file = __FILE__,
          .grade = Grade::converged};
}

}  // namespace flowcheck
