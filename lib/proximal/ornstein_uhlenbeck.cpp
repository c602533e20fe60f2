#include "proximal/ornstein_uhlenbeck.hpp"

#include "numerics/require.hpp"
#include "numerics/spd.hpp"

#include <cmath>

namespace flowcheck {

Gaussian ou_law(const Gaussian& start, const Gaussian& target, double time) {
  require(time >= 0.0, "ou_law: the time must not be negative");
  require(start.dimension() == target.dimension(), "ou_law: the measures differ in dimension");
  require(target.has_density(), "ou_law: the target has no density");
  if (time == 0.0) return start;

  const SymmetricEigen Q{.values = target.eigenvalues(), .vectors = target.eigenvectors()};
  const Matrix decay = spectral_function(Q, [time](double s) { return std::exp(-time / s); });
  const Matrix noise =
      spectral_function(Q, [time](double s) { return -s * std::expm1(-2.0 * time / s); });
  const Matrix image = decay * start.factor();
  return {target.mean() + decay * (start.mean() - target.mean()),
          symmetrised(image * image.transpose() + noise)};
}

}  // namespace flowcheck
