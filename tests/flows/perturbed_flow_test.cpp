#include "flows/perturbed_flow.hpp"

#include "flows/perturbed_source.hpp"
#include "measures/gaussian_mixture.hpp"

#include <catch2/catch.hpp>

#include <cmath>

namespace flowcheck::perturbed_flow_test {
namespace {

GaussianMixture gaussian(double sigma) {
  return GaussianMixture::isotropic(Vector::Ones(1), Matrix::Zero(1, 1), sigma * sigma);
}

bool encloses(const Estimate& estimate, double value) {
  return estimate.lower <= value && value <= estimate.upper;
}

}  // namespace

TEST_CASE("a growth along a still flow ends at e^K − 1", "[flows][exact]") {
  const double K = GENERATE(0.1, 0.5, 1.0, -0.7);
  const StableFlow still = stable_flow(gaussian(1.0), trigonometric_schedule());
  const Stability s = stability(still, velocity_errors(K, 1)[2]);
  CAPTURE(K, s.coupling, s.minkowski);
  CHECK(encloses(s.coupling, std::abs(std::expm1(K))));
  CHECK(encloses(s.minkowski, std::abs(std::expm1(K))));  // ∫ |K| e^{Ks} ds
  CHECK(encloses(s.mixed_up, std::abs(K)));
  // λ̃ = K: (∫e^{2K(1−s)} ds K²)^½.
  CHECK(encloses(s.gronwall, std::abs(K) * std::sqrt(std::expm1(2.0 * K) / (2.0 * K))));
}

TEST_CASE("a constant shift on the way to N(0, 1/4) is off by its reference ratios",
          "[flows][reference]") {
  const auto ratio = [](const Schedule& schedule) {
    const StableFlow flow = stable_flow(gaussian(0.5), schedule);
    const Stability s = stability(flow, velocity_errors(0.2, 1)[0]);
    return s.coupling.value / s.cauchy_schwarz.value;
  };
  CHECK(ratio(linear_schedule()) == Approx(0.9713).margin(5e-5));
  CHECK(ratio(trigonometric_schedule()) == Approx(0.9708).margin(5e-5));
}

TEST_CASE("stability's numbers converge at the order of the Runge–Kutta method", "[flows][order]") {
  const auto centres = GaussianMixture::isotropic(Vector{{0.5, 0.5}}, Matrix{{-1.0, 1.0}}, 0.36);
  const StableFlow flow = stable_flow(centres, linear_schedule());
  const VelocityError error = velocity_errors(0.3, 1)[1];
  const auto at = [&](int steps) {
    return stability(flow, error, {.steps = steps, .nodes = 192}).coupling.value;
  };
  const double coarse = at(16), middle = at(32), fine = at(64);
  const double order = std::log2(std::abs((coarse - middle) / (middle - fine)));
  CAPTURE(coarse, middle, fine);
  CHECK(order == Approx(4.0).margin(0.5));
}

TEST_CASE("stability is enclosed where the first steps are too coarse for the flow",
          "[flows][property]") {
  const double variance = GENERATE(0.5, 1.0);
  const auto target =
      GaussianMixture::isotropic(Vector{{0.3, 0.7}}, Matrix{{0.0, 2.0}, {0.0, 1.0}}, variance);
  const StableFlow flow = stable_flow(target, linear_schedule());
  for (const VelocityError& error : velocity_errors(0.1, 2)) {
    const Stability s = stability(flow, error, {.steps = 16, .nodes = 48});
    for (const Estimate& bound : {s.minkowski, s.cauchy_schwarz, s.gronwall, s.gronwall_uniform}) {
      CAPTURE(variance, error.name, s.coupling, bound);
      CHECK(s.coupling.upper <= bound.lower);
      CHECK(bound.width() <= 0.01 * bound.value);
    }
  }
}

TEST_CASE("stability beyond double is not enclosed, and not NaN", "[flows][property]") {
  const auto target = GaussianMixture::isotropic(Vector{{0.5, 0.5}}, Matrix{{-100.0, 100.0}}, 1.0);
  const StableFlow flow = stable_flow(target, linear_schedule());
  const Stability s = stability(flow, velocity_errors(0.1, 1)[1], {.steps = 16, .nodes = 32});
  CAPTURE(s.minkowski, s.cauchy_schwarz);
  CHECK_FALSE(s.minkowski.is_nan());
  CHECK(s.minkowski.upper == infinity);
  CHECK(s.cauchy_schwarz.lower == 0.0);
  CHECK(s.cauchy_schwarz.upper == infinity);
}

TEST_CASE("the noise's rule integrates moments, and reaches no further than it says",
          "[flows][exact]") {
  const Index d = GENERATE(Index{1}, Index{2});
  const NoiseRule rule = noise_rule(d, 64);
  const Vector squares = rule.nodes.colwise().squaredNorm();
  CHECK(rule.weights.sum() == Approx(1.0).epsilon(1e-13));
  CHECK(squares.dot(rule.weights) == Approx(static_cast<double>(d)).epsilon(1e-12));
  CHECK(squares.cwiseAbs2().dot(rule.weights) ==
        Approx(static_cast<double>(d * (d + 2))).epsilon(1e-12));
  CHECK(squares.maxCoeff() <= 8.5 * 8.5 * (1.0 + 1e-12));
}

TEST_CASE("a source without data is off by its reference ratio", "[flows][reference]") {
  const PerturbedSource from{.a = 0.9, .b = std::sqrt(0.19)};
  const SourceError exact =
      source_error(Gaussian(Vector::Zero(1), Matrix::Constant(1, 1, 0.25)), from);
  // σ = ½, the constant of the flow from N(0, I), would not do.
  CHECK(exact.generated.value / (0.5 * exact.source.value) == Approx(1.080).margin(5e-4));
  // The same law as a mixture of one, through quantiles.
  const SourceError by_quantiles = source_error(gaussian(0.5), from);
  CHECK(by_quantiles.generated.lower <= exact.generated.upper);
  CHECK(exact.generated.lower <= by_quantiles.generated.upper);
  CHECK(by_quantiles.generated.width() < 1e-9);
}

TEST_CASE("perturbed flows refuse what they do not know", "[flows][precondition]") {
  const auto points = GaussianMixture::isotropic(Vector::Ones(1), Matrix::Zero(1, 1), 0.0);
  CHECK_THROWS_AS(stable_flow(points, linear_schedule()), std::invalid_argument);
  CHECK_THROWS_AS(stable_flow(gaussian(1.0), variance_exploding_schedule()), std::invalid_argument);
  const auto deep = GaussianMixture::isotropic(Vector::Ones(1), Matrix::Zero(3, 1), 1.0);
  const StableFlow flow = stable_flow(deep, linear_schedule());
  CHECK_THROWS_AS(stability(flow, velocity_errors(0.1, 3)[0]), std::invalid_argument);
  CHECK_THROWS_AS(source_error(deep, {.a = 0.9, .b = 0.4}), std::invalid_argument);
}

}  // namespace flowcheck::perturbed_flow_test
