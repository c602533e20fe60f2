#include "jko/fokker_planck.hpp"

#include "distances/gaussian_divergence.hpp"
#include "distances/wasserstein.hpp"
#include "proximal/ornstein_uhlenbeck.hpp"

namespace flowcheck {
namespace {

// ‖∇² log(ρ/q)‖ at most: how fast √I moves with ρ in W₂.
double curvature(const FokkerPlanckLaw& rho) {
  return 1.0 / rho.target.eigenvalues()(0) + 1.0 / rho.law.eigenvalues()(0);
}

}  // namespace

Estimate FokkerPlanckLaw::w2_to(const Gaussian& other) const {
  return max(0.0, widened(w2(law, other), rounding));
}

Estimate FokkerPlanckLaw::w2_to(const FokkerPlanckLaw& other) const {
  return max(0.0, widened(w2_to(other.law), other.rounding));
}

Estimate FokkerPlanckLaw::kl() const {
  const Estimate stored = flowcheck::kl(law, target);
  if (!law.has_density()) return stored;
  // √I is the slope of KL in W₂, and itself changes by no more than curvature times rounding.
  const double slope = flowcheck::fisher_norm(law, target).upper;
  return max(0.0, widened(stored, (slope + curvature(*this) * rounding) * rounding));
}

Estimate FokkerPlanckLaw::fisher_norm() const {
  const Estimate stored = flowcheck::fisher_norm(law, target);
  if (!law.has_density()) return stored;
  return max(0.0, widened(stored, curvature(*this) * rounding));
}

FokkerPlanckLaw fokker_planck_law(const Gaussian& start, const Gaussian& target, double time) {
  Gaussian law = ou_law(start, target, time);
  if (time == 0.0) return {.law = std::move(law), .target = target};
  // The decay e^{−At} sees the eigenvalues of A to a relative u·κ; the rest is the law's own size,
  // and W₂ of the law to itself is twice that.
  const double rounding = 0.5 * target.condition_number() * w2(law, law).upper;
  return {.law = std::move(law), .target = target, .rounding = rounding};
}

double step_rounding(const JkoChain& chain, int n) {
  if (chain[n - 1].has_density()) return chain.step_size(n) * chain.error(n).upper;
  return 0.5 * chain.target.condition_number() * w2(chain[n], chain[n]).upper;
}

}  // namespace flowcheck
