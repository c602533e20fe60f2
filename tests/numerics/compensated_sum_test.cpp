#include "numerics/compensated_sum.hpp"

#include "numerics/rng.hpp"

#include <boost/multiprecision/cpp_int.hpp>
#include <catch2/catch.hpp>

#include <cmath>

namespace flowcheck::compensated_sum_test {

using Rational = boost::multiprecision::cpp_rational;

TEST_CASE("A compensated sum keeps what cancels, and its bounds enclose the exact sum",
          "[numerics][exact]") {
  const auto count = GENERATE(1, 10, 1000);
  CAPTURE(count);
  Rng rng(61, static_cast<std::uint64_t>(count));
  CompensatedSum sum;
  Rational exact = 0;
  for (int k = 0; k < count; ++k) {
    const double x = rng.normal() * std::exp(20.0 * rng.normal());
    const double y = rng.normal();
    sum.add_product(x, y);
    exact += Rational(x) * Rational(y);
    sum.add(-x * y);  // nearly all of it again
    exact -= Rational(x * y);
  }
  CHECK(Rational(sum.lower()) <= exact);
  CHECK(exact <= Rational(sum.upper()));
  // The plain sum has an error of the order of the largest term's last place, which this is not.
  const Rational error = exact - Rational(sum.value()) - Rational(sum.low_part());
  CHECK((error < 0 ? Rational(-error) : error) <= Rational(sum.error_bound()));
}

TEST_CASE("exact_sum leaves nothing out", "[numerics][exact]") {
  Rng rng(62);
  for (int k = 0; k < 100; ++k) {
    const double a = rng.normal() * std::exp(30.0 * rng.normal());
    const double b = rng.normal();
    const ExactSum s = exact_sum(a, b);
    CHECK(Rational(s.sum) + Rational(s.error) == Rational(a) + Rational(b));
    CHECK(s.sum == a + b);
  }
}

TEST_CASE("A compensated sum of one, one tiny and minus one is the tiny one", "[numerics][exact]") {
  CompensatedSum sum;
  sum.add(1.0);
  sum.add(1e-30);
  sum.add(-1.0);
  CHECK(sum.value() == 1e-30);
  CHECK(sum.lower() <= 1e-30);
  CHECK(sum.upper() >= 1e-30);
}

}  // namespace flowcheck::compensated_sum_test
