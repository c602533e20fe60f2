#include "gif/flow_map.hpp"
#include "gif/gif_claims.hpp"
#include "interpolation/covariance_envelope.hpp"
#include "measures/exact_map.hpp"
#include "measures/line_laws.hpp"
#include "measures/radial_law.hpp"
#include "numerics/rng.hpp"
#include "numerics/round_off.hpp"
#include "numerics/special_functions.hpp"

#include <cmath>
#include <numbers>

namespace flowcheck {
namespace gif_25 {

const char* const sharp = "sharp";
const char* const known = "e^{L²/2 + 2L}";

// erfcx(−L/√2) = 2Φ(L)e^{L²/2}.
Estimate sharp_bound(double L) {
  const double value = scaled_erfc(-L / std::numbers::sqrt2);
  return Estimate::closed_form(value, round_off(value * (1.0 + L * L), 1));
}

void add_both(std::vector<Bound>& bounds, const Estimate& slope, double L) {
  bounds.push_back({.lhs = slope, .rhs = sharp_bound(L), .part = sharp});
  bounds.push_back({.lhs = slope, .rhs = exp(Estimate(0.5 * L * L + 2.0 * L)), .part = known});
}

Estimate cusp_slope(double L, double z) {
  const double slope = cusp_map_slope(L, z);
  return Estimate::closed_form(slope, round_off(slope * (1.0 + L * L + z * z), 1));
}

Outcome cusps(Trial& trial) {
  const double L = trial.rng.log_uniform(0.1, 3.0);
  std::vector<Bound> bounds;
  for (const double z : {0.0, trial.rng.normal(), 4.0 * trial.rng.normal()}) {
    add_both(bounds, cusp_slope(L, z), L);
    add_both(bounds, cusp_slope(-L, z), L);
  }
  return bounds;
}

// h = L|x| in d dimensions: ρ′(s) and ρ(s)/s.
Outcome radial(Trial& trial) {
  const double L = trial.rng.log_uniform(0.3, 2.0);
  const Index d = 2 + trial.rng.uniform_index(3);
  const RadialLaw p(d, {.value = [L](double r) { return 0.5 * r * r - L * r; },
                        .slope = [L](double r) { return r - L; },
                        .curvature = [](double) { return 1.0; },
                        .typical = L + std::sqrt(static_cast<double>(d))});
  const double s = trial.rng.uniform(0.1, 4.0);
  const double error = 1e-11;  // of the table, relative; its slope's too
  std::vector<Bound> bounds;
  for (const double value : {radial_map_slope(p, s), radial_map(p, s) / s}) {
    add_both(bounds, Estimate::converged(value, error * value), L);
  }
  return bounds;
}

Outcome stretches(const FlowProblem& problem) {
  const double L = known_log_lipschitz(problem.law->regularity());
  if (!std::isfinite(L))
    return Outcome::not_applicable(unmet_or_unknown(*problem.law, "log dν/dγ is L-Lipschitz"));
  const CovarianceBound bound = log_lipschitz_bound(L);
  return stretch_below(
      problem,
      [&](const NoiseLevel& from, const NoiseLevel& to) {
        return log_map_bound(bound, from.noise, from.data_scale, to.noise, to.data_scale);
      },
      "s to t");
}

Outcome tight(Trial& trial) {
  const double L = trial.rng.log_uniform(0.1, 4.0);
  return Bound{.lhs = cusp_slope(L, 0.0), .rhs = sharp_bound(L)};
}

std::vector<Instance> instances() {
  std::vector<Instance> result =
      law_instances({LawFamily::shift, LawFamily::two_centres, LawFamily::cusp,
                     LawFamily::tilt_mixture, LawFamily::points},
                    stretches);
  result.push_back({.name = "cusps", .draw = cusps});
  result.push_back({.name = "h = L|x|, d = 2, 3, 4", .draw = radial});
  result.push_back(random_laws("random tilts", random_tilt_mixture, stretches));
  return result;
}

}  // namespace gif_25

Claim gif_25_forward_log_lipschitz() {
  using namespace gif_25;
  return {
      .id = "GIF-25",
      .statement =
          "ν = e^h N(0, I), h L-Lipschitz ⇒ ‖∇X_{s,t}‖ ≤ √((a_t² + b_t²)/(a_s² + b_s²)) "
          "e^{L²(q_s² − q_t²)/2} Φ(Lq_s)/Φ(Lq_t), q² = a²/(a² + b²); a₀ = 1, b₀ = 0 ⇒ "
          "‖∇X_{0,1}‖ ≤ erfcx(−L/√2)",
      .source = "derived; e^{L²/2 + 2L} recalled of [BrigatiPedrotti2024]",
      .provenance = Provenance::derived,
      .hypotheses = {"log dν/dγ L-Lipschitz"},
      .instances = instances(),
      .tight = {{.name = "cusp, x = 0", .draw = tight}},
      .controls = {flow_instance(
                       "0.95 L",
                       [] { return Bound{.lhs = cusp_slope(1.0, 0.0), .rhs = sharp_bound(0.95)}; }),
                   flow_instance("Laplace's law, as if L = 1",
                                 [] {
                                   return Bound{.lhs = exact_slope(laplace_law(), 16.0),
                                                .rhs = sharp_bound(1.0)};
                                 })},
      .on_target = on_flow_map_target(stretches),
      .file = __FILE__,
      .grade = Grade::converged,
      .without_error = true};
}

}  // namespace flowcheck
