#include "interpolation/data_law.hpp"

#include "measures/gaussian_mixture.hpp"
#include "numerics/spd.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace flowcheck::data_law_test {

namespace {

const Matrix slanted{{0.5, 0.2}, {0.2, 0.4}};

double relative_width(const Estimate& a) {
  return a.width() / std::abs(a.value);
}

// The least eigenvalue of −∇²log p on a grid.
double least_on_grid(const GaussianMixture& p, double reach, int nodes) {
  double least = infinity;
  for (int i = 0; i <= nodes; ++i) {
    for (int j = 0; j <= nodes; ++j) {
      const Vector x = p.mean() + reach * Vector{{2.0 * i / nodes - 1.0, 2.0 * j / nodes - 1.0}};
      least = std::min(least, smallest_eigenpair(-p.log_density_hessian(x)).value);
    }
  }
  return least;
}

}  // namespace

TEST_CASE("The curvature of centres of one covariance in the plane is enclosed",
          "[interpolation][reference]") {
  // A triangle; four with one inside; four on a line, where the middle is likely or is not.
  const Matrix triangle{{-1.5, 1.2, 0.3}, {0.0, 0.5, -1.1}};
  const Matrix four{{-1.5, 1.2, 0.3, 0.0}, {0.0, 0.5, -1.1, 0.1}};
  const Matrix row{{-1.0, -0.5, 0.5, 1.0}, {-0.2, -0.1, 0.1, 0.2}};
  const auto check = [](const Vector& weights, const Matrix& means) {
    const GaussianMixture p(weights, means, {slanted});
    CAPTURE(weights, means);
    const Estimate kappa = data_law(p)->regularity().curvature_lower;
    const double seen = least_on_grid(p, 8.0, 400);
    CAPTURE(kappa, seen);
    CHECK(kappa.grade == Grade::converged);
    CHECK(relative_width(kappa) < 1e-5);
    CHECK(seen >= kappa.lower);
    CHECK(seen <= kappa.upper + 1e-2 * std::abs(kappa.value));
    // The bound by the centres' diameter is another one.
    CHECK(regularity(p).curvature_lower.lower < kappa.lower - 0.03 * std::abs(kappa.value));
  };
  check(Vector{{0.4, 0.3, 0.3}}, triangle);
  check(Vector{{0.2, 0.2, 0.2, 0.4}}, four);
  check(Vector{{0.1, 0.4, 0.4, 0.1}}, row);
  check(Vector{{0.4, 0.1, 0.1, 0.4}}, row);
}

TEST_CASE("The curvature of centres of one width on a ring is that in its middle",
          "[interpolation][reference]") {
  // Cov = ½R²I at equal odds of all; the ring's ball has R², neighbours far out .15R².
  const double sigma2 = 0.0625;
  Matrix ring = Matrix::Constant(3, 8, 0.7);
  for (Index k = 0; k < 8; ++k) {
    const double angle = 0.25 * std::numbers::pi * static_cast<double>(k);
    ring.col(k).head(2) = 2.0 * Vector{{std::cos(angle), std::sin(angle)}};
  }
  const double expected = 1.0 / sigma2 - 2.0 / (sigma2 * sigma2);
  for (const Matrix& means : {Matrix(ring.topRows(2)), ring}) {
    const GaussianMixture p = GaussianMixture::isotropic(Vector::Constant(8, 0.125), means, sigma2);
    const Estimate kappa = data_law(p)->regularity().curvature_lower;
    CAPTURE(means.rows(), kappa);
    CHECK(kappa.grade == Grade::converged);
    CHECK(relative_width(kappa) < 2e-6);
    CHECK(kappa.value == Approx(expected).epsilon(1e-9));
    CHECK(kappa.upper >= expected * (1.0 + 1e-12));
    CHECK(regularity(p).curvature_lower.lower < 2.0 * expected);
  }
}

