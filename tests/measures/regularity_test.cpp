#include "measures/regularity.hpp"

#include "measures/enclosing_ball.hpp"
#include "measures/gaussian_mixture.hpp"
#include "measures/point_cloud.hpp"
#include "measures/random_gaussian.hpp"
#include "numerics/spd.hpp"
#include "support/estimates.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

namespace flowcheck::regularity_test {

namespace {

bool is_known(const Estimate& a) {
  return std::isfinite(a.lower) && std::isfinite(a.upper);
}

double relative_width(const Estimate& a) {
  return a.width() / a.value;
}

// Least and largest eigenvalue of ∇²U = −∇² log p at drawn points and on rays through them.
std::pair<double, double> seen_curvatures(const GaussianMixture& p, Rng& rng) {
  double least = infinity;
  double most = -infinity;
  const Matrix points = sample(p, 60, rng);
  for (Index j = 0; j < points.cols(); ++j) {
    for (const double factor : {0.3, 1.0, 4.0, 20.0}) {
      const SymmetricEigen eigen =
          symmetric_eigen(-p.log_density_hessian(p.mean() + factor * (points.col(j) - p.mean())));
      least = std::min(least, eigen.values(0));
      most = std::max(most, eigen.values(eigen.values.size() - 1));
    }
  }
  return {least, most};
}

Vector equal_weights(Index count) {
  return Vector::Constant(count, 1.0 / static_cast<double>(count));
}

}  // namespace

TEST_CASE("enclosing_ball knows balls that are known", "[measures][exact]") {
  const Matrix square{{-1.0, 1.0, 1.0, -1.0}, {-1.0, -1.0, 1.0, 1.0}};
  CHECK_THAT(enclosing_ball(square).radius, Encloses(std::sqrt(2.0)));
  // Obtuse: the longest side's ball; acute: the circumscribed one.
  const EnclosingBall obtuse = enclosing_ball(Matrix{{0.0, 4.0, 1.0}, {0.0, 0.0, 1.0}});
  CHECK_THAT(obtuse.radius, Encloses(2.0));
  CHECK((obtuse.centre - Vector{{2.0, 0.0}}).norm() < 1e-12);
  CHECK_THAT(enclosing_ball(Matrix{{0.0, 6.0, 3.0}, {0.0, 0.0, 4.0}}).radius, Encloses(3.125));
  CHECK_THAT(enclosing_ball(Matrix::Identity(6, 6)).radius, Encloses(std::sqrt(5.0 / 6.0)));
  // Repeated points, a point inside, one point.
  CHECK_THAT(enclosing_ball(Matrix{{1.0, 1.0, 2.0, 5.0, 5.0}}).radius, Encloses(2.0));
  CHECK(enclosing_ball(Matrix{{3.0, 3.0}, {1.0, 1.0}}).radius.upper == 0.0);
  for (const Matrix& points : {square, Matrix(Matrix::Identity(6, 6))}) {
    CHECK(relative_width(enclosing_ball(points).radius) < 1e-13);
    CHECK(enclosing_ball(points).radius.grade == Grade::certified);
  }
}

TEST_CASE("enclosing_ball, diameter and farthest_distance know every power of two",
          "[measures][exact]") {
  // The squares overflow from 2^512 on, and vanish below 2^−538.
  const auto exponent = GENERATE(-1060, -1000, -600, 0, 511, 700, 1020);
  CAPTURE(exponent);
  const double unit = std::ldexp(1.0, exponent);
  const Matrix points = unit * Matrix{{0.0, 6.0, 3.0}, {0.0, 0.0, 4.0}};
  const EnclosingBall ball = enclosing_ball(points);
  CHECK_THAT(ball.radius, Encloses(3.125 * unit));
  // Among subnormal numbers the spacing, 2^−1074, is what is left.
  const double spacing = std::ldexp(1.0, -1074);
  CHECK(ball.radius.width() <= 1e-13 * unit + 4.0 * spacing);
  CHECK((ball.centre / unit - Vector{{3.0, 0.875}}).norm() < 1e-13 + 4.0 * spacing / unit);
  CHECK_THAT(diameter(points), Encloses(6.0 * unit));
  CHECK(diameter(points).width() <= 1e-14 * unit + 4.0 * spacing);
  CHECK_THAT(farthest_distance(points, unit * Vector{{3.0, 0.0}}), Encloses(4.0 * unit));
}

TEST_CASE("diameter is the largest of all distances, also where one end is near the middle",
          "[measures][property]") {
  // The two outermost points are close to each other, the farthest pair has one of them alone.
  const Matrix seven{{-0.09, -0.996, 0.55, -0.406, -0.642, -0.447, -0.994},
                     {-0.627, 0.839, 0.996, -0.388, -0.678, -0.612, 0.962}};
  CHECK(diameter(seven).value == Approx(std::hypot(1.192, 1.674)).epsilon(1e-14));
  Rng rng(11);
  for (int trial = 0; trial < 300; ++trial) {
    const Index n = 2 + rng.uniform_index(8);
    const Matrix points = rng.normal_matrix(1 + rng.uniform_index(3), n);
    double largest = 0.0;
    for (Index i = 0; i < n; ++i) {
      for (Index j = 0; j < i; ++j) {
        largest = std::max(largest, (points.col(i) - points.col(j)).norm());
      }
    }
    CAPTURE(trial);
    CHECK(diameter(points).value == Approx(largest).epsilon(1e-14));
  }
}

TEST_CASE("enclosing_ball holds points of very different sizes", "[measures][exact]") {
  CHECK_THAT(enclosing_ball(Matrix{{1e200, -1e200}}).radius, Encloses(1e200));
  CHECK(enclosing_ball(Matrix{{1e200, -1e200}}).radius.width() < 1e187);
  CHECK_THAT(diameter(Matrix{{1e200, -1e200}, {1e-200, 0.0}}), Encloses(2e200));
  // Far from the origin, 2·10⁻²⁰⁰ apart.
  const Matrix near = Matrix{{1e200, 1e200}, {1e-200, -1e-200}};
  CHECK_THAT(enclosing_ball(near).radius, Encloses(1e-200));
  CHECK(relative_width(diameter(near)) < 1e-13);
  // The diameter of the largest doubles is none.
  const Matrix largest{{1.7e308, -1.7e308}};
  CHECK(diameter(largest).upper == infinity);
  CHECK_THAT(enclosing_ball(largest).radius, Encloses(1.7e308));
}

TEST_CASE("enclosing_ball is tight and moves with its points", "[measures][property]") {
  const auto [d, n] = GENERATE(std::pair<Index, Index>{1, 40}, std::pair<Index, Index>{2, 2000},
                               std::pair<Index, Index>{3, 30}, std::pair<Index, Index>{16, 60},
                               std::pair<Index, Index>{40, 20});
  CAPTURE(d, n);
  Rng rng(21, static_cast<std::uint64_t>(d));
  const Matrix points = rng.normal_matrix(d, n);
  const EnclosingBall ball = enclosing_ball(points);
  CHECK(relative_width(ball.radius) < 1e-12);
  CHECK((points.colwise() - ball.centre).colwise().norm().maxCoeff() <= ball.radius.upper);
  // Jung's theorem, and the half diameter from below.
  const Estimate full = diameter(points);
  const double n_dim = static_cast<double>(d);
  CHECK(ball.radius.lower <= full.upper * std::sqrt(n_dim / (2.0 * (n_dim + 1.0))) * (1.0 + 1e-14));
  CHECK(ball.radius.upper >= 0.5 * full.lower);

  const AffineMap motion = random_rigid_motion(rng, d);
  const Matrix moved = (motion.linear * points).colwise() + motion.offset;
  CHECK_THAT(enclosing_ball(moved).radius.value,
             Catch::Matchers::WithinRel(ball.radius.value, 1e-12));
}

TEST_CASE("diameter is that of all pairs", "[measures][property]") {
  const Index d = GENERATE(Index{1}, Index{2}, Index{7});
  Rng rng(22, static_cast<std::uint64_t>(d));
  const Matrix points = rng.normal_matrix(d, 200);
  double largest = 0.0;
  for (Index i = 0; i < points.cols(); ++i) {
    largest = std::max(largest, (points.colwise() - points.col(i)).colwise().norm().maxCoeff());
  }
  const Estimate computed = diameter(points);
  CHECK_THAT(computed.value, Catch::Matchers::WithinRel(largest, 1e-15));
  CHECK(computed.lower <= largest * (1.0 + 1e-15));
  CHECK(computed.upper >= largest * (1.0 - 1e-15));
  CHECK(relative_width(computed) < 1e-14);
  CHECK_THAT(diameter(Matrix{{0.0, 3.0, 0.0}, {0.0, 0.0, 4.0}}), Encloses(5.0));
}

TEST_CASE("diameter is that of all pairs, of few points too", "[measures][property]") {
  // Few points in a row of radii about their middle: the widest pair may hold the innermost of
  // those still to be looked at and the outermost of all.
  for (std::uint64_t trial = 0; trial < 3000; ++trial) {
    Rng rng(71, trial);
    const Index d = 1 + rng.uniform_index(3);
    const Matrix points = rng.normal_matrix(d, 2 + rng.uniform_index(5));
    double widest = 0.0;
    for (Index i = 0; i < points.cols(); ++i) {
      widest = std::max(widest, (points.colwise() - points.col(i)).colwise().norm().maxCoeff());
    }
    CAPTURE(trial, widest);
    REQUIRE(std::abs(diameter(points).value - widest) <= 1e-14 * widest);
  }
}

TEST_CASE("Regularity of a Gaussian is its spectrum", "[measures][exact]") {
  const Regularity g = regularity(Gaussian(Vector{{3.0, 4.0}}, Matrix{{2.0, 0.0}, {0.0, 0.5}}));
  CHECK_THAT(g.curvature_lower, Encloses(0.5));
  CHECK_THAT(g.curvature_upper, Encloses(2.0));
  CHECK(g.curvature_upper.grade == Grade::closed_form);
  CHECK(relative_width(g.curvature_upper) < 1e-12);
  CHECK(g.half_diameter.lower == infinity);
  CHECK(g.log_lipschitz.lower == infinity);

  const Regularity shifted = regularity(Gaussian(Vector{{3.0, 4.0}}, Matrix::Identity(2, 2)));
  CHECK_THAT(shifted.log_lipschitz, Encloses(5.0));
  CHECK(shifted.mixture_radius.upper == 0.0);
  CHECK_THAT(shifted.mixture_scale, Encloses(1.0));
  CHECK_THAT(shifted.curvature_lower, Encloses(1.0));
  CHECK(shifted.curvature_lower.grade == Grade::certified);

  const Regularity flat = regularity(Gaussian(Vector{{0.0, 0.0}}, Matrix{{4.0, 0.0}, {0.0, 0.0}}));
  CHECK_THAT(flat.curvature_lower, Encloses(0.25));
  CHECK(flat.curvature_upper.lower == infinity);
  const Regularity atom = regularity(Gaussian::dirac(Vector{{1.0}}));
  CHECK(atom.half_diameter.upper == 0.0);
  CHECK(atom.curvature_lower.lower == infinity);
}

TEST_CASE("The curvature of two centres is attained", "[measures][exact]") {
  // U'' = 1/σ² − R²/σ⁴ where both weights are one half, whatever the prior ones.
  const double sigma2 = 0.36;
  const GaussianMixture p =
      GaussianMixture::isotropic(Vector{{0.1, 0.9}}, Matrix{{-1.0, 2.0}}, sigma2);
  const Regularity known = regularity(p);
  CHECK_THAT(known.curvature_lower, Encloses(1.0 / sigma2 - 2.25 / (sigma2 * sigma2)));
  CHECK(known.curvature_lower.grade == Grade::certified);
  CHECK(known.curvature_lower.width() < 1e-12);
  CHECK_THAT(known.mixture_radius, Encloses(1.5));
  CHECK_THAT(known.mixture_scale, Encloses(0.6));
  CHECK(known.log_lipschitz.lower == infinity);
  const double middle = 0.5 - sigma2 / 3.0 * std::log(9.0);
  CHECK_THAT(-p.log_density_hessian(Vector{{middle}})(0, 0),
             Catch::Matchers::WithinRel(known.curvature_lower.value, 1e-12));
  CHECK_THAT(-p.log_density_hessian(Vector{{40.0}})(0, 0),
             Catch::Matchers::WithinRel(known.curvature_upper.value, 1e-12));
}

TEST_CASE("is_edge tells edges from diagonals", "[measures][exact]") {
  const Matrix square{{-1.0, 1.0, 1.0, -1.0}, {-1.0, -1.0, 1.0, 1.0}};
  CHECK(is_edge(square, 0, 1));
  CHECK_FALSE(is_edge(square, 0, 2));
  CHECK(is_edge(1e-200 * square, 3, 0));
  // All of a simplex; of an octahedron those between neighbours.
  const Matrix simplex = Matrix::Identity(6, 6);
  CHECK(is_edge(simplex, 1, 4));
  Matrix octahedron(3, 6);
  octahedron << Matrix::Identity(3, 3), -Matrix::Identity(3, 3);
  CHECK(is_edge(octahedron, 0, 1));
  CHECK_FALSE(is_edge(octahedron, 0, 3));
  // A point between the ends, and one that repeats an end.
  CHECK_FALSE(is_edge(Matrix{{0.0, 1.0, 2.0, 1.0}, {0.0, 0.0, 0.0, 1.0}}, 0, 2));
  CHECK(is_edge(Matrix{{0.0, 2.0, 2.0, 1.0}, {0.0, 0.0, 0.0, 1.0}}, 0, 1));
  CHECK_THROWS_AS(is_edge(square, 0, 4), std::invalid_argument);
}

TEST_CASE("The curvature of centres of one width is approached across their longest edge",
          "[measures][exact]") {
  // The smallest ball of an equilateral triangle has R² = 4/3 D².
  const double sigma2 = 0.25;
  const double height = std::sqrt(3.0);
  const Matrix triangle{{-1.0, 1.0, 0.0}, {0.0, 0.0, height}, {2.0, 2.0, 2.0}};
  const GaussianMixture p = GaussianMixture::isotropic(equal_weights(3), triangle, sigma2);
  const Estimate kappa = regularity(p).curvature_lower;
  CHECK_THAT(kappa, Encloses(-12.0));
  CHECK(kappa.grade == Grade::certified);
  CHECK(kappa.width() < 1e-10);
  const Matrix far = -p.log_density_hessian(Vector{{0.0, -8.0, 2.0}});
  CHECK(smallest_eigenpair(far).value == Approx(-12.0).epsilon(1e-9));
  // The diagonals of a square are no edges, and its curvature is not that of their ends.
  const Matrix square{{-1.0, 1.0, 1.0, -1.0}, {-1.0, -1.0, 1.0, 1.0}};
  const Regularity open = regularity(GaussianMixture::isotropic(equal_weights(4), square, 1.0));
  CHECK_THAT(open.curvature_lower, Encloses(0.0));
  CHECK(open.curvature_lower.lower < -0.9);
}

TEST_CASE("The curvature of three centres of one width on the line is enclosed",
          "[measures][reference]") {
  // The likely middle keeps it far above 1 − R² = −1.25.
  const GaussianMixture p =
      GaussianMixture::isotropic(equal_weights(3), Matrix{{-1.5, 0.0, 1.5}}, 1.0);
  double least = infinity;
  for (int i = -4000; i <= 4000; ++i) {
    least = std::min(least, -p.log_density_hessian(Vector{{1e-3 * i}})(0, 0));
  }
  const Estimate kappa = regularity(p).curvature_lower;
  CAPTURE(kappa, least);
  CHECK(kappa.grade == Grade::converged);
  CHECK(kappa.lower <= least);
  CHECK(kappa.lower == Approx(least).epsilon(1e-5));
}

TEST_CASE("Curvatures seen lie within those known", "[measures][property]") {
  const Index d = GENERATE(Index{1}, Index{2}, Index{4});
  Rng rng(23, static_cast<std::uint64_t>(d));
  const Matrix means = rng.normal_matrix(d, 5);
  std::vector<Matrix> distinct;
  for (int k = 0; k < 5; ++k) distinct.push_back(random_gaussian(rng, d).covariance());
  const std::vector<GaussianMixture> mixtures{
      GaussianMixture::isotropic(equal_weights(5), means, 0.7),
      GaussianMixture(equal_weights(5), means, {distinct[0]}),
      GaussianMixture(equal_weights(5), 0.1 * means, {distinct[0]}),
      GaussianMixture(equal_weights(5), means, distinct)};
  for (const GaussianMixture& p : mixtures) {
    const auto [least, most] = seen_curvatures(p, rng);
    const Regularity known = regularity(p);
    CAPTURE(d, p.has_common_covariance(), known.curvature_lower, known.curvature_upper);
    CHECK(least >= known.curvature_lower.lower * (1.0 - 1e-12) - 1e-12);
    CHECK(most <= known.curvature_upper.upper * (1.0 + 1e-12));
    CHECK(is_known(known.curvature_lower) == (d == 1 || p.has_common_covariance()));
    CHECK(is_known(known.curvature_upper));
    CHECK(known.curvature_upper.lower > 0.0);
  }
  // Means near enough: log-concave by the bound for any common covariance.
  const double near =
      0.5 /
      enclosing_ball(Gaussian(Vector::Zero(d), distinct[0]).inverse_factor() * means).radius.upper;
  const Regularity concave =
      regularity(GaussianMixture(equal_weights(5), near * means, {distinct[0]}));
  CHECK(concave.curvature_lower.lower > 0.0);
}

TEST_CASE("Two widths on the line have both curvatures", "[measures][exact]") {
  // ½N(0, 1) + ½N(0, 4): β at the mean, where the posterior weights are 2 : 1.
  const GaussianMixture p(Vector{{0.5, 0.5}}, Matrix{{0.0, 0.0}}, {Matrix{{1.0}}, Matrix{{4.0}}});
  const Regularity known = regularity(p);
  CHECK_THAT(known.curvature_upper, Encloses(0.75));
  CHECK(known.curvature_upper.width() < 1e-8);
  CHECK(known.curvature_upper.grade == Grade::closed_form);
  CHECK(known.curvature_lower.lower < 0.25);
  CHECK(known.curvature_lower.grade == Grade::closed_form);

  // A third one that hardly counts: by branch and bound.
  const Regularity three =
      regularity(GaussianMixture(Vector{{0.5, 0.5, 1e-12}}, Matrix{{0.0, 0.0, 0.0}},
                                 {Matrix{{1.0}}, Matrix{{4.0}}, Matrix{{2.0}}}));
  CHECK(three.curvature_upper.grade == Grade::converged);
  CHECK(three.curvature_upper.value == Approx(0.75).epsilon(1e-8));
  CHECK(three.curvature_lower.value == Approx(known.curvature_lower.value).epsilon(1e-8));
}

TEST_CASE("log(dp/dN(0, I)) has the farthest mean's length as its slope", "[measures][exact]") {
  const GaussianMixture p =
      GaussianMixture::isotropic(equal_weights(3), Matrix{{3.0, 1.0, 0.0}, {4.0, 0.0, -1.0}}, 1.0);
  const Regularity known = regularity(p);
  CHECK_THAT(known.log_lipschitz, Encloses(5.0));
  CHECK(known.log_lipschitz.grade == Grade::certified);
  const Vector x = 30.0 * Vector{{3.0, 4.0}};
  CHECK_THAT((p.score(x) + x).norm(), Catch::Matchers::WithinRel(5.0, 1e-12));
}

TEST_CASE(
    "Of different covariances in space κ is at most what Brascamp and Lieb's inequality leaves",
    "[measures][exact]") {
  // No component is the widest: Cov p = diag(2, 1.5, 1), and κ ≤ ½.
  const GaussianMixture crossed(
      Vector{{0.5, 0.5}}, Matrix::Zero(3, 2),
      {Vector{{3.0, 1.0, 1.0}}.asDiagonal(), Vector{{1.0, 2.0, 1.0}}.asDiagonal()});
  const Estimate kappa = regularity(crossed).curvature_lower;
  CHECK(kappa.lower == -infinity);  // not known, which is not that there is none:
  CHECK(kappa.upper == Approx(0.5));
  CHECK(kappa.upper >= 0.5);
  const GaussianMixture flat(Vector{{0.5, 0.5}}, Matrix{{0.0, 1.0}, {0.0, 0.0}},
                             {Vector{{1.0, 0.0}}.asDiagonal(), Vector{{2.0, 0.0}}.asDiagonal()});
  CHECK(regularity(flat).curvature_lower.lower == -infinity);
  CHECK(regularity(flat).curvature_lower.upper == infinity);
}

TEST_CASE("Regularity of points is their extent", "[measures][exact]") {
  const Matrix triangle{{0.0, 6.0, 3.0, 100.0}, {0.0, 0.0, 4.0, 0.0}};
  const Vector weights{{0.25, 0.25, 0.5, 0.0}};
  for (const Regularity& known : {regularity(PointCloud(triangle, weights)),
                                  regularity(GaussianMixture::isotropic(weights, triangle, 0.0))}) {
    CHECK_THAT(known.half_diameter, Encloses(3.0));
    CHECK_THAT(known.mixture_radius, Encloses(3.125));
    CHECK(known.mixture_scale.upper == 0.0);
    CHECK(known.half_diameter.grade >= Grade::certified);
    CHECK(known.curvature_lower.upper == -infinity);
    CHECK(known.curvature_upper.lower == infinity);
  }
  CHECK(regularity(PointCloud(Matrix{{2.0, 2.0}})).half_diameter.upper == 0.0);
  CHECK(regularity(PointCloud(Matrix{{2.0, 2.0}})).curvature_lower.lower == infinity);
}

TEST_CASE("Components of weight zero do not count", "[measures][property]") {
  const Matrix means{{0.0, 1.0, 50.0}};
  const Regularity with =
      regularity(GaussianMixture::isotropic(Vector{{0.5, 0.5, 0.0}}, means, 0.5));
  const Regularity without =
      regularity(GaussianMixture::isotropic(equal_weights(2), means.leftCols(2), 0.5));
  CHECK(with.mixture_radius.upper == without.mixture_radius.upper);
  CHECK(with.curvature_lower.lower == without.curvature_lower.lower);
  const GaussianMixture one(Vector{{1.0, 0.0}}, Matrix{{0.0, 1.0}}, {Matrix{{2.0}}, Matrix{{3.0}}});
  CHECK_THAT(regularity(one).curvature_lower, Encloses(0.5));
}

}  // namespace flowcheck::regularity_test
