#include "learning/block_path.hpp"

#include "support/estimates.hpp"
#include "support/mixtures.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <cmath>
#include <numbers>
#include <stdexcept>

namespace flowcheck::block_path_test {

using Catch::Matchers::WithinAbs;
using Catch::Matchers::WithinRel;

GaussianMixture dossier_bed() {
  return line_mixture({0.3, 0.7}, {-1.2, 0.8}, {std::sqrt(0.1), std::sqrt(0.2)});
}

struct Kind {
  Interpolant interpolant = Interpolant::linear;
  Coupling coupling = Coupling::dependent;
};

constexpr std::array<Kind, 4> kinds{{{Interpolant::linear, Coupling::dependent},
                                     {Interpolant::linear, Coupling::independent},
                                     {Interpolant::trigonometric, Coupling::dependent},
                                     {Interpolant::trigonometric, Coupling::independent}}};

TEST_CASE("A path runs from the data to their Ornstein–Uhlenbeck image", "[learning][exact]") {
  Rng rng(1);
  const GaussianMixture p = random_mixture(rng, 2, 3, 1.0, 0.2, 1.0);
  for (const Kind& kind : kinds) {
    const BlockPath path(p, 0.4, kind.interpolant, kind.coupling);
    const GaussianMixture image = ou_law(p, 0.4);
    for (const Vector& x : {Vector{{0.2, -0.7}}, Vector{{1.0, 0.4}}}) {
      CHECK_THAT(path.law(0.0).log_density(x), WithinRel(p.log_density(x), 1e-13));
      CHECK_THAT(path.law(1.0).log_density(x), WithinRel(image.log_density(x), 1e-13));
    }
  }
}

// v = (α̇/α)x − (ββ̇ − (α̇/α)β²)∇log ρ_t, from the law's own score.
TEST_CASE("The velocity of a dependent path is that of its score", "[learning][exact]") {
  Rng rng(2);
  const GaussianMixture p = random_mixture(rng, 3, 4, 1.0, 0.2, 1.0);
  const double gamma = 0.25;
  const OuStep step = ou_step(gamma);
  const auto interpolant = GENERATE(Interpolant::linear, Interpolant::trigonometric);
  const BlockPath path(p, gamma, interpolant, Coupling::dependent);
  for (const double t : {0.0, 0.3, 0.9, 1.0}) {
    CAPTURE(t);
    const InterpolantValues at = interpolant_values(interpolant, t);
    const double alpha = at.left + at.right * step.decay;
    const double beta = at.right * step.noise;
    const double rate = (at.left_rate + at.right_rate * step.decay) / alpha;
    const Vector x = rng.normal_vector(3);
    const Vector expected =
        rate * x - (beta * at.right_rate * step.noise - rate * beta * beta) * path.law(t).score(x);
    CHECK((path.at(t).velocity(x) - expected).norm() <= 1e-12);
  }
}

TEST_CASE("The Jacobian and the divergence are the velocity's derivatives",
          "[learning][property]") {
  Rng rng(3);
  const GaussianMixture p = random_mixture(rng, 2, 3, 1.0, 0.2, 1.0);
  for (const Kind& kind : kinds) {
    const BlockPath path(p, 0.4, kind.interpolant, kind.coupling);
    const BlockSlice slice = path.at(0.6);
    const Vector x{{0.3, -0.2}};
    const double h = 1e-5;
    const Matrix jacobian = slice.jacobian(x);
    for (Index j = 0; j < 2; ++j) {
      const Vector e = Vector::Unit(2, j);
      const Vector difference = (slice.velocity(x + h * e) - slice.velocity(x - h * e)) / (2.0 * h);
      CHECK((jacobian.col(j) - difference).norm() <= 1e-8);
    }
    CHECK_THAT(slice.divergences(x)(0), WithinRel(jacobian.trace(), 1e-12));
    CHECK((path.tangent_field()(0.6, x).jacobian - jacobian).norm() == 0.0);
    CHECK((path.velocity()(0.6, x) - slice.velocity(x)).norm() == 0.0);
  }
}

// ∂ₜρ = −∇·(ρv), by differences in time.
TEST_CASE("A path's law and velocity satisfy the continuity equation", "[learning][property]") {
  Rng rng(4);
  const GaussianMixture p = random_mixture(rng, 2, 2, 1.0, 0.3, 1.0);
  for (const Kind& kind : kinds) {
    const BlockPath path(p, 0.4, kind.interpolant, kind.coupling);
    const double t = 0.45;
    const double h = 1e-4;
    const Vector x{{0.3, -0.2}};
    const BlockSlice slice = path.at(t);
    const double rate = (path.law(t + h).log_density(x) - path.law(t - h).log_density(x)) / (2 * h);
    const double flux = slice.divergences(x)(0) + slice.velocity(x).dot(slice.law().score(x));
    CHECK_THAT(rate, WithinAbs(-flux, 1e-6));
  }
}

TEST_CASE("Kinetic energy and floor add up to the mean squared rate", "[learning][exact]") {
  for (const double gamma : {0.1, 0.5}) {
    for (const Kind& kind : kinds) {
      CAPTURE(gamma, to_string(kind.interpolant), to_string(kind.coupling));
      const BlockPath path(dossier_bed(), gamma, kind.interpolant, kind.coupling);
      const BlockEnergies energies = block_energies(path);
      const Estimate gap = energies.kinetic + energies.floor - squared_rate(path);
      CHECK_THAT(gap, Encloses(0.0));
      CHECK(gap.width() < 1e-5);
    }
  }
}

TEST_CASE("Energies and slopes of the bimodal bed are the dossier's", "[learning][reference]") {
  const std::array<double, 4> kinetic{0.00222, 0.6516, 0.9129, 0.3778};
  const std::array<double, 4> floor{0.037, 1.37, 0.059, 2.15};
  const std::array<double, 4> steepest{0.985, 9.06, 3.12, 8.44};
  const std::array<int, 4> kinetic_decimals{5, 4, 4, 4};
  const std::array<int, 4> floor_decimals{3, 2, 3, 2};
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    CAPTURE(i);
    const BlockPath path(dossier_bed(), 0.02, kinds[i].interpolant, kinds[i].coupling);
    const BlockEnergies energies = block_energies(path);
    CHECK_THAT(energies.kinetic.value, WithinPrinted(kinetic[i], kinetic_decimals[i]));
    CHECK_THAT(energies.floor.value, WithinPrinted(floor[i], floor_decimals[i]));
    CHECK_THAT(steepest_gradient(path, {.panels = 10, .nodes = 400}).value,
               WithinRel(steepest[i], 0.002));
  }
}

