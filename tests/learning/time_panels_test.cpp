#include "learning/time_panels.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>

namespace flowcheck::time_panels_test {

using Catch::Matchers::WithinRel;

TEST_CASE("Graded panels end where the scale has changed by a factor two", "[learning][property]") {
  const auto scale = [](double t) { return 1e-12 + t * t; };
  const std::vector<double> ends = graded_panels(scale, 1);
  CHECK(ends.front() == 0.0);
  CHECK(ends.back() == 1.0);
  CHECK(std::is_sorted(ends.begin(), ends.end()));
  CHECK(ends.size() > 20);
  for (std::size_t i = 1; i < ends.size(); ++i) CHECK(scale(ends[i]) <= 2.0 * scale(ends[i - 1]));
  CHECK(graded_panels([](double) { return 3.0; }, 4) == equal_panels(4));
  CHECK(halved(equal_panels(4)) == equal_panels(8));
}

TEST_CASE("Gauss nodes on panels integrate t¹⁹ exactly and t²⁰ not", "[learning][exact]") {
  const auto power = [](int n) {
    const TimeRule rule = gauss_rule({0.0, 1.0});
    double sum = 0.0;
    for (std::size_t i = 0; i < rule.times.size(); ++i) {
      sum += rule.weights[i] * std::pow(rule.times[i], n);
    }
    return sum * (n + 1.0);
  };
  CHECK_THAT(power(0), WithinRel(1.0, 1e-14));
  CHECK_THAT(power(19), WithinRel(1.0, 1e-13));
  CHECK(std::abs(power(20) - 1.0) > 1e-12);
}

}  // namespace flowcheck::time_panels_test
