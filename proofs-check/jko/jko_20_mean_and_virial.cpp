#include "distances/wasserstein.hpp"
#include "jko/chain_problem.hpp"
#include "jko/jko_claims.hpp"
#include "jko/line_laws.hpp"
#include "measures/line_laws.hpp"
#include "numerics/adaptive_quadrature.hpp"
#include "numerics/require.hpp"
#include "numerics/round_off.hpp"

#include <boost/math/tools/roots.hpp>

#include <cmath>
#include <functional>

namespace flowcheck {
namespace jko_20 {

constexpr int steps = 4;

// |(I + factor γA)(m' − μ) − (m − μ)|; the claim's factor is 1.
Estimate mean_residual(const JkoChain& chain, int n, double factor = 1.0) {
  const Gaussian& q = chain.target;
  const double gamma = factor * chain.step_size(n);
  const Matrix A = q.precision();
  const Vector before = chain[n - 1].mean() - q.mean();
  const Vector after = chain[n].mean() - q.mean();
  const Vector residual = after + gamma * (A * after) - before;
  const double means = chain[n].mean().norm() + chain[n - 1].mean().norm() + q.mean().norm();
  const double terms = means + q.condition_number() * gamma * A.norm() * after.norm();
  return max(0.0, Estimate::closed_form(residual.norm(), round_off(terms, q.dimension())));
}

// E_{p'}⟨T − x, x⟩, T the optimal map from p' to p.
Estimate work(const Gaussian& p, const Gaussian& next) {
  const Matrix L = next.factor();
  const Matrix displacement = optimal_map_on_factor(next, p) - L;
  const double value =
      (p.mean() - next.mean()).dot(next.mean()) + displacement.cwiseProduct(L).sum();
  const double size = next.mean().norm() + L.norm();
  const double error =
      round_off((p.mean().norm() + size + displacement.norm()) * size, p.dimension()) +
      optimal_map_round_off(next, p) * size;
  return Estimate::closed_form(value, error);
}

// E_{p'}[x·∇V] for V = ½(x − μ)ᵀA(x − μ).
Estimate virial(const Gaussian& next, const Gaussian& q) {
  const Matrix A = q.precision();
  const Matrix L = next.factor();
  const Vector shift = next.mean() - q.mean();
  const double value = next.mean().dot(A * shift) + (A * L).cwiseProduct(L).sum();
  const double terms =
      A.norm() * (next.mean().norm() * (next.mean().norm() + q.mean().norm()) + L.squaredNorm());
  return Estimate::closed_form(value, round_off(q.condition_number() * terms, q.dimension()));
}

struct VirialSides {
  Estimate work = {};
  Estimate expected = {};  // γ(E[x·∇V] − d)
  double second_moment = 0.0;
};

VirialSides virial_sides(const JkoChain& chain, int n, double dimension_factor = 1.0) {
  const double d = static_cast<double>(chain.target.dimension());
  return {.work = work(chain[n - 1], chain[n]),
          .expected = chain.step_size(n) * (virial(chain[n], chain.target) - dimension_factor * d),
          .second_moment = chain[n].mean().squaredNorm() + chain[n].covariance().trace()};
}

Outcome identities(const GaussianProblem& problem) {
  const double length = problem.length() + problem.target.mean().norm();
  const JkoChain chain = problem.chain(steps);
  const JkoChain exact = problem.exact().chain(steps);
  std::vector<Bound> bounds;
  for (int n = 1; n <= steps; ++n) {
    const double gamma = problem.step_size;
    bounds.push_back({.lhs = mean_residual(chain, n),
                      .rhs = gamma * chain.error(n),
                      .part = "mean, inexact",
                      .scale = length});
    bounds.push_back(identity(widened(mean_residual(exact, n), gamma * exact.error(n).upper), 0.0,
                              "mean, exact", length));

    // |E⟨ξ, x⟩| ≤ ε(E|x|²)^{1/2} is all that inexactness can change.
    const VirialSides v = virial_sides(chain, n);
    bounds.push_back({.lhs = abs(v.work - v.expected),
                      .rhs = gamma * chain.error(n) * std::sqrt(v.second_moment),
                      .part = "virial, inexact",
                      .scale = length * length});
    const VirialSides e = virial_sides(exact, n);
    const double allowance = gamma * exact.error(n).upper * std::sqrt(e.second_moment);
    bounds.push_back(
        identity(widened(e.work, allowance), e.expected, "virial, exact", length * length));
  }
  return bounds;
}

// A constant ξ uses up the whole of γε, whatever p_0 is.
Outcome attained(Trial& trial) {
  GaussianProblem problem = draw_random_pair(trial.rng, 8, true);
  problem.error = 0.2;
  problem.field = ErrorField::constant;
  const JkoChain chain = problem.chain(1);
  return Bound{.lhs = mean_residual(chain, 1),
               .rhs = problem.step_size * chain.error(1),
               .part = "mean, inexact",
               .scale = problem.length()};
}

using Function = std::function<Estimate(const Estimate& x)>;

// The exact step from the atom δ_m for V = x²/2 + x⁴/4: p' ∝ exp(−V(x) − (x − m)²/(2γ)), and the
// optimal map back is the constant m. Moments by quadrature.
class AtomStep {
 public:
  AtomStep(double m, double gamma) : m_(m), gamma_(gamma) {
    const auto slope = [&](double x) { return x + x * x * x + (x - m_) / gamma_; };
    const auto bracket =
        boost::math::tools::bisect(slope, 0.0, m_, boost::math::tools::eps_tolerance<double>(40));
    mode_ = 0.5 * (bracket.first + bracket.second);
    mass_ = integral([](const Estimate&) { return 1.0; });
  }

