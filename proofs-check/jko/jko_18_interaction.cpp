#include "distances/gaussian_divergence.hpp"
#include "distances/wasserstein.hpp"
#include "jko/chain_problem.hpp"
#include "jko/jko_claims.hpp"
#include "jko/line_laws.hpp"
#include "jko/minimality.hpp"
#include "measures/random_gaussian.hpp"
#include "numerics/require.hpp"
#include "numerics/round_off.hpp"
#include "numerics/spd.hpp"
#include "proximal/gaussian_objective.hpp"

#include <algorithm>

namespace flowcheck {
namespace jko_18 {

constexpr int steps = 4;

GaussianObjective with_interaction(const Gaussian& q, double kappa) {
  return {.centre = q.mean(), .curvature = q.precision(), .interaction = kappa};
}

Gaussian centred(const Gaussian& p, const GaussianObjective& G) {
  return {G.centre, p.covariance()};
}

// A vector of the form A(x − μ) + (y − x)/γ at most; `terms` is the size of its parts.
Estimate vector_norm(const Vector& v, double terms) {
  return max(0.0, Estimate::closed_form(v.norm(), round_off(terms, v.size())));
}

// √I, the slope of G: potential for the mean, potential and interaction for the rest.
Estimate slope(const Gaussian& p, const GaussianObjective& G) {
  const Vector shift = p.mean() - G.centre;
  const Estimate of_mean = vector_norm(G.curvature * shift, G.curvature.norm() * shift.norm());
  return sqrt(square(of_mean) + fisher_information(centred(p, G), G.minimiser()));
}

struct StepErrors {
  Estimate mean = {};        // |A(m' − μ) − (m − m')/γ|
  Estimate covariance = {};  // that of the centred pair, towards N(μ, (A + κI)⁻¹)
  Estimate whole() const { return sqrt(square(mean) + square(covariance)); }
};

StepErrors measured_errors(const Gaussian& p,
                           const Gaussian& next,
                           const GaussianObjective& G,
                           double gamma) {
  const Vector shift = next.mean() - G.centre;
  const Vector move = p.mean() - next.mean();
  const double terms =
      G.curvature.norm() * shift.norm() + (p.mean().norm() + next.mean().norm()) / gamma;
  return {
      .mean = vector_norm(G.curvature * shift - move / gamma, terms),
      .covariance = first_order_error(centred(p, G), centred(next, G), G.minimiser(), gamma).norm};
}

// A step of G with a random error field of about the size ε: constant for the mean, linear, in the
// minimiser's units, for the covariance.
Gaussian inexact_step(
    const Gaussian& p, const GaussianObjective& G, double gamma, double error, Rng& rng) {
  if (error == 0.0) return jko_step(p, G, gamma);
  const Index d = p.dimension();
  const Vector v = error * rng.normal_vector(d).normalized();
  const Gaussian minimiser = G.minimiser();
  const Matrix noise = symmetrised(rng.normal_matrix(d, d));
  const Matrix W = minimiser.inverse_factor();
  const Matrix K =
      symmetrised(0.5 * std::min(1.0, error) / noise.norm() * W.transpose() * noise * W);
  const Gaussian pushed(p.mean() + gamma * v, p.covariance());  // a constant ξ moves p by γξ
  return {jko_step(pushed, G, gamma).mean(),
          perturbed_jko_step(p, minimiser, gamma, {K, Vector::Zero(d)}).covariance()};
}

struct Step {
  Gaussian p, next;
  GaussianObjective G;
  double gamma = 0.0;
  Estimate lambda = {};
  Estimate error = {};
  double length = 0.0;

