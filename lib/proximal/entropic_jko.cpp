#include "proximal/entropic_jko.hpp"

#include "numerics/require.hpp"
#include "numerics/round_off.hpp"
#include "numerics/vector_exp.hpp"

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>
#include <vector>

namespace flowcheck {
namespace {

constexpr std::array<double, 3> through_second_order = {8.0 / 3.0, -2.0, 1.0 / 3.0};
constexpr std::array<double, 3> through_first_order = {2.0, -1.0, 0.0};
constexpr double amplification = 5.0;  // the sum of the first three's absolute values

enum class Sum {
  logarithmic,  // log Σ e^t
  largest,      // max t: its limit at a kernel of variance 0
};

// Of t = table(i, k) + f(i, l) over i, at (l, k): twice in a row it is a separable kernel on both
// axes, the plane as it was. Terms below e⁻⁵⁰ of the largest at both ends are left out.
PlaneArray swept(const PlaneArray& table, const PlaneArray& f, Sum sum) {
  const Index size = f.rows();
  PlaneArray result = PlaneArray::Constant(f.cols(), table.cols(), -infinity);
  std::vector<double> terms(static_cast<std::size_t>(size));
  double* const t = terms.data();
  for (Index l = 0; l < f.cols(); ++l) {
    const double* const line = f.data() + l * size;
    Index first = 0;
    Index last = size - 1;
    while (first <= last && line[first] == -infinity) ++first;
    while (first <= last && line[last] == -infinity) --last;
    if (first > last) continue;
    for (Index k = 0; k < table.cols(); ++k) {
      const double* const kernel = table.data() + k * size;
      // Four maxima at a time: each waits for its last comparison.
      std::array<double, 4> tops;
      tops.fill(-infinity);
      for (Index i = first; i <= last; ++i) {
        t[i] = kernel[i] + line[i];
        double& lane = tops[static_cast<std::size_t>(i % 4)];
        lane = std::max(lane, t[i]);
      }
      const double top = *std::max_element(tops.begin(), tops.end());
      if (sum == Sum::largest) {
        result(l, k) = top;
        continue;
      }
      const double least = top - 50.0;
      Index from = first;
      Index to = last;
      while (t[from] < least) ++from;
      while (t[to] < least) --to;
      for (Index i = from; i <= to; ++i) t[i] -= top;
      const std::span<double> kept(t + from, static_cast<std::size_t>(to - from + 1));
      vector_exp(kept, kept);
      double total = 0.0;
      for (const double e : kept) total += e;
      result(l, k) = top + std::log(total);
    }
  }
  return result;
}

// e^a, and 0 at −∞: Eigen's vectorised form has the least normal number there.
PlaneArray exp_of(const PlaneArray& a) {
  return (a > -infinity).select(a.exp(), 0.0);
}

// log of the Gaussian kernel of one axis between the centres of two grids, up to a constant.
PlaneArray log_kernel(const Eigen::ArrayXd& from, const Eigen::ArrayXd& to, double variance) {
  PlaneArray table(from.size(), to.size());
  for (Index k = 0; k < to.size(); ++k) table.col(k) = -(from - to(k)).square() / (2.0 * variance);
  return table;
}

struct Centres {
  explicit Centres(const PlaneGrid& grid) : x(grid.cells()), y(grid.cells()) {
    for (Index i = 0; i < grid.cells(); ++i) {
      x(i) = grid.x(i);
      y(i) = grid.y(i);
    }
  }
  Eigen::ArrayXd x;
  Eigen::ArrayXd y;
};

class Kernel {
 public:
  Kernel(const Centres& from, const Centres& to, double variance)
      : x_(log_kernel(from.x, to.x, variance)), y_(log_kernel(from.y, to.y, variance)) {}
  PlaneArray operator()(const PlaneArray& f, Sum sum = Sum::logarithmic) const {
    return swept(y_, swept(x_, f, sum), sum);
  }

