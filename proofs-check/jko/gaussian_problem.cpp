#include "jko/gaussian_problem.hpp"

#include "measures/random_gaussian.hpp"
#include "numerics/round_off.hpp"
#include "numerics/spd.hpp"

#include <algorithm>
#include <cmath>
#include <variant>

namespace flowcheck {
namespace {

double draw_step_size(Rng& rng) {
  return rng.log_uniform(0.05, 2.0);
}

Index draw_dimension(Rng& rng, Index largest) {
  return 1 + rng.uniform_index(largest);
}

Instance family(std::string name, const Evaluate& evaluate, GaussianProblem (*draw)(Rng&)) {
  return {.name = std::move(name),
          .draw = [evaluate, draw](Trial& trial) { return evaluate(draw(trial.rng)); }};
}

double draw_error(Rng& rng) {
  return rng.log_uniform(0.003, 0.3);
}

Instance inexact_family(std::string name, const Evaluate& evaluate, GaussianProblem (*draw)(Rng&)) {
  return {.name = std::move(name), .draw = [evaluate, draw](Trial& trial) {
            GaussianProblem problem = draw(trial.rng);
            problem.error = draw_error(trial.rng);
            return evaluate(problem);
          }};
}

GaussianProblem random_pair(Rng& rng) {
  return draw_random_pair(rng, 8, false);
}
GaussianProblem exact_pair(Rng& rng) {
  return draw_random_pair(rng, 8, true);
}

GaussianProblem wide_start(Rng& rng) {
  GaussianProblem problem = draw_random_pair(rng, 8, true);
  const double factor = rng.log_uniform(10.0, 100.0);
  problem.start = Gaussian(problem.target.mean(), factor * problem.start.covariance());
  return problem;
}

GaussianProblem near_target(Rng& rng) {
  GaussianProblem problem = draw_random_pair(rng, 8, true);
  const Gaussian& q = problem.target;
  const Matrix noise = symmetrised(rng.normal_matrix(q.dimension(), q.dimension()));
  const Matrix L = q.factor();
  const double size = 0.01 / std::max(1.0, noise.norm());
  problem.start = Gaussian(q.mean() + 0.01 * L * rng.normal_vector(q.dimension()),
                           q.covariance() + symmetrised(size * L * noise * L.transpose()));
  return problem;
}

GaussianProblem dirac_start(Rng& rng) {
  GaussianProblem problem = draw_random_pair(rng, 4, true);
  problem.start = Gaussian::dirac(problem.start.mean());
  return problem;
}

GaussianProblem flat_start(Rng& rng) {
  GaussianProblem problem = draw_random_pair(rng, 8, true);
  Matrix L = problem.start.factor();
  L.col(0).setZero();
  problem.start = Gaussian(problem.start.mean(), symmetrised(L * L.transpose()));
  return problem;
}

}  // namespace

Estimate convexity(const Gaussian& target) {
  const double lambda = 1.0 / target.eigenvalues()(target.dimension() - 1);
  return Estimate::closed_form(lambda, round_off(lambda, target.dimension()));
}

Estimate GaussianProblem::convexity() const {
  return flowcheck::convexity(target);
}
Estimate GaussianProblem::ratio() const {
  return step_size * convexity();
}

double GaussianProblem::length() const {
  return std::sqrt(start.covariance().trace()) + std::sqrt(target.covariance().trace()) +
         (start.mean() - target.mean()).norm();
}

JkoChain GaussianProblem::chain(int steps) const {
  return jko_chain(start, target,
                   {.step_sizes = constant_steps(step_size, steps),
                    .error = error,
                    .field = field,
                    .seed = seed});
}

GaussianProblem GaussianProblem::exact() const {
  GaussianProblem result = *this;
  result.error = 0.0;
  return result;
}

GaussianProblem draw_random_pair(Rng& rng, Index largest_dimension, bool exact) {
  const Index d = draw_dimension(rng, largest_dimension);
  Gaussian start = random_gaussian(rng, d);
  Gaussian target = random_gaussian(
      rng, d, {.mean_scale = 0.5, .smallest_variance = 0.25, .largest_variance = 4.0});
  GaussianProblem problem{
      .start = std::move(start), .target = std::move(target), .step_size = draw_step_size(rng)};
  problem.error = exact || rng.uniform() < 0.2 ? 0.0 : draw_error(rng);
  problem.field = static_cast<ErrorField>(rng.uniform_index(3));
  problem.seed = rng.bits();
  return problem;
}

GaussianProblem draw_translate(Rng& rng, double error, bool isotropic) {
  GaussianProblem problem = draw_random_pair(rng, 8, true);
  if (isotropic) {
    const Index d = problem.target.dimension();
    problem.target =
        Gaussian(problem.target.mean(), Matrix::Identity(d, d) / rng.log_uniform(0.3, 3.0));
  }
  problem.error = error;
  problem.field = ErrorField::constant;
  return with_translate(std::move(problem), rng.uniform(1.0, 5.0));
}

GaussianProblem with_translate(GaussianProblem problem, double length) {
  const Gaussian& q = problem.target;
  problem.start =
      Gaussian(q.mean() + length * q.eigenvectors().col(q.dimension() - 1), q.covariance());
  return problem;
}

std::vector<Instance> gaussian_families(const Evaluate& evaluate) {
  return {family("random pairs", evaluate, random_pair),
          family("exact pairs", evaluate, exact_pair),
          family("wide start", evaluate, wide_start),
          family("near the target", evaluate, near_target),
          family("Dirac start", evaluate, dirac_start),
          family("flat start", evaluate, flat_start)};
}

std::vector<Instance> inexact_gaussian_families(const Evaluate& evaluate) {
  std::vector<Instance> families = gaussian_families(evaluate);
  families.push_back(inexact_family("wide start, inexact", evaluate, wide_start));
  families.push_back(inexact_family("near the target, inexact", evaluate, near_target));
  families.push_back(inexact_family("Dirac start, inexact", evaluate, dirac_start));
  families.push_back(inexact_family("flat start, inexact", evaluate, flat_start));
  return families;
}

Instance translate(std::string name, const Evaluate& evaluate, double error) {
  return {.name = std::move(name), .draw = [evaluate, error](Trial& trial) {
            return evaluate(draw_translate(trial.rng, error));
          }};
}

std::function<Outcome(const Target&)> on_gaussian_target(const Evaluate& evaluate) {
  return [evaluate](const Target& target) -> Outcome {
    if (!target.reference.has_density())
      return Outcome::not_applicable("the reference measure has a density");
    const Gaussian* start = std::get_if<Gaussian>(&target.start);
    if (start == nullptr) return Outcome::not_applicable("left out: evaluated for Gaussian starts");
    return evaluate({.start = *start,
                     .target = target.reference,
                     .step_size = target.step_size,
                     .error = target.error});
  };
}

}  // namespace flowcheck
