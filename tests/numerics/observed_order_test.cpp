#include "numerics/observed_order.hpp"

#include "support/estimates.hpp"

#include <cmath>

namespace flowcheck::observed_order_test {

namespace {

std::vector<double> errors_at(const std::vector<double>& steps, double order, double next_term) {
  std::vector<double> errors;
  for (const double h : steps) errors.push_back(std::pow(h, order) * (1.0 + next_term * h));
  return errors;
}

}  // namespace

TEST_CASE("observed_order finds a power law and its limit", "[numerics][order]") {
  const std::vector<double> steps = {0.1, 0.05, 0.025, 0.0125, 0.00625};
  const auto order = GENERATE(0.5, 1.0, 2.0, 4.0);
  const auto next_term = GENERATE(0.0, 1.0, -2.0, 5.0);
  CAPTURE(order, next_term);
  const Estimate observed = observed_order(steps, errors_at(steps, order, next_term));
  CHECK(observed.lower <= order + 1e-12);
  CHECK(observed.upper >= order - 1e-12);
  CHECK(observed.width() < 0.5);
  CHECK(observed.upper < order + 0.5);
  CHECK(observed.grade == Grade::converged);
}

TEST_CASE("observed_order refuses what has no slope", "[numerics][precondition]") {
  CHECK_THROWS_AS(observed_order({0.1, 0.05, 0.025}, {1.0, 0.5, 0.25}), std::invalid_argument);
  CHECK_THROWS_AS(observed_order({0.1, 0.05, 0.025, 0.01}, {1.0, 0.5, 0.25}),
                  std::invalid_argument);
  CHECK_THROWS_AS(observed_order({0.1, 0.2, 0.025, 0.01}, {1.0, 0.5, 0.25, 0.1}),
                  std::invalid_argument);
  CHECK_THROWS_AS(observed_order({0.1, 0.05, 0.025, 0.01}, {1.0, 0.5, 0.0, 0.1}),
                  std::invalid_argument);
}

}  // namespace flowcheck::observed_order_test
