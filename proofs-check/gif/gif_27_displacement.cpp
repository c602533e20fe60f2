#include "gif/flow_map.hpp"
#include "gif/gif_claims.hpp"
#include "measures/exact_map.hpp"
#include "numerics/rng.hpp"
#include "numerics/round_off.hpp"

#include <cmath>

namespace flowcheck {
namespace gif_27 {

const char* const of_mixture = "mixture, ball about 0";
const char* const of_log_lipschitz = "log-Lipschitz";

// |X_{0,1}(x)/σ − x/√S₀| ≤ (R/σ)(1 − σb₀/√S₀), S₀ = a₀² + σ²b₀²; log-Lipschitz: σ = 1, R = L.
Bound displacement(const EnclosedMap& map,
                   const NoiseLevel& from,
                   const Vector& x,
                   double sigma,
                   double R,
                   const char* part) {
  const double root = std::hypot(from.noise, sigma * from.data_scale);
  const double shift = (map.end / sigma - x / root).norm();
  const double size = map.end.norm() / sigma + x.norm() / root;
  const double bound = R / sigma * (1.0 - sigma * from.data_scale / root);
  return {
      .lhs = max(0.0, Estimate::converged(shift, map.end_error / sigma, round_off(size, x.size()))),
      .rhs = Estimate::closed_form(bound, round_off(R / sigma, 1)),
      .part = part,
      .scale = size};
}

Outcome displacements(const FlowProblem& problem) {
  const KnownMixture mixture = known_mixture(problem.law->regularity());
  const double R = largest_centre(*problem.law);
  const double L = known_log_lipschitz(problem.law->regularity());
  const bool is_mixture = mixture.scale > 0.0 && std::isfinite(R);
  if (!is_mixture && !std::isfinite(L)) {
    return Outcome::not_applicable(
        unmet_or_unknown(*problem.law, "N(0, σ²I) * ρ, σ > 0, ρ bounded, or log-Lipschitz"));
  }
  const FlowMaps maps(problem.law);
  std::vector<Bound> bounds;
  for (const Schedule& schedule : problem.schedules) {
    const NoiseLevel from = level(schedule.at(0.0));
    for (Index j = 0; j < problem.noises.cols(); ++j) {
      const Vector x = from.noise * problem.noises.col(j) + from.data_scale * problem.data.col(j);
      const EnclosedMap map = maps(from, pure_data, x);
      if (is_mixture) {
        bounds.push_back(displacement(map, from, x, mixture.scale, R, of_mixture));
      }
      if (std::isfinite(L)) {
        bounds.push_back(displacement(map, from, x, 1.0, L, of_log_lipschitz));
      }
    }
  }
  return bounds;
}

// |T(z) − z| ≤ L for e^{±L|x|} N(0, 1), by the exact map.
Outcome cusps(Trial& trial) {
  const double L = trial.rng.log_uniform(0.1, 3.0);
  const double z = trial.rng.uniform(-8.0, 8.0);
  std::vector<Bound> bounds;
  for (const double slope : {L, -L}) {
    const double T = cusp_map(slope, z);
    bounds.push_back(
        {.lhs = Estimate::closed_form(std::abs(T - z), round_off(1.0 + L + std::abs(z), 1)),
         .rhs = L,
         .part = of_log_lipschitz});
  }
  return bounds;
}

// N(m, I), which moves everything by m, and a factor of |m|.
Outcome shift(double factor) {
  const NamedLaw& law = interpolation_law("shift");
  const double L = factor * law.law->mean().norm();
  const FlowMaps maps(law.law);
  std::vector<Bound> bounds;
  for (const Schedule& schedule : checked_schedules()) {
    const NoiseLevel from = level(schedule.at(0.0));
    const Vector x{{1.3, -0.4}};
    bounds.push_back(displacement(maps(from, pure_data, x), from, x, 1.0, L, ""));
  }
  return bounds;
}

std::vector<Instance> instances() {
  std::vector<Instance> result = law_instances(
      {LawFamily::gaussian, LawFamily::shift, LawFamily::two_centres, LawFamily::mixture,
       LawFamily::general_mixture, LawFamily::tilt_mixture, LawFamily::points},
      displacements);
  result.push_back({.name = "cusps", .draw = cusps});
  result.push_back(random_laws("random mixtures", random_isotropic_mixture, displacements));
  result.push_back(random_laws("random tilts", random_tilt_mixture, displacements));
  return result;
}

}  // namespace gif_27

Claim gif_27_displacement() {
  using namespace gif_27;
  return {.id = "GIF-27",
          .statement =
              "ν = N(0, σ²I) * ρ, |supp ρ| ≤ R ⇒ |X_{0,1}(x)/σ − x/√S₀| ≤ (R/σ)(1 − σb₀/√S₀), S₀ = "
              "a₀² + σ²b₀²; ν = e^h N(0, I), h L-Lipschitz ⇒ |X_{0,1}(x) − x/√S₀| ≤ L(1 − b₀/√S₀)",
          .source = "derived",
          .provenance = Provenance::derived,
          .hypotheses = {"N(0, σ²I) * ρ or log-Lipschitz"},
          .instances = instances(),
          .tight = {flow_instance("a shift", [] { return shift(1.0); })},
          .controls = {flow_instance("0.95 L", [] { return shift(0.95); })},
          .on_target = on_flow_map_target(displacements),
          .file = __FILE__,
          .grade = Grade::converged,
          .without_error = true};
}

}  // namespace flowcheck
