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

// The clock's time 101/512 is on the grid and on no coarser one.
TEST_CASE("a rate that a coarser grid does not see is an error of the uniform bound",
          "[flows][control]") {
  const StableFlow flow = stable_flow(gaussian(1.0), trigonometric_schedule());
  VelocityError error = velocity_errors(0.1, 1)[0];
  const double c = flow.end_scale;
  error.one_sided = [c](const FlowTime& time) {
    const double s = 1.0 - std::asinh(time.remaining / c) / std::asinh(1.0 / c);
    return std::exp(-std::pow((s - 101.0 / 512.0) / 2e-4, 2));
  };
  const Stability s = stability(flow, error);
  CAPTURE(s.gronwall_uniform);
  CHECK(s.gronwall_uniform.width() > 0.5 * s.gronwall_uniform.value);
  const Stability smooth = stability(flow, velocity_errors(0.1, 1)[1]);
  CHECK(smooth.gronwall_uniform.width() < 1e-8 * smooth.gronwall_uniform.value);
}

// ε∫σ/√S ds, S = (1 − s)² + σ²s²: the shift's share at s shrinks with what is ahead of it.
TEST_CASE("a constant shift on the way to a narrow Gaussian ends where its formula says",
          "[flows][exact]") {
  const double sigma = GENERATE(1.0, 1e-1, 1e-3, 1e-6);
  const double size = 0.2;
  const StableFlow flow = stable_flow(gaussian(sigma), linear_schedule());
  const Stability s = stability(flow, velocity_errors(size, 1)[0], {.tolerance = 1e-13});
  const double expected =
      size * sigma / std::hypot(1.0, sigma) * (std::asinh(sigma) + std::asinh(1.0 / sigma));
  CAPTURE(sigma, s.coupling, s.minkowski, expected);
  CHECK(encloses(s.coupling, expected));
  CHECK(encloses(s.minkowski, expected));
  CHECK(s.coupling.width() < 1e-5 * expected);
  // λ̃ = Ṡ/2S, ∫e^{2∫λ̃} ds = ∫σ²/S ds.
  const double growth = sigma * (std::atan(sigma) + std::atan(1.0 / sigma));
  CHECK(encloses(square(s.gronwall), size * size * growth));
  CHECK(s.gronwall.width() < 1e-9 * s.gronwall.value);
}

TEST_CASE("a finer tolerance stays within the enclosures of a coarser one", "[flows][property]") {
  const auto centres = GaussianMixture::isotropic(Vector{{0.5, 0.5}}, Matrix{{-1.0, 1.0}}, 0.01);
  const StableFlow flow = stable_flow(centres, linear_schedule());
  for (const VelocityError& error : velocity_errors(0.3, 1)) {
    const auto at = [&](double tolerance) {
      return stability(flow, error, {.tolerance = tolerance, .nodes = 512});
    };
    const Stability coarse = at(1e-7);
    const Stability fine = at(1e-11);
    for (const auto member : {&Stability::coupling, &Stability::minkowski,
                              &Stability::cauchy_schwarz, &Stability::mixed_up}) {
      CAPTURE(error.name, coarse.*member, fine.*member);
      CHECK(encloses(coarse.*member, (fine.*member).value));
      CHECK((fine.*member).width() <= 1.001 * (coarse.*member).width());
    }
  }
}

TEST_CASE("stability is enclosed at a coarse tolerance", "[flows][property]") {
  const double variance = GENERATE(0.5, 1.0);
  const auto target =
      GaussianMixture::isotropic(Vector{{0.3, 0.7}}, Matrix{{0.0, 2.0}, {0.0, 1.0}}, variance);
  const StableFlow flow = stable_flow(target, linear_schedule());
  for (const VelocityError& error : velocity_errors(0.1, 2)) {
    const Stability s = stability(flow, error, {.tolerance = 1e-6, .nodes = 48});
    for (const Estimate& bound : {s.minkowski, s.cauchy_schwarz, s.gronwall, s.gronwall_uniform}) {
      CAPTURE(variance, error.name, s.coupling, bound);
      CHECK(s.coupling.upper <= bound.lower);
      CHECK(bound.width() <= 0.01 * bound.value);
    }
  }
}

TEST_CASE("the clock towards the end runs from 0 to 1 and keeps the digits of what is left",
          "[flows][exact]") {
  const double scale = GENERATE(1.0, 0.3, 1e-8);
  const EndClock clock(scale);
  CHECK(clock.time(0.0).t == 0.0);
  CHECK(clock.time(1.0).remaining == 0.0);
  const double step = 1e-5;
  for (const double s : {0.1, 0.5, 0.9, 1.0 - step}) {
    const double gone = clock.time(s - step).remaining - clock.time(s + step).remaining;
    CHECK(gone / (2.0 * step) == Approx(clock.rate(s)).epsilon(1e-6));
  }
  CHECK(narrowing_time(linear_schedule(), scale) == Approx(scale / (1.0 + scale)).epsilon(1e-12));
}

