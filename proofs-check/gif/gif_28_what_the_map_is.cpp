#include "gif/digits.hpp"
#include "gif/flow_map.hpp"
#include "gif/gif_claims.hpp"
#include "measures/gaussian_mixture.hpp"
#include "measures/random_gaussian.hpp"
#include "measures/uniform_body.hpp"
#include "numerics/rng.hpp"
#include "numerics/round_off.hpp"
#include "numerics/special_functions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numbers>
#include <vector>

namespace flowcheck {
namespace gif_28 {

const char* const on_line = "X_{s,t} = F_t⁻¹∘F_s";
const char* const slope_on_line = "slope p_s/p_t";
const char* const of_tails = "left out: F_s and F_t have too few digits here";
const char* const gaussian_part = "Gaussian";

// Law of aZ + bX₁ for a mixture on the line: Σ wₖ N(mₖ, sₖ²).
struct LineMixture {
  Vector weights = {};
  Vector means = {};
  Vector deviations = {};
};

LineMixture line_law(const GaussianMixture& p, const NoiseLevel& level) {
  LineMixture law{.weights = p.weights(),
                  .means = level.data_scale * p.means().row(0).transpose(),
                  .deviations = Vector(p.size())};
  for (Index k = 0; k < p.size(); ++k) {
    law.deviations(k) =
        std::hypot(level.noise, std::sqrt(p.covariance(k)(0, 0)) * level.data_scale);
  }
  return law;
}

using Components = Eigen::Array<bool, Eigen::Dynamic, 1>;

// F(x) − Σ_{k ∈ J} wₖ: the lower tails of components outside J, less the upper tails of those in J.
// Between components far apart F is constant to every digit, and this, with J those to the left,
// is not. A place rounds to u(|x| + |mₖ|)/sₖ deviations of a component.
Estimate tail_balance(const LineMixture& p, const Components& J, double x) {
  double value = 0.0;
  double mass = 0.0;
  double error = 0.0;
  for (Index k = 0; k < p.weights.size(); ++k) {
    const double z = (x - p.means(k)) / p.deviations(k);
    const double tail = p.weights(k) * normal_cdf(J(k) ? -z : z);
    const double size = (std::abs(x) + std::abs(p.means(k))) / p.deviations(k) + std::abs(z);
    value += J(k) ? -tail : tail;
    mass += tail;
    error += p.weights(k) * normal_density(z) * 4.0 * unit_round_off * size;
  }
  // Tails below the least double are not 0.
  return Estimate::closed_form(value, error + round_off(mass, 1) +
                                          unit_round_off * mass * static_cast<double>(J.size()) +
                                          std::numeric_limits<double>::min());
}

// The place farthest from `from` towards `to` found by bisection at which `holds` does; without
// one, the infinity beyond `from`.
double farthest(double from, double to, const std::function<bool(double)>& holds) {
  if (!holds(from)) return from < to ? -infinity : infinity;
  constexpr int most_halvings = 200;
  for (int i = 0; i < most_halvings; ++i) {
    const double middle = from + 0.5 * (to - from);
    if (middle == from || middle == to) break;
    (holds(middle) ? from : to) = middle;
  }
  return from;
}

// F_t⁻¹(F_s(x)), between places that are to its left and to its right for certain.
Estimate increasing_map(const LineMixture& before, const LineMixture& after, double x) {
  const Components J = before.means.array() < x;
  const Estimate sought = tail_balance(before, J, x);
  constexpr double reach = 40.0;  // deviations: beyond, tails are below the least double
  const double left = (after.means - reach * after.deviations).minCoeff();
  const double right = (after.means + reach * after.deviations).maxCoeff();
  const double lower = farthest(
      left, right, [&](double y) { return tail_balance(after, J, y).upper < sought.lower; });
  const double upper = farthest(
      right, left, [&](double y) { return tail_balance(after, J, y).lower > sought.upper; });
  const double middle = std::clamp(0.5 * (lower + upper), left, right);
  return Estimate::between(std::isnan(middle) ? left : middle, lower, upper, Grade::closed_form);
}

// log Σ wₖ pₖ(yₖ), p a mixture, at one place for each component.
Estimate log_density(const LineMixture& p, const Vector& places) {
  const Vector z = (places - p.means).cwiseQuotient(p.deviations);
  const Vector exponents = (p.weights.array() / p.deviations.array()).log() -
                           0.5 * (std::log(2.0 * std::numbers::pi) + z.array().square());
  const double largest = exponents.maxCoeff();
  const double value = largest + std::log((exponents.array() - largest).exp().sum());
  const Vector sizes = (places.cwiseAbs() + p.means.cwiseAbs()).cwiseQuotient(p.deviations);
  const double moved = (exponents.array() - largest)
                           .exp()
                           .matrix()
                           .dot(z.cwiseAbs().cwiseProduct(sizes + z.cwiseAbs()));
  return Estimate::closed_form(value, round_off(1.0 + std::abs(value) + moved, 1));
}

// log p at an enclosed place: a component's density is least at one of the ends, and largest at the
// place nearest to its mean.
Estimate log_density(const LineMixture& p, const Estimate& place) {
  const double middle = 0.5 * (place.lower + place.upper);
  const auto end = [&](double mean) { return mean < middle ? place.upper : place.lower; };
  const auto nearest = [&](double mean) { return std::clamp(mean, place.lower, place.upper); };
  const Estimate least = log_density(p, Vector(p.means.unaryExpr(end)));
  const Estimate largest = log_density(p, Vector(p.means.unaryExpr(nearest)));
  const Vector places = Vector::Constant(p.means.size(), place.value);
  return Estimate::between(std::clamp(log_density(p, places).value, least.lower, largest.upper),
                           least.lower, largest.upper, Grade::closed_form);
}

// The flow from s to t against the increasing map between the two laws.
void add_line(std::vector<Bound>& bounds,
              const FlowMaps& maps,
              const GaussianMixture& p,
              const NoiseLevel& from,
              const NoiseLevel& to,
              double x) {
  const LineMixture before = line_law(p, from);
  const LineMixture after = line_law(p, to);
  const EnclosedMap map = maps(from, to, Vector::Constant(1, x));
  if (!map.has_digits()) {
    bounds.push_back(left_out(on_line, without_digits_left));
    bounds.push_back(left_out(slope_on_line, without_digits_left));
    return;
  }
  const Estimate y = increasing_map(before, after, x);
  if (y.width() == infinity) {
    bounds.push_back(left_out(on_line, of_tails));
    bounds.push_back(left_out(slope_on_line, of_tails));
    return;
  }
  bounds.push_back(with_digits(identity(map.entry(0), y, on_line, 1.0 + std::abs(y.value)),
                               2.0 * map.expected_error + y.width(), of_tails));
  const Estimate slope = exp(log_density(before, Estimate(x)) - log_density(after, y));
  if (slope.upper == infinity) {
    bounds.push_back(left_out(slope_on_line, of_tails));
    return;
  }
  bounds.push_back(with_digits(identity(Estimate::converged(map.jacobian(0, 0), map.jacobian_error),
                                        slope, slope_on_line, 1.0),
                               slope.width(), of_tails));
}

GaussianMixture random_line_mixture(Rng& rng) {
  const Index K = 2 + rng.uniform_index(3);
  Vector weights(K);
  for (double& w : weights) w = rng.uniform(0.2, 1.0);
  return GaussianMixture::isotropic(weights / weights.sum(), 1.2 * rng.normal_matrix(1, K),
                                    std::pow(rng.uniform(0.4, 1.2), 2));
}

Outcome on_the_line(Trial& trial) {
  const GaussianMixture p = random_line_mixture(trial.rng);
  const FlowMaps maps(data_law(p));
  std::vector<Bound> bounds;
  const double z = trial.rng.uniform(-4.0, 4.0);
  add_line(bounds, maps, p, pure_noise, pure_data, z);
  const Schedule& schedule =
      checked_schedules().at(static_cast<std::size_t>(trial.rng.uniform_index(6)));
  const NoiseLevel from = level(schedule.at(trial.rng.uniform(0.0, 0.5)));
  const NoiseLevel to = level(schedule.at(trial.rng.uniform(0.6, 0.99)));
  add_line(bounds, maps, p, from, to, z * std::hypot(from.noise, from.data_scale));
  return bounds;
}

// b_t m + Σ_t^{1/2} Σ_s^{−1/2} (x − b_s m), Σ = a²I + b²Σ₁.
void add_gaussian(std::vector<Bound>& bounds,
                  const FlowMaps& maps,
                  const Gaussian& p,
                  const FlowStretch& stretch) {
  const auto& [from, to, x] = stretch;
  const auto deviations = [&p](const NoiseLevel& l) -> Vector {
    return (l.noise * l.noise + l.data_scale * l.data_scale * p.eigenvalues().array()).sqrt();
  };
  const Vector factors = deviations(to).cwiseQuotient(deviations(from));
  const Vector exact = to.data_scale * p.mean() +
                       p.eigenvectors() * factors.asDiagonal() *
                           (p.eigenvectors().transpose() * (x - from.data_scale * p.mean()));
  const EnclosedMap map = maps(from, to, x);
  if (!map.has_digits()) {
    bounds.push_back(left_out(gaussian_part, without_digits_left));
    return;
  }
  const double size = factors.maxCoeff() * (x.norm() + p.mean().norm()) + p.mean().norm();
  for (Index i = 0; i < x.size(); ++i) {
    bounds.push_back(with_digits(
        identity(map.entry(i), Estimate::closed_form(exact(i), round_off(size, x.size())),
                 gaussian_part, size),
        2.0 * map.expected_error, without_digits_left));
  }
}

Outcome gaussians(Trial& trial) {
  const Index d = 1 + trial.rng.uniform_index(4);
  const Gaussian p = random_gaussian(trial.rng, d);
  const FlowMaps maps(data_law(p));
  const Vector x = 2.0 * trial.rng.normal_vector(d);
  std::vector<Bound> bounds;
  for (const Schedule& schedule : checked_schedules()) {
    const NoiseLevel to = level(schedule.at(trial.rng.uniform(0.2, 1.0)));
    add_gaussian(bounds, maps, p, {level(schedule.at(0.0)), to, x});
  }
  return bounds;
}

// A user's mixture or points on the line, or Gaussian in any dimension.
Outcome of_target(const FlowProblem& problem) {
  constexpr Index most_components = 100;  // F_t⁻¹ costs a hundred F_t, and there are many
  const GaussianMixture& p = *problem.law->mixture();
  const FlowMaps maps(problem.law);
  std::vector<Bound> bounds;
  if (p.size() == 1) {
    visit_flows(problem, maps.reaches_data(), bounds, [&](const FlowStretch& stretch) {
      add_gaussian(bounds, maps, p.component(0), stretch);
    });
  } else if (p.dimension() > 1) {
    return Outcome::not_applicable(
        fmt::format("d = 1, or ν Gaussian, or ν rotation-invariant (d = {}, {} components)",
                    p.dimension(), p.size()));
  } else if (p.size() > most_components) {
    return Outcome::not_applicable(
        fmt::format("left out: F_t is inverted for at most {} components, these are {}",
                    most_components, p.size()));
  } else {
    visit_flows(problem, maps.reaches_data(), bounds, [&](const FlowStretch& stretch) {
      add_line(bounds, maps, p, stretch.from, stretch.to, stretch.x(0));
    });
  }
  return bounds;
}

// A law that rotations leave alone: its flow stays on rays, and stretches across by |X|/|x|.
Outcome ball(Trial& trial) {
  const FlowMaps maps(data_law(UniformBall(Vector::Zero(3), 1.0)),
                      1e-9);  // milliseconds a posterior
  const NoiseLevel to{.noise = 0.85, .data_scale = 0.3};
  const double s = trial.rng.uniform(0.3, 2.5);
  const EnclosedMap map = maps(pure_noise, to, Vector{{s, 0.0, 0.0}});
  std::vector<Bound> bounds;
  for (const Index i : {1, 2}) {
    bounds.push_back(identity(map.entry(i), 0.0, "rays", 1.0));
    bounds.push_back(identity(Estimate::converged(map.jacobian(i, i), map.jacobian_error),
                              map.entry(0) / s, "|X|/|x| across", 1.0));
  }
  return bounds;
}

// In the plane ∇X_{0,1} has an antisymmetric part: it is no gradient, and X no Brenier map.
Outcome claimed_symmetric() {
  const EnclosedMap map = FlowMaps(interpolation_law("plane, three centres").law)(
      pure_noise, pure_data, Vector{{-0.3, 1.7}});
  return identity(Estimate::converged(map.jacobian(0, 1), map.jacobian_error),
                  Estimate::converged(map.jacobian(1, 0), map.jacobian_error));
}

// Moved by a thousandth: F_t(X) ≠ F_s(x).
Outcome wrong_start() {
  const GaussianMixture p = *two_centre_data(1.0, 0.6)->mixture();
  return identity(FlowMaps(data_law(p))(pure_noise, pure_data, Vector{{1e-3}}).entry(0),
                  increasing_map(line_law(p, pure_noise), line_law(p, pure_data), 0.0));
}

}  // namespace gif_28

Claim gif_28_what_the_map_is() {
  using namespace gif_28;
  return {.id = "GIF-28",
          .statement =
              "d = 1: X_{s,t} = F_t⁻¹∘F_s, of slope p_s(x)/p_t(X); ν = N(m, Σ): X_{s,t} = "
              "b_t m + Σ_t^{1/2}Σ_s^{−1/2}(x − b_s m); ν rotation-invariant: X_{s,t}(x) is "
              "on x's ray; in general ∇X_{0,1} is not symmetric",
          .source = "derived; d = 1 as for rectified flows",
          .provenance = Provenance::derived,
          .hypotheses = {"d = 1, or ν Gaussian, or ν rotation-invariant"},
          .instances = {{.name = "mixtures on the line", .draw = on_the_line},
                        {.name = "Gaussians", .draw = gaussians},
                        {.name = "uniform ball, d = 3", .draw = ball, .repeat = false}},
          .tight = {{.name = "mixture on the line, equality", .draw = on_the_line}},
          .controls = {flow_instance("∇X_{0,1} symmetric", claimed_symmetric),
                       flow_instance("start off by 1e-3", wrong_start)},
          .on_target = on_flow_map_target(of_target),
          .file = __FILE__,
          .grade = Grade::converged,
          .without_error = true};
}

}  // namespace flowcheck
