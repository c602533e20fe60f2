#include "gif/flow_map.hpp"
#include "gif/gif_claims.hpp"
#include "numerics/rng.hpp"

#include <cmath>

namespace flowcheck {
namespace gif_24 {

// ½ log(S_t/S_s) + (R²/2σ²)(a_s²/S_s − a_t²/S_t), S = a² + σ²b². The difference is σ²(a_s²b_t² −
// a_t²b_s²)/(S_sS_t): as it stands it loses R²/σ² digits' worth where the centres are far apart.
LogMapBound mixture_map_bound(double sigma, double R) {
  return [sigma, R](const NoiseLevel& from, const NoiseLevel& to) -> Estimate {
    const Estimate variance = square(Estimate(sigma));
    const auto S = [&](const NoiseLevel& l) {
      return square(Estimate(l.noise)) + variance * square(Estimate(l.data_scale));
    };
    const Estimate forth = Estimate(from.noise) * to.data_scale;
    const Estimate back = Estimate(to.noise) * from.data_scale;
    return 0.5 * log(S(to) / S(from)) +
           0.5 * square(Estimate(R)) * (forth - back) * (forth + back) / (S(from) * S(to));
  };
}

Outcome forward(const FlowProblem& problem) {
  const KnownMixture mixture = known_mixture(problem.law->regularity());
  if (!(mixture.scale > 0.0)) return Outcome::not_applicable("ν = N(0, σ²I) * ρ, ρ on a ball");
  return stretch_below(problem, mixture_map_bound(mixture.scale, mixture.radius));
}

// From x = 0 towards ½N(−R, σ²) + ½N(R, σ²), the slope being φ(0)/p_ν(0); with other constants in
// the bound.
Outcome symmetric(double R, double sigma, double claimed_R, double exponent_factor) {
  const double exponent = exponent_factor * claimed_R * claimed_R / (2.0 * sigma * sigma);
  return map_below(two_centre_data(R, sigma), Vector::Zero(1), sigma * exp(Estimate(exponent)));
}

Outcome random_symmetric(Trial& trial) {
  const double sigma = trial.rng.log_uniform(0.3, 1.5);
  const double R = sigma * trial.rng.uniform(0.2, 3.3);
  return symmetric(R, sigma, R, 1.0);
}

std::vector<Instance> instances() {
  std::vector<Instance> result =
      law_instances({LawFamily::gaussian, LawFamily::two_centres, LawFamily::mixture,
                     LawFamily::tilt_mixture, LawFamily::points, LawFamily::general_mixture},
                    forward);
  result.push_back(random_laws("random mixtures", random_isotropic_mixture, forward));
  result.push_back(random_laws("random tilts", random_tilt_mixture, forward));
  return result;
}

}  // namespace gif_24

Claim gif_24_forward_mixture() {
  using namespace gif_24;
  return {
      .id = "GIF-24",
      .statement =
          "ν = N(0, σ²I) * ρ, supp ρ in a ball of radius R ⇒ ‖∇X_{s,t}‖ ≤ √(S_t/S_s) "
          "exp((R²/2σ²)(a_s²/S_s − a_t²/S_t)); a₀ = 1, b₀ = 0 ⇒ ‖∇X_{0,1}‖ ≤ σe^{R²/2σ²}",
      .source = "recalled of [GaoHuangJiao2024] and, for σ = 1, of [MikulincerShenfeld2023]",
      .provenance = Provenance::recalled,
      .hypotheses = {"ν = N(0, σ²I) * ρ, ρ on a ball"},
      .instances = instances(),
      .tight = {{.name = "two centres ±R, x = 0", .draw = random_symmetric}},
      .controls = {flow_instance("exponent × 0.99", [] { return symmetric(1.5, 1.0, 1.5, 0.99); }),
                   flow_instance("0.95 R", [] { return symmetric(1.5, 1.0, 0.95 * 1.5, 1.0); })},
      .on_target = on_flow_map_target(forward),
      .file = __FILE__,
      .grade = Grade::converged,
      .without_error = true};
}

}  // namespace flowcheck
