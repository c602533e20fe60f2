#include "gif/flow_map.hpp"
#include "gif/gif_claims.hpp"
#include "interpolation/covariance_envelope.hpp"

#include <cmath>

namespace flowcheck {
namespace gif_21 {

// All bounds that hold for the law, each class a part of its own.
Outcome comparison(const FlowProblem& problem) {
  const CovarianceEnvelope envelope = covariance_envelope(problem.law->regularity());
  std::vector<Bound> bounds;
  const auto add = [&](const std::vector<Bound>& more) {
    bounds.insert(bounds.end(), more.begin(), more.end());
  };
  const auto log_bound = [](const CovarianceBound& class_bound) {
    return [&class_bound](const NoiseLevel& from, const NoiseLevel& to) {
      return log_map_bound(class_bound, from.noise, from.data_scale, to.noise, to.data_scale);
    };
  };
  for (const CovarianceBound& upper : envelope.upper) {
    add(stretch_below(problem, log_bound(upper), "above, " + upper.name));
  }
  for (const CovarianceBound& lower : envelope.lower) {
    add(stretch_above(problem, log_bound(lower), "below, " + lower.name));
  }
  if (bounds.empty()) return Outcome::not_applicable("left out: neither c₊ nor c₋ is known");
  return bounds;
}

// Every stretch of the symmetric two-centre mixture from x = 0, with `factor` times c₊.
Outcome steepest(double factor) {
  const double R = 1.0;
  const double sigma = 0.6;
  const FlowMaps maps(two_centre_data(R, sigma));
  const CovarianceBound upper = mixture_bound(sigma, R);
  std::vector<Bound> bounds;
  for (const Schedule& schedule : checked_schedules()) {
    for (const auto& [s, t] : {std::pair{0.0, 0.3}, {0.0, 0.9}, {0.2, 0.6}, {0.5, 0.95}}) {
      const NoiseLevel from = level(schedule.at(s));
      const NoiseLevel to = level(schedule.at(t));
      const Estimate log_growth = upper.log_growth(signal_to_noise(from), signal_to_noise(to));
      bounds.push_back({.lhs = maps(from, to, Vector::Zero(1)).largest(),
                        .rhs = to.noise / from.noise * exp(factor * log_growth)});
    }
  }
  return bounds;
}

std::vector<Instance> instances() {
  std::vector<Instance> result = law_instances(
      {LawFamily::gaussian, LawFamily::shift, LawFamily::two_centres, LawFamily::mixture,
       LawFamily::points, LawFamily::truncated_gaussian, LawFamily::cusp, LawFamily::tilt_mixture},
      comparison);
  result.push_back(random_laws("random mixtures", random_isotropic_mixture, comparison));
  result.push_back(random_laws("random points", random_points, comparison));
  result.push_back(random_laws("random Gaussians", random_gaussian_data, comparison));
  return result;
}

}  // namespace gif_21

Claim gif_21_master_comparison() {
  using namespace gif_21;
  return {.id = "GIF-21",
          .statement =
              "c₋(r) I ⪯ Cov[X₁|x] ⪯ c₊(r) I ⇒ (a_t/a_s) G₋ ≤ σ_min(∇X_{s,t}) and "
              "‖∇X_{s,t}‖ ≤ (a_t/a_s) G₊, G = exp ∫ρc dρ",
          .source = "derived; Gronwall's argument of [GaoHuangJiao2024]",
          .provenance = Provenance::derived,
          .hypotheses = {"left out: neither c₊ nor c₋ is known"},
          .instances = instances(),
          .tight = {flow_instance("centres ±1, σ = 0.6, x = 0", [] { return steepest(1.0); })},
          .controls = {flow_instance("0.99 c₊", [] { return steepest(0.99); })},
          .on_target = on_flow_map_target(comparison),
          .file = __FILE__,
          .grade = Grade::converged,
          .without_error = true};
}

}  // namespace flowcheck
