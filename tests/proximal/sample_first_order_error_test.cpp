#include "proximal/sample_first_order_error.hpp"

#include "distances/gaussian_divergence.hpp"
#include "distances/wasserstein.hpp"
#include "numerics/confidence.hpp"
#include "numerics/rng.hpp"
#include "proximal/first_order_error.hpp"
#include "support/estimates.hpp"

#include <boost/math/distributions/binomial.hpp>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>

#include <cmath>
#include <vector>

namespace flowcheck::sample_first_order_error_test {

namespace {

constexpr double gamma = 0.5;

// Independent samples of p and p'.
struct Samples {
  Matrix current;
  Matrix next;
};

Samples draw(const Gaussian& p, const Gaussian& next, Index n, std::uint64_t stream) {
  Rng rng(11, stream);
  Matrix y = sample(next, n, rng);
  return {.current = sample(p, n, rng), .next = std::move(y)};
}

// N((3, 3), I) and its exact step N((2, 2), I) towards N(0, I).
Samples exact_pair(Index n, std::uint64_t stream = 1) {
  const Gaussian p(Vector::Constant(2, 3.0), Matrix::Identity(2, 2));
  return draw(p, jko_step(p, Gaussian::standard(2), gamma), n, stream);
}

Matrix reversed(const Matrix& points) {
  return points.rowwise().reverse();
}

// The largest number of misses in n intervals, each missing with probability α at most, that is not
// a sign of more: exceeded with probability 1e-6.
double allowed_misses(int n, double miss_probability) {
  const boost::math::binomial_distribution<double> misses(n, miss_probability);
  return boost::math::quantile(complement(misses, 1e-6));
}

}  // namespace

TEST_CASE("estimate_first_order_error is the formula written out for one assignment",
          "[proximal][exact]") {
  // Far apart and in order, so that the assignment is plain; kernels so wide that ∇log is nearly
  // the mean's pull, and is written out here.
  const Matrix y{{0.0, 10.0, 25.0}};
  const Matrix x{{26.0, 1.0, 12.0}};
  const Matrix image{{1.0, 12.0, 26.0}};
  const double h = 40.0;
  double squared = 0.0;
  for (Index i = 0; i < 3; ++i) {
    const Eigen::ArrayXd offset = (y.array() - y(0, i)).transpose();
    const Eigen::ArrayXd weights = (-0.5 * offset.square() / h).exp();
    const double score = (weights * offset).sum() / (h * weights.sum());
    squared += std::pow(y(0, i) + score - (image(0, i) - y(0, i)) / gamma, 2) / 3.0;
  }
  const SampleFirstOrderError error =
      estimate_first_order_error(x, y, gaussian_potential(Gaussian::standard(1)), gamma, h);
  CHECK_THAT(error.squared.value, WithinRoundOff(squared, 1));
  CHECK_THAT(error.published.value, WithinRoundOff(squared, 1));  // d = 1
  CHECK_THAT(error.transport_term.value, WithinRoundOff((1.0 + 4.0 + 1.0) / 3.0 / 0.25, 1));
  CHECK(error.squared.grade == Grade::sampled);
  CHECK(error.squared.upper == infinity);  // it claims nothing
}

TEST_CASE("the published norm is smaller, by a factor of at most √d", "[proximal][property]") {
  const auto d = GENERATE(Index{1}, Index{2}, Index{5});
  CAPTURE(d);
  const Gaussian q = Gaussian::standard(d);
  const Samples at = draw(q, q, 60, 2);
  const SampleFirstOrderError error =
      estimate_first_order_error(at.current, at.next, gaussian_potential(q), gamma);
  const double ratio = error.squared.value / error.published.value;
  CHECK(ratio >= 1.0 - 1e-14);
  CHECK(ratio <= std::sqrt(static_cast<double>(d)) + 1e-14);
  if (d == 1) CHECK(ratio == Approx(1.0).epsilon(1e-14));
}

// Reference: one exact pair of Gaussians at d = 2, n = 1500, γ = ½ reports mean |ξ|² = .30 to .73
// depending on the bandwidth, .13 of it by the assignment, .10 to .43 by the score. Neither the
// pair nor the bandwidths are given; on this pair the ends are reached near h = 0.2 and 0.06. The
// deviations of one draw, from 20: .045 and .07 of the whole, .012 and .04 of the parts.
TEST_CASE("an exact step's reported error is what others have measured", "[proximal][reference]") {
  struct Reference {
    double kernel_variance, reported, reported_deviation, score, score_deviation;
  };
  const auto at =
      GENERATE(Reference{0.2, 0.30, 0.045, 0.10, 0.02}, Reference{0.06, 0.73, 0.07, 0.43, 0.04});
  CAPTURE(at.kernel_variance);
  const Samples pair = exact_pair(1500);
  const CalibratedFirstOrderError error = calibrated_first_order_error(
      pair.current, pair.next, gaussian_potential(Gaussian::standard(2)), gamma,
      {.kernel_variance = at.kernel_variance, .replications = 3});
  // Two draws differ.
  const double z = 3.0 * std::sqrt(2.0);
  CHECK(std::abs(error.reported.squared.value - at.reported) < z * at.reported_deviation);
  CHECK(std::abs(error.score_bias.value - at.score) < z * at.score_deviation);
  CHECK(std::abs(error.transport_bias.value - 0.13) < z * 0.012);
  CHECK(error.reported.squared.value > 0.2);  // of a truth of 0
  CHECK_THAT(error.of_gaussians, Encloses(0.0));
  // No argument bounds ε² of any law from above, and below 0 it is not.
  CHECK(error.squared.value == error.of_gaussians.value);
  CHECK(error.squared.value == std::max(error.difference, 0.0));
  CHECK(error.squared.lower == 0.0);
  CHECK(error.squared.upper == infinity);
}

// An interval that held ε² only where ε = 0, or only thanks to its width, would fail here.
TEST_CASE("a calibrated interval covers ε² of exact and of inexact pairs", "[proximal][property]") {
  struct Pair {
    double error;
    ErrorField field;
  };
  const auto pair = GENERATE(Pair{0.0, ErrorField::constant}, Pair{1.0, ErrorField::constant},
                             Pair{1.0, ErrorField::random});
  CAPTURE(pair.error, static_cast<int>(pair.field));
  constexpr int repeats = 60;
  constexpr double miss_probability = 0.2;
  const Gaussian q(Vector{{0.5, -1.0}}, Matrix{{1.2, 0.3}, {0.3, 0.8}});
  const Gaussian p(Vector{{2.0, 1.0}}, Matrix{{1.5, -0.4}, {-0.4, 0.9}});
  const Gaussian next =
      inexact_jko_step(p, q, gamma, {.error = pair.error, .field = pair.field, .seed = 3});
  std::vector<CalibratedFirstOrderError> all(repeats);
  tbb::parallel_for(std::size_t{0}, all.size(), [&](std::size_t k) {
    const Samples at = draw(p, next, 80, k);
    all[k] = calibrated_first_order_error(at.current, at.next, gaussian_potential(q), gamma,
                                          {.kernel_variance = 0.2,
                                           .replications = 6,
                                           .miss_probability = miss_probability,
                                           .seed = 1000 + k});
  });
  const double truth = pair.error * pair.error;
  int misses = 0;
  int reported_misses = 0;
  std::vector<double> calibrated;
  std::vector<double> reported;
  for (const CalibratedFirstOrderError& one : all) {
    misses += Encloses(truth).match(one.of_gaussians) ? 0 : 1;
    // The same interval around what is reported.
    const double half_width = one.of_gaussians.upper - one.of_gaussians.value;
    reported_misses += one.reported.squared.value - half_width > truth ? 1 : 0;
    // ε² ≥ 0: what lies below is moved there, and is not told from it.
    CHECK(one.of_gaussians.value == std::max(one.difference, 0.0));
    CHECK(one.of_gaussians.lower ==
          Approx(std::max(one.difference - half_width, 0.0)).margin(1e-12));
    calibrated.push_back(one.difference);
    reported.push_back(one.reported.squared.value);
  }
  CHECK(misses <= allowed_misses(repeats, miss_probability));
  CHECK(reported_misses > allowed_misses(repeats, miss_probability));
  // Nine tenths of the bias are gone, on average; sampling error at five deviations.
  const Estimate left = sample_mean(calibrated, 1e-6) - truth;
  const double bias = sample_mean(reported, 1e-6).value - truth;
  CHECK(left.lower < 0.1 * bias);
  CHECK(left.upper > -0.1 * bias);
}

TEST_CASE("the terms of the estimate approach Fisher information and step length",
          "[proximal][property]") {
  const Gaussian p(Vector::Constant(2, 3.0), Matrix::Identity(2, 2));
  const Gaussian q = Gaussian::standard(2);
  const Gaussian next = jko_step(p, q, gamma);
  const Samples at = exact_pair(600);
  const CalibratedFirstOrderError error =
      calibrated_first_order_error(at.current, at.next, gaussian_potential(q), gamma,
                                   {.kernel_variance = 0.2, .replications = 3});
  // |√term − truth| is at most the norm of the error field and what n points leave open of |m'|².
  const double sampling = 4.0 * std::sqrt(2.0 / 600.0) / gamma;
  CHECK(std::abs(std::sqrt(error.reported.score_term.value) - fisher_norm(next, q).value) <
        std::sqrt(error.score_bias.upper) + sampling);
  CHECK(std::abs(std::sqrt(error.reported.transport_term.value) - w2(p, next).value / gamma) <
        std::sqrt(error.transport_bias.upper) + sampling);
}

TEST_CASE("the estimate does not depend on the order of the points", "[proximal][property]") {
  const Samples at = exact_pair(60);
  const PointPotential V = gaussian_potential(Gaussian::standard(2));
  const CalibrationOptions options{.replications = 3};
  const auto one = calibrated_first_order_error(at.current, at.next, V, gamma, options);
  const auto other = calibrated_first_order_error(at.current, reversed(at.next), V, gamma, options);
  // Round-off of sums in another order, through fitted moments and kernels that amplify it.
  CHECK(other.reported.squared.value == Approx(one.reported.squared.value).epsilon(1e-12));
  CHECK(other.squared.value == Approx(one.squared.value).epsilon(1e-9));
}

TEST_CASE("the calibration gives the same bytes on one thread and on several",
          "[proximal][property]") {
  const Samples at = exact_pair(60);
  const PointPotential V = gaussian_potential(Gaussian::standard(2));
  const auto run = [&](std::uint64_t seed) {
    return calibrated_first_order_error(at.current, at.next, V, gamma,
                                        {.replications = 5, .seed = seed});
  };
  const CalibratedFirstOrderError several = run(1);
  const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, 1);
  const CalibratedFirstOrderError one = run(1);
  CHECK(one.of_gaussians.lower == several.of_gaussians.lower);
  CHECK(one.squared.value == several.squared.value);
  CHECK(one.score_bias.value == several.score_bias.value);
  CHECK(run(2).bias.value != several.bias.value);
}

