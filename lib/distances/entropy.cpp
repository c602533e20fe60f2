#include "distances/entropy.hpp"

#include "distances/divergence.hpp"
#include "numerics/require.hpp"
#include "numerics/round_off.hpp"

#include <cmath>
#include <numbers>

namespace flowcheck {

Estimate entropy(const GaussianMixture& p) {
  const Index d = p.dimension();
  require(d <= 2 && p.has_density(), "entropy: expected a mixture with a density, d at most 2");
  const Gaussian moments(p.mean(), p.covariance());
  const double log_det = moments.eigenvalues().array().log().sum();
  const double size = static_cast<double>(d) * (1.0 + std::log(2.0 * std::numbers::pi));
  // Of log det the relative error of the least eigenvalue.
  const double error = round_off(size + std::abs(log_det) + moments.condition_number(), d);
  return Estimate::closed_form(0.5 * (size + log_det), error) - kl(p, GaussianMixture(moments));
}

}  // namespace flowcheck
