#include "distances/assignment.hpp"

#include "measures/random_gaussian.hpp"
#include "numerics/round_off.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <vector>

using namespace flowcheck;

namespace {

double mean_cost(const Matrix& x, const Matrix& y, const std::vector<Index>& permutation) {
  double sum = 0.0;
  for (Index i = 0; i < x.cols(); ++i) {
    sum += (x.col(i) - y.col(permutation[static_cast<std::size_t>(i)])).squaredNorm();
  }
  return sum / static_cast<double>(x.cols());
}

std::vector<Index> identity_permutation(Index n) {
  std::vector<Index> permutation(static_cast<std::size_t>(n));
  std::iota(permutation.begin(), permutation.end(), Index{0});
  return permutation;
}

double least_cost_by_trying_all(const Matrix& x, const Matrix& y) {
  std::vector<Index> permutation = identity_permutation(x.cols());
  double least = std::numeric_limits<double>::infinity();
  do {
    least = std::min(least, mean_cost(x, y, permutation));
  } while (std::next_permutation(permutation.begin(), permutation.end()));
  return least;
}

bool is_permutation(std::vector<Index> permutation, Index n) {
  std::sort(permutation.begin(), permutation.end());
  return permutation == identity_permutation(n);
}

// What the two sides of the certificate may differ by: the model of the header's two means.
double rounding(const Matrix& x, const Matrix& y) {
  const double largest =
      x.colwise().squaredNorm().maxCoeff() + y.colwise().squaredNorm().maxCoeff();
  return 32.0 * (round_off(1.0, x.rows()) + static_cast<double>(x.cols()) * unit_round_off) *
         largest;
}

void check_certified(const AssignmentResult& result, const Matrix& x, const Matrix& y) {
  REQUIRE(result.termination == Termination::converged);
  REQUIRE(is_permutation(result.permutation, x.cols()));
  CHECK(result.squared_w2.value == Approx(mean_cost(x, y, result.permutation)).epsilon(1e-13));
  CHECK(result.squared_w2.lower <= result.squared_w2.value);
  CHECK(result.squared_w2.value <= result.squared_w2.upper);
  CHECK(result.squared_w2.width() <= rounding(x, y));
  CHECK(result.squared_w2.grade == Grade::closed_form);
}

}  // namespace

TEST_CASE("optimal_assignment finds what trying all permutations finds", "[distances][exact]") {
  const auto n = GENERATE(range(Index{1}, Index{8}));
  const auto d = GENERATE(Index{1}, Index{2}, Index{5});
  CAPTURE(n, d);
  Rng rng(31, static_cast<std::uint64_t>(100 * n + d));
  for (int trial = 0; trial < 5; ++trial) {
    const Matrix x = rng.normal_matrix(d, n);
    const Matrix y = 2.0 * rng.normal_matrix(d, n);
    const AssignmentResult result = optimal_assignment(x, y);
    check_certified(result, x, y);
    const double least = least_cost_by_trying_all(x, y);
    CHECK(result.squared_w2.lower <= least);
    CHECK(result.squared_w2.upper >= least);
  }
}

TEST_CASE("optimal_assignment on the line is sorting", "[distances][exact]") {
  const auto n = GENERATE(Index{2}, Index{37}, Index{400});
  Rng rng(32, static_cast<std::uint64_t>(n));
  const Matrix x = rng.normal_matrix(1, n);
  const Matrix y = rng.normal_matrix(1, n).array().exp();
  const AssignmentResult result = optimal_assignment(x, y);
  check_certified(result, x, y);

  std::vector<double> a(x.data(), x.data() + n);
  std::vector<double> b(y.data(), y.data() + n);
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  double sum = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  CHECK(result.squared_w2.value == Approx(sum / static_cast<double>(n)).epsilon(1e-12));
}

TEST_CASE("optimal_assignment closes its certificate on clouds of hundreds of points",
          "[distances][property]") {
  const auto n = GENERATE(Index{100}, Index{500});
  const auto d = GENERATE(Index{2}, Index{10});
  CAPTURE(n, d);
  Rng rng(33, static_cast<std::uint64_t>(100 * n + d));
  const Matrix x = rng.normal_matrix(d, n);
  const Matrix y = rng.normal_matrix(d, n);
  const AssignmentResult result = optimal_assignment(x, y);
  check_certified(result, x, y);
  // No assignment does better: not the one that happens to be written down, nor the way back.
  CHECK(result.squared_w2.value <= mean_cost(x, y, identity_permutation(n)));
  const Estimate back = optimal_assignment(y, x).squared_w2;
  CHECK(back.lower <= result.squared_w2.upper);
  CHECK(back.upper >= result.squared_w2.lower);
}

TEST_CASE("optimal_assignment sees a translation as its squared length", "[distances][property]") {
  Rng rng(34);
  const Matrix x = rng.normal_matrix(3, 60);
  const Vector shift = 10.0 * rng.normal_vector(3);
  const AssignmentResult result = optimal_assignment(x, x.colwise() + shift);
  check_certified(result, x, x.colwise() + shift);
  // The translate of each point is its optimal partner: x ↦ x + b is the gradient of a convex
  // function.
  CHECK(result.permutation == identity_permutation(60));
  CHECK(result.squared_w2.value == Approx(shift.squaredNorm()).epsilon(1e-12));
}

