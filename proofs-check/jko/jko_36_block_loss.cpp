#include "distances/gaussian_divergence.hpp"
#include "distances/wasserstein.hpp"
#include "jko/chain_problem.hpp"
#include "jko/fokker_planck.hpp"
#include "jko/jko_claims.hpp"
#include "jko/line_laws.hpp"
#include "measures/random_gaussian.hpp"
#include "numerics/require.hpp"
#include "numerics/round_off.hpp"
#include "proximal/affine_block.hpp"

#include <cmath>
#include <numbers>
#include <stdexcept>

namespace flowcheck {
namespace jko_36 {

constexpr Index largest_trained = 3;

Estimate total_loss(const AffineMap& T, const GaussianProblem& problem) {
  return block_loss(T, problem.start, problem.target, problem.step_size) +
         block_loss_constant(problem.start, problem.target);
}

// E_p|T(x) − x|² by itself.
Estimate squared_displacement(const AffineMap& T, const Gaussian& p) {
  const Matrix L = p.factor();
  const Vector end = T(p.mean());
  const double value = (end - p.mean()).squaredNorm() + (T.linear * L - L).squaredNorm();
  const double size =
      T.linear.norm() * (L.norm() + p.mean().norm()) + T.offset.norm() + L.norm() + p.mean().norm();
  return Estimate::closed_form(value, round_off(size * size, p.dimension()));
}

// Neither symmetric nor orientation preserving, its stretches between ½ and 2.
AffineMap random_block(const GaussianProblem& problem) {
  const Index d = problem.start.dimension();
  Rng rng(problem.seed);
  Vector stretches(d);
  for (double& stretch : stretches) stretch = rng.log_uniform(0.5, 2.0);
  const Matrix K = random_orthogonal(rng, d) * stretches.asDiagonal() * random_orthogonal(rng, d);
  return {.linear = K, .offset = rng.normal_vector(d)};
}

// A solver that stops early ends the claim.
AffineBlockResult trained(const GaussianProblem& problem, double step_size) {
  AffineBlockResult block = affine_block(problem.start, problem.target, step_size);
  if (block.termination != Termination::converged)
    throw std::runtime_error("affine_block: did not converge");
  return block;
}

void add_trained(std::vector<Bound>& bounds,
                 const GaussianProblem& problem,
                 const Estimate& least,
                 double scale) {
  const AffineBlockResult block = trained(problem, problem.step_size);
  const Estimate loss = total_loss(block.map, problem);
  const Estimate minimum = Estimate::converged(loss.value, block.loss_error, 0.5 * loss.width());
  bounds.push_back(identity(minimum, least, "min loss = min F", scale));
  // The optimal K is symmetric, so K − Kᵀ is twice the error of K at most, and that error the
  // block's in L²(p) over √λ_min(Σ).
  const double asymmetry = (block.map.linear - block.map.linear.transpose()).norm();
  const double spread = std::sqrt(problem.start.eigenvalues()(0));
  bounds.push_back({.lhs = asymmetry,
                    .rhs = 2.0 * block.map_error / spread +
                           round_off(block.map.linear.norm() * problem.start.condition_number(),
                                     problem.start.dimension()),
                    .part = "trained block is a gradient map",
                    .auxiliary = true});
}

Outcome evaluate(const GaussianProblem& given) {
  const GaussianProblem problem = given.exact();
  const Gaussian& p = problem.start;
  const Gaussian& q = problem.target;
  const double gamma = problem.step_size;
  if (!p.has_density()) return Outcome::not_applicable("p has a density");

  const AffineMap T = random_block(problem);
  const Gaussian image = pushforward(T, p);
  const Estimate loss = total_loss(T, problem);
  // What rounding the image can do to KL: its slope √I times the distance moved.
  const double moved = 0.5 * w2(image, image).upper;
  const Estimate divergence = widened(kl(image, q), fisher_norm(image, q).upper * moved);
  const double scale = loss.value + std::abs(p.entropy()) + std::abs(q.entropy());
  std::vector<Bound> bounds = {
      identity(loss, divergence + proximal_penalty(squared_displacement(T, p), gamma),
               "loss = KL + displacement", scale),
      {.lhs = divergence + proximal_penalty(square(widened(w2(p, image), moved)), gamma),
       .rhs = loss,
       .part = "loss ≥ F",
       .scale = scale}};

  const JkoChain chain = problem.chain(1);
  const Estimate stored = jko_objective(chain[1], p, q, gamma);
  // A step off by δ in W₂ costs F its curvature times δ²/2, and it is √I that moves KL otherwise.
  const Estimate least = widened(stored, step_rounding(chain, 1) * chain.error(1).upper);
  // F and the constant's entropies.
  const double step_scale = stored.value + std::abs(p.entropy()) + std::abs(q.entropy());
  bounds.push_back(identity(total_loss(optimal_map(p, chain[1]), problem), least,
                            "loss of the optimal map", step_scale));
  if (p.dimension() <= largest_trained) add_trained(bounds, problem, least, step_scale);
  return bounds;
}

// On the line T takes T_p(zᵢ) to `image`ᵢ, ascending or descending, with slopes dᵢ(image)/dᵢ(p) up
// to sign, and the constant is E_p log p = −Σωᵢlog(dᵢ(p)/h) − ½log 2πe.
Estimate line_loss(const LineMap& p,
                   const Vector& image,
                   const Vector& steps,
                   const LineJkoProblem& problem) {
  const LineGrid& grid = p.grid();
  const Vector& w = grid.node_masses();
  const Vector& omega = grid.edge_masses();
  const LineEnergy& V = problem.objective.potential;
  Vector energy(image.size());
  V.values({image.data(), static_cast<std::size_t>(image.size())}, energy.data(), nullptr, nullptr);
  const Vector log_slope = (steps.array() / p.increments().array()).log();
  const Vector log_density = -(p.increments().array() / grid.spacing()).log();
  const Vector squares = (image - p.values()).array().square() / (2.0 * problem.step_size);
  const double entropy = 0.5 * (std::log(2.0 * std::numbers::pi) + 1.0);
  const double value =
      w.dot(energy) - omega.dot(log_slope) + w.dot(squares) + omega.dot(log_density) - entropy;
  const double terms = w.dot(energy.cwiseAbs()) + omega.dot(log_slope.cwiseAbs()) + w.dot(squares) +
                       omega.dot(log_density.cwiseAbs()) + entropy;
  return V.log_normaliser + Estimate::closed_form(value, round_off(terms, 4));
}

// F(ρ) = G_h(ρ) + W₂²(p, ρ)/(2γ).
Estimate line_objective(const LineMap& rho, const LineJkoProblem& problem) {
  return value(problem.objective, rho) +
         proximal_penalty(square(w2(problem.start, rho)), problem.step_size);
}

// An increasing T is the optimal map to its image, a decreasing one is not.
Outcome of_line(const LineJkoProblem& problem) {
  const LineMap& p = problem.start;
  if (!p.has_density()) return Outcome::not_applicable("p has a density");
  Rng rng(derive_seed(problem.seed, "JKO-36"));
  const LineMap image = draw_line_map(rng, p.grid());
  const Estimate F = line_objective(image, problem);
  const Estimate increasing = line_loss(p, image.values(), image.increments(), problem);
  const Estimate decreasing =
      line_loss(p, image.values().reverse(), image.increments().reverse(), problem);
  const double scale = 1.0 + std::abs(F.value);
  const LineJkoResult step = answered_line_step(p, problem.objective, problem.step_size);
  const Estimate least = line_loss(p, step.step.values(), step.step.increments(), problem);
  // A step that is off by δ costs F its residual times δ at most.
  const double undone = step.residual.upper * step.distance_bound;
  return std::vector<Bound>{identity(increasing, F, "loss = KL + displacement", scale),
                            {.lhs = F, .rhs = decreasing, .part = "loss ≥ F", .scale = scale},
                            identity(least, widened(line_objective(step.step, problem), undone),
                                     "loss of the optimal map", scale),
                            {.lhs = widened(least, undone),
                             .rhs = increasing,
                             .part = "min loss = min F",
                             .scale = scale}};
}

// |T(x) − x|²/γ without its ½ is the loss of half the step: the mean ends at m/(1 + γλ/2).
Outcome whole_penalty(const GaussianProblem& problem) {
  const AffineBlockResult block = trained(problem, 0.5 * problem.step_size);
  const Vector& centre = problem.target.mean();
  const double reached = (block.map(problem.start.mean()) - centre).norm();
  return identity(Estimate::converged(reached, block.map_error),
                  (problem.start.mean() - centre).norm() / (1.0 + problem.ratio()));
}

// log|det DT| with the other sign.
Outcome wrong_determinant(const GaussianProblem& problem) {
  const AffineMap T = random_block(problem);
  const Gaussian image = pushforward(T, problem.start);
  const Estimate growth = image.entropy() - problem.start.entropy();  // log|det DT|
  return identity(total_loss(T, problem) + 2.0 * growth,
                  kl(image, problem.target) +
                      proximal_penalty(squared_displacement(T, problem.start), problem.step_size));
}

GaussianProblem small_translate(Trial& trial) {
  GaussianProblem problem = draw_translate(trial.rng, 0.0);
  while (problem.start.dimension() > largest_trained) problem = draw_translate(trial.rng, 0.0);
  return problem;
}

}  // namespace jko_36

Claim jko_36_block_loss() {
  using namespace jko_36;
  return {.id = "JKO-36",
          .statement =
              "E_p[V(T) − log|det DT|] + E_p|T − x|²/(2γ) + c = KL(T_#p ‖ q) + E_p|T − "
              "x|²/(2γ) ≥ F(T_#p), equality iff T is optimal; min_T loss + c = min F",
          .source = "[XuChengXie2023]",
          .provenance = Provenance::recalled,
          .hypotheses = {"p has a density", "T invertible"},
          .instances = gaussian_families(evaluate),
          .tight = {translate("translate", evaluate, 0.0)},
          .controls = {{.name = "penalty without ½",
                        .draw = [](Trial& t) { return whole_penalty(small_translate(t)); }},
                       translate("+ log|det DT|", wrong_determinant, 0.0)},
          .on_target = on_chain_target(evaluate, of_line),
          .file = __FILE__,
          .grade = Grade::converged,
          .without_error = true};
}

}  // namespace flowcheck
