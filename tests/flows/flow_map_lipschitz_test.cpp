#include "flows/flow_map_lipschitz.hpp"

#include "measures/gaussian_mixture.hpp"
#include "measures/line_laws.hpp"
#include "support/estimates.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <stdexcept>
#include <utility>
#include <vector>

namespace flowcheck::flow_map_lipschitz_test {

namespace {

constexpr NoiseLevel noise = {1.0, 0.0};
constexpr NoiseLevel data = {0.0, 1.0};

GaussianMixture centres(double R, double sigma, double right = 0.5) {
  return GaussianMixture::isotropic(Vector{{1.0 - right, right}}, Matrix{{-R, R}}, sigma * sigma);
}

}  // namespace

TEST_CASE("Flow maps of two centres have the printed Lipschitz constants", "[flows][reference]") {
  // GIF-24: σ e^{R²/2σ²} is attained at 0.
  for (const auto& [R, sigma] : {std::pair{1.0, 1.0}, {1.5, 1.0}, {2.0, 0.7}, {1.0, 0.3}}) {
    CAPTURE(R, sigma);
    const FlowMapLipschitz map = flow_map_lipschitz(centres(R, sigma), noise, data);
    const double bound = sigma * std::exp(R * R / (2.0 * sigma * sigma));
    CHECK(map.largest.value.value == Approx(bound).epsilon(1e-10));
    CHECK(map.largest.value.upper >= bound);
    CHECK(std::abs(map.largest.place(0)) < 1e-6);
    CHECK_THAT(map.reverse(), Encloses(1.0 / sigma));
  }
  const FlowMapLipschitz uneven = flow_map_lipschitz(centres(1.0, 1.0, 0.9), noise, data);
  CHECK(uneven.largest.value.value < std::exp(0.5));
  // GIF-22: slopes of σ = 1 beside 1/√κ.
  for (const auto& [R, slope] : {std::pair{0.3, 1.0460}, {0.6, 1.1972}, {0.9, 1.4993}}) {
    CHECK_THAT(flow_map_lipschitz(centres(R, 1.0), noise, data).largest.value.value,
               WithinPrinted(slope, 4));
  }
  CHECK_THAT(flow_map_lipschitz(centres(1.5, 1.0), noise, data).largest.value.value,
             WithinPrinted(3.08, 2));
}

TEST_CASE("Between two levels the constants compose and a Gaussian's are exact",
          "[flows][property]") {
  const NoiseLevel middle = {0.5, 0.5};
  const GaussianMixture p = centres(1.0, 0.6);
  const double first = flow_map_lipschitz(p, noise, middle).largest.value.value;
  const double second = flow_map_lipschitz(p, middle, data).largest.value.value;
  const double whole = flow_map_lipschitz(p, noise, data).largest.value.value;
  CHECK(whole == Approx(first * second).epsilon(1e-9));  // all at x = 0
  const Gaussian wide(Vector{{1.0, -1.0}}, Vector{{0.25, 4.0}}.asDiagonal());
  const FlowMapLipschitz map = flow_map_lipschitz(GaussianMixture(wide), {0.8, 0.6}, {0.3, 0.9});
  CHECK_THAT(map.largest.value, Encloses(std::sqrt((0.09 + 0.81 * 4.0) / (0.64 + 0.36 * 4.0))));
  CHECK_THAT(map.least.value, Encloses(std::sqrt((0.09 + 0.81 * 0.25) / (0.64 + 0.36 * 0.25))));
}

TEST_CASE("In the plane the search finds what a line along the centres has", "[flows][property]") {
  const GaussianMixture flat =
      GaussianMixture::isotropic(Vector{{0.5, 0.5}}, Matrix{{-0.6, 0.6}, {-0.8, 0.8}}, 0.49);
  const FlowMapLipschitz map = flow_map_lipschitz(flat, noise, data, {.starts = 2});
  const double bound = 0.7 * std::exp(1.0 / 0.98);
  CHECK(map.largest.value.grade == Grade::sampled);
  CHECK(map.largest.value.value == Approx(bound).epsilon(1e-6));
  CHECK(map.largest.value.upper >= bound * (1.0 - 1e-12));
}

TEST_CASE("In the plane the suprema over time bound the map better than the class does",
          "[flows][property]") {
  // A triangle of circumradius 1 has variances up to ¾ only.
  const double half = std::sqrt(0.75);
  const GaussianMixture triangle = GaussianMixture::isotropic(
      Vector::Constant(3, 1.0 / 3.0), Matrix{{1.0, -0.5, -0.5}, {0.0, half, -half}}, 1.0);
  const Estimate map = flow_map_lipschitz(triangle, noise, data, {.starts = 2}).largest.value;
  CHECK(map.upper < 0.95 * std::exp(0.5));
  CHECK(map.upper >= map.lower);
  CHECK(map.upper <= 1.02 * std::exp(0.375));
  // Two centres on a line attain their bound: no smaller one is given.
  const GaussianMixture pair =
      GaussianMixture::isotropic(Vector{{0.5, 0.5}}, Matrix{{-1.0, 1.0}, {0.0, 0.0}}, 1.0);
  const Estimate attained = flow_map_lipschitz(pair, noise, data, {.starts = 2}).largest.value;
  CHECK(attained.upper == Approx(std::exp(0.5)).epsilon(1e-9));
}

TEST_CASE("In the plane different covariances are bounded if one is the widest",
          "[flows][property]") {
  const auto two = [](const Matrix& narrow) {
    return GaussianMixture(Vector{{0.7, 0.3}}, Matrix{{0.0, 0.5}, {0.0, 0.4}},
                           {Matrix{{1.0, 0.0}, {0.0, 1.0}}, narrow});
  };
  const GaussianMixture inside = two(Matrix{{0.5, 0.1}, {0.1, 0.4}});
  const Estimate whole = flow_map_lipschitz(inside, noise, data, {.starts = 1}).largest.value;
  CHECK(whole.upper < infinity);
  CHECK(whole.lower <= whole.upper);
  // Bounds of two halves are bounds of their composition.
  const NoiseLevel middle = {0.5, 0.5};
  const double first = flow_map_lipschitz(inside, noise, middle, {.starts = 1}).largest.value.upper;
  const double second = flow_map_lipschitz(inside, middle, data, {.starts = 1}).largest.value.upper;
  CHECK(first * second >= whole.lower);
  CHECK(first * second == Approx(whole.upper).epsilon(0.05));
  const Estimate crossed =
      flow_map_lipschitz(two(Matrix{{0.5, 0.1}, {0.1, 1.2}}), noise, middle, {.starts = 1})
          .largest.value;
  CHECK(crossed.upper == infinity);
}

TEST_CASE("Thin along one axis, the plane's map is stretched as the line's", "[flows][reference]") {
  const GaussianMixture plane(Vector{{0.6, 0.4}}, Matrix{{0.0, 0.8}, {0.0, 0.0}},
                              {Matrix{{1.0, 0.0}, {0.0, 1.0}}, Matrix{{0.3, 0.0}, {0.0, 1.0}}});
  const GaussianMixture line(Vector{{0.6, 0.4}}, Matrix{{0.0, 0.8}},
                             {Matrix{{1.0}}, Matrix{{0.3}}});
  const Estimate in_plane = flow_map_lipschitz(plane, noise, data, {.starts = 1}).largest.value;
  const Estimate on_line = flow_map_lipschitz(line, noise, data).largest.value;
  CHECK(on_line.value <= in_plane.upper);
  CHECK(on_line.value <= on_line.upper);
  CHECK(in_plane.value <= on_line.upper);
  CHECK(on_line.upper < infinity);
}

TEST_CASE("On the line the bound is next to what is seen", "[flows][property]") {
  const auto uneven = centres(2.0, 0.5, 0.9);
  const GaussianMixture widths(Vector{{0.2, 0.5, 0.3}}, Matrix{{-1.0, 1.2, 0.0}},
                               {Matrix{{1.0}}, Matrix{{0.25}}, Matrix{{0.36}}});
  const GaussianMixture far(Vector{{1e-6, 1.0 - 1e-6}}, Matrix{{8.0, 0.0}},
                            {Matrix{{4.0}}, Matrix{{0.25}}});
  for (const GaussianMixture& p : {uneven, widths, far}) {
    for (const NoiseLevel& to : {data, NoiseLevel{0.4, 0.6}}) {
      CAPTURE(p.means(), to.noise);
      const Estimate map = flow_map_lipschitz(p, noise, to).largest.value;
      CHECK(map.upper <= 1.002 * map.lower);
      CHECK(map.upper >= map.value);
    }
  }
}

TEST_CASE("In the plane the bound is next to what is seen, also far out", "[flows][property]") {
  Matrix ring(2, 8);
  for (Index k = 0; k < 8; ++k) {
    const double angle = 0.25 * M_PI * static_cast<double>(k);
    ring.col(k) = Vector{{2.0 * std::cos(angle), 2.0 * std::sin(angle)}};
  }
  const GaussianMixture eight = GaussianMixture::isotropic(Vector::Constant(8, 0.125), ring, 0.25);
  // The mixture of C.8.
  const Matrix places{{-1.0, 1.2, 0.0}, {0.5, 0.3, -1.4}};
  const GaussianMixture three = GaussianMixture::isotropic(Vector{{0.2, 0.5, 0.3}}, places, 0.16);
  for (const GaussianMixture& p : {eight, three}) {
    CAPTURE(p.means());
    const Estimate map = flow_map_lipschitz(p, noise, data, {.starts = 2}).largest.value;
    CHECK(map.upper <= 1.02 * map.lower);
    CHECK(map.upper >= map.value);
  }
  // What no search from near the centres finds: far below the edge of the first two centres.
  const double distance = (places.col(1) - places.col(0)).norm();
  const GaussianMixture edge =
      GaussianMixture::isotropic(Vector{{2.0 / 7.0, 5.0 / 7.0}}, Matrix{{0.0, distance}}, 0.16);
  const FlowMapLipschitz map = flow_map_lipschitz(three, noise, data, {.starts = 2});
  CHECK(map.largest.place.size() == 0);
  CHECK(map.largest.value.value ==
        Approx(flow_map_lipschitz(edge, noise, data).largest.value.value).epsilon(1e-9));
}

TEST_CASE("Of widths far apart no bound is below what is seen", "[flows][property]") {
  // log ‖∇X‖ tends to that of the widest component far out, √9 and 1.
  const auto wide_and_narrow = [](double weight, const Vector& wide, const Vector& other,
                                  double apart) {
    return GaussianMixture(Vector{{weight, 1.0 - weight}}, Matrix{{0.0, apart}, {0.0, 0.0}},
                           {wide.asDiagonal(), other.asDiagonal()});
  };
  for (const GaussianMixture& p :
       {wide_and_narrow(0.9, Vector{{9.0, 0.01}}, Vector{{8.9, 0.0095}}, 0.01),
        wide_and_narrow(0.5, Vector{{1.0, 0.0011}}, Vector{{0.99, 0.001}}, 0.0)}) {
    const Estimate map = flow_map_lipschitz(p, noise, data, {.starts = 2}).largest.value;
    const double widest = std::sqrt(p.covariance(0)(0, 0));
    CHECK(map.upper >= widest);
    CHECK(map.upper >= map.value);
  }
}

TEST_CASE("Centres on a line stretch as the line does, in any dimension", "[flows][property]") {
  const Vector e{{2.0 / 3.0, 1.0 / 3.0, 2.0 / 3.0}};
  const GaussianMixture in_space = GaussianMixture::isotropic(
      Vector{{0.3, 0.7}}, Matrix(e * Vector{{-1.0, 1.0}}.transpose()), 0.25);
  const FlowMapLipschitz map = flow_map_lipschitz(in_space, noise, data, {.starts = 1});
  const FlowMapLipschitz line = flow_map_lipschitz(centres(1.0, 0.5, 0.7), noise, data);
  CHECK(map.largest.value.value == Approx(line.largest.value.value).epsilon(1e-12));
  CHECK(map.largest.value.upper == Approx(line.largest.value.upper).epsilon(1e-9));
  CHECK((map.largest.place - line.largest.place(0) * e).norm() < 1e-9);
}

TEST_CASE("Components in one place are a Gaussian", "[flows][exact]") {
  const GaussianMixture one =
      GaussianMixture::isotropic(Vector{{0.5, 0.5}}, Matrix{{1.0, 1.0}, {0.0, 0.0}}, 0.3);
  const FlowMapLipschitz map = flow_map_lipschitz(one, noise, data);
  CHECK_THAT(map.largest.value, Encloses(std::sqrt(0.3)));
  CHECK_THAT(map.least.value, Encloses(std::sqrt(0.3)));
}

TEST_CASE("Whole flows to laws on the line have the printed constants", "[flows][reference]") {
  // GIF-23, D = 1: all of six digits and more.
  for (const auto& [kappa, bound] : {std::pair{4.0, 0.47725}, {0.0, 0.79788}, {-4.0, 1.88656}}) {
    CAPTURE(kappa);
    const FlowMapLipschitz map = noise_to_data_lipschitz(truncated_gaussian_law(kappa, 1.0));
    CHECK_THAT(map.largest.value.value, WithinPrinted(bound, 5));
    CHECK(map.least.value.value < 1e-6);
    CHECK(map.reverse().upper == infinity);
  }
  for (const double L : {0.5, 2.0}) {
    CAPTURE(L);
    const FlowMapLipschitz up = noise_to_data_lipschitz(cusp_law(L));
    CHECK(up.largest.value.value ==
          Approx(std::erfc(-L / std::sqrt(2.0)) * std::exp(0.5 * L * L)).epsilon(1e-9));
    const FlowMapLipschitz down = noise_to_data_lipschitz(cusp_law(-L));
    CHECK(down.least.value.value ==
          Approx(std::erfc(L / std::sqrt(2.0)) * std::exp(0.5 * L * L)).epsilon(1e-9));
  }
  // GIF-25: Laplace's law is log-concave and not log-Lipschitz; T′ grows like z.
  CHECK_THAT(noise_to_data_lipschitz(laplace_law()).largest.value.value, WithinPrinted(30.03, 2));
  CHECK(noise_to_data_lipschitz(laplace_law()).largest.value.upper == infinity);
}

TEST_CASE("flow_map_lipschitz refuses levels out of order", "[flows][precondition]") {
  CHECK_THROWS_AS(flow_map_lipschitz(centres(1.0, 1.0), {0.5, 0.5}, noise), std::invalid_argument);
  CHECK_THROWS_AS(flow_map_lipschitz(centres(1.0, 0.0), noise, data), std::invalid_argument);
  CHECK_THROWS_AS(flow_map_lipschitz(centres(1.0, 1.0), data, data), std::invalid_argument);
}

TEST_CASE("A bound that is contradicted by what is seen stops the computation",
          "[flows][control]") {
  // N(0, 4), whose slope is 2 and whose κ = β = ¼.
  LinePotential potential{.value = [](double x) { return 0.125 * x * x; },
                          .slope = [](double x) { return 0.25 * x; },
                          .curvature = [](double) { return 0.25; }};
  CHECK(noise_to_data_lipschitz(LineMeasure(potential)).largest.value.value ==
        Approx(2.0).epsilon(1e-9));
  LinePotential too_convex = potential;
  too_convex.curvature_lower = 1.0;  // claims a slope of at most 1
  CHECK_THROWS_WITH(noise_to_data_lipschitz(LineMeasure(too_convex)),
                    Catch::Contains("below 2.0000"));
  LinePotential too_flat = potential;
  too_flat.curvature_upper = 0.1;  // claims a slope of at least √10
  CHECK_THROWS_WITH(noise_to_data_lipschitz(LineMeasure(too_flat)),
                    Catch::Contains("above 2.0000"));
}

}  // namespace flowcheck::flow_map_lipschitz_test
