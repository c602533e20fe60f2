#include "flows/reference_flow.hpp"

#include "measures/exact_map.hpp"
#include "measures/gaussian_mixture.hpp"
#include "measures/line_laws.hpp"
#include "measures/random_gaussian.hpp"
#include "numerics/rng.hpp"
#include "support/estimates.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <cmath>

namespace flowcheck::reference_flow_test {

namespace {

const NoiseLevel noise{.noise = 1.0, .data_scale = 0.0};
const NoiseLevel data{.noise = 0.0, .data_scale = 1.0};

GaussianMixture plane_mixture() {
  Matrix centres(2, 3);
  centres << -1.0, 1.2, 0.0, 0.5, 0.3, -1.4;
  return GaussianMixture::isotropic(Eigen::Vector3d(0.2, 0.5, 0.3), centres, 0.16);
}

Vector at(double x, double y) {
  return Eigen::Vector2d(x, y);
}

}  // namespace

TEST_CASE("reference_flow agrees with the plane's reference numbers", "[flows][reference]") {
  // Converged to 2e-13 and 5e-12 elsewhere.
  struct Row {
    Vector from, to;
    std::array<double, 4> jacobian;
  };
  const Row rows[] = {{at(0, 0),
                       at(0.8431606800623, 0.0582262374067),
                       {0.79713442184, 0.21534369684, 0.22485946537, 0.77803674293}},
                      {at(1, -0.5),
                       at(1.38354845212, -0.1032726871652),
                       {0.54372788050, 0.14207506031, 0.14513881993, 0.61971435038}},
                      {at(-0.3, 1.7),
                       at(0.5513674080813, 0.9484885347767),
                       {2.25448666324, -0.13503594862, -0.15685038292, 0.45202788864}}};
  const ClockFields fields = clock_fields(plane_mixture());
  for (const Row& row : rows) {
    const TangentFlowResult flow = reference_flow(fields, noise, data, row.from);
    REQUIRE(flow.termination == Termination::converged);
    CHECK((flow.end - row.to).norm() < 4e-13);
    for (int i = 0; i < 4; ++i) {
      CHECK(std::abs(flow.jacobian(i / 2, i % 2) - row.jacobian.at(static_cast<std::size_t>(i))) <
            1e-11);
    }
    CHECK(std::abs(flow.divergence_integral - log_abs_determinant(flow.jacobian)) < 1e-12);
  }
}

TEST_CASE("reference_flow is the exact flow of a Gaussian between any two levels",
          "[flows][exact]") {
  Rng rng(3);
  const Gaussian p = random_gaussian(rng, 3);
  const ClockFields fields = clock_fields(GaussianMixture(p));
  const NoiseLevel levels[] = {noise, {0.8, 0.3}, {0.1, 0.2}, {0.05, 2.0}, data};
  const Vector x = rng.normal_vector(3);
  for (const NoiseLevel& s : levels) {
    for (const NoiseLevel& t : levels) {
      // b_t m + Σ_t^{1/2} Σ_s^{−1/2} (x − b_s m) in the eigenbasis.
      const auto deviations = [&](const NoiseLevel& level) -> Vector {
        return (level.noise * level.noise +
                level.data_scale * level.data_scale * p.eigenvalues().array())
            .sqrt();
      };
      const Matrix linear = p.eigenvectors() *
                            deviations(t).cwiseQuotient(deviations(s)).asDiagonal() *
                            p.eigenvectors().transpose();
      const TangentFlowResult flow = reference_flow(fields, s, t, x);
      CHECK((flow.end - t.data_scale * p.mean() - linear * (x - s.data_scale * p.mean())).norm() <
            1e-11 * (1.0 + linear.norm()));
      CHECK((flow.jacobian - linear).norm() < 1e-11 * (1.0 + linear.norm()));
    }
  }
}

TEST_CASE("reference_flow is the exact map on the line", "[flows][reference]") {
  const GaussianMixture p =
      GaussianMixture::isotropic(Eigen::Vector2d(0.3, 0.7), Eigen::RowVector2d(-1.0, 0.8), 0.25);
  const LineMeasure law = gaussian_mixture_law({0.3, 0.7}, {-1.0, 0.8}, {0.5, 0.5});
  const ClockFields fields = clock_fields(p);
  for (const double z : {-4.0, -1.0, -0.2, 0.0, 0.7, 3.0}) {
    const TangentFlowResult flow = reference_flow(fields, noise, data, Vector::Constant(1, z));
    CHECK(flow.end(0) == Approx(map_from_normal(law, z)).epsilon(1e-11));
    CHECK(flow.jacobian(0, 0) == Approx(map_from_normal_slope(law, z)).epsilon(1e-10));
  }
}

TEST_CASE("the Jacobian of reference_flow is the flow's difference quotient", "[flows][property]") {
  // Components of different shape: the score's field.
  Rng rng(5);
  Matrix wide = Matrix::Identity(2, 2);
  wide(0, 1) = wide(1, 0) = 0.5;
  const GaussianMixture p(Eigen::Vector2d(0.4, 0.6), rng.normal_matrix(2, 2),
                          {wide, 0.3 * Matrix::Identity(2, 2)});
  const ClockFields fields = clock_fields(p);
  const Vector x = rng.normal_vector(2);
  const TangentFlowResult flow = reference_flow(fields, noise, data, x);
  const double h = 1e-4;
  for (Index j = 0; j < 2; ++j) {
    const Vector shift = h * Vector::Unit(2, j);
    const Vector difference = (reference_flow(fields, noise, data, x + shift).end -
                               reference_flow(fields, noise, data, x - shift).end) /
                              (2.0 * h);
    CHECK((flow.jacobian.col(j) - difference).norm() < 1e-6);
  }
  const TangentFlowResult back = reference_flow(fields, data, noise, flow.end);
  CHECK((back.end - x).norm() < 1e-11);
}

TEST_CASE("a flow towards points comes as near as it is asked", "[flows][exact]") {
  const GaussianMixture points =
      GaussianMixture::isotropic(Eigen::Vector2d(0.5, 0.5), Eigen::RowVector2d(-1.0, 1.0), 0.0);
  const ClockFields fields = clock_fields(points);
  const NoiseLevel late{.noise = 1e-5, .data_scale = 1.0};
  const TangentFlowResult flow = reference_flow(fields, noise, late, Vector::Constant(1, 0.3));
  REQUIRE(flow.termination == Termination::converged);
  CHECK(std::abs(flow.end(0) - 1.0) < 5e-5);
  // The law of X_t on the line: Φ(0.3) = ½Φ((x + 1)/ε) + ½Φ((x − 1)/ε).
  CHECK(0.5 + 0.5 * 0.5 * std::erfc(-(flow.end(0) - 1.0) / (1e-5 * std::sqrt(2.0))) ==
        Approx(0.5 * std::erfc(-0.3 / std::sqrt(2.0))).epsilon(1e-9));
  CHECK_THROWS_AS(reference_flow(fields, noise, data, Vector::Zero(1)), std::invalid_argument);
}

TEST_CASE("reference_flow refuses what is no level", "[flows][precondition]") {
  const ClockFields fields = clock_fields(plane_mixture());
  CHECK_THROWS_AS(reference_flow(fields, {-1.0, 0.0}, data, at(0, 0)), std::invalid_argument);
  CHECK_THROWS_AS(reference_flow(fields, {0.0, 0.0}, data, at(0, 0)), std::invalid_argument);
  CHECK_THROWS_AS(reference_flow(fields, noise, data, Vector::Zero(3)), std::invalid_argument);
}

}  // namespace flowcheck::reference_flow_test
