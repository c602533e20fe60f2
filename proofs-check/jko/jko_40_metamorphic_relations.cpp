#include "distances/gaussian_divergence.hpp"
#include "distances/wasserstein.hpp"
#include "jko/chain_problem.hpp"
#include "jko/fokker_planck.hpp"
#include "jko/jko_claims.hpp"
#include "jko/line_laws.hpp"
#include "measures/random_gaussian.hpp"
#include "numerics/spd.hpp"

#include <array>
#include <cmath>

namespace flowcheck {
namespace jko_40 {

// How far KL(pₙ ‖ q) moves when pₙ does by `distance` in W₂: its slope there, and the curvature
// that alone is left at the target.
double kl_change(const JkoChain& chain, int n, double distance) {
  const double curvature = 1.0 / chain.target.eigenvalues()(0) + 1.0 / chain[n].eigenvalues()(0);
  return (chain.fisher_norm(n).upper + curvature * distance) * distance;
}

constexpr int steps = 4;

Gaussian scaled(const Gaussian& p, double factor) {
  return {factor * p.mean(), factor * factor * p.covariance()};
}

// The same chain after a change of variables, step by step: W₂ of the stored iterate's image and
// the other chain's, up to the rounding of both chains; and the rounding an image costs by itself.
Estimate mismatch(const Gaussian& image, const JkoChain& other, int n, double rounding) {
  return max(0.0, widened(w2(image, other[n]), rounding + 0.5 * w2(image, image).upper));
}

double accumulated_rounding(const JkoChain& chain, int n) {
  double sum = 0.0;
  for (int k = 1; k <= n; ++k) sum += step_rounding(chain, k);
  return sum;
}

// (i) y = √c x: A' = A/c, γ' = cγ, W₂' = √c W₂, KL' = KL, ε' = ε/√c.
void add_scaling(std::vector<Bound>& bounds, const GaussianProblem& problem) {
  const double factor = std::sqrt(problem.convexity().value);  // λ' = 1
  const double c = factor * factor;
  GaussianProblem image = problem.exact();
  image.start = scaled(problem.start, factor);
  image.target = scaled(problem.target, factor);
  image.step_size = c * problem.step_size;
  const JkoChain chain = problem.exact().chain(steps);
  const JkoChain other = image.chain(steps);
  for (int n = 1; n <= steps; ++n) {
    const double rounding =
        factor * accumulated_rounding(chain, n) + accumulated_rounding(other, n);
    bounds.push_back(identity(mismatch(scaled(chain[n], factor), other, n, rounding), 0.0,
                              "scaling, laws", image.length()));
    const Estimate entropy = chain.kl_to_target(n);
    bounds.push_back(identity(entropy,
                              widened(other.kl_to_target(n), kl_change(other, n, rounding)),
                              "scaling, KL", 1.0 + entropy.value));
  }
  // ε of a pair that is no exact step, both with a density.
  const JkoChain inexact = problem.chain(2);
  const Estimate error = inexact.error(2);
  const Estimate image_error =
      first_order_error(scaled(inexact[1], factor), scaled(inexact[2], factor), image.target,
                        image.step_size)
          .norm;
  bounds.push_back(identity(factor * image_error, error, "scaling, ε",
                            1.0 + problem.length() / problem.step_size));
}

// (ii) The same rigid motion of p_0 and q moves every iterate. Rounding lifts a moved p_0 without
// density by √u off its subspace, so one with a density is asked for.
void add_motion(std::vector<Bound>& bounds, const GaussianProblem& problem) {
  if (!problem.start.has_density()) {
    bounds.push_back(left_out("rigid motion, laws", "p₀ has a density"));
    bounds.push_back(left_out("rigid motion, KL", "p₀ has a density"));
    return;
  }
  Rng rng(problem.seed);
  const AffineMap R = random_rigid_motion(rng, problem.start.dimension());
  GaussianProblem image = problem.exact();
  image.start = pushforward(R, problem.start);
  image.target = pushforward(R, problem.target);
  const JkoChain chain = problem.exact().chain(steps);
  const JkoChain other = image.chain(steps);
  // The moved start and target are rounded too, and a chain contracts both.
  const double moved =
      0.5 * w2(image.start, image.start).upper +
      0.5 * problem.target.condition_number() * w2(image.target, image.target).upper;
  for (int n = 1; n <= steps; ++n) {
    const double rounding = accumulated_rounding(chain, n) + accumulated_rounding(other, n) + moved;
    bounds.push_back(identity(mismatch(pushforward(R, chain[n]), other, n, rounding), 0.0,
                              "rigid motion, laws", image.length()));
    const Estimate entropy = chain.kl_to_target(n);
    bounds.push_back(identity(entropy,
                              widened(other.kl_to_target(n), kl_change(other, n, rounding)),
                              "rigid motion, KL", 1.0 + entropy.value));
  }
}

// (iii) Independent coordinates step independently: the target's own eigenvectors, one at a time.
void add_tensorisation(std::vector<Bound>& bounds, const GaussianProblem& problem) {
  const Gaussian& q = problem.target;
  const Index d = q.dimension();
  const Matrix& V = q.eigenvectors();
  const Vector variances = (V.transpose() * problem.start.covariance() * V).diagonal();
  GaussianProblem independent = problem.exact();
  independent.start =
      Gaussian(problem.start.mean(), symmetrised(V * variances.asDiagonal() * V.transpose()));
  const JkoChain whole = independent.chain(1);
  Vector mean(d);
  Vector spread(d);
  double rounding = step_rounding(whole, 1) + w2(whole[0], whole[0]).upper;
  for (Index i = 0; i < d; ++i) {
    const auto coordinate = [&](const Vector& centre, double variance) {
      return Gaussian(Vector::Constant(1, V.col(i).dot(centre)), Matrix::Constant(1, 1, variance));
    };
    const JkoChain one = GaussianProblem{.start = coordinate(problem.start.mean(), variances(i)),
                                         .target = coordinate(q.mean(), q.eigenvalues()(i)),
                                         .step_size = problem.step_size}
                             .chain(1);
    mean(i) = one[1].mean()(0);
    spread(i) = one[1].covariance()(0, 0);
    rounding += step_rounding(one, 1);
  }
  const Gaussian assembled(V * mean, symmetrised(V * spread.asDiagonal() * V.transpose()));
  bounds.push_back(
      identity(mismatch(assembled, whole, 1, rounding), 0.0, "tensorisation", problem.length()));
}

// (iv) JKO(q) = q, and (v) γ → ∞ ends at q, γ → 0 stays at p_0.
void add_limits(std::vector<Bound>& bounds, const GaussianProblem& problem) {
  GaussianProblem still = problem.exact();
  still.start = problem.target;
  const JkoChain at_rest = still.chain(1);
  bounds.push_back(identity(mismatch(problem.target, at_rest, 1, step_rounding(at_rest, 1)), 0.0,
                            "JKO(q) = q", problem.length()));

  for (const double gamma : {1e2, 1e4, 1e6}) {
    GaussianProblem longer = problem.exact();
    longer.step_size = gamma;
    const JkoChain chain = longer.chain(1);
    bounds.push_back(
        {.lhs = chain.w2_to_target(1),
         .rhs = (chain.w2_to_target(0) + gamma * chain.error(1)) / (1.0 + longer.ratio()),
         .part = "γ → ∞",
         .scale = problem.length(),
         .auxiliary = true});
  }
  if (!problem.start.has_density()) {  // √I_0 = ∞: nothing says how far a short step goes
    bounds.push_back(left_out("γ → 0", "p₀ has a density"));
    return;
  }
  for (const double gamma : {1e-2, 1e-4, 1e-6}) {
    GaussianProblem shorter = problem.exact();
    shorter.step_size = gamma;
    const JkoChain chain = shorter.chain(1);
    bounds.push_back(
        {.lhs = chain.step_length(1),
         .rhs = gamma * (chain.fisher_norm(0) + chain.error(1)) / (1.0 + shorter.ratio()),
         .part = "γ → 0",
         .scale = problem.length(),
         .auxiliary = true});
  }
}

// (vi) Two blocks of γ on a translate: the mean by (1 + a)⁻², and not by (1 + 2a)⁻¹.
Outcome two_blocks(const GaussianProblem& problem, const Estimate& claimed) {
  const JkoChain chain = problem.exact().chain(2);
  return identity(chain.w2_to_target(2), claimed * chain.w2_to_target(0), "two blocks",
                  problem.length());
}

Outcome evaluate(const GaussianProblem& problem) {
  std::vector<Bound> bounds;
  add_scaling(bounds, problem);
  add_motion(bounds, problem);
  add_tensorisation(bounds, problem);
  add_limits(bounds, problem);
  return bounds;
}

Outcome two_steps(const GaussianProblem& problem) {
  return two_blocks(problem, 1.0 / square(1.0 + problem.ratio()));
}

Outcome one_double_step(const GaussianProblem& problem) {
  return two_blocks(problem, 1.0 / (1.0 + 2.0 * problem.ratio()));
}

// The same on the line, from data of any kind and towards V = s x²/2 + b log 2cosh kx, whose image
// under x ↦ cx is of the same form.
struct LineRun {
  LineMap start;
  LineFunctional G;
  double step_size = 1.0;

