#include "distances/adaptive_quadrature.hpp"

#include "distances/crossings.hpp"
#include "numerics/types.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

namespace flowcheck::adaptive_quadrature_test {

namespace {

template <class Function>
PanelIntegrand pointwise(Function f) {
  return [f](const PanelArray& x, PanelValues& at) {
    for (std::size_t n = 0; n < panel_nodes; ++n) at.values[n] = f(x[n]);
  };
}

template <class Function>
BatchFunction batch(Function f) {
  return [f](const PanelArray& x, PanelArray& g) {
    for (std::size_t n = 0; n < panel_nodes; ++n) g[n] = f(x[n]);
  };
}

}  // namespace

TEST_CASE("one panel is exact for polynomials, and says so up to degree 29", "[distances][exact]") {
  const auto degree = GENERATE(range(0, 45));
  const QuadratureResult result =
      adaptive_quadrature(pointwise([degree](double x) { return std::pow(x, degree); }), {0.0, 1.0},
                          {.most_panels = 1});
  CAPTURE(degree);
  CHECK_THAT(result.value, Catch::Matchers::WithinRel(1.0 / (degree + 1.0), 1e-15));
  if (degree <= 29) CHECK(result.discretisation < 1e-15);
  CHECK(result.panels == 1);
}

TEST_CASE("adaptive quadrature encloses what it integrates", "[distances][exact]") {
  const auto narrow = GENERATE(1.0, 1e-3, 1e-6);
  // ∫ 1/(x² + s²) over [−1, 2], a peak of width s.
  const double exact = (std::atan(1.0 / narrow) + std::atan(2.0 / narrow)) / narrow;
  const QuadratureResult result = adaptive_quadrature(
      pointwise([narrow](double x) { return 1.0 / (x * x + narrow * narrow); }), {-1.0, 2.0});
  CAPTURE(narrow, result.panels);
  CHECK(std::abs(result.value - exact) <= result.discretisation + result.round_off);
  CHECK(result.discretisation + result.round_off < 1e-12 * exact);
}

TEST_CASE("an exhausted quadrature owns up to what is unresolved", "[distances][control]") {
  const QuadratureResult result = adaptive_quadrature(
      pointwise([](double x) { return std::abs(x - 0.3); }), {0.0, 1.0}, {.most_panels = 3});
  const double exact = 0.5 * (0.09 + 0.49);
  CHECK(std::abs(result.value - exact) > 1e-6);
  CHECK(std::abs(result.value - exact) <= result.discretisation);
  CHECK(
      adaptive_quadrature(pointwise([](double x) { return x > 0.5 ? infinity : 0.0; }), {0.0, 1.0})
          .value == infinity);
}

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

}  // namespace flowcheck::adaptive_quadrature_test
