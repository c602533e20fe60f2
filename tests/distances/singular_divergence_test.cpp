#include "distances/singular_divergence.hpp"

#include "distances/affine_support.hpp"
#include "distances/gaussian_divergence.hpp"
#include "measures/random_gaussian.hpp"
#include "support/estimates.hpp"
#include "support/mixtures.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <numbers>
#include <stdexcept>

namespace flowcheck::singular_divergence_test {

using Catch::Contains;

namespace {

Gaussian plane(double x, double y, const Matrix& covariance) {
  return {Vector{{x, y}}, covariance};
}

GaussianMixture mixed(const Gaussian& p) {
  return GaussianMixture(p);
}

const Matrix along_x{{1.0, 0.0}, {0.0, 0.0}};
const Matrix along_y{{0.0, 0.0}, {0.0, 1.0}};
const Matrix diagonal_line{{1.0, 1.0}, {1.0, 1.0}};

}  // namespace

TEST_CASE("Gaussians on different affine subspaces are mutually singular", "[distances][exact]") {
  struct Pair {
    Gaussian p;
    Gaussian q;
  };
  const Pair pair =
      GENERATE(Pair{plane(0.0, 0.0, along_x), plane(0.0, 0.0, along_y)},
               Pair{plane(0.0, 0.0, along_x), plane(0.0, 1e-9, along_x)},
               Pair{plane(0.0, 0.0, along_x), Gaussian::standard(2)},
               Pair{Gaussian::standard(2), plane(0.0, 0.0, diagonal_line)},
               Pair{plane(0.0, 0.0, along_x), Gaussian::dirac(Vector::Zero(2))},
               Pair{Gaussian::dirac(Vector::Ones(2)), Gaussian::standard(2)},
               Pair{Gaussian::dirac(Vector::Ones(2)), Gaussian::dirac(Vector::Zero(2))},
               Pair{plane(0.0, 0.0, diagonal_line), plane(1.0, 0.0, diagonal_line)});
  CAPTURE(pair.p.mean(), pair.p.covariance(), pair.q.mean(), pair.q.covariance());
  CHECK(compare_supports(pair.p, pair.q) == SupportRelation::different);
  const auto of = [&](Divergence kind) { return divergence(kind, pair.p, pair.q); };
  CHECK(of(Divergence::total_variation).lower == 1.0);
  CHECK(of(Divergence::total_variation).upper == 1.0);
  CHECK(of(Divergence::squared_hellinger).lower == 1.0);
  CHECK_THAT(of(Divergence::jensen_shannon), Encloses(std::numbers::ln2));
  CHECK(of(Divergence::kl).lower == infinity);
  CHECK(of(Divergence::chi_squared).lower == infinity);
  CHECK(of(Divergence::symmetric_kl).lower == infinity);
}

TEST_CASE("on a common affine subspace a divergence is that of its coordinates",
          "[distances][property]") {
  // x ↦ (x₁, x₂, x₁ + 2x₂, 3): whole numbers, so that the images live on one subspace exactly.
  const Matrix L{{1.0, 0.0}, {0.0, 1.0}, {1.0, 2.0}, {0.0, 0.0}};
  const Vector shift{{0.0, 0.0, 0.0, 3.0}};
  const Gaussian p(Vector{{1.0, -2.0}}, Matrix{{3.0, 1.0}, {1.0, 2.0}});
  const Gaussian q(Vector{{0.0, 1.0}}, Matrix{{4.0, -1.0}, {-1.0, 5.0}});
  const auto lifted = [&](const Gaussian& g) {
    return Gaussian(L * g.mean() + shift, L * g.covariance() * L.transpose());
  };
  REQUIRE(compare_supports(lifted(p), lifted(q)) == SupportRelation::same);
  for (const Divergence kind : {Divergence::kl, Divergence::chi_squared, Divergence::symmetric_kl,
                                Divergence::squared_hellinger}) {
    CAPTURE(to_string(kind));
    const Estimate expected = divergence(kind, p, q);
    const Estimate found = divergence(kind, lifted(p), lifted(q));
    CHECK(found.lower <= expected.upper);
    CHECK(expected.lower <= found.upper);
    CHECK(found.width() < 1e-11 * found.value);
    CHECK(found.grade == Grade::closed_form);
  }
  const Gaussian far = plane(0.0, 7.0, along_x);
  const Gaussian near = plane(1.0, 7.0, along_x);
  CHECK_THAT(divergence(Divergence::total_variation, far, near),
             Encloses(std::erf(1.0 / std::sqrt(8.0))));
  CHECK(divergence(Divergence::kl, lifted(p), lifted(p)).upper < 1e-14);
}

TEST_CASE("subspaces that are equal to rounding alone are not taken for one",
          "[distances][precondition]") {
  Rng rng(11, 0);
  const Vector v = rng.normal_vector(3);
  const Gaussian p(Vector::Zero(3), v * v.transpose());
  const Gaussian q(Vector::Zero(3), 1.7 * v * v.transpose());
  REQUIRE(p.rank() == 1);
  CHECK(compare_supports(p, q) == SupportRelation::unknown);
  CHECK_THAT(singular_obstacle(Divergence::total_variation, mixed(p), mixed(q)),
             Contains("equal to rounding"));
  CHECK_THROWS_AS(divergence(Divergence::kl, p, q), std::invalid_argument);
  // A turn by 1e-6 is none of rounding.
  Vector turned = v;
  turned(0) += 1e-6;
  CHECK(compare_supports(p, {Vector::Zero(3), turned * turned.transpose()}) ==
        SupportRelation::different);
}

TEST_CASE("a mixture with a component that the other lacks is not absolutely continuous",
          "[distances][exact]") {
  const GaussianMixture both(Vector::Constant(2, 0.5), Matrix::Zero(2, 2), {along_x, along_y});
  const GaussianMixture one = mixed(plane(0.0, 0.0, along_x));
  CHECK(divergence(Divergence::kl, both, one).lower == infinity);
  CHECK(divergence(Divergence::symmetric_kl, one, both).lower == infinity);
  CHECK_THAT(singular_obstacle(Divergence::kl, one, both), Contains("not all"));
  CHECK_THAT(singular_obstacle(Divergence::total_variation, both, one), Contains("not all"));
}

TEST_CASE("divergences of points are sums over the points", "[distances][exact]") {
  const PointCloud p(Matrix{{0.0, 1.0, 1.0, 2.0}});                        // ¼, ½, ¼
  const PointCloud q(Matrix{{2.0, 1.0, 0.0}}, Vector{{0.5, 0.25, 0.25}});  // ¼, ¼, ½
  CHECK_THAT(divergence(Divergence::total_variation, p, q), Encloses(0.25));
  CHECK_THAT(divergence(Divergence::kl, p, q), Encloses(0.25 * std::numbers::ln2));
  CHECK_THAT(divergence(Divergence::chi_squared, p, q), Encloses(0.375));
  CHECK_THAT(divergence(Divergence::squared_hellinger, p, q),
             Encloses(0.75 - 0.5 * std::numbers::sqrt2));
  CHECK(divergence(Divergence::kl, p, q).width() < 1e-14);
  CHECK(divergence(Divergence::kl, p, p).upper < 1e-300);

  const PointCloud part(Matrix{{0.0, 1.0}});
  CHECK(divergence(Divergence::kl, p, part).lower == infinity);
  CHECK_THAT(divergence(Divergence::kl, part, p), Encloses(0.5 * std::numbers::ln2));
  CHECK(divergence(Divergence::symmetric_kl, part, p).lower == infinity);

  const PointCloud elsewhere(Matrix{{5.0, 6.0}});
  CHECK(divergence(Divergence::total_variation, p, elsewhere).lower == 1.0);
  CHECK(divergence(Divergence::squared_hellinger, p, elsewhere).lower == 1.0);
  CHECK(divergence(Divergence::chi_squared, p, elsewhere).lower == infinity);
  CHECK_THROWS_AS(divergence(Divergence::fisher_information, p, q), std::invalid_argument);
  CHECK_THROWS_AS(divergence(Divergence::kl, p, PointCloud(Matrix::Zero(2, 1))),
                  std::invalid_argument);
}

}  // namespace flowcheck::singular_divergence_test