  LineJkoResult step() const { return answered_line_step(start, G, step_size); }
};

LineMap image(const LineMap& p, double factor) {
  return {p.grid(), factor * p.values(), factor * p.increments()};
}

LineMap mirrored(const LineMap& p) {
  return {p.grid(), -p.values().reverse(), p.increments().reverse()};
}

LineFunctional ripple(double s, double b, double k) {
  return relative_entropy(log_cosh_energy(s, b, k));
}

void add_symmetries(std::vector<Bound>& bounds,
                    const LineRun& run,
                    const LineRun& scaled_run,
                    double factor,
                    const LineFunctional& mirrored_objective) {
  const LineJkoResult step = run.step();
  LineJkoResult scaled_step = scaled_run.step();
  scaled_step.step = image(scaled_step.step, 1.0 / factor);
  scaled_step.distance_bound /= factor;
  const double length = 1.0 + w2(run.start, step.step).value;
  bounds.push_back(identity(w2(step, scaled_step), 0.0, "scaling, laws on the line", length));
  const Estimate entropy = value(run.G, step.step);
  const Estimate slack =
      slope(run.G, step.step).norm * (step.distance_bound + scaled_step.distance_bound);
  bounds.push_back(
      identity(widened(value(scaled_run.G, image(scaled_step.step, factor)), slack.upper), entropy,
               "scaling, KL on the line", 1.0 + entropy.value));

  LineJkoResult mirror = LineRun{mirrored(run.start), mirrored_objective, run.step_size}.step();
  mirror.step = mirrored(mirror.step);
  bounds.push_back(identity(w2(step, mirror), 0.0, "reflection on the line", length));
}

void add_line_limits(std::vector<Bound>& bounds, const LineRun& run) {
  const double lambda = run.G.convexity();
  const LineJkoResult target = line_minimiser(run.start.grid(), run.G);
  const LineJkoResult still = answered_line_step(target.step, run.G, run.step_size);
  // How far the minimiser found is from the true one: its residual over λ.
  const double off = target.residual.upper / lambda;
  bounds.push_back(
      identity(max(0.0, widened(w2(still.step, target.step), still.distance_bound + 2.0 * off)),
               0.0, "JKO(q) = q on the line", 1.0));
  for (const double gamma : {1e2, 1e4, 1e6}) {
    const LineJkoResult step = answered_line_step(run.start, run.G, gamma);
    bounds.push_back({.lhs = w2(step.step, target.step),
                      .rhs = (w2(run.start, target.step) + gamma * step.error) /
                                 (1.0 + gamma * Estimate(lambda)) +
                             off,
                      .part = "γ → ∞ on the line",
                      .scale = 1.0,
                      .auxiliary = true});
  }
  if (!run.start.has_density()) {
    bounds.push_back(left_out("γ → 0 on the line", "p₀ has a density"));
    return;
  }
  const Estimate slope_before = slope(run.G, run.start).norm;
  for (const double gamma : {1e-2, 1e-3, 1e-4}) {
    const LineJkoResult step = answered_line_step(run.start, run.G, gamma);
    bounds.push_back({.lhs = w2(step.step, run.start),
                      .rhs = gamma * (slope_before + step.error) / (1.0 + gamma * Estimate(lambda)),
                      .part = "γ → 0 on the line",
                      .scale = 1.0,
                      .auxiliary = true});
  }
}

Outcome on_the_line(Trial& trial) {
  Rng& rng = trial.rng;
  const double s = rng.uniform(0.3, 2.0);
  const double b = rng.uniform(0.0, 1.0);
  const double k = rng.uniform(0.5, 2.0);
  const double c = rng.log_uniform(0.2, 5.0);
  const LineRun run{draw_line_data(rng, claim_grid()), ripple(s, b, k), rng.log_uniform(0.05, 2.0)};
  std::vector<Bound> bounds;
  add_symmetries(bounds, run,
                 {image(run.start, c), ripple(s / (c * c), b, k / c), c * c * run.step_size}, c,
                 run.G);
  add_line_limits(bounds, run);
  return bounds;
}

// ε of the second of two steps of the user's own error, and of its image under x ↦ cx.
void add_scaled_error(std::vector<Bound>& bounds,
                      const LineJkoProblem& problem,
                      const LineFunctional& scaled_objective,
                      double c) {
  const LineJkoChain inexact = problem.chain(2);
  const LineMap before = image(inexact[1], c);
  const double inverse_step = 1.0 / (c * c * problem.step_size);
  const Estimate scaled_error =
      optimality(scaled_objective, image(inexact[2], c), &before, inverse_step, nullptr).error;
  bounds.push_back(identity(c * scaled_error, inexact.error(2), "scaling, ε on the line",
                            1.0 + problem.length() / problem.step_size));
}

// A user's start, towards q = N(μ, 1/A), in units twice as long and from the other side.
Outcome of_line(const LineJkoProblem& problem) {
  const double c = 2.0;
  const double A = problem.convexity().value;
  const double mu = problem.target.mean().value;
  const auto towards = [](double curvature, double centre) {
    return relative_entropy(quadratic_energy(curvature, centre));
  };
  const LineRun run{problem.start, towards(A, mu), problem.step_size};
  std::vector<Bound> bounds;
  add_symmetries(bounds, run,
                 {image(run.start, c), towards(A / (c * c), c * mu), c * c * run.step_size}, c,
                 towards(A, -mu));
  if (problem.start.has_density()) {
    add_scaled_error(bounds, problem, towards(A / (c * c), c * mu), c);
  } else {
    bounds.push_back(left_out("scaling, ε on the line", "p₀ has a density"));
  }
  add_line_limits(bounds, run);
  return bounds;
}

// The scaling law with γ left as it is.
Outcome unscaled_step(const GaussianProblem& problem) {
  const double factor = 2.0;
  GaussianProblem image = problem.exact();
  image.start = scaled(problem.start, factor);
  image.target = scaled(problem.target, factor);
  return identity(factor * problem.exact().chain(1).w2_to_target(1),
                  image.chain(1).w2_to_target(1));
}

}  // namespace jko_40

Claim jko_40_metamorphic_relations() {
  using namespace jko_40;
  return {.id = "JKO-40",
          .statement =
              "JKO chains commute with y = √c x (γ' = cγ, W₂' = √c W₂, KL' = KL, ε' = "
              "ε/√c), rigid motions and products; JKO(q) = q; p₁ → q as γ → ∞, p₁ → p₀ as "
              "γ → 0; two blocks of γ are not one of 2γ",
          .source = "derived",
          .provenance = Provenance::derived,
          .hypotheses = {"q = e^{−V}/Z is Gaussian, or d = 1",
                         "p₀ has a density for rigid motions and γ → 0"},
          .instances =
              [] {
                std::vector<Instance> all = gaussian_families(evaluate);
                all.push_back({.name = "data of any kind on the line", .draw = on_the_line});
                return all;
              }(),
          .tight = {translate("translate", evaluate, 0.0), translate("two blocks", two_steps, 0.0)},
          .controls = {translate("two blocks are one of 2γ", one_double_step, 0.0),
                       translate("scaling with the same γ", unscaled_step, 0.0)},
          .on_target = on_chain_target(evaluate, of_line),
          .file = __FILE__};
}

}  // namespace flowcheck
