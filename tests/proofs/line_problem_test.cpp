// Chains on the line as the claims see them: the dossier's numbers, and wrong claims on line laws.

#include "claims/check.hpp"
#include "distances/divergence.hpp"
#include "distances/monotone_transport.hpp"
#include "jko/chain_problem.hpp"
#include "jko/jko_claims.hpp"
#include "measures/line_laws.hpp"
#include "support/estimates.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace flowcheck::line_problem_test {

namespace {

LineJkoProblem from_mixture(const LineLaw& q, double step_size, Index points = 801) {
  return line_problem(q, line_map(LineGrid(points), mixture_data()), step_size);
}

CheckResult control(const Claim& claim, const std::string& name) {
  for (const CheckResult& found : check(claim).controls) {
    if (found.instance == name) return found;
  }
  FAIL(name);
  return {};
}

Target on_the_line(Measure start) {
  return {.start = std::move(start), .reference = Gaussian::standard(1)};
}

GaussianMixture mixture(double variance) {
  return GaussianMixture::isotropic(Vector{{0.4, 0.6}}, Matrix{{-1.5, 1.2}}, variance);
}

}  // namespace

TEST_CASE("a line problem has λ of its law, and its minimiser is the target", "[jko][exact]") {
  CHECK(from_mixture(law_q1(), 0.5).convexity().value == 1.0);
  CHECK(from_mixture(law_q3(), 0.5).convexity().value == 0.5);
  CHECK(from_mixture(law_q5(), 0.5).convexity().value == 0.0);
  CHECK(from_mixture(law_nc2(), 0.1).convexity().value == -4.0);
  const double lambda = from_mixture(law_nc1(0.8, 2.0), 0.1).convexity().value;
  CHECK(lambda <= 1.0 - 0.8 * 4.0);
  CHECK_THAT(lambda, Catch::Matchers::WithinAbs(-2.2, 1e-12));
  for (const LineLaw* q : {&law_q1(), &law_q2(), &law_q3()}) {
    const LineJkoProblem problem = from_mixture(*q, 0.5);
    CHECK(slope(problem.objective, problem.target).norm.value < 1e-10);
  }
}

TEST_CASE("a Gaussian problem and the line problem of the same law measure the same",
          "[jko][order]") {
  const GaussianProblem gaussian{.start = Gaussian(Vector::Constant(1, 1.0), Matrix{{4.0}}),
                                 .target = Gaussian::standard(1),
                                 .step_size = 0.5,
                                 .error = 0.1,
                                 .field = ErrorField::constant};
  const ChainMeasures exact = ChainProblem(gaussian).chain(3);
  std::vector<ChainMeasures> found;
  for (const Index points : {401, 801}) {
    LineJkoProblem line = line_problem(law_q1(), gaussian_map(LineGrid(points), 1.0, 2.0), 0.5);
    line.error = 0.1;
    line.field = ErrorField::constant;
    found.push_back(ChainProblem(line).chain(3));
  }
  for (std::size_t n = 0; n <= 3; ++n) {
    CAPTURE(n);
    const auto agree = [&](const std::vector<Estimate> ChainMeasures::*of) {
      const double reference = (exact.*of)[n].value;
      const double coarse = (found[0].*of)[n].value - reference;
      const double fine = (found[1].*of)[n].value - reference;
      CAPTURE(reference, coarse, fine);
      CHECK(std::abs(fine) < 1e-3 * (1.0 + reference));
      if (std::abs(fine) > 1e-9) CHECK(coarse / fine == Approx(4.0).margin(0.3));
    };
    agree(&ChainMeasures::w2);
    agree(&ChainMeasures::kl);
    agree(&ChainMeasures::slope);
    agree(&ChainMeasures::step_length);
    agree(&ChainMeasures::error);
  }
}

