#include "learning/mixture_to_noise.hpp"
#include "lfm/lfm_claims.hpp"
#include "lfm/noising_problem.hpp"

#include <string>

namespace flowcheck {
namespace lfm_01 {

constexpr double unit = 1.0;  // ∫p²/q − 1 is a difference of numbers of this size

Outcome contraction(const NoisingProblem& problem) {
  const Estimate before = chi_squared_to_noise(problem.data);
  const std::string why = why_not_finite({{before, "χ²(p ‖ q)", "χ²(p ‖ q) < ∞"}});
  if (!why.empty()) return Outcome::not_applicable(why);
  const Estimate after = chi_squared_to_noise(problem.noised());
  const Estimate half_way = chi_squared_to_noise(ou_law(problem.data, 0.5 * problem.step_size));
  return {{{.lhs = after,
            .rhs = square(problem.decay()) * before,
            .part = "χ² contracts",
            .scale = unit},
           {.lhs = square(half_way),
            .rhs = before * after,
            .part = "log χ² is convex in γ",
            .scale = unit}}};
}

// N(m, I) as m vanishes: nothing but the first Hermite polynomial, the slowest, is left.
const NoisingProblem small_translate{.data = isotropic_gaussian(0.01, 1.0), .step_size = 0.3};
const NoisingProblem shifted_normal{.data = isotropic_gaussian(0.3, 1.0), .step_size = 0.3};

Outcome rate_of_centred_data(const NoisingProblem& problem) {
  return Bound{.lhs = chi_squared_to_noise(problem.noised()),
               .rhs = pow(problem.decay(), 4) * chi_squared_to_noise(problem.data)};
}

// dX = −½X dt + dB has the same stationary law and half the speed.
Outcome half_speed(const NoisingProblem& problem) {
  return Bound{.lhs = chi_squared_to_noise(ou_law(problem.data, 0.5 * problem.step_size)),
               .rhs = square(problem.decay()) * chi_squared_to_noise(problem.data)};
}

}  // namespace lfm_01

Claim lfm_01_chi_squared_contraction() {
  using namespace lfm_01;
  return {
      .id = "LFM-01",
      .statement = "χ²(OU_γ p ‖ q) ≤ e^{−2γ} χ²(p ‖ q), q = N(0, I)",
      .source = "[XuChengXie2024], a lemma of its section on theory; proved again",
      .provenance = Provenance::recalled,
      .hypotheses = {"χ²(p ‖ q) < ∞", "γ ≥ 0"},
      .instances = {noising_family({.name = "mixtures, d = 1", .draws_at_once = 10}, contraction),
                    noising_family({.name = "mixtures, d = 2", .dimension = 2, .draws_at_once = 3},
                                   contraction),
                    noising_family({.name = "Gaussians, d = 6", .dimension = 6, .largest_count = 1},
                                   contraction)},
      .tight = {noising_instance("N(0.01, 1)", small_translate, contraction)},
      .controls = {noising_instance("rate e^{−4γ}", shifted_normal, rate_of_centred_data),
                   noising_instance("half the speed", shifted_normal, half_speed)},
      .on_target = on_noising_target(contraction),
      .file = __FILE__,
      .grade = Grade::closed_form,
      .without_error = true};
}

}  // namespace flowcheck
