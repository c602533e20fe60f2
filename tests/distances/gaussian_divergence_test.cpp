#include "distances/gaussian_divergence.hpp"

#include "measures/random_gaussian.hpp"
#include "support/estimates.hpp"

#include <boost/math/quadrature/gauss_kronrod.hpp>

#include <cmath>
#include <functional>

namespace flowcheck::gaussian_divergence_test {

namespace {

Gaussian on_line(double mean, double variance) {
  return {Vector::Constant(1, mean), Matrix::Constant(1, 1, variance)};
}

// ∫ f(log p(x), log q(x)) dx by adaptive Gauss–Kronrod; logs, since p²/q may live where q
// underflows.
double integral(const Gaussian& p,
                const Gaussian& q,
                const std::function<double(double, double)>& f) {
  const auto integrand = [&](double x) {
    const Vector at = Vector::Constant(1, x);
    return f(p.log_density(at), q.log_density(at));
  };
  return boost::math::quadrature::gauss_kronrod<double, 61>::integrate(integrand, -150.0, 150.0, 15,
                                                                       1e-13);
}

}  // namespace

TEST_CASE("kl keeps its digits for a law much narrower than the other", "[distances][exact]") {
  for (const double variance : {1e-8, 1e-16, 1e-20, 1e-100}) {
    CAPTURE(variance);
    const Gaussian p(Vector::Zero(2), variance * Matrix::Identity(2, 2));
    // 1 + e is 0 in double from 1e-16 on, e being −1.
    const double expected = variance - 1.0 - std::log(variance);
    const Estimate found = kl(p, Gaussian::standard(2));
    CHECK_THAT(found, Encloses(expected));
    CHECK(found.width() <= 1e-12 * expected);
  }
}

TEST_CASE("divergences of translates are the known functions of the distance",
          "[distances][exact]") {
  const double m = 1.7;
  const Gaussian p = on_line(m, 1.0);
  const Gaussian q = on_line(0.0, 1.0);
  CHECK_THAT(kl(p, q), Encloses(0.5 * m * m));
  CHECK_THAT(symmetric_kl(p, q), Encloses(m * m));
  CHECK_THAT(chi_squared(p, q), Encloses(std::expm1(m * m)));
  CHECK_THAT(squared_hellinger(p, q), Encloses(-std::expm1(-m * m / 8.0)));
  CHECK_THAT(fisher_information(p, q), Encloses(m * m));
  CHECK_THAT(total_variation(p, q), Encloses(std::erf(m / (2.0 * std::sqrt(2.0)))));
}

TEST_CASE("divergences on the line agree with quadrature", "[distances][reference]") {
  const auto variance = GENERATE(0.3, 0.999, 1.0, 1.5, 1.9);
  const auto mean = GENERATE(0.0, 0.4, -2.0);
  CAPTURE(variance, mean);
  const Gaussian p = on_line(mean, variance);
  const Gaussian q = on_line(0.0, 1.0);
  const auto near = [](double x) { return Catch::Matchers::WithinAbs(x, 1e-11 * (1.0 + x)); };
  const auto kl_density = [](double a, double b) { return std::exp(a) * (a - b); };
  const auto chi_density = [](double a, double b) { return std::exp(2.0 * a - b); };
  const auto root_density = [](double a, double b) { return std::exp(0.5 * (a + b)); };
  const auto gap_density = [](double a, double b) { return std::abs(std::exp(a) - std::exp(b)); };
  CHECK_THAT(kl(p, q).value, near(integral(p, q, kl_density)));
  CHECK_THAT(chi_squared(p, q).value, near(integral(p, q, chi_density) - 1.0));
  CHECK_THAT(squared_hellinger(p, q).value, near(1.0 - integral(p, q, root_density)));
  // |p − q| has kinks, which a fixed rule sees at its node distance only.
  CHECK_THAT(total_variation(p, q).value,
             Catch::Matchers::WithinAbs(0.5 * integral(p, q, gap_density), 1e-6));
}

TEST_CASE("infinite divergences are returned on purpose", "[distances][exact]") {
  const Gaussian q = Gaussian::standard(2);
  const Gaussian atom = Gaussian::dirac(Vector::Zero(2));
  CHECK(kl(atom, q).lower == infinity);
  CHECK(chi_squared(atom, q).lower == infinity);
  CHECK(symmetric_kl(atom, q).lower == infinity);
  CHECK(fisher_norm(atom, q).lower == infinity);
  CHECK(squared_hellinger(atom, q).value == 1.0);
  // χ² is finite exactly while 2Q − Σ is positive definite.
  CHECK(std::isfinite(chi_squared(on_line(0.0, 1.999), on_line(0.0, 1.0)).value));
  CHECK(chi_squared(on_line(0.0, 2.0), on_line(0.0, 1.0)).value == infinity);
  CHECK(chi_squared(on_line(0.0, 3.0), on_line(0.0, 1.0)).value == infinity);
}

TEST_CASE("divergences are blind to a common affine change of variables", "[distances][property]") {
  const auto d = GENERATE(Index{1}, Index{4});
  CAPTURE(d);
  Rng rng(21, static_cast<std::uint64_t>(d));
  const Gaussian p = random_gaussian(rng, d, {.smallest_variance = 0.5, .largest_variance = 1.0});
  const Gaussian q = random_gaussian(rng, d, {.smallest_variance = 1.0, .largest_variance = 2.0});
  const AffineMap change{.linear = rng.normal_matrix(d, d) + 3.0 * Matrix::Identity(d, d),
                         .offset = rng.normal_vector(d)};
  const Gaussian p2 = pushforward(change, p);
  const Gaussian q2 = pushforward(change, q);
  const auto same = [](const Estimate& a, const Estimate& b) {
    CHECK_THAT(a.value, Catch::Matchers::WithinRel(b.value, 1e-11));
  };
  same(kl(p, q), kl(p2, q2));
  same(symmetric_kl(p, q), symmetric_kl(p2, q2));
  same(symmetric_kl(p, q), kl(p, q) + kl(q, p));
  same(chi_squared(p, q), chi_squared(p2, q2));
  same(squared_hellinger(p, q), squared_hellinger(p2, q2));
}

TEST_CASE("total_variation handles nearly equal variances and wide gaps", "[distances][property]") {
  const double base = total_variation(on_line(0.3, 1.0), on_line(0.0, 1.0)).value;
  for (const double gap : {1e-3, 1e-6, 1e-9, 1e-12, 1e-15}) {
    CAPTURE(gap);
    CHECK_THAT(total_variation(on_line(0.3, 1.0 + gap), on_line(0.0, 1.0)).value,
               Catch::Matchers::WithinAbs(base, gap + 1e-14));
  }
  CHECK_THAT(total_variation(on_line(60.0, 1.0), on_line(0.0, 1.0)).value, WithinRoundOff(1.0, 1));
  CHECK_THAT(total_variation(on_line(0.0, 1e-12), on_line(0.0, 1.0)).value,
             Catch::Matchers::WithinAbs(1.0, 1e-5));
  CHECK_THAT(total_variation(on_line(1.0, 2.0), on_line(1.0, 2.0)).value,
             WithinRoundOff(0.0, 1, 1.0));
}

TEST_CASE("divergences refuse what has no answer", "[distances][precondition]") {
  const Gaussian atom = Gaussian::dirac(Vector::Zero(2));
  CHECK_THROWS_AS(kl(Gaussian::standard(2), atom), std::invalid_argument);
  CHECK_THROWS_AS(kl(Gaussian::standard(2), Gaussian::standard(3)), std::invalid_argument);
  CHECK_THROWS_AS(total_variation(Gaussian::standard(2), Gaussian::standard(2)),
                  std::invalid_argument);
}

}  // namespace flowcheck::gaussian_divergence_test