  Estimate a() const { return gamma * lambda; }
};

// (1 + a)W₂²(p', π) + 2γΔ(p') + S² ≤ W₂²(p, π) + 2γεD + 2γΔ(π), with D at most S + W₂(p, π).
Bound evi(const Step& s, const Gaussian& pi) {
  const Estimate S = w2(s.p, s.next);
  const Estimate to_pi = w2(s.p, pi);
  return {
      .lhs = (1.0 + s.a()) * squared_w2(s.next, pi) + 2.0 * s.gamma * s.G.gap(s.next) + square(S),
      .rhs = square(to_pi) + 2.0 * s.gamma * s.error * (S + to_pi) + 2.0 * s.gamma * s.G.gap(pi),
      .part = "evolution variational inequality",
      .scale = s.length * s.length};
}

Bound contraction(const Step& s, const Estimate& lambda) {
  const Gaussian q = s.G.minimiser();
  return {.lhs = w2(s.next, q),
          .rhs = (w2(s.p, q) + s.gamma * s.error) / (1.0 + s.gamma * lambda),
          .part = "W₂ contraction",
          .scale = s.length};
}

Bound descent(const Step& s) {
  const Estimate S = w2(s.p, s.next);
  return {.lhs = s.G.gap(s.next) + (2.0 + s.a()) * square(S) / (2.0 * s.gamma),
          .rhs = s.G.gap(s.p) + s.error * S,
          .part = "descent",
          .scale = 1.0};
}

// r' ≤ max{(r + aε)/(1 + a), (1 + a)ε/(2 + a)} with r = √(2λΔ).
Bound objective_contraction(const Step& s) {
  const auto r = [&](const Gaussian& p) { return sqrt(2.0 * s.lambda * s.G.gap(p)); };
  const Estimate a = s.a();
  return {.lhs = r(s.next),
          .rhs = max((r(s.p) + a * s.error) / (1.0 + a), (1.0 + a) * s.error / (2.0 + a)),
          .part = "objective contraction",
          .scale = 1.0};
}

Bound slope_contraction(const Step& s) {
  return {.lhs = slope(s.next, s.G),
          .rhs = (slope(s.p, s.G) + s.error) / (1.0 + s.a()) + s.error,
          .part = "slope contraction",
          .scale = s.length / s.gamma};
}

// Centred, the interaction adds its whole curvature: the rate is that of λ_min(A) + κ.
Bound covariance_contraction(const Step& s, const Estimate& error) {
  const Gaussian q = s.G.minimiser();
  const GaussianObjective without{.centre = s.G.centre, .curvature = s.G.curvature};
  const Estimate rate = without.convexity() + s.G.interaction;
  return {.lhs = w2(centred(s.next, s.G), q),
          .rhs = (w2(centred(s.p, s.G), q) + s.gamma * error) / (1.0 + s.gamma * rate),
          .part = "covariance at λ + κ",
          .scale = s.length};
}

// |(I + γA)(m' − μ) − (m − μ)| ≤ γε: the interaction does not act on the mean.
Bound mean_step(const Step& s, const Estimate& error) {
  const Vector before = s.p.mean() - s.G.centre;
  const Vector after = s.next.mean() - s.G.centre;
  const Vector left = after + s.gamma * (s.G.curvature * after) - before;
  const double terms = before.norm() + after.norm() * (1.0 + s.gamma * s.G.curvature.norm());
  return {.lhs = vector_norm(left, terms),
          .rhs = s.gamma * error,
          .part = "mean at λ",
          .scale = s.length,
          .auxiliary = true};  // the error it is measured by is this residual itself
}

void add_bounds(std::vector<Bound>& bounds, const Step& s, const StepErrors& errors, Rng& rng) {
  bounds.push_back(evi(s, s.G.minimiser()));
  bounds.push_back(evi(s, random_gaussian(rng, s.p.dimension())));
  bounds.push_back(contraction(s, s.lambda));
  bounds.push_back(descent(s));
  bounds.push_back(objective_contraction(s));
  bounds.push_back(slope_contraction(s));
  bounds.push_back(covariance_contraction(s, errors.covariance));
  bounds.push_back(mean_step(s, errors.mean));
}

// The closed form of an exact step, by its first-order condition and by values of F alone.
void add_closed_form(std::vector<Bound>& bounds, Step s, Rng& rng) {
  s.next = jko_step(s.p, s.G, s.gamma);
  s.error = measured_errors(s.p, s.next, s.G, s.gamma).whole();
  // The stored m' = μ + … is rounded, and the condition sees that by a factor I + γA.
  const double means = s.next.mean().norm() + s.G.centre.norm();
  const double rounding =
      round_off((1.0 + s.gamma * s.G.curvature.norm()) * means, s.next.dimension());
  bounds.push_back(
      identity(widened(s.gamma * s.error, rounding), 0.0, "first-order condition", s.length));
  const StepObjective F = [&](const Gaussian& rho) {
    return s.G.gap(rho) + proximal_penalty(squared_w2(s.p, rho), s.gamma);
  };
  const MinimisingStep step{.current = s.p,
                            .next = s.next,
                            .convexity = s.lambda,
                            .step_size = s.gamma,
                            .error = s.error};
  for (Bound& bound : minimality(F, step, rng)) bounds.push_back(std::move(bound));
}

Outcome chain_bounds(const GaussianProblem& problem, double kappa, Rng& rng) {
  Step s{.p = problem.start,
         .next = problem.start,
         .G = with_interaction(problem.target, kappa),
         .gamma = problem.step_size,
         .length = problem.length()};
  s.lambda = s.G.convexity();
  std::vector<Bound> bounds;
  for (int n = 0; n < steps; ++n) {
    add_closed_form(bounds, s, rng);
    s.next = inexact_step(s.p, s.G, s.gamma, problem.error, rng);
    const StepErrors errors = measured_errors(s.p, s.next, s.G, s.gamma);
    s.error = errors.whole();
    add_bounds(bounds, s, errors, rng);
    s.p = s.next;
  }
  return bounds;
}

// Attractive interactions of any strength; repulsive ones that leave A + κI positive definite.
Outcome inequalities(const GaussianProblem& problem) {
  Rng rng(derive_seed(problem.seed, "JKO-18"));
  const bool attractive = rng.uniform() < 0.7;
  const double kappa =
      attractive ? rng.log_uniform(0.1, 5.0) : -rng.uniform(0.1, 0.8) * problem.convexity().value;
  return chain_bounds(problem, kappa, rng);
}

// The problem on the line with an interaction: its minimiser is another one.
LineJkoProblem with_interaction(LineJkoProblem problem, double kappa) {
  problem.objective.interaction = kappa;
  LineJkoResult minimiser = line_minimiser(problem.start.grid(), problem.objective);
  require(minimiser.termination == Termination::converged,
          "JKO-18: the minimiser did not converge");
  problem.target = std::move(minimiser.step);
  return problem;
}

// What JKO-02, 06, 08, 11 and 13 say of a chain, with its own modulus.
void add_chain_bounds(std::vector<Bound>& bounds, const LineJkoProblem& problem) {
  const ChainMeasures run = measures(problem.chain(steps));
  const Estimate lambda = problem.convexity();
  const double gamma = problem.step_size;
  const double length = problem.length();
  const Estimate a = gamma * lambda;
  for (std::size_t n = 1; n < run.w2.size(); ++n) {
    const Estimate& W = run.w2[n];
    const Estimate& S = run.step_length[n];
    const Estimate& error = run.error[n];
    bounds.push_back({.lhs = (1.0 + a) * square(W) + 2.0 * gamma * run.kl[n] + square(S),
                      .rhs = square(run.w2[n - 1]) + 2.0 * gamma * error * W,
                      .part = "evolution variational inequality",
                      .scale = length * length});
    bounds.push_back({.lhs = W,
                      .rhs = (run.w2[n - 1] + gamma * error) / (1.0 + a),
                      .part = "W₂ contraction",
                      .scale = length});
    if (n == 1 && !problem.start.has_density()) continue;  // G_0 = ∞
    bounds.push_back({.lhs = run.kl[n] + (2.0 + a) * square(S) / (2.0 * gamma),
                      .rhs = run.kl[n - 1] + error * S,
                      .part = "descent",
                      .scale = 1.0});
    const Estimate r = sqrt(2.0 * lambda * run.kl[n]);
    const Estimate before = sqrt(2.0 * lambda * run.kl[n - 1]);
    bounds.push_back({.lhs = r,
                      .rhs = max((before + a * error) / (1.0 + a), (1.0 + a) * error / (2.0 + a)),
                      .part = "objective contraction",
                      .scale = 1.0});
    bounds.push_back({.lhs = run.slope[n],
                      .rhs = (run.slope[n - 1] + error) / (1.0 + a) + error,
                      .part = "slope contraction",
                      .scale = length / gamma});
  }
}

LineMap centred(const LineMap& p, double centre) {
  return translated(p, centre - p.mean().value);
}

// Of an exact step towards q = N(μ, 1/A), whatever law p is: the mean moves as without interaction,
// and the centred law steps towards N(μ, 1/(A + κ)).
void add_line_step(std::vector<Bound>& bounds, const LineJkoProblem& problem, double curvature) {
  const double kappa = problem.objective.interaction;
  const double gamma = problem.step_size;
  const double mu = problem.target.mean().value;
  const LineJkoResult step = answered_line_step(problem.start, problem.objective, gamma);
  const double rounding = target_error(problem.objective, problem.target);
  bounds.push_back(identity(widened((1.0 + gamma * Estimate(curvature)) * (step.step.mean() - mu),
                                    (gamma * step.error).upper + gamma * curvature * rounding),
                            problem.start.mean() - mu, "mean at λ", problem.length()));
  const LineFunctional narrower = relative_entropy(quadratic_energy(curvature + kappa, mu));
  const LineJkoResult alone = answered_line_step(centred(problem.start, mu), narrower, gamma);
  const double undone = step.distance_bound + alone.distance_bound + 2.0 * rounding;
  const Estimate apart = w2(centred(step.step, mu), centred(alone.step, mu));
  bounds.push_back(
      identity(max(0.0, widened(apart, undone)), 0.0, "centred law at λ + κ", problem.length()));
}

// An attraction of q's own curvature, and a repulsion of half of it.
Outcome on_the_line(const LineJkoProblem& given) {
  const double curvature = given.convexity().value;
  std::vector<Bound> bounds;
  for (const double kappa : {curvature, -0.5 * curvature}) {
    const LineJkoProblem problem = with_interaction(given, kappa);
    add_chain_bounds(bounds, problem);
    add_line_step(bounds, problem, curvature);
  }
  return bounds;
}

// A translate of the minimiser contracts at λ alone, whatever κ > 0.
Step translate_step(const GaussianProblem& problem, double kappa) {
  const GaussianObjective G = with_interaction(problem.target, kappa);
  const Gaussian start(problem.start.mean(), G.minimiser().covariance());
  Step s{.p = start,
         .next = jko_step(start, G, problem.step_size),
         .G = G,
         .gamma = problem.step_size,
         .lambda = G.convexity(),
         .length = problem.length()};
  s.error = measured_errors(s.p, s.next, s.G, s.gamma).whole();
  return s;
}

Outcome attained(const GaussianProblem& problem) {
  Rng rng(derive_seed(problem.seed, "JKO-18"));
  const Step s = translate_step(problem, rng.log_uniform(0.1, 5.0));
  return std::vector<Bound>{contraction(s, s.lambda), evi(s, s.G.minimiser()), descent(s),
                            objective_contraction(s), slope_contraction(s)};
}

// γ = 0.5, λ = 1, κ = 3: the mean contracts by 2/3, not by 1/3.
Outcome interaction_moves_mean(Trial& trial) {
  const Gaussian q = Gaussian::standard(2);
  const GaussianProblem problem{
      .start = {trial.rng.normal_vector(2), q.covariance()}, .target = q, .step_size = 0.5};
  return contraction(translate_step(problem, 3.0), 1.0 + 3.0);
}

}  // namespace jko_18

Claim jko_18_interaction() {
  using namespace jko_18;
  return {
      .id = "JKO-18",
      .statement =
          "G = ∫V + (κ/4)∬|x − y|² + entropy: JKO-02, 06, 08, 11, 13 with modulus λ + min(κ, 0); "
          "m' − μ = (I + γA)⁻¹(m − μ), centred covariances step towards (A + κI)⁻¹ at rate "
          "λ + κ",
      .source =
          "[AmbrosioGigliSavare2008]; the class of objectives is that of "
          "[ChengLuTanXie2024]",
      .provenance = Provenance::derived,
      .hypotheses = {"V quadratic with ∇²V = A ⪰ λI", "A + κI positive definite"},
      .instances = inexact_gaussian_families(inequalities),
      .tight = {translate("translate of the minimiser", attained, 0.0)},
      .controls = {{.name = "λ + κ as rate of the mean", .draw = interaction_moves_mean}},
      .on_target = on_chain_target(inequalities, on_the_line),
      .file = __FILE__};
}

}  // namespace flowcheck
