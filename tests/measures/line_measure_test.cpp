#include "measures/line_measure.hpp"

#include "measures/line_laws.hpp"
#include "measures/regularity.hpp"
#include "numerics/rng.hpp"
#include "numerics/special_functions.hpp"
#include "support/estimates.hpp"
#include "support/real.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <stdexcept>
#include <string>

namespace flowcheck::line_measure_test {

namespace {

using high_precision::Real;

// ∫_x^∞ (x + t)^power e^{−V(x + t)} dt in 40 digits: trapezoidal rule in s, t = w e^{sinh s}, w the
// integrand's scale.
template <class Potential>
Real upper_integral(const Potential& V, double x, int power, double w) {
  const Real h = Real(1) / 64;
  Real sum = 0;
  for (int i = -320; i <= 192; ++i) {
    const Real s = h * i;
    const Real e = exp(s);
    const Real t = Real(w) * exp((e - 1 / e) / 2);
    if (t > 1e6) break;
    const Real point = Real(x) + t;
    Real term = exp(-V(point)) * t * (e + 1 / e) / 2;
    for (int k = 0; k < power; ++k) term *= point;
    sum += term;
  }
  return h * sum;
}

double relative(double computed, const Real& truth) {
  return static_cast<double>(abs(Real(computed) / truth - 1));
}

// Even potentials, each once for the library and once in 40 digits.
template <class Potential>
void check_against_40_digits(const LineMeasure& p, const Potential& V) {
  const Real half = upper_integral(V, 0.0, 0, 1.0);
  CHECK(p.log_normaliser().lower <= static_cast<double>(log(2 * half)));
  CHECK(p.log_normaliser().upper >= static_cast<double>(log(2 * half)));
  CHECK(p.log_normaliser().width() < 1e-12);
  const Real variance = upper_integral(V, 0.0, 2, 1.0) / half;
  CHECK(relative(p.variance().value, variance) < 1e-13);
  CHECK_THAT(p.variance(), Encloses(static_cast<double>(variance)));
  for (const double level : {0.4, 0.05, 1e-6, 1e-40, 1e-150, 1e-300}) {
    CAPTURE(level);
    const double x = p.quantile_of_survival(level);
    const double scale = 1.0 / (1.0 + std::abs(p.score(x)));
    const Real tail = upper_integral(V, x, 0, scale) / (2 * half);
    CHECK(relative(p.survival(x), tail) < 1e-12);
    CHECK(relative(p.survival(x), tail) <= p.relative_error(x));
    CHECK_THAT(p.enclosed_survival(x), Encloses(static_cast<double>(tail)));
    // The law is even: the lower tail is the same number.
    CHECK(relative(p.cdf(-x), tail) < 1e-12);
    CHECK(p.cdf(x) == Approx(1.0 - static_cast<double>(tail)).epsilon(1e-14));
    // The quantile's error is what the tail's own error makes of it.
    CHECK(std::abs(static_cast<double>(tail) - level) <= 1e-12 * level);
  }
}

}  // namespace

TEST_CASE("LineMeasure agrees with 40 digits down to tails of 1e-300", "[measures][reference]") {
  SECTION("Gaussian") {
    check_against_40_digits(gaussian_law(), [](const Real& x) { return Real(x * x / 2); });
  }
  SECTION("x^2/2 + x^4/4") {
    check_against_40_digits(quartic_law(1.0, 1.0),
                            [](const Real& x) { return Real(x * x / 2 + x * x * x * x / 4); });
  }
  SECTION("x^4/4") {
    check_against_40_digits(quartic_law(0.0, 1.0),
                            [](const Real& x) { return Real(x * x * x * x / 4); });
  }
  SECTION("double well") {
    check_against_40_digits(double_well_law(2.0),
                            [](const Real& x) { return Real((x * x - 4) * (x * x - 4) / 4); });
  }
  SECTION("x^2/4 + log(2 cosh 2x)/2") {
    check_against_40_digits(log_cosh_law(0.5, 0.5, 2.0), [](const Real& x) {
      return Real(x * x / 4 + log(exp(2 * x) + exp(-2 * x)) / 2);
    });
  }
  SECTION("rippled") {
    check_against_40_digits(rippled_gaussian_law(0.8, 2.0),
                            [](const Real& x) { return Real(x * x / 2 + Real(0.8) * cos(2 * x)); });
  }
  SECTION("mixture") {
    check_against_40_digits(gaussian_mixture_law({0.5, 0.5}, {-1.5, 1.5}, {0.5, 0.5}),
                            [](const Real& x) {
                              const Real a = 2 * (x - Real(1.5)) * (x - Real(1.5));
                              const Real b = 2 * (x + Real(1.5)) * (x + Real(1.5));
                              // Up to the constant log(2·0.5) = 0, as in the library.
                              return Real(-log(exp(-a) + exp(-b)));
                            });
  }
  SECTION("cusp") {
    check_against_40_digits(cusp_law(-1.0), [](const Real& x) { return Real(x * x / 2 + abs(x)); });
  }
}

TEST_CASE("LineMeasure's quantiles undo its cdf in both tails", "[measures][property]") {
  const auto law = GENERATE(0, 1, 2, 3, 4, 5, 6);
  const LineMeasure p = law == 0   ? quartic_law(-4.0, 1.0)
                        : law == 1 ? log_cosh_law(0.0, 1.0, 1.0)
                        : law == 2 ? rippled_gaussian_law(2.0, 2.0)
                        : law == 3 ? cusp_law(2.0)
                        : law == 4 ? laplace_law(3.0)
                        : law == 5 ? student_law(3.0)
                                   : gaussian_mixture_law({0.3, 0.7}, {-3.0, 2.0}, {0.3, 0.6});
  CAPTURE(law);
  for (int exponent = -300; exponent <= -1; exponent += 13) {
    const double level = std::pow(10.0, exponent);
    CAPTURE(level);
    const double low = p.quantile(level);
    const double high = p.quantile_of_survival(level);
    CHECK(std::abs(p.cdf(low) / level - 1.0) < 5e-13);
    CHECK(std::abs(p.survival(high) / level - 1.0) < 5e-13);
    CHECK(std::abs(p.log_cdf(low) - std::log(level)) < 5e-13);
    CHECK(p.enclosed_quantile(level).lower <= low);
    CHECK(p.enclosed_quantile(level).width() <
          2.0 * (p.relative_error(low) * 1.1 * level / p.density(low) + 1e-14 * std::abs(low)));
    CHECK(low < high);
  }
  Rng rng(11, static_cast<std::uint64_t>(law));
  for (int i = 0; i < 200; ++i) {
    const double level = rng.uniform();
    CHECK(std::abs(p.cdf(p.quantile(level)) - level) < 1e-14);
    CHECK(std::abs(p.survival(p.quantile_of_survival(level)) - level) < 1e-14);
    CHECK(p.cdf(p.median()) == Approx(0.5).epsilon(1e-14));
  }
}

TEST_CASE("LineMeasure's cdf has the density as its slope and never falls",
          "[measures][property]") {
  const LineMeasure p = gaussian_mixture_law({0.3, 0.7}, {-3.0, 2.0}, {0.3, 0.6});
  double before = 0.0;
  for (double x = -6.0; x < 6.0; x += 0.0137) {
    CAPTURE(x);
    CHECK(p.cdf(x) >= before);
    before = p.cdf(x);
    CHECK(p.cdf(x) + p.survival(x) == Approx(1.0).epsilon(1e-14));
    const double h = 1e-4;
    // From the nearer end, or the difference has no digits.
    const double rise =
        x < p.median() ? p.cdf(x + h) - p.cdf(x - h) : p.survival(x - h) - p.survival(x + h);
    CHECK(rise / (2.0 * h) == Approx(p.density(x)).epsilon(1e-5));
    CHECK((p.log_density(x + h) - p.log_density(x - h)) / (2.0 * h) ==
          Approx(p.score(x)).epsilon(1e-6).margin(1e-5));
    CHECK((p.score(x + h) - p.score(x - h)) / (2.0 * h) ==
          Approx(p.score_slope(x)).epsilon(1e-5).margin(1e-3));
  }
}

TEST_CASE("LineMeasure agrees with closed forms of mean, variance and entropy",
          "[measures][exact]") {
  // The same potentials without the formulas: what quadrature makes of them.
  const auto blind = [](const LineMeasure& p) {
    LinePotential V = p.potential();
    V.log_normaliser = V.mean = V.variance = V.entropy = std::nullopt;
    return LineMeasure(V);
  };
  const auto law = GENERATE(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
  const LineMeasure p = law == 0   ? gaussian_law(0.3, 0.5)
                        : law == 1 ? uniform_law(-1.0, 2.0)
                        : law == 2 ? truncated_gaussian_law(-10.0, 1.0)
                        : law == 3 ? truncated_gaussian_law(4.0, 1.0)
                        : law == 4 ? cusp_law(2.0)
                        : law == 5 ? cusp_law(-2.0)
                        : law == 6 ? laplace_law(0.7)
                        : law == 7 ? two_interval_law(0.5, 1.0)
                        : law == 8 ? cusp_law(-30.0)
                        : law == 9 ? student_law(1e3)
                                   : gaussian_mixture_law({0.2, 0.8}, {-1.0, 2.0}, {0.5, 0.25});
  CAPTURE(law);
  const LineMeasure q = blind(p);
  CHECK(q.log_normaliser().grade == Grade::converged);
  CHECK(p.log_normaliser().grade == Grade::closed_form);
  CHECK_THAT(q.log_normaliser(), Encloses(p.log_normaliser().value));
  CHECK_THAT(q.mean(), Encloses(p.mean().value));
  CHECK_THAT(q.variance(), Encloses(p.variance().value));
  CHECK_THAT(q.entropy(), Encloses(p.entropy().value));
  CHECK(q.log_normaliser().width() < 1e-12);
  CHECK(q.mean().width() < 1e-12);
  CHECK(q.variance().width() < 1e-12);
  CHECK(q.entropy().width() < 5e-12);
}

TEST_CASE("LineMeasure knows the heavy tail's missing moments", "[measures][exact]") {
  const LineMeasure cauchy = student_law(1.0);
  CHECK(cauchy.mean().lower == -infinity);
  CHECK(cauchy.mean().upper == infinity);
  CHECK(cauchy.variance().lower == infinity);
  CHECK(std::abs(cauchy.entropy().value - std::log(4.0 * M_PI)) < 1e-12);
  for (const double x : {-1e200, -1e10, -3.0, 0.5}) {
    CAPTURE(x);
    const double truth = x < 0.0 ? std::atan(-1.0 / x) / M_PI : 0.5 + std::atan(x) / M_PI;
    CHECK(cauchy.cdf(x) == Approx(truth).epsilon(1e-12));
  }
  CHECK(student_law(2.0).variance().lower == infinity);
  CHECK(student_law(2.0).mean().value == 0.0);
  const LineMeasure close = student_law(2.2);  // variance ν/(ν − 2) = 11, by quadrature below
  LinePotential V = close.potential();
  V.variance = std::nullopt;
  CHECK_THAT(LineMeasure(V).variance(), Encloses(11.0));
  CHECK(LineMeasure(V).variance().width() < 1e-9);
}

TEST_CASE("LineMeasure has the log normalisers of the dossiers", "[measures][reference]") {
  // JKO, R2.
  CHECK_THAT(gaussian_law().log_normaliser().value, WithinPrinted(0.918938533205, 12));
  CHECK_THAT(quartic_law(1.0, 1.0).log_normaliser().value, WithinPrinted(0.660235389856, 12));
  CHECK_THAT(log_cosh_law(0.5, 0.5, 2.0).log_normaliser().value, WithinPrinted(0.317142295530, 12));
  // Z of x⁴/4 is √2 Γ(1/4)/2.
  CHECK(quartic_law(0.0, 1.0).normaliser().value ==
        Approx(std::sqrt(0.5) * std::tgamma(0.25)).epsilon(1e-14));
  // GIF-42: mixtures of unit variance at ±R have variance 1 + R².
  CHECK_THAT(gaussian_mixture_law({0.5, 0.5}, {-0.9, 0.9}, {1.0, 1.0}).variance(), Encloses(1.81));
}

TEST_CASE("LineMeasure's expectations: integration by parts", "[measures][exact]") {
  // E V′(X) = 0, E X V′(X) = 1, E V′² = E V″ (GIF-42, both equalities).
  const LineMeasure p = quartic_law(-4.0, 1.0);
  CHECK_THAT(p.expectation([&](double x) { return p.score(x); }), Encloses(0.0));
  CHECK_THAT(p.expectation([&](double x) { return -x * p.score(x); }), Encloses(1.0));
  const Estimate fisher = p.expectation([&](double x) { return p.score(x) * p.score(x); });
  const Estimate curvature = p.expectation([&](double x) { return -p.score_slope(x); });
  CHECK(fisher.width() < 1e-10);
  CHECK_THAT(fisher - curvature, Encloses(0.0));
  const LineMeasure mixture = gaussian_mixture_law({0.5, 0.5}, {-0.9, 0.9}, {1.0, 1.0});
  const double scale = mixture.expectation([&](double x) { return -mixture.score_slope(x); }).value;
  CHECK_THAT(scale, WithinPrinted(0.582849, 6));
  // A kink that the table does not know shows in the error.
  const Estimate rough = p.expectation([](double x) { return std::abs(x - 0.1234567); });
  CHECK(rough.width() > 1e-9);
}

TEST_CASE("LineMeasure handles gaps, valleys and narrow peaks", "[measures][exact]") {
  const LineMeasure gap = two_interval_law(0.5, 1.0);
  CHECK(gap.cdf(-0.5) == Approx(0.5).epsilon(1e-14));
  CHECK(gap.cdf(0.0) == Approx(0.5).epsilon(1e-14));
  CHECK(gap.survival(0.3) == Approx(0.5).epsilon(1e-14));
  CHECK(gap.cdf(0.75) == Approx(0.75).epsilon(1e-14));
  CHECK(gap.log_density(0.1) == -infinity);
  CHECK(gap.density(0.7) == Approx(1.0).epsilon(1e-14));
  CHECK(gap.quantile(0.25) == Approx(-0.75).epsilon(1e-14));
  CHECK(gap.quantile_of_survival(0.25) == Approx(0.75).epsilon(1e-14));

  // A peak of width 1e-4 at 40, forty standard deviations beyond the rest.
  const LineMeasure spike =
      gaussian_mixture_law({0.4, 0.599, 0.001}, {-1.5, 1.2, 40.0}, {0.7, 0.6, 1e-4});
  // At 40 a double of x is 7e-15, which is 7e-11 of the peak's standard deviation.
  CHECK(spike.survival(20.0) == Approx(0.001).epsilon(1e-10));
  CHECK(spike.relative_error(40.0) < 1e-9);
  CHECK_THAT(spike.enclosed_survival(20.0), Encloses(0.001));
  CHECK(spike.cdf(20.0) == Approx(0.999).epsilon(1e-13));
  CHECK(spike.quantile_of_survival(0.0005) == Approx(40.0).epsilon(1e-13));
  for (const double p : {1e-200, 1e-10, 1e-4, 0.0009, 0.0011, 0.3}) {
    CAPTURE(p);
    const double x = spike.quantile_of_survival(p);
    CHECK(std::abs(spike.survival(x) / p - 1.0) < 1e-12 + 1e-14 * std::abs(spike.score(x)));
  }
}

TEST_CASE("LineMeasure sees a narrow peak between two landmarks whole", "[measures][exact]") {
  // ½N(0, 1) + ½N(0.3, s²): the panels left of the peak have a landmark at either end.
  const auto s = GENERATE(1e-2, 1e-3, 1e-4, 3e-5, 2e-5, 1e-5, 1e-6, 1e-8);
  const auto centre = GENERATE(0.15, 0.3, -2.0);
  CAPTURE(s, centre);
  const LineMeasure known = gaussian_mixture_law({0.5, 0.5}, {0.0, 0.3}, {1.0, s});
  LinePotential V = known.potential();
  V.log_normaliser = V.mean = V.variance = V.entropy = std::nullopt;
  V.centre = centre;
  V.landmarks = {0.0, 0.3};
  const LineMeasure p(V);
  // A double of x at 0.3 is 6e-17: that much of s the potential itself is off.
  const double fuzz = 1e-13 + 1e-16 / s;
  CHECK_THAT(p.log_normaliser(), Encloses(known.log_normaliser().value));
  CHECK(p.log_normaliser().width() < fuzz);
  CHECK_THAT(p.mean(), Encloses(0.15));
  CHECK(p.survival(0.3) == Approx(0.25 + 0.5 * 0.38208857781104733).epsilon(10.0 * fuzz));
  CHECK(p.cdf(0.3 - 10.0 * s) ==
        Approx(0.5 * std::exp(log_normal_cdf(0.3 - 10.0 * s))).epsilon(10.0 * fuzz));
}

TEST_CASE("LineMeasure takes peaks down to the spacing of doubles", "[measures][exact]") {
  const auto s = GENERATE(1e-10, 1e-12);
  CAPTURE(s);
  const LineMeasure p = gaussian_mixture_law({0.5, 0.5}, {0.0, 0.3}, {1.0, s});
  const double outside = 0.5 * std::exp(log_normal_cdf(0.2));
  CHECK(p.cdf(0.2) == Approx(outside).epsilon(1e-3));
  CHECK(p.survival(0.3) == Approx(0.25 + 0.5 * 0.38208857781104733).epsilon(1e-3));
}

TEST_CASE("LineMeasure finds the mass from a poor centre, on any scale", "[measures][property]") {
  const auto centre = GENERATE(0.0, 30.0, -60.0);
  const auto scale = GENERATE(1e-100, 1e-8, 1.0, 1e8, 1e100);
  CAPTURE(centre, scale);
  LinePotential V = gaussian_law(0.0, scale).potential();
  V.log_normaliser = V.mean = V.variance = V.entropy = std::nullopt;
  V.centre = centre * scale;
  const LineMeasure p(V);
  CHECK(p.variance().value / scale / scale == Approx(1.0).epsilon(1e-13));
  CHECK(p.quantile(1e-200) / scale == Approx(normal_quantile(1e-200)).epsilon(1e-13));
  CHECK_THAT(p.entropy() - std::log(scale), Encloses(1.4189385332046727));
}

TEST_CASE("LineMeasure's tails beyond its table are bounded", "[measures][exact]") {
  const LineMeasure p = gaussian_law();
  // Φ(−60) is below the least double; its logarithm is not.
  CHECK(p.cdf(-60.0) == 0.0);
  CHECK(p.log_cdf(-60.0) == Approx(log_normal_cdf(-60.0)).epsilon(1e-6));
  CHECK(p.log_cdf(-60.0) >= log_normal_cdf(-60.0));
  CHECK(p.log_survival(38.5) == Approx(log_normal_cdf(-38.5)).epsilon(1e-13));
  CHECK(p.cdf(60.0) == 1.0);
  CHECK(p.quantile(0.0) == -infinity);
  CHECK(p.quantile(1.0) == infinity);
  CHECK(p.quantile_of_survival(0.0) == infinity);
}

TEST_CASE("Draws from a LineMeasure pass a Kolmogorov-Smirnov test", "[measures][property]") {
  const auto law = GENERATE(0, 1, 2);
  const LineMeasure p = law == 0   ? double_well_law(2.0)
                        : law == 1 ? cusp_law(1.0)
                                   : two_interval_law(0.5, 1.0);
  Rng rng(12, static_cast<std::uint64_t>(law));
  const Index n = 20'000;
  Matrix x = sample(p, n, rng);
  REQUIRE(x.rows() == 1);
  std::sort(x.data(), x.data() + n);
  double distance = 0.0;
  for (Index i = 0; i < n; ++i) {
    const double F = p.cdf(x(0, i));
    distance = std::max({distance, std::abs(F - static_cast<double>(i) / n),
                         std::abs(F - static_cast<double>(i + 1) / n)});
  }
  // P(√n D > 3) = 2 e^{−18} = 3e-8.
  CHECK(std::sqrt(static_cast<double>(n)) * distance < 3.0);
  // The same test tells a neighbouring law: a well 2 % aside.
  if (law == 0) {
    const LineMeasure other = double_well_law(2.04);
    double wrong = 0.0;
    for (Index i = 0; i < n; ++i) {
      wrong = std::max(wrong, std::abs(other.cdf(x(0, i)) - static_cast<double>(i) / n));
    }
    CHECK(std::sqrt(static_cast<double>(n)) * wrong > 3.0);
  }
}

TEST_CASE("Laws on the line know their regularity", "[measures][exact]") {
  const Regularity gaussian = regularity(gaussian_law(0.0, 0.5));
  CHECK_THAT(gaussian.curvature_lower, Encloses(4.0));
  CHECK_THAT(gaussian.curvature_upper, Encloses(4.0));
  CHECK(gaussian.half_diameter.upper == infinity);
  CHECK(gaussian.mixture_scale.value == 0.5);
  CHECK(gaussian.mixture_radius.value == 0.0);

  const Regularity truncated = regularity(truncated_gaussian_law(-4.0, 1.5));
  CHECK_THAT(truncated.curvature_lower, Encloses(-4.0));
  CHECK(truncated.curvature_upper.upper == infinity);
  CHECK_THAT(truncated.half_diameter, Encloses(1.5));

  const Regularity cusp = regularity(cusp_law(2.0));
  CHECK(cusp.curvature_lower.lower == -infinity);
  CHECK_THAT(cusp.curvature_upper, Encloses(1.0));
  CHECK_THAT(cusp.log_lipschitz, Encloses(2.0));
  CHECK_THAT(regularity(cusp_law(-2.0)).curvature_lower, Encloses(1.0));
  CHECK(regularity(cusp_law(-2.0)).curvature_upper.upper == infinity);

  CHECK(regularity(two_interval_law(0.5, 1.0)).curvature_lower.lower == -infinity);
  CHECK(regularity(laplace_law()).log_lipschitz.upper == infinity);

  const Regularity pair = regularity(gaussian_mixture_law({0.1, 0.9}, {-1.5, 1.5}, {1.0, 1.0}));
  CHECK_THAT(pair.curvature_lower, Encloses(-1.25));
  CHECK_THAT(pair.curvature_upper, Encloses(1.0));
  CHECK(pair.mixture_radius.value == 1.5);
}

TEST_CASE("A mixture of different widths on the line has its curvatures enclosed",
          "[measures][property]") {
  const LineMeasure p = gaussian_mixture_law({0.3, 0.7}, {-1.0, 1.0}, {0.4, 0.8});
  const Regularity found = regularity(p);
  for (const Estimate& curvature : {found.curvature_lower, found.curvature_upper}) {
    CHECK(curvature.grade == Grade::converged);
    CHECK(curvature.width() <= 1e-7 * std::abs(curvature.value));
  }
  double least = infinity;
  double most = -infinity;
  for (int i = -3000; i <= 3000; ++i) {
    const double here = -p.score_slope(0.002 * i);
    least = std::min(least, here);
    most = std::max(most, here);
  }
  CHECK(least >= found.curvature_lower.lower);
  CHECK(most <= found.curvature_upper.upper);
  CHECK(least == Approx(found.curvature_lower.value).epsilon(1e-4));
  CHECK(most == Approx(found.curvature_upper.value).epsilon(1e-4));
  // The narrowest component's own curvature is an upper bound that is not attained.
  CHECK(found.curvature_upper.upper < 1.0 / 0.16);
}

TEST_CASE("Curvature that is not known is searched, and graded so", "[measures][property]") {
  LinePotential V = double_well_law(2.0).potential();
  V.curvature_lower = -infinity;
  V.curvature_is_sharp = false;
  const Regularity found = regularity(LineMeasure(V));
  CHECK(found.curvature_lower.grade == Grade::sampled);
  CHECK(found.curvature_lower.lower == -infinity);
  CHECK(found.curvature_lower.upper == Approx(-4.0).epsilon(1e-3));
  CHECK(found.curvature_lower.upper >= -4.0);
  CHECK(found.curvature_upper.upper == infinity);
  // Three equal centres: the two-sided bound is not attained.
  const Regularity three =
      regularity(gaussian_mixture_law({0.3, 0.4, 0.3}, {-1.5, 0.0, 1.5}, {1.0, 1.0, 1.0}));
  CHECK(three.curvature_lower.lower == -1.25);
  CHECK(three.curvature_lower.upper > -1.0);
}

TEST_CASE("LineMeasure refuses what is no law", "[measures][precondition]") {
  const LinePotential good = gaussian_law().potential();
  const auto refused = [&](auto change) {
    LinePotential V = good;
    V.log_normaliser = std::nullopt;
    change(V);
    CHECK_THROWS_AS(LineMeasure(V), std::invalid_argument);
  };
  refused([](LinePotential& V) { V.value = nullptr; });
  refused([](LinePotential& V) { V.lower = 1.0, V.upper = 1.0; });
  refused([](LinePotential& V) { V.centre = std::nan(""); });
  refused([](LinePotential& V) { V.lower = 0.0, V.centre = 0.0; });
  refused([](LinePotential& V) { V.kinks = {infinity}; });
  refused([](LinePotential& V) { V.value = [](double) { return 0.0; }, V.slope = V.value; });
  refused([](LinePotential& V) { V.value = [](double) { return infinity; }; });
  refused(
      [](LinePotential& V) { V.value = [](double x) { return x > 1.0 ? std::nan("") : x * x; }; });
  refused([](LinePotential& V) { V.log_normaliser = Estimate(0.0); });  // it is ½ log 2π
  CHECK_THROWS_AS(gaussian_law().quantile(1.5), std::invalid_argument);
  CHECK_THROWS_AS(gaussian_law().quantile(std::nan("")), std::invalid_argument);
  CHECK_THROWS_AS(gaussian_law(0.0, 0.0), std::invalid_argument);
  CHECK_THROWS_AS(quartic_law(1.0, 0.0), std::invalid_argument);
  CHECK_THROWS_AS(uniform_law(1.0, 1.0), std::invalid_argument);
  CHECK_THROWS_AS(gaussian_mixture_law({0.5, 0.4}, {0.0, 1.0}, {1.0, 1.0}), std::invalid_argument);
  CHECK_THROWS_AS(gaussian_mixture_law({}, {}, {}), std::invalid_argument);
  CHECK_THROWS_AS(gaussian_mixture_law({1.0}, {0.0}, {0.0}), std::invalid_argument);
}

TEST_CASE("A law far from 0 in its widths is tabulated to the digits its places have",
          "[measures][property]") {
  // Places there are 1.5e-8 apart, and densities as uncertain; between two of them is the centre.
  const double m = 86247000.000000119;
  const LineMeasure p = gaussian_mixture_law({0.5, 0.5}, {-m, m}, {1.0, 1.0});
  CHECK(p.cdf(0.0) == Approx(0.5).epsilon(1e-6));
  for (const double side : {-1.0, 1.0}) {
    CHECK(p.log_density(side * m) == Approx(std::log(0.5 / std::sqrt(2.0 * M_PI))).margin(1e-6));
  }
  CHECK(p.quantile(0.5 * normal_cdf(-1.0)) == Approx(-m - 1.0).epsilon(1e-14));
  // A wrong normaliser is still no such law's.
  LinePotential V{.value = [](double x) { return 0.5 * (x - 9e7) * (x - 9e7); },
                  .slope = [](double x) { return x - 9e7; },
                  .curvature = [](double) { return 1.0; },
                  .centre = 9e7,
                  .log_normaliser = Estimate(std::log(std::sqrt(2.0 * M_PI)) + 1e-4)};
  CHECK_THROWS_AS(LineMeasure(V), std::invalid_argument);
}

}  // namespace flowcheck::line_measure_test
