#include "distances/mixture_tails.hpp"

#include "numerics/spd.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <utility>
#include <vector>

namespace flowcheck {
namespace {

// Pairs of components up to which directions are searched: seconds, at worst.
constexpr std::size_t most_searched = 10'000;

// Precisions of the components of positive weight, a common one once.
std::vector<Matrix> precisions(const GaussianMixture& mixture) {
  std::vector<Matrix> result;
  const Index count = mixture.has_common_covariance() ? 1 : mixture.size();
  for (Index k = 0; k < count; ++k) {
    if (mixture.weights()(k) > 0.0 || count == 1) result.push_back(mixture.kernel(k).precision());
  }
  return result;
}

// A direction along which all the forms vᵀA_j v are positive, by search: in the plane all angles,
// beyond from the sums and differences of `starts` upwards along a smoothed minimum. The forms'
// margin is far above their rounding.
class PositiveDirection {
 public:
  explicit PositiveDirection(std::vector<Matrix> forms) : forms_(std::move(forms)) {
    for (Matrix& A : forms_) A /= std::max(A.norm(), std::numeric_limits<double>::min());
  }

  bool exists(const std::vector<Vector>& starts) const {
    const Index d = forms_.front().rows();
    if (d == 2) {
      constexpr int angles = 4096;
      for (int i = 0; i < angles; ++i) {
        const double angle = std::numbers::pi * i / angles;
        if (is_positive(Vector{{std::cos(angle), std::sin(angle)}})) return true;
      }
      return false;
    }
    std::size_t tried = 0;
    for (std::size_t i = 0; i < starts.size(); ++i) {
      for (std::size_t j = 0; j <= i; ++j) {
        for (const double sign : {1.0, -1.0}) {
          const Vector v = starts[i] + sign * starts[j];
          if (!(v.norm() > 1e-8)) continue;
          if (climbs(v.normalized())) return true;
          if (++tried == 64) return false;
        }
      }
    }
    return false;
  }

 private:
  static constexpr double margin = 1e-10;

  bool is_positive(const Vector& v) const {
    return std::all_of(forms_.begin(), forms_.end(),
                       [&v](const Matrix& A) { return v.dot(A * v) > margin; });
  }

  // Ascent of −s log Σ e^{−vᵀA_j v/s} on the sphere, s falling.
  bool climbs(Vector v) const {
    for (int step = 0; step < 40; ++step) {
      if (is_positive(v)) return true;
      const double s = 0.3 / (1.0 + 0.5 * step);
      double least = infinity;
      for (const Matrix& A : forms_) least = std::min(least, v.dot(A * v));
      Vector slope = Vector::Zero(v.size());
      double total = 0.0;
      for (const Matrix& A : forms_) {
        const Vector image = A * v;
        const double weight = std::exp((least - v.dot(image)) / s);
        slope += weight * image;
        total += weight;
      }
      v = (v + slope / total).normalized();
    }
    return is_positive(v);
  }

  std::vector<Matrix> forms_;
};

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
    if (of_q.size() == 1 || of_p.size() * of_q.size() > most_searched) continue;
    std::vector<Matrix> growth;
    for (const Matrix& Q : of_q) growth.push_back((a - 1.0) * Q - a * P);
    if (PositiveDirection(std::move(growth)).exists(directions)) return Finiteness::infinite;
  }
  return all_finite ? Finiteness::finite : Finiteness::unknown;
}

}  // namespace flowcheck
