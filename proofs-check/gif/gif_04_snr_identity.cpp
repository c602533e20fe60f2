#include "gif/differences.hpp"
#include "gif/gif_claims.hpp"
#include "gif/instances.hpp"
#include "gif/jacobian_bounds.hpp"
#include "measures/mixture_posterior.hpp"
#include "numerics/compensated_sum.hpp"
#include "numerics/round_off.hpp"
#include "numerics/special_functions.hpp"
#include "numerics/vector_exp.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

namespace flowcheck {
namespace gif_04 {

// E C and E C² over y's law at one r, their entries one after the other: sums over a grid whose
// every other node is a grid as well. The integrands are analytic and decay like Gaussians, so that
// the sums converge faster than any power; what the coarser grid differs by, and what lies beyond
// the grid, is the discretisation; what rounding does to the posteriors and densities is round-off.
struct Averages {
  EnclosedVector covariance;
  EnclosedVector square;
};

struct Nodes {
  Matrix points;
  std::vector<bool> coarse;
};

Nodes grid(Index d, double spacing, double half_width) {
  const auto n = static_cast<Index>(std::ceil(half_width / spacing / 2.0)) * 2;
  const Index side = 2 * n + 1;
  const Index count = d == 1 ? side : side * side;
  Nodes nodes{.points = Matrix(d, count), .coarse = std::vector<bool>()};
  for (Index k = 0; k < count; ++k) {
    const Index i = k % side;
    const Index j = d == 1 ? n : k / side;
    nodes.points(0, k) = spacing * static_cast<double>(i - n);
    if (d == 2) nodes.points(1, k) = spacing * static_cast<double>(j - n);
    nodes.coarse.push_back((i - n) % 2 == 0 && (j - n) % 2 == 0);
  }
  return nodes;
}

// C and its density at a node.
struct Node {
  Matrix C;
  double covariance_error = 0.0;
  double density = 0.0;
  double density_error = 0.0;
};

class Summation {
 public:
  Summation(Index d, double cell) : d_(d), cell_(cell), fine_(entries(d)), coarse_(entries(d)) {}

  void add(const Node& node, bool coarse) {
    const Matrix squared = node.C * node.C;
    add(fine_, node, squared);
    if (coarse) add(coarse_, node, squared);
    const double size = node.C.norm();
    const double error =
        node.covariance_error + round_off(size, d_) / 8.0;  // of C², and of the products
    errors_(0) += node.density * error + size * node.density_error;
    errors_(1) += 2.0 * node.density * error * size + size * size * node.density_error;
  }

  // `beyond`: E|C| and E|C|² off the grid.
  Averages averages(const Vector& beyond) const {
    const double coarse_cell = cell_ * static_cast<double>(d_ == 1 ? 2 : 4);
    const auto average = [&](Index power) -> EnclosedVector {
      const Vector value = cell_ * sums(fine_, power);
      return {
          .value = value,
          .round_off = cell_ * errors_(power),
          .discretisation = (coarse_cell * sums(coarse_, power) - value).norm() + beyond(power)};
    };
    return {average(0), average(1)};
  }

 private:
  using Sums = std::vector<CompensatedSum>;  // of C, then of C²

  static std::size_t entries(Index d) { return static_cast<std::size_t>(2 * d * d); }

  static void add(Sums& sums, const Node& node, const Matrix& squared) {
    const auto half = static_cast<std::size_t>(node.C.size());
    for (std::size_t i = 0; i < half; ++i) {
      sums[i].add(node.density * node.C.data()[i]);
      sums[half + i].add(node.density * squared.data()[i]);
    }
  }

  Vector sums(const Sums& of, Index power) const {
    const Index half = d_ * d_;
    return Vector::NullaryExpr(
        half, [&](Index i) { return of[static_cast<std::size_t>(power * half + i)].value(); });
  }

