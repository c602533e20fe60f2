#include "distances/sliced.hpp"

#include "distances/transport.hpp"
#include "measures/random_gaussian.hpp"
#include "numerics/rng.hpp"

#include <catch2/catch.hpp>

using namespace flowcheck;

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
  CHECK(seen.width() < 1e-10);  // every direction is the same
}

TEST_CASE("The interval shrinks like the root of the projections and keeps the limit",
          "[distances][order]") {
  Rng rng(32);
  const Gaussian p = random_gaussian(rng, 3);
  const Gaussian q = random_gaussian(rng, 3);
  const Estimate fine = squared_sliced_w2(p, q, {.projections = 20'000, .seed = 7});
  double last = 0.0;
  for (const int projections : {200, 800, 3200}) {
    const Estimate seen = squared_sliced_w2(p, q, {.projections = projections});
    CHECK(seen.lower <= fine.upper);
    CHECK(seen.upper >= fine.lower);
    if (last > 0.0) CHECK(seen.budget.sampling == Approx(0.5 * last).epsilon(0.25));
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