TEST_CASE("a rate of e^{−γλ} is violated on a law of the line", "[jko][JKO-11][control]") {
  // A translate of q by 3 contracts by 1/(1 + γλ) and no more, V = x²/2.
  const LineJkoProblem at_target =
      line_problem(law_q1(), gaussian_map(LineGrid(401), 0.0, 1.0), 0.5);
  LineJkoProblem problem = at_target;
  problem.start = translated(at_target.target, 3.0);
  const ChainProblem chain = problem;
  const ChainMeasures run = chain.chain(10);
  const Bound wrong{.lhs = run.w2[10], .rhs = exp(-10.0 * chain.ratio()) * run.w2[0]};
  CHECK(judge(wrong, 1e-8) == Verdict::violated);
  CHECK(violated_with_room(wrong, 1e-8));
  CHECK_THAT(tightness(wrong), Catch::Matchers::WithinAbs(2.57, 0.005));
  const Bound right{.lhs = run.w2[10], .rhs = pow(1.0 / (1.0 + chain.ratio()), 10) * run.w2[0]};
  CHECK(judge(right, 1e-8) == Verdict::tight);
}

TEST_CASE("a wrong λ breaks the evolution inequality in the double well by the reference amount",
          "[jko][JKO-02][reference]") {
  const CheckResult found = control(jko_02_evi(), "double well, λ = 1");
  CHECK(found.verdict == Verdict::violated);
  CHECK_THAT(found.lhs.value - found.rhs.value, Catch::Matchers::WithinAbs(1.36, 0.005));
}

TEST_CASE("the gap says little of ε where the map oscillates", "[jko][JKO-04][reference]") {
  const Claim claim = jko_04_suboptimality();
  const auto ratio = [&](const std::string& name) {
    const CheckResult found = control(claim, name);
    CHECK(found.verdict == Verdict::violated);
    return found.rhs.value / found.lhs.value;
  };
  CHECK_THAT(ratio("the same, cos 4z"), Catch::Matchers::WithinAbs(0.15, 0.005));
  CHECK_THAT(ratio("the same, cos 16z"), Catch::Matchers::WithinAbs(0.012, 0.0005));
  CHECK_THAT(ratio("the same, cos 48z"), Catch::Matchers::WithinAbs(0.0014, 0.00005));
}

TEST_CASE(
    "a user's mixture or points get a verdict or a named hypothesis from every claim of "
    "chains",
    "[jko][property]") {
  const auto start = GENERATE(0, 1, 2);
  CAPTURE(start);
  const Target target = on_the_line(start == 0   ? Measure(mixture(0.25))
                                    : start == 1 ? Measure(mixture(0.0))
                                                 : Measure(PointCloud(Matrix{{3.0, -1.0, 0.5}})));
  for (const Claim& claim : {jko_01_convexity(),
                             jko_02_evi(),
                             jko_03_evi_paper(),
                             jko_04_suboptimality(),
                             jko_05_step_and_slope(),
                             jko_06_descent(),
                             jko_08_slope_contraction(),
                             jko_09_regularisation(),
                             jko_10_w2_paper(),
                             jko_11_w2_contraction(),
                             jko_12_kl_paper(),
                             jko_14_end_to_end(),
                             jko_15_sublinear(),
                             jko_16_sublinear_inexact(),
                             jko_17_log_sobolev(),
                             jko_18_interaction(),
                             jko_19_gaussian_step(),
                             jko_20_mean_and_virial(),
                             jko_21_variable_steps(),
                             jko_22_resolvent(),
                             jko_30_talagrand_log_sobolev_hwi(),
                             jko_33_velocity_gap(),
                             jko_34_action_dissipation(),
                             jko_37_continuity_equation(),
                             jko_40_metamorphic_relations()}) {
    CAPTURE(claim.id);
    CHECK(check(claim, {.target = target}).verdict == Verdict::holds);
  }
  for (const Claim& claim : {jko_07_sum_of_steps(), jko_13_kl_contraction()}) {
    const ClaimResult result = check(claim, {.target = target});
    CAPTURE(claim.id, result.reason);
    if (start == 0) {
      CHECK(result.verdict == Verdict::holds);
    } else {
      CHECK(result.reason == "KL(p₀ ‖ q) < ∞");
    }
  }
  // Of points these have nothing: no density.
  for (const Claim& claim :
       {jko_23_reverse_kl(), jko_24_total_variation(), jko_26_smoothed_data(),
        jko_27_inexact_inversion(), jko_28_lipschitz_maps(), jko_31_fokker_planck_decay(),
        jko_32_jko_to_fokker_planck(), jko_35_benamou_brenier(), jko_36_block_loss(),
        jko_38_change_of_variables(), jko_39_toolbox()}) {
    const ClaimResult result = check(claim, {.target = target});
    CAPTURE(claim.id, result.reason);
    CHECK(result.verdict == (start == 0 ? Verdict::holds : Verdict::not_applicable));
  }
  CHECK(check(jko_25_short_smoothing(), {.target = target}).verdict == Verdict::holds);
  const ClaimResult slopes = check(jko_29_score_contraction(), {.target = target});
  CHECK(slopes.reason == (start == 0
                              ? "log(p₀/q) is Lipschitz, which asks for the variance of q, 1, of "
                                "p₀'s widest component, whose is 0.25"
                              : "p₀ has a density"));
}

