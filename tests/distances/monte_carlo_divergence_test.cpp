#include "distances/monte_carlo_divergence.hpp"

#include "distances/gaussian_divergence.hpp"
#include "measures/random_gaussian.hpp"
#include "support/estimates.hpp"
#include "support/mixtures.hpp"

#include <tbb/global_control.h>

#include <cmath>

namespace flowcheck::monte_carlo_divergence_test {

namespace {}  // namespace

TEST_CASE("Monte Carlo encloses the Gaussian closed forms in any dimension",
          "[distances][reference]") {
  const auto dimension = GENERATE(Index{1}, Index{3}, Index{10});
  Rng rng(51, static_cast<std::uint64_t>(dimension));
  const Gaussian q = random_gaussian(rng, dimension);
  const Gaussian p(q.mean() + 0.4 * (q.factor() * rng.normal_vector(dimension)),
                   0.8 * q.covariance());
  const GaussianMixture data(p);
  const GaussianMixture target(q);
  for (const Divergence kind :
       {Divergence::kl, Divergence::chi_squared, Divergence::squared_hellinger,
        Divergence::symmetric_kl, Divergence::fisher_information}) {
    const Estimate exact = divergence(kind, data, target);
    const MonteCarloDivergence measured =
        monte_carlo_divergence(kind, data, target, {.draws = 20'000, .seed = 3});
    CAPTURE(dimension, to_string(kind), exact, measured.estimate, measured.kurtosis);
    CHECK(measured.estimate.grade == Grade::statistical);
    CHECK_THAT(measured.estimate, Encloses(exact.value));
    CHECK(measured.estimate.width() < 0.5 * exact.value);
    CHECK(measured.largest_share < 0.05);
    CHECK(measured.finite_sample == (kind == Divergence::squared_hellinger));
  }
}

TEST_CASE("Monte Carlo encloses quadrature for mixtures", "[distances][reference]") {
  Rng rng(52);
  const GaussianMixture p = random_mixture(rng, 1, 4, 1.5, 0.2, 0.9);
  const GaussianMixture q = random_mixture(rng, 1, 3, 1.5, 0.8, 2.0);
  for (const Divergence kind :
       {Divergence::kl, Divergence::chi_squared, Divergence::total_variation,
        Divergence::squared_hellinger, Divergence::jensen_shannon, Divergence::symmetric_kl,
        Divergence::fisher_information}) {
    const Estimate exact = divergence(kind, p, q);
    const Estimate measured = divergence(
        kind, p, q, {.method = DivergenceMethod::monte_carlo, .draws = 30'000, .seed = 9});
    CAPTURE(to_string(kind), exact, measured);
    CHECK_THAT(measured, Encloses(exact.value));
    CHECK(measured.width() < 0.3 * exact.value);
  }
}

TEST_CASE("intervals miss no more often than they say", "[distances][property]") {
  // 200 seeded repeats at 10 %: Student's interval misses some 20 times (5 standard deviations
  // are 21), the finite-sample one hardly ever. One that never misses at all is no interval.
  Rng rng(53);
  const GaussianMixture p = random_mixture(rng, 1, 2, 1.0, 0.3, 0.8);
  const GaussianMixture q = random_mixture(rng, 1, 2, 1.0, 0.5, 1.0);
  const auto kind =
      GENERATE(Divergence::kl, Divergence::total_variation, Divergence::jensen_shannon);
  const double truth = divergence(kind, p, q).value;
  int missed = 0;
  double width = 0.0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const Estimate measured =
        monte_carlo_divergence(kind, p, q, {.false_alarm = 0.1, .draws = 1000, .seed = seed})
            .estimate;
    if (truth < measured.lower || truth > measured.upper) ++missed;
    width += measured.width() / 200.0;
  }
  CAPTURE(to_string(kind), truth, missed, width);
  if (kind == Divergence::kl) {
    CHECK(missed >= 3);
    CHECK(missed <= 41);
  } else {
    CHECK(missed <= 20);
  }
  CHECK(width < 0.9 * truth);
}

TEST_CASE("paired terms keep a relative precision near p = q", "[distances][property]") {
  // The plain mean of log p/q has a standard error of √(2 KL/n): at a gap of 1e-3 it sees nothing.
  const GaussianMixture p(Gaussian(Vector::Constant(4, 1e-3), Matrix::Identity(4, 4)));
  const GaussianMixture q(Gaussian::standard(4));
  const Estimate exact = kl(p, q);
  const Estimate measured = kl(p, q, {.method = DivergenceMethod::monte_carlo, .draws = 20'000});
  CAPTURE(exact, measured);
  CHECK_THAT(measured, Encloses(exact.value));
  CHECK(measured.width() < 0.2 * exact.value);
}

TEST_CASE("χ² with terms of infinite variance has a lower bound alone", "[distances][exact]") {
  const GaussianMixture q(Gaussian::standard(3));
  const DivergenceOptions few{.draws = 20'000};
  const auto wide = [](double s) {
    return GaussianMixture(Gaussian(Vector::Zero(3), s * Matrix::Identity(3, 3)));
  };
  const MonteCarloDivergence heavy =
      monte_carlo_divergence(Divergence::chi_squared, wide(1.8), q, few);
  CAPTURE(heavy.estimate, heavy.largest_share);
  CHECK(heavy.estimate.upper == infinity);
  CHECK(heavy.estimate.lower > 0.0);
  CHECK(heavy.estimate.lower < chi_squared(wide(1.8), q).value);
  CHECK(heavy.finite_sample);
  CHECK(monte_carlo_divergence(Divergence::chi_squared, wide(2.1), q).estimate.lower == infinity);
  CHECK(std::isfinite(
      monte_carlo_divergence(Divergence::chi_squared, wide(1.2), q, few).estimate.upper));
}

TEST_CASE("components too rare to be drawn by weight are not missed", "[distances][reference]") {
  // 10⁻⁵ of the mass at 40 e₁: seen by no plain draw of 10⁴, but worth 10⁻⁵ (½·40² − log 10⁵ − 1).
  Matrix means = Matrix::Zero(5, 2);
  means(0, 1) = 40.0;
  const GaussianMixture p =
      GaussianMixture::isotropic(Vector{{1.0 - 1e-5, 1e-5}}, std::move(means), 1.0);
  const GaussianMixture q(Gaussian::standard(5));
  const Estimate measured = kl(p, q, {.draws = 20'000});
  CAPTURE(measured);
  CHECK_THAT(measured, Encloses(0.007874870795));
  CHECK(measured.width() < 0.05 * measured.value);
  // The other way round it is q's component that adds nothing: KL = −log(1 − 10⁻⁵).
  CHECK_THAT(kl(q, p, {.draws = 20'000}).value,
             Catch::Matchers::WithinRel(-std::log1p(-1e-5), 1e-9));
  CHECK_THAT(symmetric_kl(p, q, {.draws = 20'000}), Encloses(0.007874870795 + 1e-5));
}

TEST_CASE("intervals with rare components miss no more often than they say",
          "[distances][property]") {
  const GaussianMixture p = line_mixture({0.6, 0.3999, 1e-4}, {0.0, 1.0, 12.0}, {0.8, 0.9, 0.5});
  const GaussianMixture q = line_mixture({0.9999, 1e-4}, {0.0, -9.0}, {1.0, 0.7});
  const auto kind =
      GENERATE(Divergence::kl, Divergence::symmetric_kl, Divergence::fisher_information);
  const double truth = divergence(kind, p, q).value;
  int missed = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const Estimate measured =
        monte_carlo_divergence(kind, p, q, {.false_alarm = 0.1, .draws = 1000, .seed = seed})
            .estimate;
    if (truth < measured.lower || truth > measured.upper) ++missed;
  }
  CAPTURE(to_string(kind), truth, missed);
  CHECK(missed >= 3);
  CHECK(missed <= 41);
}

TEST_CASE("more components than draws leave a lower bound alone", "[distances][exact]") {
  const Index count = 200;
  const GaussianMixture p =
      GaussianMixture::isotropic(Vector::Constant(count, 1.0 / static_cast<double>(count)),
                                 Vector::LinSpaced(count, -3.0, 3.0).transpose(), 1.0);
  const GaussianMixture q(Gaussian::standard(1));
  const double truth = kl(p, q).value;
  const Estimate few = monte_carlo_divergence(Divergence::kl, p, q, {.draws = 300}).estimate;
  CAPTURE(truth, few);
  CHECK(few.upper == infinity);
  CHECK(few.lower < truth);
  CHECK(few.value > 0.5 * truth);
  CHECK_THAT(monte_carlo_divergence(Divergence::kl, p, q, {.draws = 2000}).estimate,
             Encloses(truth));
}

TEST_CASE("the same bytes on any number of threads", "[distances][property]") {
  Rng rng(54);
  const GaussianMixture p = random_mixture(rng, 5, 3, 1.0, 0.2, 0.9);
  const GaussianMixture q = random_mixture(rng, 5, 3, 1.0, 0.8, 1.5);
  const DivergenceOptions options{.draws = 30'000};
  const Estimate many = kl(p, q, options);
  const tbb::global_control one(tbb::global_control::max_allowed_parallelism, 1);
  const Estimate single = kl(p, q, options);
  CHECK(many.value == single.value);
  CHECK(many.lower == single.lower);
  CHECK(many.upper == single.upper);
  CHECK(kl(p, q, {.draws = 30'000, .seed = 2}).value != single.value);
}

TEST_CASE("Monte Carlo refuses settings without sense", "[distances][precondition]") {
  const GaussianMixture q(Gaussian::standard(2));
  CHECK_THROWS_AS(monte_carlo_divergence(Divergence::kl, q, q, {.draws = 10}),
                  std::invalid_argument);
  CHECK_THROWS_AS(monte_carlo_divergence(Divergence::kl, q, q, {.false_alarm = 0.0}),
                  std::invalid_argument);
  CHECK_THROWS_AS(monte_carlo_divergence(Divergence::kl, q, GaussianMixture(Gaussian::standard(3))),
                  std::invalid_argument);
}

}  // namespace flowcheck::monte_carlo_divergence_test
