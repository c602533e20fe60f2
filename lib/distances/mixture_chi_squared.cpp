#include "distances/mixture_chi_squared.hpp"

#include "numerics/require.hpp"
#include "numerics/round_off.hpp"
#include "numerics/spd.hpp"

#include <Eigen/Cholesky>
#include <Eigen/LU>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace flowcheck {
namespace {

// log det(I − X). By elimination on X itself where X is small: the pivots 1 − x are never formed,
// so that the logarithm keeps its digits down to X = 0.
double log_det_of_complement(Matrix X) {
  const Index d = X.rows();
  if (X.norm() > 0.5) {
    const Matrix A = Matrix::Identity(d, d) - X;
    return Eigen::PartialPivLU<Matrix>(A).matrixLU().diagonal().array().abs().log().sum();
  }
  double sum = 0.0;
  for (Index k = 0; k < d; ++k) {
    const double pivot = X(k, k);
    sum += std::log1p(-pivot);
    for (Index i = k + 1; i < d; ++i) {
      const double factor = X(i, k) / (1.0 - pivot);
      for (Index j = k + 1; j < d; ++j) X(i, j) += factor * X(k, j);
    }
  }
  return sum;
}

// What J of a pair needs of its two covariances I + E, I + F: G = (I − FE)⁻¹ and log det.
struct PairForm {
  Matrix cross = {};   // G
  Matrix first = {};   // GF, the form of the first mean
  Matrix second = {};  // EG, of the second
  double log_det = 0.0;
  double size = 0.0;           // ‖E‖‖F‖
  double amplification = 1.0;  // max(1, ‖G‖)
};

PairForm pair_form(const Matrix& E, const Matrix& F) {
  const Index d = E.rows();
  const Matrix I = Matrix::Identity(d, d);
  PairForm form;
  const Matrix FE = F * E;
  form.cross = Eigen::PartialPivLU<Matrix>(I - FE).inverse();
  form.first = symmetrised(form.cross * F);
  form.second = symmetrised(E * form.cross);
  form.log_det = log_det_of_complement(FE);
  form.size = E.norm() * F.norm();
  form.amplification = std::max(1.0, form.cross.norm());
  return form;
}

// The same J from S = I + E, T = Sᵢ + Sⱼ and C = SᵢT⁻¹Sⱼ, for components narrow against q. There E
// is near −I and mᵢᵀGmⱼ and the forms of GE cancel: at S = 1e-8 and m = 3 they are 4.5e8 each, and
// their sum 4.5.
struct NarrowForm {
  Matrix T_inverse = {};
  Matrix first = {};       // SⱼT⁻¹, the weight of the first mean in c
  Matrix second = {};      // SᵢT⁻¹
  Matrix complement = {};  // (I − C)⁻¹
  double log_det = 0.0;    // of T and of I − C
  double steepest = 0.0;   // ‖T⁻¹‖
  double condition = 1.0;  // of T
  double resolvent = 1.0;  // ‖(I − C)⁻¹‖
  double product = 0.0;    // ‖C‖
  bool is_known = false;   // T and I − C are positive definite to rounding
};

double log_det(const Eigen::LLT<Matrix>& A) {
  return 2.0 * A.matrixLLT().diagonal().array().log().sum();
}

NarrowForm narrow_form(const Matrix& Si, const Matrix& Sj) {
  const Index d = Si.rows();
  const Matrix I = Matrix::Identity(d, d);
  const Matrix T = Si + Sj;
  const Eigen::LLT<Matrix> T_factor(T);
  if (T_factor.info() != Eigen::Success) return {};
  NarrowForm form;
  form.T_inverse = T_factor.solve(I);
  form.first = Sj * form.T_inverse;
  form.second = Si * form.T_inverse;
  const Matrix C = symmetrised(form.second * Sj);
  const Eigen::LLT<Matrix> factor(Matrix(I - C));
  if (factor.info() != Eigen::Success) return {};
  form.complement = factor.solve(I);
  form.log_det = log_det(T_factor) + log_det(factor);
  form.steepest = form.T_inverse.stableNorm();  // whose square need not be a double
  form.condition = T.stableNorm() * form.steepest;
  form.resolvent = form.complement.stableNorm();
  form.product = C.stableNorm();
  form.is_known = true;
  return form;
}

struct Exponent {
  double value = 0.0;
  double error = infinity;
};

// log J = −½gᵀT⁻¹g + ½cᵀ(I − C)⁻¹c − ½ log det T(I − C), g = mᵢ − mⱼ and c = SⱼT⁻¹mᵢ + SᵢT⁻¹mⱼ.
Exponent narrow_exponent(const NarrowForm& form,
                         const Vector& mi,
                         const Vector& mj,
                         const Vector& gap,
                         double conditioning) {
  if (!form.is_known) return {};
  const Vector c = form.first * mi + form.second * mj;
  const double d = static_cast<double>(gap.size());
  const double of_C = 1.0 + form.condition * form.product;
  const double R = form.resolvent;
  const double scale = form.steepest * gap.squaredNorm() * (1.0 + form.condition) +
                       R * c.norm() * form.condition * (mi.norm() + mj.norm()) +
                       R * R * c.squaredNorm() * of_C + d * (form.condition + R * of_C) +
                       std::abs(form.log_det);
  return {
      .value = 0.5 * (c.dot(form.complement * c) - gap.dot(form.T_inverse * gap) - form.log_det),
      .error = round_off(conditioning * scale, gap.size())};
}

// Σ n wᵢwⱼ (e^{lᵢⱼ} − 1) over pairs that count n times, each l with its error.
class PairSum {
 public:
  void add(double times, double first, double second, double exponent, double error) {
    if (first == 0.0 || second == 0.0) return;  // also where J is infinite
    const double weight = times * first * second;
    if (!std::isfinite(error)) {  // J ≥ 0 is all that is known
      is_known_ = false;
      least_ -= weight;
      return;
    }
    const double growth = std::expm1(exponent);
    if (weight >= std::numeric_limits<double>::min() && std::isfinite(growth)) {
      add(weight * growth, error < 1.0 ? weight * std::exp(exponent) * std::expm1(error)
                                       : grown(std::log(weight), exponent + error));
      least_ += weight * std::expm1(exponent - error);
    } else {  // the weight or J may be no double where their product is one
      const double log_weight = std::log(times) + std::log(first) + std::log(second);
      error += 8.0 * unit_round_off * (2.0 + std::abs(log_weight) + std::abs(exponent));
      const double term = grown(log_weight, exponent);
      add(term - weight,
          error < 1.0 ? term * std::expm1(error) : grown(log_weight, exponent + error));
      least_ += grown(log_weight, exponent - error) - weight;
    }
  }