TEST_CASE("a user's mixture as wide as the reference has a score that contracts",
          "[jko][JKO-29][property]") {
  const GaussianMixture p(Vector{{0.3, 0.7}}, Matrix{{-1.5, 1.2}}, {Matrix{{0.1}}, Matrix{{1.0}}});
  CHECK(check(jko_29_score_contraction(), {.target = on_the_line(p)}).verdict == Verdict::holds);
}

TEST_CASE("log-concavity is asked for with the number that a user's mixture has",
          "[jko][JKO-28][property]") {
  const auto failed = [](const GaussianMixture& start) {
    std::vector<std::string> reasons;
    for (const CheckResult& found :
         check(jko_28_lipschitz_maps(), {.target = on_the_line(start)}).checks) {
      if (found.verdict == Verdict::not_applicable) reasons.push_back(found.reason);
    }
    return reasons;
  };
  // Two components s² wide, d to either side of 0: −(log p)'' is 1/s² − d²/s⁴ in the middle.
  const Vector half{{0.5, 0.5}};
  const std::vector<std::string> reasons =
      failed(GaussianMixture::isotropic(half, Matrix{{-1.0, 1.0}}, 0.5));
  REQUIRE(reasons.size() == 3);
  CHECK(reasons[0].find("α₀ > 0: in units of the reference −(log p₀)'' is -2 at x = ") == 0);
  CHECK(failed(GaussianMixture::isotropic(half, Matrix{{-0.5, 0.5}}, 0.5)).empty());
}

TEST_CASE("what is said of a user's mixture encloses what is so of the mixture itself",
          "[jko][reference]") {
  const GaussianMixture start = mixture(0.25);
  const GaussianMixture q(Gaussian::standard(1));
  const auto measured = [](const LineJkoProblem& problem) -> Outcome {
    return Bound{.lhs = problem.distance(), .rhs = value(problem.objective, problem.start)};
  };
  const Bound found = on_user_line(on_the_line(start), measured).bounds.at(0);
  CHECK(found.part.empty());
  CHECK(found.lhs.grade == Grade::converged);
  CHECK_THAT(found.lhs, Encloses(w2(start, q).value));
  CHECK_THAT(found.rhs, Encloses(kl(start, q).value));
  CHECK(found.lhs.width() < 1e-4);
  CHECK(found.rhs.width() < 1e-3);
  // One grid's own numbers are not.
  const LineJkoProblem one = line_problem(on_the_line(start));
  CHECK(std::abs(one.distance().value - w2(start, q).value) > 1e3 * one.distance().width());

  const Bound of_points =
      on_user_line(on_the_line(PointCloud(Matrix{{3.0, -1.0, 0.5}})), measured).bounds.at(0);
  CHECK(of_points.part == "of 801 quantiles");
  CHECK(of_points.lhs.grade == Grade::closed_form);
}

