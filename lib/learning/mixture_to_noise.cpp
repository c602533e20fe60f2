#include "learning/mixture_to_noise.hpp"

#include "distances/mixture_chi_squared.hpp"
#include "numerics/round_off.hpp"

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <vector>

namespace flowcheck {
namespace {

// w N(m, S) = w (2π)^{−d/2} e^{c + hᵀx − xᵀPx/2}.
struct Factor {
  double weight = 1.0;
  Matrix curvature = {};  // P
  Vector slope = {};      // h
  double constant = 0.0;  // c
};

std::vector<Factor> factors(const GaussianMixture& p, double sign = 1.0) {
  std::vector<Factor> result;
  for (Index k = 0; k < p.size(); ++k) {
    if (p.weights()(k) == 0.0) continue;
    const Matrix P = p.kernel(k).precision();
    const Vector m = p.means().col(k);
    const Vector h = P * m;
    result.push_back(
        {.weight = sign * p.weights()(k),
         .curvature = P,
         .slope = h,
         .constant = -0.5 * (m.dot(h) + p.kernel(k).eigenvalues().array().log().sum())});
  }
  return result;
}

std::vector<Factor> joined(std::vector<Factor> a, const std::vector<Factor>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// Σ of terms, each with its error; of a sum that is no negative number.
struct ErrorSum {
  double value = 0.0;
  double error = 0.0;
  double least = 0.0;        // what is left with every error against it
  bool is_infinite = false;  // one of the integrals is

  // times e^{exponent}, the exponent known to `own`.
  void add(double times, double exponent, double own) {
    const double term = times * std::exp(exponent);
    value += term;
    error += std::abs(term) * std::expm1(own);
    least += times * std::exp(times > 0.0 ? exponent - own : exponent + own);
  }
  // Where it is finite and no double, something less than it is.
  Estimate estimate() const {
    if (is_infinite) return infinity;
    if (std::isfinite(value) && std::isfinite(error)) return Estimate::closed_form(value, error);
    const double lower = least > 0.0 ? std::min(least, std::numeric_limits<double>::max()) : 0.0;
    return Estimate::between(infinity, lower, infinity, Grade::closed_form);
  }
};

// Adds `times` ∫ Π wᵢNᵢ / qⁿ⁻¹ of the n laws given.
void add_product_over_noise(double times, const std::vector<const Factor*>& laws, ErrorSum& sum) {
  const Index d = laws.front()->slope.size();
  Matrix A = -(static_cast<double>(laws.size()) - 1.0) * Matrix::Identity(d, d);
  Vector h = Vector::Zero(d);
  double exponent = 0.0;
  double size = 0.0;
  double curvature = 1.0;
  for (const Factor* law : laws) {
    times *= law->weight;
    A += law->curvature;
    h += law->slope;
    exponent += law->constant;
    size += std::abs(law->constant);
    curvature += law->curvature.norm();
  }
  const Eigen::LLT<Matrix> factor(A);
  if (factor.info() != Eigen::Success) {
    sum.is_infinite = true;
    return;
  }
  const Matrix inverse = factor.solve(Matrix::Identity(d, d));
  const double pull = 0.5 * h.dot(inverse * h);
  const double log_det = 2.0 * factor.matrixLLT().diagonal().array().log().sum();
  const double condition = 1.0 + curvature * inverse.norm();
  sum.add(times, exponent + pull - 0.5 * log_det, round_off(size + (1.0 + pull) * condition, d));
}

// log sup N(m, S)/q in the eigenbasis of S, with its error. An eigenvalue that rounding hides from
// one is taken for it, and may be above.
Estimate log_supremum(const Gaussian& p) {
  const Index d = p.dimension();
  const Vector m = p.eigenvectors().transpose() * p.mean();
  const bool is_diagonal = p.covariance().isDiagonal(0.0);
  double sum = 0.0;
  double error = 0.0;
  bool may_be_infinite = false;
  for (Index i = 0; i < d; ++i) {
    const double variance = p.eigenvalues()(i);
    const double margin = 1.0 - variance;
    const double hidden = is_diagonal ? 0.0 : round_off(1.0, d);
    const bool is_level = std::abs(margin) <= hidden;
    const bool is_centred = std::abs(m(i)) <= round_off(is_diagonal ? 0.0 : p.mean().norm(), d);
    if (margin < -hidden || (is_level && !is_centred)) return infinity;
    may_be_infinite = may_be_infinite || (is_level && hidden > 0.0);
    const double pull = is_level ? 0.0 : 0.5 * m(i) * m(i) / margin;
    const double log_variance = std::log(variance);
    sum += pull - 0.5 * log_variance;
    error += pull * (1.0 + (is_level ? 0.0 : 1.0 / margin)) + std::abs(log_variance) + 1.0;
  }
  Estimate result = Estimate::closed_form(sum, round_off(error, d));
  if (may_be_infinite) result.upper = infinity;
  return result;
}

// log p/q at x, and the components' posterior weights there.
double log_ratio(const std::vector<Factor>& p, const Vector& x, Vector& posterior) {
  posterior.resize(static_cast<Index>(p.size()));
  for (std::size_t k = 0; k < p.size(); ++k) {
    posterior(static_cast<Index>(k)) = std::log(p[k].weight) + p[k].constant + p[k].slope.dot(x) -
                                       0.5 * x.dot(p[k].curvature * x) + 0.5 * x.squaredNorm();
  }
  const double largest = posterior.maxCoeff();
  posterior = (posterior.array() - largest).exp();
  const double total = posterior.sum();
  posterior /= total;
  return largest + std::log(total);
}

// The point nearest to x where a concave quadratic of slope h − Ax is largest; none if it is convex
// somewhere. Along directions in which rounding hides A from 0 the quadratic is level.
std::optional<Vector> summit(const Matrix& A, const Vector& h, const Vector& x) {
  const Eigen::SelfAdjointEigenSolver<Matrix> solver(A);
  const double hidden = round_off(1.0 + A.norm(), h.size());
  if (solver.eigenvalues()(0) < -hidden) return {};
  Vector step = solver.eigenvectors().transpose() * (h - A * x);
  for (Index i = 0; i < step.size(); ++i) {
    const double curvature = solver.eigenvalues()(i);
    step(i) = curvature > hidden ? step(i) / curvature : 0.0;
  }
  return x + solver.eigenvectors() * step;
}

// The largest log p/q on the way uphill from where N_k/q is largest: with the posterior weights
// held, the sum of the components' logarithms is a concave quadratic that touches log p/q from
// below.
double climbed(const std::vector<Factor>& p, const Factor& from) {
  const Index d = from.slope.size();
  const Matrix identity = Matrix::Identity(d, d);
  std::optional<Vector> x = summit(from.curvature - identity, from.slope, Vector::Zero(d));
  Vector posterior;
  double best = log_ratio(p, x.value_or(Vector::Zero(d)), posterior);
  for (int step = 0; x && step < 40; ++step) {
    Matrix A = -identity;
    Vector h = Vector::Zero(d);
    for (std::size_t k = 0; k < p.size(); ++k) {
      A += posterior(static_cast<Index>(k)) * p[k].curvature;
      h += posterior(static_cast<Index>(k)) * p[k].slope;
    }
    x = summit(A, h, *x);
    if (!x) break;
    const double here = log_ratio(p, *x, posterior);
    if (!(here > best)) break;
    best = here;
  }
  return best;
}

}  // namespace

Estimate chi_squared_to_noise(const GaussianMixture& p) {
  const Estimate exact = chi_squared(p, Gaussian::standard(p.dimension()));
  if (!std::isfinite(exact.value)) return exact;
  // √χ² is a norm: relative errors u of means and covariances move p/q by about u(1 + √χ²).
  const double root = std::sqrt(exact.value);
  const double error = round_off(1.0 + root, p.dimension());
  return max(0.0, widened(exact, error * (2.0 * root + error)));
}

Estimate supremum_to_noise(const GaussianMixture& p) {
  if (!p.has_density()) return infinity;
  Estimate above = 0.0;
  for (Index k = 0; k < p.size(); ++k) {
    if (p.weights()(k) > 0.0) above = above + p.weights()(k) * exp(log_supremum(p.component(k)));
  }
  if (above.lower == infinity) return infinity;
  const std::vector<Factor> laws = factors(p);
  double best = -infinity;
  double size = 0.0;
  for (const Factor& law : laws) size = std::max(size, 1.0 + std::abs(law.constant));
  for (const Factor& law : laws) {
    best = std::max(best, climbed(laws, law));
  }
  const Estimate below =
      exp(Estimate::closed_form(best, round_off(size + std::abs(best), p.dimension())));
  return Estimate::between(std::min(below.value, above.value), std::min(below.lower, above.lower),
                           above.upper, Grade::closed_form);
}

Estimate overlap_with_noise(const GaussianMixture& p, const GaussianMixture& exact) {
  if (!p.has_density() || !exact.has_density()) return infinity;
  const std::vector<Factor> own = factors(p);
  const std::vector<Factor> both = joined(own, factors(exact));
  ErrorSum sum;
  for (const Factor& first : own) {
    for (std::size_t i = 0; i < both.size(); ++i) {
      for (std::size_t j = 0; j <= i; ++j) {
        add_product_over_noise(i == j ? 1.0 : 2.0, {&first, &both[i], &both[j]}, sum);
      }
    }
  }
  return sqrt(sum.estimate());
}

Estimate squared_gap_to_noise(const GaussianMixture& p, const GaussianMixture& exact) {
  if (!p.has_density() || !exact.has_density()) return infinity;
  const std::vector<Factor> gap = joined(factors(p), factors(exact, -1.0));
  ErrorSum sum;
  for (std::size_t i = 0; i < gap.size(); ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      add_product_over_noise(i == j ? 1.0 : 2.0, {&gap[i], &gap[j]}, sum);
    }
  }
  return max(0.0, sum.estimate());
}

}  // namespace flowcheck
