#include "measures/gaussian_mixture.hpp"

#include "measures/posterior_moments.hpp"
#include "measures/random_gaussian.hpp"
#include "support/estimates.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <numbers>

namespace flowcheck::gaussian_mixture_test {

namespace {

GaussianMixture random_mixture(Rng& rng, Index dimension, Index count) {
  Vector weights(count);
  Matrix means(dimension, count);
  std::vector<Matrix> covariances;
  for (Index k = 0; k < count; ++k) {
    const Gaussian component = random_gaussian(rng, dimension);
    weights(k) = rng.uniform(0.1, 1.0);
    means.col(k) = component.mean();
    covariances.push_back(component.covariance());
  }
  return {weights / weights.sum(), means, covariances};
}

GaussianMixture two_centres(double first_weight, double variance) {
  return GaussianMixture::isotropic(Vector{{first_weight, 1.0 - first_weight}}, Matrix{{-1.0, 1.0}},
                                    variance);
}

// A schedule at one time: x_t = a Z + b X₁ and the derivatives of a and b.
struct Instant {
  double a, b, a_dot, b_dot;

  double wronskian() const { return a * b_dot - a_dot * b; }
};

// v = (ȧ/a)x + (Δ/a)M and v' = ȧ/a + (bΔ/a³)C in one dimension.
std::pair<double, double> velocity(const GaussianMixture& p, const Instant& t, double x) {
  const PosteriorMoments at_x = posterior_moments(p, t.b, t.a, Vector{{x}});
  return {t.a_dot / t.a * x + t.wronskian() / t.a * at_x.mean(0),
          t.a_dot / t.a + t.b * t.wronskian() / (t.a * t.a * t.a) * at_x.covariance(0, 0)};
}

}  // namespace

TEST_CASE("Velocities from the posterior are those of the dossier", "[measures][reference]") {
  // gif.md C.8: 40-digit values of v and v' at t = 0.35, x = 0.4, on five schedules.
  constexpr double t = 0.35;
  constexpr double pi = std::numbers::pi;
  const double foellmer = std::sqrt(1.0 - t * t);
  const double vp = 0.9 * (1.0 - t);
  const double vp_b = std::sqrt(1.0 - vp * vp);
  const std::vector<Instant> schedules{
      {1.0 - t, t, -1.0, 1.0},
      {foellmer, t, -t / foellmer, 1.0},
      {std::cos(pi * t / 2), std::sin(pi * t / 2), -pi / 2 * std::sin(pi * t / 2),
       pi / 2 * std::cos(pi * t / 2)},
      {vp, vp_b, -0.9, 0.9 * vp / vp_b},
      {3.0 * (1.0 - t), 1.0, -3.0, 0.0}};
  struct Row {
    GaussianMixture target;
    std::vector<double> v;
    std::vector<double> slope;
  };
  const std::vector<Row> table{
      {GaussianMixture(Gaussian(Vector{{0.3}}, Matrix{{0.25}})),
       {-.0662068965517241, .214728148657949, .241256969095594, .0726343622975237,
        -.144355336212215},
       {-1.24137931034483, -.289057123193393, -.659979273178418, -.779355348045444,
        -1.44355336212215}},
      {two_centres(0.5, 0.36),
       {-.0433375599686542, .0663540477790287, .185347958723032, .336969857999144,
        -.427522376243091},
       {-.166776966862724, .159660920550253, .421608090862131, .582887114826382,
        -1.07086925470619}},
      {two_centres(0.3, 0.0),
       {.366351182624966, .438726335316043, .741307398359707, 1.05211181490943, .129993979354624},
       {-.782968377105881, -.0695932885344183, -.133450608713242, -.51682554840546,
        -1.22884193917436}}};
  for (const Row& row : table) {
    for (std::size_t i = 0; i < schedules.size(); ++i) {
      CAPTURE(i, row.target.common_variance());
      const auto [v, slope] = velocity(row.target, schedules[i], 0.4);
      CHECK_THAT(v, Catch::Matchers::WithinAbs(row.v[i], 2e-14));
      CHECK_THAT(slope, Catch::Matchers::WithinAbs(row.slope[i], 2e-14));
    }
  }
}

TEST_CASE("A mixture of one is its Gaussian", "[measures][exact]") {
  Rng rng(1);
  const Gaussian g = random_gaussian(rng, 3);
  const GaussianMixture p(g);
  const Vector x = rng.normal_vector(3);
  CHECK(p.mean() == g.mean());
  CHECK(p.covariance().isApprox(g.covariance(), 1e-14));
  CHECK_THAT(p.log_density(x), WithinRoundOff(g.log_density(x), 3));
  CHECK(p.score(x).isApprox(g.score(x), 1e-13));
  CHECK(p.log_density_hessian(x).isApprox(-g.precision(), 1e-13));
  CHECK(p.has_common_covariance());
  CHECK(p.common_variance() == -1.0);
}

TEST_CASE("Score and Hessian are the derivatives of the log density", "[measures][order]") {
  Rng rng(2);
  const GaussianMixture p = random_mixture(rng, 3, 4);
  const Vector x = rng.normal_vector(3);
  const Vector direction = rng.normal_vector(3).normalized();
  const auto slope_error = [&](double h) {
    const double slope =
        (p.log_density(x + h * direction) - p.log_density(x - h * direction)) / (2.0 * h);
    return std::abs(slope - p.score(x).dot(direction));
  };
  const auto curvature_error = [&](double h) {
    const Vector curvature = (p.score(x + h * direction) - p.score(x - h * direction)) / (2.0 * h);
    return (curvature - p.log_density_hessian(x) * direction).norm();
  };
  for (const double h : {0.04, 0.02}) {
    CAPTURE(h);
    CHECK_THAT(std::log2(slope_error(h) / slope_error(h / 2)),
               Catch::Matchers::WithinAbs(2.0, 0.1));
    CHECK_THAT(std::log2(curvature_error(h) / curvature_error(h / 2)),
               Catch::Matchers::WithinAbs(2.0, 0.1));
  }
}

TEST_CASE("The log density of a mixture is finite far away", "[measures][exact]") {
  // At 1e6 the far component has weight exp(−2e6): the near one alone is left.
  const GaussianMixture p = two_centres(0.25, 1.0);
  const double x = 1e6;
  const double expected =
      std::log(0.75) - 0.5 * (x - 1.0) * (x - 1.0) - 0.5 * std::log(2.0 * std::numbers::pi);
  CHECK_THAT(p.log_density(Vector{{x}}), WithinRoundOff(expected, 1));
  CHECK(p.score(Vector{{x}})(0) == 1.0 - x);
}

TEST_CASE("Moments of a mixture are those of its definition", "[measures][exact]") {
  const GaussianMixture p(Vector{{0.25, 0.75}}, Matrix{{0.0, 4.0}, {0.0, 0.0}},
                          {Matrix{{1.0, 0.0}, {0.0, 2.0}}, Matrix{{3.0, 0.5}, {0.5, 1.0}}});
  CHECK(p.mean() == Vector{{3.0, 0.0}});
  CHECK(p.covariance().isApprox(Matrix{{2.5 + 3.0, 0.375}, {0.375, 1.25}}, 1e-15));
  CHECK(p.component(1).covariance()(0, 1) == 0.5);
  CHECK_FALSE(p.has_common_covariance());
}

TEST_CASE("Weights are divided by their sum", "[measures][exact]") {
  const GaussianMixture p =
      GaussianMixture::isotropic(Vector{{0.5, 0.5 + 8e-10}}, Matrix{{0.0, 1.0}}, 1.0);
  CHECK_THAT(p.weights().sum(), WithinRoundOff(1.0, 1));
  CHECK(p.weights()(0) < 0.5);
}

TEST_CASE("The Ornstein-Uhlenbeck law of a mixture is a semigroup towards N(0, I)",
          "[measures][property]") {
  Rng rng(3);
  const GaussianMixture p = random_mixture(rng, 2, 3);
  const GaussianMixture once = ou_law(p, 0.7);
  const GaussianMixture twice = ou_law(ou_law(p, 0.3), 0.4);
  CHECK(once.means().isApprox(twice.means(), 1e-14));
  for (Index k = 0; k < 3; ++k) CHECK(once.covariance(k).isApprox(twice.covariance(k), 1e-14));

  // The same map in two steps: contraction, then noise.
  const AffineMap contraction{.linear = std::exp(-0.7) * Matrix::Identity(2, 2),
                              .offset = Vector::Zero(2)};
  const GaussianMixture steps =
      convolution(pushforward(contraction, p), -std::expm1(-1.4) * Matrix::Identity(2, 2));
  CHECK(once.means().isApprox(steps.means(), 1e-14));
  CHECK(once.covariance(2).isApprox(steps.covariance(2), 1e-13));

  const GaussianMixture end = ou_law(p, infinity);
  CHECK(end.means().isZero(0.0));
  CHECK(end.covariance(1) == Matrix::Identity(2, 2));

  // An atom keeps its digits: variance 2t for t → 0.
  CHECK_THAT(ou_law(two_centres(0.5, 0.0), 1e-12).common_variance(),
             Catch::Matchers::WithinRel(2e-12, 1e-11));
}

TEST_CASE("A pushforward moves the density", "[measures][property]") {
  Rng rng(4);
  const GaussianMixture p = random_mixture(rng, 3, 4);
  const AffineMap map{.linear = rng.normal_matrix(3, 3), .offset = rng.normal_vector(3)};
  const GaussianMixture image = pushforward(map, p);
  const Vector x = rng.normal_vector(3);
  const double log_volume = 0.5 * Gaussian(Vector::Zero(3), map.linear * map.linear.transpose())
                                      .eigenvalues()
                                      .array()
                                      .log()
                                      .sum();
  CHECK_THAT(image.log_density(map(x)), WithinRoundOff(p.log_density(x) - log_volume, 3, 100.0));
}

TEST_CASE("sample draws from the mixture", "[measures][property]") {
  Rng rng(5);
  const GaussianMixture p = random_mixture(rng, 2, 3);
  constexpr Index n = 40'000;
  const Matrix points = sample(p, n, rng);
  const Vector standard_error = (p.covariance().diagonal() / double{n}).cwiseSqrt();
  const Vector error = points.rowwise().mean() - p.mean();
  CHECK(error.cwiseQuotient(standard_error).cwiseAbs().maxCoeff() < 5.0);

  // Components of weight zero are never drawn.
  const GaussianMixture q =
      GaussianMixture::isotropic(Vector{{0.0, 0.5, 0.5, 0.0}}, Matrix{{7.0, 1.0, 2.0, 9.0}}, 0.0);
  const Matrix atoms = sample(q, 2000, rng);
  const Index ones = (atoms.array() == 1.0).count();
  CHECK(ones + (atoms.array() == 2.0).count() == 2000);
  CHECK(std::abs(static_cast<double>(ones) - 1000.0) < 5.0 * std::sqrt(500.0));
}

TEST_CASE("GaussianMixture refuses what is not a mixture", "[measures][precondition]") {
  const Matrix means{{0.0, 1.0}};
  const Matrix unit{{1.0}};
  const Vector half{{0.5, 0.5}};
  CHECK_THROWS_AS(GaussianMixture(Vector{{0.5, 0.4}}, means, {unit}), std::invalid_argument);
  CHECK_THROWS_AS(GaussianMixture(Vector{{1.5, -0.5}}, means, {unit}), std::invalid_argument);
  CHECK_THROWS_AS(GaussianMixture(Vector{{1.0}}, means, {unit}), std::invalid_argument);
  CHECK_THROWS_AS(GaussianMixture(half, means, {}), std::invalid_argument);
  CHECK_THROWS_AS(GaussianMixture(half, means, {unit, unit, unit}), std::invalid_argument);
  CHECK_THROWS_AS(GaussianMixture(half, means, {-unit}), std::invalid_argument);
  CHECK_THROWS_AS(GaussianMixture(half, Matrix{{0.0, infinity}}, {unit}), std::invalid_argument);
  CHECK_THROWS_AS(GaussianMixture(Vector(0), Matrix(1, 0), {unit}), std::invalid_argument);
  CHECK_THROWS_AS(two_centres(0.5, 0.0).log_density(Vector{{0.0}}), std::invalid_argument);
  CHECK_THROWS_AS(two_centres(0.5, 1.0).score(Vector{{0.0, 1.0}}), std::invalid_argument);
  CHECK_THROWS_AS(ou_law(two_centres(0.5, 1.0), -1.0), std::invalid_argument);
  CHECK_THROWS_AS(convolution(two_centres(0.5, 1.0), Matrix::Identity(2, 2)),
                  std::invalid_argument);
}

}  // namespace flowcheck::gaussian_mixture_test