  Estimate estimate() const {
    // Weights are good to a few units; the sum of n terms in sequence to √n, for n·u ≪ 1.
    const double summation = unit_round_off * (8.0 + 4.0 * std::sqrt(static_cast<double>(count_)));
    if (is_known_ && std::isfinite(sum_)) {
      const double error = round_off_ + summation * size_;
      return max(0.0, Estimate::closed_form(sum_, std::isnan(error) ? infinity : error));
    }
    // No double, or unknown: at least what is left with every error against it.
    const double least = std::min(least_, std::numeric_limits<double>::max());
    const double lower = least > 0.0 ? least * (1.0 - summation) : 0.0;
    return Estimate::between(infinity, lower, infinity, Grade::closed_form);
  }

 private:
  static double grown(double log_weight, double exponent) {
    return std::exp(log_weight + exponent);
  }

  // The error of a term is J(e^error − 1), also where J is nothing and that of its logarithm large.
  void add(double term, double error) {
    sum_ += term;
    size_ += std::abs(term);
    round_off_ += error;
    ++count_;
  }

  double sum_ = 0.0;
  double size_ = 0.0;
  double round_off_ = 0.0;
  double least_ = 0.0;
  Index count_ = 0;
  bool is_known_ = true;
};

}  // namespace

Estimate chi_squared(const GaussianMixture& p, const Gaussian& q) {
  require(p.dimension() == q.dimension() && q.has_density(),
          "chi_squared: the measures differ in dimension, or the second has no density");
  if (!p.has_density()) return infinity;
  const Index d = p.dimension();
  const Index K = p.size();
  const Matrix W = q.inverse_factor();
  const Matrix m = W * (p.means().colwise() - q.mean());
  std::vector<Matrix> E;
  std::vector<Matrix> S;  // I + E from the covariance itself, with its digits where it is narrow
  const Index kernels = p.has_common_covariance() ? 1 : K;
  for (Index k = 0; k < kernels; ++k) {
    E.push_back(symmetrised(W * (p.covariance(k) - q.covariance()) * W.transpose()));
    S.push_back(symmetrised(W * p.covariance(k) * W.transpose()));
    // One that all share is some component's of positive weight.
    const bool counts = kernels == 1 || p.weights()(k) > 0.0;
    if (counts && largest_eigenpair(E.back()).value >= 1.0) return infinity;
  }

  const double conditioning = q.condition_number();
  const double mass = p.weights().sum();
  PairSum sum;
  const auto add_term = [&](Index i, Index j, double exponent, double error) {
    sum.add(i == j ? 1.0 : 2.0, p.weights()(i) / mass, p.weights()(j) / mass, exponent, error);
  };
  // Where the plain form keeps these digits the other is not worth its time.
  constexpr double good = 1e-12;
  const auto add = [&](Index i, Index j, const PairForm& form, double first, double second,
                       const auto& narrow) {
    const double exponent =
        -0.5 * form.log_det + 0.5 * first + m.col(i).dot(form.cross * m.col(j)) + 0.5 * second;
    const double lengths = m.col(i).squaredNorm() * form.first.norm() +
                           m.col(j).squaredNorm() * form.second.norm() +
                           m.col(i).norm() * m.col(j).norm() * form.amplification;
    const double a = form.amplification;
    const double error =
        round_off(conditioning * (form.size * a + lengths * (1.0 + form.size * a)), d);
    // NaN where I − FE is singular to rounding: no bound, like an infinite one.
    if (!(error <= good)) {
      const Vector gap = W * (p.means().col(i) - p.means().col(j));
      const Exponent other = narrow_exponent(narrow(), m.col(i), m.col(j), gap, conditioning);
      if (!(other.error >= error)) return add_term(i, j, other.value, other.error);
    }
    add_term(i, j, exponent, error);
  };

  if (p.has_common_covariance()) {
    const PairForm form = pair_form(E[0], E[0]);
    Vector own(K);
    for (Index i = 0; i < K; ++i) own(i) = m.col(i).dot(form.first * m.col(i));
    const NarrowForm narrow = narrow_form(S[0], S[0]);
    for (Index i = 0; i < K; ++i) {
      if (p.weights()(i) == 0.0) continue;
      for (Index j = 0; j <= i; ++j) {
        if (p.weights()(j) == 0.0) continue;
        add(i, j, form, own(i), own(j), [&]() -> const NarrowForm& { return narrow; });
      }
    }
    return sum.estimate();
  }
  for (Index i = 0; i < K; ++i) {
    if (p.weights()(i) == 0.0) continue;
    for (Index j = 0; j <= i; ++j) {
      if (p.weights()(j) == 0.0) continue;
      const PairForm form =
          pair_form(E[static_cast<std::size_t>(i)], E[static_cast<std::size_t>(j)]);
      add(i, j, form, m.col(i).dot(form.first * m.col(i)), m.col(j).dot(form.second * m.col(j)),
          [&] {
            return narrow_form(S[static_cast<std::size_t>(i)], S[static_cast<std::size_t>(j)]);
          });
    }
  }
  return sum.estimate();
}

