#include "proximal/manufactured_chain.hpp"

#include "numerics/require.hpp"
#include "numerics/round_off.hpp"
#include "proximal/line_functional.hpp"

#include <Eigen/Eigenvalues>
#include <Eigen/LU>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

namespace flowcheck {
namespace {

// In standard deviations. Integrands grow with |x|, under a quartic V like |x|³ to the 2·3ᴺ, so
// that what lies outside is not its mass alone: the coarser rule ends earlier too.
constexpr double largest_radius = 9.5;
constexpr double most_nodes = 1e7;

struct NormalRule {
  double spacing = 0.5;
  double radius = largest_radius;

  NormalRule coarser() const { return {.spacing = 1.5 * spacing, .radius = 0.85 * radius}; }
};

// log p on series: a log-sum-exp relative to the component that is largest at the point itself, as
// a series. Relative to its value alone, a derivative of order k would lose |∇log p|ᵏ u.
class SeriesLogDensity {
 public:
  explicit SeriesLogDensity(const GaussianMixture& p) {
    for (Index k = 0; k < p.size(); ++k) {
      if (p.weights()(k) == 0.0) continue;  // may be singular
      const Gaussian& kernel = p.kernel(k);
      means_.push_back(p.means().col(k));
      inverse_factors_.push_back(kernel.inverse_factor());
      offsets_.push_back(std::log(p.weights()(k)) -
                         0.5 * static_cast<double>(p.dimension()) *
                             std::log(2.0 * std::numbers::pi) -
                         0.5 * kernel.eigenvalues().array().log().sum());
    }
  }

  TaylorSeries operator()(const SeriesVector& x) const {
    SeriesVector exponents;
    std::size_t largest = 0;
    for (std::size_t k = 0; k < offsets_.size(); ++k) {
      exponents.push_back(exponent(x, k));
      if (exponents.back().value() > exponents[largest].value()) largest = exponents.size() - 1;
    }
    TaylorSeries sum(x[0].variables(), x[0].order(), 1.0);
    for (std::size_t k = 0; k < exponents.size(); ++k) {
      if (k != largest) sum = sum + exp(exponents[k] - exponents[largest]);
    }
    return exponents[largest] + log(sum);
  }

 private:
  TaylorSeries exponent(const SeriesVector& x, std::size_t k) const {
    const Matrix& L_inv = inverse_factors_[k];
    TaylorSeries result(x[0].variables(), x[0].order(), offsets_[k]);
    for (Index i = 0; i < L_inv.rows(); ++i) {
      TaylorSeries y(x[0].variables(), x[0].order(), 0.0);
      for (Index j = 0; j < L_inv.cols(); ++j) {
        y = y + L_inv(i, j) * (x[static_cast<std::size_t>(j)] + (-means_[k](j)));
      }
      result = result - 0.5 * (y * y);
    }
    return result;
  }

  std::vector<Vector> means_;
  std::vector<Matrix> inverse_factors_;
  std::vector<double> offsets_;
};

// What one node contributes to, n = 0 … N.
struct NodeValues {
  Vector log_ratio;     // u_n + V(X_n)
  Vector slope;         // |∇log(p_n/q)|²
  Vector step_length;   // |X_{n−1} − X_n|²
  Vector error;         // |ξ_n|²
  Vector velocity_gap;  // |(X_{n+1} − X_n)/γ_{n+1} + ∇log(p_n/q)|²
  double least_stretch = infinity;

  explicit NodeValues(Index count)
      : log_ratio(Vector::Zero(count)),
        slope(Vector::Zero(count)),
        step_length(Vector::Zero(count)),
        error(Vector::Zero(count)),
        velocity_gap(Vector::Zero(count)) {}

  void add(double weight, const NodeValues& node) {
    log_ratio += weight * node.log_ratio;
    slope += weight * node.slope;
    step_length += weight * node.step_length;
    error += weight * node.error;
    velocity_gap += weight * node.velocity_gap;
    least_stretch = std::min(least_stretch, node.least_stretch);
  }
};

SeriesMatrix transposed(const SeriesMatrix& A) {
  SeriesMatrix result = A;
  for (std::size_t i = 0; i < A.size(); ++i) {
    for (std::size_t j = 0; j < A.size(); ++j) result[i][j] = A[j][i];
  }
  return result;
}

Matrix values_of(const SeriesMatrix& A) {
  const auto n = static_cast<Index>(A.size());
  Matrix result(n, n);
  for (Index i = 0; i < n; ++i) result.row(i) = values(A[static_cast<std::size_t>(i)]).transpose();
  return result;
}

double least_eigenvalue(const Matrix& A) {
  const Matrix symmetric = 0.5 * (A + A.transpose());
  return Eigen::SelfAdjointEigenSolver<Matrix>(symmetric, Eigen::EigenvaluesOnly).eigenvalues()(0);
}

class ManufacturedNode {
 public:
  ManufacturedNode(const GaussianMixture& last,
                   const SeriesPotential& V,
                   const ManufacturedOptions& options)
      : log_density_(last), V_(&V), options_(&options) {}

