#include "learning/gaussian_block.hpp"

#include "distances/gaussian_divergence.hpp"
#include "support/estimates.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <stdexcept>
#include <utility>

namespace flowcheck::gaussian_block_test {

using Catch::Matchers::WithinAbs;
using Catch::Matchers::WithinRel;

const LineNormal narrow{.mean = 0.6, .variance = 0.36};

TEST_CASE("Distances to N(0, 1) are those of the Gaussian module", "[learning][exact]") {
  const Gaussian q = Gaussian::standard(1);
  for (const LineNormal& p : {narrow, LineNormal{.mean = -0.3, .variance = 1.4}}) {
    CHECK_THAT(chi_squared_to_noise(p).value, WithinRel(chi_squared(p.gaussian(), q).value, 1e-12));
    CHECK_THAT(kl_to_noise(p).value, WithinRel(kl(p.gaussian(), q).value, 1e-12));
  }
  CHECK(chi_squared_to_noise({.mean = 0.0, .variance = 2.0}).value == infinity);
  CHECK(supremum_to_noise({.mean = 0.1, .variance = 1.0}).value == infinity);
  CHECK(supremum_to_noise({}).value == 1.0);
}

TEST_CASE("Suprema and overlaps against N(0, 1) are what a fine grid finds",
          "[learning][reference]") {
  const LineNormal other{.mean = 0.3, .variance = 0.7};
  const auto density = [](const LineNormal& p, double x) {
    return std::exp(p.gaussian().log_density(Vector{{x}}));
  };
  double largest = 0.0;
  double overlap = 0.0;
  double gap = 0.0;
  const double h = 1e-3;
  for (double x = -12.0; x <= 12.0; x += h) {
    const double noise = density({}, x);
    const double p = density(narrow, x);
    const double r = density(other, x);
    largest = std::max(largest, p / noise);
    overlap += h * p * std::pow((p + r) / noise, 2);
    gap += h * (p - r) * (p - r) / noise;
  }
  CHECK_THAT(supremum_to_noise(narrow).value, WithinRel(largest, 1e-6));
  CHECK_THAT(overlap_with_noise(narrow, other).value, WithinRel(std::sqrt(overlap), 1e-9));
  CHECK_THAT(squared_gap_to_noise(narrow, other).value, WithinRel(gap, 1e-9));
  CHECK(overlap_with_noise({.mean = 0.0, .variance = 1.6}, other).value == infinity);
}

TEST_CASE("∫(p − p*)²/q is a number or infinite where its terms are infinite",
          "[learning][exact]") {
  const LineNormal wide{.mean = 0.3, .variance = 3.0};
  for (const LineNormal& other :
       {narrow, LineNormal{.mean = 0.3, .variance = 1.8}, LineNormal{.mean = 0.3, .variance = 2.5},
        LineNormal{.mean = 0.2, .variance = 3.0}}) {
    CAPTURE(other.mean, other.variance);
    CHECK(squared_gap_to_noise(wide, other).lower == infinity);
    CHECK(squared_gap_to_noise(other, wide).lower == infinity);
  }
  // Zero, and what is beyond the numbers.
  const LineNormal far{.mean = 100.0, .variance = 0.9};
  for (const auto& [p, r] : {std::pair(wide, wide), std::pair(far, far), std::pair(far, narrow)}) {
    const Estimate gap = squared_gap_to_noise(p, r);
    CHECK_FALSE(gap.is_nan());
    CHECK(gap.lower < infinity);
    CHECK(gap.upper == infinity);
  }
}

TEST_CASE("Without an error the learned law is the exact one, to the last digit",
          "[learning][exact]") {
  for (const FieldError& error : {FieldError{}, FieldError{0.1, 0.0, 0.0}}) {
    const GaussianBlock block = gaussian_block(narrow, {.step_size = infinity, .error = error});
    CHECK(block.supremum.lower == 1.0);
    CHECK(block.supremum.upper == 1.0);
    CHECK_THAT(block.error, Encloses(0.0));
  }
}

// p_0 = N(.6, .36), γ = .3, v̂ − v = .3(1 − .4(x − m_t)).
TEST_CASE("Velocity error and distribution error are the dossier's", "[learning][reference]") {
  const FieldError error{.size = 0.3, .constant = 1.0, .slope = -0.4};
  const GaussianBlock linear = gaussian_block(narrow, {.step_size = 0.3, .error = error});
  CHECK_THAT(linear.chi_squared.value, WithinPrinted(0.453711, 6));
  CHECK_THAT(linear.chi_squared_growth.value, WithinPrinted(0.453711, 6));
  // The dossier prints .88381 and .51714 for the two bounds; a plain sum over 4000 × 800 points
  // confirms these.
  CHECK_THAT((linear.error * linear.sensitivity).value, WithinPrinted(0.883578, 6));
  CHECK_THAT(linear.kl.value, WithinPrinted(0.138021, 6));
  CHECK_THAT(linear.kl_growth.value, WithinPrinted(0.138021, 6));
  CHECK_THAT((linear.error * linear.kl_sensitivity).value, WithinPrinted(0.15737, 5));
  const GaussianBlock trigonometric = gaussian_block(
      narrow, {.step_size = 0.3, .interpolant = Interpolant::trigonometric, .error = error});
  CHECK_THAT(trigonometric.chi_squared.value, WithinPrinted(0.285409, 6));
  CHECK_THAT(trigonometric.chi_squared_growth.value, WithinPrinted(0.285409, 6));
  CHECK_THAT((trigonometric.error * trigonometric.sensitivity).value, WithinPrinted(0.516964, 6));
}

TEST_CASE("χ² and KL of a learned block are the integrals that their rates say",
          "[learning][exact]") {
  for (const double gamma : {0.05, 0.7, infinity}) {
    for (const auto interpolant : {Interpolant::linear, Interpolant::trigonometric}) {
      for (const auto coupling : {Coupling::dependent, Coupling::independent}) {
        CAPTURE(gamma, to_string(interpolant), to_string(coupling));
        const GaussianBlock block =
            gaussian_block({.mean = -0.4, .variance = 0.5}, {.step_size = gamma,
                                                             .interpolant = interpolant,
                                                             .coupling = coupling,
                                                             .error = {0.1, 1.0, 0.5}});
        CHECK_THAT(block.chi_squared_growth - block.chi_squared, Encloses(0.0));
        CHECK_THAT(block.kl_growth - block.kl, Encloses(0.0));
        CHECK((block.chi_squared_growth - block.chi_squared).width() < 1e-10);
      }
    }
  }
}

// ∫ρ³/ρ̂² is finite for k > 2/3 and ∫ρ²/ρ̂ for k > ½, k = e^{2ec₁}: within an interval of times so
// short that no node is in it the rules find finite sums all the same.
TEST_CASE("A learned law barely too narrow makes its integrals infinite", "[learning][exact]") {
  const auto block = [](double k) {
    return gaussian_block(narrow, {.step_size = 0.3, .error = {0.5 * std::log(k), 0.0, 1.0}});
  };
  for (const double gap : {1e-6, 1.1e-4, 1e-2}) {
    CAPTURE(gap);
    CHECK(block((2.0 - gap) / 3.0).sensitivity.lower == infinity);
    CHECK(std::isfinite(block((2.0 + gap) / 3.0).sensitivity.upper));
    CHECK(block((1.0 - gap) / 2.0).chi_squared_growth.lower == infinity);
    CHECK(std::isfinite(block((1.0 + gap) / 2.0).chi_squared_growth.upper));
  }
  // Rounding does not tell k from 2/3.
  const Estimate even = block(2.0 / 3.0).sensitivity;
  CHECK(even.lower < infinity);
  CHECK(even.upper == infinity);
}

// The moments' own differential equations, by the midpoint rule.
TEST_CASE("The learned law follows the moments' equations", "[learning][reference]") {
  const FieldError error{.size = 0.2, .constant = -0.7, .slope = 0.6};
  const double gamma = 0.3;
  const GaussianBlock block = gaussian_block(narrow, {.step_size = gamma, .error = error});
  const double a = std::exp(-gamma);
  const double noise = -std::expm1(-2.0 * gamma);
  const auto S = [&](double t) {
    const double alpha = 1.0 - t * (1.0 - a);
    return alpha * alpha * 0.36 + t * t * noise;
  };
  const auto S_rate = [&](double t) {
    return -2.0 * (1.0 - a) * (1.0 - t * (1.0 - a)) * 0.36 + 2.0 * t * noise;
  };
  double shift = 0.0;
  double variance = 0.36;
  constexpr int steps = 4000;
  const double h = 1.0 / steps;
  const auto rates = [&](double t, double delta, double v) {
    const double growth = S_rate(t) / (2.0 * S(t)) + error.size * error.slope;
    return std::pair(growth * delta + error.size * error.constant, 2.0 * growth * v);
  };
  for (int i = 0; i < steps; ++i) {
    const double t = h * i;
    const auto [d1, v1] = rates(t, shift, variance);
    const auto [d2, v2] = rates(t + 0.5 * h, shift + 0.5 * h * d1, variance + 0.5 * h * v1);
    shift += h * d2;
    variance += h * v2;
  }
  CHECK_THAT(block.end.mean.value, WithinAbs(0.6 * a + shift, 1e-7));
  CHECK_THAT(block.end.variance.value, WithinAbs(variance, 1e-7));
  const Gaussian image = pushforward(block.map(), narrow.gaussian());
  CHECK_THAT(image.mean()(0), WithinRel(block.end.mean.value, 1e-14));
  CHECK_THAT(image.covariance()(0, 0), WithinRel(block.end.variance.value, 1e-14));
}

// p_0 = N(.6, .36), γ = .3, N = 8, v̂ − v = e(1 − .3(x − m_t)).
TEST_CASE("Constants and residuals of a chain are the dossier's table", "[learning][reference]") {
  struct Row {
    Interpolant interpolant;
    double e, epsilon, C1, C2, L, residual;
    int epsilon_decimals, residual_decimals;
  };
  const Row row =
      GENERATE(Row{Interpolant::linear, 1e-1, 0.104, 0.919, 3.90, 2.96, 0.1865, 3, 4},
               Row{Interpolant::linear, 1e-2, 0.0104, 0.667, 3.60, 2.93, 0.00847, 4, 5},
               Row{Interpolant::linear, 1e-3, 1.04e-3, 0.657, 3.59, 2.93, 0.003388, 5, 6},
               Row{Interpolant::linear, 1e-4, 1.04e-4, 0.656, 3.59, 2.93, 0.003006, 6, 6},
               Row{Interpolant::trigonometric, 1e-2, 0.0106, 0.664, 4.83, 2.78, 0.00714, 4, 5});
  CAPTURE(to_string(row.interpolant), row.e);
  const std::vector<BlockOptions> blocks(
      8, {.step_size = 0.3, .interpolant = row.interpolant, .error = {row.e, 1.0, -0.3}});
  const GaussianChain chain = gaussian_chain(narrow, blocks);
  CHECK_THAT(chain.errors().largest_error().value,
             WithinPrinted(row.epsilon, row.epsilon_decimals));
  CHECK_THAT(chain.errors().supremum().value / std::sqrt(2.0 * std::acos(-1.0)),
             WithinPrinted(row.C1, 3));
  CHECK_THAT(chi_squared_to_noise(chain.end()).value,
             WithinPrinted(row.residual, row.residual_decimals));
  const PathConstants constants = largest(path_constants(narrow, blocks));
  CHECK_THAT(constants.integrability.value, WithinPrinted(row.C2, 2));
  CHECK_THAT(constants.score_growth.value, WithinPrinted(row.L, 2));
  // What the cells add is a few per cent.
  CHECK(constants.integrability.upper < 1.1 * constants.integrability.value);
  CHECK(constants.score_growth.upper < 1.1 * constants.score_growth.value);
  CHECK(constants.integrability.lower >= constants.integrability.value * (1.0 - 1e-6));
}

TEST_CASE("A chain's generated law is as far from the data as its end is from noise",
          "[learning][exact]") {
  const std::vector<BlockOptions> blocks(6, {.step_size = 0.3, .error = {0.05, 1.0, -0.3}});
  const GaussianChain chain = gaussian_chain(narrow, blocks);
  const Gaussian generated = chain.generated().gaussian();
  CHECK_THAT(chi_squared(narrow.gaussian(), generated).value,
             WithinRel(chi_squared_to_noise(chain.end()).value, 1e-11));
}

TEST_CASE("A start without a density and an infinite error are refused",
          "[learning][precondition]") {
  CHECK_THROWS_AS(gaussian_block({.mean = 0.0, .variance = 0.0}, {}), std::invalid_argument);
  CHECK_THROWS_AS(gaussian_block(narrow, {.error = {.size = infinity}}), std::invalid_argument);
  CHECK_THROWS_AS(gaussian_chain(narrow, {}), std::invalid_argument);
}

}  // namespace flowcheck::gaussian_block_test
