#include "distances/power_dissipation.hpp"

#include "distances/gaussian_divergence.hpp"
#include "measures/random_gaussian.hpp"
#include "support/estimates.hpp"

#include <boost/math/quadrature/gauss_kronrod.hpp>

#include <cmath>

namespace flowcheck::power_dissipation_test {

namespace {

Gaussian on_line(double mean, double deviation) {
  return {Vector::Constant(1, mean), Matrix::Constant(1, 1, deviation * deviation)};
}

}  // namespace

TEST_CASE("dissipations are the reference numbers of FDIV-03", "[distances][reference]") {
  // p = N(0, 1) against q = N(.6, 1) and N(.3, 1.15²); the dossier's quadrature cuts the tails.
  const Gaussian p = on_line(0.0, 1.0);
  const Gaussian q = on_line(0.6, 1.0);
  CHECK_THAT(power_dissipation(p, q, 2.0).value, WithinPrinted(0.5159986, 7));
  CHECK_THAT(power_dissipation(p, q, 0.0).value, WithinPrinted(0.36, 7));
  CHECK_THAT(power_dissipation(p, q, -2.0).value, Catch::Matchers::WithinAbs(1.060084, 2e-6));
  CHECK_THAT(power_dissipation(p, q, 1.0).value / 16.0, WithinPrinted(0.0225, 7));
  const Gaussian wide = on_line(0.3, 1.15);
  CHECK_THAT(power_dissipation(p, wide, 2.0).value, WithinPrinted(0.0882910, 7));
  CHECK_THAT(power_dissipation(p, wide, 0.0).value, Catch::Matchers::WithinAbs(0.1686436, 2e-7));
  CHECK_THAT(power_dissipation(p, wide, 4.0).value, WithinPrinted(0.0753577, 7));
  CHECK_THAT(power_dissipation(p, wide, 1.0).value / 16.0, WithinPrinted(0.0069327, 7));
}

TEST_CASE("dissipations agree with quadrature", "[distances][reference]") {
  const auto alpha = GENERATE(-2.0, 0.0, 0.5, 1.0, 2.0, 4.0);
  const Gaussian p = on_line(0.2, 0.9);
  const Gaussian q = on_line(-0.3, 1.0);
  const auto integrand = [&](double x) {
    const Vector at = Vector::Constant(1, x);
    const double gap = p.score(at)(0) - q.score(at)(0);
    return std::exp(alpha * p.log_density(at) + (1.0 - alpha) * q.log_density(at)) * gap * gap;
  };
  const double expected = boost::math::quadrature::gauss_kronrod<double, 61>::integrate(
      integrand, -40.0, 40.0, 15, 1e-14);
  const Estimate exact = power_dissipation(p, q, alpha);
  CAPTURE(alpha, exact);
  CHECK_THAT(exact.value, Catch::Matchers::WithinRel(expected, 1e-12));
}

TEST_CASE("α = 1 and α = 0 are the two Fisher informations", "[distances][exact]") {
  const auto dimension = GENERATE(Index{1}, Index{2}, Index{6});
  Rng rng(41, static_cast<std::uint64_t>(dimension));
  const Gaussian p = random_gaussian(rng, dimension);
  const Gaussian q = random_gaussian(rng, dimension);
  const auto agree = [](const Estimate& a, const Estimate& b) {
    CAPTURE(a, b);
    CHECK_THAT(a.value, Catch::Matchers::WithinRel(b.value, 1e-10));
    CHECK(a.lower <= b.upper);
    CHECK(b.lower <= a.upper);
  };
  agree(power_dissipation(p, q, 1.0), fisher_information(p, q));
  agree(power_dissipation(p, q, 0.0), fisher_information(q, p));
}

TEST_CASE("ill-posed tails have infinite dissipation", "[distances][exact]") {
  // FDIV-19: p = N(0, 1), q = N(.6, .7²): KL and Pearson flows are infinite, Neyman's is not.
  const Gaussian p = on_line(0.0, 1.0);
  const Gaussian narrow = on_line(0.6, 0.7);
  CHECK(power_dissipation(p, narrow, 2.0).lower == infinity);
  CHECK(power_dissipation(p, narrow, 4.0).lower == infinity);
  CHECK(std::isfinite(power_dissipation(p, narrow, -2.0).upper));
  // The edges: 2/τ_p² = 1/τ_q²; 4/τ_p² = 3/τ_q²; 3/τ_q² = 2/τ_p².
  CHECK(std::isfinite(power_dissipation(p, on_line(0.0, std::sqrt(0.501)), 2.0).upper));
  CHECK(power_dissipation(p, on_line(0.0, std::sqrt(0.499)), 2.0).lower == infinity);
  CHECK(std::isfinite(power_dissipation(p, on_line(0.0, std::sqrt(0.751)), 4.0).upper));
  CHECK(power_dissipation(p, on_line(0.0, std::sqrt(0.749)), 4.0).lower == infinity);
  CHECK(std::isfinite(power_dissipation(p, on_line(0.0, std::sqrt(1.499)), -2.0).upper));
  CHECK(power_dissipation(p, on_line(0.0, std::sqrt(1.501)), -2.0).lower == infinity);
  CHECK(power_dissipation(narrow, narrow, 4.0).value == 0.0);
}

}  // namespace flowcheck::power_dissipation_test
