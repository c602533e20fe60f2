#include "jko/generated_law.hpp"

#include "distances/gaussian_divergence.hpp"
#include "distances/wasserstein.hpp"
#include "numerics/require.hpp"
#include "numerics/round_off.hpp"
#include "numerics/spd.hpp"

#include <cmath>
#include <numbers>

namespace flowcheck {
namespace {

double least_deviation(const Gaussian& p) {
  return std::sqrt(p.eigenvalues()(0));
}

// What one inverse block F_n⁻¹ adds, F_n the optimal map p_{n−1} → p_n = `to`. Its linear part B
// carries a relative error (in the sense of δB·B⁻¹) of u times its own condition number, at most
// √(κκ'); the law it is applied to turns that into whitened units.
void add_block(const Gaussian& from, const Gaussian& to, const Gaussian& law, GeneratedLaw& image) {
  const Index d = from.dimension();
  const double block = std::sqrt(from.condition_number() * to.condition_number());
  const double largest_inverse =
      std::sqrt(from.eigenvalues()(d - 1)) / least_deviation(to);  // bounds ‖B⁻¹‖
  image.covariance_error +=
      round_off(4.0 * block * std::sqrt(law.condition_number()) + image.law.condition_number(), d);
  image.mean_error += round_off(
      4.0 * block * (law.mean() - to.mean()).norm() / least_deviation(law) +
          (largest_inverse * (law.mean().norm() + to.mean().norm()) + block * from.mean().norm()) /
              least_deviation(image.law),
      d);
}

// Eigenvalues e of Q^{-1/2}ΣQ^{-1/2} − I and |w| = |Q^{-1/2}(m − μ)|.
struct Seen {
  Vector e;
  double w = 0.0;
};

Seen seen_from(const Gaussian& p, const Gaussian& q) {
  const Matrix W = q.inverse_factor();
  const Matrix E = symmetrised(W * (p.covariance() - q.covariance()) * W.transpose());
  return {.e = symmetric_eigen(E).values, .w = (W * (p.mean() - q.mean())).norm()};
}

double count(const Gaussian& p) {
  return static_cast<double>(p.dimension());
}

// A bound on the Hellinger distance between the stored law and the one meant.
double hellinger_error(const GeneratedLaw& q) {
  return std::sqrt(count(q.law) / 8.0) * q.covariance_error + 0.5 * q.mean_error;
}

// The same in W₂.
double w2_error(const GeneratedLaw& q) {
  return std::sqrt(q.law.eigenvalues().sum()) * q.covariance_error +
         std::sqrt(q.law.eigenvalues()(q.law.dimension() - 1)) * q.mean_error;
}

}  // namespace

std::vector<GeneratedLaw> generated_laws(const JkoChain& chain) {
  return with_round_off(chain, reverse_process(chain));
}

std::vector<GeneratedLaw> with_round_off(const JkoChain& chain, const std::vector<Gaussian>& laws) {
  std::vector<GeneratedLaw> result;
  for (const Gaussian& law : laws) result.push_back({.law = law});
  for (int n = chain.steps(); n > 0; --n) {
    const auto at = static_cast<std::size_t>(n);
    result[at - 1].covariance_error = result[at].covariance_error;
    result[at - 1].mean_error = result[at].mean_error;
    add_block(chain[n - 1], chain[n], laws[at], result[at - 1]);
  }
  return result;
}

// KL moves by ½tr(HE) + ⟨w, η⟩ + ½wᵀHw to first order, H and η the whitened errors; twice that and
// the squares cover the rest.
Estimate kl(const Gaussian& p, const GeneratedLaw& q) {
  const Seen seen = seen_from(p, q.law);
  const double h = q.covariance_error;
  const double eta = q.mean_error;
  const double largest = 1.0 + seen.e.cwiseAbs().maxCoeff();
  const double change = h * (seen.e.cwiseAbs().sum() + seen.w * seen.w) + 2.0 * seen.w * eta +
                        2.0 * (count(p) * h * h * largest + eta * eta);
  return max(0.0, widened(kl(p, q.law), change));
}

// Hellinger distance is a metric.
Estimate squared_hellinger(const Gaussian& p, const GeneratedLaw& q) {
  const Estimate squared = squared_hellinger(p, q.law);
  const double h = hellinger_error(q);
  return max(0.0, widened(squared, 2.0 * std::sqrt(squared.upper) * h + h * h));
}

// So is total variation, and it is at most √2 times the Hellinger distance.
Estimate total_variation(const Gaussian& p, const GeneratedLaw& q) {
  return max(0.0, widened(total_variation(p, q.law), std::numbers::sqrt2 * hellinger_error(q)));
}

Estimate w2(const GeneratedLaw& p, const GeneratedLaw& q) {
  return max(0.0, widened(w2(p.law, q.law), w2_error(p) + w2_error(q)));
}

// log(1 + χ²) = −½Σ log(1 − e²) + Σw²/(1 − e); its first-order change, doubled.
Estimate log_chi_squared(const Gaussian& p, const GeneratedLaw& q) {
  const Seen seen = seen_from(p, q.law);
  require(seen.e.maxCoeff() <= 0.9, "log_chi_squared: the first measure is too wide");
  const double gap = 1.0 - seen.e.maxCoeff();
  const double h = q.covariance_error;
  const double eta = q.mean_error;
  const double of_covariance =
      (seen.e.array().abs() * (1.0 + seen.e.array()) / (1.0 - seen.e.array().square())).sum();
  const double of_mean = seen.w / gap;
  const double change = 2.0 * (h * (of_covariance + 2.0 * of_mean * of_mean) + 2.0 * of_mean * eta +
                               count(p) * h * h / gap + eta * eta / gap);
  return max(0.0, widened(log(1.0 + chi_squared(p, q.law)), change));
}

double relative_width(const Gaussian& p, const Gaussian& q) {
  return 1.0 + seen_from(p, q).e.maxCoeff();
}

}  // namespace flowcheck
