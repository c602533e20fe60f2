#include "distances/entropy.hpp"

#include "measures/random_gaussian.hpp"
#include "numerics/rng.hpp"
#include "support/estimates.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <numbers>
#include <stdexcept>

namespace flowcheck::entropy_test {

namespace {

constexpr double log_two_pi_e = 2.83787706640934548356;

}  // namespace

TEST_CASE("the entropy of one Gaussian is its closed form", "[distances][exact]") {
  const Index d = GENERATE(Index{1}, Index{2});
  Rng rng(1, static_cast<std::uint64_t>(d));
  const Gaussian p = random_gaussian(rng, d);
  const double expected =
      0.5 * (static_cast<double>(d) * log_two_pi_e + std::log(p.covariance().determinant()));
  const Estimate found = entropy(GaussianMixture(p));
  CHECK(found.grade == Grade::closed_form);
  CHECK_THAT(found.value, Catch::Matchers::WithinAbs(expected, 1e-12));
}

TEST_CASE("components that do not overlap add the entropy of the choice", "[distances][exact]") {
  // Of N(±40, s²) or N((±40, 0), s²I) with weights w, 1 − w; what overlaps is e^{−800/s²}.
  const Index d = GENERATE(Index{1}, Index{2});
  const double w = 0.3;
  const double s = 0.7;
  Matrix means = Matrix::Zero(d, 2);
  means(0, 0) = -40.0;
  means(0, 1) = 40.0;
  const Estimate found = entropy(GaussianMixture::isotropic(Vector{{w, 1.0 - w}}, means, s * s));
  const double choice = -w * std::log(w) - (1.0 - w) * std::log(1.0 - w);
  CAPTURE(found.value, found.lower, found.upper);
  CHECK_THAT(found,
             Encloses(choice + 0.5 * static_cast<double>(d) * (log_two_pi_e + 2.0 * std::log(s))));
  CHECK(found.upper - found.lower < 1e-8);
  CHECK(found.grade == Grade::converged);
}

TEST_CASE("entropy moves by log det under a linear map", "[distances][property]") {
  const GaussianMixture p(Vector{{0.4, 0.6}}, Matrix{{0.0, 1.5}, {0.5, -0.3}},
                          {Matrix{{0.6, 0.2}, {0.2, 0.3}}, 0.4 * Matrix::Identity(2, 2)});
  const AffineMap map{.linear = Matrix{{2.0, 0.5}, {-0.3, 0.7}}, .offset = Vector{{3.0, -1.0}}};
  const Estimate moved = entropy(pushforward(map, p)) - entropy(p);
  CHECK_THAT(moved, Encloses(std::log(map.linear.determinant())));
  CHECK(moved.upper - moved.lower < 1e-8);
}

TEST_CASE("an entropy without a density or above the plane is refused",
          "[distances][precondition]") {
  CHECK_THROWS_AS(entropy(GaussianMixture(Gaussian::standard(3))), std::invalid_argument);
  CHECK_THROWS_AS(entropy(GaussianMixture(Gaussian::dirac(Vector::Zero(1)))),
                  std::invalid_argument);
}

}  // namespace flowcheck::entropy_test
