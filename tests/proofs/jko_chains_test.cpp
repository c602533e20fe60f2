// The dossier's numbers for chains of JKO steps (JKO-10, 12-15, 21, 23-28), from the library.

#include "claims/check.hpp"
#include "distances/gaussian_divergence.hpp"
#include "distances/wasserstein.hpp"
#include "jko/convergence.hpp"
#include "jko/generated_law.hpp"
#include "jko/jko_claims.hpp"
#include "jko/smoothing.hpp"
#include "support/estimates.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace flowcheck::jko_chains_test {

namespace {

// A value agrees with the dossier's to its last digit.
void check_digits(double value, double reference, double last_digit) {
  CAPTURE(value, reference);
  CHECK(std::abs(value - reference) <= 0.5000001 * last_digit);
}

CheckResult control(const Claim& claim, const std::string& name) {
  const ClaimResult result = check(claim);
  const auto found = std::find_if(result.controls.begin(), result.controls.end(),
                                  [&](const CheckResult& c) { return c.instance == name; });
  REQUIRE(found != result.controls.end());
  REQUIRE(found->verdict == Verdict::violated);
  return *found;
}

// First n with KL(pₙ ‖ q) at most the paper's level.
int first_hit(const GaussianProblem& problem, int limit) {
  const Estimate level =
      paper_kl_bound(convexity(problem.target), problem.step_size, problem.error);
  const JkoChain chain = problem.chain(limit);
  int n = 0;
  while (n < limit && chain.kl_to_target(n).value > level.value) ++n;
  return n;
}

}  // namespace

TEST_CASE("the paper's number of steps fails far outside of γλ < 2 only", "[jko][reference]") {
  const auto ratio = [](double a) {
    const auto [chain, epsilon] = paper_run(line_translate(1e6, a, 1.0), 1.0, 0);
    return chain.w2_to_target(chain.steps()).value / (std::sqrt(5.0) * epsilon.value);
  };
  check_digits(ratio(0.5), 0.447, 1e-3);
  check_digits(ratio(5.0), 0.447, 1e-3);
  check_digits(ratio(30.0), 0.93, 1e-2);
  check_digits(ratio(100.0), 44.3, 1e-1);
}

TEST_CASE("after the paper's number of steps KL is at its floor ε²/(2λ)", "[jko][reference]") {
  struct Row {
    double step_size;
    double error;
    int steps;
  };
  // W₀ is not stated; 1.64 gives all four numbers of steps. A translate of that size is within 3e-4
  // of the floor after 15 steps of γ = 1, closer in the other rows.
  for (const Row row : {Row{0.2, 0.3, 69}, {0.2, 0.01, 205}, {1.0, 0.3, 15}, {1.0, 0.01, 42}}) {
    CAPTURE(row.step_size, row.error);
    const JkoChain chain =
        paper_run(line_translate(1.64, row.step_size, row.error), row.error, 1).chain;
    CHECK(chain.steps() == row.steps);
    check_digits(chain.kl_to_target(row.steps).value / (0.5 * row.error * row.error), 1.0, 1e-3);
  }
}

TEST_CASE("the rate e^{−2γλ} for KL is too fast by a known factor", "[jko][reference]") {
  const auto ratio = [](double a) {
    const JkoChain chain = line_translate(1.0, a, 0.0).chain(10);
    return chain.kl_to_target(10).value / (std::exp(-20.0 * a) * chain.kl_to_target(0).value);
  };
  check_digits(ratio(0.1), 1.098, 1e-3);
  check_digits(ratio(0.5), 6.6, 1e-1);
  check_digits(ratio(1.0), 463.0, 1.0);
}

