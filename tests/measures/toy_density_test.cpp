#include "measures/toy_density.hpp"

#include "numerics/confidence.hpp"
#include "numerics/rng.hpp"
#include "numerics/special_functions.hpp"
#include "support/estimates.hpp"

#include <Eigen/Cholesky>
#include <catch2/catch.hpp>

#include <cmath>
#include <numbers>
#include <stdexcept>
#include <string>

namespace flowcheck::toy_density_test {

namespace {

constexpr double pi = std::numbers::pi;

Matrix column(double x, double y) {
  Matrix point(2, 1);
  point << x, y;
  return point;
}

double log_density_at(Toy toy, double x, double y) {
  return log_density(toy, column(x, y))(0);
}

double gaussian(double x, double y, double s) {
  return std::exp(-0.5 * (x * x + y * y) / (s * s)) / (2.0 * pi * s * s);
}

// A line of the dossier's table, with its printed error: one standard error of the entropy's draws.
struct Row {
  Toy toy;
  double entropy;
  double error;
  double gaussian_fit;
  double standard_normal;
};

// Six standard errors; a fourth moment is at most four times the variance squared here.
void check_moments(const ToyOracle& oracle, const Matrix& x) {
  const double n = static_cast<double>(x.cols());
  const Vector mean = x.rowwise().mean();
  const Matrix centred = x.colwise() - mean;
  const Matrix covariance = centred * centred.transpose() / n;
  const double spread = std::sqrt(oracle.covariance.diagonal().maxCoeff());
  CHECK((mean - oracle.mean).cwiseAbs().maxCoeff() < 6.0 * spread / std::sqrt(n));
  CHECK((covariance - oracle.covariance).cwiseAbs().maxCoeff() <
        12.0 * spread * spread / std::sqrt(n));
}

}  // namespace

TEST_CASE("Toy densities have the entropies of the published oracles", "[measures][reference]") {
  const Row row = GENERATE(
      Row{Toy::eight_gaussians, 2.832, .003, 4.256, 5.97},
      Row{Toy::swissroll, 2.665, .005, 3.461, 3.80}, Row{Toy::circles, 3.273, .006, 3.896, 4.72},
      Row{Toy::rings, 2.624, .006, 3.592, 3.96}, Row{Toy::moons, 2.392, .005, 3.294, 3.90},
      Row{Toy::pinwheel, 2.312, .005, 3.626, 4.04},
      Row{Toy::two_spirals, 2.656, .005, 3.746, 4.39});
  CAPTURE(to_string(row.toy));
  const ToyOracle oracle = toy_oracle(row.toy);
  CHECK(oracle.entropy.width() < 1e-6);
  // A Gaussian has the largest entropy of its covariance.
  CHECK(oracle.entropy.upper < oracle.gaussian_fit_nll.lower);

  // The draws know nothing of the density: their mean surprise has to be the entropy.
  Rng rng(61, static_cast<std::uint64_t>(row.toy));
  check_moments(oracle, sample(row.toy, 20'000, rng));
  const Matrix x = sample(row.toy, 4000, rng);
  const Vector surprise = -log_density(row.toy, x);
  const Estimate drawn = sample_mean({surprise.begin(), surprise.end()}, 1e-7);
  CAPTURE(drawn, oracle.entropy);
  CHECK(drawn.width() < 0.2);
  CHECK(drawn.lower < oracle.entropy.value);
  CHECK(drawn.upper > oracle.entropy.value);

  // The table is Monte Carlo; the quadrature is not. Every column is a mean of the same draws to
  // first order, of −log p, of r²/2 for r² = (x − m)ᵀΣ⁻¹(x − m), of |x|²/2, so that their errors
  // are as the deviations are. Seven lines of three numbers miss with 1 % together; then the
  // printed digits, the error's own included.
  const double quantile = -normal_quantile(0.5 * 0.01 / 21.0);
  const Matrix centred = x.colwise() - oracle.mean;
  const Matrix whitened = oracle.covariance.llt().matrixL().solve(centred);
  const auto deviation = [](const Vector& values) {
    return standard_deviation({values.begin(), values.end()});
  };
  const double unit = quantile * (row.error + 0.0005) / deviation(surprise);
  const double of_fit = unit * deviation(0.5 * whitened.colwise().squaredNorm().transpose());
  const double of_normal = unit * deviation(0.5 * x.colwise().squaredNorm().transpose());
  CAPTURE(quantile, unit, of_fit, of_normal);
  CHECK(std::abs(oracle.entropy.value - row.entropy) < unit * deviation(surprise) + 0.0005);
  CHECK(std::abs(oracle.gaussian_fit_nll.value - row.gaussian_fit) < of_fit + 0.0005);
  CHECK(std::abs(oracle.standard_normal_nll.value - row.standard_normal) < of_normal + 0.005);
}

TEST_CASE("The boards are uniform on half their cells", "[measures][exact]") {
  const auto toy = GENERATE(Toy::checkerboard, Toy::flow_map_board);
  CAPTURE(to_string(toy));
  const ToyOracle oracle = toy_oracle(toy);
  const double cell = toy == Toy::checkerboard ? 2.0 : 0.5;
  CHECK_THAT(oracle.entropy, Encloses(std::log(8.0 * cell * cell)));  // log 32 and log 2
  Rng rng(62);
  const Matrix x = sample(toy, 8000, rng);
  CHECK((log_density(toy, x).array() == -std::log(8.0 * cell * cell)).all());
  // Every cell with mass gets an eighth: six standard errors.
  Eigen::Matrix4d counts = Eigen::Matrix4d::Zero();
  for (Index i = 0; i < x.cols(); ++i) {
    const Eigen::Array2d at = x.col(i).array() / cell + 2.0;
    counts(static_cast<Index>(at(0)), static_cast<Index>(at(1))) += 1.0;
  }
  for (Index i = 0; i < 4; ++i) {
    for (Index j = 0; j < 4; ++j) {
      const double expected = (i + j) % 2 == 0 ? 1000.0 : 0.0;
      CHECK(std::abs(counts(i, j) - expected) <= 6.0 * std::sqrt(expected * 0.875));
    }
  }
  CHECK(log_density_at(toy, 0.25 * cell, -0.25 * cell) == -infinity);
  CHECK(log_density_at(toy, 2.5 * cell, 0.25 * cell) == -infinity);
}

TEST_CASE("Toy moments of the boards and of the s-curve are those of the draws",
          "[measures][property]") {
  const auto toy = GENERATE(Toy::checkerboard, Toy::flow_map_board, Toy::s_curve);
  CAPTURE(to_string(toy));
  Rng rng(63, static_cast<std::uint64_t>(toy));
  check_moments(toy_oracle(toy), sample(toy, 20'000, rng));
}

TEST_CASE("Densities along a curve agree with the midpoint rule", "[measures][exact]") {
  const int n = 40'000;
  const auto points = {column(1.0, -0.5), column(0.0, 0.0), column(-2.1, 1.3), column(4.5, -3.0)};
  for (const Matrix& x : points) {
    CAPTURE(x.transpose());
    double roll = 0.0;
    double moons = 0.0;
    for (int i = 0; i < n; ++i) {
      const double u = (i + 0.5) / n;
      const double t = 1.5 * pi * (1.0 + 2.0 * u);
      roll += gaussian(x(0) - t * std::cos(t) / 5.0, x(1) - t * std::sin(t) / 5.0, 0.2) / n;
      const double c = std::cos(pi * u);
      const double s = std::sin(pi * u);
      moons += 0.5 * gaussian(x(0) - (2.0 * c - 1.0), x(1) - (2.0 * s - 0.2), 0.2) / n;
      moons += 0.5 * gaussian(x(0) - (2.0 - 2.0 * c - 1.0), x(1) - (1.0 - 2.0 * s - 0.2), 0.2) / n;
    }
    CHECK(log_density(Toy::swissroll, x)(0) == Approx(std::log(roll)).epsilon(1e-6));
    CHECK(log_density(Toy::moons, x)(0) == Approx(std::log(moons)).epsilon(1e-6));
  }
  // Both rings by their angle, the spirals by all three uniforms.
  for (const Matrix& x : {column(1.4, 0.3), column(0.05, 0.02), column(-1.6, 1.2)}) {
    CAPTURE(x.transpose());
    double circles = 0.0;
    double spirals = 0.0;
    for (int i = 0; i < 2000; ++i) {
      const double u = (i + 0.5) / 2000;
      for (const double R : {1.5, 3.0}) {
        circles +=
            gaussian(x(0) - R * std::cos(2.0 * pi * u), x(1) - R * std::sin(2.0 * pi * u), 0.24) /
            4000;
      }
      const double t = 3.0 * pi * u;  // of density 2t/(9π²)
      for (const double sign : {1.0, -1.0}) {
        const double cx = x(0) + sign * t * std::cos(t) / 3.0;
        const double cy = x(1) - sign * t * std::sin(t) / 3.0;
        if (cx * cx + cy * cy > 2.0) continue;
        for (int j = 0; j < 1600; ++j) {
          const double a = sign * (j / 40 + 0.5) / 240.0;
          const double b = sign * (j % 40 + 0.5) / 240.0;
          spirals += u * gaussian(cx - a, cy - b, 0.1) / (2000.0 * 1600.0);
        }
      }
    }
    CHECK(log_density(Toy::circles, x)(0) == Approx(std::log(circles)).epsilon(1e-9));
    CHECK(log_density(Toy::two_spirals, x)(0) == Approx(std::log(spirals)).margin(1e-3));
  }
}

TEST_CASE("Toy densities integrate to one", "[measures][exact]") {
  const auto toy = GENERATE(Toy::pinwheel, Toy::rings, Toy::eight_gaussians);
  CAPTURE(to_string(toy));
  const double h = toy == Toy::rings ? 0.06 : 0.08;
  const double extent = toy == Toy::eight_gaussians ? 5.6 : toy == Toy::rings ? 3.6 : 5.6;
  const auto n = static_cast<Index>(2.0 * extent / h);
  Matrix grid(2, n * n);
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j < n; ++j) {
      grid.col(i * n + j) << -extent + h * (static_cast<double>(i) + 0.5),
          -extent + h * (static_cast<double>(j) + 0.5);
    }
  }
  const double mass = h * h * log_density(toy, grid).array().exp().sum();
  CHECK(mass == Approx(1.0).epsilon(toy == Toy::pinwheel ? 1e-4 : 1e-6));
}

TEST_CASE("The pinwheel's density counts its draws", "[measures][property]") {
  // Mass of a small square in one arm, by the midpoint rule and by counting.
  const double side = 0.4;
  Matrix corner = column(1.5, -0.9);
  Matrix grid(2, 1600);
  for (Index i = 0; i < 1600; ++i) {
    grid.col(i) << corner(0) + side * (static_cast<double>(i / 40) + 0.5) / 40.0,
        corner(1) + side * (static_cast<double>(i % 40) + 0.5) / 40.0;
  }
  const double mass = side * side * log_density(Toy::pinwheel, grid).array().exp().sum() / 1600.0;
  Rng rng(64);
  const double n = 100'000.0;
  const Matrix x = sample(Toy::pinwheel, static_cast<Index>(n), rng);
  double count = 0.0;
  for (Index i = 0; i < x.cols(); ++i) {
    const Eigen::Array2d at = (x.col(i) - corner).array() / side;
    if ((at >= 0.0).all() && (at < 1.0).all()) count += 1.0;
  }
  CAPTURE(mass, count / n);
  CHECK(mass > 0.005);
  CHECK(std::abs(count / n - mass) < 6.0 * std::sqrt(mass / n));
}

TEST_CASE("Toy densities are finite far away", "[measures][exact]") {
  for (const Toy toy : {Toy::eight_gaussians, Toy::swissroll, Toy::moons, Toy::two_spirals,
                        Toy::circles, Toy::rings}) {
    CAPTURE(to_string(toy));
    const double near = log_density_at(toy, 30.0, 5.0);
    const double far = log_density_at(toy, 60.0, 10.0);
    CHECK(std::isfinite(near));
    CHECK(far < near);
    CHECK(far > -infinity);
  }
}

TEST_CASE("Toy densities are known by their names", "[measures][precondition]") {
  for (const Toy toy : all_toys()) CHECK(toy_from_string(to_string(toy)) == toy);
  CHECK_THROWS_WITH(toy_from_string("circle"), Catch::Contains("circles, rings"));
  CHECK_FALSE(has_density(Toy::s_curve));
  CHECK(toy_oracle(Toy::s_curve).entropy.upper == -infinity);
  CHECK_THROWS_AS(log_density(Toy::s_curve, column(0.0, 0.0)), std::invalid_argument);
  CHECK_THROWS_AS(log_density(Toy::moons, Matrix::Zero(3, 1)), std::invalid_argument);
  CHECK_THROWS_AS(log_density(Toy::moons, column(std::nan(""), 0.0)), std::invalid_argument);
  Rng rng(65);
  CHECK_THROWS_AS(sample(Toy::moons, -1, rng), std::invalid_argument);
}

}  // namespace flowcheck::toy_density_test
