#include "distances/gaussian_divergence.hpp"
#include "distances/wasserstein.hpp"
#include "jko/gaussian_problem.hpp"
#include "jko/jko_claims.hpp"
#include "measures/random_gaussian.hpp"

namespace flowcheck {
namespace jko_02 {

constexpr int steps = 5;

// What a control gets wrong: the factor of γλ, or of the error term.
struct Variant {
  double rate = 1.0;
  double error = 1.0;
};

// D = ‖T_n^{n+1} − T_n^π‖. From an atom any plan is optimal; the one that couples p_{n+1} and π
// best carries the same proof, so that D is their distance.
Estimate map_distance(const Gaussian& p, const Gaussian& next, const Gaussian& pi) {
  return p.has_density() ? optimal_map_distance(p, next, pi) : w2(next, pi);
}

// (1 + a)D² + 2γG(p_n) + S² ≤ W₂²(p_{n−1}, π) + 2γεD + 2γG(π), a = γλ.
Bound evi(const GaussianProblem& problem,
          const JkoChain& chain,
          int n,
          const Gaussian& pi,
          std::string part,
          const Variant& variant = {}) {
  const double gamma = problem.step_size;
  const Estimate a = variant.rate * gamma * problem.convexity();
  const Estimate D = map_distance(chain[n - 1], chain[n], pi);
  return {.lhs = (1.0 + a) * square(D) + 2.0 * gamma * chain.kl_to_target(n) +
                 square(chain.step_length(n)),
          .rhs = squared_w2(chain[n - 1], pi) + variant.error * 2.0 * gamma * chain.error(n) * D +
                 2.0 * gamma * kl(pi, problem.target),
          .part = std::move(part),
          .scale = problem.length() * problem.length()};
}

Outcome inequality(const GaussianProblem& problem) {
  if (!problem.start.has_density() && problem.start.rank() > 0) {
    return Outcome::not_applicable("p₀ has a density, or is an atom");
  }
  Rng rng(derive_seed(problem.seed, "JKO-02"));
  const Gaussian random = random_gaussian(rng, problem.start.dimension());
  const JkoChain chain = problem.chain(steps);
  std::vector<Bound> bounds;
  for (int n = 1; n <= steps; ++n) {
    bounds.push_back(evi(problem, chain, n, problem.target, "π = q"));
    bounds.push_back(evi(problem, chain, n, random, "π random"));
    bounds.push_back(evi(problem, chain, n, chain[n - 1], "π = pₙ"));
  }
  return bounds;
}

Evaluate against_target(const Variant& variant) {
  return [variant](const GaussianProblem& problem) -> Outcome {
    return evi(problem, problem.chain(1), 1, problem.target, "", variant);
  };
}

}  // namespace jko_02

Claim jko_02_evi() {
  using namespace jko_02;
  return {.id = "JKO-02",
          .statement =
              "G λ-convex, 1 + γλ > 0 ⇒ (1 + γλ)D(π)² + 2γ(G(pₙ₊₁) − G(π)) + S² ≤ W₂²(pₙ, π) + "
              "2γεD(π) for every π",
          .source = "sharpens the evolution variational inequality of [ChengLuTanXie2024]",
          .provenance = Provenance::derived,
          .hypotheses = {"G λ-convex along generalised geodesics, 1 + γλ > 0",
                         "first-order error at most ε", "p₀ has a density, or is an atom"},
          .instances = inexact_gaussian_families(inequality),
          .tight = {translate("translate, π = q", against_target({}), 0.05)},
          .controls = {translate("rate 1.2 γλ", against_target({.rate = 1.2}), 0.0),
                       translate("no error term", against_target({.error = 0.0}), 0.3)},
          .on_target = on_gaussian_target(inequality),
          .file = __FILE__};
}

}  // namespace flowcheck
