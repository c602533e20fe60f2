#include "distances/gaussian_divergence.hpp"

#include "numerics/require.hpp"
#include "numerics/round_off.hpp"
#include "numerics/spd.hpp"

#include <boost/math/special_functions/log1p.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numbers>

namespace flowcheck {
namespace {

// p seen from q: q becomes N(0, I), p becomes N(w, I + E).
struct Whitened {
  Vector e = {};         // eigenvalues of E, ascending
  Vector s = {};         // 1 + e from Q^{-1/2}ΣQ^{-1/2} itself, with its digits where p is narrow
  Vector w = {};         // (m − μ) in E's eigenbasis
  double e_error = 0.0;  // bound on |computed − exact| for every e
  double s_error = 0.0;  // the same for every s
  double w_error = 0.0;  // and for every entry of w, relative to ‖w‖
};

void require_comparable(const Gaussian& p, const Gaussian& q, const char* message) {
  require(p.dimension() == q.dimension() && q.has_density(), message);
}

Whitened whiten(const Gaussian& p, const Gaussian& q) {
  const Matrix W = q.inverse_factor();
  // The difference is taken before whitening: Q^{-1/2}ΣQ^{-1/2} − I has no digits left near q.
  const Matrix E = symmetrised(W * (p.covariance() - q.covariance()) * W.transpose());
  const SymmetricEigen eigen = symmetric_eigen(E);
  const double norm = eigen.values.cwiseAbs().maxCoeff();
  const Vector s = symmetric_eigen(symmetrised(W * p.covariance() * W.transpose())).values;
  return {.e = eigen.values,
          .s = s,
          .w = eigen.vectors.transpose() * (W * (p.mean() - q.mean())),
          .e_error = round_off(norm * q.condition_number(), p.dimension()),
          .s_error = round_off(s.cwiseAbs().maxCoeff() * q.condition_number(), p.dimension()),
          .w_error = round_off(q.condition_number(), p.dimension())};
}

// f is smallest at 0 and grows away from it on both sides, f(0) = 0, and is +∞ outside its domain:
// the image of [e − δ, e + δ] is found from its ends.
Estimate valley(const std::function<double(double)>& f, double e, double delta) {
  const double left = f(e - delta);
  const double right = f(e + delta);
  const double lower = std::abs(e) <= delta ? 0.0 : std::min(left, right);
  const double value = f(e);
  const double slack = 8.0 * unit_round_off;  // log1p, the division, the sum
  return Estimate::between(value, lower * (1.0 - slack),
                           std::max({left, right, value}) * (1.0 + slack), Grade::closed_form);
}

Estimate sum_of_valleys(const Whitened& p, const std::function<double(double)>& f) {
  Estimate sum = 0.0;
  for (const double e : p.e) sum = sum + valley(f, e, p.e_error);
  return sum;
}

// Σ w² g, each g an estimate of a positive weight.
Estimate weighted_squares(const Whitened& p, const std::function<Estimate(double)>& weight) {
  Estimate sum = 0.0;
  const double error = p.w_error * p.w.norm();
  for (Index i = 0; i < p.w.size(); ++i) {
    sum = sum + square(Estimate::closed_form(p.w(i), error)) * weight(p.e(i));
  }
  return sum;
}

Estimate half(const Estimate& a) {
  return 0.5 * a;
}

double log_gap(double e) {
  return e > -1.0 ? -boost::math::log1pmx(e) : infinity;
}

// Σ (e − log(1 + e)). For e near −1 from s = 1 + e: it falls with s, and e has lost its digits.
Estimate sum_of_log_gaps(const Whitened& p) {
  Estimate sum = 0.0;
  for (Index i = 0; i < p.e.size(); ++i) {
    if (p.e(i) >= -0.5) {
      sum = sum + valley(log_gap, p.e(i), p.e_error);
      continue;
    }
    const auto gap = [](double s) { return s > 0.0 ? s - 1.0 - std::log(s) : infinity; };
    const double slack = 8.0 * unit_round_off;
    sum = sum + Estimate::between(gap(p.s(i)), gap(p.s(i) + p.s_error) * (1.0 - slack),
                                  gap(p.s(i) - p.s_error) * (1.0 + slack), Grade::closed_form);
  }
  return sum;
}

double ratio_gap(double e) {
  return e > -1.0 ? e * e / (1.0 + e) : infinity;
}

}  // namespace

Estimate kl(const Gaussian& p, const Gaussian& q) {
  require_comparable(p, q, "kl: the measures differ in dimension, or the second has no density");
  if (!p.has_density()) return infinity;
  const Whitened seen = whiten(p, q);
  return half(sum_of_log_gaps(seen) + weighted_squares(seen, [](double) { return Estimate(1.0); }));
}

Estimate symmetric_kl(const Gaussian& p, const Gaussian& q) {
  require_comparable(
      p, q, "symmetric_kl: the measures differ in dimension, or the second has no density");
  if (!p.has_density()) return infinity;
  const Whitened seen = whiten(p, q);
  return half(sum_of_valleys(seen, ratio_gap) + weighted_squares(seen, [&](double e) {
                return 1.0 + 1.0 / (1.0 + Estimate::closed_form(e, seen.e_error));
              }));
}

Estimate chi_squared(const Gaussian& p, const Gaussian& q) {
  require_comparable(p, q,
                     "chi_squared: the measures differ in dimension, or the second has no density");
  if (!p.has_density()) return infinity;
  const Whitened seen = whiten(p, q);
  if (seen.e(seen.e.size() - 1) >= 1.0) return infinity;
  const auto log_factor = [](double e) {
    return std::abs(e) < 1.0 ? -std::log1p(-e * e) : infinity;
  };
  const Estimate log_moment =
      half(sum_of_valleys(seen, log_factor)) + weighted_squares(seen, [&](double e) {
        const Estimate gap = 1.0 - Estimate::closed_form(e, seen.e_error);
        return gap.lower > 0.0 ? 1.0 / gap
                               : Estimate::between(1.0 / gap.value, 1.0 / gap.upper, infinity,
                                                   Grade::closed_form);
      });
  const auto image = [](double x) { return std::expm1(x); };
  const double slack = 4.0 * unit_round_off;
  // Finite from here on: one that is no double is at least the largest.
  const double lower =
      std::min(image(log_moment.lower) * (1.0 - slack), std::numeric_limits<double>::max());
  return Estimate::between(image(log_moment.value), lower, image(log_moment.upper) * (1.0 + slack),
                           Grade::closed_form);
}

Estimate squared_hellinger(const Gaussian& p, const Gaussian& q) {
  require_comparable(
      p, q, "squared_hellinger: the measures differ in dimension, or the second has no density");
  if (!p.has_density()) return 1.0;
  const Whitened seen = whiten(p, q);
  const auto log_factor = [](double e) {
    return e > -1.0 ? 0.25 * std::log1p(0.25 * e * e / (1.0 + e)) : infinity;
  };
  const Estimate exponent =
      sum_of_valleys(seen, log_factor) + weighted_squares(seen, [&](double e) {
        return 0.25 / (2.0 + Estimate::closed_form(e, seen.e_error));
      });
  const auto image = [](double x) { return -std::expm1(-x); };
  const double slack = 4.0 * unit_round_off;
  return Estimate::between(image(exponent.value), image(exponent.lower) * (1.0 - slack),
                           std::min(1.0, image(exponent.upper) * (1.0 + slack)),
                           Grade::closed_form);
}

Estimate total_variation(const Gaussian& p, const Gaussian& q) {
  require_comparable(
      p, q, "total_variation: the measures differ in dimension, or the second has no density");
  require(p.dimension() == 1, "total_variation: closed form in one dimension only");
  if (!p.has_density()) return 1.0;
  const double s = std::sqrt(p.covariance()(0, 0) / q.covariance()(0, 0));
  const double w = (p.mean()(0) - q.mean()(0)) / std::sqrt(q.covariance()(0, 0));
  const auto cdf = [](double x) { return 0.5 * std::erfc(-x / std::numbers::sqrt2); };
  // The cdf is 1-Lipschitz up to 0.4; the crossing points enter at second order, since p = q there.
  const double error = round_off(1.0, 1);
  const auto enclose = [&](double tv) {
    return max(0.0, min(1.0, Estimate::closed_form(std::min(1.0, std::abs(tv)), error)));
  };

  // log p − log q = 0 is a quadratic a x² − 2 b x + c = 0 in whitened units, p = N(w, s²).
  const double a = (1.0 - s) * (1.0 + s);
  const double b = w;
  const double c = w * w + 2.0 * s * s * std::log(s);
  const double discriminant = b * b - a * c;
  if (std::abs(a) * (1.0 + w * w) < 1e-15 || discriminant <= 0.0) {
    // Equal variances to rounding: one crossing, half way.
    return enclose(std::erf(std::abs(w) / (2.0 * std::numbers::sqrt2)));
  }
  const double t = b + std::copysign(std::sqrt(discriminant), b);
  const double first = t / a;
  const double second = t != 0.0 ? c / t : 0.0;
  const double low = std::min(first, second);
  const double high = std::max(first, second);
  const double of_p = cdf((high - w) / s) - cdf((low - w) / s);
  const double of_q = cdf(high) - cdf(low);
  return enclose(of_p - of_q);
}

Estimate fisher_norm(const Gaussian& p, const Gaussian& q) {
  require_comparable(p, q,
                     "fisher_norm: the measures differ in dimension, or the second has no density");
  if (!p.has_density()) return infinity;
  const Matrix A = q.precision();
  const Matrix L_inv = p.inverse_factor();
  const Vector shift = p.mean() - q.mean();
  const Matrix gap = p.covariance() - q.covariance();
  // KL = A(Σ − Q)L^{-T}: the gap is taken before the inverses, not between them.
  const double value = std::hypot((A * shift).norm(), (A * gap * L_inv.transpose()).norm());
  // A and Σ⁻¹ are those of covariances off by u‖Q‖ and u‖Σ‖, and δA = A·δQ·A: what κ amplifies is
  // the value itself, and only the products round relative to their factors.
  const double kappa = p.condition_number() + q.condition_number();
  const double products = A.norm() * (shift.norm() + gap.norm() * L_inv.norm());
  return max(0.0, Estimate::closed_form(value, round_off(kappa * value + products, p.dimension())));
}

Estimate fisher_information(const Gaussian& p, const Gaussian& q) {
  return square(fisher_norm(p, q));
}

}  // namespace flowcheck
