#include "proximal/gaussian_objective.hpp"

#include "distances/gaussian_divergence.hpp"
#include "numerics/require.hpp"
#include "numerics/round_off.hpp"
#include "numerics/spd.hpp"
#include "proximal/jko_step.hpp"

#include <cmath>

namespace flowcheck {
namespace {

Matrix inverted(const Matrix& A) {
  const SymmetricEigen eigen = symmetric_eigen(A);
  require(eigen.values(0) > 0.0, "GaussianObjective: the curvature must be positive definite");
  return spectral_function(eigen, [](double a) { return 1.0 / a; });
}

Matrix centred_curvature(const GaussianObjective& G) {
  return G.curvature + G.interaction * Matrix::Identity(G.curvature.rows(), G.curvature.cols());
}

}  // namespace

Gaussian GaussianObjective::minimiser() const {
  return {centre, inverted(centred_curvature(*this))};
}

Estimate GaussianObjective::convexity() const {
  const double error = round_off(curvature.norm(), curvature.rows());
  const double least = smallest_eigenpair(curvature).value;
  return Estimate::closed_form(least, error) + std::min(interaction, 0.0);
}

Estimate GaussianObjective::gap(const Gaussian& rho) const {
  require(rho.dimension() == centre.size(),
          "GaussianObjective::gap: the measure has another dimension");
  const Vector shift = rho.mean() - centre;
  const double potential = 0.5 * shift.dot(curvature * shift);
  const double error = round_off(curvature.norm() * shift.squaredNorm(), rho.dimension());
  const Gaussian centred(centre, rho.covariance());
  return kl(centred, minimiser()) + Estimate::closed_form(potential, error);
}

Gaussian jko_step(const Gaussian& current, const GaussianObjective& objective, double step_size) {
  const Gaussian of_mean =
      jko_step(current, Gaussian(objective.centre, inverted(objective.curvature)), step_size);
  const Gaussian of_covariance = jko_step(current, objective.minimiser(), step_size);
  return {of_mean.mean(), of_covariance.covariance()};
}

}  // namespace flowcheck
