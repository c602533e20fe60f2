#include "learning/interpolant.hpp"

#include "support/estimates.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <stdexcept>

namespace flowcheck::interpolant_test {

using Catch::Matchers::WithinAbs;

TEST_CASE("An interpolant runs from the left end to the right, with the rates of its weights",
          "[learning][exact]") {
  const auto interpolant = GENERATE(Interpolant::linear, Interpolant::trigonometric);
  CAPTURE(to_string(interpolant));
  const InterpolantValues start = interpolant_values(interpolant, 0.0);
  const InterpolantValues end = interpolant_values(interpolant, 1.0);
  CHECK((start.left == 1.0 && start.right == 0.0));
  CHECK((end.left == 0.0 && end.right == 1.0));
  const double h = 1e-5;
  for (const double t : {0.1, 0.37, 0.8}) {
    const InterpolantValues up = interpolant_values(interpolant, t + h);
    const InterpolantValues down = interpolant_values(interpolant, t - h);
    const InterpolantValues at = interpolant_values(interpolant, t);
    CHECK_THAT(at.left_rate, WithinAbs((up.left - down.left) / (2.0 * h), 1e-9));
    CHECK_THAT(at.right_rate, WithinAbs((up.right - down.right) / (2.0 * h), 1e-9));
  }
  CHECK_THROWS_AS(interpolant_values(interpolant, 1.1), std::invalid_argument);
}

TEST_CASE("An Ornstein–Uhlenbeck step keeps its digits for short times and forgets for long ones",
          "[learning][exact]") {
  CHECK_THAT(ou_step(1e-14).noise, WithinRoundOff(std::sqrt(2e-14), 1));
  CHECK_THAT(ou_step(0.5).decay, WithinRoundOff(0.60653065971263342, 1));
  CHECK(ou_step(infinity).decay == 0.0);
  CHECK(ou_step(infinity).noise == 1.0);
  CHECK_THROWS_AS(ou_step(-0.1), std::invalid_argument);
}

}  // namespace flowcheck::interpolant_test
