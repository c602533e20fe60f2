#include "measures/line_posterior.hpp"

#include "measures/exact_map.hpp"
#include "measures/line_laws.hpp"
#include "numerics/rng.hpp"
#include "numerics/special_functions.hpp"
#include "support/estimates.hpp"
#include "support/real.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <cmath>
#include <numbers>
#include <stdexcept>
#include <string>

namespace flowcheck::line_posterior_test {

namespace {

using high_precision::Real;

// a, b and their derivatives at t = 0.35.
struct Clock {
  double a;
  double b;
  double a_dot;
  double b_dot;
};

std::array<Clock, 5> clocks_at(double t) {
  const double half_pi = 0.5 * std::numbers::pi;
  const double f = std::sqrt(1.0 - t * t);
  const double vp = 0.9 * (1.0 - t);
  const double vp_b = std::sqrt(1.0 - vp * vp);
  return {{{1.0 - t, t, -1.0, 1.0},
           {f, t, -t / f, 1.0},
           {std::cos(half_pi * t), std::sin(half_pi * t), -half_pi * std::sin(half_pi * t),
            half_pi * std::cos(half_pi * t)},
           {vp, vp_b, -0.9, 0.9 * vp / vp_b},
           {3.0 * (1.0 - t), 1.0, -3.0, 0.0}}};
}

struct Reference {
  double velocity;
  double slope;
};

// Velocity and its slope at t = 0.35, x = 0.4, from the posterior's mean and variance:
// v = (ȧ/a) x + (Δ/a) M and v′ = ȧ/a + (bΔ/a³) C, Δ = aḃ − ȧb.
template <class Posterior>
void check_velocities(const Posterior& posterior, const std::array<Reference, 5>& reference) {
  const double x = 0.4;
  const std::array<Clock, 5> clocks = clocks_at(0.35);
  for (std::size_t i = 0; i < clocks.size(); ++i) {
    CAPTURE(i);
    const Clock& c = clocks[i];
    const double delta = c.a * c.b_dot - c.a_dot * c.b;
    const LinePosteriorMoments m = posterior(c.b / c.a, x / c.a);
    CHECK(c.a_dot / c.a * x + delta / c.a * m.mean.value ==
          Approx(reference[i].velocity).epsilon(0).margin(1e-14));
    CHECK(c.a_dot / c.a + c.b * delta / std::pow(c.a, 3) * m.variance.value ==
          Approx(reference[i].slope).epsilon(0).margin(2e-14));
  }
}

// GIF C.8.
constexpr std::array<Reference, 5> uniform_values = {{{-.453034370223142, -1.13804044082927},
                                                      {-.100156365008204, -.250876075916087},
                                                      {-.218005602476243, -.549160061974011},
                                                      {-.16981549767717, -.498449384446285},
                                                      {-.563342425425477, -1.40853553111053}}};
constexpr std::array<Reference, 5> cusp_up_values = {{{.186838915343416, .392525005201332},
                                                      {.18459506265837, .451723559046315},
                                                      {.383257874845316, .909357687600011},
                                                      {.344432897558671, .707233974786042},
                                                      {-.348693814826972, -.874488173967169}}};
constexpr std::array<Reference, 5> cusp_down_values = {{{-.410477444813164, -1.02113680148344},
                                                        {-.0802952266197532, -.200211737274331},
                                                        {-.181759093833249, -.450886202055556},
                                                        {-.216966985709082, -.513807301599075},
                                                        {-.549672507213941, -1.37401248104595}}};
constexpr std::array<Reference, 5> two_centre_values = {{{-.0433375599686542, -.166776966862724},
                                                         {.0663540477790287, .159660920550253},
                                                         {.185347958723032, .421608090862131},
                                                         {.336969857999144, .582887114826382},
                                                         {-.427522376243091, -1.07086925470619}}};
constexpr std::array<Reference, 5> gaussian_values = {{{-.0662068965517241, -1.24137931034483},
                                                       {.214728148657949, -.289057123193393},
                                                       {.241256969095594, -.659979273178418},
                                                       {.0726343622975237, -.779355348045444},
                                                       {-.144355336212215, -1.44355336212215}}};

struct RealMoments {
  Real mean;
  Real variance;
  Real third;
  Real log_mass;
};

// e^{sξ − kξ²/2} on [−D, D] in 40 digits, tanh–sinh.
RealMoments truncated_truth(double kappa, double D, double r, double y) {
  const Real k = Real(kappa) + Real(r) * Real(r);
  const Real s = Real(r) * Real(y);
  const Real half_pi = boost::math::constants::half_pi<Real>();
  const Real h = Real(1) / 80;
  std::array<Real, 4> sums = {};
  Real peak = std::max(Real(s * D - k * D * D / 2), Real(-s * D - k * D * D / 2));
  if (k > 0 && abs(Real(s / k)) < D) peak = s * s / (2 * k);
  for (int i = -330; i <= 330; ++i) {
    const Real e = exp(Real(h * i));
    const Real E = exp(Real(half_pi * (e - 1 / e)));
    const Real x = D * (E - 1) / (E + 1);
    Real term = exp(Real(s * x - k * x * x / 2 - peak)) * (e + 1 / e) * 2 * E / ((E + 1) * (E + 1));
    for (Real& sum : sums) {
      sum += term;
      term *= x;
    }
  }
  const Real m = sums[1] / sums[0];
  const Real e2 = sums[2] / sums[0];
  const Real e3 = sums[3] / sums[0];
  return {m, Real(e2 - m * m), Real(e3 - 3 * m * e2 + 2 * m * m * m),
          Real(log(Real(sums[0] * h * half_pi * D)) + peak)};
}

}  // namespace

TEST_CASE("Posterior moments give the dossier's velocities on every schedule",
          "[measures][reference]") {
  SECTION("uniform") {
    check_velocities([](double r, double y) { return truncated_gaussian_posterior(0, 1, r, y); },
                     uniform_values);
  }
  SECTION("cusps") {
    check_velocities([](double r, double y) { return cusp_posterior(1.0, r, y); }, cusp_up_values);
    check_velocities([](double r, double y) { return cusp_posterior(-1.0, r, y); },
                     cusp_down_values);
  }
  SECTION("any law, by quadrature") {
    const auto check = [](const LineMeasure& p, const std::array<Reference, 5>& values) {
      check_velocities([&](double r, double y) { return posterior_moments(p, r, y); }, values);
    };
    check(uniform_law(-1.0, 1.0), uniform_values);
    check(cusp_law(1.0), cusp_up_values);
    check(cusp_law(-1.0), cusp_down_values);
    check(gaussian_mixture_law({0.5, 0.5}, {-1.0, 1.0}, {0.6, 0.6}), two_centre_values);
    check(gaussian_law(0.3, 0.5), gaussian_values);
  }
}

TEST_CASE("Truncated Gaussian posteriors agree with 40 digits far outside the support",
          "[measures][reference]") {
  const auto kappa = GENERATE(-30.0, -1.0, 0.0, 4.0);
  const auto r = GENERATE(0.1, 7.0);
  const auto part = GENERATE(0.0, 0.3, -1.0, 3.0, 20.0);
  const double y = part * (r + 1.0);
  CAPTURE(kappa, r, y);
  const RealMoments truth = truncated_truth(kappa, 1.0, r, y);
  const LinePosteriorMoments m = truncated_gaussian_posterior(kappa, 1.0, r, y);
  const auto close = [](const std::string& what, const Estimate& a, const Real& b, double scale) {
    const double error = static_cast<double>(abs(Real(a.value) - b));
    CAPTURE(what, a, error / scale);
    CHECK(error <= 1e-13 * scale);
    CHECK(error <= 0.5 * a.width() + 1e-300);
  };
  const double spread = std::sqrt(m.variance.value);
  close("mean", m.mean, truth.mean, std::abs(m.mean.value) + spread);
  close("variance", m.variance, truth.variance, m.variance.value);
  close("third", m.third_moment, truth.third, spread * spread * spread);
  const Real constant = -Real(y) * Real(y) / 2 - log(2 * boost::math::constants::pi<Real>()) / 2 -
                        log(Real(truncated_gaussian_mass(kappa, 1.0)));
  close("log marginal", m.log_marginal, Real(truth.log_mass + constant),
        1.0 + y * y + std::abs(m.log_marginal.value) + 2.0 * std::abs(r * y));
}

TEST_CASE("The third moment's error model holds where a little mass lies far off",
          "[measures][reference]") {
  // Two ends with masses as 1 to e^{−2y}: E|x − mean|³ is 2/spread variances' worth.
  const auto y = GENERATE(1.0, 3.0, 5.0, 8.0);
  const RealMoments truth = truncated_truth(-60.0, 1.0, 1.0, y);
  const Estimate third = truncated_gaussian_posterior(-60.0, 1.0, 1.0, y).third_moment;
  const double error = static_cast<double>(abs(Real(third.value) - truth.third));
  CAPTURE(y, third, error);
  CHECK(error <= 0.5 * third.width());
  CHECK(third.width() < 1e-12 * std::abs(third.value));
}

TEST_CASE("Truncated Gaussian posteriors for a large clock", "[measures][reference]") {
  // Inside, r = 1e3: N(y/r, 1/r²) but for e^{−r²(1 − y/r)²/2}.
  const LinePosteriorMoments inside = truncated_gaussian_posterior(0.0, 1.0, 1e3, 300.0);
  CHECK(inside.mean.value == Approx(0.3).epsilon(1e-15));
  CHECK(inside.variance.value * 1e6 == Approx(1.0).epsilon(1e-13));
  // At the end a half normal, outside an exponential-like tail: both in closed form.
  for (const double beyond : {0.0, 0.5, 40.0}) {
    CAPTURE(beyond);
    const LinePosteriorMoments end = truncated_gaussian_posterior(0.0, 1.0, 1e3, 1e3 + beyond);
    CHECK((1.0 - end.mean.value) * 1e3 == Approx(half_line_mean(beyond)).epsilon(1e-11));
    CHECK(end.variance.value * 1e6 == Approx(half_line_variance(beyond)).epsilon(1e-11));
    CHECK(end.third_moment.value * -1e9 == Approx(half_line_third_moment(beyond)).epsilon(1e-11));
  }
  // Popoviciu: two ends of equal weight have the largest variance (GIF-08's limit).
  CHECK(truncated_gaussian_posterior(-1e4, 1.0, 1.0, 0.0).variance.value ==
        Approx(1.0).epsilon(3e-4));
}

TEST_CASE("Cusp posteriors agree with quadrature, and attain their envelope at zero",
          "[measures][exact]") {
  const auto L = GENERATE(-4.0, -0.5, 0.5, 2.0);
  const auto r = GENERATE(0.01, 1.0, 20.0);
  CAPTURE(L, r);
  for (const double y : {0.0, 0.7, -5.0}) {
    CAPTURE(y);
    const LinePosteriorMoments closed = cusp_posterior(L, r, y);
    const LinePosteriorMoments quadrature = posterior_moments(cusp_law(L), r, y);
    CHECK(closed.mean.grade == Grade::closed_form);
    const auto overlap = [](const Estimate& a, const Estimate& b) {
      CHECK(a.lower <= b.upper);
      CHECK(b.lower <= a.upper);
      CHECK(b.width() < 1e-11 * (1.0 + std::abs(a.value)));
    };
    overlap(closed.mean, quadrature.mean);
    overlap(closed.variance, quadrature.variance);
    overlap(closed.third_moment, quadrature.third_moment);
    overlap(closed.log_marginal, quadrature.log_marginal);
  }
  // GIF-11: C(r, 0) = q² V(Lq).
  const double q = 1.0 / std::hypot(1.0, r);
  CHECK(cusp_posterior(L, r, 0.0).variance.value ==
        Approx(q * q * cusp_variance(L * q)).epsilon(1e-13));
}

TEST_CASE("The posterior's cumulants are derivatives of the log marginal", "[measures][property]") {
  // d/dy (log q(y) + y²/2) = rM, dM/dy = rC, dC/dy = r K₃.
  const double r = 1.3;
  const double y = 0.4;
  const double h = 1e-3;
  const auto family = GENERATE(0, 1, 2);
  const auto at = [&](double point) {
    return family == 0   ? truncated_gaussian_posterior(-2.0, 1.0, r, point)
           : family == 1 ? cusp_posterior(1.0, r, point)
                         : posterior_moments(double_well_law(1.0), r, point);
  };
  const LinePosteriorMoments up = at(y + h);
  const LinePosteriorMoments down = at(y - h);
  const LinePosteriorMoments here = at(y);
  const double slope = (up.log_marginal.value - down.log_marginal.value) / (2.0 * h) + y;
  CHECK(slope == Approx(r * here.mean.value).epsilon(1e-5));
  CHECK((up.mean.value - down.mean.value) / (2.0 * h) ==
        Approx(r * here.variance.value).epsilon(1e-5));
  CHECK((up.variance.value - down.variance.value) / (2.0 * h) ==
        Approx(r * here.third_moment.value).epsilon(1e-4));
}

TEST_CASE("The exact maps have the dossier's values and slopes", "[measures][reference]") {
  // GIF C.8, T(.7) and T′(.7).
  const auto check = [](const LineMeasure& p, double T, double slope, int digits) {
    CHECK_THAT(map_from_normal(p, 0.7), WithinPrinted(T, digits));
    CHECK_THAT(map_from_normal_slope(p, 0.7), WithinPrinted(slope, 14));
  };
  check(gaussian_law(0.3, 0.5), 0.65, 0.5, 14);
  check(gaussian_mixture_law({0.5, 0.5}, {-1.0, 1.0}, {0.6, 0.6}), 1.02473594291157,
        0.936887086595895, 14);
  check(uniform_law(-1.0, 1.0), 0.516072695553854, 0.624507866733523, 14);
  check(cusp_law(1.0), 1.23488319889837, 1.35388530157266, 14);
  check(cusp_law(-1.0), 0.42708561353827, 0.687572644521242, 14);
  CHECK_THAT(cusp_map(1.0, 0.7), WithinPrinted(1.23488319889837, 14));
  CHECK_THAT(cusp_map_slope(1.0, 0.7), WithinPrinted(1.35388530157266, 14));
  CHECK_THAT(cusp_map(-1.0, 0.7), WithinPrinted(0.42708561353827, 14));
  CHECK_THAT(cusp_map_slope(-1.0, 0.7), WithinPrinted(0.687572644521242, 14));

  // GIF-23: e^{−κx²/2} on [−1, 1], the largest slope is at 0.
  const std::array<double, 7> kappas = {4.0, 1.0, 0.0, -1.0, -4.0, -10.0, -30.0};
  const std::array<double, 7> slopes = {.47725, .68269, .79788, .95344, 1.88656, 13.7014, 90196.66};
  const std::array<int, 7> decimals = {5, 5, 5, 5, 5, 4, 2};
  for (std::size_t i = 0; i < kappas.size(); ++i) {
    CAPTURE(kappas[i]);
    CHECK_THAT(map_from_normal_slope(truncated_gaussian_law(kappas[i], 1.0), 0.0),
               WithinPrinted(slopes[i], decimals[i]));
  }
  // GIF-25, GIF-26: cusps, and the Laplace law's unbounded slope.
  CHECK_THAT(cusp_map_slope(0.1, 0.0), WithinPrinted(1.0851, 4));
  CHECK_THAT(cusp_map_slope(3.0, 0.0), WithinPrinted(179.79, 2));
  CHECK_THAT(cusp_map_slope(-3.0, 0.0), WithinPrinted(0.243028, 6));
  const LineMeasure laplace = laplace_law();
  const std::array<double, 7> points = {0, 1, 2, 4, 8, 16, 30};
  const std::array<double, 7> laplace_slopes = {.80, 1.53, 2.37, 4.23, 8.12, 16.06, 30.03};
  for (std::size_t i = 0; i < points.size(); ++i) {
    CHECK_THAT(map_from_normal_slope(laplace, points[i]), WithinPrinted(laplace_slopes[i], 2));
  }
}

TEST_CASE("The cusp's closed map is the quantile map", "[measures][exact]") {
  const auto L = GENERATE(-3.0, -0.5, 0.5, 3.0);
  CAPTURE(L);
  const LineMeasure p = cusp_law(L);
  for (const double z : {-30.0, -8.0, -1.0, -1e-3, 0.0, 1e-6, 0.4, 3.0, 20.0}) {
    CAPTURE(z);
    CHECK(map_from_normal(p, z) == Approx(cusp_map(L, z)).epsilon(1e-12).margin(1e-13));
    CHECK(map_from_normal_slope(p, z) == Approx(cusp_map_slope(L, z)).epsilon(1e-11));
  }
}

TEST_CASE("posterior_law finds the mass wherever the data pull it", "[measures][exact]") {
  // Far outside the support, where the prior's centre is 7e5 nats up the posterior's potential.
  const LinePosteriorMoments any = posterior_moments(uniform_law(-1.0, 1.0), 1e3, 1.2e3);
  const LinePosteriorMoments special = truncated_gaussian_posterior(0.0, 1.0, 1e3, 1.2e3);
  CHECK(any.mean.value == Approx(special.mean.value).epsilon(1e-13));
  CHECK(any.variance.value == Approx(special.variance.value).epsilon(1e-8));
  CHECK(any.log_marginal.value == Approx(special.log_marginal.value).epsilon(1e-13));
  // A Gaussian prior and datum 100 deviations apart: conjugate.
  const LinePosteriorMoments conjugate = posterior_moments(gaussian_law(), 1.0, 100.0);
  CHECK_THAT(conjugate.mean, Encloses(50.0));
  CHECK_THAT(conjugate.variance, Encloses(0.5));
  CHECK(conjugate.variance.width() < 1e-11);
}

TEST_CASE("A posterior keeps both halves of its prior's narrow component", "[measures][exact]") {
  // wN(0, 1) + (1 − w)N(m, s²) is conjugate, component by component.
  const double w = 0.629;
  const double m = -0.1481;
  const double s = 9.8e-5;
  const double r = 0.0816;
  const double y = -0.0762;
  const double wide = 1.0 + r * r;
  const double narrow = 1.0 + r * r * s * s;
  const double d = y - r * m;
  const double first = w * std::exp(-0.5 * y * y / wide) / std::sqrt(wide);
  const double second = (1.0 - w) * std::exp(-0.5 * d * d / narrow) / std::sqrt(narrow);
  const double log_marginal = std::log(first + second) - 0.5 * std::log(2.0 * std::numbers::pi);
  const double mean =
      (first * r * y / wide + second * (m + s * s / narrow * r * d)) / (first + second);
  const LinePosteriorMoments posterior =
      posterior_moments(gaussian_mixture_law({w, 1.0 - w}, {0.0, m}, {1.0, s}), r, y);
  CHECK(posterior.log_marginal.value == Approx(log_marginal).epsilon(1e-11));
  CHECK_THAT(posterior.log_marginal, Encloses(log_marginal));
  CHECK_THAT(posterior.mean, Encloses(mean));
  CHECK(posterior.mean.width() < 1e-11);
}

TEST_CASE("Posteriors refuse what is no clock", "[measures][precondition]") {
  CHECK_THROWS_AS(cusp_posterior(1.0, -0.1, 0.0), std::invalid_argument);
  CHECK_THROWS_AS(cusp_posterior(std::nan(""), 0.1, 0.0), std::invalid_argument);
  CHECK_THROWS_AS(truncated_gaussian_posterior(0.0, 0.0, 1.0, 0.0), std::invalid_argument);
  CHECK_THROWS_AS(truncated_gaussian_posterior(0.0, 1.0, 1.0, std::nan("")), std::invalid_argument);
  CHECK_THROWS_AS(posterior_law(gaussian_law(), std::nan(""), 0.0), std::invalid_argument);
}

}  // namespace flowcheck::line_posterior_test