TEST_CASE("first hit, sharp and paper's number of steps", "[jko][reference]") {
  struct Row {
    double step_size;
    int hit;
    int sharp;
    int paper;
  };
  const double error = 1e-4;
  for (const Row row : {Row{0.05, 160, 213, 1651}, {0.5, 23, 27, 166}, {1.9, 10, 11, 45}}) {
    CAPTURE(row.step_size);
    const GaussianProblem problem = line_translate(3.0, row.step_size, error);
    const Estimate start = w2(problem.start, problem.target);
    CHECK(1 + sharp_steps(1.0, row.step_size, start, error) == row.sharp);
    CHECK(1 + paper_steps(1.0, row.step_size, start, error) == row.paper);
    CHECK(first_hit(problem, row.sharp) == row.hit);
  }
}

TEST_CASE("the end-to-end bound from W₀ is within a known factor on translates",
          "[jko][reference]") {
  const auto ratio = [](double a, double error) {
    const GaussianProblem problem = line_translate(3.0, a, error);
    const int n = 1 + sharp_steps(1.0, a, w2(problem.start, problem.target), error);
    return problem.chain(n).kl_to_target(n).value / (error * error * (0.5 + 1.0 / a));
  };
  // The ratio depends on where log(λW₀/ε)/log(1 + γλ) lies between two whole numbers.
  check_digits(ratio(0.05, 1e-2), 0.09, 1e-2);
  check_digits(ratio(0.05, 1e-6), 0.09, 1e-2);
  check_digits(ratio(0.5, 1e-2), 0.42, 1e-2);
  check_digits(ratio(0.5, 1e-6), 0.52, 1e-2);
  check_digits(ratio(1.9, 1e-2), 0.67, 1e-2);
  check_digits(ratio(1.9, 1e-6), 0.61, 1e-2);
  check_digits(ratio(10.0, 1e-2), 0.87, 1e-2);
}

TEST_CASE("a settled run has as many steps as its decay says, or is refused", "[jko][exact]") {
  ChainProblem problem = line_translate(3.0, 0.5, 1e-2);
  problem.settled_after = 3;  // which chain() stops at
  const auto [measures, decay] = settled_run(problem);
  const auto n = static_cast<int>(measures.w2.size()) - 1;
  CHECK(n == sharp_steps(1.0, 0.5, problem.distance, 1e-5));
  CHECK_THAT(decay.value, WithinRoundOff(std::pow(1.5, -n), n));
  problem.longest_chain = n - 1;
  CHECK_THROWS_AS(settled_run(problem), std::invalid_argument);
}

TEST_CASE("half the sharp number of steps misses by orders of magnitude", "[jko][reference]") {
  const Claim claim = jko_14_end_to_end();
  check_digits(control(claim, "half the steps, γλ = 0.05").tightness, 7e4, 1e4);
  check_digits(control(claim, "half the steps, γλ = 0.5").tightness, 4e5, 1e5);
  check_digits(control(claim, "half the steps, γλ = 1.9").tightness, 2e5, 1e5);
}

TEST_CASE("1/(4γN) is attained by an atom that is half way after N steps", "[jko][reference]") {
  const ClaimResult result = check(jko_15_sublinear());
  const auto tight = std::find_if(result.checks.begin(), result.checks.end(),
                                  [](const CheckResult& c) { return c.kind == CheckKind::tight; });
  REQUIRE(tight != result.checks.end());
  CHECK(tight->verdict == Verdict::tight);
  check_digits(tight->tightness, 1.0, 1e-12);
}

TEST_CASE("a fold loses relative entropy, an invertible block none", "[jko][reference]") {
  const CheckResult fold = control(jko_23_reverse_kl(), "x ↦ |x|");
  // Trapezoidal sums over [−39, 41] with 4000, 8000 and 16000 intervals agree on these digits; the
  // dossier's 0.163175 is wrong in the last two.
  check_digits(fold.lhs.value, 0.163169179653169, 1e-13);
  check_digits(fold.rhs.value, 0.5, 1e-15);
}

TEST_CASE("total variation of a small translate against relative entropy", "[jko][reference]") {
  const double m = 1e-3;
  const GaussianProblem problem = line_translate(m, 1.0, 0.0);
  const double tv = total_variation(problem.start, problem.target).value;
  check_digits(tv * tv / (m * m), 0.159, 1e-3);
  check_digits(tv / std::sqrt(0.5 * kl(problem.start, problem.target).value), 0.798, 1e-3);
}

