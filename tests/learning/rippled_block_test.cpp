#include "learning/rippled_block.hpp"

#include "support/estimates.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <stdexcept>

namespace flowcheck::rippled_block_test {

using Catch::Matchers::WithinAbs;

// Amplitude 1/k: the worst case under bounded scores.
TEST_CASE("χ² of a fine ripple is of the order of its velocity error", "[learning][reference]") {
  const double limit = 1.0 / std::sqrt(2.0);
  const std::pair<double, double> rows[] = {
      {4.0, 0.676}, {8.0, 0.702}, {16.0, 0.706}, {32.0, 0.7068}, {64.0, 0.7070}};
  for (const auto& [k, printed] : rows) {
    CAPTURE(k);
    const RippledBlock block = rippled_block({.amplitude = 1.0 / k, .frequency = k});
    const double ratio = (block.chi_squared / block.error).value;
    CHECK_THAT(ratio, WithinPrinted(printed, k < 32.0 ? 3 : 4));
    CHECK(ratio < limit);
  }
}

TEST_CASE("χ² of a rippled block is the integral that its rate says", "[learning][exact]") {
  for (const auto interpolant : {Interpolant::linear, Interpolant::trigonometric}) {
    for (const auto coupling : {Coupling::dependent, Coupling::independent}) {
      CAPTURE(to_string(interpolant), to_string(coupling));
      const RippledBlock block = rippled_block({.amplitude = 0.4,
                                                .frequency = 3.0,
                                                .step_size = 0.2,
                                                .interpolant = interpolant,
                                                .coupling = coupling});
      const Estimate gap = block.growth - block.chi_squared;
      CHECK_THAT(gap, Encloses(0.0));
      CHECK(gap.width() < 1e-9);
      CHECK(block.chi_squared.upper < (block.error * block.sensitivity).lower);
    }
  }
}

TEST_CASE("A ripple that is no density, or does not move, is refused", "[learning][precondition]") {
  CHECK_THROWS_AS(rippled_block({.amplitude = 1.0}), std::invalid_argument);
  CHECK_THROWS_AS(rippled_block({.frequency = 0.0}), std::invalid_argument);
}

}  // namespace flowcheck::rippled_block_test
