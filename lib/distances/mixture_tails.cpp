#include "distances/mixture_tails.hpp"

#include "numerics/spd.hpp"

#include <algorithm>
#include <vector>

namespace flowcheck {
namespace {

// Precisions of the components of positive weight, a common one once.
std::vector<Matrix> precisions(const GaussianMixture& mixture) {
  std::vector<Matrix> result;
  const Index count = mixture.has_common_covariance() ? 1 : mixture.size();
  for (Index k = 0; k < count; ++k) {
    if (mixture.weights()(k) > 0.0 || count == 1) result.push_back(mixture.kernel(k).precision());
  }
  return result;
}

}  // namespace

Finiteness ratio_moment(const GaussianMixture& p, const GaussianMixture& q, double a) {
  const std::vector<Matrix> of_p = precisions(p);
  const std::vector<Matrix> of_q = precisions(q);
  bool all_finite = true;
  for (const Matrix& P : of_p) {
    bool dominated = false;
    std::vector<Vector> directions;
    for (const Matrix& Q : of_q) {
      const SymmetricEigen eigen = symmetric_eigen(symmetrised(a * P - (a - 1.0) * Q));
      if (eigen.values(0) > 0.0) {
        dominated = true;
        break;
      }
      for (Index i = 0; i < eigen.values.size() && eigen.values(i) < 0.0; ++i) {
        directions.emplace_back(eigen.vectors.col(i));
      }
    }
    if (dominated) continue;
    all_finite = false;
    for (const Vector& v : directions) {
      const double kept = a * v.dot(P * v);
      const auto wins = [&](const Matrix& Q) { return kept < (a - 1.0) * v.dot(Q * v); };
      if (std::all_of(of_q.begin(), of_q.end(), wins)) return Finiteness::infinite;
    }
  }
  return all_finite ? Finiteness::finite : Finiteness::unknown;
}

}  // namespace flowcheck
