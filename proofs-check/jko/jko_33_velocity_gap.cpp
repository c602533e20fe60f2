#include "distances/wasserstein.hpp"
#include "jko/chain_problem.hpp"
#include "jko/jko_claims.hpp"
#include "jko/manufactured_problem.hpp"
#include "jko/plane_problem.hpp"
#include "numerics/round_off.hpp"

#include <cmath>
#include <cstddef>
#include <functional>

namespace flowcheck {
namespace jko_33 {

constexpr int steps = 6;

// ‖v + ∇log(p/q)‖ in L²(p) with v = (T − Id)/γ, T the optimal map p → p', for p = p_n. On the
// factor of p the linear part is (BL − L)/γ + AL − L^{−T}.
Estimate velocity_gap(const JkoChain& chain, int n) {
  const Gaussian& p = chain[n];
  const Gaussian& next = chain[n + 1];
  const Gaussian& q = chain.target;
  const double gamma = chain.step_size(n + 1);
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

// The same where transport maps from N(0, 1) are the coordinates: ‖(T' − T)/γ + η‖ in ℓ²_w.
Estimate velocity_gap(const LineJkoChain& chain, int n) {
  const LineMap& p = chain[n];
  const LineMap& next = chain[n + 1];
  const double gamma = chain.step_size(n + 1);
  const LineSlope eta = slope(chain.functional, p);
  const Vector gap = (next.values() - p.values()) / gamma + eta.field;
  const auto norm = [&](const Vector& field) {
    return std::sqrt(p.grid().node_masses().dot(field.cwiseAbs2()));
  };
  const double value = norm(gap);
  // The slope's own, the differences', and a sum of M positive terms.
  const double error = eta.norm.budget.total() +
                       round_off((norm(p.values()) + norm(next.values())) / gamma, 1) +
                       static_cast<double>(gap.size()) * unit_round_off * value;
  return max(0.0, Estimate::closed_form(value, error));
}

Estimate velocity_gap(const ManufacturedChain& chain, int n) {
  return chain.velocity_gap[static_cast<std::size_t>(n)];
}

Estimate velocity_gap(const PlaneMeasuredChain& chain, int n) {
  return chain.laws[static_cast<std::size_t>(n) + 1].velocity_gap;
}

// With an error ε the proof gives ‖v + η‖² + c (S/γ)² ≤ I + 2εS/γ, c = 1 + 2a, S/γ being √I of the
// next iterate where ε = 0.
template <class Chain>
Outcome gap_with(const ChainProblem& problem,
                 const Chain& chain,
                 const std::function<Estimate(const Estimate& a)>& factor) {
  const ChainMeasures run = measures(chain);
  const double gamma = problem.step_size;
  const Estimate c = factor(problem.ratio());
  std::vector<Bound> bounds;
  const std::size_t last = run.kl.size() - 1;
  for (std::size_t n = problem.has_slope ? 0 : 1; n < last; ++n) {  // I_0 = ∞ of an atom
    const Estimate gap = velocity_gap(chain, static_cast<int>(n));
    const Estimate fisher = square(run.slope[n]);
    const Estimate speed = run.step_length[n + 1] / gamma;
    const Estimate epsilon = run.error[n + 1];
    bounds.push_back({.lhs = square(gap) + c * square(speed),
                      .rhs = fisher + 2.0 * epsilon * speed,
                      .part = "in S",
                      .scale = 1.0 + fisher.value});
    // |√I − S/γ| ≤ ε for the next iterate.
    const Estimate next = run.slope[n + 1];
    const Estimate shortest = max(0.0, next - epsilon);
    bounds.push_back({.lhs = square(gap) + c * square(shortest),
                      .rhs = fisher + 2.0 * epsilon * (next + epsilon),
                      .part = "in I",
                      .scale = 1.0 + fisher.value});
  }
  return bounds;
}

Estimate coefficient(const Estimate& a) {
  return 1.0 + 2.0 * a;
}

const auto evaluate = [](const auto& problem) {
  return gap_with(problem, problem.chain(steps), coefficient);
};

const auto squared_coefficient = [](const auto& problem) {
  return gap_with(problem, problem.chain(steps),
                  [](const Estimate& a) { return square(coefficient(a)); });
};

Outcome on_mixtures(const PlaneChainProblem& problem) {
  return gap_with(
      problem,
      problem.chain(constant_steps(problem.step_size, steps), constant_steps(problem.error, steps)),
      coefficient);
}

// The first, exact step of M1.
Outcome larger_coefficient(Trial& trial) {
  const PlaneChainProblem& problem = plane_problems(trial.scale).front();
  return gap_with(problem, problem.chain({problem.step_size}, {0.0}),
                  [](const Estimate& a) { return 1.0 + 6.0 * a; });
}

Outcome manufactured(const ManufacturedProblem& problem, int longest_chain) {
  return gap_with(chain_problem(problem, longest_chain), problem.chain(longest_chain), coefficient);
}

}  // namespace jko_33

Claim jko_33_velocity_gap() {
  using namespace jko_33;
  return {
      .id = "JKO-33",
      .statement =
          "vₙ = (T − Id)/γ, −log q λ-convex ⇒ ‖vₙ + ∇log(pₙ/q)‖² ≤ Iₙ − (1 + 2γλ)Iₙ₊₁; "
          "with errors ≤ Iₙ − (1 + 2γλ)S²/γ² + 2εS/γ",
      .source = "derived",
      .provenance = Provenance::derived,
      .hypotheses = {"∇²V ⪰ λI", "I(pₙ ‖ q) < ∞", "first-order error at most ε"},
      .instances = with(with(chain_families(evaluate, evaluate), plane_family(on_mixtures)),
                        manufactured_family(manufactured)),
      .tight = {translate("translate", evaluate, 0.0)},
      .controls = {translate("(1 + 2γλ)²", squared_coefficient, 0.0),
                   {.name = "1 + 6γλ on the plane", .draw = larger_coefficient, .repeat = false}},
      .on_target = on_chain_target(evaluate, evaluate, on_mixtures),
      .file = __FILE__,
      .grade = Grade::converged};
}

}  // namespace flowcheck
