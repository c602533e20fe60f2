#include "learning/interpolant.hpp"

#include "numerics/rng.hpp"
#include "support/estimates.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

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

TEST_CASE("Names of interpolants and couplings are read as they are written",
          "[learning][property]") {
  for (const auto kind : {Interpolant::linear, Interpolant::trigonometric}) {
    CHECK(interpolant_from_string(to_string(kind)) == kind);
  }
  for (const auto kind : {Coupling::dependent, Coupling::shuffled, Coupling::independent}) {
    CHECK(coupling_from_string(to_string(kind)) == kind);
  }
  CHECK_THROWS_AS(interpolant_from_string("trig"), std::invalid_argument);
  CHECK_THROWS_AS(coupling_from_string(""), std::invalid_argument);
}

TEST_CASE("An Ornstein–Uhlenbeck step keeps its digits for short times and forgets for long ones",
          "[learning][exact]") {
  CHECK_THAT(ou_step(1e-14).noise, WithinRoundOff(std::sqrt(2e-14), 1));
  CHECK_THAT(ou_step(0.5).decay, WithinRoundOff(0.60653065971263342, 1));
  CHECK(ou_step(infinity).decay == 0.0);
  CHECK(ou_step(infinity).noise == 1.0);
  CHECK_THROWS_AS(ou_step(-0.1), std::invalid_argument);
}

// Five standard errors of a mean of products of normals; a wrong coupling is fifty away.
TEST_CASE("Right ends have the moments of their coupling", "[learning][reference]") {
  constexpr Index n = 20'000;
  constexpr double gamma = 0.3;
  Rng rng(5);
  const Matrix left = rng.normal_matrix(1, n).array() + 1.0;
  const Matrix others = rng.normal_matrix(1, n).array() + 1.0;
  const auto coupling = GENERATE(Coupling::dependent, Coupling::shuffled, Coupling::independent);
  CAPTURE(to_string(coupling));
  const Matrix right = right_ends(left, gamma, coupling, others, rng);
  const double error = 5.0 * 2.0 / std::sqrt(static_cast<double>(n));
  CHECK_THAT(right.mean(), WithinAbs(std::exp(-gamma), error));
  CHECK_THAT((right.array() - right.mean()).square().mean(), WithinAbs(1.0, error));
  const double covariance = (left.array() - left.mean()).matrix().cwiseProduct(right).mean();
  CHECK_THAT(covariance,
             WithinAbs(coupling == Coupling::dependent ? std::exp(-gamma) : 0.0, error));
}

TEST_CASE("Without noise a shuffled end is the same points in another order", "[learning][exact]") {
  Rng rng(3);
  const Matrix left = rng.normal_matrix(1, 50);
  CHECK((right_ends(left, 0.0, Coupling::dependent, rng) - left).norm() == 0.0);
  const Matrix right = right_ends(left, 0.0, Coupling::shuffled, rng);
  std::vector<double> a(left.data(), left.data() + left.size());
  std::vector<double> b(right.data(), right.data() + right.size());
  CHECK(a != b);
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  CHECK(a == b);
  CHECK_THROWS_AS(right_ends(left, 0.0, Coupling::independent, rng), std::invalid_argument);
}

}  // namespace flowcheck::interpolant_test
