#include "jko/convergence.hpp"

#include "distances/wasserstein.hpp"
#include "numerics/require.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace flowcheck {
namespace {

int rounded_up(const Estimate& steps) {
  return static_cast<int>(std::ceil(std::clamp(steps.upper, 0.0, 1e9)));
}

}  // namespace

MeasuredChain measured(JkoChain chain) {
  ChainMeasures of_chain = measures(chain);
  return {std::move(of_chain), std::move(chain)};
}

double assumed_error(const ChainProblem& problem) {
  if (problem.error > 0.0) return problem.error;
  return 0.1 * (problem.convexity * problem.distance).value;
}

int paper_steps(const Estimate& lambda, double step_size, const Estimate& w2, double epsilon) {
  return rounded_up(8.0 / (step_size * lambda) * log(lambda * w2 / epsilon));
}

int sharp_steps(const Estimate& lambda, double step_size, const Estimate& w2, double epsilon) {
  return rounded_up(log(lambda * w2 / epsilon) / log(1.0 + step_size * lambda));
}

PaperRun paper_run(const GaussianProblem& problem, double epsilon, int extra) {
  const int n = extra + paper_steps(convexity(problem.target), problem.step_size,
                                    w2(problem.start, problem.target), epsilon);
  JkoChain chain = problem.chain(n);
  const Estimate measured_error = chain.largest_error(n);
  return {.chain = std::move(chain), .epsilon = max(epsilon, measured_error)};
}

std::optional<PaperRun> paper_run(const GaussianProblem& problem, int extra) {
  if (!no_paper_run(problem, extra).empty()) return {};
  return paper_run(problem, assumed_error(problem), extra);
}

std::optional<LinePaperRun> paper_run(const LineJkoProblem& problem, int extra) {
  if (!no_paper_run(problem, extra).empty()) return {};
  const double epsilon = assumed_error(problem);
  const int n =
      extra + paper_steps(problem.convexity(), problem.step_size, problem.distance(), epsilon);
  LineJkoChain chain = problem.chain(n);
  const Estimate measured_error = chain.largest_error(n);
  return LinePaperRun{.chain = std::move(chain), .epsilon = max(epsilon, measured_error)};
}

PaperEnd paper_end(const ChainProblem& problem, double epsilon, int extra) {
  const ChainMeasures run = problem.whole_chain(
      extra + paper_steps(problem.convexity, problem.step_size, problem.distance, epsilon));
  return {
      .w2 = run.w2.back(), .kl = run.kl.back(), .epsilon = max(epsilon, run.largest_error.back())};
}

std::optional<PaperEnd> paper_end(const ChainProblem& problem, int extra) {
  if (!no_paper_run(problem, extra).empty()) return {};
  return paper_end(problem, assumed_error(problem), extra);
}

std::string no_paper_run(const ChainProblem& problem, int extra) {
  const double epsilon = assumed_error(problem);
  if (!(problem.ratio().upper < 2.0)) return "γλ < 2";
  if (epsilon == 0.0) return "ε > 0 or p₀ ≠ q";
  return too_many(
      extra + paper_steps(problem.convexity, problem.step_size, problem.distance, epsilon),
      problem);
}

std::string too_many(int steps, const ChainProblem& problem) {
  if (steps <= problem.longest_chain) return {};
  return fmt::format("left out: takes {} steps, at most {} are run", steps, problem.longest_chain);
}

Estimate paper_kl_bound(const Estimate& lambda, double step_size, const Estimate& epsilon) {
  return 4.5 / Estimate(step_size) * square(epsilon / lambda);
}

Estimate paper_total_variation_bound(const Estimate& lambda,
                                     double step_size,
                                     const Estimate& epsilon) {
  return 1.5 * epsilon / (lambda * sqrt(Estimate(step_size)));
}

Estimate sharp_root_kl_bound(const Estimate& lambda,
                             double step_size,
                             int n,
                             const Estimate& initial_kl,
                             const Estimate& epsilon) {
  const Estimate decay = pow(1.0 / (1.0 + step_size * lambda), n);
  return decay * sqrt(initial_kl) + epsilon / sqrt(2.0 * lambda);
}

SettledRun settled_run(const ChainProblem& problem) {
  const int n =
      sharp_steps(problem.convexity, problem.step_size, problem.distance, 0.001 * problem.error);
  require(n <= problem.longest_chain, "settled_run: more steps than are run");
  return {.measures = problem.whole_chain(n), .decay = pow(1.0 / (1.0 + problem.ratio()), n)};
}

GaussianProblem first_coordinate(const GaussianProblem& problem) {
  const auto marginal = [](const Gaussian& p) {
    return Gaussian(p.mean().head(1), p.covariance().topLeftCorner(1, 1));
  };
  GaussianProblem result = problem;
  result.start = marginal(problem.start);
  result.target = marginal(problem.target);
  return result;
}

std::vector<Instance> gaussian_families(const Evaluate& evaluate,
                                        GaussianProblem (*change)(const GaussianProblem&)) {
  return gaussian_families(
      [evaluate, change](const GaussianProblem& problem) { return evaluate(change(problem)); });
}

GaussianProblem line_translate(double distance, double step_size, double error, double convexity) {
  const Matrix variance = Matrix::Constant(1, 1, 1.0 / convexity);
  return {.start = Gaussian(Vector::Constant(1, distance), variance),
          .target = Gaussian(Vector::Zero(1), variance),
          .step_size = step_size,
          .error = error,
          .field = ErrorField::constant};
}

GaussianProblem draw_short_translate(Rng& rng, double relative_error) {
  const Index d = 1 + rng.uniform_index(2);
  const double lambda = rng.log_uniform(0.3, 3.0);
  const double distance = rng.uniform(1.0, 5.0);
  const Gaussian q(rng.normal_vector(d), Matrix::Identity(d, d) / lambda);
  return {
      .start = Gaussian(q.mean() + distance * rng.normal_vector(d).normalized(), q.covariance()),
      .target = q,
      .step_size = rng.log_uniform(0.1, 1.9) / lambda,
      .error = relative_error * lambda * distance,
      .field = ErrorField::constant};
}

Instance short_translate(std::string name, const Evaluate& evaluate, double relative_error) {
  return {.name = std::move(name), .draw = [evaluate, relative_error](Trial& trial) {
            return evaluate(draw_short_translate(trial.rng, relative_error));
          }};
}

Instance fixed_instance(std::string name,
                        const Evaluate& evaluate,
                        const GaussianProblem& problem) {
  return {.name = std::move(name),
          .draw = [evaluate, problem](Trial&) { return evaluate(problem); },
          .repeat = false};
}

}  // namespace flowcheck
