#include "numerics/best_first.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

namespace flowcheck::best_first_test {

namespace {

struct Interval {
  double from = 0.0;
  double to = 0.0;
  double bound = 0.0;
};

struct Found {
  double seen = -std::numeric_limits<double>::infinity();
  double open = 0.0;
  int places = 0;
};

// sup or, with its sign turned, inf of sin on [0, 10], of slope at most 1.
Found extreme_sine(double outward, const SearchGoal& goal) {
  Found found;
  const auto cell = [&](double from, double to) {
    const double middle = std::sin(0.5 * (from + to));
    found.seen = std::max(found.seen, outward * middle);
    ++found.places;
    return Interval{from, to, middle + outward * 0.5 * (to - from)};
  };
  const auto is_done = [&](double open) { return goal.is_met(found.seen, outward * open); };
  const auto halves = [&](const Interval& whole) {
    const double middle = 0.5 * (whole.from + whole.to);
    return std::array{cell(whole.from, middle), cell(middle, whole.to)};
  };
  found.open = outward * best_first(std::vector{cell(0.0, 10.0)}, outward, is_done, halves);
  return found;
}

}  // namespace

TEST_CASE("best_first encloses an extreme to the accuracy asked for", "[numerics][exact]") {
  const auto outward = GENERATE(1.0, -1.0);
  const Found found = extreme_sine(outward, {.accuracy = 1e-4});
  CHECK(found.seen <= 1.0);
  CHECK(found.open >= 1.0);
  CHECK(found.open - found.seen <= 1e-4);
}

TEST_CASE("a search ends where enough is proved, and not by its accuracy while that is open",
          "[numerics][exact]") {
  const Found proved = extreme_sine(1.0, {.accuracy = 1e-4, .enough = 1.5});
  CHECK(proved.open <= 1.5);
  CHECK(proved.places < extreme_sine(1.0, {.accuracy = 1e-4}).places);

  const SearchGoal goal{.accuracy = 0.1, .round_off = 0.01, .enough = 2.0};
  CHECK_FALSE(goal.is_met(1.97, 2.05));  // it may lie on either side of 2
  CHECK(goal.is_met(2.01, 2.05));
  CHECK(goal.is_met(1.995, 2.004));  // rounding decides no more
  CHECK(goal.is_met(0.0, 2.0));
}

}  // namespace flowcheck::best_first_test
