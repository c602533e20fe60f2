#include "measures/pair_curvature.hpp"

#include "measures/gaussian_mixture.hpp"
#include "measures/line_curvature.hpp"
#include "measures/planar_curvature.hpp"
#include "measures/random_gaussian.hpp"
#include "measures/regularity.hpp"
#include "numerics/spd.hpp"
#include "support/estimates.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

namespace flowcheck::pair_curvature_test {

namespace {

const Matrix slanted{{0.5, 0.2}, {0.2, 0.4}};
const Matrix plane_means{{-1.5, 1.2}, {0.0, 0.5}};

GaussianMixture pair(const Vector& weights,
                     const Matrix& means,
                     const Matrix& V1,
                     const Matrix& V2) {
  return {weights, means, {V1, V2}};
}

double relative_width(const Estimate& a) {
  return a.width() / std::abs(a.value);
}

Matrix variance(double v) {
  return Matrix::Constant(1, 1, v);
}

// −∇²log p of two components from their log-odds and scores, with no posterior to cancel in.
double least_curvature(const Matrix& P1, const Matrix& P2, const Vector& gap, double log_odds) {
  const double r2 = 1.0 / (1.0 + std::exp(-log_odds));
  const double r1 = 1.0 / (1.0 + std::exp(log_odds));
  return smallest_eigenpair(symmetrised(r1 * P1 + r2 * P2 - r1 * r2 * gap * gap.transpose())).value;
}

// κ of N(m₁, V), N(m₂, fV) by a dense grid: on the curve of constant log-odds, an ellipse round c
// in the plane, x = c + ρ V^{½}n, seen from c so that nothing is lost however long the axes are.
double grid_curvature(const Vector& weights,
                      const Vector& gap,
                      const Matrix& narrow,
                      double factor) {
  const Matrix P2 = narrow.inverse();
  const Matrix P1 = P2 / factor;
  const double excess = factor - 1.0;
  const double square = gap.dot(P2 * gap) / excess;
  const double d0 = std::log(weights(1) / weights(0)) +
                    0.5 * static_cast<double>(gap.size()) * std::log1p(excess) + 0.5 * square;
  const Matrix root = Gaussian(Vector::Zero(gap.size()), narrow).factor();
  double least = infinity;
  for (double d = -8.0; d <= std::min(8.0, d0); d += 0.01) {
    // ⟨x − c, D(x − c)⟩ = 2(d₀ − d), D = V⁻¹ excess/factor.
    const double rho = std::sqrt(2.0 * (d0 - d) * factor / excess);
    for (int i = 0; i < 400; ++i) {
      const double angle = M_PI * i / 400.0;
      const Vector x = rho * (root * Vector{{std::cos(angle), std::sin(angle)}});
      least = std::min(least, least_curvature(P1, P2, excess / factor * (P2 * x), d));
    }
  }
  return least;
}

}  // namespace

TEST_CASE("Two centres of one covariance have the curvature at even odds", "[measures][exact]") {
  const GaussianMixture p(Vector{{0.4, 0.6}}, plane_means, {slanted});
  const Estimate kappa = regularity(p).curvature_lower;
  CHECK(kappa.value == Approx(-7.12567).epsilon(1e-6));
  CHECK(relative_width(kappa) < 1e-11);
  CHECK(kappa.grade == Grade::closed_form);
  // At even odds r₁r₂ = ¼, wherever the weights put them.
  const Vector gap = plane_means.col(1) - plane_means.col(0);
  const Vector g = slanted.inverse() * gap;
  const Vector middle =
      0.5 * (plane_means.col(0) + plane_means.col(1)) - gap * (std::log(1.5) / gap.dot(g));
  CHECK_THAT(kappa, Encloses(smallest_eigenpair(-p.log_density_hessian(middle)).value));

  // The flat direction is across: 1/4 is attained everywhere.
  const GaussianMixture flat(Vector{{0.5, 0.5}}, Matrix{{-0.075, 0.075}, {0.0, 0.0}},
                             {Matrix{{0.01, 0.0}, {0.0, 4.0}}});
  CHECK_THAT(regularity(flat).curvature_lower, Encloses(0.25));
  CHECK(regularity(flat).curvature_lower.width() < 1e-9);
  CHECK_THAT(regularity(flat).curvature_upper, Encloses(100.0));

  // In four dimensions, a mean given twice.
  Rng rng(31);
  const Matrix covariance = random_gaussian(rng, 4).covariance();
  const Matrix means = rng.normal_matrix(4, 2);
  Matrix doubled(4, 3);
  doubled << means, means.col(0);
  const GaussianMixture three(Vector{{0.2, 0.3, 0.5}}, doubled, {covariance});
  const Vector h = covariance.inverse() * (means.col(1) - means.col(0));
  const double truth =
      smallest_eigenpair(symmetrised(covariance.inverse() - 0.25 * h * h.transpose())).value;
  CHECK(regularity(three).curvature_lower.value == Approx(truth).epsilon(1e-10));
  CHECK(relative_width(regularity(three).curvature_lower) < 1e-9);
}

TEST_CASE("A common covariance of many sizes keeps the digits of a log-concave pair",
          "[measures][exact]") {
  // Cancelling in V⁻¹ − ¼ggᵀ loses 1e-16 · 1e9 · 1e9; the bound by balls does not.
  const GaussianMixture p(Vector{{0.5, 0.5}}, Matrix{{0.0, 1e-6}, {0.0, 0.0}},
                          {Matrix{{1e-9, 0.0}, {0.0, 1.0}}});
  const Estimate kappa = regularity(p).curvature_lower;
  CHECK_THAT(kappa, Encloses(1.0));
  CHECK(kappa.width() < 1e-2);
}

TEST_CASE("Almost equal covariances have the curvature of their tie", "[measures][reference]") {
  const auto factor = GENERATE(1.0 + 1e-8, 1.0001, 1.01, 1.5, 3.0);
  CAPTURE(factor);
  const Vector weights{{0.6, 0.4}};
  const Matrix means = plane_means.rowwise().reverse();
  const GaussianMixture p = pair(weights, means, factor * slanted, slanted);
  const Estimate kappa = regularity(p).curvature_lower;
  const double excess = factor * slanted(0, 0) / slanted(0, 0) - 1.0;
  const double seen = grid_curvature(weights, means.col(1) - means.col(0), slanted, 1.0 + excess);
  CAPTURE(kappa, seen);
  CHECK(kappa.grade == Grade::closed_form);
  CHECK(relative_width(kappa) < (factor < 1.00001 ? 1e-4 : 1e-8));
  CHECK(seen >= kappa.lower);
  CHECK(seen <= kappa.upper + 2e-4 * std::abs(seen));
}

TEST_CASE("On the line almost equal variances have almost the curvature of equal ones",
          "[measures][exact]") {
  const Matrix means{{-0.8, 0.8}};
  const Vector even{{0.5, 0.5}};
  const double equal = 1.0 / 0.49 - 0.64 / (0.49 * 0.49);
  for (const double excess : {1e-7, 1e-5, 1e-3}) {
    CAPTURE(excess);
    const GaussianMixture p = pair(even, means, variance(0.49), variance(0.49 + excess));
    const Estimate kappa = regularity(p).curvature_lower;
    CHECK(kappa.value == Approx(equal).epsilon(10.0 * excess));
    CHECK(relative_width(kappa) < 1e-5);
    // At the maximum near the middle; the other is where the wider one is back, 10/excess away.
    double seen = infinity;
    for (int i = -2000; i <= 2000; ++i) {
      seen = std::min(seen, -p.log_density_hessian(Vector{{5e-5 * i}})(0, 0));
    }
    CHECK(seen >= kappa.lower);
    CHECK(seen <= kappa.upper + 10.0 * excess);
  }
}

TEST_CASE("The curvatures of pairs are those that branch and bound encloses",
          "[measures][reference]") {
  for (std::uint64_t trial = 0; trial < 20; ++trial) {
    Rng rng(32, trial);
    CAPTURE(trial);
    const double share = rng.log_uniform(1e-3, 0.9);
    const Vector weights{{1.0 - share, share}};
    const double narrow = rng.log_uniform(0.01, 0.9);
    const GaussianMixture line =
        pair(weights, rng.normal_matrix(1, 2), variance(narrow), variance(1.0));
    const auto known = pair_curvature(line);
    REQUIRE(known);
    const Estimate most = largest_log_density_curvature(line).value;
    const Estimate least = smallest_log_density_curvature(line).value;
    CHECK(std::abs(known->largest.value - most.value) <= 1e-7 * std::abs(most.value));
    CHECK(std::abs(known->smallest.value - least.value) <= 1e-7 * std::abs(least.value));

    const Matrix small = 0.3 * random_gaussian(rng, 2).covariance();
    const Matrix more = random_gaussian(rng, 2).covariance();
    const GaussianMixture plane = pair(weights, rng.normal_matrix(2, 2), small + more, small);
    const auto planar = pair_curvature(plane);
    REQUIRE(planar);
    const Estimate highest = largest_planar_curvature(plane).value;
    const Estimate lowest = smallest_planar_curvature(plane).value;
    CHECK(planar->largest.lower <= highest.upper);
    CHECK(planar->largest.upper >= highest.lower);
    CHECK(planar->smallest.lower <= lowest.upper);
    CHECK(planar->smallest.upper >= lowest.lower);
    CHECK(relative_width(planar->largest) < 1e-8);
    CHECK(relative_width(planar->smallest) < 1e-8);
  }
}

TEST_CASE("In space too a pair's curvatures bound what is seen and are attained",
          "[measures][property]") {
  const Index d = GENERATE(Index{2}, Index{3}, Index{6});
  Rng rng(33, static_cast<std::uint64_t>(d));
  const Matrix V2 = random_gaussian(rng, d).covariance();
  const Matrix V1 = V2 + random_gaussian(rng, d).covariance();
  const Matrix means = rng.normal_matrix(d, 2);
  const GaussianMixture p = pair(Vector{{0.7, 0.3}}, means, V1, V2);
  const Regularity known = regularity(p);
  CAPTURE(d, known.curvature_lower, known.curvature_upper);
  // c, where the narrower one's odds are largest, and the way e in which −V₁⁻¹ + sD is.
  const Matrix G = V1 - V2;
  const Vector c = means.col(1) + V2 * G.inverse() * (means.col(1) - means.col(0));
  CHECK(largest_eigenpair(-p.log_density_hessian(c)).value ==
        Approx(known.curvature_upper.value).epsilon(1e-9));
  double seen = infinity;
  const Matrix P1 = V1.inverse();
  const Matrix D = V2.inverse() - P1;
  // s is not needed: e is the top eigenvector of −P₁ + sD for one s, all of which are tried.
  for (double s = 0.0; s < 20.0; s += 0.1) {
    const Vector e = largest_eigenpair(symmetrised(s * D - P1)).vector;
    for (double along = 0.0; along < 8.0; along += 0.04) {
      seen = std::min(seen, smallest_eigenpair(-p.log_density_hessian(c + along * e)).value);
    }
  }
  CHECK(seen >= known.curvature_lower.lower);
  CHECK(seen == Approx(known.curvature_lower.value).epsilon(5e-3));
  const Matrix points = sample(p, 2000, rng);
  for (const auto& x : points.colwise()) {
    const SymmetricEigen eigen = symmetric_eigen(-p.log_density_hessian(x));
    CHECK(eigen.values(0) >= known.curvature_lower.lower);
    CHECK(eigen.values(d - 1) <= known.curvature_upper.upper);
  }
}

TEST_CASE("Where rounding hides the order, or there is none, pair_curvature says nothing",
          "[measures][control]") {
  const Vector even{{0.5, 0.5}};
  CHECK_FALSE(pair_curvature(
      pair(even, plane_means, Matrix{{1.0, 0.0}, {0.0, 0.25}}, Matrix{{0.25, 0.0}, {0.0, 1.0}})));
  // Semidefinite, and so by rounding once it is turned.
  const Matrix turn{{0.8, -0.6}, {0.6, 0.8}};
  const Matrix thin = symmetrised(turn * Matrix{{0.25, 0.0}, {0.0, 1.0}} * turn.transpose());
  CHECK_FALSE(pair_curvature(pair(even, plane_means, Matrix::Identity(2, 2), thin)));
  CHECK_FALSE(pair_curvature(GaussianMixture(Gaussian::standard(2))));
  CHECK_FALSE(pair_curvature(
      GaussianMixture::isotropic(Vector{{0.2, 0.3, 0.5}}, Matrix{{0.0, 1.0, 2.0}}, 1.0)));
  CHECK_THROWS_AS(pair_curvature(GaussianMixture::isotropic(even, plane_means, 0.0)),
                  std::invalid_argument);
}

}  // namespace flowcheck::pair_curvature_test