 private:
  PlaneArray x_;
  PlaneArray y_;
};

struct Plan {
  double tau = 0.0;
  double scale = 1.0;     // β = 1/(1 + (1 − θ)τ): log p'_τ = β(log q + τ log z) + constant
  PlaneArray log_b = {};  // finite everywhere, as is log z
  PlaneArray log_z = {};
  PlaneArray log_weight = {};  // of p'_τ: the weights' sum is 1
  PlaneArray map_x = {};       // E(x | y)
  PlaneArray map_y = {};
  double cost = 0.0;
  double residual = infinity;
  int iterations = 0;
  Termination termination = Termination::running;
};

// The regularised problem on one pair of grids: of p, and of p' and q.
class Scaling {
 public:
  Scaling(const PlaneGrid& from,
          PlaneArray log_p,
          const PlaneGrid& to,
          const PlaneArray& log_q,
          const EntropicJkoOptions& options)
      : from_(from),
        to_(to),
        corner_x_(from.rectangle().left),
        corner_y_(from.rectangle().bottom),
        log_p_(std::move(log_p)),
        options_(options) {
    const Eigen::Array<bool, Eigen::Dynamic, Eigen::Dynamic> outside = log_q == -infinity;
    log_q_ = outside.select(0.0, log_q);
    barrier_ = outside.select(PlaneArray::Constant(log_q.rows(), log_q.cols(), -infinity), 0.0);
    log_p_ -= log_sum(log_p_);
    log_q_ -= log_sum(log_q_ + barrier_);
  }

  const PlaneArray& log_q() const { return log_q_; }      // a constant where q is 0
  const PlaneArray& barrier() const { return barrier_; }  // −∞ there, 0 elsewhere

  // From log b = start.
  Plan solved(double tau, PlaneArray start) const {
    const double variance = options_.step_size * tau;
    const Kernel forth(from_, to_, variance);
    const Kernel back(to_, from_, variance);
    const double theta = options_.debiasing;
    Plan plan{.tau = tau, .scale = 1.0 / (1.0 + (1.0 - theta) * tau)};

    // Nesterov's momentum for a linear problem whose spectrum lies in [0, ρ], taken anew from rest
    // where the residual grows.
    const double root = std::sqrt(tau * plan.scale);  // √(1 − ρ)
    const double momentum = (1.0 - root) / (1.0 + root);
    PlaneArray last = start;
    PlaneArray log_a;
    for (plan.iterations = 1;; ++plan.iterations) {
      log_a = log_p_ - back(start + barrier_);
      plan.log_z = forth(log_a);
      plan.log_weight = plan.scale * (log_q_ + tau * plan.log_z);
      plan.log_weight -= log_sum(plan.log_weight + barrier_);
      PlaneArray next = plan.log_weight - plan.log_z;
      const PlaneArray change = next - start;
      const double residual = oscillation(change);
      const bool worse = residual > plan.residual;
      plan.residual = residual;
      if (!std::isfinite(residual))
        plan.termination = Termination::not_finite;
      else if (residual <= options_.residual_tolerance)
        plan.termination = Termination::converged;
      else if (plan.iterations >= options_.max_iterations)
        plan.termination = Termination::iteration_limit;
      if (plan.termination != Termination::running) break;
      start = worse ? next : PlaneArray(next + momentum * (next - last));
      last = std::move(next);
    }
    plan.log_b = std::move(start);
    plan.log_weight += barrier_;
    measure(plan, forth, log_a);
    return plan;
  }

  // Kantorovich's dual value for W₂²(p, p'_τ) at ψ, its other potential being the best there is.
  double dual_value(const PlaneArray& psi, const Plan& plan) const {
    const double twice = 2.0 * options_.step_size * plan.tau;
    const PlaneArray phi =
        -twice * Kernel(to_, from_, 0.5 * twice)(psi / twice + barrier_, Sum::largest);
    return (exp_of(log_p_) * (log_p_ > -infinity).select(phi, 0.0)).sum() +
           (exp_of(plan.log_weight) * psi).sum();
  }

 private:
  double oscillation(const PlaneArray& f) const {
    return (f + barrier_).maxCoeff() - (f - barrier_).minCoeff();
  }

  // Barycentres, by sums with positive weights, and the cost, by second moments about the corner.
  void measure(Plan& plan, const Kernel& forth, const PlaneArray& log_a) const {
    const Eigen::ArrayXd x = from_.x - corner_x_;
    const Eigen::ArrayXd y = from_.y - corner_y_;
    plan.map_x = (forth(log_a.colwise() + x.log()) - plan.log_z).exp();
    plan.map_y = (forth(log_a.rowwise() + y.log().transpose()) - plan.log_z).exp();
    const PlaneArray p = exp_of(log_p_);
    const PlaneArray w = exp_of(plan.log_weight);
    const Eigen::ArrayXd u = to_.x - corner_x_;
    const Eigen::ArrayXd v = to_.y - corner_y_;
    const PlaneArray inner = plan.map_x.colwise() * u + plan.map_y.rowwise() * v.transpose();
    plan.cost = (p.rowwise().sum() * x.square()).sum() +
                (p.colwise().sum().transpose() * y.square()).sum() +
                (w.rowwise().sum() * u.square()).sum() +
                (w.colwise().sum().transpose() * v.square()).sum() - 2.0 * (w * inner).sum();
    plan.map_x += corner_x_;
    plan.map_y += corner_y_;
  }

