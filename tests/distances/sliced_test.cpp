#include "distances/sliced.hpp"

#include "distances/transport.hpp"
#include "measures/random_gaussian.hpp"
#include "numerics/rng.hpp"

#include <catch2/catch.hpp>

namespace flowcheck::sliced_test {

namespace {

PointCloud normal_cloud(std::uint64_t stream, Index dimension, Index count) {
  Rng rng(31, stream);
  return PointCloud(rng.normal_matrix(dimension, count));
}

}  // namespace

TEST_CASE("SW₂² of a translate is the squared shift over d", "[distances][exact]") {
  const auto dimension = GENERATE(Index{2}, Index{3}, Index{10});
  CAPTURE(dimension);
  const PointCloud p = normal_cloud(0, dimension, 50);
  const Vector shift = Vector::LinSpaced(dimension, 1.0, 2.0);
  const PointCloud q(p.points().colwise() + shift);
  const double exact = shift.squaredNorm() / static_cast<double>(dimension);
  const Estimate seen = squared_sliced_w2(p, q);
  CHECK(seen.grade == Grade::statistical);
  CHECK(seen.lower <= exact);
  CHECK(seen.upper >= exact);
  CHECK(seen.lower == Approx(exact).epsilon(1e-10));  // the bound by the means is attained
}

TEST_CASE("SW₂² of centred isotropic Gaussians is (σ − τ)²", "[distances][exact]") {
  const Gaussian p(Vector::Zero(4), 4.0 * Matrix::Identity(4, 4));
  const Gaussian q(Vector::Zero(4), Matrix::Identity(4, 4));
  const Estimate seen = squared_sliced_w2(p, q);
  CHECK(seen.value == Approx(1.0).epsilon(1e-12));
  CHECK(seen.lower <= 1.0);  // every direction is the same
  CHECK(seen.upper >= 1.0);
}

TEST_CASE("The interval shrinks like the root of the projections and keeps the limit",
          "[distances][order]") {
  Rng rng(32);
  const Gaussian p = random_gaussian(rng, 3);
  const Gaussian q = random_gaussian(rng, 3);
  const Estimate fine = squared_sliced_w2(p, q, {.projections = 100'000, .seed = 7});
  double last = 0.0;
  for (const int projections : {4000, 16'000, 64'000}) {
    const Estimate seen = squared_sliced_w2(p, q, {.projections = projections});
    CHECK(seen.lower <= fine.upper);
    CHECK(seen.upper >= fine.lower);
    if (last > 0.0) {  // between the deviation's and the range's part of the bound
      CHECK(seen.budget.sampling < 0.55 * last);
      CHECK(seen.budget.sampling > 0.24 * last);
    }
    last = seen.budget.sampling;
  }
}

TEST_CASE("SW₂ lies between the means' distance and W₂, both over √d", "[distances][property]") {
  const PointCloud p = normal_cloud(1, 2, 80);
  Rng rng(33);
  const PointCloud q((2.0 * rng.normal_matrix(2, 60)).colwise() + Vector{{1.0, 0.5}});
  const Estimate seen = squared_sliced_w2(p, q);
  CHECK(seen.lower <= 0.5 * squared_w2(p, q).upper);
  CHECK(seen.lower >= 0.0);
  CHECK(sliced_w2(p, q).value == Approx(std::sqrt(seen.value)));
}

TEST_CASE("The interval covers skewed terms as often as it says, and is never empty",
          "[distances][property]") {
  // Nearly all of what N(0, I + 8e₁e₁ᵀ) differs by is seen by few directions in d = 50.
  const Index d = 50;
  Matrix stretched = Matrix::Identity(d, d);
  stretched(0, 0) = 9.0;
  const Gaussian p = Gaussian::standard(d);
  const Gaussian q(Vector::Zero(d), stretched);
  const double exact = squared_sliced_w2(p, q, {.projections = 100'000, .seed = 1000}).value;
  const Gaussian moved(Vector::Unit(d, 0), Matrix::Identity(d, d));
  int missed = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const Estimate seen =
        squared_sliced_w2(p, q, {.projections = 256, .false_alarm = 0.1, .seed = seed});
    missed += seen.lower > exact || seen.upper < exact;
    const Estimate shifted =
        squared_sliced_w2(p, moved, {.projections = 64, .false_alarm = 0.1, .seed = seed});
    CHECK(shifted.lower <= shifted.value);
    CHECK(shifted.value <= shifted.upper);
    CHECK(shifted.lower <= 1.0 / 50.0);
    CHECK(shifted.upper >= 1.0 / 50.0);
  }
  CHECK(missed <= 10);
}

TEST_CASE("In one dimension nothing is drawn", "[distances][exact]") {
  const PointCloud p = normal_cloud(2, 1, 40);
  const PointCloud q = normal_cloud(3, 1, 30);
  const Estimate seen = squared_sliced_w2(p, q);
  CHECK(seen.grade == squared_w2(p, q).grade);
  CHECK(seen.value == squared_w2(p, q).value);
}

TEST_CASE("sliced_w2 refuses one projection and unequal dimensions", "[distances][precondition]") {
  const PointCloud p = normal_cloud(4, 2, 5);
  CHECK_THROWS_AS(sliced_w2(p, p, {.projections = 1}), std::invalid_argument);
  CHECK_THROWS_AS(sliced_w2(p, p, {.false_alarm = 0.0}), std::invalid_argument);
  CHECK_THROWS_AS(sliced_w2(p, normal_cloud(4, 3, 5)), std::invalid_argument);
}

}  // namespace flowcheck::sliced_test
