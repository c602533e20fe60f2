#include "distances/divergence.hpp"
#include "distances/gaussian_divergence.hpp"
#include "distances/monotone_transport.hpp"
#include "distances/wasserstein.hpp"
#include "lfm/lfm_claims.hpp"
#include "lfm/noising_problem.hpp"
#include "measures/random_gaussian.hpp"
#include "numerics/round_off.hpp"

#include <cmath>

namespace flowcheck {
namespace lfm_03 {

const char* const kl_part = "KL";
const char* const w2_part = "W₂";

Gaussian only_component(const GaussianMixture& p) {
  return p.component(0);
}

// KL(p ‖ q), widened by what rounding p's moments may change: √KL near q is their size.
Estimate kl_to_noise(const GaussianMixture& p) {
  const Gaussian q = Gaussian::standard(p.dimension());
  const Estimate exact = p.size() == 1 ? kl(only_component(p), q) : kl(p, GaussianMixture(q));
  if (!std::isfinite(exact.value)) return exact;
  const double root = std::sqrt(std::max(0.0, exact.value));
  const double error = round_off(1.0 + root, p.dimension());
  return max(0.0, widened(exact, error * (2.0 * root + error)));
}

Estimate distance(const GaussianMixture& p, const GaussianMixture& r) {
  const double size = p.means().norm() + r.means().norm() + std::sqrt(p.covariance().trace()) +
                      std::sqrt(r.covariance().trace());
  const bool gaussian = p.size() == 1 && r.size() == 1;
  const Estimate exact = gaussian ? w2(only_component(p), only_component(r)) : w2(p, r);
  return max(0.0, widened(exact, round_off(size, p.dimension())));
}

// W₂ of two laws before and after the same step.
Bound distances_contract(const NoisingProblem& problem, const GaussianMixture& other) {
  const Estimate before = distance(problem.data, other);
  return {.lhs = distance(problem.noised(), ou_law(other, problem.step_size)),
          .rhs = problem.decay() * before,
          .part = w2_part,
          .scale = 1.0};
}

Bound kl_contracts(const NoisingProblem& problem) {
  return {.lhs = kl_to_noise(problem.noised()),
          .rhs = square(problem.decay()) * kl_to_noise(problem.data),
          .part = kl_part,
          .scale = 1.0};
}

GaussianMixture noise(const NoisingProblem& problem) {
  return isotropic_gaussian(0.0, 1.0, problem.dimension());
}

// In the plane by nested quadrature; W₂ of mixtures on the line only.
Outcome contractions(const NoisingProblem& problem) {
  const GaussianMixture& p = problem.data;
  if (p.size() > 1 && p.dimension() > 2) {
    return Outcome::not_applicable("left out: KL of mixtures is computed in d ≤ 2, W₂ in d = 1");
  }
  std::vector<Bound> bounds;
  if (p.has_density()) {
    bounds.push_back(kl_contracts(problem));
  } else {
    bounds.push_back(left_out(kl_part, "p has a density"));
  }
  const bool on_line = p.dimension() == 1 && p.has_density();
  if (p.size() == 1 || on_line) {
    bounds.push_back(distances_contract(problem, noise(problem)));
  } else {
    bounds.push_back(
        left_out(w2_part, "left out: W₂ of mixtures is computed in d = 1, with densities"));
  }
  return bounds;
}

// Two Gaussians with nothing in common.
Outcome gaussian_pair(Trial& trial) {
  const Index d = 1 + trial.rng.uniform_index(6);
  std::vector<Bound> bounds;
  for (int i = 0; i < 20; ++i) {
    const NoisingProblem problem{.data = GaussianMixture(random_gaussian(trial.rng, d)),
                                 .step_size = trial.rng.log_uniform(0.01, 1.5)};
    bounds.push_back(kl_contracts(problem));
    bounds.push_back(distances_contract(problem, GaussianMixture(random_gaussian(trial.rng, d))));
  }
  return bounds;
}

Outcome mixture_pairs(Trial& trial) {
  const MixtureFamily family{.name = {}, .largest_count = 3, .widest = 3.0};
  std::vector<Bound> bounds;
  for (int i = 0; i < (trial.scale == Scale::quick ? 2 : 40); ++i) {
    const NoisingProblem problem = random_noising(trial.rng, family);
    const GaussianMixture other = random_noising(trial.rng, family).data;
    bounds.push_back(kl_contracts(problem));
    bounds.push_back(distances_contract(problem, other));
  }
  return bounds;
}

const NoisingProblem shifted_normal{.data = isotropic_gaussian(1.0, 1.0), .step_size = 0.3};

Outcome faster_distance(const NoisingProblem& problem) {
  Bound bound = distances_contract(problem, noise(problem));
  bound.rhs = problem.decay() * bound.rhs;
  return bound;
}

Outcome faster_entropy(const NoisingProblem& problem) {
  Bound bound = kl_contracts(problem);
  bound.rhs = square(problem.decay()) * bound.rhs;
  return bound;
}

}  // namespace lfm_03

Claim lfm_03_companion_contractions() {
  using namespace lfm_03;
  return {.id = "LFM-03",
          .statement = "KL(OU_γ p ‖ q) ≤ e^{−2γ} KL(p ‖ q),  W₂(OU_γ p, OU_γ r) ≤ e^{−γ} W₂(p, r)",
          .source = "logarithmic Sobolev inequality of N(0, I); the same noise for both laws",
          .provenance = Provenance::derived,
          .hypotheses = {"p has a density, for KL"},
          .instances = {{.name = "Gaussian pairs, d = 1 … 6", .draw = gaussian_pair},
                        {.name = "mixture pairs, d = 1", .draw = mixture_pairs, .repeat = false}},
          .tight = {noising_instance("N(1, 1)", shifted_normal, contractions)},
          .controls = {noising_instance("W₂ at rate e^{−2γ}", shifted_normal, faster_distance),
                       noising_instance("KL at rate e^{−4γ}", shifted_normal, faster_entropy)},
          .on_target = on_noising_target(contractions),
          .file = __FILE__,
          .grade = Grade::converged,
          .without_error = true};
}

}  // namespace flowcheck