  Centres from_;
  Centres to_;
  double corner_x_;
  double corner_y_;
  PlaneArray log_p_;
  PlaneArray log_q_;
  PlaneArray barrier_;
  const EntropicJkoOptions& options_;
};

// log p' = scale·log q + correction, of mass 1, a combination of some plans, and its numbers.
struct Combination {
  double scale = 0.0;
  PlaneArray correction = {};
  PlaneArray weight = {};
  PlaneMoments of_density = {};
  double kl = 0.0;
  double cost = 0.0;
  double largest_log_ratio = 0.0;
};

Combination combination(const PlaneGrid& grid,
                        const Scaling& scaling,
                        std::span<const Plan> plans,
                        std::span<const double> coefficients) {
  Combination c;
  c.correction = PlaneArray::Zero(grid.cells(), grid.cells());
  for (std::size_t k = 0; k < plans.size(); ++k) {
    const double part = coefficients[k] * plans[k].scale;
    c.scale += part;
    c.correction += part * plans[k].tau * plans[k].log_z;
    c.cost += coefficients[k] * plans[k].cost;
  }
  const PlaneArray log_weight = c.scale * scaling.log_q() + c.correction + scaling.barrier();
  const double total = log_sum(log_weight);
  c.correction -= total;
  c.weight = exp_of(log_weight - total);
  c.of_density = plane_moments(grid, c.weight);
  const PlaneArray log_ratio = (c.scale - 1.0) * scaling.log_q() + c.correction;
  c.kl = (c.weight * log_ratio).sum();
  c.largest_log_ratio = (scaling.barrier() < 0.0).select(0.0, log_ratio).abs().maxCoeff();
  return c;
}

double least_regularisation(const EntropicJkoOptions& options) {
  const double cells = static_cast<double>(options.cells);
  const double h = std::max(options.rectangle.width(), options.rectangle.height()) / cells;
  return h * h / options.step_size;
}

void check_options(const EntropicJkoOptions& options) {
  require(std::isfinite(options.step_size) && options.step_size > 0.0,
          "entropic_jko_step: the step size must be positive");
  require(options.cells >= 32 && options.cells % 4 == 0,
          "entropic_jko_step: cells must be a multiple of 4, and 32 at least");
  require(options.debiasing >= 0.0 && options.debiasing <= 1.0,
          "entropic_jko_step: the debiasing must be in [0, 1]");
  require(options.residual_tolerance > 0.0,
          "entropic_jko_step: the residual tolerance must be positive");
  require(options.max_iterations >= 1, "entropic_jko_step: at least one iteration");
  require(options.regularisation == 0.0 ||
              options.regularisation >= (1.0 - 1e-9) * least_regularisation(options),
          "entropic_jko_step: the regularisation must be 0, or the cell's side squared over the "
          "step size at least");
  require(options.regularisation <= 0.25,
          "entropic_jko_step: the regularisation must be at most 1/4");
  require(options.regularisation > 0.0 || least_regularisation(options) <= 0.25,
          "entropic_jko_step: cells too large for the step, whose square root must be two of them");
}

// Some mass, and not an infinite one.
bool has_mass(const PlaneArray& log_density) {
  return !log_density.isNaN().any() && std::isfinite(log_density.maxCoeff());
}

PlaneArray log_target(const PlaneGrid& grid, const PlaneFunction& potential) {
  const PlaneArray log_q = grid.sample([&](double x, double y) { return -potential(x, y).value; });
  require(has_mass(log_q), "entropic_jko_step: V is not a number, or q has no mass on the grid");
  return log_q;
}

PlaneArray log_current(const PlaneGrid& grid, const PlaneFunction& current) {
  const PlaneArray log_p = grid.sample([&](double x, double y) { return current(x, y).value; });
  require(has_mass(log_p),
          "entropic_jko_step: log p is not a number, or p has no mass on the grid");
  return log_p;
}

// p of the step as it stands on a grid.
struct Start {
  const PlaneGrid* grid = nullptr;
  PlaneArray log_p = {};
};

// ‖∇V + ∇log p' − (T − Id)/γ‖: ∇log z is (T_τ − Id)/(γτ) exactly.
double first_order_residual(const PlaneGrid& grid,
                            const PlaneFunction& potential,
                            std::span<const Plan> plans,
                            const Combination& c,
                            double gamma) {
  double sum = 0.0;
  for (Index j = 0; j < grid.cells(); ++j)
    for (Index i = 0; i < grid.cells(); ++i) {
      if (!(c.weight(i, j) > 0.0)) continue;
      const PlaneValue V = potential(grid.x(i), grid.y(j));
      double xi_x = (1.0 - c.scale) * V.dx;
      double xi_y = (1.0 - c.scale) * V.dy;
      for (std::size_t k = 0; k < plans.size(); ++k) {
        const double part = through_second_order[k] * (plans[k].scale - 1.0) / gamma;
        xi_x += part * (plans[k].map_x(i, j) - grid.x(i));
        xi_y += part * (plans[k].map_y(i, j) - grid.y(j));
      }
      sum += c.weight(i, j) * (xi_x * xi_x + xi_y * xi_y);
    }
  return std::sqrt(sum);
}

EntropicJkoResult step_from(const Start& start,
                            const Start& half_start,
                            double current_outside,
                            const PlaneFunction& potential,
                            const EntropicJkoOptions& options) {
  const double gamma = options.step_size;
  const PlaneGrid grid(options.rectangle, options.cells);
  const PlaneGrid half(options.rectangle, options.cells / 2);
  const PlaneArray log_q = log_target(grid, potential);
  const Scaling scaling(*start.grid, start.log_p, grid, log_q, options);
  const Scaling half_scaling(*half_start.grid, half_start.log_p, half, log_target(half, potential),
                             options);

  const double tau =
      options.regularisation > 0.0 ? options.regularisation : least_regularisation(options);
  std::array<Plan, 3> plans;
  EntropicJkoResult result;
  result.termination = Termination::converged;
  const auto account = [&result](const Plan& plan) {
    result.iterations += plan.iterations;
    result.residual = std::max(result.residual, plan.residual);
    if (plan.termination != Termination::converged) result.termination = plan.termination;
  };
  constexpr std::array<double, 1> alone = {1.0};
  // From the largest τ down, each starting from the potential τ log b of the last.
  PlaneArray log_b = PlaneArray::Zero(options.cells, options.cells);
  for (std::size_t k = plans.size(); k-- > 0;) {
    plans[k] = scaling.solved(std::ldexp(tau, static_cast<int>(k)), log_b);
    log_b = 2.0 * plans[k].log_b;
    account(plans[k]);
    const Combination own = combination(grid, scaling, std::span(plans).subspan(k, 1), alone);
    result.levels[k] = {.regularisation = plans[k].tau,
                        .density = own.weight / grid.cell_area(),
                        .mean = own.of_density.mean,
                        .covariance = own.of_density.covariance,
                        .kl = own.kl,
                        .transport_cost = own.cost,
                        .residual = plans[k].residual,
                        .iterations = plans[k].iterations,
                        .termination = plans[k].termination};
  }
  const Plan half_plan =
      half_scaling.solved(plans[2].tau, PlaneArray::Zero(half.cells(), half.cells()));
  account(half_plan);
  const Combination coarse = combination(half, half_scaling, std::span(&half_plan, 1), alone);
  const EntropicJkoLevel& level = result.levels[2];
  const Combination fine = combination(grid, scaling, plans, through_second_order);
  const Combination lower = combination(grid, scaling, plans, through_first_order);

  result.density = fine.weight / grid.cell_area();
  result.map_x = PlaneArray::Zero(grid.cells(), grid.cells());
  result.map_y = result.map_x;
  for (std::size_t k = 0; k < plans.size(); ++k) {
    result.map_x += through_second_order[k] * plans[k].map_x;
    result.map_y += through_second_order[k] * plans[k].map_y;
  }
  // The scaling's log q is −V but for a constant.
  const double log_shift = fine.scale * (-log_sum(log_q)) - std::log(grid.cell_area());
  result.log_density = [potential, correction = interpolated(grid, fine.correction),
                        scale = fine.scale, log_shift](double x, double y) {
    const PlaneValue V = potential(x, y);
    const PlaneValue f = correction(x, y);
    return PlaneValue{.value = f.value - scale * V.value + log_shift,
                      .dx = f.dx - scale * V.dx,
                      .dy = f.dy - scale * V.dy};
  };

  double target_outside = 0.0;
  if (options.domain == PlaneDomain::plane) {
    result.outside_mass = std::max(current_outside, mass_beyond(grid, fine.weight));
    target_outside = mass_beyond(grid, exp_of(log_q - log_q.maxCoeff()));
  }
  const double diameter = std::hypot(options.rectangle.width(), options.rectangle.height());
  const double largest =
      std::max({std::abs(options.rectangle.left), std::abs(options.rectangle.right),
                std::abs(options.rectangle.bottom), std::abs(options.rectangle.top)});
  // Of the density, relative: what the iterations left, and what exponents of that size lose.
  const double exponent = diameter * diameter / (2.0 * gamma * tau);
  const double noise = amplification * (result.residual + round_off(exponent, 2));
  const double moved = 2.0 * result.outside_mass + noise;
  const double unsolved = result.termination == Termination::converged ? 0.0 : infinity;
  // From the extrapolation, the one of lower order, and 4τ on both grids.
  const auto estimate = [&](double value, double of_lower_order, double at_four, double on_half,
                            double reach, double scale) {
    return Estimate::converged(value,
                               std::abs(value - of_lower_order) +
                                   through_second_order[0] * std::abs(at_four - on_half) +
                                   moved * reach + unsolved,
                               round_off(scale, 2));
  };
  for (std::size_t i = 0; i < 2; ++i)
    result.mean[i] = estimate(fine.of_density.mean[i], lower.of_density.mean[i], level.mean[i],
                              coarse.of_density.mean[i], diameter, largest);
  for (std::size_t i = 0; i < 3; ++i)
    result.covariance[i] =
        estimate(fine.of_density.covariance[i], lower.of_density.covariance[i], level.covariance[i],
                 coarse.of_density.covariance[i], diameter * diameter, largest * largest);
  result.kl = estimate(fine.kl, lower.kl, level.kl, coarse.kl, 1.0 + fine.largest_log_ratio,
                       fine.largest_log_ratio);
  result.kl = result.kl + Estimate::converged(0.0, target_outside);
  result.squared_w2 = estimate(fine.cost, lower.cost, level.transport_cost, coarse.cost,
                               diameter * diameter, diameter * diameter);

  const PlaneArray psi = -2.0 * gamma * ((fine.scale - 1.0) * scaling.log_q() + fine.correction);
  const double dual = std::min(scaling.dual_value(psi, plans[0]), plans[0].cost);
  const double slack =
      2.0 * (plans[0].residual + round_off(exponent, 2)) * diameter * diameter + unsolved;
  result.squared_w2_bracket = Estimate::between(dual, dual - round_off(diameter * diameter, 2),
                                                plans[0].cost + slack, Grade::converged);
  result.first_order_error = Estimate::between(
      first_order_residual(grid, potential, plans, fine, gamma), 0.0, infinity, Grade::converged);
  return result;
}

}  // namespace

EntropicJkoResult entropic_jko_step(const PlaneFunction& current,
                                    const PlaneFunction& potential,
                                    const EntropicJkoOptions& options) {
  check_options(options);
  const PlaneGrid grid(options.rectangle, options.cells);
  const PlaneGrid half(options.rectangle, options.cells / 2);
  const Start start{.grid = &grid, .log_p = log_current(grid, current)};
  const Start half_start{.grid = &half, .log_p = log_current(half, current)};
  const double log_mass = log_sum(start.log_p) + std::log(grid.cell_area());
  const double outside = std::max(std::abs(std::expm1(log_mass)),
                                  mass_beyond(grid, exp_of(start.log_p - start.log_p.maxCoeff())));
  return step_from(start, half_start, outside, potential, options);
}

EntropicJkoResult entropic_jko_step(const PlaneArray& masses,
                                    const PlaneFunction& potential,
                                    const EntropicJkoOptions& options) {
  check_options(options);
  require(masses.rows() == options.cells && masses.cols() == options.cells,
          "entropic_jko_step: the masses are not of the grid's size");
  require((masses >= 0.0).all() && masses.allFinite() && masses.maxCoeff() > 0.0,
          "entropic_jko_step: the masses must be finite, not negative, and not all zero");
  const PlaneGrid grid(options.rectangle, options.cells);
  const Start start{.grid = &grid, .log_p = masses.log()};
  return step_from(start, start, 0.0, potential, options);
}

}  // namespace flowcheck
