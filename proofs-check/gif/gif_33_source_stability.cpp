#include "flows/perturbed_source.hpp"
#include "gif/gif_claims.hpp"
#include "gif/stability_problem.hpp"
#include "interpolation/schedule.hpp"
#include "measures/random_gaussian.hpp"

#include <cmath>
#include <variant>

namespace flowcheck {
namespace gif_33 {

std::vector<PerturbedSource> sources(const std::string& schedule = {}) {
  if (!schedule.empty()) {
    const ScheduleValues s = schedule_named(schedule).at(0.0);
    return {{s.a, s.b}};
  }
  std::vector<PerturbedSource> result;
  for (const double noise : {0.9, 0.5, 0.1}) {
    result.push_back({noise, std::sqrt(1.0 - noise * noise)});
  }
  for (const double noise : {1.0, 3.0}) result.push_back({noise, 1.0});
  return result;
}

void add_bounds(const SourceError& error, const PerturbedSource& from, std::vector<Bound>& bounds) {
  const double scale = 1.0 + error.moment.value;
  bounds.push_back({.lhs = error.generated,
                    .rhs = error.lipschitz * error.source,
                    .part = "Lip W₂(μ', Law X₀)",
                    .scale = scale});
  bounds.push_back({.lhs = error.generated,
                    .rhs = error.lipschitz * from.b * error.moment,
                    .part = "Lip b₀ √E|X₁|²",
                    .scale = scale});
}

Outcome on_gaussian(const Gaussian& p, const std::vector<PerturbedSource>& from) {
  std::vector<Bound> bounds;
  for (const PerturbedSource& source : from) add_bounds(source_error(p, source), source, bounds);
  return bounds;
}

Outcome on_line(const GaussianMixture& p, const std::vector<PerturbedSource>& from) {
  std::vector<Bound> bounds;
  for (const PerturbedSource& source : from) {
    if (within_reach(p, source)) {
      add_bounds(source_error(p, source), source, bounds);
    } else {
      bounds.push_back(left_out("Lip W₂(μ', Law X₀)", "left out: ν is too far from 0 for double"));
    }
  }
  return bounds;
}

Gaussian half() {
  return {Vector::Zero(1), Matrix::Constant(1, 1, 0.25)};
}

Outcome random_gaussians(Trial& trial) {
  return on_gaussian(random_gaussian(trial.rng, 1 + trial.rng.uniform_index(6)), sources());
}

Outcome centred(Trial&) {
  std::vector<Bound> bounds;
  for (const PerturbedSource& source : sources()) {
    const SourceError error = source_error(half(), source);
    bounds.push_back({.lhs = error.generated,
                      .rhs = error.lipschitz * error.source,
                      .part = "Lip W₂(μ', Law X₀)",
                      .scale = 1.0});
  }
  return bounds;
}

Outcome shortened(double factor) {
  const SourceError error = source_error(half(), {0.9, std::sqrt(0.19)});
  return Bound{.lhs = error.generated, .rhs = factor * error.lipschitz * error.source};
}

// σ = ½ is the constant of the flow from N(0, I), which this is not.
Outcome constant_from_noise() {
  const SourceError error = source_error(half(), {0.9, std::sqrt(0.19)});
  return Bound{.lhs = error.generated, .rhs = 0.5 * error.source};
}

Outcome on_target(const Target& target) {
  const std::vector<PerturbedSource> from = sources(target.schedule);
  if (from.front().b == 0.0) {
    return Outcome::not_applicable("b₀ > 0, the source not being N(0, I) itself");
  }
  if (const auto* gaussian = std::get_if<Gaussian>(&target.start)) {
    return on_gaussian(*gaussian, from);
  }
  const auto* mixture = std::get_if<GaussianMixture>(&target.start);
  if (mixture == nullptr || mixture->dimension() != 1 || !(mixture->common_variance() > 0.0)) {
    return Outcome::not_applicable(
        "left out: W₂ is computed for Gaussians and, on the line, for Σ wₖ N(mₖ, σ²), σ > 0");
  }
  return on_line(*mixture, from);
}

}  // namespace gif_33

Claim gif_33_source_stability() {
  using namespace gif_33;
  return {
      .id = "GIF-33",
      .statement =
          "W₂((X_{0,1})_#μ', ν) ≤ Lip(X_{0,1}) W₂(μ', Law X₀), for μ' = N(0, a₀²I) "
          "at most Lip(X_{0,1}) b₀ √E|X₁|²",
      .source = "[GaoHuangJiao2024]",
      .provenance = Provenance::derived,
      .hypotheses = {"Lip(X_{0,1}) < ∞"},
      .instances = {{"random Gaussians, d = 1 … 6", random_gaussians},
                    {"centres ±1, σ = 0.6",
                     [](Trial&) { return on_line(two_centre_mixture(), sources()); }, false},
                    {"centres ±1, weights 0.1 and 0.9",
                     [](Trial&) { return on_line(two_centre_mixture(0.9), sources()); }, false}},
      .tight = {{"N(0, ¼)", centred, false}},
      .controls = {{"0.99 Lip", [](Trial&) { return shortened(0.99); }, false},
                   {"Lip of the flow from N(0, I)", [](Trial&) { return constant_from_noise(); },
                    false}},
      .on_target = on_target,
      .file = __FILE__,
      .grade = Grade::converged,
      .without_error = true};
}

}  // namespace flowcheck
