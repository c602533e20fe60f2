#include "measures/gaussian.hpp"

#include "measures/random_gaussian.hpp"
#include "support/estimates.hpp"

#include <cmath>
#include <numbers>

namespace flowcheck::gaussian_test {

TEST_CASE("a Gaussian's factor, precision and eigenvalues belong to its covariance",
          "[measures][property]") {
  const auto d = GENERATE(Index{1}, Index{3}, Index{10});
  CAPTURE(d);
  Rng rng(1, static_cast<std::uint64_t>(d));
  const Gaussian p = random_gaussian(rng, d);
  const Matrix& Sigma = p.covariance();
  CHECK((p.factor() * p.factor().transpose() - Sigma).norm() < 1e-13 * Sigma.norm());
  CHECK((p.precision() * Sigma - Matrix::Identity(d, d)).norm() < 1e-11);
  CHECK((p.inverse_factor() * p.factor() - Matrix::Identity(d, d)).norm() < 1e-12);
  CHECK(p.has_density());
  CHECK(p.condition_number() >= 1.0);
}

TEST_CASE("log_density and score are those of the formula", "[measures][exact]") {
  const Gaussian p(Vector::Constant(1, 2.0), Matrix::Constant(1, 1, 9.0));
  const Vector x = Vector::Constant(1, 5.0);
  CHECK_THAT(p.log_density(x),
             WithinRoundOff(-0.5 - std::log(3.0) - 0.5 * std::log(2.0 * std::numbers::pi), 1));
  CHECK_THAT(p.score(x)(0), WithinRoundOff(-1.0 / 3.0, 1));
  CHECK_THAT(p.entropy(),
             WithinRoundOff(0.5 * std::log(2.0 * std::numbers::pi * std::numbers::e * 9.0), 1));
}

TEST_CASE("the score is the gradient of log_density", "[measures][property]") {
  Rng rng(2);
  const Gaussian p = random_gaussian(rng, 3);
  const Vector x = rng.normal_vector(3);
  const double h = 1e-5;
  for (Index i = 0; i < 3; ++i) {
    const Vector e = h * Vector::Unit(3, i);
    const double slope = (p.log_density(x + e) - p.log_density(x - e)) / (2.0 * h);
    CHECK_THAT(p.score(x)(i), Catch::Matchers::WithinAbs(slope, 1e-6));  // h² and u/h
  }
}

TEST_CASE("singular covariances are kept, and what needs a density refuses", "[measures][exact]") {
  const Gaussian atom = Gaussian::dirac(Vector::Ones(2));
  CHECK(atom.rank() == 0);
  CHECK_FALSE(atom.has_density());
  CHECK(atom.entropy() == -infinity);
  CHECK(atom.condition_number() == infinity);
  CHECK_THROWS_AS(atom.precision(), std::invalid_argument);
  CHECK_THROWS_AS(atom.log_density(Vector::Zero(2)), std::invalid_argument);
  CHECK_THROWS_AS(atom.score(Vector::Zero(2)), std::invalid_argument);
  CHECK_THROWS_AS(atom.inverse_factor(), std::invalid_argument);

  Rng rng(3);
  const Matrix G = rng.normal_matrix(4, 2);
  const Gaussian flat(Vector::Zero(4), G * G.transpose());
  CHECK(flat.rank() == 2);
  CHECK(flat.eigenvalues()(0) == 0.0);
  CHECK(flat.eigenvalues()(1) == 0.0);
}

TEST_CASE("a Gaussian refuses what is not one", "[measures][precondition]") {
  const double nan = std::nan("");
  CHECK_THROWS_AS(Gaussian(Vector(), Matrix()), std::invalid_argument);
  CHECK_THROWS_AS(Gaussian(Vector::Zero(2), Matrix::Identity(3, 3)), std::invalid_argument);
  CHECK_THROWS_AS(Gaussian(Vector::Constant(1, nan), Matrix::Identity(1, 1)),
                  std::invalid_argument);
  CHECK_THROWS_AS(Gaussian(Vector::Zero(1), Matrix::Constant(1, 1, nan)), std::invalid_argument);
  CHECK_THROWS_AS(Gaussian(Vector::Zero(1), Matrix::Constant(1, 1, -1.0)), std::invalid_argument);
  const Matrix skew = (Matrix(2, 2) << 1.0, 0.5, 0.4, 1.0).finished();
  CHECK_THROWS_AS(Gaussian(Vector::Zero(2), skew), std::invalid_argument);
  const Matrix indefinite = (Matrix(2, 2) << 1.0, 2.0, 2.0, 1.0).finished();
  CHECK_THROWS_AS(Gaussian(Vector::Zero(2), indefinite), std::invalid_argument);
}

TEST_CASE("affine maps compose, invert and push forward", "[measures][property]") {
  Rng rng(4);
  const AffineMap f{.linear = rng.normal_matrix(3, 3), .offset = rng.normal_vector(3)};
  const AffineMap g{.linear = rng.normal_matrix(3, 3), .offset = rng.normal_vector(3)};
  const Vector x = rng.normal_vector(3);
  CHECK((compose(f, g)(x) - f(g(x))).norm() < 1e-13);
  CHECK((inverse(f)(f(x)) - x).norm() < 1e-11);
  CHECK_THROWS_AS(inverse({.linear = Matrix::Zero(2, 2), .offset = Vector::Zero(2)}),
                  std::invalid_argument);
  const Gaussian p = random_gaussian(rng, 3);
  const Gaussian image = pushforward(f, p);
  CHECK((image.covariance() - f.linear * p.covariance() * f.linear.transpose()).norm() < 1e-12);
  CHECK((image.mean() - f(p.mean())).norm() == 0.0);
  CHECK_THROWS_AS(pushforward(f, Gaussian::standard(2)), std::invalid_argument);
}

TEST_CASE("samples have the measure's moments within five standard errors",
          "[measures][property]") {
  Rng rng(5);
  const Gaussian p = random_gaussian(rng, 2);
  constexpr Index n = 100'000;
  const Matrix x = sample(p, n, rng);
  const Vector mean = x.rowwise().mean();
  const Matrix centred = x.colwise() - mean;
  const Matrix covariance = centred * centred.transpose() / static_cast<double>(n);
  for (Index i = 0; i < 2; ++i) {
    const double variance = p.covariance()(i, i);
    CHECK_THAT(mean(i),
               Catch::Matchers::WithinAbs(p.mean()(i), 5.0 * std::sqrt(variance / double{n})));
    CHECK_THAT(covariance(i, i),
               Catch::Matchers::WithinAbs(variance, 5.0 * variance * std::sqrt(2.0 / double{n})));
  }
  CHECK(sample(p, 0, rng).cols() == 0);
  CHECK_THROWS_AS(sample(p, -1, rng), std::invalid_argument);
}

TEST_CASE("random_orthogonal is orthogonal and has no preferred sign", "[measures][property]") {
  Rng rng(6);
  const Matrix Q = random_orthogonal(rng, 5);
  CHECK((Q.transpose() * Q - Matrix::Identity(5, 5)).norm() < 1e-13);
  int positive = 0;
  for (int i = 0; i < 400; ++i) positive += random_orthogonal(rng, 1)(0, 0) > 0.0 ? 1 : 0;
  CHECK(std::abs(positive - 200) < 60);
}

}  // namespace flowcheck::gaussian_test
