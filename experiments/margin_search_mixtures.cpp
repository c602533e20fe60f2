// Laws on finitely many points, where everything is a sum, and mixtures on the line with the
// Ornstein–Uhlenbeck flow, under which they stay mixtures.

#include "distances/monotone_transport.hpp"
#include "margin_spaces.hpp"
#include "measures/gaussian_mixture.hpp"
#include "numerics/round_off.hpp"
#include "numerics/special_functions.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

namespace flowcheck {
namespace {

using Triple = Eigen::Array3d;

// Three masses of sum one, down to some 1e-8.
Triple draw_masses(SearchPoint& at, const std::string& name) {
  Triple masses;
  for (Index i = 0; i < 3; ++i) {
    masses[i] = at.log_uniform(name + "_" + std::to_string(i + 1), 1e-4, 1e4);
  }
  return masses / masses.sum();
}

// Σ p log(p/q) − p + q, a sum of positive terms.
Estimate discrete_kl(const Triple& p, const Triple& q) {
  const Triple ratio = (p - q) / q;
  const double value = (p * ratio.log1p() - (p - q)).sum();
  const double size = (p * ratio.log1p().abs() + (p - q).abs()).sum();
  return max(0.0, Estimate::closed_form(value, round_off(size, 3)));
}

Bound kl_is_jointly_convex(SearchPoint& at) {
  const Triple p0 = draw_masses(at, "p0");
  const Triple p1 = draw_masses(at, "p1");
  const Triple q0 = draw_masses(at, "q0");
  const Triple q1 = draw_masses(at, "q1");
  const double s = at.uniform("share", 0.01, 0.99);
  return {.lhs = discrete_kl((1.0 - s) * p0 + s * p1, (1.0 - s) * q0 + s * q1),
          .rhs = (1.0 - Estimate(s)) * discrete_kl(p0, q0) + s * discrete_kl(p1, q1)};
}

Estimate total_variation(const Triple& p, const Triple& q) {
  return Estimate::closed_form(0.5 * (p - q).abs().sum(), round_off(1.0, 1));
}

// TV² ≤ 1 − e^{−KL}; wrong: ≤ KL/4.
Bound bretagnolle_huber(SearchPoint& at) {
  const Triple p = draw_masses(at, "p");
  const Triple q = draw_masses(at, "q");
  return {.lhs = square(total_variation(p, q)), .rhs = -expm1(-discrete_kl(p, q))};
}
Bound small_pinsker(SearchPoint& at) {
  const Triple p = draw_masses(at, "p");
  const Triple q = draw_masses(at, "q");
  return {.lhs = square(total_variation(p, q)), .rhs = 0.25 * discrete_kl(p, q)};
}

using Points = std::vector<Eigen::Vector2d>;

Points draw_points(SearchPoint& at, const std::string& name) {
  Points points(3);
  for (std::size_t i = 0; i < points.size(); ++i) {
    const std::string point = name + "_" + std::to_string(i + 1);
    const double x = at.uniform(point + "1", -1.0, 1.0);
    points[i] << x, at.uniform(point + "2", -1.0, 1.0);
  }
  return points;
}

Points united(Points a, const Points& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// W₂² of as many points with equal masses: the best assignment of all.
Estimate squared_w2(const Points& p, const Points& q) {
  std::vector<double> costs;
  for (const auto& x : p) {
    for (const auto& y : q) costs.push_back((x - y).squaredNorm());
  }
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  double least = infinity;
  do {
    double sum = 0.0;
    for (std::size_t i = 0; i < order.size(); ++i) sum += costs[i * order.size() + order[i]];
    least = std::min(least, sum);
  } while (std::next_permutation(order.begin(), order.end()));
  const auto n = static_cast<double>(p.size());
  return Estimate::closed_form(least / n, round_off(least / n, 1));
}

Bound w2_is_jointly_convex(SearchPoint& at) {
  const Points x0 = draw_points(at, "x0");
  const Points x1 = draw_points(at, "x1");
  const Points y0 = draw_points(at, "y0");
  const Points y1 = draw_points(at, "y1");
  return {.lhs = squared_w2(united(x0, x1), united(y0, y1)),
          .rhs = 0.5 * (squared_w2(x0, y0) + squared_w2(x1, y1))};
}

GaussianMixture draw_two_modes(SearchPoint& at, const std::string& name) {
  const double weight = at.uniform(name + "_weight", 0.01, 0.99);
  Matrix means(1, 2);
  for (Index k = 0; k < 2; ++k) {
    means(0, k) = at.uniform(name + "_mean_" + std::to_string(k + 1), -4.0, 4.0);
  }
  std::vector<Matrix> variances;
  for (const char* end : {"_deviation_1", "_deviation_2"}) {
    const double s = at.log_uniform(name + end, 0.2, 3.0);
    variances.push_back(Matrix::Constant(1, 1, s * s));
  }
  return {Eigen::Vector2d(weight, 1.0 - weight), means, variances};
}

struct TwoModes {
  std::array<double, 2> weight = {}, mean = {}, deviation = {};

  explicit TwoModes(const GaussianMixture& p) {
    for (std::size_t k = 0; k < 2; ++k) {
      const auto i = static_cast<Index>(k);
      weight[k] = p.weights()[i];
      mean[k] = p.means()(0, i);
      deviation[k] = std::sqrt(p.covariance(i)(0, 0));
    }
  }

  // The quantile at Φ(z), from the nearer tail: between those of the modes, by Newton's method.
  double quantile(double z) const {
    const double side = z <= 0.0 ? 1.0 : -1.0;
    const double mass = normal_cdf(side * z);
    double lower = std::min(mean[0] + deviation[0] * z, mean[1] + deviation[1] * z);
    double upper = std::max(mean[0] + deviation[0] * z, mean[1] + deviation[1] * z);
    double x = weight[0] * (mean[0] + deviation[0] * z) + weight[1] * (mean[1] + deviation[1] * z);
    for (int i = 0; i < 60 && upper - lower > 1e-14 * (std::abs(lower) + std::abs(upper)); ++i) {
      double excess = -mass;
      double density = 0.0;
      for (std::size_t k = 0; k < 2; ++k) {
        const double u = (x - mean[k]) / deviation[k];
        excess += weight[k] * normal_cdf(side * u);
        density += weight[k] * normal_density(u) / deviation[k];
      }
      excess *= side;
      (excess > 0.0 ? upper : lower) = x;
      const double step = excess / density;
      if (std::abs(step) <= 1e-13 * (1.0 + std::abs(x))) return x - step;
      x = x - step > lower && x - step < upper ? x - step : 0.5 * (lower + upper);
    }
    return x;
  }
};

// W₂ by quantiles, ∫(T − T')² dN(0, 1) by the trapezoidal rule, which nearly doubles its digits
// with its nodes: what rules with every fourth of them say is further off than the whole. A descent
// finds where two such rules agree by chance, but not four.
Estimate w2_on_nodes(const GaussianMixture& p, const GaussianMixture& q) {
  constexpr double h = 0.2;
  constexpr int reach = 30;
  const TwoModes first(p);
  const TwoModes second(q);
  std::array<double, 4> sums = {};
  for (int i = -reach; i <= reach; ++i) {
    const double z = h * i;
    const double x = first.quantile(z) - second.quantile(z);
    sums[static_cast<std::size_t>(i + reach) % 4] += h * normal_density(z) * x * x;
  }
  const double fine = std::sqrt(sums[0] + sums[1] + sums[2] + sums[3]);
  double error = 0.0;
  for (const double sum : sums) error = std::max(error, std::abs(2.0 * std::sqrt(sum) - fine));
  return Estimate::converged(fine, error, 1e-12 * fine);
}

Estimate refined_w2(const GaussianMixture& p, const GaussianMixture& q) {
  return w2(p, q);
}

// log(W₂(ρ_0, ρ'_0)/W₂(ρ_t, ρ'_t))/t ≥ 1 towards N(0, 1).
using Distance = Estimate (*)(const GaussianMixture& p, const GaussianMixture& q);

Statement approach_of_mixtures(Distance distance, double rate) {
  return [=](SearchPoint& at) {
    const GaussianMixture first = draw_two_modes(at, "first");
    const GaussianMixture second = draw_two_modes(at, "second");
    const double time = at.log_uniform("time", 0.05, 3.0);
    const Estimate before = distance(first, second);
    if (!(before.lower > 1e-3)) return left_out("", "two laws");
    const Estimate after = distance(ou_law(first, time), ou_law(second, time));
    return Bound{.lhs = rate, .rhs = log(before / after) / time};
  };
}

}  // namespace

std::vector<SearchSpace> mixture_search_spaces() {
  return {{.claim = "JKO-31(iv)",
           .part = "mixtures on the line",
           .statement = approach_of_mixtures(w2_on_nodes, 1.0),
           .wrong = "rate 1.1 λ",
           .control = approach_of_mixtures(refined_w2, 1.1),
           .careful = approach_of_mixtures(refined_w2, 1.0)},
          {.claim = "JKO-39",
           .part = "KL is jointly convex",
           .statement = kl_is_jointly_convex,
           .wrong = "0.9 of the right side",
           .control = with_right_side(kl_is_jointly_convex, 0.9)},
          {.claim = "JKO-39",
           .part = "W₂² is jointly convex",
           .statement = w2_is_jointly_convex,
           .wrong = "0.9 of the right side",
           .control = with_right_side(w2_is_jointly_convex, 0.9)},
          {.claim = "JKO-39",
           .part = "Bretagnolle–Huber",
           .statement = bretagnolle_huber,
           .wrong = "TV² ≤ KL/4",
           .control = small_pinsker}};
}

}  // namespace flowcheck
