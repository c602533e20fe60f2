#include "distances/wasserstein.hpp"
#include "jko/chain_problem.hpp"
#include "jko/fokker_planck.hpp"
#include "jko/jko_claims.hpp"
#include "jko/line_laws.hpp"
#include "measures/random_gaussian.hpp"
#include "numerics/spd.hpp"

#include <algorithm>
#include <cmath>

namespace flowcheck {
namespace jko_22 {

constexpr int steps = 6;

// One step of two laws on the line; the claim's factor is 1.
Bound contraction(const LineMap& mu,
                  const LineMap& nu,
                  const LineFunctional& G,
                  double gamma,
                  double factor = 1.0) {
  const Estimate rate = 1.0 + factor * gamma * Estimate(G.convexity());
  return {.lhs = w2(answered_line_step(mu, G, gamma), answered_line_step(nu, G, gamma)),
          .rhs = w2(mu, nu) / rate,
          .part = "contraction",
          .scale = w2(mu, nu).value};
}

// (ε/λ)(1 − (1 + a)⁻ⁿ), which is nγε for λ = 0.
Estimate drift(const Estimate& error, const Estimate& lambda, double gamma, int n) {
  if (lambda.value == 0.0) return n * gamma * error;
  return error / lambda * (1.0 - 1.0 / pow(1.0 + gamma * lambda, n));
}

// Inexact against exact steps. The stored exact chain has errors of its own, which count as well.
template <class Chain>
Bound separation(
    const Chain& inexact, const Chain& exact, const Estimate& lambda, int n, double scale) {
  const Estimate error = inexact.largest_error(n) + exact.largest_error(n);
  return {.lhs = w2(inexact[n], exact[n]),
          .rhs = drift(error, lambda, inexact.step_size(1), n),
          .part = "inexact chain",
          .scale = scale};
}

Outcome on_the_line(Trial& trial, int target) {
  const LineFunctional& G = line_target(target);
  const LineMap mu = draw_line_data(trial.rng, claim_grid());
  const LineMap nu = draw_line_data(trial.rng, claim_grid());
  const double gamma = trial.rng.log_uniform(0.05, 2.0);
  JkoChainOptions options = draw_inexact_steps(trial.rng, gamma, steps);
  const LineJkoChain inexact = line_jko_chain(mu, G, options);
  options.error = 0.0;
  const LineJkoChain exact = line_jko_chain(mu, G, options);
  std::vector<Bound> bounds = {contraction(mu, nu, G, gamma)};
  for (int n = 1; n <= steps; ++n) {
    bounds.push_back(separation(inexact, exact, G.convexity(), n, exact.w2_to_target(0).value));
  }
  return bounds;
}

// The stored covariances of two exact chains, and both chains' rounding.
Estimate w2_of_steps(const JkoChain& a, const JkoChain& b) {
  return max(0.0, widened(w2(a[1], b[1]), step_rounding(a, 1) + step_rounding(b, 1)));
}

Gaussian with_eigenvectors(const Matrix& U, const Vector& mean, const Vector& variances) {
  return {mean, symmetrised(U * variances.asDiagonal() * U.transpose())};
}

Vector random_variances(Rng& rng, Index d, double smallest, double largest) {
  return Vector::NullaryExpr(d, [&] { return rng.log_uniform(smallest, largest); });
}

// Two starts and a target with the same eigenvectors, up to the rounding of UDUᵀ: by so much the
// laws are not those that commute, and a chain contracts what it is given.
double rounding_of(const GaussianProblem& problem) {
  return 0.5 * w2(problem.start, problem.start).upper +
         0.5 * problem.target.condition_number() * w2(problem.target, problem.target).upper;
}

Outcome commuting(Trial& trial) {
  Rng& rng = trial.rng;
  const Index d = 1 + rng.uniform_index(6);
  const Matrix U = random_orthogonal(rng, d);
  GaussianProblem first{.start = with_eigenvectors(U, 1.5 * rng.normal_vector(d),
                                                   random_variances(rng, d, 0.05, 10.0)),
                        .target = with_eigenvectors(U, 0.5 * rng.normal_vector(d),
                                                    random_variances(rng, d, 0.25, 4.0)),
                        .step_size = rng.log_uniform(0.05, 2.0)};
  GaussianProblem second = first;
  second.start =
      with_eigenvectors(U, 1.5 * rng.normal_vector(d), random_variances(rng, d, 0.05, 10.0));
  const Estimate after = w2_of_steps(first.chain(1), second.chain(1));
  return Bound{.lhs = max(0.0, widened(after, rounding_of(first) + rounding_of(second))),
               .rhs = w2(first.start, second.start) / (1.0 + first.ratio()),
               .part = "contraction",
               .scale = first.length() + second.length()};
}

// One coordinate: p_0 and q, and p_0 with errors against p_0 without.
Outcome of_gaussians(const GaussianProblem& problem) {
  if (problem.target.dimension() > 1) return Outcome::not_applicable("d = 1");
  GaussianProblem rest = problem.exact();
  rest.start = problem.target;
  const JkoChain exact = problem.exact().chain(steps);
  const JkoChain inexact = problem.chain(steps);
  std::vector<Bound> bounds = {{.lhs = w2_of_steps(exact, rest.chain(1)),
                                .rhs = w2(problem.start, problem.target) / (1.0 + problem.ratio()),
                                .part = "contraction",
                                .scale = problem.length()}};
  for (int n = 1; n <= steps; ++n) {
    bounds.push_back(separation(inexact, exact, problem.convexity(), n, problem.length()));
  }
  return bounds;
}

// p_0 against q and against another law, and p_0 with errors against p_0 without.
Outcome of_line(const LineJkoProblem& problem) {
  Rng rng(derive_seed(problem.seed, "JKO-22"));
  const LineFunctional& G = problem.objective;
  const LineMap other = draw_line_map(rng, problem.start.grid());
  std::vector<Bound> bounds = {contraction(problem.start, problem.target, G, problem.step_size),
                               contraction(problem.start, other, G, problem.step_size)};
  const LineJkoChain exact = problem.exact().chain(steps);
  const LineJkoChain inexact = problem.chain(steps);
  for (int n = 1; n <= steps; ++n) {
    bounds.push_back(separation(inexact, exact, problem.convexity(), n, problem.length()));
  }
  return bounds;
}

struct Translates {
  LineFunctional G;
  LineMap mu;
  LineMap nu;
  double step_size = 0.0;
};

Translates draw_translates(Rng& rng) {
  const LineMap mu = draw_line_data(rng, claim_grid());
  return {.G = relative_entropy(quadratic_energy(rng.log_uniform(0.3, 3.0), rng.normal())),
          .mu = mu,
          .nu = translated(mu, rng.uniform(1.0, 5.0)),
          .step_size = rng.log_uniform(0.05, 2.0)};
}

// Two translates of any law, V quadratic; a constant ξ, whatever p_0 is.
Outcome attained(Trial& trial) {
  const auto [G, mu, nu, gamma] = draw_translates(trial.rng);
  const auto options = [&, step = gamma](double error) {
    return JkoChainOptions{
        .step_sizes = constant_steps(step, steps), .error = error, .field = ErrorField::constant};
  };
  return std::vector<Bound>{
      contraction(mu, nu, G, gamma),
      separation(line_jko_chain(nu, G, options(0.3)), line_jko_chain(nu, G, options(0.0)),
                 G.convexity(), steps, 1.0 + w2(mu, nu).value)};
}

Outcome fast(Trial& trial) {
  const auto [G, mu, nu, gamma] = draw_translates(trial.rng);
  return contraction(mu, nu, G, gamma, 1.5);
}

std::vector<Instance> families() {
  const auto towards = [](std::string name, int target) {
    return Instance{.name = std::move(name),
                    .draw = [target](Trial& trial) { return on_the_line(trial, target); }};
  };
  return {towards("V = x²/2", 0),
          towards("V = x²/2 + x⁴/4", 1),
          towards("V = x²/4 + ½log 2cosh 2x", 2),
          towards("V = log 2cosh x", 3),
          towards("V = x⁴/4", 4),
          {.name = "commuting Gaussians", .draw = commuting}};
}

}  // namespace jko_22

Claim jko_22_resolvent() {
  using namespace jko_22;
  return {.id = "JKO-22",
          .statement =
              "d = 1 or commuting Gaussians, λ ≥ 0 ⇒ W₂(JKO(μ), JKO(ν)) ≤ W₂(μ, ν)/(1 + γλ), and "
              "W₂ of inexact and exact chains from one start ≤ (ε/λ)(1 − (1 + γλ)⁻ⁿ)",
          .source = "derived",
          .provenance = Provenance::derived,
          .hypotheses = {"d = 1, or Gaussians whose covariances commute", "∇²V ⪰ λI, λ ≥ 0"},
          .instances = families(),
          .tight = {{.name = "two translates, constant error", .draw = attained}},
          .controls = {{.name = "rate 1/(1 + 1.5γλ)", .draw = fast}},
          .on_target = on_chain_target(of_gaussians, of_line),
          .file = __FILE__};
}

}  // namespace flowcheck