  Index d_;
  double cell_;
  Sums fine_;
  Sums coarse_;
  Vector errors_ = Vector::Zero(2);
};

// How many standard deviations of each component the grid reaches.
constexpr double reach_of_grid = 9.5;

// y = Z + rX₁ has all but e^{−47} of its mass within this of 0.
double half_width(const FlowProblem& problem, double r) {
  const Regularity& constants = problem.law->regularity();
  const double radius = support_radius(*problem.law);
  if (std::isfinite(radius)) return r * radius + reach_of_grid;
  if (const GaussianMixture* p = problem.law->mixture()) {
    double result = 0.0;
    for (Index k = 0; k < p->size(); ++k) {
      if (p->weights()(k) == 0.0) continue;
      const double largest = p->kernel(k).eigenvalues().maxCoeff();
      result = std::max(
          result, r * p->means().col(k).norm() + reach_of_grid * std::sqrt(1.0 + r * r * largest));
    }
    return result;
  }
  return r * known_log_lipschitz(constants) + reach_of_grid * std::hypot(1.0, r);
}

// E|C| and E|C|² off the grid. With u > 9.5 deviations in one of d coordinates, of probability
// 2Φ(−9.5), E|X₁ − m|² given u is at most |mₖ − m|² + λₖ(d + u²) in each component, u² hardly above
// 9.5², and |C|² has at most its square, Gaussians' fourth moments being 3 σ⁴. e^{L|x|} N(0, I) is
// below N(±L, I) over Φ(−L).
Vector beyond_grid(const FlowProblem& problem) {
  const DataLaw& law = *problem.law;
  const auto d = static_cast<double>(law.dimension());
  const double fluctuation = 3.0 * (d + reach_of_grid * reach_of_grid);
  double size = 0.0;
  double mass = 2.0 * d * normal_cdf(-reach_of_grid);
  if (const GaussianMixture* p = law.mixture()) {
    const Vector mean = law.mean();
    for (Index k = 0; k < p->size(); ++k) {
      if (p->weights()(k) == 0.0) continue;
      const double variance = p->kernel(k).eigenvalues().maxCoeff();
      const double apart = (p->means().col(k) - mean).squaredNorm();
      size = std::max(size, 2.0 * (apart + fluctuation * variance));
    }
  } else if (const double radius = support_radius(law); std::isfinite(radius)) {
    size = radius * radius;
  } else {
    const double L = known_log_lipschitz(law.regularity());
    size = 2.0 * (L * L + fluctuation);
    mass /= normal_cdf(-L);
  }
  return mass * Vector{{size, 2.0 * size * size}};
}

// Whose posteriors are cheap enough for a fine grid.
bool is_line_mixture(const FlowProblem& problem) {
  return problem.law->mixture() != nullptr && problem.law->dimension() == 1;
}

// Posteriors one by one know their errors.
void add_one_by_one(const DataLaw& law, double r, const Nodes& nodes, Summation& sum) {
  for (Index k = 0; k < nodes.points.cols(); ++k) {
    const Vector y = nodes.points.col(k);
    const LatentMoments posterior = law.posterior(r, 1.0, y);
    const Estimate density = exp(*law.log_marginal(r, 1.0, y));
    sum.add({posterior.covariance, posterior.covariance_error, density.value, density.width()},
            nodes.coarse[static_cast<std::size_t>(k)]);
  }
}

// What rounding does to C at y by way of the components' weights, and to the density, relative.
struct WeightErrors {
  double covariance = 0.0;
  double density = 0.0;
};

// Of one width σ²I. The exponent |z|²/2 of a component, z = (y − rmₖ)/√v and v = 1 + r²σ², errs by
// |z| times what rounding y and rmₖ does to z, and by itself: by little where the component has
// weight, however far from 0 it is. Weights wₖ(1 + δₖ) move C by at most Σ wₖ|δₖ|(|cₖ|² + Σ w|c|²),
// cₖ = (mₖ − m)/v about the mean of the posterior. O(K) a place, as much as the posterior itself:
// in passes over arrays that stay where they are.
class IsotropicErrors {
 public:
  IsotropicErrors(const GaussianMixture& p, double r)
      : v_(1.0 + r * r * p.common_variance()),
        centres_(r / std::sqrt(v_) * p.means().transpose()),
        reach_(centres_.rowwise().norm()),
        log_weights_(p.weights().array().log()),
        unit_(round_off(1.0, p.dimension()) / 8.0),
        apart_(r * r * v_) {}

