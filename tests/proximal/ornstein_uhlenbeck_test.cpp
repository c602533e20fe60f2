#include "proximal/ornstein_uhlenbeck.hpp"

#include "measures/random_gaussian.hpp"
#include "numerics/observed_order.hpp"
#include "numerics/round_off.hpp"
#include "proximal/jko_step.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <cstdint>
#include <vector>

namespace flowcheck::ornstein_uhlenbeck_test {

namespace {

double size(const Gaussian& p) {
  return p.mean().norm() + p.covariance().norm();
}

double difference(const Gaussian& p, const Gaussian& q) {
  return (p.mean() - q.mean()).norm() + (p.covariance() - q.covariance()).norm();
}

// What rounding may do to a law: the exponentials see the target's eigenvalues to u·κ.
double rounding(const Gaussian& p, const Gaussian& target) {
  return round_off((size(p) + size(target)) * target.condition_number(), p.dimension());
}

// The moment equations ṁ = −A(m − μ), Σ̇ = 2I − AΣ − ΣA by classical Runge–Kutta.
struct Moments {
  Vector mean = {};
  Matrix covariance = {};
};

Moments integrated_moments(const Gaussian& start, const Gaussian& target, double time, int steps) {
  const Matrix A = target.precision();
  const Index d = start.dimension();
  const auto rate = [&](const Moments& y) {
    return Moments{
        .mean = -A * (y.mean - target.mean()),
        .covariance = 2.0 * Matrix::Identity(d, d) - A * y.covariance - y.covariance * A};
  };
  const auto shifted = [](const Moments& y, double h, const Moments& k) {
    return Moments{.mean = y.mean + h * k.mean, .covariance = y.covariance + h * k.covariance};
  };
  const double h = time / steps;
  Moments y{.mean = start.mean(), .covariance = start.covariance()};
  for (int i = 0; i < steps; ++i) {
    const Moments k1 = rate(y);
    const Moments k2 = rate(shifted(y, 0.5 * h, k1));
    const Moments k3 = rate(shifted(y, 0.5 * h, k2));
    const Moments k4 = rate(shifted(y, h, k3));
    y = shifted(shifted(y, h / 6.0, k1), h / 6.0, k4);
    y = shifted(shifted(y, h / 3.0, k2), h / 3.0, k3);
  }
  return y;
}

}  // namespace

TEST_CASE("ou_law solves the moment equations of the Fokker–Planck equation", "[proximal][order]") {
  Rng rng(11);
  const Gaussian q = random_gaussian(rng, 3);
  const Gaussian p = random_gaussian(rng, 3);
  const double time = 0.3;
  const Gaussian law = ou_law(p, q, time);

  std::vector<double> steps;
  std::vector<double> errors;
  for (const int n : {16, 32, 64, 128}) {
    const Moments y = integrated_moments(p, q, time, n);
    steps.push_back(time / n);
    errors.push_back((law.mean() - y.mean).norm() + (law.covariance() - y.covariance).norm());
  }
  CAPTURE(errors);
  CHECK(observed_order(steps, errors).value == Approx(4.0).margin(0.3));
  CHECK(errors.back() < 1e-3 * errors.front());
}

TEST_CASE("ou_law is a semigroup in time", "[proximal][property]") {
  const auto dimension = GENERATE(Index{1}, Index{2}, Index{5}, Index{8});
  CAPTURE(dimension);
  Rng rng(12, static_cast<std::uint64_t>(dimension));
  const Gaussian q = random_gaussian(rng, dimension);
  const Gaussian p = random_gaussian(rng, dimension);
  const double s = rng.log_uniform(0.01, 1.0);
  const double t = rng.log_uniform(0.01, 1.0);

  const Gaussian once = ou_law(p, q, s + t);
  CHECK(difference(ou_law(ou_law(p, q, s), q, t), once) <= rounding(once, q));
}

TEST_CASE("ou_law leaves the target where it is, and ends there", "[proximal][exact]") {
  Rng rng(13);
  const Gaussian q = random_gaussian(rng, 4);
  const Gaussian p = random_gaussian(rng, 4);
  CHECK(difference(ou_law(q, q, 0.7), q) <= rounding(q, q));
  CHECK(difference(ou_law(p, q, infinity), q) <= rounding(q, q));
  CHECK(difference(ou_law(p, q, 0.0), p) == 0.0);
}

TEST_CASE("ou_law of an atom has the scalar variances", "[proximal][exact]") {
  Vector mean(2);
  mean << 3.0, -1.0;
  Matrix variances = Matrix::Zero(2, 2);
  variances.diagonal() << 0.5, 2.0;
  const Gaussian q(Vector::Zero(2), variances);
  const double t = GENERATE(1e-12, 1e-3, 1.0);
  CAPTURE(t);

  const Gaussian law = ou_law(Gaussian::dirac(mean), q, t);
  // 1 − e^{−2t/s} = 2t/s − … : the plain form would have four digits left at t = 1e-12.
  for (Index i = 0; i < 2; ++i) {
    const double s = variances(i, i);
    CHECK(law.covariance()(i, i) == Approx(-s * std::expm1(-2.0 * t / s)).epsilon(1e-14));
    CHECK(law.mean()(i) == Approx(std::exp(-t / s) * mean(i)).epsilon(1e-14));
  }
  CHECK(law.has_density());
}

TEST_CASE("JKO steps approach ou_law at first order in the step", "[proximal][order]") {
  Rng rng(14);
  const Gaussian q = random_gaussian(rng, 3);
  const Gaussian p = random_gaussian(rng, 3);
  const Gaussian law = ou_law(p, q, 0.5);
  std::vector<double> steps;
  std::vector<double> errors;
  for (const int n : {100, 200, 400, 800, 1600}) {
    Gaussian iterate = p;
    for (int k = 0; k < n; ++k) iterate = jko_step(iterate, q, 0.5 / n);
    steps.push_back(0.5 / n);
    errors.push_back(difference(iterate, law));
  }
  CAPTURE(errors);
  CHECK(observed_order(steps, errors).value == Approx(1.0).margin(0.05));
}

TEST_CASE("ou_law refuses what has no law", "[proximal][precondition]") {
  const Gaussian q = Gaussian::standard(2);
  CHECK_THROWS_AS(ou_law(q, q, -1.0), std::invalid_argument);
  CHECK_THROWS_AS(ou_law(q, q, std::nan("")), std::invalid_argument);
  CHECK_THROWS_AS(ou_law(Gaussian::standard(1), q, 1.0), std::invalid_argument);
  CHECK_THROWS_AS(ou_law(q, Gaussian::dirac(Vector::Zero(2)), 1.0), std::invalid_argument);
}

}  // namespace flowcheck::ornstein_uhlenbeck_test