TEST_CASE("The curvature of centres on a line is the same in any dimension",
          "[interpolation][property]") {
  const Vector weights{{0.2, 0.5, 0.2, 0.1}};
  const Matrix along{{-2.0, 0.0, 1.0, 2.0}};
  const auto kappa = [&](const Matrix& means) {
    return data_law(GaussianMixture::isotropic(weights, means, 0.6))->regularity().curvature_lower;
  };
  const Vector direction{{2.0, -3.0, 6.0}};  // of length 7
  const Estimate line = kappa(7.0 * along);
  const Estimate space = kappa(direction * along);
  CAPTURE(line, space);
  CHECK(space.grade == Grade::converged);
  CHECK(relative_width(space) < 1e-5);
  CHECK(space.lower <= line.upper);
  CHECK(line.lower <= space.upper);
}

TEST_CASE("The curvature of a plane's mixture moves on with its covariances",
          "[interpolation][property]") {
  // κ jumps at equal covariances, from −7.12567 to −11.9249, and then changes little.
  const Matrix means{{-1.5, 1.2}, {0.0, 0.5}};
  const auto kappa = [&](double factor) {
    const GaussianMixture p(Vector{{0.4, 0.6}}, means, {slanted, factor * slanted});
    const Estimate result = data_law(p)->regularity().curvature_lower;
    CAPTURE(factor, result);
    CHECK(relative_width(result) < 1e-4);
    return result.value;
  };
  CHECK(kappa(1.0) == Approx(-7.12567).epsilon(1e-6));
  CHECK(kappa(1.0 + 1e-8) == Approx(-11.9249).epsilon(1e-5));
  CHECK(kappa(1.0001) == Approx(-11.92).epsilon(1e-3));
  CHECK(kappa(1.01) == Approx(-11.78).epsilon(1e-3));
}

TEST_CASE("The curvature of three almost equal covariances is enclosed",
          "[interpolation][reference]") {
  const Matrix means{{-1.5, 1.2, 0.3}, {0.0, 0.5, -1.1}};
  const GaussianMixture p(Vector{{0.4, 0.3, 0.3}}, means,
                          {1.001 * slanted, slanted, 1.0005 * slanted});
  const Estimate kappa = data_law(p)->regularity().curvature_lower;
  CAPTURE(kappa);
  CHECK(kappa.grade == Grade::converged);
  CHECK(kappa.lower <= least_on_grid(p, 8.0, 200));
  CHECK(relative_width(kappa) < 1e-3);
}

TEST_CASE("The curvature of three covariances keeps its digits as they come together",
          "[interpolation][reference]") {
  // As ε → 0 it tends to that of the farthest two, (R² − 1)V⁻¹ with R² = ¼⟨δ, V⁻¹δ⟩, and changes by
  // O(ε); exponents where they tie are ε⁻².
  const Matrix means{{-1.5, 1.2, 0.3}, {0.0, 0.5, -1.1}};
  const Matrix P = Gaussian(Vector::Zero(2), slanted).precision();
  double R2 = 0.0;
  for (Index i = 0; i < 3; ++i) {
    for (Index j = 0; j < i; ++j) {
      const Vector gap = means.col(i) - means.col(j);
      R2 = std::max(R2, 0.25 * gap.dot(P * gap));
    }
  }
  const double expected = (1.0 - R2) * largest_eigenpair(P).value;
  const auto [epsilon, accuracy] = GENERATE(table<double, double>(
      {{1e-4, 3e-4}, {1e-5, 1e-4}, {1e-6, 1e-4}, {1e-7, 1e-4}, {1e-8, 1e-3}}));
  const GaussianMixture p(Vector{{0.4, 0.3, 0.3}}, means,
                          {(1.0 + epsilon) * slanted, slanted, (1.0 + 0.5 * epsilon) * slanted});
  const Estimate kappa = data_law(p)->regularity().curvature_lower;
  CAPTURE(epsilon, kappa, expected);
  CHECK(kappa.grade == Grade::converged);
  CHECK(relative_width(kappa) < accuracy);
  CHECK(std::abs(kappa.value - expected) < (10.0 * epsilon + accuracy) * std::abs(expected));
}

}  // namespace flowcheck::data_law_test
