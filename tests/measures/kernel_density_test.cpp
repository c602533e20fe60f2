#include "measures/kernel_density.hpp"

#include "measures/moment_fit.hpp"
#include "measures/random_gaussian.hpp"

#include <catch2/catch.hpp>
#include <tbb/global_control.h>

#include <cmath>
#include <cstdint>
#include <stdexcept>

namespace flowcheck::kernel_density_test {

namespace {

// (1/N) Σ N(y; xᵢ, H), term by term.
double direct_density(const Matrix& points, const Matrix& H, const Vector& y) {
  double sum = 0.0;
  for (Index i = 0; i < points.cols(); ++i) {
    sum += std::exp(Gaussian(points.col(i), H).log_density(y));
  }
  return sum / static_cast<double>(points.cols());
}

Vector direct_score(const Matrix& points, const Matrix& H, const Vector& y) {
  Vector sum = Vector::Zero(y.size());
  double weight = 0.0;
  for (Index i = 0; i < points.cols(); ++i) {
    const Gaussian kernel(points.col(i), H);
    sum += std::exp(kernel.log_density(y)) * kernel.score(y);
    weight += std::exp(kernel.log_density(y));
  }
  return sum / weight;
}

}  // namespace

TEST_CASE("KernelDensity is the mean of its kernels", "[measures][exact]") {
  const auto d = GENERATE(Index{1}, Index{2}, Index{5});
  const auto N = GENERATE(Index{1}, Index{7}, Index{513});
  CAPTURE(d, N);
  Rng rng(41, static_cast<std::uint64_t>(1000 * d + N));
  const Matrix points = sample(random_gaussian(rng, d), N, rng);
  const Matrix H = random_gaussian(rng, d).covariance();
  const KernelDensity density(points, H);
  CHECK(density.dimension() == d);
  CHECK(density.size() == N);

  const Matrix queries = sample(random_gaussian(rng, d), 20, rng);
  const Vector logs = density.log_density(queries);
  const Matrix scores = density.score(queries);
  for (Index j = 0; j < queries.cols(); ++j) {
    const Vector y = queries.col(j);
    CHECK(logs(j) == Approx(std::log(direct_density(points, H, y))).epsilon(1e-12).margin(1e-11));
    CHECK((scores.col(j) - direct_score(points, H, y)).norm() <= 1e-11 * (1.0 + scores.norm()));
  }
}

TEST_CASE("KernelDensity::isotropic weighs by exp(-r^2/2h), h a variance, the point included",
          "[measures][exact]") {
  Rng rng(42);
  const double h = 0.1;
  const Matrix points = rng.normal_matrix(2, 30);
  const Matrix score = KernelDensity::isotropic(points, h).score(points);
  for (Index j = 0; j < points.cols(); ++j) {
    Vector pull = Vector::Zero(2);
    double sum = 0.0;
    for (Index i = 0; i < points.cols(); ++i) {
      const Vector step = points.col(i) - points.col(j);
      const double w = std::exp(-step.squaredNorm() / (2.0 * h));
      pull += w * step / h;
      sum += w;
    }
    CHECK((score.col(j) - pull / sum).norm() <= 1e-12 * (1.0 + score.norm()));
  }
}

TEST_CASE("KernelDensity::scott takes the unbiased covariance and N^(-1/(d+4))",
          "[measures][exact]") {
  // Points −1, 1, 3: mean 1, variance (4 + 0 + 4)/2 = 4, factor 3^(−1/5).
  Matrix points(1, 3);
  points << -1.0, 1.0, 3.0;
  const double variance = 4.0 * std::pow(3.0, -0.4);
  const Matrix H = Matrix::Constant(1, 1, variance);
  const Vector y = Vector::Constant(1, 0.3);
  CHECK(std::exp(KernelDensity::scott(points).log_density(y)(0)) ==
        Approx(direct_density(points, H, y)).epsilon(1e-13));

  const Gaussian fit = moment_fit(points);
  CHECK(fit.mean()(0) == Approx(1.0).epsilon(1e-15));
  CHECK(fit.covariance()(0, 0) == Approx(4.0).epsilon(1e-15));
}

TEST_CASE("KernelDensity integrates to one", "[measures][exact]") {
  Rng rng(43);
  const Matrix points = rng.normal_matrix(1, 25);
  const KernelDensity density = KernelDensity::scott(points);
  // The trapezoidal rule on a Gaussian's scale converges faster than any power of the step.
  const Index nodes = 4001;
  const Matrix grid = Vector::LinSpaced(nodes, -12.0, 12.0).transpose();
  const double h = 24.0 / static_cast<double>(nodes - 1);
  CHECK(h * density.log_density(grid).array().exp().sum() == Approx(1.0).epsilon(1e-12));
}

TEST_CASE("KernelDensity's score is the gradient of its log density", "[measures][exact]") {
  Rng rng(44);
  const Index d = 3;
  const KernelDensity density = KernelDensity::scott(rng.normal_matrix(d, 40));
  const Matrix queries = 2.0 * rng.normal_matrix(d, 10);
  const Matrix scores = density.score(queries);
  const double h = 1e-5;  // h²·|f'''| = 1e-10 against round-off 1e-16/h = 1e-11
  for (Index k = 0; k < d; ++k) {
    const Vector step = h * Vector::Unit(d, k);
    const Vector slope = (density.log_density(queries.colwise() + step) -
                          density.log_density(queries.colwise() - step)) /
                         (2.0 * h);
    CHECK((slope - scores.row(k).transpose()).norm() <= 1e-7 * (1.0 + scores.norm()));
  }
}

TEST_CASE("KernelDensity::scott follows an affine map of its points", "[measures][property]") {
  const auto d = GENERATE(Index{1}, Index{4}, Index{12});
  CAPTURE(d);
  Rng rng(45, static_cast<std::uint64_t>(d));
  const Matrix points = rng.normal_matrix(d, 200);
  const Matrix queries = rng.normal_matrix(d, 30);
  // Stretches by 1 … 10 in random directions, and a shift.
  const Vector stretches = Vector::LinSpaced(d, 1.0, 10.0);
  const Matrix A = random_orthogonal(rng, d) * stretches.asDiagonal() * random_orthogonal(rng, d);
  const Vector b = 5.0 * rng.normal_vector(d);
  const auto image = [&](const Matrix& x) { return Matrix((A * x).colwise() + b); };

  const Vector before = KernelDensity::scott(points).log_density(queries);
  const Vector after = KernelDensity::scott(image(points)).log_density(image(queries));
  const double log_volume = stretches.array().log().sum();
  CHECK((after.array() + log_volume - before.array()).abs().maxCoeff() <= 1e-10);
}

TEST_CASE("KernelDensity is finite far away from its points", "[measures][exact]") {
  Matrix points(1, 2);
  points << 0.0, 1.0;
  const KernelDensity density = KernelDensity::isotropic(points, 1.0);
  const Matrix far = Matrix::Constant(1, 1, 1e3);
  // The nearer kernel alone counts: −½·999² − ½ log 2π − log 2.
  CHECK(density.log_density(far)(0) ==
        Approx(-0.5 * 999.0 * 999.0 - 0.5 * std::log(2.0 * 3.14159265358979323846) - std::log(2.0))
            .epsilon(1e-14));
  CHECK(density.score(far)(0, 0) == Approx(-999.0).epsilon(1e-14));
}

TEST_CASE("KernelDensity gives the same bytes on one thread and on several",
          "[measures][property]") {
  Rng rng(46);
  const Matrix points = rng.normal_matrix(3, 777);
  const KernelDensity density = KernelDensity::scott(points);
  const Vector logs = density.log_density(points);
  const Matrix scores = density.score(points);
  const tbb::global_control one(tbb::global_control::max_allowed_parallelism, 1);
  CHECK(density.log_density(points) == logs);
  CHECK(density.score(points) == scores);
}

TEST_CASE("KernelDensity refuses what has no density", "[measures][precondition]") {
  Rng rng(47);
  CHECK_THROWS_AS(KernelDensity(Matrix(2, 0), Matrix::Identity(2, 2)), std::invalid_argument);
  CHECK_THROWS_AS(KernelDensity(Matrix::Zero(2, 3), Matrix::Identity(3, 3)), std::invalid_argument);
  CHECK_THROWS_AS(KernelDensity(Matrix::Zero(2, 3), Matrix::Zero(2, 2)), std::invalid_argument);
  CHECK_THROWS_AS(KernelDensity::scott(rng.normal_matrix(3, 3)), std::invalid_argument);
  CHECK_THROWS_AS(KernelDensity::scott(rng.normal_matrix(3, 1)), std::invalid_argument);
  CHECK_THROWS_AS(KernelDensity::isotropic(Matrix::Zero(1, 3), 0.0), std::invalid_argument);
  Matrix bad = Matrix::Zero(2, 3);
  bad(0, 0) = infinity;
  CHECK_THROWS_AS(KernelDensity::isotropic(bad, 1.0), std::invalid_argument);
  const KernelDensity density = KernelDensity::isotropic(Matrix::Zero(2, 3), 1.0);
  CHECK_THROWS_AS(density.log_density(Matrix::Zero(3, 1)), std::invalid_argument);
  CHECK_THROWS_AS(density.score(Matrix::Zero(3, 1)), std::invalid_argument);
}

}  // namespace flowcheck::kernel_density_test
