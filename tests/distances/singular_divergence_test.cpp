#include "distances/singular_divergence.hpp"

#include "distances/affine_support.hpp"
#include "distances/gaussian_divergence.hpp"
#include "measures/random_gaussian.hpp"
#include "numerics/round_off.hpp"
#include "support/estimates.hpp"
#include "support/high_precision.hpp"
#include "support/mixtures.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <numbers>
#include <stdexcept>
#include <utility>

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
             Contains("to rounding"));
  CHECK_THROWS_AS(divergence(Divergence::kl, p, q), std::invalid_argument);
  // A turn by 1e-6 is none of rounding, where the ranges are what they seem: v of short numbers.
  const auto line = [](double x) {
    const Vector w{{x, -1.0, 0.5}};
    return Gaussian(Vector::Zero(3), w * w.transpose());
  };
  CHECK(compare_supports(line(0.75), line(0.75 + 0x1p-20)) == SupportRelation::different);
  CHECK(compare_supports(line(0.75), line(0.75)) == SupportRelation::same);
}

TEST_CASE("a covariance that is singular to rounding alone is not taken for a singular one",
          "[distances][precondition]") {
  const Matrix thin = Vector{{1.0, 1e-15}}.asDiagonal();
  const Gaussian p = plane(0.0, 0.0, thin);
  REQUIRE(p.rank() == 1);
  // TV(p, q) = 2Φ(½·1e-8/√1e-15) − 1 = .1256, and they have densities; the other has one too.
  for (const Gaussian& q : {plane(0.0, 1e-8, thin), Gaussian::standard(2)}) {
    CAPTURE(q.mean(), q.covariance());
    for (const Divergence kind : {Divergence::total_variation, Divergence::kl}) {
      CHECK(compare_supports(p, q) == SupportRelation::unknown);
      CHECK_THROWS_AS(divergence(kind, p, q), std::invalid_argument);
      CHECK_THROWS_AS(divergence(kind, q, p), std::invalid_argument);
    }
  }
  // Its support is no less than a line, whatever it is: no atom lives there alone.
  CHECK(compare_supports(p, Gaussian::dirac(Vector::Zero(2))) == SupportRelation::different);
  CHECK(compare_supports(plane(0.0, 0.0, along_x), p) == SupportRelation::unknown);
}

TEST_CASE("in many dimensions supports are told apart along the axes", "[distances][exact]") {
  constexpr Index d = 40;
  const auto flat = [](Index axes, double at) {
    Vector variances = Vector::Zero(d);
    variances.head(axes).setOnes();
    Vector mean = Vector::Zero(d);
    mean(d - 1) = at;
    return Gaussian(mean, variances.asDiagonal());
  };
  CHECK(compare_supports(flat(35, 0.0), flat(35, 0.0)) == SupportRelation::same);
  CHECK(compare_supports(flat(35, 0.0), flat(35, 1.0)) == SupportRelation::different);
  CHECK(compare_supports(flat(35, 0.0), flat(34, 0.0)) == SupportRelation::different);
  // A slanted one is beyond what is eliminated.
  Matrix slanted = Matrix::Identity(d, d);
  slanted.topLeftCorner(2, 2).setOnes();
  CHECK(compare_supports({Vector::Zero(d), slanted}, {Vector::Ones(d), slanted}) ==
        SupportRelation::unknown);
}

TEST_CASE("Fisher information is not that of the coordinates of a slanted support",
          "[distances][precondition]") {
  // Of N(0, S) and N((1, 1), S) along (1, 1): variance 2, √2 apart, I = ½; in a coordinate, 1.
  const Gaussian p = plane(0.0, 0.0, diagonal_line);
  const Gaussian q = plane(1.0, 1.0, diagonal_line);
  REQUIRE(compare_supports(p, q) == SupportRelation::same);
  CHECK_THROWS_AS(divergence(Divergence::fisher_information, p, q), std::invalid_argument);
  CHECK_THAT(singular_obstacle(Divergence::fisher_information, mixed(p), mixed(q)),
             Contains("coordinate axes"));
  CHECK_THAT(divergence(Divergence::kl, p, q), Encloses(0.5));
  // Turned into an axis, lengths and all.
  const Matrix turned{{0.0, 0.0}, {0.0, 2.0}};
  CHECK_THAT(divergence(Divergence::fisher_information, plane(3.0, 0.0, turned),
                        plane(3.0, std::numbers::sqrt2, turned)),
             Encloses(0.5));
}

TEST_CASE("components of weight zero have no support", "[distances][exact]") {
  const GaussianMixture p(Vector{{1.0, 0.0}}, Matrix::Zero(2, 2),
                          {along_x, Matrix::Identity(2, 2)});
  const GaussianMixture q = mixed(plane(1.0, 0.0, along_x));
  CHECK(singular_obstacle(Divergence::kl, p, q).empty());
  CHECK_THAT(divergence(Divergence::kl, p, q), Encloses(0.5));
  CHECK_THAT(divergence(Divergence::kl, q, p), Encloses(0.5));
}

