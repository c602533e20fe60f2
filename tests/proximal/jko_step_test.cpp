#include "proximal/jko_step.hpp"

#include "distances/gaussian_divergence.hpp"
#include "distances/wasserstein.hpp"
#include "measures/random_gaussian.hpp"
#include "numerics/spd.hpp"
#include "proximal/first_order_error.hpp"
#include "support/estimates.hpp"

#include <cmath>

namespace flowcheck::jko_step_test {

namespace {

Gaussian on_line(double mean, double variance) {
  return {Vector::Constant(1, mean), Matrix::Constant(1, 1, variance)};
}

}  // namespace

TEST_CASE("jko_step on the line is the known one", "[proximal][reference]") {
  // jko.md C1: N(3, 1) → mean 2 at γ = ½; s = 3 → s' = 2.1547005383793 towards N(0, 1).
  const Gaussian q = on_line(0.0, 1.0);
  CHECK_THAT(jko_step(on_line(3.0, 1.0), q, 0.5).mean()(0), WithinRoundOff(2.0, 1));
  CHECK_THAT(jko_step(on_line(0.0, 9.0), q, 0.5).factor().norm(),
             WithinPrinted(2.1547005383793, 13));
}

TEST_CASE("jko_step satisfies the first-order condition", "[proximal][exact]") {
  const auto d = GENERATE(Index{1}, Index{2}, Index{5}, Index{16});
  const auto gamma = GENERATE(1e-3, 0.1, 1.0, 100.0);
  CAPTURE(d, gamma);
  Rng rng(1, static_cast<std::uint64_t>(d));
  for (int i = 0; i < 5; ++i) {
    const Gaussian p = random_gaussian(rng, d);
    const Gaussian q = random_gaussian(rng, d);
    const Estimate error = first_order_error(p, jko_step(p, q, gamma), q, gamma).norm;
    CHECK_THAT(error, Encloses(0.0));
    CHECK(error.value < 1e-12 * (1.0 + 1.0 / gamma));  // the map's round-off is divided by γ
  }
}

TEST_CASE("jko_step minimises its objective", "[proximal][exact]") {
  const auto d = GENERATE(Index{1}, Index{3});
  CAPTURE(d);
  Rng rng(2, static_cast<std::uint64_t>(d));
  const Gaussian p = random_gaussian(rng, d);
  const Gaussian q = random_gaussian(rng, d);
  const double gamma = 0.4;
  const Gaussian best = jko_step(p, q, gamma);
  const double least = jko_objective(best, p, q, gamma).value;
  for (const double size : {1.0, 1e-1, 1e-2, 1e-3}) {
    for (int i = 0; i < 20; ++i) {
      const Matrix L = best.factor() + size * rng.normal_matrix(d, d);
      const Gaussian other(best.mean() + size * rng.normal_vector(d), L * L.transpose());
      CHECK(jko_objective(other, p, q, gamma).value > least - 1e-14);
    }
  }
}

TEST_CASE("jko_step of an atom has covariance γM⁻¹, and singular starts are limits",
          "[proximal][exact]") {
  Rng rng(3);
  const Index d = 4;
  const Gaussian q = random_gaussian(rng, d);
  const Vector point = rng.normal_vector(d);
  const double gamma = 0.7;
  const Gaussian stepped = jko_step(Gaussian::dirac(point), q, gamma);
  const Matrix M = Matrix::Identity(d, d) + gamma * q.precision();
  CHECK((M * stepped.covariance() - gamma * Matrix::Identity(d, d)).norm() < 1e-13);

  const Matrix G = rng.normal_matrix(d, 2);
  const Gaussian flat(point, symmetrised(G * G.transpose()));
  const Gaussian exact = jko_step(flat, q, gamma);
  double previous = 1.0;
  for (const double s : {1e-4, 1e-6, 1e-8}) {
    const Gaussian thick(point, flat.covariance() + s * Matrix::Identity(d, d));
    const double gap = w2(jko_step(thick, q, gamma), exact).value;
    CHECK(gap < 2.0 * std::sqrt(s));  // the step moves no further apart than its starts
    CHECK(gap < previous);
    previous = gap;
  }
  CHECK(first_order_error(flat, exact, q, gamma).norm.value < 1e-12);
}

TEST_CASE("the target is a fixed point, and γ → 0 and γ → ∞ are start and target",
          "[proximal][property]") {
  Rng rng(4);
  const Gaussian p = random_gaussian(rng, 3);
  const Gaussian q = random_gaussian(rng, 3);
  CHECK(w2(jko_step(q, q, 0.5), q).value < 1e-14);
  CHECK(w2(jko_step(p, q, 1e-9), p).value < 1e-7);
  CHECK(w2(jko_step(p, q, 1e9), q).value < 1e-7);
}

TEST_CASE("jko_step refuses what has no answer", "[proximal][precondition]") {
  const Gaussian q = Gaussian::standard(2);
  for (const double gamma : {0.0, -1.0, std::nan(""), infinity}) {
    CHECK_THROWS_AS(jko_step(q, q, gamma), std::invalid_argument);
    CHECK_THROWS_AS(first_order_error(q, q, q, gamma), std::invalid_argument);
  }
  CHECK_THROWS_AS(jko_step(Gaussian::standard(1), q, 0.5), std::invalid_argument);
  CHECK_THROWS_AS(jko_step(q, Gaussian::dirac(Vector::Zero(2)), 0.5), std::invalid_argument);
  CHECK_THROWS_AS(perturbed_jko_step(q, q, 0.5, {100.0 * Matrix::Identity(2, 2), Vector::Zero(2)}),
                  std::invalid_argument);
  CHECK_THROWS_AS(perturbed_jko_step(q, q, 0.5, {Matrix::Zero(1, 1), Vector::Zero(2)}),
                  std::invalid_argument);
}

}  // namespace flowcheck::jko_step_test
