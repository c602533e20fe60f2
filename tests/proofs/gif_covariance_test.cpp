// Printed numbers of the covariance envelopes, GIF-06 to GIF-11 and GIF-43.

#include "claims/check.hpp"
#include "gif/covariance_claim.hpp"
#include "gif/gif_claims.hpp"
#include "interpolation/covariance_envelope.hpp"
#include "interpolation/covariance_extremes.hpp"
#include "measures/gaussian_mixture.hpp"
#include "support/estimates.hpp"

#include <algorithm>
#include <cmath>

namespace flowcheck::gif_covariance_test {

namespace {

double variance_at(std::string_view law, double r, double y) {
  return covariance_eigenvalues(*interpolation_law(law).law, r, Vector::Constant(1, y))
      .largest.value;
}

// sup λ_max C (κ + r²) of ½N(−R, 1) + ½N(R, 1), κ = 1 − R².
double brascamp_lieb_ratio(double R, double r) {
  const DataLawPointer law = two_centre_data(R, 1.0);
  return largest_posterior_covariance(*law, r).value.value * (1.0 - R * R + r * r);
}

}  // namespace

TEST_CASE("GIF-06: two centres come close to the envelope, a gap in the support breaks it",
          "[gif][reference]") {
  CHECK_THAT(brascamp_lieb_ratio(0.5, 0.05), WithinPrinted(0.938, 3));
  CHECK_THAT(brascamp_lieb_ratio(0.9, 0.05), WithinPrinted(0.347, 3));
  CHECK_THAT(brascamp_lieb_ratio(0.5, 12.0), WithinPrinted(1.0, 2));
  CHECK_THAT(9.0 * variance_at("uniform on two intervals", 3.0, 0.0), WithinPrinted(3.76, 2));
  CHECK_THAT(64.0 * variance_at("uniform on two intervals", 8.0, 0.0), WithinPrinted(17.9, 1));
}

TEST_CASE("GIF-07: mixtures approach the envelope far out, an interval falls below it",
          "[gif][reference]") {
  CHECK_THAT(9.0 * variance_at("uniform on [−1, 1]", 3.0, 3.0), WithinPrinted(0.363, 3));
  for (const double R : {0.5, 0.9, 1.5}) {
    for (const double r : {1.0, 3.0, 8.0}) {
      CAPTURE(R, r);
      const DataLawPointer law = two_centre_data(R, 1.0);
      const Vector y = Vector::Constant(1, 25.0 * (1.0 + r * r) / (r * R));
      const double ratio = law->posterior(r, 1.0, y).covariance(0, 0) * (1.0 + r * r);
      CHECK(ratio == Approx(1.0).epsilon(1e-8));
    }
  }
}

TEST_CASE("GIF-09: the sharp variance is D²/3, and 5 % of D matter as printed",
          "[gif][reference]") {
  const auto V = [](double k, double D) {
    return bounded_semi_log_concave_bound(k, D).covariance(0.0).value;
  };
  CHECK(V(0.0, 1.0) == Approx(1.0 / 3.0).epsilon(1e-14));
  CHECK_THAT(V(1.0, 1.0) / V(1.0, 0.95), WithinPrinted(1.093, 3));
  CHECK_THAT(V(-3.0, 1.0) / V(-3.0, 0.95), WithinPrinted(1.144, 3));
  // A rectangle is a needle once it is thin; the printed ratios are those of k = −4.
  const auto of_rectangle = [&](double width) {
    const DataLawPointer law = truncated_gaussian_data(-5.0, Vector{{1.0, width}});
    return covariance_eigenvalues(*law, 1.0, Vector::Zero(2)).largest.value /
           V(-4.0, std::hypot(1.0, width));
  };
  CHECK_THAT(of_rectangle(0.5), WithinPrinted(0.73, 2));
  CHECK_THAT(of_rectangle(0.1), WithinPrinted(0.986, 3));
  CHECK_THAT(of_rectangle(0.02), WithinPrinted(0.999, 3));
}

TEST_CASE("GIF-10: a radius 10 % too small lacks as much as printed", "[gif][reference]") {
  const auto deficit = [](double R, double sigma) {
    const double r = 1e-3;
    const double C = largest_posterior_covariance(*two_centre_data(R, sigma), r).value.value;
    return C / mixture_bound(sigma, 0.9 * R).covariance(r).value - 1.0;
  };
  CHECK_THAT(deficit(1.5, 1.0), WithinPrinted(0.151, 3));
  CHECK_THAT(deficit(1.0, 0.3), WithinPrinted(0.211, 3));
  const CovarianceExtreme sphere =
      largest_posterior_covariance(*interpolation_law("six centres on a sphere").law, 1.0);
  CHECK(sphere.value.value <= mixture_bound(0.5, 1.0).covariance(1.0).upper);
  CHECK(sphere.value.value > 0.5 * mixture_bound(0.5, 1.0).covariance(1.0).value);
}

TEST_CASE("GIF-11: cusps attain both sides, and 0.9 L lacks as much as printed",
          "[gif][reference]") {
  const auto above = [](double L) { return log_lipschitz_bound(L).covariance(0.0).value; };
  const auto below = [](double L) { return log_lipschitz_lower_bound(L).covariance(0.0).value; };
  CHECK_THAT(above(1.0), WithinPrinted(2.28759997093918, 14));
  CHECK_THAT(below(1.0), WithinPrinted(0.474864723839019, 15));
  CHECK_THAT(above(0.5) / above(0.45) - 1.0, WithinPrinted(0.042, 3));
  CHECK_THAT(above(2.0) / above(1.8) - 1.0, WithinPrinted(0.165, 3));
  CHECK_THAT(below(0.45) / below(0.5) - 1.0, WithinPrinted(0.038, 3));
  CHECK_THAT(below(1.8) / below(2.0) - 1.0, WithinPrinted(0.123, 3));
}

TEST_CASE("GIF-06 to 11 and 43 are attained, and fail where one constant is wrong",
          "[gif][control]") {
  for (Claim claim :
       {gif_06_brascamp_lieb_envelope(), gif_07_cramer_rao_envelope(), gif_08_bounded_support(),
        gif_09_bounded_convex_support(), gif_10_mixture_envelope(), gif_11_log_lipschitz_envelope(),
        gif_43_covariance_derivative()}) {
    CAPTURE(claim.id);
    claim.instances.clear();
    const ClaimResult result = check(claim, {.seed = 2});
    CHECK(result.verdict == Verdict::holds);
    CHECK(result.tightness() == Approx(1.0).epsilon(1e-9));
    for (const CheckResult& wrong : result.controls) CHECK(wrong.verdict == Verdict::violated);
    if (claim.id == "GIF-08") {
      CHECK_THAT(result.controls.front().tightness, WithinPrinted(1.235, 3));
    }
  }
}

TEST_CASE("GIF-08 and 10 of a user's measure: points, a mixture, too many dimensions",
          "[gif][property]") {
  const auto of = [](const Claim& claim, const Measure& measure) {
    return check(claim, {.target = Target{measure, Gaussian::standard(dimension(measure))}});
  };
  const PointCloud cloud(Matrix{{0.0, 1.0, 0.3}, {0.0, 0.2, 1.1}});
  CHECK(of(gif_08_bounded_support(), cloud).verdict == Verdict::holds);
  CHECK(of(gif_10_mixture_envelope(), cloud).verdict == Verdict::not_applicable);
  const GaussianMixture mixture =
      GaussianMixture::isotropic(Vector{{0.4, 0.6}}, Matrix{{0.0, 1.0}, {0.0, 2.0}}, 0.5);
  CHECK(of(gif_10_mixture_envelope(), mixture).verdict == Verdict::holds);
  const ClaimResult unbounded = of(gif_08_bounded_support(), mixture);
  CHECK(unbounded.verdict == Verdict::not_applicable);
  CHECK(unbounded.reason == "the support is bounded");
  const ClaimResult wide = of(gif_06_brascamp_lieb_envelope(), Gaussian::standard(17));
  CHECK(wide.verdict == Verdict::not_applicable);
  CHECK(wide.reason == "left out: d ≤ 16");
}

TEST_CASE("GIF-08 and 10 are decided where a weight or a width is small", "[gif][property]") {
  const auto of = [](const Claim& claim, const Measure& measure) {
    return check(claim, {.target = Target{measure, Gaussian::standard(1)}}).verdict;
  };
  const PointCloud three(Matrix{{-1.0, 0.0, 1.0}}, Vector{{0.4999999995, 1e-9, 0.4999999995}});
  CHECK(of(gif_08_bounded_support(), three) == Verdict::holds);
  const auto narrow =
      GaussianMixture::isotropic(Vector{{1.0 - 1e-15, 1e-15}}, Matrix{{-1.0, 1.0}}, 1e-6);
  CHECK(of(gif_10_mixture_envelope(), narrow) == Verdict::holds);
}

TEST_CASE("Suprema over y are part of what is checked in the plane and for any widths",
          "[gif][property]") {
  const auto suprema = [](const Claim& claim, const Measure& measure) {
    const ClaimResult result =
        check(claim, {.target = Target{measure, Gaussian::standard(dimension(measure))}});
    CHECK(result.verdict == Verdict::holds);
    int checked = 0;
    for (const CheckResult& part : result.checks) {
      if (part.part.ends_with("supremum over y") && part.verdict != Verdict::not_applicable) {
        ++checked;
      }
    }
    return checked;
  };
  const Matrix plane{{-1.0, 1.2, 0.0}, {0.5, 0.3, -1.4}};
  const Vector weights{{0.2, 0.5, 0.3}};
  CHECK(suprema(gif_08_bounded_support(), PointCloud(plane, weights)) > 0);
  CHECK(suprema(gif_10_mixture_envelope(), GaussianMixture::isotropic(weights, plane, 0.2)) > 0);
  const GaussianMixture widths(weights, plane.topRows(1),
                               {Matrix{{0.2}}, Matrix{{0.5}}, Matrix{{1.0}}});
  CHECK(suprema(gif_06_brascamp_lieb_envelope(), widths) > 0);
}

TEST_CASE("A least eigenvalue that rounding hides beside the largest is left out by name",
          "[gif][property]") {
  const auto p =
      GaussianMixture::isotropic(Vector{{0.5, 0.5}}, Matrix{{-1e4, 1e4}, {0.0, 0.0}}, 1.0);
  for (const Claim& claim : {gif_07_cramer_rao_envelope(), gif_10_mixture_envelope()}) {
    const ClaimResult result = check(claim, {.target = Target{p, Gaussian::standard(2)}});
    CAPTURE(claim.id, result.reason);
    CHECK(result.verdict == Verdict::holds);
    CHECK(std::ranges::any_of(result.checks, [](const CheckResult& part) {
      return part.draws > 0 && part.reason.find("rounding hides") != std::string::npos;
    }));
  }
}

TEST_CASE("A time at which the search of the supremum stays open is left out by name, not dropped",
          "[gif][exact]") {
  // Of a uniform law C is 1/r² on a plateau where r is large: no search closes on that bound.
  Rng rng(3);
  const FlowProblem problem = flow_problem(interpolation_law("uniform on [−1, 1]").law, rng);
  const std::vector<Bound> bounds = supremum_below(
      problem, [](double r) { return Estimate(1.0 / (r * r)); }, "supremum");
  CHECK(bounds.size() == problem.times.size());
  const auto open = std::ranges::count_if(
      bounds, [](const Bound& bound) { return !bound.failed_hypothesis.empty(); });
  CHECK(open > 0);
  CHECK(open < static_cast<std::ptrdiff_t>(bounds.size()));
  for (const Bound& bound : bounds) CHECK_THAT(bound.place, Catch::Contains("linear, t = "));
}

TEST_CASE("GIF-43 of two centres is attained however far apart they are", "[gif][property]") {
  for (const double R : {1.0, 100.0, 1e4, 9e7}) {
    for (const double offset : {0.0, 3.0}) {
      CAPTURE(R, offset);
      const auto p = GaussianMixture::isotropic(
          Vector{{0.3, 0.7}}, Matrix{{R * (offset - 1.0), R * (offset + 1.0)}}, 1.0);
      const ClaimResult result =
          check(gif_43_covariance_derivative(), {.target = Target{p, Gaussian::standard(1)}});
      CHECK(result.verdict == Verdict::holds);
      CHECK(result.tightness() == Approx(1.0).epsilon(1e-6));
    }
  }
}

TEST_CASE("The supremum over y is looked at on the user's schedule", "[gif][property]") {
  const PointCloud cloud(Matrix{{0.0, 1.0, 0.3}, {0.0, 0.2, 1.1}});
  for (const char* schedule : {"linear", "foellmer", "polynomial"}) {
    CAPTURE(schedule);
    Target target{cloud, Gaussian::standard(2)};
    target.schedule = schedule;
    int seen = 0;
    for (const Bound& bound : gif_08_bounded_support().on_target(target).bounds) {
      if (bound.part != "D², supremum over y") continue;
      ++seen;
      CHECK_THAT(bound.place, Catch::StartsWith(std::string(schedule) + ", t = "));
    }
    CHECK(seen == 8);
  }
}

}  // namespace flowcheck::gif_covariance_test
