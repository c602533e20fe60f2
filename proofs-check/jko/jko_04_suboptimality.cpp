#include "distances/wasserstein.hpp"
#include "jko/chain_problem.hpp"
#include "jko/jko_claims.hpp"
#include "jko/plane_problem.hpp"
#include "numerics/require.hpp"
#include "numerics/round_off.hpp"
#include "numerics/spd.hpp"

#include <cmath>
#include <numbers>
#include <optional>

namespace flowcheck {
namespace jko_04 {

constexpr int steps = 4;

// One inexact step p → p' beside the exact one p → p*, and what is measured of both.
template <class Measure>
struct StepPair {
  Measure current, next, best;
  double gamma = 0.0;
  Estimate a = {};           // γλ
  Estimate error = {};       // ε of p'
  Estimate best_error = {};  // what rounding leaves of ε at p*
  Estimate distance = {};    // W₂(p', p*)
  Estimate gap = {};         // F(p') − F(p*)
  double objective = 0.0;    // F(p*), the size of what was subtracted
};

StepPair<Gaussian> step_pair(const GaussianProblem& problem, const JkoChain& chain, int n) {
  const Gaussian& q = problem.target;
  const double gamma = problem.step_size;
  const Gaussian best = jko_step(chain[n - 1], q, gamma);
  const Estimate least = jko_objective(best, chain[n - 1], q, gamma);
  return {.current = chain[n - 1],
          .next = chain[n],
          .best = best,
          .gamma = gamma,
          .a = gamma * problem.convexity(),
          .error = chain.error(n),
          .best_error = first_order_error(chain[n - 1], best, q, gamma).norm,
          .distance = w2(chain[n], best),
          .gap = jko_objective(chain[n], chain[n - 1], q, gamma) - least,
          .objective = least.value};
}

// p → p' is any pair; what its ε is, is in `error`.
StepPair<LineMap> step_pair(const LineJkoProblem& problem,
                            const LineMap& current,
                            const LineMap& next,
                            const Estimate& error) {
  const LineFunctional& G = problem.objective;
  const double gamma = problem.step_size;
  const LineJkoResult best = line_jko_step(current, G, gamma);
  require(best.termination == Termination::converged, "JKO-04: a step did not converge");
  const auto F = [&](const LineMap& rho) {
    return value(G, rho) + square(w2(current, rho)) / (2.0 * gamma);
  };
  const Estimate least = F(best.step);
  return {.current = current,
          .next = next,
          .best = best.step,
          .gamma = gamma,
          .a = gamma * problem.convexity(),
          .error = error,
          .best_error = best.error,
          .distance = w2(next, best.step),
          .gap = F(next) - least,
          .objective = std::abs(least.value)};
}

StepPair<LineMap> step_pair(const LineJkoProblem& problem, const LineJkoChain& chain, int n) {
  return step_pair(problem, chain[n - 1], chain[n], chain.error(n));
}

template <class Pair>
Estimate gap_bound(const Pair& s) {
  return s.gamma * square(s.error) / (2.0 * (1.0 + s.a));
}

// The stored p* is itself inexact to rounding: two inexact steps are γ(ε + ε*)/(1 + a) apart.
template <class Pair>
Estimate distance_bound(const Pair& s, const Estimate& a) {
  return s.gamma * (s.error + s.best_error) / (1.0 + a);
}

// p̂ = (Id + γ∇log(p'/q))_# p', from which p' is the exact step. Where that map is not monotone, it
// is not an optimal map, and nothing is claimed.
struct ShiftedStart {
  Gaussian measure;
  double round_off = 0.0;  // of p̂ in W₂
};

std::optional<ShiftedStart> shifted_start(const StepPair<Gaussian>& s, const Gaussian& q) {
  const Index d = q.dimension();
  const Matrix A = q.precision();
  const Matrix L = s.next.factor();
  const Matrix L_inv = s.next.inverse_factor();
  const Vector shift = s.next.mean() - q.mean();
  const Matrix slope = Matrix::Identity(d, d) + s.gamma * (A - s.next.precision());
  const double kappa = s.next.condition_number() + q.condition_number();
  const double precisions = s.gamma * (A.norm() + s.next.precision().norm());
  if (smallest_eigenpair(slope).value < -round_off(kappa * (1.0 + precisions), d)) return {};

  const Matrix image = L + s.gamma * (A * L - L_inv.transpose());
  const double terms = L.norm() + s.gamma * (A.norm() * (L.norm() + shift.norm()) + L_inv.norm());
  return ShiftedStart{
      .measure = {s.next.mean() + s.gamma * (A * shift), symmetrised(image * image.transpose())},
      .round_off = round_off(kappa * terms, d)};
}

void add_shifted_start(std::vector<Bound>& bounds,
                       const StepPair<Gaussian>& s,
                       const GaussianProblem& p) {
  const std::optional<ShiftedStart> shifted = shifted_start(s, p.target);
  if (!shifted) return;
  const Gaussian& p_hat = shifted->measure;
  bounds.push_back({.lhs = max(0.0, widened(w2(s.current, p_hat), shifted->round_off)),
                    .rhs = s.gamma * s.error,
                    .part = "W₂(pₙ, p̂ₙ)",
                    .scale = p.length()});
  // Close to singular, a covariance in double does not determine its measure to enough digits.
  if (p_hat.has_density() && p_hat.condition_number() > 1e8) return;
  const Estimate residual = first_order_error(p_hat, s.next, p.target, s.gamma).norm;
  bounds.push_back(identity(s.gamma * widened(residual, shifted->round_off / s.gamma), 0.0,
                            "exact from p̂ₙ", p.length()));
}

// On the line p̂ₙ is at T_n + γξ: both of its statements are what ξ is.
void add_shifted_start(std::vector<Bound>&, const StepPair<LineMap>&, const LineJkoProblem&) {}

const auto suboptimality = [](const auto& problem) -> Outcome {
  const double length = ChainProblem(problem).length;
  const auto chain = problem.chain(steps);
  std::vector<Bound> bounds;
  for (int n = 1; n <= steps; ++n) {
    const auto s = step_pair(problem, chain, n);
    bounds.push_back(
        {.lhs = s.gap, .rhs = gap_bound(s), .part = "objective", .scale = 1.0 + s.objective});
    bounds.push_back(
        {.lhs = s.distance, .rhs = distance_bound(s, s.a), .part = "distance", .scale = length});
    add_shifted_start(bounds, s, problem);
  }
  return bounds;
};

// A constant ξ attains the bound, whatever the start. This one is εe√2 cos(⟨e, x − μ⟩/σ), e from
// the mean μ of q to that of p, σ the largest deviation of q.
PlaneFunction wave(const PlaneLaw& p, const Gaussian& q, double error) {
  const Vector mu = q.mean();
  const Vector away{{p.mean[0] - mu[0], p.mean[1] - mu[1]}};
  const bool apart = away.norm() > 1e-6 * std::sqrt(q.eigenvalues()(0));
  const Vector e = apart ? Vector(away.normalized()) : Vector(Vector::Unit(2, 0));
  const double frequency = 1.0 / std::sqrt(q.eigenvalues()(1));
  const double height = std::numbers::sqrt2 * error;
  return [=](double x, double y) {
    const double phase = frequency * (e[0] * (x - mu[0]) + e[1] * (y - mu[1]));
    return PlaneValue{.value = height / frequency * std::sin(phase),
                      .dx = height * std::cos(phase) * e[0],
                      .dy = height * std::cos(phase) * e[1]};
  };
}

// The numbers of a StepPair. The distance is that of the maps from p, which is W₂(p', p*) at least;
// the proof has it too.
struct PlanePair : PlaneStepPair {
  double gamma = 0.0;
  Estimate a = {};
};

PlanePair step_pair(const PlaneChainProblem& plane, const PlaneLaw& p) {
  const Gaussian& q = plane.problem.target();
  const double gamma = plane.step_size;
  return {plane.problem.step_pair(p, gamma, wave(p, q, plane.error)), gamma, gamma * convexity(q)};
}

// p̂ₙ is at T + γξ: both of its statements are what ξ is, as on the line.
Outcome on_the_plane(const PlaneChainProblem& plane) {
  if (plane.error == 0.0) return Outcome::not_applicable("ε > 0 on the plane");
  constexpr int laws = 3;
  const PlaneMeasuredChain chain =
      plane.chain(constant_steps(plane.step_size, laws - 1), constant_steps(plane.error, laws - 1));
  std::vector<Bound> bounds;
  for (const PlaneLaw& p : chain.laws) {
    const PlanePair s = step_pair(plane, p);
    const Estimate above = s.gamma * square(s.best_error) / (2.0 * (1.0 + s.a));  // of min F
    bounds.push_back({.lhs = s.gap + Estimate::between(0.0, 0.0, above.upper, Grade::converged),
                      .rhs = gap_bound(s),
                      .part = "objective",
                      .scale = 1.0 + std::abs(s.objective.value)});
    bounds.push_back({.lhs = s.map_distance, .rhs = distance_bound(s, s.a), .part = "distance"});
  }
  return bounds;
}

// A quarter of each bound, at the first step of M1.
Outcome quarters_on_the_plane(Trial& trial) {
  const PlaneChainProblem& plane = plane_problems(trial.scale).front();
  const PlanePair s = step_pair(plane, plane.problem.first());
  return std::vector<Bound>{
      {.lhs = s.gap, .rhs = 0.25 * gap_bound(s), .part = "objective"},
      {.lhs = s.map_distance, .rhs = 0.25 * distance_bound(s, s.a), .part = "distance"}};
}

StepPair<Gaussian> first_step(const GaussianProblem& problem) {
  return step_pair(problem, problem.chain(1), 1);
}

// "A small gap certifies a small ε", i.e. γε²/(2(1 + a)) ≤ F(p') − F(p*): refuted by the exact step
// from N(3, 1) towards N(0, 1) with a rapid oscillation of 10⁻³ cos(kz)/k on top.
Outcome oscillation(double k) {
  const LineGrid grid(801);
  const LineJkoProblem problem = line_problem(law_q1(), gaussian_map(grid, 3.0, 1.0), 0.5);
  const LineMap exact = problem.chain(1)[1];
  const Vector wave = 1e-3 / k * (k * grid.nodes().array()).cos();
  const LineMap next(grid, exact.values() + wave);
  const double gamma = problem.step_size;
  const LineSlope eta = slope(problem.objective, next);
  const Vector xi = eta.field + (next.values() - problem.start.values()) / gamma;
  const double error = std::sqrt(grid.node_masses().dot(xi.cwiseAbs2()));
  const double noise = eta.norm.budget.total() + round_off(problem.length() / gamma, 1) +
                       static_cast<double>(xi.size()) * unit_round_off * error;
  const StepPair<LineMap> s =
      step_pair(problem, problem.start, next, Estimate::closed_form(error, noise));
  return Bound{.lhs = gap_bound(s), .rhs = s.gap};
}

Instance oscillating(std::string name, double k) {
  return {.name = std::move(name), .draw = [k](Trial&) { return oscillation(k); }, .repeat = false};
}

// The Gaussian of the same kind is an error along a stiff direction, where the gap is
// γε²/(2(1 + γa_max)) only. It shrinks like 1/a_max at fixed ε.
Outcome gap_certifies_error(Trial& trial) {
  const double stiffness = 100.0;
  const Vector variances{{1.0, 1.0 / stiffness}};
  const Gaussian q(Vector::Zero(2), variances.asDiagonal());
  const StepPair<Gaussian> s = first_step({.start = {Vector{{0.0, 1.0}}, q.covariance()},
                                           .target = q,
                                           .step_size = trial.rng.log_uniform(0.05, 2.0),
                                           .error = 0.3,
                                           .field = ErrorField::constant});
  return Bound{.lhs = gap_bound(s), .rhs = s.gap};
}

Outcome smaller_gap(const GaussianProblem& problem) {
  const StepPair<Gaussian> s = first_step(problem);
  return Bound{.lhs = s.gap, .rhs = 0.9 * gap_bound(s)};
}

Outcome smaller_distance(const GaussianProblem& problem) {
  const StepPair<Gaussian> s = first_step(problem);
  return Bound{.lhs = s.distance, .rhs = distance_bound(s, 1.2 * s.a)};
}

}  // namespace jko_04

Claim jko_04_suboptimality() {
  using namespace jko_04;
  return {.id = "JKO-04",
          .statement =
              "F(pₙ₊₁) − min F ≤ γε²/(2(1 + γλ)), W₂(pₙ₊₁, p*) ≤ γε/(1 + γλ); pₙ₊₁ is the exact "
              "step from p̂ₙ = (Id + γ∇log(pₙ₊₁/q))_# pₙ₊₁ and W₂(pₙ, p̂ₙ) ≤ γε",
          .source = "derived",
          .provenance = Provenance::derived,
          .hypotheses = {"G λ-convex along generalised geodesics, 1 + γλ > 0",
                         "for p̂ₙ: Id + γ∇log(pₙ₊₁/q) is monotone"},
          .instances = with(inexact_chain_families(suboptimality, suboptimality),
                            plane_family(on_the_plane)),
          .tight = {translate("translate", suboptimality, 0.3)},
          .controls = {{.name = "a small gap certifies a small ε", .draw = gap_certifies_error},
                       oscillating("the same, cos 4z", 4.0),
                       oscillating("the same, cos 16z", 16.0),
                       oscillating("the same, cos 48z", 48.0),
                       translate("gap 0.9 γε²/(2(1 + γλ))", smaller_gap, 0.3),
                       translate("distance γε/(1 + 1.2γλ)", smaller_distance, 0.3),
                       {.name = "a quarter of each on the plane",
                        .draw = quarters_on_the_plane,
                        .repeat = false}},
          .on_target = on_chain_target(suboptimality, suboptimality, on_the_plane),
          .file = __FILE__,
          .grade = Grade::converged};
}

}  // namespace flowcheck