  WeightErrors operator()(const Vector& y) {
    const Vector at = y / std::sqrt(v_);
    squares_ = squared_distances(at);
    weights_ = log_weights_ - 0.5 * squares_;
    weights_.array() -= weights_.maxCoeff();
    vector_exp(weights_);
    weights_ /= weights_.sum();
    const Vector mean = centres_.transpose() * weights_;
    // The shares of δ = u(1 + |z|(|z| + |y|/√v + r|m|/√v)).
    const auto z = squares_.array().sqrt();
    errors_ = unit_ * weights_.array() * (1.0 + z * (z + at.norm() + reach_.array()));
    squares_ = squared_distances(mean) / apart_;  // |c|²
    const double density = errors_.sum();
    return {errors_.dot(squares_) + density * weights_.dot(squares_), density};
  }

 private:
  Vector squared_distances(const Vector& from) const {
    Vector result = (centres_.col(0).array() - from(0)).square();
    for (Index i = 1; i < from.size(); ++i) {
      result.array() += (centres_.col(i).array() - from(i)).square();
    }
    return result;
  }

  double v_;
  Matrix centres_;  // rmₖ/√v, one a row
  Vector reach_;
  Vector log_weights_;
  double unit_;
  double apart_;  // |mₖ − m|²/v² from distances of these centres
  Vector squares_ = {};
  Vector weights_ = {};
  Vector errors_ = {};
};

// In general, with all exponents |y − rmₖ|²/(2vₖ), vₖ ≥ 1, as large as any.
WeightErrors general_errors(
    const GaussianMixture& p, double largest_mean, double r, const Vector& y, const Matrix& C) {
  const double reach = y.norm() + r * largest_mean;
  const double exponent = round_off(1.0 + reach * reach, p.dimension()) / 8.0;
  return {4.0 * exponent * C.trace(), 2.0 * exponent};
}

// tr C but for the components' own variance, of one width: what the differences of means make of
// it.
double spread_of_means(const GaussianMixture& p, double r, const Matrix& C) {
  const double variance = p.common_variance();
  if (variance < 0.0) return C.trace();
  const double own = static_cast<double>(p.dimension()) * variance / (1.0 + r * r * variance);
  return std::max(0.0, C.trace() - own) + round_off(C.trace(), p.dimension());
}

// In batches the components' weights round, and so do their means, of which C has the differences.
void add_in_batches(const GaussianMixture& p, double r, const Nodes& nodes, Summation& sum) {
  const MixturePosterior posterior(p, r, 1.0);
  const PointwiseMoments moments = posterior.moments(nodes.points);
  const Vector density = posterior.log_densities(nodes.points).array().exp();
  const double largest = std::sqrt(p.means().colwise().squaredNorm().maxCoeff());
  const bool is_isotropic = p.common_variance() >= 0.0;
  std::optional<IsotropicErrors> isotropic_errors;
  if (is_isotropic) isotropic_errors.emplace(p, r);
  for (Index k = 0; k < nodes.points.cols(); ++k) {
    const Vector y = nodes.points.col(k);
    const Matrix C = moments.matrix(k);
    const WeightErrors of_weights =
        is_isotropic ? (*isotropic_errors)(y) : general_errors(p, largest, r, y, C);
    const double means = round_off(moments.vectors.col(k).norm() + largest, p.dimension()) / 8.0;
    const double error =
        of_weights.covariance + means * (2.0 * std::sqrt(spread_of_means(p, r, C)) + means);
    sum.add({C, error, density(k), of_weights.density * density(k)},
            nodes.coarse[static_cast<std::size_t>(k)]);
  }
}

Averages averages(const FlowProblem& problem, double r) {
  constexpr Index many = 10'000;  // components of several widths times nodes
  const DataLaw& law = *problem.law;
  const Index d = law.dimension();
  const double spacing = is_line_mixture(problem) ? 0.05 : 0.125;
  const Nodes nodes = grid(d, spacing, half_width(problem, r));
  Summation sum(d, std::pow(spacing, static_cast<double>(d)));
  const GaussianMixture* p = law.mixture();
  if (p != nullptr && (p->common_variance() >= 0.0 || p->size() * nodes.points.cols() > many)) {
    add_in_batches(*p, r, nodes, sum);
  } else {
    add_one_by_one(law, r, nodes, sum);
  }
  return sum.averages(beyond_grid(problem));
}

// d/dr E C, again with a shorter step where the first is long against what E C changes over, as
// between centres far apart.
EnclosedVector slope_at(const FlowProblem& problem, double r) {
  const auto with_step = [&](double step) {
    return derivative([&](double shift) { return averages(problem, r + shift).covariance; }, step);
  };
  const EnclosedVector first = with_step(0.05 * r);
  if (first.discretisation <= 4.0 * first.round_off) return first;
  const EnclosedVector second = with_step(0.015 * r);
  const auto error = [](const EnclosedVector& v) { return v.round_off + v.discretisation; };
  return error(second) < error(first) ? second : first;
}

std::vector<double> clocks(const FlowProblem& problem) {
  return is_line_mixture(problem) ? std::vector<double>{0.5, 1.0, 2.0} : std::vector<double>{1.0};
}

// The trace's errors are at most √d times the norm's.
Estimate trace(const EnclosedVector& C) {
  const auto d = static_cast<Index>(std::lround(std::sqrt(static_cast<double>(C.value.size()))));
  const double stretch = std::sqrt(static_cast<double>(d));
  return Estimate::converged(C.value.reshaped(d, d).trace(), stretch * C.discretisation,
                             stretch * C.round_off);
}

// The identity with −factor·r for −2r.
Outcome with_factor(const FlowProblem& problem, double factor) {
  if (problem.law->dimension() > 2) {
    return Outcome::not_applicable("left out: quadrature over y for d ≤ 2");
  }
  if (half_width(problem, clocks(problem).back()) >
      (problem.law->dimension() == 1 ? 500.0 : 20.0)) {
    return Outcome::not_applicable("left out: the data are too spread out for the grid");
  }
  std::vector<Bound> bounds;
  Estimate before = infinity;
  for (const double r : clocks(problem)) {
    const Averages here = averages(problem, r);
    const EnclosedVector slope = slope_at(problem, r);
    const EnclosedVector drift{.value = -factor * r * here.square.value,
                               .round_off = factor * r * here.square.round_off,
                               .discretisation = factor * r * here.square.discretisation};
    add_identity(bounds, slope, drift, "d/dr E C = −2r E C²",
                 std::max({drift.value.norm(), here.covariance.value.norm() / r,
                           covariance_floor(problem)}));

    const Estimate now = trace(here.covariance);
    if (before.value < infinity) {
      bounds.push_back({.lhs = now,
                        .rhs = before,
                        .part = "tr E C decreases",
                        .scale = covariance_floor(problem),
                        .auxiliary = true});
    }
    before = now;
  }
  return bounds;
}

Outcome identity_of(const FlowProblem& problem) {
  return with_factor(problem, 2.0);
}
Outcome half_the_drift(const FlowProblem& problem) {
  Outcome result = with_factor(problem, 1.0);
  std::erase_if(result.bounds, [](const Bound& bound) { return bound.auxiliary; });
  return result;
}

std::vector<Instance> instances() {
  std::vector<Instance> result;
  for (const char* law :
       {"Gaussian, d = 1", "shift", "centres ±1, σ = 0.6", "centres ±1, weights 0.1 and 0.9",
        "plane, three centres", "points ±1", "points −1/3 and 1", "triangle", "uniform on [−1, 1]",
        "κ = -4 on [−1, 1]", "cusp, L = 1", "Gaussian, d = 3"}) {
    result.push_back(law_instance(law, identity_of));
  }
  return result;
}

}  // namespace gif_04

Claim gif_04_snr_identity() {
  using namespace gif_04;
  return {.id = "GIF-04",
          .statement = "d/dr E C(r, Y_r) = −2r E C(r, Y_r)², Y_r = Z + rX₁: E C decreases",
          .source = "[GuoShamaiVerdu2005]",
          .provenance = Provenance::recalled,
          .hypotheses = {"E|X₁|² < ∞"},
          .instances = instances(),
          .tight = {law_instance("centres ±1, σ = 0.6", identity_of, "centres ±1, equality")},
          .controls = {law_instance("points ±1", half_the_drift, "−r for −2r")},
          .on_target = on_flow_target(identity_of),
          .file = __FILE__,
          .grade = Grade::converged,
          .without_error = true};
}

}  // namespace flowcheck
