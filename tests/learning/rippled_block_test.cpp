#include "learning/rippled_block.hpp"

#include "learning/gaussian_block.hpp"
#include "support/estimates.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <stdexcept>
#include <utility>

namespace flowcheck::rippled_block_test {

using Catch::Matchers::WithinRel;

// Amplitude 1/k, the worst case under bounded scores. The dossier's rows are those of N(.4, .5).
TEST_CASE("χ² of a fine ripple is of the order of its velocity error", "[learning][reference]") {
  const std::pair<double, double> rows[] = {
      {4.0, 0.676}, {8.0, 0.702}, {16.0, 0.706}, {32.0, 0.7068}, {64.0, 0.7070}};
  for (const auto& [k, printed] : rows) {
    CAPTURE(k);
    const RippledBlock block =
        rippled_block({.amplitude = 1.0 / k, .frequency = k, .mean = 0.4, .variance = 0.5});
    CHECK_THAT((block.chi_squared / block.error).value, WithinPrinted(printed, k < 32.0 ? 3 : 4));
  }
}

TEST_CASE("χ² of a rippled law is the integral that its rate says", "[learning][exact]") {
  for (const double variance : {0.3, 1.0}) {
    for (const double mean : {0.0, -0.7}) {
      CAPTURE(variance, mean);
      const RippledBlock block =
          rippled_block({.amplitude = 0.4, .frequency = 3.0, .mean = mean, .variance = variance});
      const Estimate gap = block.growth - block.chi_squared;
      CHECK_THAT(gap, Encloses(0.0));
      CHECK(gap.width() < 1e-9);
      CHECK(block.chi_squared.upper < (block.error * block.sensitivity).lower);
    }
  }
}

TEST_CASE("A small ripple is as far from noise as its law", "[learning][exact]") {
  const RippledBlock block =
      rippled_block({.amplitude = 1e-9, .frequency = 3.0, .mean = 0.4, .variance = 0.5});
  const LineNormal law{.mean = 0.4, .variance = 0.5};
  CHECK_THAT(block.to_noise.value, WithinRel(chi_squared_to_noise(law).value, 1e-8));
  CHECK_THAT(block.overlap.value, WithinRel(overlap_with_noise(law, law).value, 1e-8));
  CHECK_THAT(block.supremum.value, WithinRel(supremum_to_noise(law).value, 1e-8));
}

TEST_CASE("A ripple that is no density, or does not move, is refused", "[learning][precondition]") {
  CHECK_THROWS_AS(rippled_block({.amplitude = 1.0}), std::invalid_argument);
  CHECK_THROWS_AS(rippled_block({.frequency = 0.0}), std::invalid_argument);
  CHECK_THROWS_AS(rippled_block({.variance = 1.1}), std::invalid_argument);
}

}  // namespace flowcheck::rippled_block_test
