#include "distances/power_dissipation.hpp"

#include "numerics/require.hpp"
#include "numerics/round_off.hpp"
#include "numerics/spd.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace flowcheck {

// Whitened by q, p = N(w, I + E) in the eigenbasis of E, everything is a product over coordinates:
// with t = 1/(1 + e), A = αt + 1 − α is the precision of q^{1−α}p^α, whose mean is αtw/A, and
//
//   log ∫ q^{1−α} p^α = Σ ½ α log t − ½ log A − ½ α(1 − α) t w²/A.
//
// There the score gap −t(z − w) + z = (1 − t)z + tw, z ~ N(αtw/A, 1/A), has the mean tw/A, since
// (1 − t)α + A = 1, and the variance (1 − t)²/A; mapped back, ∇log r = Wᵀ V gap.
Estimate power_dissipation(const Gaussian& p, const Gaussian& q, double alpha) {
  require(p.dimension() == q.dimension() && p.has_density() && q.has_density(),
          "power_dissipation: the measures differ in dimension, or one has no density");
  require(std::isfinite(alpha), "power_dissipation: the exponent must be finite");
  const Matrix W = q.inverse_factor();
  const SymmetricEigen eigen =
      symmetric_eigen(symmetrised(W * (p.covariance() - q.covariance()) * W.transpose()));
  const Vector w = eigen.vectors.transpose() * (W * (p.mean() - q.mean()));
  const Matrix back = W.transpose() * eigen.vectors;
  const Vector& e = eigen.values;
  if (e.isZero(0.0) && w.isZero(0.0)) return 0.0;

  double log_mass = 0.0;
  double log_size = 0.0;
  double worst = 1.0;
  Vector mean(e.size());
  double spread = 0.0;
  for (Index i = 0; i < e.size(); ++i) {
    const double t = 1.0 / (1.0 + e(i));
    const double gap = e(i) * t;  // 1 − t
    const double A = 1.0 - alpha * gap;
    if (!(A > 0.0)) return infinity;
    const double shift = -0.5 * alpha * (1.0 - alpha) * t * w(i) * w(i) / A;
    log_mass += -0.5 * alpha * std::log1p(e(i)) - 0.5 * std::log1p(-alpha * gap) + shift;
    log_size += std::abs(alpha * e(i)) * (1.0 + t) + std::abs(shift);
    worst = std::max({worst, t, (1.0 + std::abs(alpha) * t) / A});
    mean(i) = t * w(i) / A;
    spread += back.col(i).squaredNorm() * gap * gap / A;
  }
  const double value = std::exp(log_mass) * ((back * mean).squaredNorm() + spread);
  // An eigenvalue's error u·κ·‖e‖ enters t and A by `worst`, and the exponent by its terms.
  const double error =
      round_off(value * q.condition_number() * worst * worst * (2.0 + log_size), p.dimension());
  if (!std::isfinite(value)) {
    return Estimate::between(value, std::numeric_limits<double>::max(), value, Grade::closed_form);
  }
  return max(0.0, Estimate::closed_form(value, error));
}

}  // namespace flowcheck
