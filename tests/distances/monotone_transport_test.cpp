#include "distances/monotone_transport.hpp"

#include "distances/wasserstein.hpp"
#include "measures/gaussian_mixture.hpp"
#include "measures/line_laws.hpp"
#include "support/estimates.hpp"
#include "support/mixtures.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <vector>

namespace flowcheck::monotone_transport_test {

namespace {}  // namespace

TEST_CASE("W₂ on the line is the Gaussian closed form", "[distances][reference]") {
  const auto gap = GENERATE(2.0, 0.1, 1e-3, 1e-6);
  const Estimate exact = gap * gap + gap * gap;
  const Estimate measured = squared_w2(gaussian_law(gap, 1.0 + gap), gaussian_law());
  CAPTURE(gap, measured);
  CHECK_THAT(measured, Encloses(exact.value));
  CHECK_THAT(measured.value, Catch::Matchers::WithinRel(exact.value, 1e-13 / gap));
  CHECK(measured.width() < 1e-11 / gap * exact.value);
  CHECK_THAT(w2(gaussian_law(gap, 1.0 + gap), gaussian_law()), Encloses(std::sqrt(exact.value)));
}

TEST_CASE("W₂ on the line of laws with edges and gaps is the known number", "[distances][exact]") {
  // F⁻¹ − G⁻¹ affine or piecewise affine in u.
  CHECK_THAT(squared_w2(uniform_law(0.0, 1.0), uniform_law(0.0, 4.0)), Encloses(3.0));
  // u ↦ 2u − 1 against ±(1 + …): T splits the interval, a jump at 0. y − x = 1 on each half.
  const Estimate split = squared_w2(uniform_law(-1.0, 1.0), two_interval_law(1.0, 2.0));
  CAPTURE(split);
  CHECK_THAT(split, Encloses(1.0));
  CHECK(split.width() < 1e-10);
  const Estimate merged = squared_w2(two_interval_law(1.0, 2.0), uniform_law(-1.0, 1.0));
  CHECK_THAT(merged, Encloses(1.0));
  CHECK(merged.width() < 1e-10);
  // Laplace laws are scaled copies: (s − t)² E|x|²; Student's too, with variance 3 for ν = 3.
  CHECK_THAT(squared_w2(laplace_law(0.5), laplace_law(2.0)), Encloses(2.25 * 2.0));
}

TEST_CASE("W₂ between laws that end on opposite sides is resolved", "[distances][reference]") {
  // Exponential laws e^{−x} on [2, ∞) and reflected on (−∞, −2]: F⁻¹ = 2 − log(1 − u), G⁻¹ = −2 +
  // log u; with E log² = 2 and E log u log(1 − u) = 2 − π²/6, W₂² = 16 + 16 + 4 + 4 − π²/3.
  const auto half_line = [](double sign) {
    LinePotential V;
    V.value = [sign](double x) { return sign * x - 2.0; };
    V.slope = [sign](double) { return sign; };
    V.curvature = [](double) { return 0.0; };
    (sign > 0.0 ? V.lower : V.upper) = 2.0 * sign;
    V.centre = 3.0 * sign;
    return LineMeasure(V);
  };
  const double exact = 40.0 - std::numbers::pi * std::numbers::pi / 3.0;
  const Estimate measured = squared_w2(half_line(1.0), half_line(-1.0));
  CAPTURE(measured);
  CHECK_THAT(measured, Encloses(exact));
  CHECK(measured.width() < 1e-9);
}

TEST_CASE("W₂ on the line is a metric and sees translations exactly", "[distances][property]") {
  const std::array laws = {gaussian_law(0.3, 0.9), double_well_law(1.2), uniform_law(-2.0, 1.0)};
  for (const LineMeasure& p : laws) {
    CHECK(squared_w2(p, p).value < 1e-24);
    for (const LineMeasure& q : laws) {
      const Estimate there = w2(p, q);
      const Estimate back = w2(q, p);
      CHECK(there.lower <= back.upper);
      CHECK(back.lower <= there.upper);
      // Gelbrich's bound, an equality for Gaussians.
      const double mean_gap = p.mean().value - q.mean().value;
      const double deviation_gap = std::sqrt(p.variance().value) - std::sqrt(q.variance().value);
      CHECK(there.upper * (1.0 + 1e-12) + 1e-12 >= std::hypot(mean_gap, deviation_gap));
      CHECK(there.lower <= (w2(p, laws[0]) + w2(laws[0], q)).upper);
    }
  }
}

TEST_CASE("W₂ of mixtures agrees with sorted quantiles", "[distances][reference]") {
  const GaussianMixture p = line_mixture({0.4, 0.6}, {-3.0, 1.5}, {0.7, 0.5});
  const GaussianMixture q = line_mixture({0.7, 0.3}, {-0.6, 4.0}, {0.9, 0.8});
  const LineMeasure law_p = line_measure(p);
  const LineMeasure law_q = line_measure(q);
  // Midpoints in u, after a substitution u = v²(3 − 2v) that tames the ends; second order.
  const auto quantile_sum = [&](int n) {
    double sum = 0.0;
    for (int i = 0; i < n; ++i) {
      const double v = (i + 0.5) / n;
      const double left = v * v * (3.0 - 2.0 * v);
      const double right = (1.0 - v) * (1.0 - v) * (1.0 + 2.0 * v);
      const double gap = law_p.quantile_of_both(left, right) - law_q.quantile_of_both(left, right);
      sum += 6.0 * v * (1.0 - v) * gap * gap / n;
    }
    return sum;
  };
  const Estimate measured = squared_w2(p, q);
  const double reference = quantile_sum(40'000);
  CAPTURE(measured, reference);
  CHECK_THAT(measured.value, Catch::Matchers::WithinAbs(reference, 1e-6));
  CHECK(measured.grade == Grade::converged);
  CHECK(measured.width() < 1e-8);
  // Moments are transported: W₂² lies between Gelbrich's bound and the independent coupling's.
  const double mean_gap = p.mean()(0) - q.mean()(0);
  CHECK(measured.upper < mean_gap * mean_gap + p.covariance()(0, 0) + q.covariance()(0, 0));
}

TEST_CASE("the map on the line pushes p to q", "[distances][exact]") {
  const LineMeasure p = double_well_law(1.0);
  const LineMeasure q = laplace_law(0.8);
  const MonotoneTransport map(p, q);
  for (const double x : {-3.0, -1.0, -0.2, 0.0, 0.4, 1.3, 2.7, 4.0}) {
    const double y = map(x);
    CAPTURE(x, y);
    CHECK_THAT(std::min(q.cdf(y), q.survival(y)),
               Catch::Matchers::WithinRel(std::min(p.cdf(x), p.survival(x)), 1e-11));
    // Against the inverse map and a difference quotient.
    CHECK_THAT(MonotoneTransport(q, p)(y), Catch::Matchers::WithinAbs(x, 1e-10));
    if (x == 0.0) continue;  // q's kink
    const double h = 1e-5;
    CHECK_THAT((map(x + h) - map(x - h)) / (2.0 * h),
               Catch::Matchers::WithinRel(map.slope(x), 1e-6));
    CHECK(map.error(x) < 1e-10);
  }
  // Between Gaussians the map is affine, into both tails.
  const MonotoneTransport affine(gaussian_law(1.0, 2.0), gaussian_law(-1.0, 0.5));
  for (const double z : {-30.0, -8.0, 0.5, 20.0, 35.0}) {
    CHECK_THAT(affine(1.0 + 2.0 * z), Catch::Matchers::WithinAbs(-1.0 + 0.5 * z, 1e-11));
  }
}

TEST_CASE("W₂ of narrow mixtures far apart is bounded above", "[distances][exact]") {
  // The valley between the components lies half way from the centre to the cuts.
  const GaussianMixture p = line_mixture({0.3, 0.7}, {-100.0, 100.0}, {1e-3, 1e-2});
  const GaussianMixture q = line_mixture({0.3, 0.7}, {-99.0, 100.5}, {1e-3, 1e-2});
  const Estimate none = w2(p, p);
  CAPTURE(none);
  CHECK(none.lower == 0.0);
  CHECK(none.upper < 1e-2);
  CHECK_THAT(squared_w2(p, q), Encloses(0.3 + 0.7 * 0.25));
  // Masses good to 1e-14 may fall on either side of a valley 200 wide.
  CHECK(squared_w2(p, q).width() < 1e-5);
}

TEST_CASE("W₂ is infinite where one variance is", "[distances][exact]") {
  const LineMeasure heavy = student_law(1.5);
  CHECK(squared_w2(heavy, gaussian_law()).lower == infinity);
  CHECK(squared_w2(gaussian_law(), heavy).lower == infinity);
  const Estimate both = squared_w2(student_law(2.0), heavy);
  CHECK(both.upper == infinity);
  CHECK_FALSE(both.is_nan());
  const GaussianMixture plane(Gaussian::standard(2));
  CHECK_THROWS_AS(squared_w2(plane, plane), std::invalid_argument);
  CHECK_THROWS_AS(line_measure(GaussianMixture(Gaussian::dirac(Vector::Zero(1)))),
                  std::invalid_argument);
}

}  // namespace flowcheck::monotone_transport_test
