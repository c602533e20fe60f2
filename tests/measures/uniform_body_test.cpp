#include "measures/uniform_body.hpp"

#include "measures/line_posterior.hpp"
#include "measures/radial_law.hpp"
#include "measures/regularity.hpp"
#include "numerics/rng.hpp"
#include "support/estimates.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <cmath>
#include <numbers>
#include <stdexcept>
#include <utility>

namespace flowcheck::uniform_body_test {

namespace {

constexpr Index draws = 40'000;

// Sample moments against a law's, at six standard errors of a bounded law: the fourth moment is at
// most extent² times the variance.
void check_moments(const Matrix& x, const Vector& mean, const Matrix& covariance, double extent) {
  const double n = static_cast<double>(x.cols());
  const Vector m = x.rowwise().mean();
  const Matrix centred = x.colwise() - m;
  const Matrix C = centred * centred.transpose() / n;
  const double spread = std::sqrt(covariance.diagonal().maxCoeff());
  CHECK((m - mean).cwiseAbs().maxCoeff() < 6.0 * spread / std::sqrt(n));
  CHECK((C - covariance).cwiseAbs().maxCoeff() < 6.0 * extent * spread / std::sqrt(n));
}

Matrix l_shape() {
  Matrix v(2, 6);
  v << 0.0, 2.0, 2.0, 1.0, 1.0, 0.0,  //
      0.0, 0.0, 1.0, 1.0, 3.0, 3.0;
  return v;
}

}  // namespace

TEST_CASE("UniformBall draws what its moments say", "[measures][property]") {
  const auto d = GENERATE(Index{1}, Index{2}, Index{5}, Index{20});
  CAPTURE(d);
  Rng rng(51, static_cast<std::uint64_t>(d));
  const UniformBall p(Vector::LinSpaced(d, -1.0, 2.0), 1.7);
  const Matrix x = sample(p, draws, rng);
  check_moments(x, p.mean(), p.covariance(), 2.0 * p.radius());
  CHECK((x.colwise() - p.mean()).colwise().norm().maxCoeff() <= p.radius());
  CHECK(p.log_density(p.mean()) == -p.log_volume().value);
  Vector outside = p.mean();
  outside(0) += 1.8;
  CHECK(p.log_density(outside) == -infinity);
  CHECK_THAT(regularity(p).half_diameter, Encloses(1.7));
  CHECK(regularity(p).curvature_lower.value == 0.0);
}

TEST_CASE("The ball's volume", "[measures][exact]") {
  const auto volume = [](Index d, double D) {
    return exp(UniformBall(Vector::Zero(d), D).log_volume());
  };
  CHECK_THAT(volume(1, 1.5), Encloses(3.0));
  CHECK_THAT(volume(2, 2.0), Encloses(4.0 * std::numbers::pi));
  CHECK_THAT(volume(3, 1.0), Encloses(4.0 * std::numbers::pi / 3.0));
  CHECK(volume(3, 1.0).width() < 1e-12);
}

TEST_CASE("UniformBox draws what its moments say", "[measures][property]") {
  Rng rng(52);
  const UniformBox p(Vector::LinSpaced(3, -1.0, 1.0), Vector::LinSpaced(3, 0.0, 5.0));
  const Matrix x = sample(p, draws, rng);
  check_moments(x, p.mean(), p.covariance(), 6.0);
  CHECK_THAT(exp(p.log_volume()), Encloses(1.0 * 2.5 * 4.0));
  CHECK(p.log_density(p.lower()) == -p.log_volume().value);
  CHECK(p.log_density(p.upper() + Vector::Unit(3, 1)) == -infinity);
  CHECK_THAT(regularity(p).half_diameter, Encloses(0.5 * std::sqrt(1.0 + 6.25 + 16.0)));
}

TEST_CASE("UniformPolygon of an L-shape, either way round and moved", "[measures][exact]") {
  // Two rectangles: area 2 at (1, ½) and 2 at (½, 2).
  const auto backwards = GENERATE(false, true);
  const auto offset = GENERATE(0.0, 1000.0);
  CAPTURE(backwards, offset);
  Matrix v = l_shape().array() + offset;
  if (backwards) v.rowwise().reverseInPlace();
  const UniformPolygon p(v);
  CHECK_THAT(p.area(), Encloses(4.0));
  CHECK(p.area().width() < 1e-11);
  CHECK(p.mean()(0) - offset == Approx(0.75).epsilon(1e-11));
  CHECK(p.mean()(1) - offset == Approx(1.25).epsilon(1e-11));
  // Within the rectangles (1/3, 1/12), (1/12, 1/3); between them (±¼, ∓¾).
  CHECK(p.covariance()(0, 0) == Approx((1.0 / 3.0 + 1.0 / 12.0) / 2.0 + 1.0 / 16.0).epsilon(1e-11));
  CHECK(p.covariance()(1, 1) == Approx((1.0 / 12.0 + 1.0 / 3.0) / 2.0 + 9.0 / 16.0).epsilon(1e-11));
  CHECK(p.covariance()(0, 1) == Approx(-3.0 / 16.0).epsilon(1e-11));
  CHECK_FALSE(p.is_convex());
  CHECK(p.half_diameter() == Approx(0.5 * std::sqrt(13.0)).epsilon(1e-12));
  CHECK(regularity(p).curvature_lower.lower == -infinity);
  CHECK(p.triangles().size() == 4);

  Vector x(2);
  x << offset + 1.5, offset + 2.0;  // in the notch
  CHECK(p.log_density(x) == -infinity);
  x << offset + 0.5, offset + 2.9;
  CHECK(p.log_density(x) == Approx(-std::log(4.0)).epsilon(1e-12));
  Rng rng(53);
  const Matrix points = sample(p, draws, rng);
  check_moments(points, p.mean(), p.covariance(), 4.0);
  for (Index i = 0; i < 1000; ++i) CHECK(p.contains(points.col(i)));
}

TEST_CASE("Regular polygons tend to the ball", "[measures][exact]") {
  const UniformPolygon square = UniformPolygon::regular(4, std::sqrt(2.0));
  CHECK(square.area().value == Approx(4.0).epsilon(1e-14));
  CHECK(square.covariance()(0, 0) == Approx(1.0 / 3.0).epsilon(1e-14));
  CHECK(square.half_diameter() == Approx(std::sqrt(2.0)).epsilon(1e-14));
  CHECK(square.is_convex());
  const UniformPolygon triangle = UniformPolygon::regular(3, 1.0);
  CHECK(triangle.half_diameter() == Approx(0.5 * std::sqrt(3.0)).epsilon(1e-14));
  const UniformPolygon many = UniformPolygon::regular(400, 1.0);
  CHECK(many.area().value == Approx(std::numbers::pi).epsilon(1e-4));
  CHECK(many.covariance()(1, 1) == Approx(0.25).epsilon(1e-4));
}

TEST_CASE("A ball's posterior in one dimension is the interval's", "[measures][exact]") {
  const auto r = GENERATE(0.3, 4.0);
  const auto y = GENERATE(0.0, 1.0, 9.0);
  CAPTURE(r, y);
  const AxialMoments ball = uniform_ball_posterior(1, 1.0, r, y);
  const LinePosteriorMoments interval = truncated_gaussian_posterior(0.0, 1.0, r, y);
  CHECK(ball.mean.value == Approx(interval.mean.value).epsilon(1e-12).margin(1e-13));
  CHECK(ball.parallel.value == Approx(interval.variance.value).epsilon(1e-12));
}

TEST_CASE("A ball's posterior agrees with quadrature over the disc", "[measures][exact]") {
  // d = 2, y along the first axis: the second coordinate integrated by hand.
  const double r = 1.7;
  const double y = 1.1;
  double mass = 0.0;
  double first = 0.0;
  double second = 0.0;
  double across = 0.0;
  const int n = 1500;
  for (int i = 0; i < n; ++i) {
    // x = sin θ: the square root at the rim becomes smooth, and the midpoint rule exact.
    const double theta = std::numbers::pi * ((i + 0.5) / n - 0.5);
    const double x = std::sin(theta);
    const double half = std::cos(theta);
    const double row = half * std::exp(r * y * x - 0.5 * r * r * x * x);
    double strip = 0.0;
    double strip_second = 0.0;
    for (int j = 0; j < 200; ++j) {
      const double psi = std::numbers::pi * ((j + 0.5) / 200 - 0.5);
      const double w = half * std::sin(psi);
      const double term = half * std::cos(psi) * std::exp(-0.5 * r * r * w * w);
      strip += term;
      strip_second += term * w * w;
    }
    mass += row * strip;
    first += row * strip * x;
    second += row * strip * x * x;
    across += row * strip_second;
  }
  const double mean = first / mass;
  const AxialMoments m = uniform_ball_posterior(2, 1.0, r, y);
  CHECK(m.mean.value == Approx(mean).epsilon(1e-4));
  CHECK(m.parallel.value == Approx(second / mass - mean * mean).epsilon(1e-4));
  CHECK(m.transverse.value == Approx(across / mass).epsilon(1e-4));
}

TEST_CASE("A ball's posterior keeps its digits inside the ball and far from it",
          "[measures][reference]") {
  // By quadrature in 30 digits.
  struct Entry {
    Index d;
    double r, y, mean, parallel, transverse;
  };
  const auto entry = GENERATE(
      Entry{2, 1.0, 2.0, 0.40562033017166929, 0.15895340956948528, 0.20281016508583464},
      Entry{2, 3.0, 100.0, 0.99490216531118669, 1.7325616605172346e-5, 0.003316340551037289},
      Entry{2, 0.25, 1e4, 0.99940005003576155, 2.3995995708151599e-7, 0.00039976002001430462},
      Entry{10, 3.0, 20.0, 0.90944880768165995, 0.0014869887837622306, 0.015157480128027666});
  CAPTURE(entry.d, entry.r, entry.y);
  const AxialMoments m = uniform_ball_posterior(entry.d, 1.0, entry.r, entry.y);
  for (const auto& [found, expected] : {std::pair{m.mean, entry.mean},
                                        {m.parallel, entry.parallel},
                                        {m.transverse, entry.transverse}}) {
    CHECK_THAT(found, Encloses(expected));
    CHECK(found.width() < 1e-12 * expected);
  }
}

TEST_CASE("A ball's posterior has the limits it has to have", "[measures][property]") {
  const auto d = GENERATE(Index{2}, Index{3}, Index{10});
  CAPTURE(d);
  const double n = static_cast<double>(d);
  // r → 0: the prior, D²/(d + 2) both ways.
  const AxialMoments prior = uniform_ball_posterior(d, 2.0, 1e-4, 0.0);
  CHECK(prior.parallel.value == Approx(4.0 / (n + 2.0)).epsilon(1e-7));
  CHECK(prior.transverse.value == Approx(4.0 / (n + 2.0)).epsilon(1e-7));
  // r → ∞ inside: N(y/r, 1/r²).
  const AxialMoments inside = uniform_ball_posterior(d, 1.0, 100.0, 30.0);
  CHECK(inside.mean.value == Approx(0.3).epsilon(1e-12));
  CHECK(inside.parallel.value * 1e4 == Approx(1.0).epsilon(1e-10));
  CHECK(inside.transverse.value * 1e4 == Approx(1.0).epsilon(1e-10));
  // At y = 0 no direction is distinguished.
  const AxialMoments middle = uniform_ball_posterior(d, 1.0, 1.5, 0.0);
  CHECK(middle.parallel.value == Approx(middle.transverse.value).epsilon(1e-12));
  CHECK(middle.parallel.width() < 1e-11);
}

TEST_CASE("The ball's exact map has the dossier's largest singular values",
          "[measures][reference]") {
  // GIF-23, D = 1: at the centre ρ′ and ρ/s are the same and largest.
  const std::array<Index, 5> dimensions = {1, 2, 3, 10, 50};
  const std::array<double, 5> values = {.79788, .70711, .64309, .43809, .22165};
  for (std::size_t i = 0; i < dimensions.size(); ++i) {
    const Index d = dimensions[i];
    CAPTURE(d);
    CHECK_THAT(ball_map_slope(d, 1.0, 0.0), WithinPrinted(values[i], 5));
    CHECK(ball_map(d, 1.0, 1e-3) == Approx(1e-3 * ball_map_slope(d, 1.0, 0.0)).epsilon(1e-5));
    CHECK(ball_map(d, 1.0, 40.0) == Approx(1.0).epsilon(1e-14));
    const double s = std::sqrt(static_cast<double>(d));
    const double h = 1e-5;
    CHECK((ball_map(d, 1.0, s + h) - ball_map(d, 1.0, s - h)) / (2.0 * h) ==
          Approx(ball_map_slope(d, 1.0, s)).epsilon(1e-8));
  }
}

TEST_CASE("RadialLaw: Gaussian, ball and the radial cusp", "[measures][exact]") {
  const auto d = GENERATE(Index{1}, Index{2}, Index{3}, Index{10});
  CAPTURE(d);
  const double n = static_cast<double>(d);
  const RadialPotential quadratic = {.value = [](double r) { return 0.5 * r * r; },
                                     .slope = [](double r) { return r; },
                                     .curvature = [](double) { return 1.0; }};
  const RadialLaw gaussian(d, quadratic);
  CHECK_THAT(gaussian.entropy(),
             Encloses(0.5 * n * std::log(2.0 * std::numbers::pi * std::exp(1.0))));
  CHECK(gaussian.entropy().width() < 1e-10);
  CHECK_THAT(gaussian.axial_variance(), Encloses(1.0));
  CHECK(gaussian.log_density(Vector::Constant(d, 0.3)) ==
        Approx(-0.5 * n * (std::log(2.0 * std::numbers::pi) + 0.09)).epsilon(1e-13));
  CHECK((gaussian.score(Vector::Constant(d, 0.3)).array() + 0.3).abs().maxCoeff() < 1e-15);
  // The map from N(0, I) to itself is the identity, at the centre and in the tail.
  for (const double s : {1e-6, 0.01, 1.0, 5.0, 20.0}) {
    CAPTURE(s);
    CHECK(radial_map(gaussian, s) == Approx(s).epsilon(1e-12));
    CHECK(radial_map_slope(gaussian, s) == Approx(1.0).epsilon(1e-10));
  }

  const RadialLaw ball(d, {.value = [](double) { return 0.0; },
                           .slope = [](double) { return 0.0; },
                           .curvature = [](double) { return 0.0; },
                           .radius = 1.5,
                           .typical = 0.7});
  CHECK_THAT(ball.entropy(), Encloses(UniformBall(Vector::Zero(d), 1.5).log_volume().value));
  for (const double s : {1e-3, 0.5, 2.0, 8.0}) {
    CAPTURE(s);
    CHECK(radial_map(ball, s) == Approx(ball_map(d, 1.5, s)).epsilon(1e-12));
  }
  Rng rng(54, static_cast<std::uint64_t>(d));
  check_moments(sample(ball, draws, rng), Vector::Zero(d),
                ball.axial_variance().value * Matrix::Identity(d, d), 3.0);
}

TEST_CASE("The radial cusp's exact map has the dossier's Lipschitz constants",
          "[measures][reference]") {
  // GIF-25, h = L|x|, d = 2.
  const std::array<double, 3> tilts = {0.5, 1.0, 2.0};
  const std::array<double, 3> values = {1.408, 2.116, 6.099};
  for (std::size_t i = 0; i < tilts.size(); ++i) {
    const double L = tilts[i];
    CAPTURE(L);
    const RadialLaw p(2, {.value = [L](double r) { return r * (0.5 * r - L); },
                          .slope = [L](double r) { return r - L; },
                          .curvature = [](double) { return 1.0; }});
    double largest = 0.0;
    for (double s = 1e-5; s < 4.0; s *= 1.1) {
      largest = std::max({largest, radial_map(p, s) / s, radial_map_slope(p, s)});
    }
    CHECK_THAT(largest, WithinPrinted(values[i], 3));
  }
}

TEST_CASE("Bodies refuse what has no volume", "[measures][precondition]") {
  CHECK_THROWS_AS(UniformBall(Vector(), 1.0), std::invalid_argument);
  CHECK_THROWS_AS(UniformBall(Vector::Zero(2), 0.0), std::invalid_argument);
  CHECK_THROWS_AS(UniformBox(Vector::Zero(2), Vector::Zero(2)), std::invalid_argument);
  CHECK_THROWS_AS(UniformBox(Vector::Zero(2), Vector::Ones(3)), std::invalid_argument);
  const auto refused = [](Matrix v) { CHECK_THROWS_AS(UniformPolygon(v), std::invalid_argument); };
  refused(Matrix::Zero(2, 2));
  refused(Matrix::Zero(3, 3));
  Matrix bow(2, 4);
  bow << 0.0, 1.0, 0.0, 1.0,  //
      0.0, 1.0, 1.0, 0.0;
  refused(bow);
  Matrix line(2, 3);
  line << 0.0, 1.0, 2.0,  //
      0.0, 0.0, 0.0;
  refused(line);
  Matrix repeated(2, 4);
  repeated << 0.0, 1.0, 1.0, 0.0,  //
      0.0, 0.0, 0.0, 1.0;
  refused(repeated);
  Matrix touching = l_shape();
  touching.col(3) << 0.0, 1.0;  // a vertex on a far edge
  refused(touching);
  CHECK_THROWS_AS(UniformPolygon::regular(2, 1.0), std::invalid_argument);
  CHECK_THROWS_AS(uniform_ball_posterior(0, 1.0, 1.0, 0.0), std::invalid_argument);
  CHECK_THROWS_AS(uniform_ball_posterior(2, 1.0, 0.0, 0.0), std::invalid_argument);
  CHECK_THROWS_AS(ball_map(2, 1.0, -1.0), std::invalid_argument);
}

}  // namespace flowcheck::uniform_body_test
