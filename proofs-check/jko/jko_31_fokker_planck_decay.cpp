#include "distances/divergence.hpp"
#include "distances/gaussian_divergence.hpp"
#include "distances/monotone_transport.hpp"
#include "distances/wasserstein.hpp"
#include "jko/chain_problem.hpp"
#include "jko/fokker_planck.hpp"
#include "jko/jko_claims.hpp"
#include "jko/line_laws.hpp"
#include "measures/line_laws.hpp"
#include "measures/random_gaussian.hpp"
#include "numerics/round_off.hpp"
#include "proximal/line_fokker_planck.hpp"

#include <array>
#include <cmath>

namespace flowcheck {
namespace jko_31 {

constexpr std::array<double, 4> times = {0.05, 0.3, 1.0, 3.0};

// A second start ρ'_0, and the π of the evolution variational inequality.
Gaussian companion(const GaussianProblem& problem) {
  Rng rng(problem.seed);
  return random_gaussian(rng, problem.start.dimension());
}

// e^{−λt} and (e^{λt} − 1)/λ.
Estimate decay(const Estimate& lambda, double t) {
  return exp(-(lambda * t));
}
Estimate growth(const Estimate& lambda, double t) {
  return expm1(lambda * t) / lambda;
}

// dKL/dt from the moment equations ṁ = −A(m − μ), Σ̇ = 2I − AΣ − ΣA,
// dKL/dt = ½ tr((A − Σ⁻¹)Σ̇) + (m − μ)ᵀAṁ.
Estimate entropy_rate(const FokkerPlanckLaw& rho) {
  const Index d = rho.law.dimension();
  const Matrix A = rho.target.precision();
  const Matrix precision = rho.law.precision();
  const Matrix flow = A * rho.law.covariance();
  const Matrix rate = 2.0 * Matrix::Identity(d, d) - flow - flow.transpose();
  const Vector force = A * (rho.law.mean() - rho.target.mean());
  const double value = 0.5 * (A - precision).cwiseProduct(rate).sum() - force.squaredNorm();
  const double kappa = rho.law.condition_number() + rho.target.condition_number();
  const double scale = (A.norm() + precision.norm()) * (2.0 + flow.norm()) + force.squaredNorm();
  return Estimate::closed_form(value, round_off(kappa * scale, d));
}

// −½ d/dt W₂²(ρ_t, π) = ∫⟨x − T(x), ∇log(ρ_t/q)⟩ dρ_t, T the optimal map from ρ_t to π.
Estimate approach_rate(const FokkerPlanckLaw& rho, const Gaussian& pi) {
  const Index d = rho.law.dimension();
  const Matrix A = rho.target.precision();
  const Matrix L = rho.law.factor();
  const Matrix displacement = L - optimal_map_on_factor(rho.law, pi);
  const Matrix slope = A * L - rho.law.inverse_factor().transpose();
  const Vector shift = rho.law.mean() - pi.mean();
  const Vector force = A * (rho.law.mean() - rho.target.mean());
  const double value = shift.dot(force) + displacement.cwiseProduct(slope).sum();
  const double kappa = rho.law.condition_number() + rho.target.condition_number();
  const double size = A.norm() * (L.norm() + force.norm()) + rho.law.inverse_factor().norm();
  const double error = round_off(kappa * size * (displacement.norm() + shift.norm()), d) +
                       size * optimal_map_round_off(rho.law, pi) + 2.0 * size * rho.rounding;
  return Estimate::closed_form(value, error);
}

// ½ d/dt W₂² + (λ/2)W₂² ≤ G(π) − G(ρ_t), and its integral from 0 to t, where G may be ∞ at 0.
void add_variational(std::vector<Bound>& bounds,
                     const GaussianProblem& problem,
                     const FokkerPlanckLaw& rho,
                     double t,
                     const Gaussian& pi,
                     const char* name) {
  const Estimate lambda = problem.convexity();
  const Estimate gap = kl(pi, problem.target);
  const Estimate distance = rho.w2_to(pi);
  const double scale = 1.0 + lambda.value * problem.length() * problem.length();
  bounds.push_back({.lhs = 0.5 * lambda * square(distance) + rho.kl(),
                    .rhs = gap + approach_rate(rho, pi),
                    .part = std::string("EVI, ") + name,
                    .scale = scale});
  const Estimate weight = growth(lambda, t) * decay(lambda, t);
  bounds.push_back({.lhs = 0.5 * square(distance) + weight * rho.kl(),
                    .rhs = 0.5 * decay(lambda, t) * squared_w2(problem.start, pi) + weight * gap,
                    .part = std::string("EVI integrated, ") + name,
                    .scale = problem.length() * problem.length()});
}

Outcome evaluate(const GaussianProblem& problem) {
  const Gaussian& p = problem.start;
  const Gaussian& q = problem.target;
  const Estimate lambda = problem.convexity();
  const Gaussian other = companion(problem);
  std::vector<Bound> bounds;
  for (const double t : times) {
    const FokkerPlanckLaw rho = fokker_planck_law(p, q, t);
    const Estimate fisher = square(rho.fisher_norm());
    bounds.push_back(identity(-entropy_rate(rho), fisher, "dKL/dt = −I", 1.0 + fisher.value));
    if (p.has_density()) {
      bounds.push_back({.lhs = rho.kl(),
                        .rhs = square(decay(lambda, t)) * kl(p, q),
                        .part = "KL",
                        .scale = 1.0});
      bounds.push_back({.lhs = rho.fisher_norm(),
                        .rhs = decay(lambda, t) * fisher_norm(p, q),
                        .part = "√I",
                        .scale = 1.0});
    } else {
      bounds.push_back(left_out("KL", "KL(ρ₀ ‖ q) < ∞"));
      bounds.push_back(left_out("√I", "KL(ρ₀ ‖ q) < ∞"));
    }
    bounds.push_back({.lhs = rho.w2_to(q),
                      .rhs = decay(lambda, t) * w2(p, q),
                      .part = "W₂ to q",
                      .scale = problem.length()});
    bounds.push_back({.lhs = rho.w2_to(fokker_planck_law(other, q, t)),
                      .rhs = decay(lambda, t) * w2(p, other),
                      .part = "W₂ of two flows",
                      .scale = problem.length()});
    add_variational(bounds, problem, rho, t, q, "π = q");
    add_variational(bounds, problem, rho, t, other, "random π");
    bounds.push_back({.lhs = rho.kl(),
                      .rhs = squared_w2(p, q) / (4.0 * growth(2.0 * lambda, t)),
                      .part = "regularisation",
                      .scale = 1.0});
  }
  return bounds;
}

// The evolution variational inequality from 0 to t, G(π) = KL(π ‖ q) and λ = 1.
Bound variational(const GaussianMixture& start,
                  const GaussianMixture& rho,
                  double t,
                  const GaussianMixture& pi,
                  const char* name) {
  const GaussianMixture q(Gaussian::standard(1));
  const Estimate weight = growth(1.0, t) * decay(1.0, t);
  return {.lhs = 0.5 * squared_w2(rho, pi) + weight * kl(rho, q),
          .rhs = 0.5 * decay(1.0, t) * squared_w2(start, pi) + weight * kl(pi, q),
          .part = std::string("EVI integrated, ") + name};
}

// Two flows towards N(0, 1) from data that are not Gaussian, neither of them at rest.
Outcome on_the_line(const GaussianMixture& first, const GaussianMixture& second) {
  const GaussianMixture q(Gaussian::standard(1));
  const Estimate start = w2(first, second);
  const Estimate to_target = squared_w2(first, q);
  const Estimate entropy = kl(first, q);
  const Estimate fisher = fisher_information(first, q);
  std::vector<Bound> bounds;
  double before = 0.0;
  Estimate entropy_before = entropy;
  for (const double t : times) {
    const GaussianMixture rho = ou_law(first, t);
    const Estimate entropy_left = kl(rho, q);
    bounds.push_back(identity(dissipation(first, before, t), entropy_before - entropy_left,
                              "dKL/dt = −I, integrated", 1.0 + entropy.value));
    bounds.push_back(variational(first, rho, t, q, "π = q"));
    bounds.push_back(variational(first, rho, t, second, "another π"));
    before = t;
    entropy_before = entropy_left;
    bounds.push_back({.lhs = w2(rho, ou_law(second, t)),
                      .rhs = decay(1.0, t) * start,
                      .part = "W₂ of two flows"});
    bounds.push_back({.lhs = entropy_left, .rhs = decay(2.0, t) * entropy, .part = "KL"});
    bounds.push_back({.lhs = sqrt(fisher_information(rho, q)),
                      .rhs = decay(1.0, t) * sqrt(fisher),
                      .part = "√I"});
    bounds.push_back(
        {.lhs = entropy_left, .rhs = to_target / (4.0 * growth(2.0, t)), .part = "regularisation"});
  }
  return bounds;
}

Outcome mixtures_on_the_line(Trial& trial) {
  const GaussianMixture first = draw_mixture(trial.rng, 3);
  return on_the_line(first, draw_mixture(trial.rng, 3));
}

// The other flow starts at the user's law mirrored at 0, one to the right.
Outcome user_mixture(const GaussianMixture& start, double) {
  const AffineMap mirrored{.linear = Matrix::Constant(1, 1, -1.0), .offset = Vector::Ones(1)};
  Outcome outcome = on_the_line(start, pushforward(mirrored, start));
  for (const char* part : {"dKL/dt = −I", "EVI"}) {
    outcome.bounds.push_back(
        left_out(part, "left out: of a mixture its integrals over time are checked"));
  }
  return outcome;
}

std::vector<Instance> families() {
  std::vector<Instance> result = gaussian_families(evaluate);
  result.push_back({.name = "mixtures on the line", .draw = mixtures_on_the_line});
  return result;
}

Outcome fast_entropy(const GaussianProblem& problem) {
  const FokkerPlanckLaw rho = fokker_planck_law(problem.start, problem.target, 1.0);
  return Bound{.lhs = rho.kl(),
               .rhs = decay(2.2 * problem.convexity(), 1.0) * kl(problem.start, problem.target)};
}

Outcome fast_w2(const GaussianProblem& problem) {
  const FokkerPlanckLaw rho = fokker_planck_law(problem.start, problem.target, 1.0);
  return Bound{.lhs = rho.w2_to(problem.target),
               .rhs = decay(1.1 * problem.convexity(), 1.0) * w2(problem.start, problem.target)};
}

// λ = 1 for V = x²/2 + 0.8 cos 2x, which is not convex and has a spectral gap of 0.515.
Outcome rate_of_convex_part(Trial&) {
  const LineFokkerPlanck flow(gaussian_law(1.0, 0.5), rippled_gaussian_law(0.8, 2.0), {1.0, 2.0});
  return Bound{.lhs = flow.kl(1), .rhs = decay(2.0, 1.0) * flow.kl(0)};
}

// The curvature of V in its stiffest direction instead of its flattest.
Outcome stiffest_rate(const GaussianProblem& problem) {
  const double stiffest = 1.0 / problem.target.eigenvalues()(0);
  const FokkerPlanckLaw rho = fokker_planck_law(problem.start, problem.target, 0.3);
  return Bound{.lhs = rho.kl(),
               .rhs = decay(2.0 * stiffest, 0.3) * kl(problem.start, problem.target)};
}

}  // namespace jko_31

Claim jko_31_fokker_planck_decay() {
  using namespace jko_31;
  return {.id = "JKO-31",
          .statement =
              "∂ₜρ = ∇·(ρ∇log(ρ/q)), −log q λ-convex ⇒ dKL/dt = −I, KL ≤ e^{−2λt}KL₀, I ≤ "
              "e^{−2λt}I₀, W₂(ρₜ, ρ'ₜ) ≤ e^{−λt}W₂(ρ₀, ρ'₀), EVI, KL ≤ λW₀²/(2(e^{2λt} − "
              "1))",
          .source = "[AmbrosioGigliSavare2008]",
          .provenance = Provenance::derived,
          .hypotheses = {"∇²V ⪰ λI with λ > 0",
                         "KL(ρ₀ ‖ q) < ∞ for the decay of KL and I, not for the rest"},
          .instances = families(),
          .tight = {translate("translate", evaluate, 0.0)},
          .controls = {translate("KL at rate 2.2 λ", fast_entropy, 0.0),
                       translate("W₂ at rate 1.1 λ", fast_w2, 0.0),
                       {.name = "λ = 1 for V = x²/2 + 0.8 cos 2x",
                        .draw = rate_of_convex_part,
                        .repeat = false},
                       translate("λ of the stiffest direction", stiffest_rate, 0.0)},
          .on_target = on_line_mixture_target(evaluate, user_mixture),
          .file = __FILE__,
          .grade = Grade::converged,
          .without_error = true};
}

}  // namespace flowcheck
