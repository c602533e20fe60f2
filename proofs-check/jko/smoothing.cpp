#include "jko/smoothing.hpp"

#include "distances/gaussian_divergence.hpp"
#include "distances/wasserstein.hpp"
#include "numerics/round_off.hpp"
#include "proximal/ornstein_uhlenbeck.hpp"

#include <cmath>

namespace flowcheck {
namespace {

// What the rounding of ρ_δ does to a W₂ distance from it: u relative to its largest variance, and
// √κ for the square root, never worse than half the digits.
double w2_round_off(const Gaussian& rho) {
  const Index d = rho.dimension();
  const double root =
      std::min(std::sqrt(rho.condition_number()), 1.0 / std::sqrt(round_off(1.0, d)));
  return round_off(rho.mean().norm() + root * std::sqrt(rho.eigenvalues().sum()), d);
}

}  // namespace

Gaussian smoothed(const Gaussian& P, double delta) {
  return ou_law(P, Gaussian::standard(P.dimension()), delta);
}

Estimate smoothing_distance(const Gaussian& P, double delta) {
  const Gaussian rho = smoothed(P, delta);
  return max(0.0, widened(w2(P, rho), w2_round_off(rho)));
}

Estimate smoothed_w2_to_noise(const Gaussian& P, double delta) {
  const Gaussian rho = smoothed(P, delta);
  return max(0.0, widened(w2(rho, Gaussian::standard(P.dimension())), w2_round_off(rho)));
}

// ∂KL/∂Σ = ½(I − Σ⁻¹), so an error u‖Σ‖ counts with κ + ‖Σ‖.
Estimate smoothed_kl_to_noise(const Gaussian& P, double delta) {
  const Gaussian rho = smoothed(P, delta);
  const Index d = rho.dimension();
  const double size = rho.condition_number() + rho.eigenvalues()(d - 1) + rho.mean().squaredNorm();
  return max(0.0, widened(kl(rho, Gaussian::standard(d)), round_off(size, d)));
}

bool is_standard(const Gaussian& q) {
  const Index d = q.dimension();
  return q.mean().isZero(0.0) && (q.covariance() - Matrix::Identity(d, d)).isZero(0.0);
}

GaussianProblem towards_standard(const GaussianProblem& problem) {
  GaussianProblem result = problem;
  result.target = Gaussian::standard(problem.start.dimension());
  return result;
}

}  // namespace flowcheck
