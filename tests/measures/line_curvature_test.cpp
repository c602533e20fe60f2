#include "measures/line_curvature.hpp"

#include "measures/gaussian_mixture.hpp"
#include "measures/pair_curvature.hpp"
#include "numerics/rng.hpp"
#include "support/estimates.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>
#include <vector>

namespace flowcheck::line_curvature_test {

namespace {

GaussianMixture mixture(const Vector& weights, const Matrix& means, const Vector& deviations) {
  std::vector<Matrix> variances;
  for (const double s : deviations) variances.push_back(Matrix::Constant(1, 1, s * s));
  return {weights, means, std::move(variances)};
}

double curvature_at(const GaussianMixture& p, double x) {
  return p.log_density_hessian(Vector{{x}})(0, 0);
}

GaussianMixture random_mixture(Rng& rng) {
  const Index K = 2 + rng.uniform_index(5);
  Vector weights = Vector::NullaryExpr(K, [&] { return rng.log_uniform(0.01, 1.0); });
  weights /= weights.sum();
  const Vector deviations = Vector::NullaryExpr(K, [&] { return rng.log_uniform(0.1, 3.0); });
  return mixture(weights, 2.0 * rng.normal_matrix(1, K), deviations);
}

}  // namespace

TEST_CASE("Two centres of one width have the curvatures of their closed form",
          "[measures][exact]") {
  // (log p)″ = −1/σ² + (R²/σ⁴) sech²: from −1/σ², far out, to −1/σ² + R²/σ⁴ at even odds.
  const GaussianMixture p = mixture(Vector{{0.1, 0.9}}, Matrix{{-1.0, 2.0}}, Vector{{0.6, 0.6}});
  const CurvatureExtreme most = largest_log_density_curvature(p);
  CHECK_THAT(most.value, Encloses(-1.0 / 0.36 + 2.25 / (0.36 * 0.36)));
  CHECK(most.value.width() <= 1e-8 * most.value.value);
  CHECK(most.value.grade == Grade::converged);
  CHECK(most.place == Approx(0.5 - 0.12 * std::log(9.0)).epsilon(1e-3));
  const CurvatureExtreme least = smallest_log_density_curvature(p);
  CHECK_THAT(least.value, Encloses(-1.0 / 0.36));
  const GaussianMixture one = mixture(Vector{{1.0}}, Matrix{{3.0}}, Vector{{0.5}});
  CHECK_THAT(largest_log_density_curvature(one).value, Encloses(-4.0));
  CHECK_THAT(smallest_log_density_curvature(one).value, Encloses(-4.0));
}

TEST_CASE("On one mean the curvature of two widths is a function of one odds",
          "[measures][reference]") {
  // At the mean −Σ rₖτₖ is the infimum: r ∝ wₖ/σₖ. 0.5 N(0, 1) + 0.5 N(0, 4): r = 2 : 1.
  const GaussianMixture p = mixture(Vector{{0.5, 0.5}}, Matrix{{0.0, 0.0}}, Vector{{1.0, 2.0}});
  const CurvatureExtreme least = smallest_log_density_curvature(p);
  CHECK_THAT(least.value, Encloses(-0.75));
  CHECK(std::abs(least.place) < 1e-3);
  // And the tails of the wider one are approached from above: the supremum is above −¼.
  CHECK(largest_log_density_curvature(p).value.lower > -0.25);
  CHECK(curvature_at(p, 30.0) == Approx(-0.25).epsilon(1e-12));
}

TEST_CASE("Curvatures of mixtures of any widths are enclosed and attained",
          "[measures][property]") {
  for (std::uint64_t trial = 0; trial < 40; ++trial) {
    Rng rng(41, trial);
    const GaussianMixture p = random_mixture(rng);
    CAPTURE(trial, p.means(), p.weights());
    const CurvatureExtreme most = largest_log_density_curvature(p);
    const CurvatureExtreme least = smallest_log_density_curvature(p);
    double seen_most = -infinity;
    double seen_least = infinity;
    for (int i = -4000; i <= 4000; ++i) {
      const double here = curvature_at(p, 0.005 * i);
      seen_most = std::max(seen_most, here);
      seen_least = std::min(seen_least, here);
    }
    const double size = std::max(std::abs(seen_most), std::abs(seen_least));
    CHECK(seen_most <= most.value.upper + 1e-12 * size);
    CHECK(seen_least >= least.value.lower - 1e-12 * size);
    // A grid of 0.005 is not far from the extremes where the least width is 0.1.
    const auto inside = [](const CurvatureExtreme& e) { return std::abs(e.place) < 20.0; };
    if (inside(most)) CHECK(seen_most >= most.value.lower - 1e-2 * size);
    if (inside(least)) CHECK(seen_least <= least.value.upper + 1e-2 * size);
    for (const CurvatureExtreme& extreme : {most, least}) {
      CHECK(extreme.value.width() <= 1e-8 * size);
      if (extreme.is_attained) {
        CHECK(curvature_at(p, extreme.place) == Approx(extreme.value.value).epsilon(1e-10));
      }
    }
  }
}

TEST_CASE("Units do not matter: x ↦ x/s multiplies curvatures by s²", "[measures][property]") {
  Rng rng(42);
  const GaussianMixture p = random_mixture(rng);
  const double most = largest_log_density_curvature(p).value.value;
  const double least = smallest_log_density_curvature(p).value.value;
  for (const double s : {1e-6, 1e4}) {
    const GaussianMixture scaled =
        pushforward({Matrix::Constant(1, 1, 1.0 / s), Vector{{7.0 / s}}}, p);
    CHECK(largest_log_density_curvature(scaled).value.value == Approx(most * s * s).epsilon(1e-8));
    CHECK(smallest_log_density_curvature(scaled).value.value ==
          Approx(least * s * s).epsilon(1e-8));
  }
}

TEST_CASE("The gap closes with the places that are looked at, and may stay open",
          "[measures][order]") {
  Rng rng(43);
  const GaussianMixture p = random_mixture(rng);
  const Estimate exact = largest_log_density_curvature(p).value;
  double last = infinity;
  for (const int places : {10, 20, 60}) {
    const Estimate open =
        largest_log_density_curvature(p, {.accuracy = 0.0, .most_places = places}).value;
    CHECK(open.lower <= exact.upper);
    CHECK(open.upper >= exact.lower);
    CHECK(open.width() < last);
    last = open.width();
  }
  CHECK(last > 2.0 * exact.width());
  // Proved to lie below what was asked, and no more.
  const Estimate enough =
      largest_log_density_curvature(p, {.enough = 2.0 * std::abs(exact.value) + 1.0}).value;
  CHECK(enough.upper <= 2.0 * std::abs(exact.value) + 1.0);
  CHECK(enough.width() > exact.width());
}

TEST_CASE("The search ends at the gap that rounding leaves", "[measures][property]") {
  // Almost one width: the odds turn 8000 deviations out, where squares have lost nine digits.
  const double t = 0.995;
  const double s = 1.0 - t;
  const GaussianMixture p(
      Vector{{0.4, 0.6}}, Matrix{{-1.5 * s, 1.2 * s}},
      {Matrix::Constant(1, 1, 0.49 * s * s + t * t), Matrix::Constant(1, 1, 0.36 * s * s + t * t)});
  const CurvatureExtreme few = largest_log_density_curvature(p, {.most_places = 500});
  const CurvatureExtreme many = largest_log_density_curvature(p);
  CHECK(few.value.upper == many.value.upper);
  CHECK(few.value.width() < 1e-6);
  CHECK(few.place > 8000.0);
}

TEST_CASE("Widths that are almost one are enclosed as well as others", "[measures][reference]") {
  // Nearly equal components tie again at |x| ~ 1/excess, where exponents are of order 1/excess².
  for (const double excess : {1e-9, 1e-7, 1e-4}) {
    CAPTURE(excess);
    const std::vector<Matrix> variances{Matrix{{0.49}}, Matrix{{0.49 + excess}}};
    const GaussianMixture p(Vector{{0.5, 0.5}}, Matrix{{-0.8, 0.8}}, variances);
    const auto exact = pair_curvature(p);
    REQUIRE(exact);
    const Estimate most = largest_log_density_curvature(p).value;
    const Estimate least = smallest_log_density_curvature(p).value;
    CHECK(most.lower <= exact->largest.upper);
    CHECK(most.upper >= exact->largest.lower);
    CHECK(most.width() <= 1e-8 + 1e-13 / excess);  // log-odds there are sums of terms 1/excess
    CHECK(least.lower <= exact->smallest.upper);
    CHECK(least.upper >= exact->smallest.lower);
    CHECK(least.width() <= 1e-5);
  }
  // Three: far to the left the outer two tie, e^{−10⁷} away from the middle one.
  const GaussianMixture three(Vector{{0.3, 0.3, 0.4}}, Matrix{{-0.8, 0.1, 0.8}},
                              {Matrix{{0.49}}, Matrix{{0.49}}, Matrix{{0.49 + 1e-7}}});
  const CurvatureExtreme most = largest_log_density_curvature(three);
  CHECK(most.value.width() <= 1e-5);
  CHECK(most.value.value == Approx(0.64 / (0.49 * 0.49) - 1.0 / 0.49).epsilon(1e-5));
  CHECK(most.place < -1e6);
}

TEST_CASE("log_density_curvature is of a density on the line", "[measures][precondition]") {
  CHECK_THROWS_AS(largest_log_density_curvature(GaussianMixture(Gaussian::standard(2))),
                  std::invalid_argument);
  CHECK_THROWS_AS(smallest_log_density_curvature(
                      mixture(Vector{{0.5, 0.5}}, Matrix{{0.0, 1.0}}, Vector{{0.0, 1.0}})),
                  std::invalid_argument);
}

}  // namespace flowcheck::line_curvature_test
