#include "distances/wasserstein.hpp"
#include "jko/chain_problem.hpp"
#include "jko/jko_claims.hpp"
#include "jko/minimality.hpp"
#include "numerics/round_off.hpp"
#include "numerics/spd.hpp"

#include <array>
#include <cmath>
#include <functional>

namespace flowcheck {
namespace jko_19 {

struct Step {
  Gaussian p, next, q;
  double gamma = 0.0;
  double length = 0.0;
  Estimate error = {};  // ε, what rounding leaves of the first-order condition
};

Step exact_step(const GaussianProblem& problem) {
  const Gaussian& q = problem.target;
  const double gamma = problem.step_size;
  const Gaussian next = jko_step(problem.start, q, gamma);
  return {.p = problem.start,
          .next = next,
          .q = q,
          .gamma = gamma,
          .length = problem.length(),
          .error = first_order_error(problem.start, next, q, gamma).norm};
}

// T(x) = m + (M − γΣ'⁻¹)(x − m'), M = I + γA, is monotone and takes p' to p.
void add_backward_map(std::vector<Bound>& bounds, const Step& s) {
  const Index d = s.q.dimension();
  const Matrix A = s.q.precision();
  const Matrix L = s.next.factor();
  const Matrix L_inv = s.next.inverse_factor();
  const Matrix image = L + s.gamma * (A * L - L_inv.transpose());
  const double kappa = s.next.condition_number() + s.q.condition_number();
  const double error =
      round_off(kappa * (L.norm() + s.gamma * (A.norm() * L.norm() + L_inv.norm())), d);
  const Gaussian pushed(s.p.mean(), symmetrised(image * image.transpose()));
  bounds.push_back(identity(widened(w2(pushed, s.p), error), 0.0, "T takes p' to p", s.length));

  const Matrix precision = s.next.precision();
  const Matrix slope = Matrix::Identity(d, d) + s.gamma * (A - precision);
  const double terms = 1.0 + s.gamma * (A.norm() + precision.norm());
  bounds.push_back(
      {.lhs = 0.0,
       .rhs = Estimate::closed_form(smallest_eigenpair(slope).value, round_off(kappa * terms, d)),
       .part = "T is monotone",
       .scale = terms,
       .auxiliary = true});
}

// a_i, an eigenvalue of A, with the rounding of Q's.
Estimate curvature(const Gaussian& q, Index i) {
  const double a = 1.0 / q.eigenvalues()(i);
  return Estimate::closed_form(a, round_off(a * q.condition_number(), q.dimension()));
}

// v_iᵀ(m' − μ) = rate(a_i) v_iᵀ(m − μ) in A's eigenbasis.
void add_means(std::vector<Bound>& bounds,
               const Step& s,
               const std::function<Estimate(const Estimate&)>& rate) {
  const Vector before = s.q.eigenvectors().transpose() * (s.p.mean() - s.q.mean());
  const Vector after = s.q.eigenvectors().transpose() * (s.next.mean() - s.q.mean());
  const double error = round_off(s.length + s.q.mean().norm(), s.q.dimension());
  for (Index i = 0; i < before.size(); ++i) {
    const Estimate a_i = curvature(s.q, i);
    bounds.push_back(identity(Estimate::closed_form(after(i), error),
                              rate(a_i) * Estimate::closed_form(before(i), error), "mean",
                              s.length));
  }
}

// Isotropic target N(μ, λ⁻¹I): standard deviations decouple, each with the scalar formula, and
// s' − s* = (s − s*)/(1 + a + γ/(s's*)), s* = λ^{−1/2}.
void add_isotropic(std::vector<Bound>& bounds, const GaussianProblem& problem) {
  const Index d = problem.start.dimension();
  const double gamma = problem.step_size;
  const Estimate lambda = problem.convexity();
  const Estimate a = gamma * lambda;
  const Estimate s_star = 1.0 / sqrt(lambda);
  const Gaussian q(problem.target.mean(), Matrix::Identity(d, d) / problem.convexity().value);
  const Gaussian next = jko_step(problem.start, q, gamma);
  const double amplification =
      std::sqrt(next.condition_number()) +
      (problem.start.has_density() ? std::sqrt(problem.start.condition_number()) : 0.0);
  const double error = round_off(problem.length() * amplification, d);
  for (Index i = 0; i < d; ++i) {
    const Estimate s = Estimate::closed_form(std::sqrt(problem.start.eigenvalues()(i)), error);
    const Estimate found = Estimate::closed_form(std::sqrt(next.eigenvalues()(i)), error);
    const Estimate formula = (s + sqrt(square(s) + 4.0 * gamma * (1.0 + a))) / (2.0 * (1.0 + a));
    bounds.push_back(identity(found, formula, "isotropic s'", problem.length()));
    bounds.push_back(identity(found - s_star, (s - s_star) / (1.0 + a + gamma / (found * s_star)),
                              "isotropic s' − s*", problem.length()));
  }
}

// Derivative of the covariance step at q in direction E, Richardson's extrapolation of central
// differences at h, h/2, h/4; the enclosure is the difference of the two extrapolations.
Matrix central_difference(const GaussianProblem& problem, const Matrix& E, double h) {
  const Gaussian& q = problem.target;
  const auto stepped = [&](double t) {
    return jko_step(Gaussian(q.mean(), q.covariance() + t * E), q, problem.step_size).covariance();
  };
  return (stepped(h) - stepped(-h)) / (2.0 * h);
}

struct Derivative {
  Matrix value = {};
  Matrix error = {};
};

Derivative covariance_derivative(const GaussianProblem& problem, const Matrix& E) {
  const double h = 2e-3;
  std::array<Matrix, 3> D;
  double step = h;
  for (Matrix& difference : D) {
    difference = central_difference(problem, E, step);
    step /= 2.0;
  }
  const Matrix coarse = (4.0 * D[1] - D[0]) / 3.0;
  const Matrix fine = (4.0 * D[2] - D[1]) / 3.0;
  return {.value = fine, .error = (fine - coarse).cwiseAbs()};
}

// A symmetric direction of the size of q's own covariance, so that h is relative.
Matrix random_direction(const GaussianProblem& problem) {
  const Index d = problem.target.dimension();
  Rng rng(derive_seed(problem.seed, "JKO-19"));
  const Matrix L = problem.target.factor();
  const Matrix noise = symmetrised(rng.normal_matrix(d, d));
  return symmetrised(L * (noise / std::max(1.0, noise.norm())) * L.transpose());
}

// Entry (i, j) of a covariance perturbation, in A's eigenbasis, is multiplied by rate(a_i + a_j).
void add_linearised_rates(std::vector<Bound>& bounds,
                          const GaussianProblem& problem,
                          const std::function<Estimate(const Estimate&)>& rate) {
  const Gaussian& q = problem.target;
  const Matrix E = random_direction(problem);
  const Derivative D = covariance_derivative(problem, E);
  const Matrix V = q.eigenvectors();
  const Matrix before = V.transpose() * E * V;
  const Matrix after = V.transpose() * D.value * V;
  const double discretisation = D.error.norm();
  // Differences at h/4 divide the step's rounding by 5e-4.
  const double rounding = round_off(q.covariance().norm(), q.dimension()) / 5e-4;
  for (Index j = 0; j < q.dimension(); ++j) {
    for (Index i = 0; i <= j; ++i) {
      const Estimate sum = curvature(q, i) + curvature(q, j);
      bounds.push_back(identity(Estimate::converged(after(i, j), discretisation, rounding),
                                rate(sum) * Estimate(before(i, j)), "linearised covariance",
                                q.covariance().norm()));
    }
  }
}

Bound largest_ratio(const Step& s, const Estimate& lambda) {
  return {.lhs = w2(s.next, s.q),
          .rhs = (w2(s.p, s.q) + s.gamma * s.error) / (1.0 + s.gamma * lambda),
          .part = "W₂ ratio",
          .scale = s.length};
}

std::function<Estimate(const Estimate&)> implicit_euler(double gamma) {
  return [gamma](const Estimate& a) { return 1.0 / (1.0 + gamma * a); };
}

Outcome closed_form(const GaussianProblem& problem) {
  const Step s = exact_step(problem);
  std::vector<Bound> bounds;
  bounds.push_back(identity(s.gamma * s.error, 0.0, "first-order condition", s.length));
  add_backward_map(bounds, s);
  add_means(bounds, s, implicit_euler(s.gamma));
  add_isotropic(bounds, problem);
  add_linearised_rates(bounds, problem, implicit_euler(s.gamma));
  bounds.push_back(largest_ratio(s, problem.convexity()));

  Rng rng(derive_seed(problem.seed, "JKO-19 minimality"));
  const StepObjective F = [&](const Gaussian& rho) {
    return jko_objective(rho, s.p, s.q, s.gamma);
  };
  const MinimisingStep step{.current = s.p,
                            .next = s.next,
                            .convexity = problem.convexity(),
                            .step_size = s.gamma,
                            .error = s.error};
  for (Bound& bound : minimality(F, step, rng)) bounds.push_back(std::move(bound));
  return bounds;
}

// What of it needs no Gaussian p₀: the mean's rate and the largest ratio in W₂.
Outcome on_the_line(const LineJkoProblem& problem) {
  const double gamma = problem.step_size;
  const Estimate lambda = problem.convexity();
  const Estimate mu = problem.target.mean();
  const LineJkoChain chain = problem.exact().chain(1);
  const Estimate rate = 1.0 / (1.0 + gamma * lambda);
  const double undone = gamma * chain.error(1).upper + target_error(chain.functional, chain.target);
  std::vector<Bound> bounds = {identity(widened(chain[1].mean() - mu, undone),
                                        rate * (chain[0].mean() - mu), "mean", problem.length()),
                               {.lhs = chain.w2_to_target(1),
                                .rhs = rate * (problem.distance() + gamma * chain.error(1)),
                                .part = "W₂ ratio",
                                .scale = problem.length()}};
  for (const char* part : {"first-order condition", "T takes p' to p", "T is monotone",
                           "isotropic s'", "isotropic s' − s*", "linearised covariance"}) {
    bounds.push_back(left_out(part, "p₀ is Gaussian"));
  }
  return bounds;
}

Outcome attained(const GaussianProblem& problem) {
  return largest_ratio(exact_step(problem), problem.convexity());
}

Outcome mean_at(const GaussianProblem& problem,
                const std::function<Estimate(const Estimate&)>& rate) {
  std::vector<Bound> bounds;
  // Only the flattest direction is displaced, the last one.
  add_means(bounds, exact_step(problem), rate);
  return bounds.back();
}

Outcome doubled_mean_rate(const GaussianProblem& problem) {
  return mean_at(problem, implicit_euler(2.0 * problem.step_size));
}

Outcome continuous_mean_rate(const GaussianProblem& problem) {
  return mean_at(problem, [&](const Estimate& a) { return exp(-problem.step_size * a); });
}

// 1/(1 + 3γλ) for a covariance near an isotropic q, where a_i + a_j = 2λ.
Outcome tripled_covariance_rate(Trial& trial) {
  const GaussianProblem problem = draw_translate(trial.rng, 0.0, true);
  std::vector<Bound> bounds;
  add_linearised_rates(bounds, problem, implicit_euler(1.5 * problem.step_size));
  return bounds.front();
}

}  // namespace jko_19

Claim jko_19_gaussian_step() {
  using namespace jko_19;
  return {.id = "JKO-19",
          .statement =
              "q = N(μ, A⁻¹), M = I + γA: m' − μ = M⁻¹(m − μ), T' = M − γΣ'⁻¹; linearised rates "
              "1/(1 + γaᵢ) for means, 1/(1 + γ(aᵢ + aⱼ)) for covariances; sup of the W₂ ratio "
              "1/(1 + γλ)",
          .source = "derived",
          .provenance = Provenance::derived,
          .hypotheses = {"p₀ Gaussian, but for the mean and the W₂ ratio",
                         "q Gaussian with a density", "exact step"},
          .instances = gaussian_families(closed_form),
          .tight = {translate("translate", attained, 0.0)},
          .controls = {translate("mean rate 1/(1 + 2γλ)", doubled_mean_rate, 0.0),
                       translate("mean rate e^{−γλ}", continuous_mean_rate, 0.0),
                       {.name = "covariance rate 1/(1 + 3γλ)", .draw = tripled_covariance_rate}},
          .on_target = on_chain_target(closed_form, on_the_line),
          .file = __FILE__,
          .grade = Grade::converged,
          .without_error = true};
}

}  // namespace flowcheck
