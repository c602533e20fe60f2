#include "interpolation/covariance_extremes.hpp"

#include "interpolation/covariance_envelope.hpp"
#include "measures/gaussian_mixture.hpp"
#include "measures/not_tabulated.hpp"
#include "measures/posterior_moments.hpp"
#include "numerics/rng.hpp"
#include "numerics/spd.hpp"
#include "support/estimates.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace flowcheck::covariance_extremes_test {

namespace {

DataLawPointer points(const Matrix& at, const Vector& weights) {
  return data_law(PointCloud(at, weights));
}

double largest_at(const DataLaw& law, double r, const Vector& y) {
  return largest_eigenpair(law.posterior(r, 1.0, y).covariance).value;
}

// A law whose posterior is out of reach for |y| > 3.
template <class Exception>
class CutShort : public DataLaw {
 public:
  Index dimension() const override { return law_->dimension(); }
  const Regularity& regularity() const override { return law_->regularity(); }
  LatentMoments posterior(double b, double a, const Vector& x) const override {
    if (x.norm() > 3.0) throw Exception("too far out");
    return law_->posterior(b, a, x);
  }
  Matrix sample(Index count, Rng& rng) const override { return law_->sample(count, rng); }

 private:
  DataLawPointer law_ = truncated_gaussian_data(-3.0, 1.0);
};

}  // namespace

TEST_CASE("Suprema of the posterior covariance are the printed ones",
          "[interpolation][reference]") {
  for (const double r : {0.3, 1.0, 4.0}) {
    CAPTURE(r);
    // GIF-08: any weights of two points; a triangle's edges and a square's, far out.
    for (const double share : {0.5, 0.05}) {
      const Vector weights{{share, 1.0 - share}};
      const CovarianceExtreme two =
          largest_posterior_covariance(*points(Matrix{{-1.0, 1.0}}, weights), r);
      CHECK_THAT(two.value, Encloses(1.0));
      CHECK(two.value.grade >= Grade::closed_form);
    }
    const double half = std::sqrt(0.75);
    const CovarianceExtreme triangle = largest_posterior_covariance(
        *points(Matrix{{1.0, -0.5, -0.5}, {0.0, half, -half}}, Vector::Constant(3, 1.0 / 3.0)), r);
    CHECK(triangle.value.grade == Grade::converged);
    CHECK_THAT(triangle.value.value, WithinPrinted(0.75, 4));
    const CovarianceExtreme square = largest_posterior_covariance(
        *points(Matrix{{1.0, 1.0, -1.0, -1.0}, {1.0, -1.0, 1.0, -1.0}}, Vector::Constant(4, 0.25)),
        r);
    CHECK_THAT(square.value.value, WithinPrinted(1.0, 4));
  }
  CHECK_THAT(largest_posterior_covariance(*truncated_gaussian_data(0.0, 1.0), 0.1).value.value,
             WithinPrinted(0.333, 3));
  CHECK_THAT(largest_posterior_covariance(*truncated_gaussian_data(0.0, 1.0), 3.0).value.value,
             WithinPrinted(0.108, 3));
}

TEST_CASE("The enclosed supremum of points on the line contains what any place shows",
          "[interpolation][property]") {
  const Matrix at{{-1.0, -0.2, 0.3, 1.4}};
  const Vector weights{{0.1, 0.4, 0.3, 0.2}};
  for (const double variance : {0.0, 0.09}) {
    const DataLawPointer law = data_law(GaussianMixture::isotropic(weights, at, variance));
    for (const double r : {0.2, 1.0, 5.0, 60.0}) {
      CAPTURE(variance, r);
      const CovarianceExtreme found = largest_posterior_covariance(*law, r);
      CHECK(found.value.grade == Grade::converged);
      CHECK(found.value.upper <= found.value.lower * (1.0 + 1e-5));
      CHECK(largest_at(*law, r, found.place) == Approx(found.value.value).epsilon(1e-10));
      Rng rng(3);
      for (int i = 0; i < 300; ++i) {
        const Vector y = r * rng.uniform(-1.5, 2.0) * Vector::Ones(1) + rng.normal_vector(1);
        CHECK(largest_at(*law, r, y) <= found.value.upper);
      }
    }
  }
}

