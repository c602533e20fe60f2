// The dossier's numbers for chains on the line from data that are not Gaussian, from the library.

#include "claims/check.hpp"
#include "jko/jko_claims.hpp"
#include "jko/line_laws.hpp"
#include "measures/line_laws.hpp"
#include "proximal/line_blocks.hpp"
#include "support/estimates.hpp"

#include <algorithm>
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

TEST_CASE("from one well of a double well the other is reached late", "[jko][reference]") {
  const LineFunctional G = relative_entropy(line_energy(double_well_law(2.0)));
  LineMap p = gaussian_map(LineGrid(801), -2.0, 0.3);
  std::array<double, 201> kl = {};
  for (std::size_t n = 1; n < kl.size(); ++n) {
    p = answered_line_step(p, G, 0.2).step;
    kl[n] = value(G, p).value;
  }
  check_digits(kl[1], 0.717, 1e-3);
  check_digits(kl[5], 0.653, 1e-3);
  check_digits(kl[20], 0.484, 1e-3);
  check_digits(kl[100], 0.159, 1e-3);
  check_digits(kl[200], 0.050, 1e-3);
}

TEST_CASE("a ripple slows the last factors of KL and W₂ down", "[jko][reference]") {
  const double gamma = 0.1;
  const LineMeasure q = rippled_gaussian_law(0.8, 2.0);
  const LineFunctional G = relative_entropy(line_energy(q));
  const LineGrid grid(1601);
  LineMap p = gaussian_map(grid, 1.0, 0.5);
  for (int n = 0; n < 50; ++n) p = answered_line_step(p, G, gamma).step;
  const LineMap next = answered_line_step(p, G, gamma).step;
  const double kl = value(G, next).value / value(G, p).value;
  check_digits(kl * (1.0 + gamma) * (1.0 + gamma), 1.094, 1e-3);
  const LineMap target = line_map(grid, q);
  const double w = w2(next, target).value / w2(p, target).value;
  check_digits(w * (1.0 + gamma), 1.046, 1e-3);  // the dossier's 1.047 is that of an earlier step
}

TEST_CASE("scores against the target contract faster than they have to", "[jko][reference]") {
  // p_0 ∝ q e^{1.2 sin 1.7x}, γ = ½: (1 + γ)ℓ_n/ℓ_{n−1} with ℓ_n over |z| ≤ 5.
  const int k = GENERATE(0, 1);
  CAPTURE(k);
  const std::array<double, 4> expected =
      k == 0 ? std::array{0.58, 0.67, 0.78, 0.86} : std::array{0.57, 0.63, 0.68, 0.71};
  const LinePotential V = line_law(k).potential();
  const LineMeasure start(
      {.value = [f = V.value](double x) { return f(x) - 1.2 * std::sin(1.7 * x); },
       .slope = [f = V.slope](double x) { return f(x) - 2.04 * std::cos(1.7 * x); },
       .curvature = [f = V.curvature](double x) { return f(x) + 3.468 * std::sin(1.7 * x); },
       .oscillation = 2.4});
  const double gamma = 0.5;
  const LineGrid grid(801);
  const auto largest = [&](const Vector& score) {
    return (grid.nodes().array().abs() <= 5.0).select(score.cwiseAbs(), 0.0).maxCoeff();
  };
  LineMap p = line_map(grid, start);
  double before = largest(slope(line_target(k), p).field);
  for (const double ratio : expected) {
    const LineMap next = answered_line_step(p, line_target(k), gamma).step;
    const double after = largest((p.values() - next.values()) / gamma);
    check_digits((1.0 + gamma) * after / before, ratio, 1e-2);
    before = after;
    p = next;
  }
}

TEST_CASE("six blocks of a bimodal mixture keep relative entropy", "[jko][reference]") {
  const LineMap start =
      line_map(LineGrid(801), gaussian_mixture_law({0.3, 0.7}, {-3.0, 2.0}, {0.3, 0.6}));
  const LineReverseDensity reverse(
      line_jko_chain(start, line_target(0), {.step_sizes = constant_steps(0.5, 6)}));
  for (const int n : {0, 3, 6}) {
    CAPTURE(n);
    check_digits(reverse.kl(n).value, 0.0016243862, 1e-10);
  }
  check_digits(reverse.total_variation(0).value, 0.021671, 1e-6);
  check_digits(std::sqrt(0.5 * reverse.kl(0).value), 0.028499, 1e-6);
}

TEST_CASE("the first step from a uniform law has order 3/4", "[jko][reference]") {
  const ClaimResult result = check(jko_32_jko_to_fokker_planck());
  const auto control = std::find_if(
      result.controls.begin(), result.controls.end(),
      [](const CheckResult& c) { return c.instance == "first order from a uniform law"; });
  REQUIRE(control != result.controls.end());
  CHECK(control->verdict == Verdict::violated);
  check_digits(control->lhs.value, 0.750, 1e-3);  // the dossier's .749 is that of a larger γ
}

TEST_CASE("between two modes the generation map is as steep as the grid resolves",
          "[jko][reference]") {
  const auto steepest = [](Index points) {
    const LineMap start =
        line_map(LineGrid(points), gaussian_mixture_law({0.3, 0.7}, {-3.0, 2.0}, {0.3, 0.6}));
    const LineJkoResult step = answered_line_step(start, line_target(0), 0.5);
    return LineBlock(step.step, start).lipschitz_on_nodes(5.0).value;
  };
  check_digits(steepest(1601), 18.2, 0.1);
  CHECK(steepest(3201) > 30.0);
}

TEST_CASE("generation maps of log-concave laws are less steep than they may be",
          "[jko][reference]") {
  // p_0 ∝ e^{−sx²/2 − b log cosh 2x}, six steps with γ = ½ towards N(0, 1), |z| ≤ 5.
  struct Row {
    double s, b, steepest, bound;
  };
  const Row row = GENERATE(Row{0.4, 0.5, 1.463, 1.565}, Row{0.05, 1.0, 2.199, 4.081},
                           Row{2.0, 0.3, 0.699, 0.710});
  CAPTURE(row.s, row.b);
  const LineMap start = line_map(LineGrid(801), log_cosh_law(row.s, row.b, 2.0));
  LineMap p = start;
  double deviation = 1.0 / std::sqrt(row.s);
  for (int n = 0; n < 6; ++n) {
    p = answered_line_step(p, line_target(0), 0.5).step;
    deviation = (deviation + std::sqrt(deviation * deviation + 3.0)) / 3.0;  // γ = ½, λ = 1
  }
  check_digits(LineBlock(p, start).lipschitz_on_nodes(5.0).value, row.steepest, 1e-3);
  check_digits(1.0 / (deviation * std::sqrt(row.s)), row.bound, 1e-3);
}

}  // namespace flowcheck::jko_line_test
