#include "proximal/first_order_error.hpp"

#include "distances/wasserstein.hpp"
#include "measures/random_gaussian.hpp"
#include "support/estimates.hpp"
#include "support/high_precision.hpp"

#include <cmath>

namespace flowcheck::first_order_error_test {

TEST_CASE("first_order_error encloses the 50-digit value", "[proximal][reference]") {
  const auto d = GENERATE(Index{1}, Index{3}, Index{6});
  const auto gamma = GENERATE(0.01, 0.5, 10.0);
  CAPTURE(d, gamma);
  Rng rng(1, static_cast<std::uint64_t>(d));
  for (int i = 0; i < 3; ++i) {
    const Gaussian p = random_gaussian(rng, d);
    const Gaussian q = random_gaussian(rng, d);
    for (const Gaussian& next : {random_gaussian(rng, d), jko_step(p, q, gamma)}) {
      const Estimate error = first_order_error(p, next, q, gamma).norm;
      namespace hp = high_precision;
      const hp::Real truth =
          hp::first_order_error(hp::exactly(p), hp::exactly(next), hp::exactly(q), gamma);
      INFO(error << " against " << truth.convert_to<double>());
      CHECK(hp::Real(error.lower) <= truth);
      CHECK(truth <= hp::Real(error.upper));
    }
  }
}

TEST_CASE("jko_minimum encloses the least objective, also where that is zero",
          "[proximal][reference]") {
  const auto gamma = GENERATE(0.01, 0.5, 10.0);
  CAPTURE(gamma);
  // Translates of q by s along its flattest direction: min F = λs²/(2(1 + γλ)).
  for (const double shift : {0.0, 1e-9, 1e-3, 2.0}) {
    const Matrix covariance = (Matrix(2, 2) << 2.0, 0.0, 0.0, 0.7).finished();
    const Gaussian q(Vector{{1.0 / 3.0, -2.0}}, covariance);
    const Gaussian p(Vector{{1.0 / 3.0 + shift, -2.0}}, covariance);
    const high_precision::Real moved =
        high_precision::Real(p.mean()(0)) - high_precision::Real(q.mean()(0));
    const high_precision::Real truth = moved * moved / (2 * (2 + high_precision::Real(gamma)));
    const Estimate least = jko_minimum(p, q, gamma);
    INFO(least << " against " << truth.convert_to<double>());
    CHECK(high_precision::Real(least.lower) <= truth);
    CHECK(truth <= high_precision::Real(least.upper));
    CHECK(least.width() < 1e-12);
  }
  // A turned q, of which the stored step is a little off: F of that is above 0, and min F is not.
  const Matrix turned = (Matrix(3, 3) << 2.0, 0.5, 0.1, 0.5, 1.0, 0.3, 0.1, 0.3, 0.7).finished();
  const Gaussian q(Vector{{1.0, -2.0, 0.3}}, turned);
  CHECK_THAT(jko_minimum(q, q, gamma), Encloses(0.0));
}

TEST_CASE("an inexact step has the error that was asked for", "[proximal][exact]") {
  const auto d = GENERATE(Index{1}, Index{2}, Index{6});
  const auto field = GENERATE(ErrorField::constant, ErrorField::random, ErrorField::adversarial);
  const auto gamma = GENERATE(0.05, 0.5, 2.0);
  const auto epsilon = GENERATE(1e-6, 0.01, 0.3);
  CAPTURE(d, static_cast<int>(field), gamma, epsilon);
  Rng rng(2, static_cast<std::uint64_t>(d));
  const Gaussian p = random_gaussian(rng, d);
  const Gaussian q = random_gaussian(rng, d, {.smallest_variance = 0.25});
  const Gaussian next =
      inexact_jko_step(p, q, gamma, {.error = epsilon, .field = field, .seed = 5});
  const Estimate measured = first_order_error(p, next, q, gamma).norm;
  CHECK_THAT(measured, Encloses(epsilon));
  CHECK(measured.width() < 1e-9);
}

TEST_CASE("an inexact step without error is the exact step", "[proximal][exact]") {
  Rng rng(3);
  const Gaussian p = random_gaussian(rng, 3);
  const Gaussian q = random_gaussian(rng, 3);
  const Gaussian exact = jko_step(p, q, 0.5);
  const Gaussian next = inexact_jko_step(p, q, 0.5, {.error = 0.0});
  CHECK(next.covariance() == exact.covariance());
  CHECK(next.mean() == exact.mean());
}

TEST_CASE("perturbed_jko_step has the field it was given", "[proximal][exact]") {
  Rng rng(4);
  const Gaussian p = random_gaussian(rng, 3);
  const Gaussian q = random_gaussian(rng, 3);
  const Matrix K = 0.05 * (Matrix::Ones(3, 3) + Matrix::Identity(3, 3));
  const AffineField field{.linear = K, .constant = rng.normal_vector(3)};
  const FirstOrderError error = first_order_error(p, perturbed_jko_step(p, q, 0.5, field), q, 0.5);
  CHECK((error.field.linear - K).norm() < 1e-12);
  CHECK((error.field.constant - field.constant).norm() < 1e-12);
}

TEST_CASE("the adversarial field holds back more than random ones", "[proximal][control]") {
  Rng rng(5);
  for (int i = 0; i < 10; ++i) {
    const Gaussian p = random_gaussian(rng, 3);
    const Gaussian q = random_gaussian(rng, 3, {.smallest_variance = 0.25});
    const double worst = w2(inexact_jko_step(p, q, 0.5, {.error = 0.1}), q).value;
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
      const Gaussian next =
          inexact_jko_step(p, q, 0.5, {.error = 0.1, .field = ErrorField::random, .seed = seed});
      CHECK(w2(next, q).value < worst + 1e-3);
    }
  }
}

TEST_CASE("inexact_jko_step refuses what has no answer", "[proximal][precondition]") {
  const Gaussian q = Gaussian::standard(2);
  CHECK_THROWS_AS(inexact_jko_step(q, q, 0.5, {.error = -1.0}), std::invalid_argument);
  CHECK_THROWS_AS(inexact_jko_step(q, q, 0.5, {.error = std::nan("")}), std::invalid_argument);
}

}  // namespace flowcheck::first_order_error_test
