#include "distances/crossings.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

namespace flowcheck::crossings_test {

namespace {

template <class Function>
BatchFunction batch(Function f) {
  return [f](const PanelArray& x, PanelArray& g) {
    for (std::size_t n = 0; n < panel_nodes; ++n) g[n] = f(x[n]);
  };
}

}  // namespace

TEST_CASE("crossings are found to the last places, next to an end and in close pairs",
          "[distances][exact]") {
  // The second zero is nearer to the end of its panel than any node of the rule is.
  const auto zero = GENERATE(0.3, 1.0 - 1e-4, 0.4999999);
  const std::vector<double> marks =
      marks_with_crossings({0.0, 1.0, 2.0}, batch([zero](double x) { return x - zero; }));
  CAPTURE(zero);
  REQUIRE(marks.size() == 4);
  CHECK(std::is_sorted(marks.begin(), marks.end()));
  CHECK(std::abs(marks[1] - zero) < 1e-15);

  const auto half_gap = GENERATE(0.1, 1e-2, 1e-4);
  const std::vector<double> pair = marks_with_crossings(
      {0.0, 1.0},
      batch([half_gap](double x) { return std::pow(x - 0.413, 2) - half_gap * half_gap; }));
  CAPTURE(half_gap, pair.size());
  for (const double x : {0.413 - half_gap, 0.413 + half_gap}) {
    CHECK(std::any_of(pair.begin(), pair.end(),
                      [x](double mark) { return std::abs(mark - x) < 1e-12; }));
  }
  CHECK(marks_with_crossings({0.0, 1.0}, batch([](double) { return 0.0; })).size() == 2);
}

}  // namespace flowcheck::crossings_test
