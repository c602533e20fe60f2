#include "learning/step_schedule.hpp"

#include "support/estimates.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <limits>
#include <stdexcept>

namespace flowcheck::step_schedule_test {

using Catch::Matchers::WithinRel;

void check_printed(const std::vector<double>& steps,
                   const std::vector<double>& printed,
                   int decimals) {
  REQUIRE(steps.size() == printed.size());
  for (std::size_t n = 0; n < steps.size(); ++n) {
    CAPTURE(n);
    CHECK_THAT(steps[n], WithinPrinted(printed[n], decimals));
  }
}

TEST_CASE("Step schedules are those of the released notebook, digit by digit",
          "[learning][reference]") {
  check_printed(exponential_steps(0.3, 1.1, 4), {0.3, 0.33, 0.363, 0.3993}, 6);
  check_printed(exponential_steps(0.15, 1.3, 3), {0.15, 0.195, 0.2535}, 6);
  check_printed(exponential_steps(0.025, 1.25, 8),
                {0.025, 0.031, 0.039, 0.049, 0.061, 0.076, 0.095, 0.119}, 3);
  check_printed(cosine_steps(4), {0.08302011, 0.2697481, 0.61525887, 3.45387764}, 7);
  std::vector<double> six = cosine_steps(6);
  six.pop_back();  // the printed rows leave out the last step, which is cut at β = 0.999
  check_printed(six, {0.037432, 0.111176, 0.20416, 0.347534, 0.659033}, 6);
  std::vector<double> nine = cosine_steps(9);
  nine.pop_back();
  check_printed(
      nine, {0.017248, 0.048459, 0.082901, 0.123682, 0.176214, 0.251798, 0.380151, 0.678082}, 6);
  check_printed(linear_steps(4), {0.0126589, 0.2128339, 0.5518124, 2.3025851}, 7);
}

TEST_CASE("A schedule's last step is cut where nothing of the signal would be left",
          "[learning][exact]") {
  CHECK_THAT(cosine_steps(7).back(), WithinRel(-0.5 * std::log(0.001), 1e-12));
}

TEST_CASE("What remains of the signal and its ratio to the noise are one number",
          "[learning][property]") {
  const std::vector<double> steps = exponential_steps(0.025, 1.25, 8);
  const std::vector<double> signal = remaining_signal(steps);
  const std::vector<double> ratio = signal_to_noise(steps);
  // Γ = 0.025 (1.25⁸ − 1)/0.25.
  CHECK_THAT(signal.back(), WithinRel(std::exp(-0.2 * (std::pow(1.25, 8) - 1.0)), 1e-14));
  for (std::size_t n = 0; n < steps.size(); ++n) {
    CHECK_THAT(ratio[n], WithinRel(signal[n] / (1.0 - signal[n]), 1e-13));
  }
  CHECK_THAT(signal_to_noise({1e-15}).front(), WithinRel(5e14, 1e-14));
  CHECK(signal_to_noise({0.0}).front() == std::numeric_limits<double>::infinity());
  CHECK(remaining_signal({std::numeric_limits<double>::infinity()}).front() == 0.0);
}

TEST_CASE("A schedule without a first step or a last is refused", "[learning][precondition]") {
  CHECK_THROWS_AS(exponential_steps(0.0, 1.1, 4), std::invalid_argument);
  CHECK_THROWS_AS(exponential_steps(0.1, -1.0, 4), std::invalid_argument);
  CHECK_THROWS_AS(cosine_steps(0), std::invalid_argument);
  CHECK_THROWS_AS(linear_steps(1), std::invalid_argument);
}

}  // namespace flowcheck::step_schedule_test
