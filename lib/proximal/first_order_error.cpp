#include "proximal/first_order_error.hpp"

#include "distances/wasserstein.hpp"
#include "numerics/require.hpp"
#include "numerics/round_off.hpp"
#include "numerics/spd.hpp"

#include <boost/math/tools/roots.hpp>

#include <cmath>

namespace flowcheck {
namespace {

// The scale s ≥ 0 at which ‖s·field‖ in L² of the step it causes is `error`; the step itself.
Gaussian step_with_error(const Gaussian& current,
                         const Gaussian& target,
                         double gamma,
                         const AffineField& field,
                         double error) {
  const auto excess = [&](double s) {
    return s * field_norm(field, perturbed_jko_step(current, target, gamma, s * field)) - error;
  };
  // I + γ(A − sK) must stay positive definite: s < (1 + γ a_min) / (γ λ_max(K)).
  const double largest = largest_eigenpair(field.linear).value;
  const double a_min = 1.0 / target.eigenvalues()(target.dimension() - 1);
  const double limit = largest > 0.0 ? (1.0 + gamma * a_min) / (gamma * largest) : infinity;

  double high = std::min(error / field_norm(field, current), 0.5 * limit);
  if (!std::isfinite(high) || high <= 0.0) high = std::min(error, 0.5 * limit);
  for (int doubling = 0; excess(high) < 0.0; ++doubling) {
    require(doubling < 200, "inexact_jko_step: no Gaussian step has so large a first-order error");
    high = std::isfinite(limit) ? 0.5 * (high + limit) : 2.0 * high;
    if (std::isfinite(limit) && limit - high <= 1e-9 * limit) {
      require(excess(high) >= 0.0,
              "inexact_jko_step: no Gaussian step has so large a first-order error");
    }
  }
  std::uintmax_t iterations = 200;
  const auto bracket =
      boost::math::tools::toms748_solve(excess, 0.0, high, -error, excess(high),
                                        boost::math::tools::eps_tolerance<double>(52), iterations);
  return perturbed_jko_step(current, target, gamma,
                            (0.5 * (bracket.first + bracket.second)) * field);
}

// Along which a constant error holds the mean back: m − μ, or the flattest direction at the target.
Vector mean_direction(const Gaussian& p, const Gaussian& target) {
  const Vector shift = p.mean() - target.mean();
  const double scale =
      p.mean().norm() + target.mean().norm() + std::sqrt(target.eigenvalues().sum());
  if (shift.norm() > round_off(scale, p.dimension())) return shift.normalized();
  return target.eigenvectors().col(target.dimension() - 1);
}

AffineField random_field(const Gaussian& target, std::uint64_t seed) {
  const Index d = target.dimension();
  Rng rng(seed);
  const Matrix K = symmetrised(rng.normal_matrix(d, d));
  const Matrix A_root = spectral_function({target.eigenvalues(), target.eigenvectors()},
                                          [](double s) { return 1.0 / std::sqrt(s); });
  // In the target's units, so that no direction drowns the others.
  return {.linear = symmetrised(A_root * K * A_root), .constant = A_root * rng.normal_vector(d)};
}

// Id − T_{p'}^q, away from the target; a constant where p' is the target already.
AffineField outward_field(const Gaussian& next, const Gaussian& target) {
  const Index d = next.dimension();
  AffineField field{.linear = Matrix::Identity(d, d) - optimal_map(next, target).linear,
                    .constant = next.mean() - target.mean()};
  if (field_norm(field, next) <= optimal_map_round_off(next, target)) {
    field = {.linear = Matrix::Zero(d, d), .constant = mean_direction(next, target)};
  }
  return field;
}

}  // namespace

FirstOrderError first_order_error(const Gaussian& current,
                                  const Gaussian& next,
                                  const Gaussian& target,
                                  double step_size) {
  require(std::isfinite(step_size) && step_size > 0.0,
          "first_order_error: the step size must be positive");
  require(current.dimension() == target.dimension() && next.dimension() == target.dimension(),
          "first_order_error: the measures differ in dimension");
  require(next.has_density() && target.has_density(),
          "first_order_error: a measure has no density");
  const Matrix A = target.precision();
  const Matrix L = next.factor();
  const Matrix L_inv = next.inverse_factor();
  const Matrix image = optimal_map_on_factor(next, current);  // BL

  // On the factor, KL = AL − L^{-T} − (BL − L)/γ: nothing is inverted that a singular p would
  // break.
  const Matrix KL = A * L - L_inv.transpose() - (image - L) / step_size;
  const Vector v = A * (next.mean() - target.mean()) - (current.mean() - next.mean()) / step_size;

  const double kappa = next.condition_number() + target.condition_number();
  const double error =
      round_off(
          kappa * (A.norm() * (L.norm() + (next.mean() - target.mean()).norm()) + L_inv.norm()) +
              (current.mean() - next.mean()).norm() / step_size,
          next.dimension()) +
      optimal_map_round_off(next, current) / step_size;
  return {.field = {.linear = symmetrised(KL * L_inv), .constant = v},
          .norm = max(0.0, Estimate::closed_form(std::hypot(v.norm(), KL.norm()), error))};
}

Estimate jko_minimum(const Gaussian& current, const Gaussian& target, double step_size) {
  const Gaussian next = jko_step(current, target, step_size);
  const Estimate reached = jko_objective(next, current, target, step_size);
  const Estimate error = first_order_error(current, next, target, step_size).norm;
  const double excess = (0.5 * step_size * square(error)).upper;
  return max(0.0, reached - Estimate::between(0.0, 0.0, excess, Grade::closed_form));
}

Gaussian inexact_jko_step(const Gaussian& current,
                          const Gaussian& target,
                          double step_size,
                          const InexactStepOptions& options) {
  require(std::isfinite(options.error) && options.error >= 0.0,
          "inexact_jko_step: the error must not be negative");
  const Index d = current.dimension();
  Gaussian next = jko_step(current, target, step_size);
  if (options.error == 0.0) return next;

  switch (options.field) {
    case ErrorField::constant: {
      const Vector v = options.error * mean_direction(current, target);
      return perturbed_jko_step(current, target, step_size, {Matrix::Zero(d, d), v});
    }
    case ErrorField::random:
      return step_with_error(current, target, step_size, random_field(target, options.seed),
                             options.error);
    case ErrorField::adversarial:
      // Six rounds settle the direction to about three digits; the norm is exact in each.
      for (int round = 0; round < 6; ++round) {
        next =
            step_with_error(current, target, step_size, outward_field(next, target), options.error);
      }
      return next;
  }
  require(false, "inexact_jko_step: unknown error field");
  return next;
}

}  // namespace flowcheck
