#pragma once

#include "claims/claim.hpp"
#include "proximal/jko_chain.hpp"

#include <cstdint>
#include <functional>
#include <vector>

namespace flowcheck {

/// λ = λ_min(∇²V) = 1/λ_max(Q), with the rounding of the eigenvalue.
Estimate convexity(const Gaussian& target);

/// What a JKO claim is evaluated on: a start p_0, a Gaussian target q = e^{−V}/Z, γ and ε. Random
/// families, tight instances and the user's own target are all of this form, so a claim says once
/// what its two sides are.
struct GaussianProblem {
  Gaussian start;
  Gaussian target;
  double step_size = 0.5;  ///< γ
  double error = 0.0;      ///< ε
  ErrorField field = ErrorField::adversarial;
  std::uint64_t seed = 1;

  Estimate convexity() const;  ///< λ
  Estimate ratio() const;      ///< a = γλ
  double length()
      const;  ///< √tr Σ + √tr Q + |m − μ|: the size against which round-off in W₂ counts
  JkoChain chain(int steps) const;
  GaussianProblem exact() const;  ///< the same with ε = 0
};

using Evaluate = std::function<Outcome(const GaussianProblem&)>;

/// The families on which a JKO claim runs; each names the hypothesis that failed where one fails.
///
///   random pairs      p_0 and q with nothing in common, d = 1 … 8, ε ∈ {0} ∪ [0.003, 0.3], every
///   field exact pairs       the same with ε = 0 wide start        Σ ≫ Q: near the slowest rate for
///   covariances near the target   p_0 within 1 % of q Dirac start       p_0 an atom, d = 1 … 4
///   flat start        p_0 of rank d − 1
std::vector<Instance> gaussian_families(const Evaluate& evaluate);

/// The same, and every special start once more with ε in [0.003, 0.3]: for claims whose exact case
/// says little or nothing.
std::vector<Instance> inexact_gaussian_families(const Evaluate& evaluate);

/// p_0 a translate of q along its flattest direction, ξ constant along the displacement: equality
/// in most of the dossier's inequalities. `error` ε; γ log-uniform in [0.05, 2].
Instance translate(std::string name, const Evaluate& evaluate, double error);

/// One draw of a translate, for claims that need more than evaluate() on it: isotropic q of random
/// precision λ in [0.3, 3] where `isotropic`, otherwise a random q.
GaussianProblem draw_translate(Rng& rng, double error, bool isotropic = false);
GaussianProblem draw_random_pair(Rng& rng, Index largest_dimension, bool exact);

/// The problem with p_0 the translate of q by `length` along its flattest direction.
GaussianProblem with_translate(GaussianProblem problem, double length);

/// For Claim::on_target: the user's start, reference, γ and ε, with adversarial errors. Fails where
/// the reference has no density, or the start is not Gaussian.
std::function<Outcome(const Target&)> on_gaussian_target(const Evaluate& evaluate);

}  // namespace flowcheck
