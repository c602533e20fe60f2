#include "measures/pair_curvature.hpp"

#include "measures/gaussian_mixture.hpp"
#include "numerics/require.hpp"
#include "numerics/round_off.hpp"
#include "numerics/spd.hpp"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace flowcheck {
namespace {

PairCurvature of_one_covariance(const Gaussian& kernel, const Vector& gap) {
  const Index d = kernel.dimension();
  const Matrix P = kernel.precision();
  const Vector g = P * gap;
  const double steepest = 1.0 / kernel.eigenvalues()(0);
  const double error =
      round_off(kernel.condition_number() * (steepest + 0.25 * g.squaredNorm()), d);
  const double largest = largest_eigenpair(symmetrised(0.25 * g * g.transpose() - P)).value;
  return {.largest = Estimate::closed_form(largest, error),
          .smallest =
              Estimate::closed_form(-steepest, round_off(kernel.condition_number() * steepest, d))};
}

// sup over u ≤ d₀ of r₂(2r₁(d₀ − u) − 1), r₂ = 1/(1 + e^{−u}): (1 − t)(3 + t)/(4t) at the root of
// tanh(v/2)(d₀ + v) = 3/2, whose left side grows where it is positive.
double largest_share(double d0) {
  const auto is_short = [d0](double v) { return std::tanh(0.5 * v) * (d0 + v) < 1.5; };
  double from = std::max(0.0, -d0);
  double to = from + 1.0;
  while (is_short(to)) to = from + 2.0 * (to - from);
  while (true) {
    const double v = 0.5 * (from + to);
    if (v <= from || v >= to) break;
    (is_short(v) ? from : to) = v;
  }
  const double t = std::tanh(0.5 * to);
  return 2.0 / (1.0 + std::exp(to)) * (3.0 + t) / (4.0 * t);
}

// V₁ = L(I + B)Lᵀ and V₂ = LLᵀ, B = U diag(β) Uᵀ ≻ 0.
struct WiderPair {
  Gaussian narrow;
  SymmetricEigen B = {};
  double B_error = 0.0;
  Estimate log_odds = 0.0;  // d₀

  // −V₁⁻¹ + sD = L⁻ᵀ U diag((sβ − 1)/(1 + β)) Uᵀ L⁻¹.
  Matrix form(double s) const {
    const Vector mu = (s * B.values.array() - 1.0) / (1.0 + B.values.array());
    const Matrix half = B.vectors.transpose() * narrow.inverse_factor();
    return symmetrised(half.transpose() * mu.asDiagonal() * half);
  }
  double form_error(double s) const {
    const auto& beta = B.values.array();
    const double size = ((s * beta - 1.0) / (1.0 + beta)).abs().maxCoeff();
    const double moved = (1.0 + std::abs(s)) * B_error / std::pow(1.0 + beta(0), 2);
    return (moved + round_off(narrow.condition_number() * size, narrow.dimension())) /
           narrow.eigenvalues()(0);
  }
};

std::optional<WiderPair> wider_pair(const Gaussian& wide,
                                    const Gaussian& narrow,
                                    const Vector& gap,
                                    double log_ratio) {
  const Index d = wide.dimension();
  const Matrix whitening = narrow.inverse_factor();
  WiderPair pair{.narrow = narrow};
  pair.B = symmetric_eigen(
      symmetrised(whitening * (wide.covariance() - narrow.covariance()) * whitening.transpose()));
  const auto& beta = pair.B.values.array();
  pair.B_error = round_off(narrow.condition_number() * beta.abs().maxCoeff(), d);
  const double relative = pair.B_error / beta(0);
  if (beta(0) <= 0.0 || relative > 0.25) return std::nullopt;

  // ½⟨δ, (V₁ − V₂)⁻¹δ⟩ = ½⟨w, B⁻¹w⟩, w = L⁻¹δ; log det(I + B) moves less than the sum of its β.
  const Eigen::ArrayXd w = (pair.B.vectors.transpose() * (whitening * gap)).array();
  const double w_error = round_off(narrow.condition_number() * w.matrix().norm(), d);
  const double square = (w.square() / beta).sum();
  const double square_error = square * relative / (1.0 - relative) +
                              2.0 * w_error * (w / beta).matrix().norm() +
                              2.0 * w_error * w_error / beta(0);
  const double entropy = 0.5 * beta.log1p().sum();
  const double error = 0.5 * square_error +
                       0.5 * static_cast<double>(d) * pair.B_error / (1.0 + beta(0)) +
                       round_off(std::abs(log_ratio) + entropy + square, d);
  pair.log_odds = Estimate::closed_form(log_ratio + entropy + 0.5 * square, error);
  return pair;
}

PairCurvature of_wider_pair(const WiderPair& pair) {
  const auto largest = [&](double d0) {
    return largest_eigenpair(pair.form(largest_share(d0))).value;
  };
  const auto share = [](double d0) { return -1.0 / (1.0 + std::exp(-d0)); };
  const auto smallest = [&](double d0) { return smallest_eigenpair(pair.form(share(d0))).value; };
  const Estimate& d0 = pair.log_odds;
  const double error = pair.form_error(largest_share(d0.upper));
  const double other = pair.form_error(share(d0.upper));
  return {.largest = Estimate::between(largest(d0.value), largest(d0.lower) - error,
                                       largest(d0.upper) + error, Grade::closed_form),
          .smallest = Estimate::between(smallest(d0.value), smallest(d0.upper) - other,
                                        smallest(d0.lower) + other, Grade::closed_form)};
}

// Different ones of positive weight: their number among the mixture's components, and the weight.
std::vector<std::pair<Index, double>> distinct_components(const GaussianMixture& p) {
  std::vector<std::pair<Index, double>> result;
  for (Index k = 0; k < p.size(); ++k) {
    if (p.weights()(k) == 0.0) continue;
    const auto same = std::ranges::find_if(result, [&](const auto& other) {
      return p.means().col(k) == p.means().col(other.first) &&
             p.covariance(k) == p.covariance(other.first);
    });
    if (same != result.end()) {
      same->second += p.weights()(k);
    } else if (result.size() == 2) {
      return {};
    } else {
      result.emplace_back(k, p.weights()(k));
    }
  }
  return result;
}

}  // namespace

std::optional<PairCurvature> pair_curvature(const GaussianMixture& p) {
  require(p.has_density(), "pair_curvature: takes a mixture with a density");
  auto components = distinct_components(p);
  if (components.size() != 2) return std::nullopt;
  if (p.covariance(components[0].first).trace() < p.covariance(components[1].first).trace()) {
    std::swap(components[0], components[1]);
  }
  const auto& [wide, wide_weight] = components[0];
  const auto& [narrow, narrow_weight] = components[1];
  const Vector gap = p.means().col(narrow) - p.means().col(wide);
  if (p.covariance(wide) == p.covariance(narrow)) return of_one_covariance(p.kernel(wide), gap);
  const auto pair =
      wider_pair(p.kernel(wide), p.kernel(narrow), gap, std::log(narrow_weight / wide_weight));
  if (!pair) return std::nullopt;
  return of_wider_pair(*pair);
}

}  // namespace flowcheck
