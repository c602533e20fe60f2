#include "distances/wasserstein.hpp"

#include "measures/random_gaussian.hpp"
#include "support/estimates.hpp"

#include <cmath>

namespace flowcheck::wasserstein_test {

TEST_CASE("w2 of measures on the line is the distance of means and deviations",
          "[distances][exact]") {
  const Gaussian p(Vector::Constant(1, 1.0), Matrix::Constant(1, 1, 4.0));
  const Gaussian q(Vector::Constant(1, -2.0), Matrix::Constant(1, 1, 9.0));
  CHECK_THAT(w2(p, q), Encloses(std::sqrt(9.0 + 1.0)));
  CHECK_THAT(squared_w2(p, q).value, WithinRoundOff(10.0, 1));
}

TEST_CASE("squared_w2 is symmetric and blind to rigid motions", "[distances][property]") {
  const auto d = GENERATE(Index{1}, Index{2}, Index{5}, Index{20}, Index{40});
  CAPTURE(d);
  Rng rng(7, static_cast<std::uint64_t>(d));
  const Gaussian p = random_gaussian(rng, d);
  const Gaussian q = random_gaussian(rng, d);
  const AffineMap motion = random_rigid_motion(rng, d);
  const double expected = squared_w2(p, q).value;
  CHECK_THAT(squared_w2(q, p).value, WithinRoundOff(expected, d));
  CHECK_THAT(squared_w2(pushforward(motion, p), pushforward(motion, q)).value,
             WithinRoundOff(expected, d, 10.0));
}

TEST_CASE("w2 is a metric on Gaussians, singular ones included", "[distances][property]") {
  const auto d = GENERATE(Index{1}, Index{2}, Index{6});
  CAPTURE(d);
  Rng rng(8, static_cast<std::uint64_t>(d));
  for (int i = 0; i < 20; ++i) {
    const Gaussian p = random_gaussian(rng, d);
    const Gaussian q = random_gaussian(rng, d);
    const Gaussian atom = Gaussian::dirac(rng.normal_vector(d));
    CHECK(w2(p, q).lower <= (w2(p, atom) + w2(atom, q)).upper);
    CHECK(w2(p, atom).lower <= (w2(p, q) + w2(q, atom)).upper);
    CHECK(w2(p, p).lower == 0.0);
    CHECK(w2(p, p).value < 1e-13);
  }
}

TEST_CASE("w2 of what has squares beyond double is in its enclosure", "[distances][exact]") {
  const Gaussian unit = Gaussian::standard(1);
  const Estimate far = w2(Gaussian(Vector{{1e155}}, Matrix{{1.0}}), unit);
  CHECK_THAT(far, Encloses(1e155));
  CHECK(far.width() < 1e142);
  const Estimate near = w2(Gaussian::dirac(Vector{{1e-170}}), Gaussian::dirac(Vector{{0.0}}));
  CHECK_THAT(near, Encloses(1e-170));
  CHECK(near.width() < 1e-183);
}

TEST_CASE("the distance to an atom is the second moment about it", "[distances][exact]") {
  Rng rng(9);
  const Gaussian p = random_gaussian(rng, 4);
  const Vector point = rng.normal_vector(4);
  const double expected = (p.mean() - point).squaredNorm() + p.covariance().trace();
  CHECK_THAT(squared_w2(p, Gaussian::dirac(point)).value, WithinRoundOff(expected, 4));
}

TEST_CASE("optimal_map is symmetric, pushes p to q and realises the distance",
          "[distances][exact]") {
  const auto d = GENERATE(Index{1}, Index{3}, Index{8});
  CAPTURE(d);
  Rng rng(10, static_cast<std::uint64_t>(d));
  const Gaussian p = random_gaussian(rng, d);
  const Gaussian q = random_gaussian(rng, d);
  const AffineMap T = optimal_map(p, q);
  CHECK((T.linear - T.linear.transpose()).norm() == 0.0);
  const Gaussian image = pushforward(T, p);
  CHECK((image.covariance() - q.covariance()).norm() < 1e-12 * q.covariance().norm());
  CHECK((image.mean() - q.mean()).norm() < 1e-12);
  const Matrix displacement = (T.linear - Matrix::Identity(d, d)) * p.factor();
  const double cost = displacement.squaredNorm() + (p.mean() - q.mean()).squaredNorm();
  CHECK_THAT(squared_w2(p, q).value, WithinRoundOff(cost, d, 100.0));
}

TEST_CASE("optimal_map_distance dominates w2 and equals it on the line", "[distances][property]") {
  Rng rng(14);
  for (int i = 0; i < 20; ++i) {
    const Gaussian base = random_gaussian(rng, 3);
    const Gaussian a = random_gaussian(rng, 3);
    const Gaussian b = random_gaussian(rng, 3);
    CHECK(optimal_map_distance(base, a, b).upper >= w2(a, b).lower);
    const Gaussian line = random_gaussian(rng, 1);
    const Gaussian c = random_gaussian(rng, 1);
    const Gaussian e = random_gaussian(rng, 1);
    CHECK_THAT(optimal_map_distance(line, c, e).value, WithinRoundOff(w2(c, e).value, 1, 10.0));
  }
}

TEST_CASE("distances refuse what has no answer", "[distances][precondition]") {
  const Gaussian plane = Gaussian::standard(2);
  const Gaussian line = Gaussian::standard(1);
  CHECK_THROWS_AS(w2(plane, line), std::invalid_argument);
  CHECK_THROWS_AS(optimal_map(Gaussian::dirac(Vector::Zero(2)), plane), std::invalid_argument);
  CHECK_THROWS_AS(optimal_map_distance(Gaussian::dirac(Vector::Zero(2)), plane, plane),
                  std::invalid_argument);
}

}  // namespace flowcheck::wasserstein_test
