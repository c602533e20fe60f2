#include "gif/differences.hpp"
#include "gif/gif_claims.hpp"
#include "gif/instances.hpp"
#include "measures/mixture_posterior.hpp"
#include "numerics/round_off.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace flowcheck {
namespace gif_04 {

// E C and E C² over y's law at one r, their entries one after the other: sums over a grid whose
// every other node is a grid as well. The integrands are analytic and decay like Gaussians, so that
// the sums converge faster than any power; what the coarser grid differs by is the error.
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

class Summation {
 public:
  Summation(Index d, double cell) : d_(d), cell_(cell) {
    for (Vector& sum : sums_) sum = Vector::Zero(d * d);
  }

  void add(const Matrix& C, double density, bool coarse) {
    const Matrix squared = C * C;
    const Vector first = density * C.reshaped();
    const Vector second = density * squared.reshaped();
    sums_[0] += first;
    sums_[1] += second;
    if (coarse) {
      sums_[2] += first;
      sums_[3] += second;
    }
  }

  Averages averages() const {
    const double coarse_cell = cell_ * static_cast<double>(d_ == 1 ? 2 : 4);
    const auto average = [&](const Vector& fine, const Vector& coarse) -> EnclosedVector {
      const Vector value = cell_ * fine;
      return {.value = value,
              .round_off = (coarse_cell * coarse - value).norm() + 4e-15 * value.norm()};
    };
    return {average(sums_[0], sums_[2]), average(sums_[1], sums_[3])};
  }

 private:
  Index d_;
  double cell_;
  Vector sums_[4];
};

// y = Z + rX₁ has all but e^{−36} of its mass within this of 0.
double half_width(const FlowProblem& problem, double r) {
  const Regularity& constants = problem.law->regularity();
  const double radius = support_radius(*problem.law);
  if (std::isfinite(radius)) return r * radius + 8.5;
  if (const GaussianMixture* p = problem.law->mixture()) {
    double result = 0.0;
    for (Index k = 0; k < p->size(); ++k) {
      const double largest = p->kernel(k).eigenvalues().maxCoeff();
      result =
          std::max(result, r * p->means().col(k).norm() + 8.5 * std::sqrt(1.0 + r * r * largest));
    }
    return result;
  }
  return r * known_log_lipschitz(constants) + 8.5 * std::hypot(1.0, r);
}

// Whose posteriors are cheap enough for a fine grid.
bool is_line_mixture(const FlowProblem& problem) {
  return problem.law->mixture() != nullptr && problem.law->dimension() == 1;
}

Averages averages(const FlowProblem& problem, double r) {
  const DataLaw& law = *problem.law;
  const Index d = law.dimension();
  const double spacing = is_line_mixture(problem) ? 0.05 : 0.125;
  const Nodes nodes = grid(d, spacing, half_width(problem, r));
  Summation sum(d, std::pow(spacing, static_cast<double>(d)));
  if (const GaussianMixture* p = law.mixture()) {
    const MixturePosterior posterior(*p, r, 1.0);
    const PointwiseMoments moments = posterior.moments(nodes.points);
    const Vector density = posterior.log_densities(nodes.points).array().exp();
    for (Index k = 0; k < nodes.points.cols(); ++k) {
      sum.add(moments.matrix(k), density(k), nodes.coarse[static_cast<std::size_t>(k)]);
    }
  } else {
    for (Index k = 0; k < nodes.points.cols(); ++k) {
      const Vector y = nodes.points.col(k);
      sum.add(law.posterior(r, 1.0, y).covariance, std::exp(law.log_marginal(r, 1.0, y)->value),
              nodes.coarse[static_cast<std::size_t>(k)]);
    }
  }
  return sum.averages();
}

std::vector<double> clocks(const FlowProblem& problem) {
  return is_line_mixture(problem) ? std::vector<double>{0.5, 1.0, 2.0} : std::vector<double>{1.0};
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
  double before = infinity;
  for (const double r : clocks(problem)) {
    const Averages here = averages(problem, r);
    const EnclosedVector slope =
        derivative([&](double shift) { return averages(problem, r + shift).covariance; }, 0.05 * r);
    const EnclosedVector drift{.value = -factor * r * here.square.value,
                               .round_off = factor * r * here.square.round_off};
    add_identity(bounds, slope, drift, "d/dr E C = −2r E C²",
                 std::max({drift.value.norm(), here.covariance.value.norm() / r,
                           unit_round_off * problem.spread * problem.spread}));

    const Index d = problem.law->dimension();
    const double trace = here.covariance.value.reshaped(d, d).trace();
    const Estimate now = Estimate::closed_form(trace, 2.0 * here.covariance.round_off);
    if (std::isfinite(before)) {
      bounds.push_back({.lhs = now, .rhs = before, .part = "tr E C decreases", .auxiliary = true});
    }
    before = now.lower;
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
