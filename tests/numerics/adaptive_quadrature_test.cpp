#include "numerics/adaptive_quadrature.hpp"

#include "numerics/types.hpp"
#include "support/estimates.hpp"

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

}  // namespace

TEST_CASE("one panel is exact for polynomials, and says so up to degree 29", "[numerics][exact]") {
  const auto degree = GENERATE(range(0, 45));
  const QuadratureResult result =
      adaptive_quadrature(pointwise([degree](double x) { return std::pow(x, degree); }), {0.0, 1.0},
                          {.most_panels = 1});
  CAPTURE(degree);
  CHECK_THAT(result.value, Catch::Matchers::WithinRel(1.0 / (degree + 1.0), 1e-15));
  if (degree <= 29) CHECK(result.discretisation < 1e-15);
  CHECK(result.panels == 1);
}

TEST_CASE("adaptive quadrature encloses what it integrates", "[numerics][exact]") {
  const auto narrow = GENERATE(1.0, 1e-3, 1e-6);
  // ∫ 1/(x² + s²) over [−1, 2], a peak of width s.
  const double exact = (std::atan(1.0 / narrow) + std::atan(2.0 / narrow)) / narrow;
  const QuadratureResult result = adaptive_quadrature(
      pointwise([narrow](double x) { return 1.0 / (x * x + narrow * narrow); }), {-1.0, 2.0});
  CAPTURE(narrow, result.panels);
  CHECK(std::abs(result.value - exact) <= result.discretisation + result.round_off);
  CHECK(result.discretisation + result.round_off < 1e-12 * exact);
}

TEST_CASE("an exhausted quadrature owns up to what is unresolved", "[numerics][control]") {
  const QuadratureResult result = adaptive_quadrature(
      pointwise([](double x) { return std::abs(x - 0.3); }), {0.0, 1.0}, {.most_panels = 3});
  const double exact = 0.5 * (0.09 + 0.49);
  CHECK(std::abs(result.value - exact) > 1e-6);
  CHECK(std::abs(result.value - exact) <= result.discretisation);
  CHECK(
      adaptive_quadrature(pointwise([](double x) { return x > 0.5 ? infinity : 0.0; }), {0.0, 1.0})
          .value == infinity);
}

TEST_CASE("quadrature carries the enclosures of its integrand", "[numerics][exact]") {
  const auto error = GENERATE(0.0, 1e-6);
  const auto blurred = [error](double x) { return Estimate::closed_form(std::exp(x), error); };
  const Estimate integral = quadrature(blurred, {0.0, 0.3, 2.0});
  CAPTURE(error);
  CHECK_THAT(integral, Encloses(std::expm1(2.0)));
  CHECK(integral.width() == Approx(4.0 * error).margin(1e-13));
  CHECK(integral.grade == Grade::converged);
}

}  // namespace flowcheck::adaptive_quadrature_test
