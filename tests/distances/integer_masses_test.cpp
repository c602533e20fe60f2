#include "distances/integer_masses.hpp"

#include "numerics/rng.hpp"

#include <boost/multiprecision/cpp_int.hpp>
#include <catch2/catch.hpp>

#include <numeric>

namespace flowcheck::integer_masses_test {

namespace {

using Rational = boost::multiprecision::cpp_rational;

void check_masses(const IntegerMasses& masses, const PointCloud& cloud, std::int64_t unit) {
  Rational sum = 0;
  for (Index k = 0; k < cloud.size(); ++k) {
    sum += cloud.uniform() ? Rational(1) : Rational(cloud.weights()(k));
  }
  Rational error = 0;
  for (Index k = 0; k < cloud.size(); ++k) {
    const Rational weight = cloud.uniform() ? Rational(1) : Rational(cloud.weights()(k));
    const std::int64_t mass = masses.masses[static_cast<std::size_t>(k)];
    CHECK(mass >= 0);
    CHECK(masses.leftover(k) >= 0.0);
    const Rational difference = weight / sum * unit - mass - Rational(masses.leftover(k));
    error += difference < 0 ? Rational(-difference) : difference;
  }
  CHECK(error <= Rational(masses.error));
  CHECK(masses.error <= 1e-7);  // of a unit, which is 1e-18 of the mass
}

}  // namespace

TEST_CASE("integer_masses and leftovers are the weights, within the stated error",
          "[distances][exact]") {
  const auto n = GENERATE(Index{1}, Index{3}, Index{1000});
  const auto m = GENERATE(Index{1}, Index{7}, Index{640});
  const auto weights = GENERATE(0, 1, 2, 3);
  CAPTURE(n, m, weights);
  Rng rng(91, static_cast<std::uint64_t>((n * 1000 + m) * 4 + weights));
  const auto cloud = [&](Index count, bool weighted) {
    if (!weighted) return PointCloud(Matrix::Zero(1, count));
    Vector w(count);
    for (Index k = 0; k < count; ++k) w(k) = rng.log_uniform(1e-30, 1.0);
    if (count > 2) w(1) = 0.0;
    return PointCloud(Matrix::Zero(1, count), w / w.sum() * (1.0 + 9e-10));
  };
  const PointCloud p = cloud(n, weights % 2 == 1);
  const PointCloud q = cloud(m, weights / 2 == 1);
  const MassPair pair = integer_masses(p, q);
  check_masses(pair.first, p, pair.unit);
  check_masses(pair.second, q, pair.unit);
  const auto total = [](const IntegerMasses& masses) {
    return std::accumulate(masses.masses.begin(), masses.masses.end(), std::int64_t{0});
  };
  CHECK(total(pair.first) == total(pair.second));
  CHECK(total(pair.first) <= pair.unit);
  if (p.uniform()) CHECK(pair.first.error == 0.0);
  if (p.uniform() && q.uniform()) CHECK(total(pair.first) == std::lcm(n, m));
}

}  // namespace flowcheck::integer_masses_test