TEST_CASE("many components are compared without a copy of each", "[distances][property]") {
  // Copies of the covariance and its factors would be 2·20000·200²·8 bytes, 12 GiB; pairs 4·10⁸.
  constexpr Index count = 20'000;
  constexpr Index d = 200;
  Matrix means = Matrix::Zero(d, count);
  means.row(0).setLinSpaced(0.0, 1.0);
  const Vector weights = Vector::Constant(count, 1.0 / static_cast<double>(count));
  const GaussianMixture atoms = GaussianMixture::isotropic(weights, means, 0.0);
  const GaussianMixture normal(Gaussian::standard(d));
  CHECK(divergence(Divergence::kl, atoms, normal).lower == infinity);
  CHECK(divergence(Divergence::total_variation, normal, atoms).lower == 1.0);

  // One support: the x-axis of a plane.
  const GaussianMixture lines(weights, means.topRows(2), {along_x});
  CHECK(singular_obstacle(Divergence::total_variation, lines, lines).empty());
  CHECK(divergence(Divergence::kl, lines, mixed(plane(0.0, 1.0, along_x))).lower == infinity);
  // As many supports as components: lines along y.
  const GaussianMixture apart(weights, means.topRows(2), {along_y});
  CHECK(divergence(Divergence::kl, apart, mixed(plane(2.0, 0.0, along_y))).lower == infinity);
  CHECK(divergence(Divergence::total_variation, mixed(plane(2.0, 0.0, along_y)), apart).lower ==
        1.0);
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

TEST_CASE("which supports are shared does not depend on which mixture is the larger",
          "[distances][property]") {
  Rng rng(12, 0);
  const Vector v = rng.normal_vector(2);
  const Matrix rounded = v * v.transpose();
  // Lines along x at height 0 and 1, along y, and one that is rounded.
  const Matrix means{{0.0, 0.0, 0.0, 0.0}, {0.0, 1.0, 0.0, 0.0}};
  const auto of = [&](const Vector& weights) {
    return GaussianMixture(weights, means, {along_x, along_x, along_y, rounded});
  };
  const GaussianMixture all = of(Vector::Constant(4, 0.25));
  const GaussianMixture one = mixed(plane(5.0, 1.0, along_x));
  const GaussianMixture unsure = mixed(plane(0.0, 0.0, 2.0 * rounded));
  const GaussianMixture elsewhere = mixed(plane(0.0, 2.0, along_x));
  const auto kl = Divergence::kl;
  CHECK(divergence(kl, all, one).lower == infinity);
  CHECK_THAT(singular_obstacle(kl, one, all), Contains("not all"));
  CHECK(divergence(Divergence::symmetric_kl, one, all).lower == infinity);
  const GaussianMixture without = of(Vector{{0.25, 0.25, 0.5, 0.0}});
  CHECK_THAT(singular_obstacle(Divergence::total_variation, one, without), Contains("not all"));
  CHECK(divergence(Divergence::total_variation, elsewhere, without).lower == 1.0);
  CHECK(divergence(Divergence::total_variation, without, elsewhere).lower == 1.0);
  for (const auto& [p, q] : {std::pair{unsure, all}, std::pair{elsewhere, all}}) {
    CHECK_THAT(singular_obstacle(Divergence::total_variation, p, q), Contains("to rounding"));
    CHECK_THAT(singular_obstacle(Divergence::total_variation, q, p), Contains("to rounding"));
  }
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
  // Masses good to a few units are told apart no better than by their squares.
  CHECK(divergence(Divergence::kl, p, p).upper < 1e3 * unit_round_off * unit_round_off);

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

TEST_CASE("masses whose doubles are equal need not be", "[distances][reference]") {
  // Ten points, 2 at 0, 3 at 1 and 5 at 2, against the doubles nearest .2, .3 and .5.
  const PointCloud p(Matrix{{0.0, 0.0, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 2.0, 2.0}});
  const Vector given{{0.2, 0.3, 0.5}};
  const PointCloud q(Matrix{{0.0, 1.0, 2.0}}, given);
  namespace hp = high_precision;
  hp::Real mass = 0;
  for (const double w : given) mass += w;
  hp::Real kl = 0;
  hp::Real chi = 0;
  hp::Real reverse = 0;
  hp::Real hellinger = 0;
  hp::Real js = 0;
  const int counts[] = {2, 3, 5};
  for (Index i = 0; i < 3; ++i) {
    const hp::Real a = hp::Real(counts[i]) / 10;
    const hp::Real b = hp::Real(given(i)) / mass;
    const hp::Real m = (a + b) / 2;
    kl += a * log(a / b);
    reverse += b * log(b / a);
    chi += (a - b) * (a - b) / b;
    hellinger += (sqrt(a) - sqrt(b)) * (sqrt(a) - sqrt(b)) / 2;
    js += (a * log(a / m) + b * log(b / m)) / 2;
  }
  REQUIRE(kl > 0);
  const auto encloses = [&](Divergence kind, const hp::Real& truth) {
    const Estimate found = divergence(kind, p, q);
    CAPTURE(to_string(kind), found, truth);
    CHECK(hp::Real(found.lower) <= truth);
    CHECK(truth <= hp::Real(found.upper));
    CHECK(found.upper < 1e4 * unit_round_off * unit_round_off);
  };
  encloses(Divergence::kl, kl);
  encloses(Divergence::symmetric_kl, kl + reverse);
  encloses(Divergence::chi_squared, chi);
  encloses(Divergence::squared_hellinger, hellinger);
  encloses(Divergence::jensen_shannon, js);
}

}  // namespace flowcheck::singular_divergence_test