TEST_CASE("smoothing an atom moves it by √δ, not δ", "[jko][reference]") {
  check_digits(control(jko_25_short_smoothing(), "W₂ ≤ Cδ").tightness, 18.3, 1e-1);
  const auto ratio = [](double delta) {
    const Gaussian P = Gaussian::dirac(Vector::Constant(1, 2.0));
    return smoothing_distance(P, delta).value / std::sqrt(6.0 * delta);
  };
  check_digits(ratio(1e-3), 0.58, 1e-2);
  check_digits(ratio(1.0), 0.64, 1e-2);
}

TEST_CASE("inversion errors grow geometrically, from the first power on", "[jko][reference]") {
  const Claim claim = jko_27_inexact_inversion();
  const CheckResult shifted = control(claim, "Σ L^k from k = 0");
  check_digits(shifted.lhs.value, 0.096625, 1e-6);
  check_digits(shifted.rhs.value, 0.074327, 1e-6);
  check_digits(control(claim, "Nε_inv").rhs.value, 0.012, 1e-15);
}

TEST_CASE("data without a density are refused by name", "[jko][property]") {
  const GaussianProblem problem = line_translate(1.0, 0.5, 0.01);
  const CheckOptions atom{.target = Target{.start = Gaussian::dirac(Vector::Constant(1, 1.0)),
                                           .reference = problem.target}};
  for (const Claim& claim : {jko_23_reverse_kl(), jko_24_total_variation(),
                             jko_27_inexact_inversion(), jko_28_lipschitz_maps()}) {
    CAPTURE(claim.id);
    const ClaimResult result = check(claim, atom);
    CHECK(result.verdict == Verdict::not_applicable);
    CHECK(result.reason == "p₀ has a density");
  }
  CHECK(check(jko_13_kl_contraction(), atom).reason == "KL(p₀ ‖ q) < ∞");
  CHECK(check(jko_26_smoothed_data(), atom).verdict == Verdict::holds);
}

TEST_CASE("total variation and smoothing say where they do not apply", "[jko][property]") {
  const Gaussian p(Vector::Ones(2), Matrix::Identity(2, 2));
  const Gaussian wide(Vector::Zero(2), 2.0 * Matrix::Identity(2, 2));
  const CheckOptions options{.target = Target{.start = p, .reference = wide}};
  CHECK(check(jko_24_total_variation(), options).reason == "d = 1");
  // Any reference is the unit of its own process.
  CHECK(check(jko_25_short_smoothing(), options).verdict == Verdict::holds);
  const ClaimResult smoothed = check(jko_26_smoothed_data(), options);
  CHECK(smoothed.verdict == Verdict::holds);
  CHECK(std::any_of(smoothed.checks.begin(), smoothed.checks.end(),
                    [](const CheckResult& one) { return one.reason == "d = 1"; }));
}

TEST_CASE("the reverse process on the line is the ratio of deviations", "[jko][exact]") {
  // F_N ∘ … ∘ F₁ is the increasing affine map with slope s_N/s₀, so q₀ has deviation s_q s₀/s_N.
  GaussianProblem problem = line_translate(2.0, 0.3, 0.02);
  problem.start = Gaussian(problem.start.mean(), Matrix::Constant(1, 1, 6.25));
  const JkoChain chain = problem.chain(5);
  const GeneratedLaw q = generated_laws(chain).front();
  const double ratio = std::sqrt(chain[0].covariance()(0, 0) / chain[5].covariance()(0, 0));
  const double mean = chain[0].mean()(0) - ratio * chain[5].mean()(0);
  CHECK(std::abs(q.law.covariance()(0, 0) / (ratio * ratio) - 1.0) <= q.covariance_error);
  CHECK(std::abs(q.law.mean()(0) - mean) / ratio <= q.mean_error);
  CHECK(q.covariance_error < 1e-12);
  CHECK(q.mean_error < 1e-12);
}

}  // namespace flowcheck::jko_chains_test
