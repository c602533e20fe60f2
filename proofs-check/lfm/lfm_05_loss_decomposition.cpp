#include "learning/block_path.hpp"
#include "lfm/lfm_claims.hpp"
#include "lfm/noising_problem.hpp"
#include "numerics/round_off.hpp"

#include <array>
#include <cmath>
#include <numbers>

namespace flowcheck {
namespace lfm_05 {

const char* const energy_part = "floor + kinetic energy";
const char* const excess_part = "loss of an affine field";

struct Kind {
  Interpolant interpolant = Interpolant::linear;
  Coupling coupling = Coupling::dependent;
};
constexpr std::array<Kind, 4> kinds{{{Interpolant::linear, Coupling::dependent},
                                     {Interpolant::trigonometric, Coupling::independent},
                                     {Interpolant::trigonometric, Coupling::dependent},
                                     {Interpolant::linear, Coupling::independent}}};

// A rule as fine as the components' posterior weights turn in x. A single Gaussian has none, and
// may be as wide or as narrow against the noise as it likes: its time wants panels.
BlockEnergyOptions resolution(const NoisingProblem& problem) {
  if (problem.data.size() == 1) return {.panels = 8, .nodes = 20};
  return problem.dimension() == 2 ? BlockEnergyOptions{.panels = 1, .nodes = 28}
                                  : BlockEnergyOptions{.panels = 3, .nodes = 112};
}

BlockPath path_of(const NoisingProblem& problem, const Kind& kind) {
  return {problem.data, problem.step_size, kind.interpolant, kind.coupling};
}

// E|bI + c − İ|² over t, from moments of the two ends alone: no velocity and no posterior.
Estimate loss_of_affine(const BlockPath& path, double b, const Vector& c) {
  const bool linear = path.interpolant() == Interpolant::linear;
  const double squares = linear ? 1.0 / 3.0 : 0.5;                      // ∫A², ∫B²
  const double products = linear ? 1.0 / 6.0 : 1.0 / std::numbers::pi;  // ∫AB
  const double firsts = linear ? 0.5 : 2.0 / std::numbers::pi;          // ∫A, ∫B
  const Vector left = path.data().mean();
  const Vector right = path.right().mean();
  const double moments = second_moment(path.data()) + second_moment(path.right());
  const double growth = second_moment(path.right()) - second_moment(path.data());
  const double decay = ou_step(path.step_size()).decay;
  const double product =
      decay * (path.is_dependent() ? second_moment(path.data()) : left.squaredNorm());
  const double of_field = b * b * (squares * moments + 2.0 * products * product) +
                          2.0 * b * firsts * c.dot(left + right) + c.squaredNorm();
  const double crossed = 0.5 * b * growth + c.dot(right - left);
  const double value = of_field - 2.0 * crossed;
  const double size = of_field + std::abs(crossed) + moments;
  return squared_rate(path) + Estimate::closed_form(value, round_off(size, left.size()));
}

void add_identities(const NoisingProblem& problem, const Kind& kind, std::vector<Bound>& bounds) {
  const BlockPath path = path_of(problem, kind);
  const double size = second_moment(path.data()) + second_moment(path.right());
  BlockEnergyOptions options = resolution(problem);
  BlockEnergies energies = block_energies(path, options);
  // Nearly level weights turn late: few laws need more.
  for (int doubling = 0; doubling < 2 && energies.kinetic.width() > 1e-9 * size; ++doubling) {
    options = {.panels = 2 * options.panels, .nodes = 2 * options.nodes};
    energies = block_energies(path, options);
  }
  bounds.push_back(
      identity(energies.floor + energies.kinetic, squared_rate(path), energy_part, size));
  const double b = -0.4;
  const Vector c = Vector::Constant(problem.dimension(), 0.3);
  const Estimate excess = squared_velocity_error(
      path, [&](double, const Matrix& x) -> Matrix { return (b * x).colwise() + c; }, options);
  bounds.push_back(
      identity(excess + energies.floor, loss_of_affine(path, b, c), excess_part, size));
}

// As is_resolved() of a quadrature: components far apart turn the weights too steeply.
bool is_gentle(const GaussianMixture& p) {
  double narrowest = infinity;
  for (Index k = 0; k < p.size(); ++k) {
    narrowest = std::min(narrowest, std::sqrt(p.kernel(k).eigenvalues()(0)));
  }
  const double gap = (p.means().colwise() - p.mean()).colwise().norm().maxCoeff();
  return p.size() == 1 || gap <= (p.dimension() == 1 ? 5.0 : 2.0) * narrowest;
}

Outcome decomposition(const NoisingProblem& problem) {
  if (!problem.data.has_density()) return Outcome::not_applicable("p has a density");
  if (problem.dimension() > 2) return Outcome::not_applicable("left out: evaluated in d ≤ 2");
  if (!is_gentle(problem.data)) {
    return Outcome::not_applicable(
        "left out: the quadrature wants centres within 5 least deviations of the mean (d = 2: 2)");
  }
  // Independent ends of K components have K² paths, each over K² components.
  std::vector<Bound> bounds;
  for (const Kind& kind : kinds) {
    const bool costly = kind.coupling == Coupling::independent && problem.data.size() > 1;
    if (costly && (problem.scale == Scale::quick || problem.dimension() == 2)) continue;
    add_identities(problem, kind, bounds);
  }
  return bounds;
}

const NoisingProblem bed{.data = bimodal_bed(), .step_size = 0.1};

// The perfect field's loss taken for its squared error, which is zero.
Outcome loss_as_error(const NoisingProblem& problem) {
  const BlockPath path = path_of(problem, kinds[0]);
  return identity(block_energies(path, resolution(problem)).floor, 0.0);
}

// The dependent coupling's E⟨x_l, x_r⟩ for an independent one.
Outcome wrong_product(const NoisingProblem& problem) {
  const BlockPath independent = path_of(problem, kinds[3]);
  const BlockEnergies energies = block_energies(independent, resolution(problem));
  return identity(energies.floor + energies.kinetic, squared_rate(path_of(problem, kinds[0])));
}

}  // namespace lfm_05

Claim lfm_05_loss_decomposition() {
  using namespace lfm_05;
  const MixtureFamily gentle{.name = "mixtures, d = 1", .largest_count = 2, .narrowest = 0.25};
  return {
      .id = "LFM-05",
      .statement = "E|v̂(I) − İ|² = E|v̂ − v|² + E tr Cov(İ | I),  E|v|² + E tr Cov(İ | I) = E|İ|²",
      .source = "conditional expectation is a projection",
      .provenance = Provenance::derived,
      .hypotheses = {"E|x|² < ∞", "p has a density"},
      .instances = {noising_instance("bimodal", bed, decomposition),
                    noising_family(gentle, decomposition),
                    noising_instance("three modes, d = 2",
                                     {.data = GaussianMixture::isotropic(
                                          Vector{{0.5, 0.3, 0.2}},
                                          Matrix{{0.0, 1.0, -0.5}, {0.6, -0.3, 0.2}}, 0.5),
                                      .step_size = 0.3},
                                     decomposition)},
      .tight = {noising_instance("bimodal, equality", bed, decomposition)},
      .controls = {noising_instance("loss taken for ε²", bed, loss_as_error),
                   noising_instance("E⟨x_l, x_r⟩ of another coupling", bed, wrong_product)},
      .on_target = on_noising_target(decomposition),
      .file = __FILE__,
      .grade = Grade::converged,
      .without_error = true};
}

}  // namespace flowcheck
