#include "distances/monotone_transport.hpp"
#include "distances/wasserstein.hpp"
#include "gif/digits.hpp"
#include "jko/reference_units.hpp"
#include "lfm/block_map.hpp"
#include "lfm/generation.hpp"
#include "lfm/lfm_claims.hpp"
#include "lfm/noising_problem.hpp"
#include "measures/random_gaussian.hpp"
#include "numerics/observed_order.hpp"
#include "numerics/rng.hpp"
#include "numerics/round_off.hpp"

#include <array>
#include <cmath>
#include <numbers>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace flowcheck {
namespace lfm_20 {

struct Choice {
  Interpolant interpolant = Interpolant::linear;
  Coupling coupling = Coupling::dependent;
  const char* name = "";
};

constexpr std::array<Choice, 4> choices = {
    {{Interpolant::linear, Coupling::dependent, "linear, dependent"},
     {Interpolant::linear, Coupling::independent, "linear, independent"},
     {Interpolant::trigonometric, Coupling::dependent, "trigonometric, dependent"},
     {Interpolant::trigonometric, Coupling::independent, "trigonometric, independent"}}};

// (1 − e^{−γ})²M₂ + (1 − e^{−2γ})d.
Estimate dependent_cost(const GaussianMixture& data, double gamma) {
  const double d = static_cast<double>(data.dimension());
  const double M2 = second_moment(data);
  return square(expm1(Estimate(-gamma))) *
             Estimate::closed_form(M2, round_off(M2, data.dimension())) -
         d * expm1(Estimate(-2.0 * gamma));
}

Estimate squared_distance(const GaussianMixture& data, const BlockPath& path) {
  if (data.size() == 1) return squared_w2(data.component(0), path.right().component(0));
  return squared_w2(line_measure(path.right()), line_measure(data));
}

Bound displacement(const GaussianMixture& data, double gamma) {
  const BlockPath path(data, gamma, Interpolant::linear, Coupling::dependent);
  return identity(squared_rate(path), dependent_cost(data, gamma), "E|x_r − x_l|², dependent",
                  1.0 + second_moment(data));
}

// By half of the usual nodes, and half of these along each axis of the plane: a share of a second.
Estimate kinetic_energy(const BlockPath& path) {
  const int nodes = path.data().dimension() == 1 ? 24 : 12;
  return block_energies(path, {.panels = 2, .nodes = nodes}).kinetic;
}

// W₂² ≤ ∫∫|v|²ρ ≤ E|İ|².
void add_energies(const GaussianMixture& data,
                  double gamma,
                  const Choice& choice,
                  std::vector<Bound>& bounds) {
  const BlockPath path(data, gamma, choice.interpolant, choice.coupling);
  const Estimate kinetic = kinetic_energy(path);
  const std::string name = choice.name;
  const auto add = [&](const Bound& bound) {
    bounds.push_back(with_digits(bound, kinetic.width(),
                                 "left out: the quadrature leaves the kinetic energy too few "
                                 "digits"));
  };
  if (data.dimension() == 1 || data.size() == 1) {
    add({.lhs = squared_distance(data, path),
         .rhs = kinetic,
         .part = "W₂² ≤ kinetic, " + name,
         .scale = 1.0});
  } else {
    bounds.push_back(
        left_out("W₂² ≤ kinetic, " + name, "left out: W₂ of mixtures is computed in d = 1"));
  }
  add({.lhs = kinetic,
       .rhs = squared_rate(path),
       .part = "kinetic ≤ E|İ|², " + name,
       .scale = 1.0});
}

std::vector<Bound> locality(const GaussianMixture& data, double gamma) {
  std::vector<Bound> bounds = {displacement(data, gamma)};
  for (const Choice& choice : choices) add_energies(data, gamma, choice, bounds);
  return bounds;
}

Outcome random_on_line(Trial& trial) {
  const GaussianMixture data = random_bed(trial.rng, 1);
  return locality(data, trial.rng.log_uniform(0.02, 2.0));
}

Outcome random_gaussians(Trial& trial) {
  const GaussianMixture data(random_gaussian(trial.rng, 1 + trial.rng.uniform_index(6)));
  return displacement(data, trial.rng.log_uniform(0.02, 2.0));
}

// N(m, 1) far out, linear, dependent: W₂² = (1 − e^{−γ})²m², and the kinetic energy adds what the
// path's variance does in between, at most γ².
Outcome far_translate(Trial& trial) {
  const Gaussian p(Vector::Constant(1, trial.rng.uniform(20.0, 40.0)), Matrix::Identity(1, 1));
  const GaussianMixture data(p);
  const double gamma = trial.rng.log_uniform(0.1, 1.0);
  std::vector<Bound> bounds;
  add_energies(data, gamma, choices[0], bounds);
  bounds.push_back(displacement(data, gamma));
  return bounds;
}

// As γ → 0: slopes in γ, of what is made of closed forms.
Estimate slope_in_gamma(const std::function<double(double gamma)>& f) {
  std::vector<double> gammas;
  std::vector<double> values;
  for (int k = 0; k < 4; ++k) {
    gammas.push_back(0.01 * std::pow(0.5, k));
    values.push_back(f(gammas.back()));
  }
  return observed_order(gammas, values);
}

double mean_squared_rate(const Choice& choice, double gamma) {
  return squared_rate(BlockPath(bimodal_bed(), gamma, choice.interpolant, choice.coupling)).value;
}

// lim E|İ|² as γ → 0.
Estimate limit(const Choice& choice) {
  const GaussianMixture data = bimodal_bed();
  const double M2 = second_moment(data);
  const double product = choice.coupling == Coupling::dependent ? M2 : data.mean().squaredNorm();
  constexpr double pi = std::numbers::pi;
  const double value = choice.interpolant == Interpolant::linear
                           ? 2.0 * (M2 - product)
                           : 0.25 * pi * pi * (M2 - 2.0 / pi * product);
  return Estimate::closed_form(value, round_off(8.0 * M2, 1));
}

Outcome slopes() {
  std::vector<Bound> bounds;
  for (const Choice& choice : choices) {
    const std::string name = choice.name;
    const Estimate at_zero = limit(choice);
    const bool vanishes = &choice == &choices[0];
    bounds.push_back(flowcheck::order(
        slope_in_gamma([&](double gamma) { return mean_squared_rate(choice, gamma); }),
        vanishes ? 1.0 : 0.0, "order of E|İ|², " + name));
    if (vanishes) continue;
    bounds.push_back(flowcheck::order(slope_in_gamma([&](double gamma) {
                                        return std::abs(mean_squared_rate(choice, gamma) -
                                                        at_zero.value);
                                      }),
                                      1.0, "order of E|İ|² − its limit, " + name));
  }
  return bounds;
}

// What is not small: kinetic energy and floor of the bed at γ = .02, .01, ….
Outcome energy_slopes() {
  const auto orders_of = [](const Choice& choice, double kinetic, double floor) {
    std::vector<double> gammas;
    std::vector<double> kinetics;
    std::vector<double> floors;
    for (int k = 0; k < 4; ++k) {
      gammas.push_back(0.005 * std::pow(0.5, k));
      const BlockPath path(bimodal_bed(), gammas.back(), choice.interpolant, choice.coupling);
      const BlockEnergies energies = block_energies(path, {.panels = 2, .nodes = 24});
      kinetics.push_back(energies.kinetic.value);
      floors.push_back(energies.floor.value);
    }
    const std::string name = choice.name;
    return std::vector<Bound>{
        flowcheck::order(observed_order(gammas, kinetics), kinetic, "order of kinetic, " + name),
        flowcheck::order(observed_order(gammas, floors), floor, "order of floor, " + name)};
  };
  std::vector<Bound> bounds = orders_of(choices[0], 2.0, 1.0);
  for (const Bound& bound : orders_of(choices[2], 0.0, 1.0)) bounds.push_back(bound);
  return bounds;
}

Outcome small_by_trigonometric() {
  return flowcheck::order(
      slope_in_gamma([](double gamma) { return mean_squared_rate(choices[2], gamma); }), 1.0);
}

Outcome on_target(const Target& target) {
  if (!target.reference.has_density()) return Outcome::not_applicable("q has a density");
  const Measure start = in_units_of_reference(target);
  if (dimension(start) > 16) return Outcome::not_applicable("left out: evaluated in d ≤ 16");
  const auto* points = std::get_if<PointCloud>(&start);
  if (points != nullptr) {
    return displacement(GaussianMixture::isotropic(points->weights() / points->weights().sum(),
                                                   points->points(), 0.0),
                        target.step_size);
  }
  const auto* gaussian = std::get_if<Gaussian>(&start);
  const GaussianMixture data =
      gaussian != nullptr ? GaussianMixture(*gaussian) : std::get<GaussianMixture>(start);
  std::vector<Bound> bounds = {displacement(data, target.step_size)};
  const char* const energies = "W₂² ≤ kinetic ≤ E|İ|²";
  if (!data.has_density()) {
    bounds.push_back(left_out(energies, "p₀ has a density"));
  } else if (data.dimension() * data.size() > 8 || data.dimension() > 2) {
    bounds.push_back(
        left_out(energies, "left out: integrated for 8 components in d = 1, 4 in d = 2"));
  } else {
    for (const Choice& choice : choices) add_energies(data, target.step_size, choice, bounds);
  }
  return bounds;
}

}  // namespace lfm_20

