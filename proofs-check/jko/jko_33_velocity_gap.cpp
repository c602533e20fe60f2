#include "distances/wasserstein.hpp"
#include "jko/gaussian_problem.hpp"
#include "jko/jko_claims.hpp"
#include "numerics/round_off.hpp"

#include <cmath>

namespace flowcheck {
namespace jko_33 {

constexpr int steps = 6;

// ‖v + ∇log(p/q)‖ in L²(p) with v = (T − Id)/γ, T the optimal map p → p'. On the factor of p the
// linear part is (BL − L)/γ + AL − L^{−T}.
Estimate velocity_gap(const Gaussian& p, const Gaussian& next, const Gaussian& q, double gamma) {
  const Matrix A = q.precision();
  const Matrix L = p.factor();
  const Matrix L_inv = p.inverse_factor();
  const Matrix linear = (optimal_map_on_factor(p, next) - L) / gamma + A * L - L_inv.transpose();
  const Vector step = next.mean() - p.mean();
  const Vector constant = step / gamma + A * (p.mean() - q.mean());
  const double kappa = p.condition_number() + q.condition_number();
  const double scale =
      kappa * (A.norm() * (L.norm() + (p.mean() - q.mean()).norm()) + L_inv.norm()) +
      (p.mean().norm() + next.mean().norm()) / gamma;
  const double error = round_off(scale, p.dimension()) + optimal_map_round_off(p, next) / gamma;
  return max(0.0, Estimate::closed_form(std::hypot(constant.norm(), linear.norm()), error));
}

// With an error ε the proof gives ‖v + η‖² + c (S/γ)² ≤ I + 2εS/γ, c = 1 + 2a, S/γ being √I of the
// next iterate where ε = 0.
Outcome gap_with(const GaussianProblem& problem, const Estimate& c) {
  const JkoChain chain = problem.chain(steps);
  const double gamma = problem.step_size;
  std::vector<Bound> bounds;
  for (int n = 0; n < steps; ++n) {
    if (!chain[n].has_density()) continue;  // I_0 = ∞; finite from p_1 on
    const Estimate gap = velocity_gap(chain[n], chain[n + 1], chain.target, gamma);
    const Estimate fisher = square(chain.fisher_norm(n));
    const Estimate speed = chain.step_length(n + 1) / gamma;
    const Estimate epsilon = chain.error(n + 1);
    bounds.push_back({.lhs = square(gap) + c * square(speed),
                      .rhs = fisher + 2.0 * epsilon * speed,
                      .part = "in S",
                      .scale = 1.0 + fisher.value});
    // |√I − S/γ| ≤ ε for the next iterate.
    const Estimate next = chain.fisher_norm(n + 1);
    const Estimate shortest = max(0.0, next - epsilon);
    bounds.push_back({.lhs = square(gap) + c * square(shortest),
                      .rhs = fisher + 2.0 * epsilon * (next + epsilon),
                      .part = "in I",
                      .scale = 1.0 + fisher.value});
  }
  return bounds;
}

Outcome evaluate(const GaussianProblem& problem) {
  return gap_with(problem, 1.0 + 2.0 * problem.ratio());
}

Outcome squared_coefficient(const GaussianProblem& problem) {
  return gap_with(problem, square(1.0 + 2.0 * problem.ratio()));
}

}  // namespace jko_33

Claim jko_33_velocity_gap() {
  using namespace jko_33;
  return {.id = "JKO-33",
          .statement =
              "vₙ = (T − Id)/γ, −log q λ-convex ⇒ ‖vₙ + ∇log(pₙ/q)‖² ≤ Iₙ − (1 + 2γλ)Iₙ₊₁; "
              "with errors ≤ Iₙ − (1 + 2γλ)S²/γ² + 2εS/γ",
          .source = "derived",
          .provenance = Provenance::derived,
          .hypotheses = {"∇²V ⪰ λI", "I(pₙ ‖ q) < ∞", "first-order error at most ε"},
          .instances = gaussian_families(evaluate),
          .tight = {translate("translate", evaluate, 0.0)},
          .controls = {translate("(1 + 2γλ)²", squared_coefficient, 0.0)},
          .on_target = on_gaussian_target(evaluate),
          .file = __FILE__};
}

}  // namespace flowcheck
