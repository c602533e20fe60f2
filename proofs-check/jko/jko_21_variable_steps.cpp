#include "jko/chain_problem.hpp"
#include "jko/jko_claims.hpp"
#include "jko/plane_problem.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <string>

namespace flowcheck {
namespace jko_21 {

// The published schedule of the JKO-iFlow networks: geometric, 0.25, 0.35, …, 2.64.
std::vector<double> published_schedule() {
  std::vector<double> step_sizes;
  double gamma = 0.25;
  for (int k = 0; k < 8; ++k, gamma *= 1.4) step_sizes.push_back(gamma);
  return step_sizes;
}

// Step sizes within a factor 4 of γ, either way.
std::vector<double> random_schedule(const ChainProblem& problem) {
  Rng rng(derive_seed(problem.seed, "random_schedule"));
  std::vector<double> step_sizes;
  for (int k = 0; k < 10; ++k) {
    step_sizes.push_back(problem.step_size * rng.log_uniform(0.25, 4.0));
  }
  return step_sizes;
}

// A chain with variable steps whose errors differ from step to step as well: ε, then ¾ε, ½ε, ¼ε.
ChainMeasures variable_chain(const ChainProblem& problem, const std::vector<double>& step_sizes) {
  std::vector<double> errors;
  for (std::size_t k = 0; k < step_sizes.size(); ++k) {
    errors.push_back(problem.error * (1.0 - 0.25 * static_cast<double>(k % 4)));
  }
  return problem.run(step_sizes, errors);
}

// JKO-10, 11 and 13 with products in place of powers; KL as squares, as in JKO-13.
void add_bounds(const ChainProblem& problem,
                const std::vector<double>& step_sizes,
                const std::string& schedule,
                std::vector<Bound>& bounds) {
  const ChainMeasures run = variable_chain(problem, step_sizes);
  const Estimate lambda = problem.convexity;
  const double length = problem.length;

  Estimate linear = run.w2[0];  // Wₙ ≤ (Wₙ₋₁ + γₙεₙ)/(1 + γₙλ), summed up
  Estimate decay = 1.0;         // Π 1/(1 + γₖλ)
  Estimate paper_decay = 1.0;   // Π 1/(1 + γₖλ/2)
  for (std::size_t n = 1; n < run.w2.size(); ++n) {
    const Estimate a = step_sizes[n - 1] * lambda;
    linear = (linear + step_sizes[n - 1] * run.error[n]) / (1.0 + a);
    decay = decay / (1.0 + a);
    paper_decay = paper_decay / (1.0 + 0.5 * a);
    const Estimate floor = run.largest_error[n] / lambda;
    bounds.push_back(
        {.lhs = run.w2[n], .rhs = linear, .part = schedule + ", W₂ with each εₖ", .scale = length});
    bounds.push_back({.lhs = run.w2[n],
                      .rhs = decay * run.w2[0] + floor * (1.0 - decay),
                      .part = schedule + ", W₂ with the largest ε",
                      .scale = length});
    bounds.push_back({.lhs = square(run.w2[n]),
                      .rhs = paper_decay * square(run.w2[0]) + 4.0 * square(floor),
                      .part = schedule + ", W₂ with the paper's constants",
                      .scale = length * length});
    if (problem.has_density) {
      const Estimate root = decay * sqrt(run.kl[0]) + run.largest_error[n] / sqrt(2.0 * lambda);
      bounds.push_back(
          {.lhs = run.kl[n], .rhs = square(root), .part = schedule + ", KL", .scale = 1.0});
    } else {
      bounds.push_back(left_out(schedule + ", KL", "KL(p₀ ‖ q) < ∞"));
    }
  }
}

Outcome variable_steps(const ChainProblem& problem) {
  if (!problem.is_strictly_convex()) return Outcome::not_applicable("λ > 0");
  std::vector<Bound> bounds;
  add_bounds(problem, published_schedule(), "published schedule", bounds);
  add_bounds(problem, random_schedule(problem), "random schedule", bounds);
  return bounds;
}

// The first steps of a schedule, up to Σγₖλ = 5: from there on bounds on W₂ are equalities to what
// is known of it on the plane.
std::vector<double> unsettled(std::vector<double> step_sizes, double lambda) {
  double time = 0.0;
  const auto late = [&](double gamma) { return (time += gamma) * lambda > 5.0; };
  step_sizes.erase(std::ranges::find_if(step_sizes, late), step_sizes.end());
  return step_sizes;
}

Outcome on_the_plane(const PlaneChainProblem& plane) {
  const ChainProblem problem(plane);
  const double lambda = problem.convexity.value;
  std::vector<Bound> bounds;
  add_bounds(problem, unsettled(published_schedule(), lambda), "published schedule", bounds);
  add_bounds(problem, unsettled(random_schedule(problem), lambda), "random schedule", bounds);
  return bounds;
}

// Wₙ ≤ Π(1 + γₖλ)⁻¹W₀ alone, which the errors of M1's steps break.
Outcome no_error_on_the_plane(Trial& trial) {
  const ChainProblem problem(plane_problems(trial.scale).front());
  const std::vector<double> step_sizes = unsettled(published_schedule(), problem.convexity.value);
  const ChainMeasures run = variable_chain(problem, step_sizes);
  Estimate decay = 1.0;
  for (const double gamma : step_sizes) decay = decay / (1.0 + gamma * problem.convexity);
  return Bound{.lhs = run.w2.back(), .rhs = decay * run.w2[0]};
}

// (1 + γ̄λ)⁻ⁿ with the mean step size: smaller than the product wherever the steps differ.
Outcome mean_step(const ChainProblem& problem) {
  const std::vector<double> step_sizes = published_schedule();
  const int n = static_cast<int>(step_sizes.size());
  const double mean = std::accumulate(step_sizes.begin(), step_sizes.end(), 0.0) / n;
  const ChainMeasures run = variable_chain(problem, step_sizes);
  return Bound{.lhs = run.w2.back(),
               .rhs = pow(1.0 / (1.0 + mean * problem.convexity), n) * run.w2[0]};
}

}  // namespace jko_21

Claim jko_21_variable_steps() {
  using namespace jko_21;
  return {
      .id = "JKO-21",
      .statement =
          "steps γₖ, errors εₖ ⇒ Wₙ ≤ (Wₙ₋₁ + γₙεₙ)/(1 + γₙλ), so Wₙ ≤ Π(1 + γₖλ)⁻¹W₀ + ε/λ, "
          "√Δₙ ≤ Π(1 + γₖλ)⁻¹√Δ₀ + ε/√(2λ), Wₙ² ≤ Π(1 + γₖλ/2)⁻¹W₀² + 4ε²/λ²",
      .source = "derived",
      .provenance = Provenance::derived,
      .hypotheses = {"∇²V ⪰ λI with λ > 0", "first-order error at most εₖ in step k",
                     "KL(p₀ ‖ q) < ∞ for the statement in KL"},
      .instances = with(chain_families(variable_steps, variable_steps), plane_family(on_the_plane)),
      .tight = {translate("translate", variable_steps, 0.05)},
      .controls = {translate("mean step size", mean_step, 0.0),
                   {.name = "no ε on the plane", .draw = no_error_on_the_plane, .repeat = false}},
      .on_target = on_chain_target(variable_steps, variable_steps, on_the_plane),
      .file = __FILE__,
      .grade = Grade::converged};
}

}  // namespace flowcheck