TEST_CASE("columns that flow together end where each ends alone", "[flows][property]") {
  const auto target =
      GaussianMixture::isotropic(Vector{{0.3, 0.7}}, Matrix{{0.0, 2.0}, {0.0, 1.0}}, 0.09);
  const StableFlow flow = stable_flow(target, linear_schedule());
  const Matrix x = noise_rule(2, 8).nodes;
  const EndClock clock(flow.end_scale);
  const ColumnFlow together = flow_columns(flow.velocity, x, clock, 1e-12);
  REQUIRE(together.termination == Termination::converged);
  for (Index j = 0; j < x.cols(); ++j) {
    const ColumnFlow alone = flow_columns(flow.velocity, x.col(j), clock, 1e-12);
    CHECK((together.ends.col(j) - alone.ends).norm() < 1e-8);
  }
}

TEST_CASE("stability beyond double is not enclosed, and not NaN", "[flows][property]") {
  const auto target = GaussianMixture::isotropic(Vector{{0.5, 0.5}}, Matrix{{-100.0, 100.0}}, 1.0);
  const StableFlow flow = stable_flow(target, linear_schedule());
  const Stability s = stability(flow, velocity_errors(0.1, 1)[1], {.nodes = 32});
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

TEST_CASE("in the plane the source's error is the coupling's", "[flows][exact]") {
  // N(m, ¼I): X_{0,1}(x) = m + σS₀^{−½}(x − b₀m), linear, so that the coupling shrinks by it.
  const PerturbedSource from{.a = 0.9, .b = std::sqrt(0.19)};
  const auto one = GaussianMixture::isotropic(Vector::Ones(1), Matrix{{0.6}, {-0.8}}, 0.25);
  const SourceError error = source_error(one, from);
  const double S = 0.81 + 0.25 * 0.19;
  const double apart = std::sqrt(2.0 * std::pow(std::sqrt(S) - 0.9, 2) + 0.19);
  CHECK_THAT(error.source, Encloses(apart));
  CHECK(error.generated.value == Approx(0.5 / std::sqrt(S) * apart).epsilon(1e-7));
  CHECK_THAT(error.lipschitz, Encloses(0.5 / std::sqrt(S)));
  CHECK(error.moment.value == Approx(std::sqrt(1.5)));
  // Centres on an axis: across it nothing but the width is moved, along it as on the line.
  const auto pair =
      GaussianMixture::isotropic(Vector{{0.5, 0.5}}, Matrix{{-1.0, 1.0}, {0.0, 0.0}}, 0.36);
  const auto line = GaussianMixture::isotropic(Vector{{0.5, 0.5}}, Matrix{{-1.0, 1.0}}, 0.36);
  const SourceError in_plane = source_error(pair, from);
  const SourceError on_line = source_error(line, from);
  CHECK(in_plane.lipschitz.value == Approx(on_line.lipschitz.value).epsilon(1e-9));
  CHECK(in_plane.generated.value > on_line.generated.upper);
  CHECK(in_plane.generated.width() < 1e-3);
}

TEST_CASE("perturbed flows refuse what they do not know", "[flows][precondition]") {
  const auto points = GaussianMixture::isotropic(Vector::Ones(1), Matrix::Zero(1, 1), 0.0);
  CHECK_THROWS_AS(stable_flow(points, linear_schedule()), std::invalid_argument);
  CHECK_THROWS_AS(stable_flow(gaussian(1.0), variance_exploding_schedule()), std::invalid_argument);
  const auto deep = GaussianMixture::isotropic(Vector::Ones(1), Matrix::Zero(3, 1), 1.0);
  const StableFlow flow = stable_flow(deep, linear_schedule());
  CHECK_THROWS_AS(stability(flow, velocity_errors(0.1, 3)[0]), std::invalid_argument);
  CHECK_THROWS_AS(stability(stable_flow(gaussian(1.0), linear_schedule()),
                            velocity_errors(0.1, 1)[0], {.tolerance = 0.0}),
                  std::invalid_argument);
  CHECK_THROWS_AS(EndClock(0.0), std::invalid_argument);
  CHECK_THROWS_AS(narrowing_time(linear_schedule(), 0.0), std::invalid_argument);
  CHECK_THROWS_AS(source_error(deep, {.a = 0.9, .b = 0.4}), std::invalid_argument);
}

}  // namespace flowcheck::perturbed_flow_test