TEST_CASE("The free block goes to N(0, I) whatever the coupling", "[learning][exact]") {
  const GaussianMixture p = dossier_bed();
  for (const Kind& kind : kinds) {
    const BlockPath path(p, infinity, kind.interpolant, kind.coupling);
    const Vector x{{0.7}};
    CHECK_THAT(path.law(1.0).log_density(x),
               WithinRel(Gaussian::standard(1).log_density(x), 1e-14));
    CHECK(std::isfinite(path.at(1.0).velocity(x)(0)));
    CHECK(std::isfinite(path.at(0.0).velocity(x)(0)));
  }
}

TEST_CASE("Data without a density have a velocity only after the start",
          "[learning][precondition]") {
  const GaussianMixture atoms =
      GaussianMixture::isotropic(Vector::Constant(2, 0.5), Matrix{{-1.0, 1.0}}, 0.0);
  const BlockPath path(atoms, 0.2, Interpolant::linear, Coupling::dependent);
  CHECK_THROWS_AS(path.at(0.0), std::invalid_argument);
  CHECK(std::isfinite(path.at(0.01).velocity(Vector{{0.3}})(0)));
  CHECK_THROWS_AS(path.at(-0.1), std::invalid_argument);
  CHECK_THROWS_AS(BlockPath(atoms, -1.0, Interpolant::linear, Coupling::dependent),
                  std::invalid_argument);
}

}  // namespace flowcheck::block_path_test