TEST_CASE("wrong claims of a user's mixture are violated, what the grids get wrong included",
          "[jko][control]") {
  // Its mean contracts by 1/(1 + γ) and no more.
  const GaussianMixture start =
      GaussianMixture::isotropic(Vector{{0.4, 0.6}}, Matrix{{0.5, 3.2}}, 0.25);
  const auto violated = [&](const EvaluateLine& wrong) {
    const Outcome outcome = on_user_line(on_the_line(start), wrong);
    CAPTURE(outcome.bounds.at(0).lhs, outcome.bounds.at(0).rhs);
    return violated_with_room(outcome.bounds.at(0), 1e-8);
  };
  constexpr double gamma = 0.5;
  CHECK(violated([](const LineJkoProblem& problem) -> Outcome {
    const LineJkoChain chain = problem.exact().chain(10);
    return Bound{.lhs = chain.w2_to_target(10),
                 .rhs = exp(-10.0 * Estimate(gamma)) * chain.w2_to_target(0)};
  }));
  CHECK(violated([](const LineJkoProblem& problem) -> Outcome {
    const LineJkoChain chain = problem.exact().chain(10);
    return Bound{.lhs = chain.gap(10), .rhs = exp(-20.0 * Estimate(gamma)) * chain.gap(0)};
  }));
  CHECK(violated([](const LineJkoProblem& problem) -> Outcome {
    const LineJkoChain chain = problem.exact().chain(1);
    return identity((1.0 + 2.0 * gamma) * chain[1].mean(), chain[0].mean());
  }));
  CHECK(violated([](const LineJkoProblem& problem) -> Outcome {  // inexact steps without their ε
    LineJkoProblem pushed = problem;
    pushed.error = 0.3;
    const LineJkoChain chain = pushed.chain(1);
    return Bound{.lhs = chain.w2_to_target(1),
                 .rhs = chain.w2_to_target(0) / (1.0 + Estimate(gamma) * 1.5)};
  }));
}

TEST_CASE("the flow's claims have a control on mixtures of the line, which is caught",
          "[jko][control]") {
  CHECK(control(jko_34_action_dissipation(), "the same, mixtures on the line").verdict ==
        Verdict::violated);
  CHECK(control(jko_35_benamou_brenier(), "mixed densities are shortest").verdict ==
        Verdict::violated);
  CHECK(control(jko_37_continuity_equation(), "−v, mixtures on the line").verdict ==
        Verdict::violated);
  CHECK(control(jko_38_change_of_variables(), "+ ∫div, mixture on the line").verdict ==
        Verdict::violated);
}

TEST_CASE("a user's steps far shorter than the start is wide are found", "[jko][property]") {
  Target target =
      on_the_line(GaussianMixture::isotropic(Vector{{0.3, 0.7}}, Matrix{{-4.0, 5.0}}, 0.25));
  target.step_size = 1e-6;
  CHECK(check(jko_21_variable_steps(), {.target = target}).verdict == Verdict::holds);
}

TEST_CASE("what is neither Gaussian nor on the line is refused by name", "[jko][precondition]") {
  const Target plane{.start = PointCloud(Matrix{{3.0, -1.0}, {0.0, 1.0}}),
                     .reference = Gaussian::standard(2)};
  CHECK(check(jko_11_w2_contraction(), {.target = plane}).reason ==
        "left out: evaluated for Gaussian starts and on the line");
  const GaussianMixture both(Vector{{0.5, 0.5}}, Matrix{{0.0, 1.0}},
                             {Matrix{{0.0}}, Matrix{{1.0}}});
  CHECK_THROWS_AS(line_problem(on_the_line(both)), std::invalid_argument);
}

TEST_CASE("claims say which convexity they need of a law on the line", "[jko][property]") {
  for (const CheckResult& found : check(jko_11_w2_contraction()).checks) {
    if (found.instance != "line, λ = 0" && found.instance != "line, λ < 0") continue;
    CHECK(found.verdict == Verdict::not_applicable);
    CHECK(found.reason == "λ > 0");
  }
  for (const CheckResult& found : check(jko_15_sublinear()).checks) {
    CAPTURE(found.instance, found.reason);
    if (found.instance == "line, λ = 0") CHECK(found.verdict == Verdict::holds);
    if (found.instance == "line, λ < 0") CHECK(found.reason == "λ ≥ 0");
  }
}

}  // namespace flowcheck::line_problem_test
