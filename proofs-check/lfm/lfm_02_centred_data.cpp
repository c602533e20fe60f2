#include "learning/mixture_to_noise.hpp"
#include "lfm/lfm_claims.hpp"
#include "lfm/noising_problem.hpp"
#include "numerics/round_off.hpp"

#include <cmath>

namespace flowcheck {
namespace lfm_02 {

constexpr double unit = 1.0;

const char* const centred_part = "E x = 0";
const char* const whitened_part = "E x = 0, Cov = I";

// Zero to the rounding of a sum of its terms.
bool is_centred(const GaussianMixture& p) {
  const double size = p.means().cwiseAbs().maxCoeff();
  return p.mean().norm() <= round_off(size, p.dimension());
}

bool is_whitened(const GaussianMixture& p) {
  const Index d = p.dimension();
  const double size = 1.0 + p.means().squaredNorm();
  return (p.covariance() - Matrix::Identity(d, d)).norm() <= round_off(size, d);
}

Outcome contraction(const NoisingProblem& problem) {
  if (!is_centred(problem.data)) return Outcome::not_applicable("E x = 0");
  const Estimate before = chi_squared_to_noise(problem.data);
  const std::string why = why_not_finite({{before, "χ²(p ‖ q)", "χ²(p ‖ q) < ∞"}});
  if (!why.empty()) return Outcome::not_applicable(why);
  const Estimate after = chi_squared_to_noise(problem.noised());
  std::vector<Bound> bounds{
      {.lhs = after, .rhs = pow(problem.decay(), 4) * before, .part = centred_part, .scale = unit}};
  if (is_whitened(problem.data)) {
    bounds.push_back({.lhs = after,
                      .rhs = pow(problem.decay(), 6) * before,
                      .part = whitened_part,
                      .scale = unit});
  }
  return bounds;
}

// Of skewed mixtures of components this near to each other, nothing but the third Hermite
// polynomial is left.
GaussianMixture slightly_skewed() {
  const double gap = 0.3;
  const GaussianMixture two(Vector{{0.8, 0.2}}, Matrix{{-0.2 * gap, 0.8 * gap}},
                            {Matrix{{1.0 - 0.16 * gap * gap}}});
  return whitened(two);
}

// Widened by no more than this, N(0, 1) differs by its second Hermite polynomial alone.
const NoisingProblem slightly_wide{.data = isotropic_gaussian(0.0, 1.001), .step_size = 0.3};

Outcome on_uncentred(const NoisingProblem& problem) {
  return Bound{.lhs = chi_squared_to_noise(problem.noised()),
               .rhs = pow(problem.decay(), 4) * chi_squared_to_noise(problem.data)};
}

Outcome with_rate_of_whitened(const NoisingProblem& problem) {
  return Bound{.lhs = chi_squared_to_noise(problem.noised()),
               .rhs = pow(problem.decay(), 6) * chi_squared_to_noise(problem.data)};
}

}  // namespace lfm_02

Claim lfm_02_centred_data() {
  using namespace lfm_02;
  return {
      .id = "LFM-02",
      .statement = "E_p x = 0 ⇒ χ²(OU_γ p ‖ q) ≤ e^{−4γ} χ²(p ‖ q), and Cov_p = I ⇒ e^{−6γ}",
      .source = "sharpens LFM-01 for data without first moments",
      .provenance = Provenance::derived,
      .hypotheses = {"χ²(p ‖ q) < ∞", "E x = 0; Cov = I for the faster rate"},
      .instances = {noising_family(
                        {.name = "centred mixtures, d = 1", .centred = true, .draws_at_once = 10},
                        contraction),
                    noising_family({.name = "centred mixtures, d = 2",
                                    .dimension = 2,
                                    .centred = true,
                                    .draws_at_once = 3},
                                   contraction),
                    noising_family(
                        {.name = "whitened mixtures, d = 1", .whitened = true, .draws_at_once = 10},
                        contraction),
                    noising_family({.name = "whitened mixtures, d = 2",
                                    .dimension = 2,
                                    .whitened = true,
                                    .draws_at_once = 3},
                                   contraction)},
      .tight = {noising_instance("N(0, 1.001)", slightly_wide, contraction),
                noising_instance("slightly skewed", {.data = slightly_skewed(), .step_size = 0.05},
                                 contraction)},
      .controls = {noising_instance("N(0.3, 1), not centred",
                                    {.data = isotropic_gaussian(0.3, 1.0), .step_size = 0.3},
                                    on_uncentred),
                   noising_instance("e^{−6γ} of N(0, 1.2)",
                                    {.data = isotropic_gaussian(0.0, 1.2), .step_size = 0.3},
                                    with_rate_of_whitened)},
      .on_target = on_noising_target(contraction),
      .file = __FILE__,
      .grade = Grade::closed_form,
      .without_error = true};
}

}  // namespace flowcheck
