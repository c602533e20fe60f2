#include "proximal/line_jko_step.hpp"

#include "numerics/huge_pages.hpp"
#include "numerics/require.hpp"
#include "numerics/rng.hpp"
#include "numerics/round_off.hpp"
#include "numerics/special_functions.hpp"
#include "numerics/vector_exp.hpp"
#include "proximal/chunked_sum.hpp"
#include "proximal/line_newton.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <optional>
#include <utility>
#include <vector>

namespace flowcheck {

namespace {

struct Point {
  Vector values;
  Vector increments;
};

struct Solution {
  Point at;
  Termination termination = Termination::running;
  double decrement = infinity;
  int iterations = 0;
};

double norm(const LineGrid& grid, const Vector& field) {
  const Vector& w = grid.node_masses();
  return std::sqrt(chunked_sum(w.size(), [&](Index i) { return w[i] * field[i] * field[i]; }).sum);
}

// All of it, without a branch for each entry.
bool is_finite(const Vector& x) {
  return (0.0 * x.array()).sum() == 0.0;
}

// By the formula of a Gaussian step in each increment, or as the step starts; all increments > 0.
Point first_point(const LineProblem& problem, const Vector* increments) {
  const LineGrid& grid = problem.grid;
  const double h = grid.spacing();
  if (problem.inverse_step == 0.0) return {grid.nodes(), Vector::Constant(grid.points() - 1, h)};
  const double gamma = 1.0 / problem.inverse_step;
  const Vector& T = *problem.centre;
  const Index points = T.size();
  const double theta = problem.G.diffusion;
  if (theta == 0.0) return {T, *increments};

  Vector curvature = Vector::Zero(points);
  if (problem.G.potential.values) {
    problem.G.potential.values({T.data(), static_cast<std::size_t>(points)}, nullptr, nullptr,
                               curvature.data());
  }
  Vector d = *increments;
  for (Index i = 0; i + 1 < points; ++i) {
    const double s = d[i] / h;
    if (problem.G.exponent == 1.0) {
      const double a = 1.0 + gamma * std::max(0.0, curvature[i] + problem.G.interaction);
      d[i] = h * (s + std::sqrt(s * s + 4.0 * gamma * theta * a)) / (2.0 * a);
    } else if (d[i] == 0.0) {
      d[i] = h * std::sqrt(gamma);
    }
  }
  Vector values = values_of(d, T[points / 2]);
  return {std::move(values), std::move(d)};
}

// Weights of the cubic through 0, 1, 2 and 3 at t.
std::array<double, 4> cubic_weights(double t) {
  const double a = t - 1.0;
  const double b = t - 2.0;
  const double c = t - 3.0;
  return {-a * b * c / 6.0, t * b * c / 2.0, -t * a * c / 2.0, t * a * b / 6.0};
}

double combined(const std::array<double, 4>& weights, const double* y) {
  return (weights[0] * y[0] + weights[1] * y[1]) + (weights[2] * y[2] + weights[3] * y[3]);
}

// Cubic in the neighbours of x, x being in units of the index.
double interpolated(const Vector& y, double x) {
  const Index first = std::clamp<Index>(static_cast<Index>(std::floor(x)) - 1, 0, y.size() - 4);
  return combined(cubic_weights(x - static_cast<double>(first)), y.data() + first);
}

// Linear, so that ascending values stay so.
Vector resampled(const Vector& y, Index points) {
  Vector result(points);
  const double ratio = static_cast<double>(y.size() - 1) / static_cast<double>(points - 1);
  for (Index i = 0; i < points; ++i) {
    const double x = ratio * static_cast<double>(i);
    const Index k = std::min(static_cast<Index>(x), y.size() - 2);
    const double t = x - static_cast<double>(k);
    result[i] = (1.0 - t) * y[k] + t * y[k + 1];
  }
  return result;
}

// Cubic, at the edges of a grid of `points` nodes, of what is given at those of a coarser one.
Vector refined(const Vector& y, Index points) {
  const double ratio = static_cast<double>(y.size()) / static_cast<double>(points - 1);
  Vector result = large_vector(points - 1);
  const auto at_edge = [&](Index i) {
    result[i] = interpolated(y, ratio * (static_cast<double>(i) + 0.5) - 0.5);
  };
  Index i = 0;
  const Index positions = (points - 1) / y.size();
  if (points - 1 == positions * y.size()) {  // in a coarse cell, with the same weights in each
    for (; i < 2 * positions; ++i) at_edge(i);
    std::vector<std::array<double, 4>> weights;
    for (Index j = 0; j < positions; ++j) {
      const double t = (static_cast<double>(j) + 0.5) / static_cast<double>(positions) + 1.5;
      weights.push_back(cubic_weights(2 * j < positions ? t : t - 1.0));
    }
    for (; i + 2 * positions < points - 1; i += positions) {
      const double* const from = y.data() + i / positions - 2;
      for (Index j = 0; j < positions; ++j) {
        result[i + j] =
            combined(weights[static_cast<std::size_t>(j)], from + (2 * j < positions ? 0 : 1));
      }
    }
  }
  for (; i + 1 < points; ++i) at_edge(i);
  return result;
}

// The decrement that the rounding of T and T_n leaves: u|T| at a node is u|T|/γ in the gradient
// and, H being 1/γ and more, u‖T_n‖/√γ in its norm.
double decrement_floor(const LineProblem& problem) {
  if (!problem.centre) return 0.0;
  return unit_round_off * norm(problem.grid, *problem.centre) * std::sqrt(problem.inverse_step);
}

Solution iterate(const LineProblem& problem, Point start, const LineJkoOptions& options) {
  const double tolerance = std::max(options.decrement_tolerance, decrement_floor(problem));
  LineNewton newton(problem, std::move(start.values), std::move(start.increments));
  Solution solution;
  double last = infinity;
  double last_change = infinity;
  for (; solution.termination == Termination::running;) {
    const double squared = newton.find_direction();
    if (!std::isfinite(squared)) {
      solution.termination = Termination::not_finite;
      break;
    }
    solution.decrement = std::sqrt(std::max(squared, 0.0));
    ++solution.iterations;
    const double change = newton.largest_change();
    // The decrement does not see the tails, whose masses are 1e-15; their increments' changes do.
    // This step is still made, and squares what they are.
    if (solution.decrement <= tolerance && change <= 1e-6) {
      newton.full_step();
      solution.termination = Termination::converged;
    } else if (last < 1e-9 && solution.decrement > 0.5 * last && change > 0.5 * last_change &&
               change <= 1e-3) {
      solution.termination = Termination::stalled;
    } else if (solution.iterations >= options.max_iterations) {
      solution.termination = Termination::iteration_limit;
    } else if (squared > 1e-3 || (solution.decrement > last && squared > 1e-9)) {
      if (!newton.damped_step(squared)) solution.termination = Termination::stalled;
    } else {
      newton.full_step();
    }
    last = solution.decrement;
    last_change = change;
  }
  solution.at = {newton.take_values(), newton.take_increments()};
  return solution;
}

// Where V is not convex, V'' can vary so much along a step that Newton's method wanders. F is
// convex all the same, so proximal points T_{k+1} = argmin F + (μ/2)‖T − T_k‖²_w lead to its
// minimiser, each being a step of V again, with 1/γ + μ in place of 1/γ. From near enough the
// method itself goes on.
Solution approached(const LineProblem& problem, Point at, const LineJkoOptions& options) {
  const double s = problem.inverse_step;
  const double mu = -4.0 * problem.G.convexity();
  LineJkoOptions rough = options;
  rough.decrement_tolerance = std::max(1e-4, options.decrement_tolerance);
  Solution solution;
  for (int round = 0; round < 40; ++round) {
    for (int k = 0; k < 8; ++k) {
      const Vector centre = (s * *problem.centre + mu * at.values) / (s + mu);
      const LineProblem nearer{.grid = problem.grid,
                               .G = problem.G,
                               .centre = &centre,
                               .inverse_step = s + mu,
                               .tilt = problem.tilt};
      at = iterate(nearer, std::move(at), rough).at;
    }
    solution = iterate(problem, at, options);
    if (solution.termination == Termination::converged) break;
  }
  return solution;
}

// From near enough, and by proximal points where that does not lead there.
Solution minimise_from(Point start, const LineProblem& problem, const LineJkoOptions& options) {
  const bool may_wander = problem.centre && problem.G.convexity() < 0.0;
  if (!may_wander) return iterate(problem, std::move(start), options);
  Solution solution = iterate(problem, start, options);
  if (solution.termination == Termination::converged) return solution;
  return approached(problem, std::move(start), options);
}

// A map as a finer grid interpolates it: in log(d/h), which varies like h² between neighbours where
// d itself may vary by orders, and in its value at the middle.
struct Shape {
  Vector logs = {};
  double middle = 0.0;
};

Shape refined(const Shape& coarse, Index points) {
  return {refined(coarse.logs, points), coarse.middle};
}

// v is the minimiser on a grid of spacing H, u on one of h < H. Their series in the spacing squared
// goes on to u + (u − v)(h² − t²)/(H² − h²) at t < h.
Shape extrapolated(const Shape& u, Shape v, double H, double h, double t) {
  const double weight = (h - t) * (h + t) / ((H - h) * (H + h));
  v.logs = u.logs + weight * (u.logs - v.logs);
  v.middle = u.middle + weight * (u.middle - v.middle);
  return v;
}

// log(d/h) = log dᵢ, and T at z = 0.
Shape shape_of(Point at, double spacing) {
  const double middle = interpolated(at.values, 0.5 * static_cast<double>(at.values.size() - 1));
  Vector logs = std::move(at.increments);
  logs = (logs.array() / spacing).log();
  return {std::move(logs), middle};
}

Point point_of(Shape shape, double spacing) {
  Vector d = std::move(shape.logs);
  vector_exp(d);
  d *= spacing;
  const Index edges = d.size();
  // With an even number of nodes z = 0 is inside the edge before the middle node.
  const double middle = shape.middle + (edges % 2 == 0 ? 0.0 : 0.5 * d[edges / 2]);
  Vector values = values_of(d, middle);
  return {std::move(values), std::move(d)};
}

// The minimiser on the next coarser grid, and with what the grids before tell of its error.
struct CoarseAnswer {
  Shape found;
  Shape improved;
};

std::optional<CoarseAnswer> coarse_answer(const LineProblem& problem,
                                          const LineJkoOptions& options) {
  if (!options.nested || !problem.grid.coarser() || problem.G.diffusion == 0.0) return std::nullopt;
  const LineGrid& grid = *problem.grid.coarser();
  const Index points = grid.points();
  const Vector centre = problem.centre ? resampled(*problem.centre, points) : Vector();
  const Vector tilt = problem.tilt ? resampled(*problem.tilt, points) : Vector();
  const LineProblem coarse{.grid = grid,
                           .G = problem.G,
                           .centre = problem.centre ? &centre : nullptr,
                           .inverse_step = problem.inverse_step,
                           .tilt = problem.tilt ? &tilt : nullptr};
  const std::optional<CoarseAnswer> before = coarse_answer(coarse, options);
  Point start;
  if (before) {
    start = point_of(refined(before->improved, points), grid.spacing());
  } else {
    const Vector increments =
        problem.centre ? Vector(centre.tail(points - 1) - centre.head(points - 1)) : Vector();
    start = first_point(coarse, &increments);
  }
  // The last step that is made leaves the square of this.
  const LineJkoOptions rough{.decrement_tolerance = std::max(1e-8, options.decrement_tolerance),
                             .max_iterations = options.max_iterations};
  Solution solution = minimise_from(std::move(start), coarse, rough);
  if (solution.termination != Termination::converged) return std::nullopt;
  Shape found = shape_of(std::move(solution.at), grid.spacing());
  Shape improved =
      before ? extrapolated(found, refined(before->found, points), grid.coarser()->spacing(),
                            grid.spacing(), problem.grid.spacing())
             : found;
  return CoarseAnswer{std::move(found), std::move(improved)};
}

Solution minimise(const LineProblem& problem,
                  const Vector* increments,
                  const LineJkoOptions& options) {
  const std::optional<CoarseAnswer> coarse = coarse_answer(problem, options);
  const LineGrid& grid = problem.grid;
  return minimise_from(coarse ? point_of(refined(coarse->improved, grid.points()), grid.spacing())
                              : first_point(problem, increments),
                       problem, options);
}

void check(const LineGrid& grid, const LineFunctional& G, const LineJkoOptions& options) {
  require(std::isfinite(G.diffusion) && G.diffusion >= 0.0 && std::isfinite(G.interaction) &&
              G.exponent >= least_exponent && G.exponent <= largest_exponent,
          "line_jko_step: diffusion at least 0, exponent from 0.4 to 20, all of them finite");
  require(options.tilt.size() == 0 || options.tilt.size() == grid.points(),
          "line_jko_step: the tilt has one value for each node");
  require(options.tilt.allFinite(), "line_jko_step: the tilt is not finite");
  require(options.decrement_tolerance >= 0.0 && options.max_iterations > 0,
          "line_jko_step: decrement_tolerance at least 0, max_iterations positive");
}

LineJkoResult solved(const LineGrid& grid,
                     const LineFunctional& G,
                     const LineMap* current,
                     double inverse_step,
                     const LineJkoOptions& options) {
  const LineProblem problem{.grid = grid,
                            .G = G,
                            .centre = current ? &current->values() : nullptr,
                            .inverse_step = inverse_step,
                            .tilt = options.tilt.size() > 0 ? &options.tilt : nullptr};
  Solution solution = minimise(problem, current ? &current->increments() : nullptr, options);
  const bool finite = is_finite(solution.at.values) && is_finite(solution.at.increments) &&
                      (G.diffusion == 0.0 || solution.at.increments.minCoeff() > 0.0);
  if (!finite || solution.termination == Termination::not_finite) {
    LineJkoResult result{.step = current ? *current : gaussian_map(grid, 0.0, 1.0)};
    result.termination = Termination::not_finite;
    result.decrement = solution.decrement;
    result.error = result.residual = Estimate::closed_form(infinity, 0.0);
    result.distance_bound = infinity;
    result.iterations = solution.iterations;
    return result;
  }
  if (G.diffusion == 0.0) {  // no barrier kept the increments from rounding below zero
    solution.at.increments = solution.at.increments.cwiseMax(0.0);
  }
  LineJkoResult result{
      .step = LineMap(grid, std::move(solution.at.values), std::move(solution.at.increments))};
  result.termination = solution.termination;
  result.decrement = solution.decrement;
  result.iterations = solution.iterations;

  const auto [error, residual] = optimality(G, result.step, current, inverse_step, problem.tilt);
  result.error = error;
  result.residual = residual;
  result.distance_bound = result.residual.upper / (inverse_step + G.convexity());
  return result;
}

}  // namespace

LineJkoResult line_jko_step(const LineMap& current,
                            const LineFunctional& G,
                            double step_size,
                            const LineJkoOptions& options) {
  check(current.grid(), G, options);
  require(step_size > 0.0 && std::isfinite(step_size) && std::isfinite(1.0 / step_size),
          "line_jko_step: step_size must be positive and finite");
  require(1.0 / step_size + G.convexity() > 0.0,
          "line_jko_step: 1/step_size + min V″ must be positive, or the step need not be unique");
  return solved(current.grid(), G, &current, 1.0 / step_size, options);
}

LineJkoResult line_minimiser(const LineGrid& grid,
                             const LineFunctional& G,
                             const LineJkoOptions& options) {
  check(grid, G, options);
  require(G.convexity() >= 0.0 && G.potential.values,
          "line_minimiser: the functional is not known to be convex, or has no potential");
  return solved(grid, G, nullptr, 0.0, options);
}

LineJkoResult inexact_line_jko_step(const LineMap& current,
                                    const LineFunctional& G,
                                    double step_size,
                                    const LineMap& target,
                                    const InexactStepOptions& inexactness,
                                    const LineJkoOptions& options) {
  const LineGrid& grid = current.grid();
  require(target.grid() == grid, "inexact_line_jko_step: the target's grid differs");
  require(inexactness.error >= 0.0 && std::isfinite(inexactness.error),
          "inexact_line_jko_step: the error must be finite and at least 0");
  require(options.tilt.size() == 0, "inexact_line_jko_step: the tilt is what is looked for");
  if (inexactness.error == 0.0) return line_jko_step(current, G, step_size, options);

  LineJkoOptions tilted = options;
  const auto scaled = [&](Vector field) {
    const double size = norm(grid, field);
    return size > 0.0 ? Vector(field * (inexactness.error / size))
                      : Vector::Constant(grid.points(), inexactness.error);
  };
  switch (inexactness.field) {
    case ErrorField::constant: {
      const double side = current.mean().value < target.mean().value ? -1.0 : 1.0;
      tilted.tilt = Vector::Constant(grid.points(), side * inexactness.error);
      break;
    }
    case ErrorField::random: {
      Rng rng(inexactness.seed);
      constexpr int waves = 8;
      const Vector even = rng.normal_vector(waves + 1);
      const Vector odd = rng.normal_vector(waves + 1);
      Vector field(grid.points());
      for (Index i = 0; i < grid.points(); ++i) {
        const double angle = std::numbers::pi * normal_cdf(grid.nodes()[i]);
        double sum = 0.0;
        for (int k = 0; k <= waves; ++k) {
          sum += (even[k] * std::cos(k * angle) + odd[k] * std::sin(k * angle)) / (1.0 + k);
        }
        field[i] = sum;
      }
      tilted.tilt = scaled(std::move(field));
      break;
    }
    case ErrorField::adversarial: {
      // It depends little on where exactly the step ends: six rounds settle it.
      tilted.tilt = scaled(current.values() - target.values());
      for (int round = 0; round < 6; ++round) {
        const LineJkoResult guess = line_jko_step(current, G, step_size, tilted);
        tilted.tilt = scaled(guess.step.values() - target.values());
      }
      break;
    }
  }
  return line_jko_step(current, G, step_size, tilted);
}

}  // namespace flowcheck