TEST_CASE("optimal_assignment is blind to rigid motions and scales with the square",
          "[distances][property]") {
  Rng rng(35);
  const Matrix x = rng.normal_matrix(2, 50);
  const Matrix y = rng.normal_matrix(2, 50);
  const AssignmentResult plain = optimal_assignment(x, y);
  const AffineMap motion = random_rigid_motion(rng, 2);
  const auto moved = [&](const Matrix& points) {
    return Matrix((motion.linear * points).colwise() + motion.offset);
  };
  const AssignmentResult after_motion = optimal_assignment(moved(x), moved(y));
  CHECK(after_motion.squared_w2.value == Approx(plain.squared_w2.value).epsilon(1e-12));
  CHECK(after_motion.permutation == plain.permutation);

  // Powers of two scale every cost exactly, down to the denormal squares and up to the last ones.
  const auto exponent = GENERATE(-400, -20, 3, 500);
  CAPTURE(exponent);
  const double factor = std::ldexp(1.0, exponent);
  const AssignmentResult scaled = optimal_assignment(factor * x, factor * y);
  CHECK(scaled.permutation == plain.permutation);
  CHECK(scaled.squared_w2.value == factor * factor * plain.squared_w2.value);
}

TEST_CASE("optimal_assignment copes with duplicates and ties", "[distances][property]") {
  SECTION("identical clouds cost nothing, in any order") {
    Rng rng(36);
    const Matrix x = rng.normal_matrix(2, 40);
    const AssignmentResult result = optimal_assignment(x, x.rowwise().reverse());
    check_certified(result, x, x.rowwise().reverse());
    CHECK(result.squared_w2.value == 0.0);
    CHECK(result.squared_w2.lower == 0.0);
  }
  SECTION("all points the same") {
    const Matrix x = Matrix::Constant(3, 20, 1.5);
    const AssignmentResult result = optimal_assignment(x, x);
    check_certified(result, x, x);
    CHECK(result.squared_w2.value == 0.0);
  }
  SECTION("two atoms against one") {
    Matrix x = Matrix::Zero(1, 10);
    x.rightCols(5).setConstant(2.0);
    const Matrix y = Matrix::Constant(1, 10, 1.0);
    const AssignmentResult result = optimal_assignment(x, y);
    check_certified(result, x, y);
    CHECK(result.squared_w2.value == 1.0);
  }
  SECTION("a square lattice against itself, half a step on") {
    Matrix x(2, 25);
    for (Index i = 0; i < 25; ++i)
      x.col(i) << static_cast<double>(i % 5), static_cast<double>(i / 5);
    const Matrix y = x.array() + 0.5;
    const AssignmentResult result = optimal_assignment(x, y);
    check_certified(result, x, y);
    CHECK(result.squared_w2.value == 0.5);
  }
}

TEST_CASE("optimal_assignment of single points is their squared distance", "[distances][exact]") {
  const AssignmentResult result =
      optimal_assignment(Matrix::Constant(2, 1, 1.0), Matrix::Constant(2, 1, -2.0));
  CHECK(result.permutation == std::vector<Index>{0});
  CHECK(result.squared_w2.value == 18.0);
}

TEST_CASE("optimal_assignment keeps small costs beside one huge one", "[distances][property]") {
  // One pair 10⁶ away sets the integer grid; the others' costs of order one must still be decided
  // by their own size.
  Rng rng(37);
  Matrix x = rng.normal_matrix(2, 7);
  Matrix y = rng.normal_matrix(2, 7);
  x.col(3).setConstant(1e6);
  y.col(5).setConstant(1e6 + 1.0);
  const AssignmentResult result = optimal_assignment(x, y);
  check_certified(result, x, y);
  CHECK(result.squared_w2.value == Approx(least_cost_by_trying_all(x, y)).epsilon(1e-12));
}

TEST_CASE("optimal_assignment says so where the cost overflows", "[distances][precondition]") {
  Matrix x = Matrix::Zero(1, 3);
  x(0, 1) = 1e200;
  const AssignmentResult result = optimal_assignment(x, Matrix::Zero(1, 3));
  CHECK(result.termination == Termination::not_finite);
  CHECK(result.permutation.empty());
  CHECK(result.squared_w2.is_nan());
}

TEST_CASE("optimal_assignment refuses what it cannot assign", "[distances][precondition]") {
  const Matrix x = Matrix::Zero(2, 3);
  CHECK_THROWS_AS(optimal_assignment(x, Matrix::Zero(2, 4)), std::invalid_argument);
  CHECK_THROWS_AS(optimal_assignment(x, Matrix::Zero(3, 3)), std::invalid_argument);
  CHECK_THROWS_AS(optimal_assignment(Matrix(2, 0), Matrix(2, 0)), std::invalid_argument);
  CHECK_THROWS_AS(optimal_assignment(x, x, {.largest_count = 2}), std::invalid_argument);
  Matrix bad = x;
  bad(1, 1) = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_AS(optimal_assignment(bad, x), std::invalid_argument);
}
