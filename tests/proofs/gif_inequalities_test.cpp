// Printed numbers of the functional inequalities, GIF-40 to GIF-42.

#include "claims/check.hpp"
#include "gif/functional_inequality.hpp"
#include "gif/gif_claims.hpp"
#include "measures/gaussian_mixture.hpp"
#include "measures/line_laws.hpp"
#include "support/estimates.hpp"

#include <cmath>

namespace flowcheck::gif_inequalities_test {

namespace {

double squared(const LineMeasure& p, const std::string& name) {
  return squared_lipschitz(regularity(p), name).value;
}

double variance(const LineMeasure& p, const std::function<double(double)>& f) {
  const double mean = p.expectation(f).value;
  return p.expectation([&](double x) { return std::pow(f(x) - mean, 2); }).value;
}

}  // namespace

TEST_CASE("GIF-40: the squared Lipschitz constants are the printed ones", "[gif][reference]") {
  CHECK_THAT(squared(two_centres(0.5), "mixture"), WithinPrinted(1.2840, 4));
  CHECK_THAT(squared(two_centres(1.0), "mixture"), WithinPrinted(2.7183, 4));
  CHECK_THAT(squared(two_centres(1.5), "mixture"), WithinPrinted(9.4877, 4));
  CHECK_THAT(squared(two_centres(2.0), "mixture"), WithinPrinted(54.60, 2));
  CHECK_THAT(squared(cusp_law(0.3), "log-Lipschitz"), WithinPrinted(1.671, 3));
  CHECK_THAT(squared(cusp_law(1.0), "log-Lipschitz"), WithinPrinted(7.697, 3));
  CHECK_THAT(squared(cusp_law(2.0), "log-Lipschitz"), WithinPrinted(208.6, 1));
  CHECK_THAT(squared(truncated_gaussian_law(4.0, 1.0), "bounded + κ"), WithinPrinted(0.2278, 4));
  CHECK_THAT(squared(truncated_gaussian_law(0.0, 1.0), "bounded + κ"), WithinPrinted(0.6366, 4));
  CHECK_THAT(squared(truncated_gaussian_law(-4.0, 1.0), "bounded + κ"), WithinPrinted(3.559, 3));
  CHECK_THAT(squared(truncated_gaussian_law(-10.0, 1.0), "bounded + κ"), WithinPrinted(187.7, 1));
}

TEST_CASE("GIF-40 of a user's mixture: C_P on the line, linear functions beyond",
          "[gif][property]") {
  const auto part = [](const GaussianMixture& p, const std::string& name) {
    const Target target{p, Gaussian::standard(p.dimension())};
    for (const Bound& bound : gif_40_poincare().on_target(target).bounds) {
      if (bound.part == name) return bound.lhs;
    }
    return Estimate(0.0);
  };
  const Vector even{{0.5, 0.5}};
  // Printed for centres ±1, σ = 1; wherever it lies, and four times it at twice the scale.
  const auto line = GaussianMixture::isotropic(even, Matrix{{1e6 - 2.0, 1e6 + 2.0}}, 4.0);
  CHECK_THAT(part(line, "mixture").value / 4.0, WithinPrinted(2.0616, 4));
  // 1 + R²
  const auto plane = GaussianMixture::isotropic(even, Matrix{{-1.0, 1.0}, {0.0, 0.0}}, 1.0);
  CHECK_THAT(part(plane, "mixture, linear f"), Encloses(2.0));
}

TEST_CASE("GIF-41: a test function shows more than σ² between two centres", "[gif][control]") {
  Claim claim = gif_41_log_sobolev();
  claim.instances.clear();
  const ClaimResult result = check(claim);
  CHECK(result.verdict == Verdict::holds);
  REQUIRE(result.controls.size() == 2);
  // Printed from one step function: 2.054; the bound is e.
  CHECK(result.controls[0].lhs.lower > 2.054);
  CHECK(result.controls[0].lhs.upper < std::exp(1.0));
}

TEST_CASE("GIF-42: f = U′ makes both sides equal, f = x is between the printed values",
          "[gif][reference]") {
  struct Printed {
    double R, equal, lower, middle, upper;
    int decimals;
  };
  for (const Printed& row : {Printed{0.5, 0.801014, 1.24842, 1.25, 1.25333, 5},
                             Printed{0.9, 0.582849, 1.7157, 1.81, 2.2813, 4}}) {
    CAPTURE(row.R);
    const LineMeasure p = two_centres(row.R);
    const auto& curvature = p.potential().curvature;
    CHECK_THAT(variance(p, p.potential().slope), WithinPrinted(row.equal, 6));
    CHECK_THAT(p.expectation(curvature).value, WithinPrinted(row.equal, 6));
    CHECK_THAT(1.0 / p.expectation(curvature).value, WithinPrinted(row.lower, row.decimals));
    CHECK_THAT(p.variance().value, WithinPrinted(row.middle, row.decimals));
    const double upper = p.expectation([&](double x) { return 1.0 / curvature(x); }).value;
    CHECK_THAT(upper, WithinPrinted(row.upper, row.decimals));
  }
}

namespace {

ClaimResult of_measure(const Claim& claim, const Measure& measure) {
  return check(claim, {.target = Target{measure, Gaussian::standard(dimension(measure))}});
}

GaussianMixture convex_in_the_plane() {
  return GaussianMixture::isotropic(Vector{{0.4, 0.3, 0.3}},
                                    Matrix{{0.5, -0.5, 0.0}, {0.0, 0.2, -0.5}}, 1.0);
}

}  // namespace

TEST_CASE("GIF-41 and 42 of a user's measure, on the line, in the plane and beyond",
          "[gif][property]") {
  const auto line = GaussianMixture::isotropic(Vector{{0.3, 0.7}}, Matrix{{-1.0, 1.2}}, 0.3);
  const Gaussian space(Vector{{0.5, -1.0, 0.2}},
                       Matrix{{2.0, 0.3, 0.0}, {0.3, 0.5, 0.1}, {0.0, 0.1, 1.0}});
  for (const Measure& measure : {Measure(line), Measure(convex_in_the_plane()), Measure(space)}) {
    CAPTURE(dimension(measure));
    CHECK(of_measure(gif_41_log_sobolev(), measure).verdict == Verdict::holds);
    CHECK(of_measure(gif_42_brascamp_lieb_cramer_rao(), measure).verdict == Verdict::holds);
  }
  const PointCloud cloud(Matrix{{0.0, 1.0, 0.3}, {0.0, 0.2, 1.1}});
  const ClaimResult points = of_measure(gif_42_brascamp_lieb_cramer_rao(), cloud);
  CHECK(points.verdict == Verdict::not_applicable);
  CHECK_THAT(points.reason, Catch::Contains("ν = e^{−U}"));
  CHECK(of_measure(gif_41_log_sobolev(), cloud).verdict == Verdict::not_applicable);
}

TEST_CASE("GIF-41 of a Gaussian without a density names the hypothesis that fails",
          "[gif][precondition]") {
  for (const Matrix& covariance : {Matrix{{0.0}}, Matrix{{1.0, 0.0}, {0.0, 0.0}}}) {
    const Index d = covariance.rows();
    const ClaimResult found =
        check(gif_41_log_sobolev(),
              {.target = Target{Gaussian(Vector::Zero(d), covariance), Gaussian::standard(d)}});
    CHECK(found.verdict == Verdict::not_applicable);
    CHECK_THAT(found.reason, Catch::Contains("κ > 0, or"));
  }
}

TEST_CASE("GIF-41: on a Gaussian e^{⟨θ, x⟩/2} attains Λ² in any dimension", "[gif][exact]") {
  const Gaussian p(Vector{{0.5, -1.0}}, Matrix{{2.0, 0.3}, {0.3, 0.5}});
  const ClaimResult result = of_measure(gif_41_log_sobolev(), p);
  CHECK(result.tightness() == Approx(1.0).epsilon(1e-9));
}

TEST_CASE("GIF-42: both inequalities are part of what a convex mixture in the plane shows",
          "[gif][property]") {
  const ClaimResult result = of_measure(gif_42_brascamp_lieb_cramer_rao(), convex_in_the_plane());
  REQUIRE(result.checks.size() == 2);
  for (const CheckResult& part : result.checks) CHECK(part.verdict == Verdict::holds);
}

}  // namespace flowcheck::gif_inequalities_test
