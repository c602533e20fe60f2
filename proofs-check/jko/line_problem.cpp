#include "jko/line_problem.hpp"

#include "measures/line_laws.hpp"
#include "numerics/require.hpp"
#include "numerics/rng.hpp"
#include "numerics/round_off.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>
#include <variant>

namespace flowcheck {
namespace {

const LineGrid& grid_at(Scale scale) {
  static const LineGrid quick(401);
  static const LineGrid standard(801);
  return scale == Scale::quick ? quick : standard;
}

LineLaw with_energy(LineMeasure measure, double convexity_error = 0.0) {
  LineEnergy energy = line_energy(measure);
  energy.convexity -= convexity_error;
  return {.measure = std::move(measure), .energy = std::move(energy)};
}

LineMeasure random_mixture(Rng& rng) {
  const double weight = rng.uniform(0.1, 0.9);
  return gaussian_mixture_law({weight, 1.0 - weight},
                              {rng.uniform(-3.0, 0.0), rng.uniform(0.0, 3.0)},
                              {rng.log_uniform(0.3, 1.5), rng.log_uniform(0.3, 1.5)});
}

struct Start {
  LineMap map;
  bool has_slope = true;
};

Start narrow_start(Rng& rng, const LineMap& target) {
  const LineGrid& grid = target.grid();
  switch (rng.uniform_index(3)) {
    case 0:
      return {line_map(grid, mixture_data())};
    case 1:
      return {line_map(grid, random_mixture(rng))};
    default:
      return {translated(target, rng.uniform(-4.0, 4.0))};
  }
}

Start smooth_start(Rng& rng, const LineMap& target) {
  if (rng.uniform() < 0.75) return narrow_start(rng, target);
  return {gaussian_map(target.grid(), rng.uniform(-1.0, 1.0), rng.uniform(3.0, 6.0))};
}

Start rough_start(Rng& rng, const LineMap& target) {
  const LineGrid& grid = target.grid();
  switch (rng.uniform_index(3)) {
    case 0:
      return {gaussian_map(grid, rng.uniform(-3.0, 3.0), 0.0), false};
    case 1:
      return {two_atoms(grid), false};
    default: {
      const double lower = rng.uniform(-3.0, 2.0);
      return {line_map(grid, uniform_law(lower, lower + rng.log_uniform(0.3, 3.0))), false};
    }
  }
}

Start any_start(Rng& rng, const LineMap& target) {
  return rng.uniform() < 0.7 ? smooth_start(rng, target) : rough_start(rng, target);
}

// Without the wide normal: across many ripples of V Newton's method does not settle.
Start start_of_not_convex(Rng& rng, const LineMap& target) {
  return rng.uniform() < 0.7 ? narrow_start(rng, target) : rough_start(rng, target);
}

LineLaw strictly_convex(Rng& rng) {
  switch (rng.uniform_index(4)) {
    case 0:
      return law_q1();
    case 1:
      return law_q2();
    case 2:
      return law_q3();
    default: {
      const double k = rng.uniform(1.0, 4.0);
      return law_nc1(rng.uniform(0.1, 0.8) / (k * k), k);
    }
  }
}

LineLaw convex(Rng& rng) {
  return rng.uniform_index(2) == 0 ? law_q4() : law_q5();
}

LineLaw not_convex(Rng& rng) {
  if (rng.uniform_index(2) == 0) return law_nc2();
  const double k = rng.uniform(1.0, 3.0);
  return law_nc1(rng.uniform(1.2, 4.0) / (k * k), k);
}

// The limits of three grids, the middle one twice as fine as the first and the last as the middle.
Estimate limit(const Estimate& coarse, const Estimate& middle, const Estimate& fine) {
  return std::isfinite(fine.value) ? richardson(coarse, middle, fine) : fine;
}

// The sides' errors are much the same, and their difference is known better than they are: it is
// what an identity is held to, and an inequality that they leave undecided.
Bound limit(const Bound& coarse, const Bound& middle, const Bound& fine) {
  Bound bound = fine;
  if (!bound.failed_hypothesis.empty()) return bound;
  bound.lhs = limit(coarse.lhs, middle.lhs, fine.lhs);
  bound.rhs = limit(coarse.rhs, middle.rhs, fine.rhs);
  const bool decided = bound.lhs.upper <= bound.rhs.lower || bound.lhs.lower > bound.rhs.upper;
  const bool finite = std::isfinite(bound.lhs.value) && std::isfinite(bound.rhs.value);
  if ((decided && bound.relation == Relation::bound) || !finite) return bound;
  bound.scale = std::max({bound.scale, std::abs(bound.lhs.value), std::abs(bound.rhs.value)});
  bound.lhs = limit(coarse.lhs - coarse.rhs, middle.lhs - middle.rhs, fine.lhs - fine.rhs);
  bound.rhs = 0.0;
  return bound;
}

// Of points and of a mixture of atoms.
bool has_density(const Measure& start) {
  if (const auto* mixture = std::get_if<GaussianMixture>(&start)) return mixture->has_density();
  const auto* gaussian = std::get_if<Gaussian>(&start);
  return gaussian && gaussian->has_density();
}

LineMap map_of(const LineGrid& grid, const Measure& start) {
  if (const auto* points = std::get_if<PointCloud>(&start)) return line_map(grid, *points);
  if (const auto* mixture = std::get_if<GaussianMixture>(&start)) return line_map(grid, *mixture);
  return line_map(grid, GaussianMixture(std::get<Gaussian>(start)));
}

Instance line_family(std::string name,
                     const EvaluateLine& evaluate,
                     LineLaw (*draw_law)(Rng&),
                     Start (*draw_start)(Rng&, const LineMap&)) {
  return {.name = std::move(name), .draw = [=](Trial& trial) {
            Rng& rng = trial.rng;
            LineJkoProblem problem =
                line_problem(draw_law(rng), gaussian_map(grid_at(trial.scale), 0.0, 1.0),
                             rng.log_uniform(0.05, 2.0));
            const double lambda = problem.convexity().value;
            if (lambda < 0.0) problem.step_size = rng.log_uniform(0.05, 0.8) / -lambda;
            const Start start = draw_start(rng, problem.target);
            problem.start = start.map;
            problem.has_slope = start.has_slope;
            problem.error = rng.uniform() < 0.2 ? 0.0 : rng.log_uniform(0.003, 0.3);
            problem.field = static_cast<ErrorField>(rng.uniform_index(3));
            problem.seed = rng.bits();
            return evaluate(problem);
          }};
}

}  // namespace

const LineLaw& law_q1() {
  static const LineLaw law{gaussian_law(), quadratic_energy()};
  return law;
}
const LineLaw& law_q2() {
  static const LineLaw law{quartic_law(1.0, 1.0), quartic_energy(1.0, 1.0)};
  return law;
}
const LineLaw& law_q3() {
  static const LineLaw law{log_cosh_law(0.5, 0.5, 2.0), log_cosh_energy(0.5, 0.5, 2.0)};
  return law;
}
const LineLaw& law_q4() {
  static const LineLaw law{log_cosh_law(0.0, 1.0, 1.0), log_cosh_energy(0.0, 1.0, 1.0)};
  return law;
}
const LineLaw& law_q5() {
  static const LineLaw law{quartic_law(0.0, 1.0), quartic_energy(0.0, 1.0)};
  return law;
}
const LineLaw& law_nc2() {
  static const LineLaw law = with_energy(double_well_law(2.0));
  return law;
}

// A smaller λ is a bound too, where rounding has made this one larger.
LineLaw law_nc1(double b, double k) {
  return with_energy(rippled_gaussian_law(b, k), round_off(1.0 + std::abs(b) * k * k, 1));
}

const LineMeasure& mixture_data() {
  static const LineMeasure p = gaussian_mixture_law({0.4, 0.6}, {-1.5, 1.2}, {0.7, 0.6});
  return p;
}

LineMap two_atoms(const LineGrid& grid) {
  return LineMap(grid, grid.nodes().unaryExpr([](double z) { return z < 0.0 ? -2.0 : 2.0; }));
}

LineMap translated(const LineMap& p, double shift) {
  return LineMap(p.grid(), p.values().array() + shift, p.increments());
}

LineMap draw_line_map(Rng& rng, const LineGrid& grid) {
  const double mean = rng.uniform(-2.0, 2.0);
  const double deviation = rng.log_uniform(0.2, 2.0);
  const double distance = rng.uniform(0.0, 3.0);
  const double sharpness = rng.log_uniform(0.5, 5.0);
  const Vector& z = grid.nodes();
  return LineMap(grid, mean + deviation * z.array() + distance * (sharpness * z.array()).tanh());
}

LineJkoProblem line_problem(const LineLaw& q, const LineMap& start, double step_size) {
  LineFunctional G = relative_entropy(q.energy);
  const LineGrid& grid = start.grid();
  if (G.convexity() < 0.0) {
    return {.start = start,
            .objective = std::move(G),
            .target = line_map(grid, q.measure),
            .step_size = step_size};
  }
  LineJkoResult minimiser = line_minimiser(grid, G);
  require(minimiser.termination == Termination::converged,
          "line_problem: the minimiser did not converge");
  return {.start = start,
          .objective = std::move(G),
          .target = std::move(minimiser.step),
          .step_size = step_size};
}

LineJkoProblem line_problem(const Target& target, Index points) {
  const Gaussian& q = target.reference;
  require(dimension(target.start) == 1 && q.dimension() == 1 && q.has_density(),
          "line_problem: measures on the line, the reference with a density");
  const double variance = q.covariance()(0, 0);
  const double mean = q.mean()[0];
  const LineLaw law{.measure = gaussian_law(mean, std::sqrt(variance)),
                    .energy = quadratic_energy(1.0 / variance, mean)};
  LineJkoProblem problem =
      line_problem(law, map_of(LineGrid(points), target.start), target.step_size);
  problem.error = target.error;
  problem.has_slope = problem.start.has_density();
  return problem;
}

Outcome on_user_line(const Target& target, const EvaluateLine& evaluate) {
  if (!has_density(target.start)) {
    Outcome outcome = evaluate(line_problem(target));
    for (Bound& bound : outcome.bounds) {
      if (!bound.failed_hypothesis.empty()) continue;
      bound.part += bound.part.empty() ? "of 801 quantiles" : ", of 801 quantiles";
    }
    return outcome;
  }
  const Outcome coarse = evaluate(line_problem(target, 401));
  const Outcome middle = evaluate(line_problem(target, 801));
  Outcome outcome = evaluate(line_problem(target, 1601));
  const std::size_t count = outcome.bounds.size();
  if (coarse.bounds.size() != count || middle.bounds.size() != count) {
    throw std::runtime_error("the grids disagree on the number of steps");
  }
  for (std::size_t k = 0; k < count; ++k) {
    outcome.bounds[k] = limit(coarse.bounds[k], middle.bounds[k], outcome.bounds[k]);
  }
  return outcome;
}

Estimate LineJkoProblem::distance() const {
  return widened(w2(start, target), target_error(objective, target));
}

double LineJkoProblem::length() const {
  return std::sqrt(start.variance().value) + std::sqrt(target.variance().value) +
         std::abs(start.mean().value - target.mean().value);
}

LineJkoChain LineJkoProblem::chain(const std::vector<double>& step_sizes,
                                   const std::vector<double>& errors) const {
  return line_jko_chain(start, objective, target,
                        {.step_sizes = step_sizes, .field = field, .seed = seed, .errors = errors});
}

LineJkoChain LineJkoProblem::chain(int steps) const {
  return chain(constant_steps(step_size, steps), constant_steps(error, steps));
}

LineJkoProblem LineJkoProblem::exact() const {
  LineJkoProblem result = *this;
  result.error = 0.0;
  return result;
}

double target_error(const LineFunctional& G, const LineMap& target) {
  const double lambda = G.convexity();
  return lambda > 0.0 ? slope(G, target).norm.upper / lambda : 0.0;
}

std::vector<Instance> line_families(const EvaluateLine& evaluate) {
  return {line_family("line, λ > 0", evaluate, strictly_convex, smooth_start),
          line_family("line, λ > 0, rough start", evaluate, strictly_convex, rough_start),
          line_family("line, λ = 0", evaluate, convex, any_start),
          line_family("line, λ < 0", evaluate, not_convex, start_of_not_convex)};
}

}  // namespace flowcheck