  static Estimate force(const Estimate& x) { return x + pow(x, 3); }  // V'

  Estimate mean_of(const Function& f) const { return integral(f) / mass_; }

 private:
  Estimate exponent(const Estimate& x) const {
    return 0.5 * square(x) + 0.25 * pow(x, 4) + square(x - m_) / (2.0 * gamma_);
  }

  // The exponent is (1 + 1/γ)-convex: beyond 12 standard deviations of it there is less than 1e-31.
  Estimate integral(const Function& f) const {
    const double reach = 12.0 / std::sqrt(1.0 + 1.0 / gamma_);
    const double least = exponent(mode_).value;
    return quadrature([&](double x) { return f(x) * exp(least - exponent(x)); },
                      {mode_ - reach, mode_, mode_ + reach});
  }

  double m_, gamma_, mode_ = 0.0;
  Estimate mass_ = {};
};

struct Atom {
  double m = 1.0;
  double gamma = 0.5;
};

Atom draw_atom(Rng& rng) {
  return {.m = rng.uniform(0.5, 3.0), .gamma = rng.log_uniform(0.05, 2.0)};
}

// What remains for a V that is not quadratic: m − m' = γE[V'], and the virial identity.
Outcome quartic_from_atom(Trial& trial) {
  const auto [m, gamma] = draw_atom(trial.rng);
  const AtomStep step(m, gamma);
  const Estimate mean = step.mean_of([](const Estimate& x) { return x; });
  const Estimate force = step.mean_of(AtomStep::force);
  const Estimate virial = step.mean_of([](const Estimate& x) { return x * AtomStep::force(x); });
  const Estimate work = step.mean_of([start = m](const Estimate& x) { return (start - x) * x; });
  return std::vector<Bound>{identity(m - mean, gamma * force, "mean of ∇V, V = x²/2 + x⁴/4"),
                            identity(work, gamma * (virial - 1.0), "virial, V = x²/2 + x⁴/4", 1.0)};
}

// On the line from data of any kind: both identities are those of the discrete steps as well.
Bound line_mean(const LineMap& p,
                const LineJkoResult& step,
                double curvature,
                double gamma,
                double centre = 0.0) {
  const Estimate residual =
      (1.0 + gamma * Estimate(curvature)) * (step.step.mean() - centre) - (p.mean() - centre);
  return {.lhs = abs(residual), .rhs = gamma * step.error, .part = "mean, inexact"};
}

// E_{p'}⟨T − x, x⟩ − γ(E[xV'] − 1).
Estimate line_virial(const LineMap& p, const LineMap& next, const LineEnergy& V, double gamma) {
  const Vector& w = p.grid().node_masses();
  const Vector& x = next.values();
  Vector force(x.size());
  V.values({x.data(), static_cast<std::size_t>(x.size())}, nullptr, force.data(), nullptr);
  const Vector work = (p.values() - x).cwiseProduct(x);
  const double terms = w.dot((p.values().cwiseAbs() + x.cwiseAbs()).cwiseProduct(x.cwiseAbs())) +
                       gamma * (w.dot(force.cwiseProduct(x).cwiseAbs()) + 1.0);
  const double value = w.dot(work) - gamma * (w.dot(force.cwiseProduct(x)) - 1.0);
  return Estimate::closed_form(value, round_off(terms, 2));
}

// E⟨ξ, x⟩ of a step's own error is at most γε(E|x|²)^½.
Estimate virial_allowance(const LineJkoResult& step, double gamma) {
  return gamma * step.error * sqrt(step.step.variance() + square(step.step.mean()));
}

// Of the first steps, exact and not, towards a user's q = N(μ, 1/A).
Outcome of_line(const LineJkoProblem& problem) {
  const double gamma = problem.step_size;
  const double A = problem.convexity().value;
  const double mu = problem.target.mean().value;
  const double centre_off = gamma * A * target_error(problem.objective, problem.target);
  const double length = problem.length() + std::abs(mu);
  std::vector<Bound> bounds;
  LineMap p = problem.start;
  for (int n = 1; n <= steps; ++n) {
    const LineJkoResult inexact =
        inexact_line_jko_step(p, problem.objective, gamma, problem.target,
                              {.error = problem.error, .field = problem.field});
    require(inexact.termination == Termination::converged, "JKO-20: a step did not converge");
    const LineJkoResult exact = answered_line_step(p, problem.objective, gamma);
    Bound mean = line_mean(p, inexact, A, gamma, mu);
    mean.lhs = max(0.0, widened(mean.lhs, centre_off));
    mean.scale = length;
    bounds.push_back(mean);
    const Bound still = line_mean(p, exact, A, gamma, mu);
    bounds.push_back(identity(max(0.0, widened(still.lhs, still.rhs.upper + centre_off)), 0.0,
                              "mean, exact", length));
    const LineEnergy& V = problem.objective.potential;
    bounds.push_back({.lhs = abs(line_virial(p, inexact.step, V, gamma)),
                      .rhs = virial_allowance(inexact, gamma),
                      .part = "virial, inexact",
                      .scale = length * length});
    bounds.push_back(identity(
        widened(line_virial(p, exact.step, V, gamma), virial_allowance(exact, gamma).upper), 0.0,
        "virial, exact", length * length));
    p = inexact.step;
  }
  return bounds;
}

Outcome on_the_line(Trial& trial) {
  const LineMap p = draw_line_data(trial.rng, claim_grid());
  const double gamma = trial.rng.log_uniform(0.05, 2.0);
  const double curvature = trial.rng.log_uniform(0.3, 3.0);
  const LineFunctional quadratic = relative_entropy(quadratic_energy(curvature));
  const InexactStepOptions inexactness{
      .error = trial.rng.log_uniform(0.01, 1.0), .field = ErrorField::random, .seed = 1};
  const LineJkoResult inexact = inexact_line_jko_step(
      p, quadratic, gamma, line_minimiser(p.grid(), quadratic).step, inexactness);
  const LineJkoResult exact = answered_line_step(p, quadratic, gamma);
  Bound mean = line_mean(p, exact, curvature, gamma);
  const double length = std::sqrt(p.variance().value) + std::abs(p.mean().value) + 1.0;
  std::vector<Bound> bounds = {
      line_mean(p, inexact, curvature, gamma),
      identity(widened(mean.lhs, mean.rhs.upper), 0.0, "mean, exact", length)};
  for (const int k : {0, 1, 2}) {
    const LineJkoResult step = answered_line_step(p, line_target(k), gamma);
    const double allowance = virial_allowance(step, gamma).upper;
    const Estimate virial = line_virial(p, step.step, line_target(k).potential, gamma);
    bounds.push_back(identity(widened(virial, allowance), 0.0, "virial, exact", length * length));
  }
  return bounds;
}

// The mean identity is special to quadratic V: x²/2 + x⁴/4 from asymmetric data.
Outcome mean_identity_for_quartic(Trial&) {
  const LineMap p =
      line_map(claim_grid(), gaussian_mixture_law({0.3, 0.7}, {-3.0, 2.0}, {0.3, 0.6}));
  const LineJkoResult step = answered_line_step(p, line_target(1), 0.5);
  return identity(1.5 * step.step.mean(), p.mean());
}

Outcome mean_identity_from_atom(Trial& trial) {
  const auto [m, gamma] = draw_atom(trial.rng);
  const AtomStep step(m, gamma);
  return identity((1.0 + gamma) * step.mean_of([](const Estimate& x) { return x; }), m);
}

Outcome wrong_step_convention(const GaussianProblem& problem) {
  const JkoChain chain = problem.chain(1);
  return Bound{.lhs = mean_residual(chain, 1, 2.0), .rhs = problem.step_size * chain.error(1)};
}

Outcome virial_without_dimension(const GaussianProblem& problem) {
  const VirialSides v = virial_sides(problem.chain(1), 1, 0.0);
  return identity(v.work, v.expected);
}

}  // namespace jko_20

Claim jko_20_mean_and_virial() {
  using namespace jko_20;
  std::vector<Instance> families = inexact_gaussian_families(identities);
  families.push_back({.name = "V = x²/2 + x⁴/4 from an atom", .draw = quartic_from_atom});
  families.push_back({.name = "data of any kind on the line", .draw = on_the_line});
  return {.id = "JKO-20",
          .statement =
              "V quadratic: |(I + γA)(mₙ₊₁ − μ) − (mₙ − μ)| ≤ γε for every pₙ; any V, exact: E⟨T − "
              "x, x⟩ = γ(E[x·∇V] − d) under pₙ₊₁",
          .source = "derived",
          .provenance = Provenance::derived,
          .hypotheses = {"for the mean: V quadratic", "first-order error at most ε"},
          .instances = families,
          .tight = {{.name = "random pair, constant error", .draw = attained}},
          .controls = {{.name = "mean identity for V = x²/2 + x⁴/4",
                        .draw = mean_identity_for_quartic,
                        .repeat = false},
                       {.name = "the same from an atom", .draw = mean_identity_from_atom},
                       translate("penalty W₂²/(4γ)", wrong_step_convention, 0.0),
                       translate("virial without the dimension", virial_without_dimension, 0.0)},
          .on_target = on_chain_target(identities, of_line),
          .file = __FILE__,
          .grade = Grade::converged};
}

}  // namespace flowcheck