Claim lfm_20_locality() {
  using namespace lfm_20;
  return {
      .id = "LFM-20",
      .statement =
          "W₂²(p_{n−1}, pₙ*) ≤ ∫∫|v|²ρ ≤ E|İ|²; dependent, linear: E|x_r − x_l|² = "
          "(1 − e^{−γ})²M₂ + d(1 − e^{−2γ}) = O(γ), kinetic O(γ²), floor O(γ); else E|İ|² → "
          "2(M₂ − |μ|²) (independent, linear), (π²/4)(1 − 2/π)M₂ (dependent, trigonometric), "
          "(π²/4)(M₂ − 2|μ|²/π) (independent, trigonometric) as γ → 0",
      .source = "motivation of [XuChengXie2024]; quantities derived",
      .provenance = Provenance::derived,
      .hypotheses = {"M₂ < ∞", "p₀ has a density for the energies"},
      .instances = {{"random mixtures, d = 1", random_on_line},
                    {"random Gaussians, d = 1 … 6", random_gaussians},
                    flow_instance("E|İ|² as γ → 0", slopes),
                    flow_instance("kinetic and floor as γ → 0", energy_slopes)},
      .tight = {{"N(m, 1) far out", far_translate}},
      .controls = {flow_instance("E|İ|² = O(γ), trigonometric, dependent", small_by_trigonometric)},
      .on_target = on_target,
      .file = __FILE__,
      .grade = Grade::converged,
      .without_error = true};
}

}  // namespace flowcheck
