// The dossier's numbers for chains on the line from data that are not Gaussian, from the library.

#include "jko/line_laws.hpp"
#include "support/estimates.hpp"

#include <array>
#include <cmath>

namespace flowcheck::jko_line_test {

namespace {

// A value agrees with the dossier's to its last digit.
void check_digits(double value, double reference, double last_digit) {
  CAPTURE(value, reference);
  CHECK(std::abs(value - reference) <= 0.5000001 * last_digit);
}

}  // namespace

TEST_CASE("a push against a nearly flat potential carries the minimiser away", "[jko][reference]") {
  const LineFunctional& G = line_target(nearly_flat);
  const LineJkoChain chain = line_jko_chain(
      line_minimiser(LineGrid(801), G).step, G,
      {.step_sizes = constant_steps(1.0, 40), .error = 0.3, .field = ErrorField::constant});
  check_digits(chain.w2_to_target(1).value, 0.297, 1e-3);
  check_digits(chain.w2_to_target(10).value, 2.88, 1e-2);
  check_digits(chain.w2_to_target(40).value, 10.6, 1e-1);
}

}  // namespace flowcheck::jko_line_test