TEST_CASE("The largest eigenvalue changes no faster than the third moment allows",
          "[interpolation][property]") {
  // GIF-43 by differences, in the plane and in space.
  Rng rng(8);
  double closest = 0.0;
  for (int trial = 0; trial < 200; ++trial) {
    const Index d = 1 + rng.uniform_index(3);
    const Matrix at = rng.normal_matrix(d, 2 + rng.uniform_index(3));
    const DataLawPointer law = data_law(PointCloud(at));
    const double r = rng.log_uniform(0.2, 5.0);
    const double w = 2.0 * law->regularity().half_diameter.upper;
    const Vector y = r * at.col(0) + rng.normal_vector(d);
    const Vector step = 0.05 / (r * w) * rng.normal_vector(d);
    const double change = std::abs(largest_at(*law, r, y + step) - largest_at(*law, r, y));
    const double bound = r * w * w * w / (6.0 * std::sqrt(3.0)) * step.norm();
    CHECK(change <= bound * (1.0 + 1e-9));
    closest = std::max(closest, change / bound);
  }
  CHECK(closest > 0.8);
}

TEST_CASE("The enclosed supremum in the plane contains what any place shows",
          "[interpolation][property]") {
  const Matrix at{{-1.0, 1.2, 0.0, 0.4}, {0.5, 0.3, -1.4, 0.9}};
  const Vector weights{{0.1, 0.4, 0.3, 0.2}};
  const Matrix shape{{0.3, 0.1}, {0.1, 0.05}};
  for (const DataLawPointer& law :
       {points(at, weights), data_law(GaussianMixture::isotropic(weights, at, 0.09)),
        data_law(GaussianMixture(weights, at, {shape})),
        data_law(GaussianMixture(weights, at,
                                 {shape, 2.0 * shape, 0.02 * Matrix::Identity(2, 2), shape}))}) {
    for (const double r : {0.05, 1.0, 5.0, 60.0}) {
      CAPTURE(r);
      REQUIRE(encloses_largest_covariance(*law));
      const CovarianceExtreme found = largest_posterior_covariance(*law, r);
      CHECK(found.value.grade == Grade::converged);
      CHECK(found.value.upper <= found.value.lower * (1.0 + 1e-5));
      CHECK(largest_at(*law, r, found.place) == Approx(found.value.value).epsilon(1e-9));
      const CovarianceExtreme least = smallest_posterior_covariance(*law, r);
      Rng rng(3);
      for (int i = 0; i < 300; ++i) {
        const Vector y = r * at.col(rng.uniform_index(4)) + 2.0 * rng.normal_vector(2);
        const Matrix C = law->posterior(r, 1.0, y).covariance;
        CHECK(largest_eigenpair(C).value <= found.value.upper);
        CHECK(smallest_eigenpair(C).value >= least.value.lower - 1e-14);
      }
    }
  }
}

// I + r²Σ hides by what the Σ differ.
TEST_CASE("In the plane covariances keep their order where the signal is weak",
          "[interpolation][property]") {
  const Matrix at{{-1.0, 1.2, 0.0}, {0.5, 0.3, -1.4}};
  const Matrix shape{{0.3, 0.1}, {0.1, 0.05}};
  const DataLawPointer law =
      data_law(GaussianMixture(Vector{{0.2, 0.5, 0.3}}, at, {shape, 2.0 * shape, 0.5 * shape}));
  REQUIRE(encloses_largest_covariance(*law));
  for (const double r : {1e-2, 1e-4, 3e-5, 1e-6}) {
    CAPTURE(r);
    const CovarianceExtreme found = largest_posterior_covariance(*law, r);
    CHECK(found.value.grade == Grade::converged);
    CHECK(found.value.upper < infinity);
    CHECK(largest_at(*law, r, Vector::Zero(2)) <= found.value.upper);
  }
}