  NodeValues operator()(const Vector& x) const {
    const auto steps = static_cast<Index>(options_->step_sizes.size());
    NodeValues node(steps + 1);
    SeriesVector X = variables_at(x, static_cast<int>(2 * steps) + 2);
    const TaylorSeries log_last = log_density_(X);
    Vector velocity;  // (X_n − X_{n+1})/γ_{n+1}
    for (Index n = steps; n >= 0; --n) {
      const SeriesMatrix DX = jacobian(X);
      const SeriesFactors factors(transposed(DX));
      const TaylorSeries u = log_last - factors.log_determinant();
      const SeriesVector score = factors.solve(gradient(u));
      const SeriesVector slope = V_->gradient(X);
      SeriesVector eta;
      for (std::size_t i = 0; i < X.size(); ++i) eta.push_back(score[i] + slope[i]);
      node.log_ratio(n) = u.value() + V_->value(X).value();
      node.slope(n) = values(eta).squaredNorm();
      if (n < steps) node.velocity_gap(n) = (values(eta) - velocity).squaredNorm();
      if (n == 0) break;

      const SeriesVector xi = error(eta);
      SeriesVector back;
      for (std::size_t i = 0; i < X.size(); ++i) {
        back.push_back(X[i] +
                       options_->step_sizes[static_cast<std::size_t>(n - 1)] * (eta[i] - xi[i]));
      }
      velocity = (values(back) - values(X)) / options_->step_sizes[static_cast<std::size_t>(n - 1)];
      node.error(n) = values(xi).squaredNorm();
      node.step_length(n) = (values(back) - values(X)).squaredNorm();
      node.least_stretch = std::min(node.least_stretch, least_eigenvalue(values_of(jacobian(back)) *
                                                                         values_of(DX).inverse()));
      X = std::move(back);
    }
    return node;
  }

 private:
  SeriesVector error(const SeriesVector& eta) const {
    SeriesVector xi;
    for (std::size_t i = 0; i < eta.size(); ++i) {
      xi.push_back(options_->relative_error * eta[i]);
      if (options_->constant_error.size() > 0) {
        xi[i] = xi[i] + options_->constant_error(static_cast<Index>(i));
      }
    }
    return xi;
  }

