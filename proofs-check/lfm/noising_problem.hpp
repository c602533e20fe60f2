#pragma once

#include "claims/claim.hpp"
#include "measures/gaussian_mixture.hpp"

#include <functional>
#include <string>
#include <vector>

namespace flowcheck {

/// What the claims on exact blocks are evaluated on: a mixture p on its way to q = N(0, I), and one
/// Ornstein–Uhlenbeck step.
struct NoisingProblem {
  GaussianMixture data;
  double step_size = 0.3;  ///< γ
  Scale scale = Scale::quick;

  Index dimension() const { return data.dimension(); }
  GaussianMixture noised() const;  ///< OU_γ p
  Estimate decay() const;          ///< e^{−γ}
};

using EvaluateNoising = std::function<Outcome(const NoisingProblem&)>;

/// Shape of a family of mixtures: all that is not fixed is random.
struct MixtureFamily {
  std::string name = {};
  Index dimension = 1;
  Index largest_count = 4;
  double narrowest = 0.05;  ///< smallest variance of a component
  double widest = 1.9;      ///< largest variance of a component; χ² is finite below 2
  bool centred = false;     ///< E x = 0
  bool whitened = false;    ///< and Cov = I
  int draws_at_once = 1;    ///< problems in one draw; of several, ten times as many beyond quick
};

/// One to four components, means of size log-uniform in [0.01, 2], variances log-uniform in
/// [narrowest, widest], γ log-uniform in [0.01, 1.5].
NoisingProblem random_noising(Rng& rng, const MixtureFamily& family);

/// Draws that fail a hypothesis of the claim are drawn again, up to a hundred times.
Instance noising_family(const MixtureFamily& family, const EvaluateNoising& evaluate);
Instance noising_instance(std::string name,
                          const NoisingProblem& problem,
                          const EvaluateNoising& evaluate);

/// N(m e₁, S I) in d dimensions.
GaussianMixture isotropic_gaussian(double mean, double variance, Index dimension = 1);

/// .3 N(−1.2, .1) + .7 N(.8, .2), the dossier's bed.
GaussianMixture bimodal_bed();

/// The same mixture moved to mean zero, and stretched to covariance I.
GaussianMixture centred(const GaussianMixture& p);
GaussianMixture whitened(const GaussianMixture& p);

/// What stands in a bound, and the hypothesis that it is finite.
struct NamedConstant {
  Estimate value = {};
  std::string name = {};        ///< "χ²(p ‖ q)"
  std::string hypothesis = {};  ///< "χ²(p ‖ q) < ∞"
};

/// Why a bound with these constants says nothing: the hypothesis that the first of them fails,
/// being infinite, or "left out: …" where it is finite, or may be, and no numbers enclose it. ""
/// where there is none.
std::string why_not_finite(const std::vector<NamedConstant>& constants);

/// The user's problem in units of the reference: the start under x ↦ Q^{−½}(x − μ), points as
/// atoms. Fails where the reference has no density.
std::function<Outcome(const Target&)> on_noising_target(const EvaluateNoising& evaluate);

}  // namespace flowcheck