TEST_CASE("On the line mixtures of any widths have both extremes enclosed",
          "[interpolation][property]") {
  const GaussianMixture p(Vector{{0.3, 0.5, 0.2}}, Matrix{{-1.0, 0.2, 2.0}},
                          {Matrix{{0.04}}, Matrix{{0.5}}, Matrix{{0.0}}});
  const DataLawPointer law = data_law(p);
  CHECK(encloses_largest_covariance(*law));
  for (const double r : {0.02, 0.3, 1.0, 5.0, 60.0}) {
    CAPTURE(r);
    const CovarianceExtreme most = largest_posterior_covariance(*law, r);
    const CovarianceExtreme least = smallest_posterior_covariance(*law, r);
    CHECK(most.value.grade == Grade::converged);
    CHECK(most.value.width() <= 1e-5 * most.value.value);
    CHECK(least.value.upper - least.value.lower <= 1e-5 * most.value.value);
    CHECK(largest_at(*law, r, most.place) == Approx(most.value.value).epsilon(1e-7));
    Rng rng(3);
    for (int i = 0; i < 300; ++i) {
      const Vector y = r * rng.uniform(-2.0, 3.0) * Vector::Ones(1) + rng.normal_vector(1);
      const double here = law->posterior(r, 1.0, y).covariance(0, 0);
      CHECK(here <= most.value.upper * (1.0 + 1e-12));
      CHECK(here >= least.value.lower - 1e-12 * most.value.value);
    }
  }
}

TEST_CASE("Centres on a line in the plane are searched along it", "[interpolation][property]") {
  const Vector weights{{0.2, 0.5, 0.3}};
  const Matrix line{{-1.0, 0.5, 2.0}};
  Matrix plane(2, 3);
  plane << 0.6 * line, 0.8 * line;
  for (const double r : {0.3, 1.0, 10.0}) {
    const double alone =
        largest_posterior_covariance(*data_law(GaussianMixture::isotropic(weights, line, 0.2)), r)
            .value.value;
    const CovarianceExtreme turned =
        largest_posterior_covariance(*data_law(GaussianMixture::isotropic(weights, plane, 0.2)), r);
    CHECK(turned.value.value == Approx(alone).epsilon(1e-6));
  }
}

TEST_CASE("In the clock b²/S suprema grow no faster than they may, on the line not at all",
          "[interpolation][property]") {
  // ĉ(τ + δ) ≤ ĉ(τ)/(1 − ½(d − 1)ĉ(τ)δ); points have S = a².
  for (std::uint64_t trial = 0; trial < 20; ++trial) {
    Rng rng(51, trial);
    const Index d = 1 + static_cast<Index>(trial % 2);
    Vector weights = Vector::NullaryExpr(5, [&] { return rng.log_uniform(0.01, 1.0); });
    weights /= weights.sum();
    const GaussianMixture p = GaussianMixture::isotropic(weights, rng.normal_matrix(d, 5), 0.0);
    const auto supremum = [&](double tau) {
      return largest_centre_covariance(p, 1.0, 1.0 / std::sqrt(tau)).value;
    };
    for (const double tau : {0.01, 0.3, 2.0}) {
      const Estimate before = supremum(tau);
      const double delta = 0.2 / before.upper;
      const double growth = 1.0 - 0.5 * static_cast<double>(d - 1) * before.upper * delta;
      CAPTURE(trial, tau, before.value);
      CHECK(supremum(tau + delta).lower <= before.upper / growth);
    }
  }
}

