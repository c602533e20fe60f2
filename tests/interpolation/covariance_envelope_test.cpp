#include "interpolation/covariance_envelope.hpp"

#include "measures/gaussian.hpp"
#include "measures/gaussian_mixture.hpp"
#include "measures/line_posterior.hpp"
#include "measures/point_cloud.hpp"
#include "measures/regularity.hpp"
#include "numerics/adaptive_quadrature.hpp"
#include "numerics/special_functions.hpp"
#include "support/estimates.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <numbers>
#include <stdexcept>
#include <utility>
#include <vector>

namespace flowcheck::covariance_envelope_test {

namespace {

// Every closed form, with constants of either sign and size; all give a bound from r = 2.
std::vector<CovarianceBound> all_bounds() {
  return {semi_log_concave_bound(0.04),
          semi_log_concave_bound(25.0),
          semi_log_concave_bound(-3.9),
          semi_log_convex_lower_bound(1.0),
          semi_log_convex_lower_bound(9.0),
          bounded_support_bound(0.7),
          bounded_support_bound(0.0),
          bounded_semi_log_concave_bound(4.0, 1.0),
          bounded_semi_log_concave_bound(0.0, 1.0),
          bounded_semi_log_concave_bound(-10.0, 1.0),
          bounded_semi_log_concave_bound(-30.0, 2.0),
          mixture_bound(1.0, 1.5),
          mixture_bound(0.3, 1.0),
          mixture_bound(0.0, 1.0),
          mixture_lower_bound(0.6),
          log_lipschitz_bound(0.5),
          log_lipschitz_bound(4.0),
          log_lipschitz_lower_bound(0.5),
          log_lipschitz_lower_bound(40.0),
          trivial_lower_bound(),
          quick_log_lipschitz_bound(2.0),
          quick_log_lipschitz_lower_bound(2.0),
          classical_bounded_bound(-1.0, 0.3),
          classical_bounded_bound(4.0, 1.0)};
}

// ∫ ρ f(ρ) dρ, with a mark where the two-piece bounds change class (2 and 3.48).
double moment(const std::function<double(double)>& f, double from, double to) {
  std::vector<double> marks = {from, to};
  const double change = std::sqrt(1.0 / 0.09 + 1.0);
  if (from < change && change < to) marks = {from, change, to};
  const auto integrand = [&](const PanelArray& x, PanelValues& values) {
    for (std::size_t i = 0; i < panel_nodes; ++i) values.values[i] = x[i] * f(x[i]);
  };
  return adaptive_quadrature(integrand, marks).value;
}

double q_squared(double r) {
  return 1.0 / (1.0 + r * r);
}

}  // namespace

TEST_CASE("Every growth is the integral of its covariance bound", "[interpolation][reference]") {
  const auto [r_s, r_t] = GENERATE(std::pair{2.0, 2.0000001}, std::pair{2.0, 2.3},
                                   std::pair{2.5, 7.0}, std::pair{3.0, 40.0});
  CAPTURE(r_s, r_t);
  for (const CovarianceBound& bound : all_bounds()) {
    CAPTURE(bound.name);
    const Estimate growth = bound.log_growth(r_s, r_t);
    const double integral = moment([&](double r) { return bound.covariance(r).value; }, r_s, r_t);
    // Intervals of 1e-7 are themselves known to 2e-9 of their length only.
    CHECK(growth.value == Approx(integral).epsilon(r_t - r_s < 1e-6 ? 1e-8 : 1e-14).margin(0.0));
    const double stretch =
        moment([&](double r) { return bound.covariance(r).value - q_squared(r); }, r_s, r_t);
    CHECK(std::abs(bound.log_stretch(r_s, r_t).value - stretch) <=
          (r_t - r_s < 1e-6 ? 1e-8 * (r_t - r_s) : 1e-14) * (1.0 + std::abs(growth.value)));
  }
}

TEST_CASE("Growth is additive over neighbouring intervals and enclosed",
          "[interpolation][property]") {
  for (const CovarianceBound& bound : all_bounds()) {
    CAPTURE(bound.name);
    for (const double middle : {2.0 + 1e-9, 2.1, 3.0, 20.0}) {
      CAPTURE(middle);
      const Estimate split = bound.log_growth(2.0, middle) + bound.log_growth(middle, 50.0);
      CHECK_THAT(split - bound.log_growth(2.0, 50.0), Encloses(0.0));
      const Estimate parts = bound.log_stretch(2.0, middle) + bound.log_stretch(middle, 50.0);
      CHECK_THAT(parts - bound.log_stretch(2.0, 50.0), Encloses(0.0));
    }
    CHECK(bound.log_growth(3.0, 3.0).value == 0.0);
  }
}

TEST_CASE("The stretch has its limit at the end of the flow", "[interpolation][property]") {
  for (const CovarianceBound& bound : all_bounds()) {
    CAPTURE(bound.name);
    const double end = bound.log_stretch(2.0, infinity).value;
    if (!std::isfinite(end)) {
      // No smoothing at all: bounded support, an atom, or nothing known.
      CHECK(std::abs(bound.log_stretch(2.0, 1e9).value) > 18.0);
      continue;
    }
    CHECK(bound.log_stretch(2.0, 1e9).value == Approx(end).epsilon(1e-7).margin(1e-7));
    CHECK(bound.log_growth(2.0, infinity).value == infinity);
  }
}

TEST_CASE("From noise to data the stretch is the constant of the class", "[interpolation][exact]") {
  const auto stretch = [](const CovarianceBound& bound) {
    return exp(bound.log_stretch(0.0, infinity));
  };
  CHECK_THAT(stretch(semi_log_concave_bound(0.25)), Encloses(2.0));
  CHECK_THAT(stretch(semi_log_convex_lower_bound(6.25)), Encloses(0.4));
  CHECK_THAT(stretch(mixture_bound(0.3, 1.0)), Encloses(0.3 * std::exp(0.5 / 0.09)));
  CHECK_THAT(stretch(mixture_lower_bound(0.3)), Encloses(0.3));
  CHECK_THAT(stretch(quick_log_lipschitz_bound(2.0)), Encloses(std::exp(6.0)));
  // GIF C.8, and the constants of GIF-23 at D = 1.
  CHECK_THAT(stretch(log_lipschitz_bound(1.0)).value, WithinPrinted(2.77428595767001, 14));
  CHECK_THAT(stretch(log_lipschitz_lower_bound(1.0)).value, WithinPrinted(0.523156583730247, 15));
  CHECK_THAT(stretch(mixture_bound(0.6, 1.0)).value, WithinPrinted(2.40623495152545, 14));
  const std::vector<std::pair<double, double>> bounded = {
      {4.0, 0.47725}, {1.0, 0.68269}, {0.0, 0.79788}, {-1.0, 0.95344}, {-4.0, 1.88656}};
  for (const auto& [kappa, printed] : bounded) {
    CAPTURE(kappa);
    CHECK_THAT(stretch(bounded_semi_log_concave_bound(kappa, 1.0)).value,
               WithinPrinted(printed, 5));
  }
  CHECK_THAT(stretch(bounded_semi_log_concave_bound(-10.0, 1.0)).value, WithinPrinted(13.7014, 4));
  CHECK_THAT(stretch(bounded_semi_log_concave_bound(-30.0, 1.0)).value, WithinPrinted(90196.66, 2));
  CHECK_THAT(stretch(classical_bounded_bound(4.0, 1.0)).value, WithinPrinted(0.5, 10));
  CHECK_THAT(stretch(classical_bounded_bound(0.0, 1.0)).value, WithinPrinted(1.6487, 4));
  CHECK_THAT(stretch(classical_bounded_bound(-4.0, 1.0)).value, WithinPrinted(12.18, 2));
  CHECK_THAT(stretch(classical_bounded_bound(-10.0, 1.0)).value, WithinPrinted(244.7, 1));
  // Printed there: erfcx(−L/√2) at L = .1, .5, 2, 3, and from below.
  CHECK_THAT(stretch(log_lipschitz_bound(0.1)).value, WithinPrinted(1.0851, 4));
  CHECK_THAT(stretch(log_lipschitz_bound(3.0)).value, WithinPrinted(179.79, 2));
  CHECK_THAT(stretch(log_lipschitz_lower_bound(3.0)).value, WithinPrinted(0.243028, 6));
}

TEST_CASE("A general start has the constants that are printed for it", "[interpolation][exact]") {
  // a_0 = .9, b_0 = √(1 − .81), the variance preserving schedule's.
  const double a = 0.9;
  const double b = std::sqrt(1.0 - 0.81);
  const auto map = [&](const CovarianceBound& bound) {
    return exp(log_map_bound(bound, a, b, 0.0, 1.0));
  };
  CHECK_THAT(map(semi_log_concave_bound(0.5)), Encloses(1.0 / std::sqrt(0.5 * a * a + b * b)));
  const double S = a * a + 0.36 * b * b;
  CHECK_THAT(map(mixture_bound(0.6, 1.0)),
             Encloses(0.6 / std::sqrt(S) * std::exp(a * a / (0.72 * S))));
  // D = 1, κ = −4: r_0² < 1/D² − κ, so that (D/a) e^{(1 − κD²)/2 − D²b²/(2a²)}.
  CHECK_THAT(map(classical_bounded_bound(-4.0, 1.0)),
             Encloses(std::exp(2.5 - b * b / (2.0 * a * a)) / a));
  CHECK_THAT(exp(log_map_bound(bounded_support_bound(1.0), 1.0, 0.0, 0.5, 0.5)),
             Encloses(0.5 * std::exp(0.5)));
}

TEST_CASE("The sharp bounds lie below the classical ones", "[interpolation][property]") {
  for (const double r : {0.0, 0.1, 0.5, 1.0, 2.0, 7.0, 30.0}) {
    CAPTURE(r);
    for (const double kappa : {-10.0, -1.0, 0.0, 4.0}) {
      CHECK(bounded_semi_log_concave_bound(kappa, 1.0).covariance(r).value <=
            classical_bounded_bound(kappa, 1.0).covariance(r).upper);
    }
    for (const double L : {0.1, 1.0, 3.0}) {
      CHECK(log_lipschitz_bound(L).covariance(r).value <=
            quick_log_lipschitz_bound(L).covariance(r).upper);
      CHECK(log_lipschitz_lower_bound(L).covariance(r).value >=
            quick_log_lipschitz_lower_bound(L).covariance(r).lower);
    }
  }
  // A bound decreases in κ and r and increases in D, R and L.
  const auto V = [](double kappa, double D, double r) {
    return bounded_semi_log_concave_bound(kappa, D).covariance(r).value;
  };
  CHECK(V(-1.0, 1.0, 1.0) > V(0.0, 1.0, 1.0));
  CHECK(V(0.0, 1.0, 1.0) > V(0.0, 1.0, 1.1));
  CHECK(V(0.0, 1.1, 1.0) > V(0.0, 1.0, 1.0));
  CHECK(mixture_bound(1.0, 1.1).covariance(2.0).value >
        mixture_bound(1.0, 1.0).covariance(2.0).value);
}

TEST_CASE("The Hessian bound that is recalled fails for small L near the start",
          "[interpolation][control]") {
  // q²V₊(Lq) is attained; at L = .01 and r = e^{−100} the recalled bound asks for less.
  const double r = std::exp(-100.0);
  const double sharp = cusp_variance(0.01) - 1.0;
  CHECK(sharp > recalled_log_lipschitz_covariance(0.01, r).upper - 1.0);
  CHECK_THAT(sharp, WithinPrinted(0.00802, 5));
  CHECK(cusp_variance(0.01) < recalled_log_lipschitz_covariance(0.01, std::exp(-39.0)).lower);
}

TEST_CASE("A bound that says nothing is infinite", "[interpolation][exact]") {
  const CovarianceBound concave = semi_log_concave_bound(-4.0);
  CHECK(concave.covariance(2.0).value == infinity);
  CHECK(concave.log_growth(1.0, 3.0).value == infinity);
  CHECK(concave.log_stretch(2.0, 3.0).value == infinity);
  CHECK(concave.covariance(3.0).value == Approx(0.2));
}

TEST_CASE("An envelope knows the classes of a measure", "[interpolation][property]") {
  const auto names = [](const std::vector<CovarianceBound>& bounds) {
    std::vector<std::string> result;
    for (const CovarianceBound& bound : bounds) result.push_back(bound.name);
    return result;
  };
  const Vector halves = Vector::Constant(2, 0.5);
  Matrix centres(1, 2);
  centres << -0.8, 0.8;
  const CovarianceEnvelope mixture =
      covariance_envelope(regularity(GaussianMixture::isotropic(halves, centres, 1.0)));
  CHECK(names(mixture.upper) == std::vector<std::string>{"κ", "mixture", "log-Lipschitz"});
  CHECK(names(mixture.lower) == std::vector<std::string>{"any", "β", "mixture", "log-Lipschitz"});
  // Two centres: the mixture bound is attained, the others are not below it.
  CHECK(mixture.largest_covariance(1.3).value ==
        Approx(mixture_bound(1.0, 0.8).covariance(1.3).value).epsilon(1e-12));

  const CovarianceEnvelope points = covariance_envelope(regularity(PointCloud(centres)));
  CHECK(names(points.upper) == std::vector<std::string>{"bounded"});
  CHECK_THAT(points.largest_covariance(3.0), Encloses(0.64));
  CHECK(points.log_stretch_above(0.0, infinity).value == infinity);
  CHECK(points.smallest_covariance(3.0).value == 0.0);
  const CovarianceEnvelope classical =
      classical_covariance_envelope(regularity(PointCloud(centres)));
  CHECK_THAT(classical.largest_covariance(3.0), Encloses(1.28));

  const CovarianceEnvelope gaussian =
      covariance_envelope(regularity(Gaussian(Vector::Zero(2), Vector{{0.25, 4.0}}.asDiagonal())));
  // The safe ends of κ and β, which are enclosed to 1e-12.
  CHECK(exp(gaussian.log_stretch_above(0.0, infinity)).value == Approx(2.0).epsilon(1e-12));
  CHECK(exp(gaussian.log_stretch_below(0.0, infinity)).value == Approx(0.5).epsilon(1e-12));
  CHECK(exp(gaussian.log_stretch_above(0.0, infinity)).upper >= 2.0);
  CHECK(exp(gaussian.log_stretch_below(0.0, infinity)).lower <= 0.5);
}

TEST_CASE("Constants that no measure has are refused", "[interpolation][precondition]") {
  CHECK_THROWS_AS(semi_log_concave_bound(infinity), std::invalid_argument);
  CHECK_THROWS_AS(semi_log_convex_lower_bound(0.0), std::invalid_argument);
  CHECK_THROWS_AS(bounded_support_bound(-1.0), std::invalid_argument);
  CHECK_THROWS_AS(bounded_semi_log_concave_bound(1.0, 0.0), std::invalid_argument);
  CHECK_THROWS_AS(mixture_bound(-1.0, 1.0), std::invalid_argument);
  CHECK_THROWS_AS(log_lipschitz_bound(infinity), std::invalid_argument);
  CHECK_THROWS_AS(log_lipschitz_bound(1.0).log_growth(2.0, 1.0), std::invalid_argument);
  CHECK_THROWS_AS(log_lipschitz_bound(1.0).covariance(infinity), std::invalid_argument);
  CHECK_THROWS_AS(log_map_bound(log_lipschitz_bound(1.0), 0.0, 1.0, 0.0, 1.0),
                  std::invalid_argument);
  CHECK_THROWS_AS(log_map_bound(log_lipschitz_bound(1.0), 0.5, 1.0, 1.0, 1.0),
                  std::invalid_argument);
}

}  // namespace flowcheck::covariance_envelope_test
