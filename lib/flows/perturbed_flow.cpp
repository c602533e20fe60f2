#include "flows/perturbed_flow.hpp"

#include "interpolation/velocity.hpp"
#include "measures/enclosing_ball.hpp"
#include "numerics/adaptive_quadrature.hpp"
#include "numerics/require.hpp"
#include "numerics/round_off.hpp"
#include "numerics/special_functions.hpp"

#include <boost/math/tools/minima.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>
#include <utility>

namespace flowcheck {
namespace {

constexpr double noise_reach = 8.5;  // beyond, 2e-17 of the mass

FlowTime grid_time(int j, int n) {
  return {.t = static_cast<double>(j) / n, .remaining = static_cast<double>(n - j) / n};
}

double mean_square(const Matrix& columns, const Vector& weights) {
  return columns.colwise().squaredNorm().dot(weights);
}

// Simpson's rule for values at t = 0, 1/n, …, 1, n even.
double simpson(const std::vector<double>& f) {
  const std::size_t n = f.size() - 1;
  double sum = f.front() + f.back();
  for (std::size_t j = 1; j < n; ++j) sum += (j % 2 == 1 ? 4.0 : 2.0) * f[j];
  return sum / (3.0 * static_cast<double>(n));
}

// ∫ from t_j to 1 of the same, for every j: Simpson on pairs of cells from the right; an odd number
// of cells ends in one by the cubic through the last four values.
std::vector<double> integrals_to_end(const std::vector<double>& f) {
  const std::size_t n = f.size() - 1;
  const double h = 1.0 / static_cast<double>(n);
  std::vector<double> result(n + 1, 0.0);
  result[n - 1] = h / 24.0 * (9.0 * f[n] + 19.0 * f[n - 1] - 5.0 * f[n - 2] + f[n - 3]);
  for (std::size_t j = n - 1; j-- > 0;) {
    result[j] = result[j + 2] + h / 3.0 * (f[j] + 4.0 * f[j + 1] + f[j + 2]);
  }
  return result;
}

// What is not known to any accuracy; a value beyond double is shown as infinite.
Estimate unresolved(double value) {
  const double shown = std::isfinite(value) ? std::max(value, 0.0) : infinity;
  return Estimate::between(shown, 0.0, infinity, Grade::converged);
}

// √(ab) for a, b ≥ 0.
Estimate geometric_mean(const Estimate& a, const Estimate& b) {
  if (!(a.upper < infinity && b.upper < infinity)) {
    return unresolved(std::sqrt(a.value) * std::sqrt(b.value));
  }
  return sqrt(a * b);
}

// ∫ e^{2∫_s^1 λ} ds, by Simpson's rule on as fine a grid as a peak of it needs: no flow is carried
// for it, so that a grid is cheap.
Estimate growth(const std::function<double(const FlowTime&)>& rate) {
  constexpr int finest = 1 << 14;
  double before = infinity;
  for (int n = 64;; n *= 2) {
    std::vector<double> values(static_cast<std::size_t>(n) + 1);
    for (int j = 0; j <= n; ++j) values[static_cast<std::size_t>(j)] = rate(grid_time(j, n));
    values = integrals_to_end(values);
    double largest = 0.0;
    for (double& g : values) {
      largest = std::max(largest, std::abs(g));
      g = std::exp(2.0 * g);
    }
    const double value = simpson(values);
    const double difference = std::abs(value - before);
    if (!std::isfinite(value)) return unresolved(value);
    if (difference <= 1e-14 * value || n == finest) {
      return Estimate::converged(value, difference, round_off((1.0 + largest) * value, 1));
    }
    before = value;
  }
}

// What is integrated along the flows, at one resolution.
struct StabilityValues {
  double coupling = 0.0;
  double minkowski = 0.0;
  double mixed_up = 0.0;
  double along_exact = 0.0;      // ∫ ‖δ‖²_{L²(Law X_s)} ds
  double along_perturbed = 0.0;  // ∫ ‖δ‖²_{L²(Law Y_s)} ds
};

// ∫ Lip(X_{s,1})² ds, to round-off: a sharper peak than the steps see where R/σ is large.
Estimate squared_lipschitz(const StableFlow& flow) {
  bool finite = true;
  const Estimate integral = quadrature(
      [&](double t) -> Estimate {
        const double value = std::exp(2.0 * flow.log_lipschitz(FlowTime::from_start(t)));
        finite = finite && std::isfinite(value);
        return finite ? value : 0.0;
      },
      {0.0, 0.5, 1.0}, {.relative_tolerance = 1e-14, .most_panels = 1'000});
  return finite ? integral : unresolved(infinity);
}

// sup λ̃: around the largest of its values on the grid, by Brent's method.
double largest_rate(const std::function<double(const FlowTime&)>& rate_at, int n) {
  std::vector<double> rate(static_cast<std::size_t>(n) + 1);
  for (int i = 0; i <= n; ++i) rate[static_cast<std::size_t>(i)] = rate_at(grid_time(i, n));
  const auto best = std::max_element(rate.begin(), rate.end());
  const std::ptrdiff_t j = best - rate.begin();
  if (!std::isfinite(*best)) return *best;
  const auto minus_rate = [&](double t) { return -rate_at(FlowTime::from_start(t)); };
  const double h = 1.0 / n;
  const auto found = boost::math::tools::brent_find_minima(
      minus_rate, h * static_cast<double>(std::max<std::ptrdiff_t>(j - 1, 0)),
      h * static_cast<double>(std::min<std::ptrdiff_t>(j + 1, n)), 40);
  return std::max(*best, -found.second);
}

StabilityValues stability_at(const StableFlow& flow,
                             const VelocityError& error,
                             int steps,
                             int nodes) {
  const NoiseRule rule = noise_rule(flow.dimension, nodes);
  const auto samples = static_cast<std::size_t>(steps + 1);
  std::vector<double> exact_error(samples), perturbed_error(samples), lipschitz(samples);
  Matrix exact_end, perturbed_end;
  carry(flow.velocity, rule.nodes, steps, [&](int j, const FlowTime& time, const Matrix& x) {
    const auto at = static_cast<std::size_t>(j);
    exact_error[at] = mean_square(error.value(time, x), rule.weights);
    lipschitz[at] = std::exp(flow.log_lipschitz(time));
    exact_end = x;
  });
  const BatchField perturbed = [&](const FlowTime& time, const Matrix& x) -> Matrix {
    return flow.velocity(time, x) + error.value(time, x);
  };
  carry(perturbed, rule.nodes, steps, [&](int j, const FlowTime& time, const Matrix& x) {
    perturbed_error[static_cast<std::size_t>(j)] = mean_square(error.value(time, x), rule.weights);
    perturbed_end = x;
  });

  std::vector<double> weighted(samples), mixed(samples);
  for (std::size_t j = 0; j < samples; ++j) {
    weighted[j] = lipschitz[j] * std::sqrt(perturbed_error[j]);
    mixed[j] = lipschitz[j] * std::sqrt(exact_error[j]);
  }
  return {.coupling = std::sqrt(mean_square(perturbed_end - exact_end, rule.weights)),
          .minkowski = simpson(weighted),
          .mixed_up = simpson(mixed),
          .along_exact = simpson(exact_error),
          .along_perturbed = simpson(perturbed_error)};
}

// What three step sizes say, each half of the last. A method of order 4 shrinks its differences by
// 16: where they shrink by 8 the last error is below a quarter of the last difference; where they
// do not shrink by 2, and not because one of them happens to be next to nothing, nothing is known:
// the flow is too stiff for these steps.
Estimate refined_value(double fine, double middle, double coarse) {
  const double last = std::abs(fine - middle);
  const double before = std::abs(middle - coarse);
  const double rounding = round_off(1e-3 + std::abs(fine), 16);
  if (!std::isfinite(last) || !std::isfinite(before)) return unresolved(fine);
  if (last <= rounding) return Estimate::converged(fine, last, rounding);
  if (last <= before / 8.0) return Estimate::converged(fine, 0.25 * last, rounding);
  constexpr double next_to_nothing = 1e-8;
  const bool small = std::max(last, before) <= next_to_nothing * std::abs(fine);
  if (last <= before / 2.0 || small) {
    return Estimate::converged(fine, std::max(last, small ? before : 0.0), rounding);
  }
  return unresolved(fine);
}

// StabilityValues at three numbers of steps, each twice the last, and at half the nodes.
class Refinement {
 public:
  Refinement(const StableFlow& flow, const VelocityError& error, const StabilityOptions& options)
      : flow_(flow),
        error_(error),
        nodes_(options.nodes),
        steps_(options.steps),
        fine_(at(steps_)),
        middle_(at(steps_ / 2)),
        coarse_(at(steps_ / 4)) {
    for (int doublings = 0; doublings < 3 && !resolved(); ++doublings) {
      steps_ *= 2;
      coarse_ = middle_;
      middle_ = fine_;
      fine_ = at(steps_);
    }
    sparse_ = stability_at(flow_, error_, steps_ / 4, nodes_ / 2);
  }

  // Of a number that is not negative.
  Estimate operator()(double StabilityValues::*member) const {
    const double nodes_error = std::abs(coarse_.*member - sparse_.*member);
    Estimate result = widened(of_steps(member), std::isfinite(nodes_error) ? nodes_error : 0.0);
    result.lower = std::max(result.lower, 0.0);
    return result;
  }

 private:
  StabilityValues at(int steps) const { return stability_at(flow_, error_, steps, nodes_); }

  Estimate of_steps(double StabilityValues::*member) const {
    return refined_value(fine_.*member, middle_.*member, coarse_.*member);
  }

  // Of all that bounds are made of.
  bool resolved() const {
    for (const auto member : {&StabilityValues::coupling, &StabilityValues::minkowski,
                              &StabilityValues::along_exact, &StabilityValues::along_perturbed}) {
      if (!(of_steps(member).upper < infinity)) return false;
    }
    return true;
  }

  const StableFlow& flow_;
  const VelocityError& error_;
  int nodes_;
  int steps_;
  StabilityValues fine_;
  StabilityValues middle_;
  StabilityValues coarse_;
  StabilityValues sparse_;
};

// e₁ times a value for each column.
Matrix along_first(const Vector& values, Index dimension) {
  Matrix result = Matrix::Zero(dimension, values.size());
  result.row(0) = values.transpose();
  return result;
}

}  // namespace

NoiseRule noise_rule(Index dimension, int nodes) {
  require(dimension == 1 || dimension == 2, "noise_rule: only d = 1 and 2");
  require(nodes >= 2, "noise_rule: at least two nodes");
  const double h = 2.0 * noise_reach / nodes;
  const Index side = nodes + 1;
  const Vector z = Vector::LinSpaced(side, -noise_reach, noise_reach);
  const Vector w = (-0.5 * z.array().square()).exp() * h / std::sqrt(2.0 * std::numbers::pi);
  if (dimension == 1) return {.nodes = z.transpose(), .weights = w};

  NoiseRule rule{.nodes = Matrix(2, side * side), .weights = Vector(side * side)};
  Index kept = 0;
  for (Index i = 0; i < side; ++i) {
    for (Index j = 0; j < side; ++j) {
      if (std::hypot(z[i], z[j]) > noise_reach) continue;
      rule.nodes.col(kept) << z[i], z[j];
      rule.weights[kept++] = w[i] * w[j];
    }
  }
  return {.nodes = rule.nodes.leftCols(kept), .weights = rule.weights.head(kept)};
}

Estimate over_noise(const std::function<double(double z)>& g) {
  constexpr double reach = 12.0;
  constexpr double map_error = 1e-12;  // of quantiles, relative to what they are made of
  bool finite = true;
  const Estimate result = quadrature(
      [&](double z) {
        const double gap = g(z);
        finite = finite && std::isfinite(gap);
        if (!finite) return Estimate(0.0);
        const double density = normal_density(z);
        const double error = map_error * (1.0 + std::abs(gap) + std::abs(z));
        return Estimate::closed_form(gap * gap * density,
                                     (2.0 * std::abs(gap) + error) * error * density);
      },
      {-reach, 0.0, reach}, {.relative_tolerance = 1e-13});
  return finite ? result : Estimate(std::numeric_limits<double>::quiet_NaN());
}

void carry(const BatchField& field,
           Matrix x,
           int steps,
           const std::function<void(int, const FlowTime&, const Matrix&)>& at) {
  require(steps >= 1, "carry: at least one step");
  const double h = 1.0 / steps;
  at(0, grid_time(0, 2 * steps), x);
  for (int j = 0; j < steps; ++j) {
    const FlowTime middle = grid_time(2 * j + 1, 2 * steps);
    const FlowTime end = grid_time(2 * j + 2, 2 * steps);
    const Matrix k1 = field(grid_time(2 * j, 2 * steps), x);
    const Matrix k2 = field(middle, x + 0.5 * h * k1);
    const Matrix k3 = field(middle, x + 0.5 * h * k2);
    const Matrix k4 = field(end, x + h * k3);
    x += h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4);
    at(j + 1, end, x);
  }
}

StableFlow stable_flow(const GaussianMixture& target, const Schedule& schedule) {
  const double variance = target.common_variance();
  require(variance > 0.0, "stable_flow: the components need one covariance σ²I, σ > 0");
  require(schedule.starts_from_noise(), "stable_flow: the schedule has to start from noise");
  const double R = target.size() == 1   ? 0.0
                   : target.size() == 2 ? 0.5 * diameter(target.means()).upper
                                        : enclosing_ball(target.means()).radius.upper;
  const DataLawPointer law = data_law(target);
  StableFlow flow{.dimension = target.dimension()};
  flow.velocity = [law, schedule](const FlowTime& time, const Matrix& x) {
    return velocities(*law, schedule, time, x);
  };
  flow.log_lipschitz = [=](const FlowTime& time) {
    const ScheduleValues s = schedule.values(time);
    const double S = s.a * s.a + variance * s.b * s.b;
    return 0.5 * std::log(variance / S) + 0.5 * R * R * s.a * s.a / (variance * S);
  };
  flow.one_sided = [=](const FlowTime& time) {
    const ScheduleValues s = schedule.values(time);
    const double S = s.a * s.a + variance * s.b * s.b;
    return (s.half_variance_rate + variance * s.b * s.b_dot) / S +
           s.b * s.a_wronskian() * R * R / (S * S);
  };
  return flow;
}

StableFlow linear_growth(double C, Index dimension) {
  return {.dimension = dimension,
          .velocity = [C](const FlowTime&, const Matrix& x) -> Matrix { return C * x; },
          .log_lipschitz = [C](const FlowTime& time) { return C * time.remaining; },
          .one_sided = [C](const FlowTime&) { return C; }};
}

std::vector<VelocityError> velocity_errors(double size, Index dimension) {
  const auto constant = [](double value) { return [value](const FlowTime&) { return value; }; };
  const double bump_slope = 2.0 / std::sqrt(std::numbers::e);  // of e^{−2x²}, at x = −½
  std::vector<VelocityError> errors(4);
  errors[0] = {.name = "shift", .value = {}, .one_sided = constant(0.0)};
  errors[0].value = [size](const FlowTime&, const Matrix& x) {
    return along_first(Vector::Constant(x.cols(), size), x.rows());
  };
  errors[1] = {.name = "sine", .value = {}, .one_sided = constant(3.0 * std::abs(size))};
  errors[1].value = [size](const FlowTime&, const Matrix& x) {
    return along_first(size * (3.0 * x.row(0).transpose().array()).sin(), x.rows());
  };
  errors[2] = {.name = "growth", .value = {}, .one_sided = constant(size)};
  errors[2].value = [size](const FlowTime&, const Matrix& x) -> Matrix { return size * x; };
  errors[3] = {.name = "bump", .value = {}, .one_sided = constant(bump_slope * std::abs(size))};
  errors[3].value = [size](const FlowTime&, const Matrix& x) {
    return along_first(size * (-2.0 * x.row(0).transpose().array().square()).exp(), x.rows());
  };
  if (dimension >= 2) {
    errors.push_back({.name = "rotation", .value = {}, .one_sided = constant(0.0)});
    errors.back().value = [size](const FlowTime&, const Matrix& x) {
      Matrix result = Matrix::Zero(x.rows(), x.cols());
      result.row(0) = -size * x.row(1);
      result.row(1) = size * x.row(0);
      return result;
    };
  }
  return errors;
}

VelocityError aligned_error(const StableFlow& flow, double size) {
  VelocityError error{.name = "aligned", .value = {}, .one_sided = {}};
  error.value = [flow, size](const FlowTime& time, const Matrix& x) {
    const double length = size * std::exp(flow.log_lipschitz(time));
    return along_first(Vector::Constant(x.cols(), length), x.rows());
  };
  error.one_sided = [](const FlowTime&) { return 0.0; };
  return error;
}

Stability stability(const StableFlow& flow,
                    const VelocityError& error,
                    const StabilityOptions& options) {
  require(options.steps >= 16 && options.steps % 8 == 0,
          "stability: steps must be a multiple of 8, at least 16");
  require(options.nodes >= 8 && options.nodes % 2 == 0,
          "stability: nodes must be even, at least 8");
  const Refinement refined(flow, error, options);
  const auto perturbed_rate = [&](const FlowTime& time) {
    return flow.one_sided(time) + error.one_sided(time);
  };
  const double C = largest_rate(perturbed_rate, options.steps);
  const double uniform = C == 0.0 ? 1.0 : std::expm1(2.0 * C) / (2.0 * C);
  const Estimate along_exact = refined(&StabilityValues::along_exact);
  return {.coupling = refined(&StabilityValues::coupling),
          .minkowski = refined(&StabilityValues::minkowski),
          .cauchy_schwarz =
              geometric_mean(squared_lipschitz(flow), refined(&StabilityValues::along_perturbed)),
          .gronwall = geometric_mean(growth(perturbed_rate), along_exact),
          .gronwall_uniform = geometric_mean(uniform, along_exact),
          .mixed_up = refined(&StabilityValues::mixed_up),
          .mixed_up_gronwall = geometric_mean(growth(flow.one_sided), along_exact)};
}

}  // namespace flowcheck
