#include "flows/perturbed_flow.hpp"

#include "interpolation/velocity.hpp"
#include "measures/enclosing_ball.hpp"
#include "numerics/adaptive_quadrature.hpp"
#include "numerics/require.hpp"
#include "numerics/round_off.hpp"
#include "numerics/special_functions.hpp"

#include <boost/math/tools/minima.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>
#include <optional>
#include <utility>

namespace flowcheck {
namespace {

constexpr double noise_reach = 8.5;  // beyond, 2e-17 of the mass

double mean_square(const Matrix& columns, const Vector& weights) {
  return columns.colwise().squaredNorm().dot(weights);
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

// Solved twice, by a tolerance and by a hundredth of it: what they differ by is the error.
constexpr double coarser = 100.0;

// What two tolerances say of a number made of others of size `scale`.
Estimate of_two_tolerances(double fine, double coarse, double scale) {
  const double difference = std::abs(fine - coarse);
  if (!std::isfinite(difference)) return unresolved(fine);
  return Estimate::converged(fine, difference, round_off(1e-3 + scale, 16));
}

// G = ∫ e^{2g} ds, g = ∫_s^1 λ, backwards in the clock: dg/ds = −λṫ, dG/ds = −e^{2g}ṫ, both 0 at 1.
Estimate growth(const StableFlow& flow, const std::function<double(const FlowTime&)>& rate) {
  const EndClock clock(flow.end_scale);
  const VelocityField field = [&](double s, const Vector& x) -> Vector {
    return -clock.rate(s) * Vector{{rate(clock.time(s)), std::exp(2.0 * x(0))}};
  };
  const auto run = [&](double tolerance) {
    const FlowResult flown =
        integrate(field, Vector::Zero(2), 1.0, 0.0,
                  {.method = FlowMethod::dormand_prince8, .tolerance = tolerance});
    return flown.termination == Termination::converged ? flown.end : Vector{{0.0, infinity}};
  };
  constexpr double tolerance = 1e-14;
  const Vector fine = run(tolerance);
  if (!std::isfinite(fine(1))) return unresolved(infinity);
  const double scale = (1.0 + std::abs(fine(0))) * fine(1);
  return of_two_tolerances(fine(1), run(coarser * tolerance)(1), scale);
}

// What is integrated along the flows.
struct StabilityValues {
  double coupling = 0.0;
  double minkowski = 0.0;
  double mixed_up = 0.0;
  double along_exact = 0.0;      // ∫ ‖δ‖²_{L²(Law X_s)} ds
  double along_perturbed = 0.0;  // ∫ ‖δ‖²_{L²(Law Y_s)} ds
};

// sup log Lip(X_{s,1}) over a grid in the clock: beyond double, or not.
double largest_log_lipschitz(const StableFlow& flow) {
  constexpr int cells = 64;
  const EndClock clock(flow.end_scale);
  double largest = 0.0;
  for (int j = 0; j <= cells; ++j) {
    largest = std::max(largest, flow.log_lipschitz(clock.time(static_cast<double>(j) / cells)));
  }
  return largest;
}

// ∫ Lip(X_{s,1})² ds, to round-off.
Estimate squared_lipschitz(const StableFlow& flow) {
  constexpr double largest_exponent = 350.0;  // e^{2·350} is a double
  if (!(largest_log_lipschitz(flow) <= largest_exponent)) return unresolved(infinity);
  const EndClock clock(flow.end_scale);
  return quadrature(
      [&](double s) -> Estimate {
        return clock.rate(s) * std::exp(2.0 * flow.log_lipschitz(clock.time(s)));
      },
      {0.0, 0.5, 1.0}, {.relative_tolerance = 1e-14, .most_panels = 1'000});
}

// sup of a rate: around the largest of its values at n + 1 times of the clock, by Brent's method.
double largest_rate(const StableFlow& flow,
                    const std::function<double(const FlowTime&)>& rate_at,
                    int n) {
  const EndClock clock(flow.end_scale);
  const auto minus_rate = [&](double s) { return -rate_at(clock.time(s)); };
  int best = 0;
  double least = infinity;
  for (int j = 0; j <= n; ++j) {
    const double here = minus_rate(static_cast<double>(j) / n);
    if (!std::isfinite(here)) return -here;
    if (here < least) {
      least = here;
      best = j;
    }
  }
  const auto found = boost::math::tools::brent_find_minima(
      minus_rate, std::max(best - 1, 0) / static_cast<double>(n),
      std::min(best + 1, n) / static_cast<double>(n), 40);
  return -std::min(least, found.second);
}

// (e^{2C} − 1)/(2C), C = sup λ̃: what half the grid has not seen of it is its error.
Estimate uniform_growth(const StableFlow& flow,
                        const std::function<double(const FlowTime&)>& rate_at) {
  constexpr int n = 512;
  const auto factor = [](double C) { return C == 0.0 ? 1.0 : std::expm1(2.0 * C) / (2.0 * C); };
  const double C = largest_rate(flow, rate_at, n);
  const double error = std::abs(C - largest_rate(flow, rate_at, n / 2));
  if (!(factor(C + error) < infinity)) return unresolved(factor(C));
  return Estimate::between(factor(C), factor(C - error), factor(C + error), Grade::converged);
}

// The flows X and Y from every node of the noise with the integrals along them, by the rule and by
// every other of its nodes, as one system: its steps resolve each trajectory and every integral.
class PairOfFlows {
 public:
  PairOfFlows(const StableFlow& flow, const VelocityError& error, int nodes)
      : flow_(flow),
        error_(error),
        clock_(flow.end_scale),
        rule_(noise_rule(flow.dimension, nodes)) {
    weighted_ = largest_log_lipschitz(flow) <= 350.0;
    weights_ = {rule_.weights, every_other(rule_, nodes)};
  }

  // By the rule and by its half; nothing where the steps do not arrive.
  struct Values {
    StabilityValues fine = {};
    StabilityValues sparse = {};
    double size = 0.0;  // of positions
  };
  std::optional<Values> values(double tolerance) const {
    constexpr int step_limit = 1'000;
    const VelocityField field = [this](double s, const Vector& state) { return rate(s, state); };
    const FlowResult flown = integrate(
        field, start(), 0.0, 1.0,
        {.method = FlowMethod::dormand_prince8, .tolerance = tolerance, .step_limit = step_limit});
    if (flown.termination != Termination::converged) return std::nullopt;
    return Values{.fine = read(flown.end, 0),
                  .sparse = read(flown.end, 1),
                  .size = flown.end.head(positions()).cwiseAbs().maxCoeff()};
  }

 private:
  static constexpr Index integrals = 4;  // by each rule

  // The trapezoidal rule of double width.
  static Vector every_other(const NoiseRule& rule, int nodes) {
    const double h = 2.0 * noise_reach / nodes;
    Vector result(rule.weights.size());
    for (Index j = 0; j < result.size(); ++j) {
      const auto odd = [&](double z) { return std::lround((z + noise_reach) / h) % 2 != 0; };
      const bool kept = std::none_of(rule.nodes.col(j).begin(), rule.nodes.col(j).end(), odd);
      result(j) = kept ? std::ldexp(rule.weights(j), static_cast<int>(rule.nodes.rows())) : 0.0;
    }
    return result;
  }

  Index positions() const { return 2 * rule_.nodes.size(); }

  Vector start() const {
    Vector state(positions() + 2 * integrals);
    state << rule_.nodes.reshaped(), rule_.nodes.reshaped(), Vector::Zero(2 * integrals);
    return state;
  }

  Vector rate(double s, const Vector& state) const {
    const FlowTime time = clock_.time(s);
    const Index n = rule_.nodes.cols();
    const Matrix both = state.head(positions()).reshaped(flow_.dimension, 2 * n);  // X, Y
    const Matrix errors = error_.value(time, both);
    Matrix velocity = flow_.velocity(time, both);
    velocity.rightCols(n) += errors.rightCols(n);

    Vector result(state.size());
    result.head(positions()) = velocity.reshaped();
    const double lipschitz = weighted_ ? std::exp(flow_.log_lipschitz(time)) : 0.0;
    for (Index k = 0; k < 2; ++k) {
      const Vector& w = weights_[static_cast<std::size_t>(k)];
      const double exact = mean_square(errors.leftCols(n), w);
      const double perturbed = mean_square(errors.rightCols(n), w);
      result.segment<integrals>(positions() + k * integrals) << lipschitz * std::sqrt(perturbed),
          lipschitz * std::sqrt(exact), exact, perturbed;
    }
    return clock_.rate(s) * result;
  }

  StabilityValues read(const Vector& state, Index k) const {
    const Index half = rule_.nodes.size();
    const Matrix gap = (state.segment(half, half) - state.head(half))
                           .reshaped(flow_.dimension, rule_.nodes.cols());
    const auto along = state.segment<integrals>(positions() + k * integrals);
    return {.coupling = std::sqrt(mean_square(gap, weights_[static_cast<std::size_t>(k)])),
            .minkowski = weighted_ ? along(0) : infinity,
            .mixed_up = weighted_ ? along(1) : infinity,
            .along_exact = along(2),
            .along_perturbed = along(3)};
  }

  const StableFlow& flow_;
  const VelocityError& error_;
  EndClock clock_;
  NoiseRule rule_;
  bool weighted_ = true;  // Lip(X_{s,1}) is a double
  std::array<Vector, 2> weights_;
};

// StabilityValues by two tolerances and two rules.
class Refinement {
 public:
  Refinement(const StableFlow& flow, const VelocityError& error, const StabilityOptions& options) {
    const PairOfFlows pair(flow, error, options.nodes);
    coarse_ = pair.values(coarser * options.tolerance);
    if (coarse_) fine_ = pair.values(options.tolerance);
  }

  double size() const { return fine_ ? 1.0 + fine_->size : infinity; }

  // Of a number that is not negative.
  Estimate operator()(double StabilityValues::*member) const {
    if (!fine_) return unresolved(coarse_ ? coarse_->fine.*member : infinity);
    const double value = fine_->fine.*member;
    const double nodes_error = std::abs(value - fine_->sparse.*member);
    if (!std::isfinite(nodes_error)) return unresolved(value);
    Estimate result =
        widened(of_two_tolerances(value, coarse_->fine.*member, value + fine_->size), nodes_error);
    result.lower = std::max(result.lower, 0.0);
    return result;
  }

 private:
  std::optional<PairOfFlows::Values> coarse_;
  std::optional<PairOfFlows::Values> fine_;
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

EndClock::EndClock(double scale) : scale_(scale), alpha_(std::asinh(1.0 / scale)) {
  require(scale > 0.0 && scale <= 1.0, "EndClock: the scale has to be in (0, 1]");
}

FlowTime EndClock::time(double s) const {
  return FlowTime::from_end(std::min(scale_ * std::sinh(alpha_ * (1.0 - s)), 1.0));
}

double EndClock::rate(double s) const {
  return scale_ * alpha_ * std::cosh(alpha_ * (1.0 - s));
}

double narrowing_time(const Schedule& schedule, double sigma) {
  require(sigma > 0.0, "narrowing_time: σ must be positive");
  double below = -300.0;  // of log τ
  double above = 0.0;
  for (int i = 0; i < 60; ++i) {
    const double middle = 0.5 * (below + above);
    const ScheduleValues s = schedule.values(FlowTime::from_end(std::exp(middle)));
    (s.a < sigma * s.b ? below : above) = middle;
  }
  return std::exp(above);
}

ColumnFlow flow_columns(const BatchField& field,
                        const Matrix& points,
                        const EndClock& clock,
                        double tolerance) {
  const VelocityField stacked = [&](double s, const Vector& x) -> Vector {
    return clock.rate(s) *
           field(clock.time(s), x.reshaped(points.rows(), points.cols())).reshaped();
  };
  const FlowResult flown =
      integrate(stacked, points.reshaped(), 0.0, 1.0,
                {.method = FlowMethod::dormand_prince8, .tolerance = tolerance});
  return {.ends = flown.end.reshaped(points.rows(), points.cols()),
          .termination = flown.termination};
}

StableFlow stable_flow(const GaussianMixture& target, const Schedule& schedule) {
  const double variance = target.common_variance();
  require(variance > 0.0, "stable_flow: the components need one covariance σ²I, σ > 0");
  require(schedule.starts_from_noise(), "stable_flow: the schedule has to start from noise");
  const double R = target.size() == 1   ? 0.0
                   : target.size() == 2 ? 0.5 * diameter(target.means()).upper
                                        : enclosing_ball(target.means()).radius.upper;
  const DataLawPointer law = data_law(target);
  StableFlow flow{.dimension = target.dimension(),
                  .end_scale = narrowing_time(schedule, std::sqrt(variance))};
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
  require(options.tolerance > 0.0, "stability: tolerance must be positive");
  require(options.nodes >= 8 && options.nodes % 2 == 0,
          "stability: nodes must be even, at least 8");
  const Refinement refined(flow, error, options);
  const auto perturbed_rate = [&](const FlowTime& time) {
    return flow.one_sided(time) + error.one_sided(time);
  };
  const Estimate along_exact = refined(&StabilityValues::along_exact);
  const double step_error = coarser * options.tolerance * refined.size();
  return {.coupling = refined(&StabilityValues::coupling),
          .minkowski = refined(&StabilityValues::minkowski),
          .cauchy_schwarz =
              geometric_mean(squared_lipschitz(flow), refined(&StabilityValues::along_perturbed)),
          .gronwall = geometric_mean(growth(flow, perturbed_rate), along_exact),
          .gronwall_uniform = geometric_mean(uniform_growth(flow, perturbed_rate), along_exact),
          .mixed_up = refined(&StabilityValues::mixed_up),
          .mixed_up_gronwall = geometric_mean(growth(flow, flow.one_sided), along_exact),
          .mean_square = along_exact,
          .step_error = step_error,
          .expected_error = step_error * std::exp(std::max(0.0, largest_log_lipschitz(flow)))};
}

}  // namespace flowcheck