Estimate smoothed_chi_squared(const PointCloud& P, double time) {
  require(time > 0.0, "smoothed_chi_squared: the time must be positive");
  if (time == infinity) return 0.0;
  const Index d = P.dimension();
  const Index n = P.size();
  const Matrix& x = P.points();
  const Vector weights = P.weights() / P.weights().sum();
  const double a = std::exp(-2.0 * time);
  const double spread = -std::expm1(-4.0 * time);  // 1 − a²
  // −½d log(1 − a²), from whichever of a² and 1 − a² has the digits.
  const double log_factor =
      -0.5 * static_cast<double>(d) * (a < 0.5 ? std::log1p(-a * a) : std::log(spread));
  const double attraction = a / (1.0 + a);
  const double repulsion = 0.5 * a * a / spread;

  PairSum sum;
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j <= i; ++j) {
      double product = 0.0;
      double size = 0.0;
      double distance = 0.0;
      for (Index r = 0; r < d; ++r) {
        const double term = x(r, i) * x(r, j);
        const double gap = x(r, i) - x(r, j);
        product += term;
        size += std::abs(term);
        distance += gap * gap;
      }
      const double error = unit_round_off * (8.0 + static_cast<double>(d)) *
                           (log_factor + attraction * size + repulsion * distance);
      sum.add(i == j ? 1.0 : 2.0, weights(i), weights(j),
              log_factor + attraction * product - repulsion * distance, error);
    }
  }
  return sum.estimate();
}

}  // namespace flowcheck
