#include "numerics/taylor_series.hpp"

#include "support/estimates.hpp"

#include <cmath>

namespace flowcheck::taylor_series_test {

namespace {

// ∂^k/∂x^k ∂^l/∂y^l of a series in two variables, at its point.
double partial(TaylorSeries f, int k, int l) {
  for (int i = 0; i < k; ++i) f = f.derivative(0);
  for (int i = 0; i < l; ++i) f = f.derivative(1);
  return f.value();
}

}  // namespace

TEST_CASE("TaylorSeries has every derivative of exp(xy) and cos(x + 2y)", "[numerics][exact]") {
  const double x = 0.7;
  const double y = -0.4;
  const SeriesVector at = variables_at(Vector{{x, y}}, 6);
  const TaylorSeries f = exp(at[0] * at[1]);
  const TaylorSeries g = cos(at[0] + 2.0 * at[1]);
  for (int k = 0; k <= 6; ++k) {
    CAPTURE(k);
    CHECK_THAT(partial(f, k, 0), WithinRoundOff(std::pow(y, k) * std::exp(x * y), 1, 1.0));
    for (int l = 0; k + l <= 6; ++l) {
      const double phase = x + 2.0 * y + 0.5 * M_PI * (k + l);
      CHECK_THAT(partial(g, k, l), WithinRoundOff(std::pow(2.0, l) * std::cos(phase), 1, 64.0));
    }
  }
  CHECK_THAT(partial(f, 1, 1), WithinRoundOff((1.0 + x * y) * std::exp(x * y), 1, 1.0));
}

TEST_CASE("TaylorSeries: log undoes exp and the reciprocal is one over", "[numerics][property]") {
  const SeriesVector at = variables_at(Vector{{0.3, 1.1, -0.6}}, 5);
  const TaylorSeries f = at[0] * at[1] + 0.5 * (at[2] * at[2] * at[0]) + 1.3;
  const TaylorSeries same = log(exp(f)) - f;
  const TaylorSeries one = f * reciprocal(f);
  for (int k = 0; k <= 2; ++k) {
    for (int l = 0; l <= 2; ++l) {
      CAPTURE(k, l);
      CHECK_THAT(partial(same, k, l), Catch::Matchers::WithinAbs(0.0, round_off(10.0, 3)));
      CHECK_THAT(partial(one, k, l), WithinRoundOff(k + l == 0 ? 1.0 : 0.0, 3, 10.0));
    }
  }
}

TEST_CASE("TaylorSeries of different order combine at the lower one", "[numerics][property]") {
  const TaylorSeries low = exp(variables_at(Vector{{0.5, 0.2}}, 3)[0]);
  const TaylorSeries high = exp(variables_at(Vector{{0.5, 0.2}}, 6)[1]);
  const TaylorSeries product = low * high;
  CHECK(product.order() == 3);
  CHECK_THAT(partial(product, 2, 1), WithinRoundOff(std::exp(0.7), 2));
}

TEST_CASE("SeriesFactors solve and know the determinant", "[numerics][property]") {
  const SeriesVector at = variables_at(Vector{{0.3, -0.2}}, 4);
  const TaylorSeries unit(2, 4, 1.0);
  // Exchanges rows: the first pivot is small.
  const SeriesMatrix A = {{0.1 * exp(at[0]), -unit, at[1]},
                          {unit + 0.2 * at[1], at[0] * at[1], 0.1 * unit},
                          {at[0], at[1], 2.0 * unit + 0.3 * exp(at[1])}};
  const SeriesVector b = {at[0], cos(at[1]), unit};
  const SeriesFactors factors(A);
  const SeriesVector x = factors.solve(b);
  for (std::size_t i = 0; i < 3; ++i) {
    const TaylorSeries residual = dot(A[i], x) - b[i];
    for (int k = 0; k <= 4; ++k) {
      CAPTURE(i, k);
      CHECK_THAT(partial(residual, k, 4 - k), Catch::Matchers::WithinAbs(0.0, round_off(1e3, 3)));
    }
  }
  const TaylorSeries determinant = A[0][0] * (A[1][1] * A[2][2] - A[1][2] * A[2][1]) -
                                   A[0][1] * (A[1][0] * A[2][2] - A[1][2] * A[2][0]) +
                                   A[0][2] * (A[1][0] * A[2][1] - A[1][1] * A[2][0]);
  const TaylorSeries error = exp(factors.log_determinant()) - determinant;
  for (int k = 0; k <= 4; ++k) {
    CHECK_THAT(partial(error, k, 4 - k), Catch::Matchers::WithinAbs(0.0, round_off(1e3, 3)));
  }
  CHECK(std::isnan(SeriesFactors({{unit, unit}, {2.0 * unit, unit}}).log_determinant().value()));
}

TEST_CASE("TaylorSeries refuses what it has no tables for", "[numerics][precondition]") {
  CHECK_THROWS_AS(TaylorSeries(0, 2, 1.0), std::invalid_argument);
  CHECK_THROWS_AS(TaylorSeries(7, 2, 1.0), std::invalid_argument);
  CHECK_THROWS_AS(TaylorSeries(2, 17, 1.0), std::invalid_argument);
  CHECK_THROWS_AS(TaylorSeries(3, 11, 1.0), std::invalid_argument);
  CHECK_THROWS_AS(TaylorSeries(2, -1, 1.0), std::invalid_argument);
  CHECK_THROWS_AS(TaylorSeries::variable(2, 3, 2, 0.0), std::invalid_argument);
  CHECK_THROWS_AS(TaylorSeries::variable(2, 0, 0, 0.0), std::invalid_argument);
  CHECK_THROWS_AS(TaylorSeries(2, 0, 1.0).derivative(0), std::invalid_argument);
  CHECK_THROWS_AS(TaylorSeries(2, 2, 1.0) * TaylorSeries(3, 2, 1.0), std::invalid_argument);
  CHECK_THROWS_AS(SeriesFactors({}), std::invalid_argument);
}

}  // namespace flowcheck::taylor_series_test