TEST_CASE("first-order errors of samples are refused where there is none",
          "[proximal][precondition]") {
  const PointPotential V = gaussian_potential(Gaussian::standard(2));
  const Matrix good = Rng(3).normal_matrix(2, 10);
  const auto estimate = [&](const Matrix& x, const Matrix& y, double step = gamma, double h = 0.1) {
    return estimate_first_order_error(x, y, V, step, h);
  };
  CHECK_NOTHROW(estimate(good, good));
  CHECK_THROWS_AS(estimate(good, good, 0.0), std::invalid_argument);
  CHECK_THROWS_AS(estimate(good, good, gamma, -0.1), std::invalid_argument);
  CHECK_THROWS_AS(estimate(good, good.leftCols(9)), std::invalid_argument);
  CHECK_THROWS_AS(estimate(good.topRows(1), good), std::invalid_argument);
  CHECK_THROWS_AS(estimate(good.leftCols(3), good.leftCols(3)), std::invalid_argument);
  Matrix bad = good;
  bad(1, 4) = std::nan("");
  CHECK_THROWS_AS(estimate(bad, good), std::invalid_argument);
  CHECK_THROWS_AS(estimate(good, bad), std::invalid_argument);
  const PointPotential other = gaussian_potential(Gaussian::standard(3));
  CHECK_THROWS_AS(estimate_first_order_error(good, good, other, gamma), std::invalid_argument);
  PointPotential steep = V;
  steep.gradient = [](const Vector& x) -> Vector { return infinity * x; };
  CHECK_THROWS_AS(estimate_first_order_error(good, good, steep, gamma), std::invalid_argument);
  CHECK_THROWS_AS(gaussian_potential(Gaussian::dirac(Vector::Zero(2))), std::invalid_argument);

  const auto calibrate = [&](const Matrix& y, const CalibrationOptions& options) {
    return calibrated_first_order_error(good, y, V, gamma, options);
  };
  CHECK_THROWS_AS(calibrate(good, {.replications = 2}), std::invalid_argument);
  CHECK_THROWS_AS(calibrate(good, {.miss_probability = 0.0}), std::invalid_argument);
  const Matrix flat = Matrix{{1.0}, {2.0}} * good.topRows(1);
  CHECK_THROWS_AS(calibrate(flat, {.kernel_variance = 0.1}), std::invalid_argument);
}

}  // namespace flowcheck::sample_first_order_error_test
