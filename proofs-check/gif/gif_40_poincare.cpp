#include "gif/functional_inequality.hpp"
#include "gif/gif_claims.hpp"
#include "measures/gaussian_mixture.hpp"
#include "measures/line_laws.hpp"
#include "measures/poincare_constant.hpp"
#include "numerics/round_off.hpp"
#include "numerics/spd.hpp"

#include <array>
#include <variant>

namespace flowcheck {
namespace gif_40 {

Outcome on_the_line(const LineMeasure& p, Trial&) {
  return below_squared_lipschitz(poincare_constant(p), regularity(p));
}

// With f linear: the largest variance is a lower bound of C_P in any dimension.
Outcome linear_functions(const GaussianMixture& p) {
  const Matrix covariance = p.covariance();
  const double size = covariance.norm() + p.means().squaredNorm();
  const Estimate variance =
      Estimate::closed_form(largest_eigenpair(covariance).value, round_off(size, p.dimension()));
  return below_squared_lipschitz(variance, regularity(p));
}

Outcome on_target(const Target& target) {
  if (const auto* p = std::get_if<GaussianMixture>(&target.start)) return linear_functions(*p);
  if (const auto* p = std::get_if<Gaussian>(&target.start)) {
    return linear_functions(GaussianMixture(*p));
  }
  return Outcome::not_applicable("κ > 0, a mixture of one width, or log-Lipschitz");
}

// Printed cases of every class, bounds beside them.
Outcome with_constant(const LineMeasure& p, const Estimate& bound) {
  return Bound{.lhs = poincare_constant(p), .rhs = bound};
}

}  // namespace gif_40

Claim gif_40_poincare() {
  using namespace gif_40;
  const auto gaussian = [](Trial& trial) {
    const double deviation = trial.rng.log_uniform(0.2, 5.0);
    const LineMeasure p = gaussian_law(trial.rng.normal(), deviation);
    return Outcome(Bound{
        .lhs = poincare_constant(p), .rhs = squared_lipschitz(regularity(p), "κ"), .part = "κ"});
  };
  return {
      .id = "GIF-40",
      .statement = "ν = T_#γ, ‖∇T‖ ≤ Λ ⇒ C_P(ν) ≤ Λ²: 1/κ; Z_D(κ)²/2π; σ²e^{R²/σ²}; erfcx(−L/√2)²",
      .source =
          "derived from the Lipschitz constants of the flow; classes as in "
          "[GaoHuangJiao2024]",
      .provenance = Provenance::derived,
      .hypotheses =
          {"κ > 0, or κ ∈ ℝ on a convex support of diameter 2D, or ν = N(0, σ²I) * ρ with "
           "supp ρ in a ball of radius R, or log dν/dγ L-Lipschitz"},
      .tolerance = 1e-7,  // discretisation of C_P, relative
      .instances =
          [] {
            std::vector<Instance> all = line_law_families(on_the_line);
            all.push_back({"mixtures, d = 3, linear functions", [](Trial& trial) {
                             return linear_functions(draw_isotropic_mixture(trial.rng, 3, 5));
                           }});
            return all;
          }(),
      .tight = {{"Gaussian", gaussian}},
      .controls = {{.name = "C_P ≤ σ² for centres ±σ",
                    .draw = [](Trial&) { return with_constant(two_centres(1.0), 1.0); },
                    .repeat = false},
                   {.name = "0.95 σ²e^{R²/σ²}, R = σ/2",
                    .draw =
                        [](Trial&) {
                          const LineMeasure p = two_centres(0.5);
                          return with_constant(p,
                                               0.95 * squared_lipschitz(regularity(p), "mixture"));
                        },
                    .repeat = false}},
      .on_target = on_target,
      .file = __FILE__,
      .grade = Grade::converged,
      .without_error = true};
}

}  // namespace flowcheck
