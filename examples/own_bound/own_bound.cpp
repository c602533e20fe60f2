// A bound of your own: one JKO step halves the distance of a translate of N(0, I) at γ = 1.
#include <claims/check.hpp>
#include <proximal/jko_chain.hpp>

#include <iostream>

using namespace flowcheck;

Outcome halves(Trial& trial, double factor) {
  const Gaussian target = Gaussian::standard(3);
  const Gaussian start(trial.rng.normal_vector(3), target.covariance());
  const JkoChain chain = jko_chain(start, target, {.step_sizes = {1.0}});
  return Bound{.lhs = chain.w2_to_target(1), .rhs = factor * chain.w2_to_target(0)};
}

int main() {
  const Claim claim{.id = "OWN-01",
                    .statement = "W₂(p₁, q) ≤ W₂(p₀, q)/2",
                    .instances = {{"translates", [](Trial& t) { return halves(t, 0.5); }}},
                    .controls = {{"a third", [](Trial& t) { return halves(t, 1.0 / 3.0); }}}};
  const ClaimResult result = check(claim);
  std::cout << claim.id << ' ' << to_string(result.verdict) << ", tightness " << result.tightness()
            << '\n';
  return exit_code({result}, true);
}