TEST_CASE("A supremum is proved to lie below a bound with fewer places",
          "[interpolation][property]") {
  const DataLawPointer law = points(Matrix{{-1.0, 0.1, 1.0}}, Vector{{0.3, 0.3, 0.4}});
  const CovarianceExtreme found =
      largest_posterior_covariance(*law, 1.0, {.enough = 0.99, .most_places = 2'000});
  CHECK(found.value.upper <= 0.99);
  // Not more than can be proved is claimed.
  const CovarianceExtreme short_search =
      largest_posterior_covariance(*law, 40.0, {.most_places = 50});
  CHECK(short_search.value.upper >= largest_posterior_covariance(*law, 40.0).value.lower);
}

TEST_CASE("A light point between two others does not keep the search open",
          "[interpolation][property]") {
  const DataLawPointer law =
      points(Matrix{{-1.0, 0.0, 1.0}}, Vector{{0.4999999995, 1e-9, 0.4999999995}});
  for (const double r : {0.02, 1.0, 6.0, 20.0, 99.0}) {
    CAPTURE(r);
    const Estimate found =
        largest_posterior_covariance(*law, r, {.accuracy = 1e-9, .enough = 1.0}).value;
    CHECK(found.upper <= 1.0 + 1e-8);
    CHECK(found.lower <= 1.0);
  }
  // Far out in r only neighbours share what is seen: ¼ of a gap of one.
  const Estimate far = largest_posterior_covariance(*law, 99.0, {.accuracy = 1e-8}).value;
  CHECK_THAT(far, Encloses(0.25));
  CHECK(far.upper <= 0.25 * (1.0 + 1e-7));
}

TEST_CASE("Across the longest edge the supremum is that of two centres", "[interpolation][exact]") {
  // Edges of length √2: ¼ · 2, and σ²/v + ½/v² for a width, at any r and weights.
  const Vector weights{{0.7, 0.2, 0.06, 0.04}};
  const Matrix simplex = Matrix::Identity(4, 4);
  for (const double r : {0.1, 1.0, 30.0}) {
    const CovarianceExtreme alone = largest_posterior_covariance(*points(simplex, weights), r);
    CHECK_THAT(alone.value, Encloses(0.5));
    CHECK(alone.value.grade == Grade::certified);
    CHECK(alone.place.size() == 0);
    const double v = 1.0 + 0.3 * r * r;
    const DataLawPointer law = data_law(GaussianMixture::isotropic(weights, simplex, 0.3));
    CHECK_THAT(largest_posterior_covariance(*law, r).value, Encloses(0.3 / v + 0.5 / (v * v)));
    // Far out across the first edge, at even odds of its ends.
    const double shift = std::log(weights(0) / weights(1)) / (2.0 * r);
    const double far = 60.0 / r;
    const double seen =
        largest_at(*points(simplex, weights), r, Vector{{far - shift, far + shift, 0.0, 0.0}});
    CHECK(seen == Approx(0.5).epsilon(1e-9));
  }
}

TEST_CASE("It is known beforehand which suprema are enclosed", "[interpolation][property]") {
  const Vector thirds = Vector::Constant(3, 1.0 / 3.0);
  CHECK(encloses_largest_covariance(*points(Matrix{{-1.0, 0.1, 1.0}}, thirds)));
  CHECK(encloses_largest_covariance(*truncated_gaussian_data(-4.0, 1.0)));
  CHECK(encloses_largest_covariance(*data_law(Gaussian::standard(3))));
  const Matrix twice{{0.0, 1.0, 1.0}, {0.0, 2.0, 2.0}};
  CHECK(encloses_largest_covariance(*points(twice, thirds)));
  const Matrix triangle{{0.0, 1.0, 0.0}, {0.0, 0.0, 1.0}};
  CHECK(encloses_largest_covariance(*points(triangle, thirds)));
  CHECK(encloses_largest_covariance(*points(Matrix::Identity(3, 3), thirds)));
  Matrix octahedron(3, 6);
  octahedron << Matrix::Identity(3, 3), -Matrix::Identity(3, 3);
  const Vector sixths = Vector::Constant(6, 1.0 / 6.0);
  CHECK_FALSE(encloses_largest_covariance(*points(octahedron, sixths)));
  octahedron.row(2).setZero();
  CHECK(encloses_largest_covariance(*points(octahedron, sixths)));
  CHECK_FALSE(encloses_largest_covariance(*cusp_data(1.0)));
}

TEST_CASE("Two centres, Gaussians and infima have closed forms", "[interpolation][exact]") {
  const DataLawPointer centres = data_law(
      GaussianMixture::isotropic(Vector{{0.1, 0.9}}, Matrix{{-1.0, 1.0}, {0.5, 0.0}}, 0.36));
  for (const double r : {0.3, 1.0, 3.0}) {
    CAPTURE(r);
    const double v = 1.0 + 0.36 * r * r;
    const CovarianceExtreme found = largest_posterior_covariance(*centres, r);
    CHECK_THAT(found.value, Encloses(0.36 / v + 4.25 / 4.0 / (v * v)));
    CHECK(largest_at(*centres, r, found.place) == Approx(found.value.value).epsilon(1e-13));
    CHECK_THAT(smallest_posterior_covariance(*centres, r).value, Encloses(0.36 / v));
  }
  const DataLawPointer gaussian =
      data_law(Gaussian(Vector{{1.0, 2.0}}, Vector{{0.25, 4.0}}.asDiagonal()));
  CHECK_THAT(largest_posterior_covariance(*gaussian, 2.0).value, Encloses(4.0 / 17.0));
  CHECK_THAT(smallest_posterior_covariance(*gaussian, 2.0).value, Encloses(0.125));
}

TEST_CASE("Even odds are those of distinct centres of positive weight", "[interpolation][exact]") {
  const GaussianMixture p = GaussianMixture::isotropic(
      Vector{{0.1, 0.4, 0.0, 0.5}}, Matrix{{1.0, -1.0, 7.0, 1.0}, {0.0, 0.5, 7.0, 0.0}}, 0.36);
  const Matrix centres = distinct_centres(p);
  REQUIRE(centres == Matrix{{-1.0, 1.0}, {0.5, 0.0}});
  for (const double r : {0.3, 1.0, 3.0}) {
    CAPTURE(r);
    const Vector y = even_odds(p, centres.col(0), centres.col(1), r);
    const Vector weights = posterior_weights(p, r, 1.0, y);
    CHECK(weights(1) == Approx(0.5).epsilon(1e-13));
    CHECK(weights(0) + weights(3) == Approx(0.5).epsilon(1e-13));
  }
  CHECK_THROWS_AS(even_odds(p, centres.col(0), centres.col(0), 1.0), std::invalid_argument);
  CHECK_THROWS_AS(even_odds(p, centres.col(0), centres.col(1), 0.0), std::invalid_argument);
}

TEST_CASE("A cusp's extremes are found at its kink", "[interpolation][reference]") {
  for (const double L : {0.5, 2.0}) {
    CAPTURE(L);
    const CovarianceExtreme up = largest_posterior_covariance(*cusp_data(L), 1.3);
    CHECK(up.value.grade == Grade::sampled);
    CHECK(up.value.value == Approx(log_lipschitz_bound(L).covariance(1.3).value).epsilon(1e-10));
    const CovarianceExtreme down = smallest_posterior_covariance(*cusp_data(-L), 1.3);
    CHECK(down.value.value ==
          Approx(log_lipschitz_lower_bound(L).covariance(1.3).value).epsilon(1e-10));
  }
  CHECK_THROWS_AS(largest_posterior_covariance(*cusp_data(1.0), -1.0), std::invalid_argument);
}

TEST_CASE("A law in the plane knows its curvatures if one covariance is the widest",
          "[interpolation][property]") {
  const auto two = [](double height) {
    return GaussianMixture(Vector{{0.4, 0.6}}, Matrix{{-0.5, 0.6}, {0.2, 0.1}},
                           {Matrix{{0.9, 0.1}, {0.1, 0.8}}, Matrix{{0.3, 0.1}, {0.1, height}}});
  };
  const GaussianMixture p = two(0.4);
  const Regularity known = data_law(p)->regularity();
  CHECK(known.curvature_lower.grade == Grade::closed_form);
  CHECK(known.curvature_upper.grade == Grade::closed_form);
  double least = infinity;
  double most = -infinity;
  for (int i = -60; i <= 60; ++i) {
    for (int j = -60; j <= 60; ++j) {
      const Matrix H = p.log_density_hessian(Vector{{0.06 * i, 0.06 * j}});
      least = std::min(least, -largest_eigenpair(H).value);
      most = std::max(most, -smallest_eigenpair(H).value);
    }
  }
  CHECK(known.curvature_lower.lower <= least);
  CHECK(known.curvature_lower.value == Approx(least).margin(0.02));
  CHECK(known.curvature_upper.upper >= most);
  CHECK(known.curvature_upper.value == Approx(most).epsilon(0.01));
  // Higher than the other is wide: no κ.
  const DataLawPointer crossed = data_law(two(1.0));
  CHECK(crossed->regularity().curvature_lower.upper == -infinity);
  const CovarianceExtreme supremum = largest_posterior_covariance(*crossed, 1.0);
  CHECK(supremum.value.lower == infinity);
  CHECK(supremum.direction.size() == 2);
}

TEST_CASE("a posterior that is not tabulated leaves the supremum open, a broken call is no answer",
          "[interpolation][control]") {
  const Estimate open = largest_posterior_covariance(CutShort<NotTabulated>(), 1.0).value;
  CHECK(open.lower == 0.0);
  CHECK(open.upper == infinity);
  CHECK_THROWS_WITH(largest_posterior_covariance(CutShort<std::invalid_argument>(), 1.0),
                    "too far out");
}

}  // namespace flowcheck::covariance_extremes_test
