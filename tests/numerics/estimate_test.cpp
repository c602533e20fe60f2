#include "numerics/estimate.hpp"

#include "numerics/rng.hpp"
#include "support/estimates.hpp"
#include "support/real.hpp"

#include <cmath>
#include <limits>

namespace flowcheck::estimate_test {

namespace {

using high_precision::Real;

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

}  // namespace

TEST_CASE("arithmetic encloses every value of its operands", "[numerics][property]") {
  Rng rng(1);
  for (int i = 0; i < 2000; ++i) {
    const double x = rng.uniform(-3.0, 3.0);
    const double y = rng.uniform(-3.0, 3.0);
    const double ex = rng.uniform(0.0, 1.0);
    const double ey = rng.uniform(0.0, 1.0);
    const Estimate a = Estimate::closed_form(x, ex);
    const Estimate b = Estimate::converged(y, ey);
    // Any truth inside the operands has to stay inside the result.
    const double tx = rng.uniform(a.lower, a.upper);
    const double ty = rng.uniform(b.lower, b.upper);
    CAPTURE(x, ex, y, ey, tx, ty);
    CHECK_THAT(a + b, Encloses(tx + ty));
    CHECK_THAT(a - b, Encloses(tx - ty));
    CHECK_THAT(a * b, Encloses(tx * ty));
    CHECK_THAT(a / b, Encloses(tx / ty));
    CHECK_THAT(square(a), Encloses(tx * tx));
    CHECK_THAT(abs(a), Encloses(std::abs(tx)));
    CHECK_THAT(exp(a), Encloses(std::exp(tx)));
    CHECK_THAT(expm1(a), Encloses(std::expm1(tx)));
    CHECK_THAT(max(a, b), Encloses(std::max(tx, ty)));
    CHECK_THAT(min(a, b), Encloses(std::min(tx, ty)));
    CHECK_THAT(pow(a, 5), Encloses(std::pow(tx, 5)));
    if (tx > 0.0) CHECK_THAT(sqrt(a), Encloses(std::sqrt(tx)));
    if (tx > 0.0) CHECK_THAT(log(a), Encloses(std::log(tx)));
  }
}

TEST_CASE("arithmetic takes the weaker grade and never keeps exact", "[numerics][exact]") {
  CHECK(Estimate(1.0).grade == Grade::exact);
  CHECK((Estimate(1.0) + 2.0).grade == Grade::certified);
  CHECK((Estimate::closed_form(1.0, 0.1) * 2.0).grade == Grade::closed_form);
  CHECK((Estimate::closed_form(1.0, 0.1) + Estimate::statistical(1.0, 0.1)).grade ==
        Grade::statistical);
  CHECK((Estimate::sampled_supremum(1.0) + Estimate::converged(1.0, 0.1)).grade == Grade::sampled);
  CHECK(widened(Estimate(1.0), 0.1).grade == Grade::closed_form);
}

TEST_CASE("one third and its threefold are enclosed to the last place", "[numerics][exact]") {
  const Estimate third = Estimate(1.0) / 3.0;
  CHECK(third.lower < third.upper);
  CHECK(third.width() <= 4.0 * std::numeric_limits<double>::epsilon());
  CHECK_THAT(third * 3.0, Encloses(1.0));
}

TEST_CASE("the budget adds up by cause", "[numerics][exact]") {
  const Estimate a = Estimate::converged(2.0, 0.5, 0.1);
  const Estimate b = Estimate::statistical(3.0, 0.25);
  const Estimate sum = a + b;
  CHECK(sum.budget.discretisation == 0.5);
  CHECK(sum.budget.round_off == 0.1);
  CHECK(sum.budget.sampling == 0.25);
  CHECK((a * b).budget.discretisation == 1.5);
  CHECK((a * b).budget.sampling == 0.5);
  CHECK(sum.budget.total() == Approx(0.5 * sum.width()));
}

TEST_CASE("infinity is an answer and NaN a bug that is kept", "[numerics][exact]") {
  const Estimate infinite = infinity;
  CHECK((infinite + 1.0).lower == infinity);
  CHECK((infinite * 0.0).value == 0.0);
  CHECK(infinite.width() == 0.0);
  CHECK((infinite - infinite).is_nan());
  CHECK((Estimate(1.0) / 0.0).upper == infinity);
  const Estimate nan = not_a_number;
  for (const Estimate& result :
       {nan + 1.0, nan * 0.0, nan / 1.0, 1.0 / nan, sqrt(nan), max(nan, 1.0), max(1.0, nan),
        min(nan, 1.0), square(nan), exp(nan), expm1(nan), widened(nan, 1.0)}) {
    CHECK(result.is_nan());
  }
  CHECK(sqrt(Estimate(-1.0)).is_nan());
}

TEST_CASE("sqrt and log use the part of the enclosure where they are defined",
          "[numerics][exact]") {
  const Estimate a = Estimate::closed_form(0.0, 1e-8);
  CHECK(sqrt(a).lower == 0.0);
  CHECK(sqrt(a).upper >= 1e-4);
  CHECK(log(a).lower == -infinity);
}

TEST_CASE("expm1 keeps its digits near 0 and stays above −1", "[numerics][reference]") {
  for (const double x : {1e-300, 1e-12, -1e-12, 0.5, -0.5, 40.0}) {
    CAPTURE(x);
    const Estimate result = expm1(Estimate(x));
    const Real truth = boost::multiprecision::expm1(Real(x));
    CHECK(Real(result.lower) <= truth);
    CHECK(truth <= Real(result.upper));
    // e^x − 1 by subtraction has an error of 1e-16, not of 1e-16 |x|.
    CHECK(result.width() <= 5.0 * std::numeric_limits<double>::epsilon() * std::abs(result.value));
    CHECK(result.grade == Grade::certified);
  }
  CHECK(expm1(Estimate(0.0)).value == 0.0);
  CHECK(expm1(Estimate(-50.0)).lower >= -1.0);
  CHECK(expm1(Estimate(-infinity)).lower == -1.0);
  CHECK(expm1(Estimate(1000.0)).value == infinity);
  CHECK(expm1(Estimate(1000.0)).lower < infinity);  // overflow is no answer
  CHECK(expm1(Estimate(infinity)).lower == infinity);
  // The slope is e^x, for the budget and for the enclosure.
  const Estimate wide = expm1(Estimate::closed_form(1.0, 1e-6));
  CHECK(wide.budget.round_off == Approx(std::exp(1.0) * 1e-6));
  CHECK(wide.width() == Approx(2.0 * std::exp(1.0) * 1e-6));
}

TEST_CASE("a sampled supremum has no upper bound", "[numerics][exact]") {
  const Estimate seen = Estimate::sampled_supremum(2.0, 0.1);
  CHECK(seen.upper == infinity);
  CHECK(seen.lower <= 1.9);
  CHECK((2.0 * seen).upper == infinity);
}

TEST_CASE("what overflows is not known to be infinite", "[numerics][exact]") {
  const Estimate large = exp(Estimate(800.0));
  CHECK(large.value == infinity);
  for (const Estimate& product : {large, 2.0 * large, large * large, large / 0.5, square(large)}) {
    CHECK(product.lower > 1e307);
    CHECK(product.lower < infinity);
    CHECK(product.upper == infinity);
  }
  CHECK((-2.0 * large).upper < -1e307);
  CHECK((-2.0 * large).upper > -infinity);
  CHECK((2.0 * Estimate(infinity)).lower == infinity);
}

TEST_CASE("estimates refuse negative errors", "[numerics][precondition]") {
  CHECK_THROWS_AS(Estimate::closed_form(1.0, -0.1), std::invalid_argument);
  CHECK_THROWS_AS(widened(1.0, -0.1), std::invalid_argument);
  CHECK_THROWS_AS(Estimate::between(1.0, 2.0, 1.5, Grade::exact), std::invalid_argument);
  CHECK_THROWS_AS(pow(Estimate(1.0), -1), std::invalid_argument);
  CHECK_THROWS_AS(grade_from_string("perfect"), std::invalid_argument);
}

TEST_CASE("grades are named, and strongest is largest", "[numerics][exact]") {
  for (const Grade grade : {Grade::sampled, Grade::statistical, Grade::converged,
                            Grade::closed_form, Grade::certified, Grade::exact}) {
    CHECK(grade_from_string(to_string(grade)) == grade);
  }
  CHECK(Grade::sampled < Grade::exact);
}

}  // namespace flowcheck::estimate_test