  SeriesLogDensity log_density_;
  const SeriesPotential* V_;
  const ManufacturedOptions* options_;
};

// Σ over the nodes z of a grid of φ(z)hᵈ f(z), the weights normalised.
template <class F>
void for_each_normal_node(Index dimension, const NormalRule& rule, const F& f) {
  const double spacing = rule.spacing;
  const auto half = static_cast<Index>(std::ceil(rule.radius / spacing));
  double normaliser = 0.0;
  for (Index i = -half; i <= half; ++i) {
    const double z = static_cast<double>(i) * spacing;
    normaliser += std::exp(-0.5 * z * z);
  }
  Eigen::Array<Index, Eigen::Dynamic, 1> place =
      Eigen::Array<Index, Eigen::Dynamic, 1>::Constant(dimension, -half);
  while (true) {
    const Vector z = spacing * place.cast<double>().matrix();
    if (z.norm() <= rule.radius) {
      f(z, std::exp(-0.5 * z.squaredNorm()) / std::pow(normaliser, static_cast<double>(dimension)));
    }
    Index i = 0;
    while (i < dimension && ++place(i) > half) place(i++) = -half;
    if (i == dimension) return;
  }
}

NodeValues integrals(const GaussianMixture& last,
                     const ManufacturedNode& node,
                     Index steps,
                     const NormalRule& rule) {
  NodeValues sum(steps + 1);
  for (Index k = 0; k < last.size(); ++k) {
    if (last.weights()(k) == 0.0) continue;
    const Matrix L = last.kernel(k).factor();
    const Vector mean = last.means().col(k);
    for_each_normal_node(last.dimension(), rule, [&](const Vector& z, double weight) {
      sum.add(last.weights()(k) * weight, node(mean + L * z));
    });
  }
  return sum;
}

void check_manufactured(const GaussianMixture& last, const ManufacturedOptions& options) {
  require(last.has_density(), "manufactured_chain: the last iterate has no density");
  require(!options.step_sizes.empty(), "manufactured_chain: no step sizes");
  for (const double gamma : options.step_sizes) {
    require(gamma > 0.0 && std::isfinite(gamma),
            "manufactured_chain: step sizes are positive and finite");
  }
  require(
      options.constant_error.size() == 0 ||
          (options.constant_error.size() == last.dimension() && options.constant_error.allFinite()),
      "manufactured_chain: the constant error has another dimension, or is not finite");
  require(std::abs(options.relative_error) < 1.0,
          "manufactured_chain: the relative error is not in (−1, 1)");
  require(options.spacing >= 0.05 && options.spacing <= 2.0,
          "manufactured_chain: the spacing is not in [0.05, 2]");
  const double nodes =
      static_cast<double>(last.size()) *
      std::pow(2.0 * largest_radius / options.spacing + 1.0, static_cast<double>(last.dimension()));
  require(nodes <= most_nodes, "manufactured_chain: more than 10⁷ nodes");
}

// Each step back differentiates twice what is rounded: a decimal digit, where log p_N bends on the
// scale of its components.
double rounding_after(double scale, Index steps_back, Index dimension) {
  return round_off(scale * std::pow(10.0, static_cast<double>(steps_back)), dimension);
}

// √ of an integral of squares, its two values given.
Estimate root(double fine, double coarse, Index steps_back, Index dimension) {
  const double value = std::sqrt(fine);
  return max(0.0, Estimate::converged(value, std::abs(value - std::sqrt(coarse)),
                                      rounding_after(value, steps_back, dimension)));
}

}  // namespace

SeriesPotential quartic_potential(Index dimension, double c) {
  require(dimension >= 1, "quartic_potential: the dimension is at least 1");
  require(c >= 0.0 && std::isfinite(c), "quartic_potential: c is at least 0 and finite");
  return {.value =
              [c](const SeriesVector& x) {
                TaylorSeries sum(x[0].variables(), x[0].order(), 0.0);
                for (const TaylorSeries& xi : x) {
                  const TaylorSeries square = xi * xi;
                  sum = sum + 0.5 * square + 0.25 * c * (square * square);
                }
                return sum;
              },
          .gradient =
              [c](const SeriesVector& x) {
                SeriesVector result;
                for (const TaylorSeries& xi : x) result.push_back(xi + c * (xi * xi * xi));
                return result;
              },
          .convexity = 1.0,
          .log_normaliser = static_cast<double>(dimension) * quartic_energy(1.0, c).log_normaliser};
}

ManufacturedChain manufactured_chain(const GaussianMixture& last,
                                     const SeriesPotential& V,
                                     const ManufacturedOptions& options) {
  check_manufactured(last, options);
  const ManufacturedNode node(last, V, options);
  const auto steps = static_cast<Index>(options.step_sizes.size());
  const NormalRule rule{.spacing = options.spacing};
  const NodeValues fine = integrals(last, node, steps, rule);
  const NodeValues coarse = integrals(last, node, steps, rule.coarser());

  ManufacturedChain chain{.step_sizes = options.step_sizes,
                          .convexity = V.convexity,
                          .least_stretch = std::min(fine.least_stretch, coarse.least_stretch)};
  for (Index n = 0; n <= steps; ++n) {
    const auto root_of = [&](Vector NodeValues::*integral) {
      return root((fine.*integral)(n), (coarse.*integral)(n), steps - n, last.dimension());
    };
    const double scale = std::abs(fine.log_ratio(n)) + std::abs(V.log_normaliser.value) + 1.0;
    const Estimate log_ratio =
        Estimate::converged(fine.log_ratio(n), std::abs(fine.log_ratio(n) - coarse.log_ratio(n)),
                            rounding_after(scale, steps - n, last.dimension()));
    chain.kl.push_back(max(0.0, log_ratio + V.log_normaliser));
    chain.slope.push_back(root_of(&NodeValues::slope));
    chain.step_length.push_back(root_of(&NodeValues::step_length));
    chain.error.push_back(root_of(&NodeValues::error));
    if (n < steps) chain.velocity_gap.push_back(root_of(&NodeValues::velocity_gap));
  }
  return chain;
}

}  // namespace flowcheck
