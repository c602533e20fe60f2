// Tests of the checker itself: a wrong theorem, a check without teeth, a NaN.

#include "claims/check.hpp"

#include "support/estimates.hpp"

#include <tbb/global_control.h>

#include <cmath>
#include <limits>
#include <mutex>
#include <set>
#include <stdexcept>

namespace flowcheck::check_test {

namespace {

// x² ≤ factor · x on x in [0, 1]: true for factor 1, attained at 1.
Outcome square_below(double x, double factor) {
  return Bound{.lhs = Estimate::closed_form(x * x, 1e-15),
               .rhs = Estimate::closed_form(factor * x, 1e-15)};
}

Claim right_claim() {
  return {.id = "TEST-01",
          .statement = "x² ≤ x on [0, 1]",
          .source = "tests",
          .instances = {{"random",
                         [](Trial& trial) { return square_below(trial.rng.uniform(), 1.0); }}},
          .tight = {{"x = 1", [](Trial&) { return square_below(1.0, 1.0); }, false}},
          .controls = {{"x² ≤ 0.9 x", [](Trial&) { return square_below(1.0, 0.9); }, false}},
          .on_target = [](const Target& target) -> Outcome {
            if (dimension(target.start) != 1) return Outcome::not_applicable("d = 1");
            return square_below(target.step_size, 1.0);
          }};
}

ClaimResult run(const Claim& claim, const CheckOptions& options = {}) {
  return check(claim, options);
}

Target target_of_dimension(Index d) {
  return {Gaussian::standard(d), Gaussian::standard(d)};
}

}  // namespace

TEST_CASE("a right claim holds, and its tight instance is tight", "[claims][exact]") {
  const ClaimResult result = run(right_claim());
  CHECK(result.verdict == Verdict::holds);
  REQUIRE(result.checks.size() == 2);
  CHECK(result.checks[0].verdict == Verdict::holds);
  CHECK(result.checks[0].draws == draw_count(Scale::quick));
  CHECK(result.checks[1].verdict == Verdict::tight);
  CHECK(result.checks[1].draws == 1);
  CHECK(result.controls.at(0).verdict == Verdict::violated);
  CHECK(result.tightness() == Approx(1.0));
  CHECK(result.grade() == Grade::closed_form);
  CHECK(exit_code({result}, true) == 0);
}

TEST_CASE("what is left out of a part that holds is counted, and alone is no verdict",
          "[claims][exact]") {
  const Target target = target_of_dimension(1);
  const auto of = [&](std::vector<Bound> bounds) {
    Claim claim = right_claim();
    claim.on_target = [bounds](const Target&) -> Outcome { return bounds; };
    return run(claim, {.target = target});
  };
  const Bound below{.lhs = 0.5, .rhs = 1.0};
  const Bound open = left_out("", "left out: it stays open");
  const ClaimResult some = of({below, open, below, open, below});
  CHECK(some.verdict == Verdict::holds);
  CHECK(some.checks.at(0).reason == "2 of 5 left out: it stays open");
  CHECK(of({below, left_out("", "λ > 0")}).checks.at(0).reason == "1 of 2 left out: λ > 0");
  CHECK(of({below}).checks.at(0).reason.empty());
  CHECK(of({open, open}).verdict == Verdict::not_applicable);
  CHECK(of({open, {.lhs = 2.0, .rhs = 1.0}}).verdict == Verdict::violated);
}

TEST_CASE("the check of a target names the place of its closest bound", "[claims][exact]") {
  Claim claim = right_claim();
  claim.on_target = [](const Target&) -> Outcome {
    std::vector<Bound> bounds;
    for (const double lhs : {0.2, 0.7, 0.4}) {
      bounds.push_back({.lhs = lhs, .rhs = 1.0, .place = lhs == 0.7 ? "there" : "elsewhere"});
    }
    return bounds;
  };
  CHECK(run(claim, {.target = target_of_dimension(1)}).checks.at(0).instance == "target, there");
  // A family's name is what replays a draw.
  claim.instances[0].draw = [](Trial&) { return Bound{.lhs = 0.5, .rhs = 1.0, .place = "there"}; };
  CHECK(run(claim).checks.at(0).instance == "random");
}

TEST_CASE("a wrong theorem comes out violated", "[claims][control]") {
  Claim wrong = right_claim();
  wrong.instances[0].draw = [](Trial& trial) {
    return square_below(trial.rng.uniform(0.5, 1.0), 0.45);
  };
  const ClaimResult result = run(wrong);
  CHECK(result.verdict == Verdict::violated);
  CHECK(exit_code({run(right_claim()), result}, false) == 1);
}

TEST_CASE("one violated draw among many is enough", "[claims][control]") {
  Claim wrong = right_claim();
  int draw = 0;
  wrong.instances[0].draw = [&draw](Trial&) { return square_below(0.5, ++draw == 5 ? 0.4 : 1.0); };
  const ClaimResult result = run(wrong);
  CHECK(result.verdict == Verdict::violated);
  CHECK(result.checks[0].tightness == Approx(1.25));
}

TEST_CASE("a check whose control gets through comes out powerless", "[claims][control]") {
  Claim toothless = right_claim();
  toothless.controls[0].draw = [](Trial&) { return square_below(0.5, 0.9); };
  const ClaimResult result = run(toothless);
  CHECK(result.verdict == Verdict::powerless);
  CHECK_THAT(result.reason, Catch::Contains("x² ≤ 0.9 x"));
  CHECK(exit_code({result}, false) == 1);

  Claim without = right_claim();
  without.controls.clear();
  CHECK(run(without).verdict == Verdict::powerless);
}

TEST_CASE("a control violated by less than ten times the widths is not enough",
          "[claims][control]") {
  Claim blurred = right_claim();
  blurred.controls[0].draw = [](Trial&) {
    return Bound{.lhs = Estimate::closed_form(1.0, 0.01), .rhs = Estimate::closed_form(0.9, 0.01)};
  };
  CHECK(run(blurred).verdict == Verdict::powerless);
}

TEST_CASE("a NaN or an exception ends its claim as a numerical failure, and no other",
          "[claims][control]") {
  Claim nan = right_claim();
  nan.id = "TEST-02";
  nan.instances[0].draw = [](Trial&) {
    return square_below(std::numeric_limits<double>::quiet_NaN(), 1.0);
  };
  Claim throws = right_claim();
  throws.id = "TEST-03";
  throws.instances[0].draw = [](Trial&) -> Outcome {
    throw std::runtime_error("did not converge");
  };
  Claim nan_control = right_claim();
  nan_control.id = "TEST-04";
  nan_control.controls[0].draw = nan.instances[0].draw;
  const std::vector<Claim> claims = {right_claim(), nan, throws, nan_control};
  const std::vector<ClaimResult> results = check_all(claims, claims);
  REQUIRE(results.size() == 4);
  CHECK(results[0].verdict == Verdict::holds);
  CHECK(results[1].verdict == Verdict::numerical_failure);
  CHECK(results[2].verdict == Verdict::numerical_failure);
  CHECK(results[2].reason == "did not converge");
  CHECK(results[3].verdict == Verdict::numerical_failure);
  CHECK(exit_code(results, false) == 3);
}

TEST_CASE("a NaN among violated draws is a numerical failure, whichever comes first",
          "[claims][control]") {
  for (const int nan_draw : {1, 4, 8}) {
    CAPTURE(nan_draw);
    Claim mixed = right_claim();
    int draw = 0;
    mixed.instances[0].draw = [&draw, nan_draw](Trial&) {
      return ++draw == nan_draw ? square_below(std::numeric_limits<double>::quiet_NaN(), 1.0)
                                : square_below(0.5, 0.4);
    };
    CHECK(run(mixed).verdict == Verdict::numerical_failure);
  }
}

TEST_CASE("enclosures too wide to decide are inconclusive", "[claims][exact]") {
  Claim wide = right_claim();
  wide.instances[0].draw = [](Trial&) {
    return Bound{.lhs = Estimate::closed_form(1.0, 0.2), .rhs = Estimate::closed_form(1.1, 0.2)};
  };
  const ClaimResult result = run(wide);
  CHECK(result.verdict == Verdict::inconclusive);
  CHECK(exit_code({result}, false) == 0);
  CHECK(exit_code({result}, true) == 4);
}

TEST_CASE("identities and orders are judged by their enclosures", "[claims][exact]") {
  CHECK(judge(identity(Estimate::closed_form(1.0, 1e-12), 1.0), 1e-9) == Verdict::tight);
  CHECK(judge(identity(Estimate::closed_form(1.0, 1e-12), 1.0 + 1e-9), 1e-9) == Verdict::violated);
  CHECK(judge(identity(Estimate::closed_form(1.0, 1e-3), 1.0), 1e-9) == Verdict::inconclusive);
  CHECK(judge(identity(infinity, 1.0), 1e-9) == Verdict::numerical_failure);
  CHECK(judge(identity(Estimate::closed_form(0.0, 1e-12), 0.0, "", 1.0), 1e-9) == Verdict::tight);
  CHECK(judge(order(Estimate::converged(1.98, 0.05), 2.0), 0.2) == Verdict::holds);
  CHECK(judge(order(Estimate::converged(1.9, 0.05), 2.0), 0.2) == Verdict::violated);
  CHECK(judge(order(Estimate::converged(1.9, 0.5), 2.0), 0.2) == Verdict::inconclusive);
  CHECK(violated_with_room(order(Estimate::converged(1.0, 0.1), 2.0), 0.2));
  CHECK_FALSE(violated_with_room(order(Estimate::converged(1.75, 0.1), 2.0), 0.2));
}

TEST_CASE("a result says by which scale equal sides were judged where neither shows it",
          "[claims][exact]") {
  const auto shown = [](double scale) {
    const Claim claim{.id = "T-1",
                      .statement = "0 = 0",
                      .source = "tests",
                      .instances = {{"zero", [scale](Trial&) -> Outcome {
                                       return identity(Estimate::closed_form(0.5, 1e-9), 0.5, "",
                                                       scale);
                                     }}}};
    return check(claim).checks.at(0).scale;
  };
  CHECK(shown(3.0) == 3.0);
  CHECK(shown(0.25) == 0.0);
}

TEST_CASE("infinite sides compare as they should", "[claims][exact]") {
  CHECK(judge({.lhs = 1.0, .rhs = infinity}, 1e-9) == Verdict::holds);
  CHECK(judge({.lhs = infinity, .rhs = 1.0}, 1e-9) == Verdict::violated);
  CHECK(violated_with_room({.lhs = infinity, .rhs = 1.0}, 1e-9));
  CHECK(judge({.lhs = Estimate::sampled_supremum(1.0), .rhs = 2.0}, 1e-9) == Verdict::inconclusive);
  CHECK(judge({.lhs = Estimate::sampled_supremum(3.0), .rhs = 2.0}, 1e-9) == Verdict::violated);
}

TEST_CASE("a target is checked where the hypotheses hold, and told which one fails",
          "[claims][exact]") {
  const ClaimResult applies = run(right_claim(), {.target = target_of_dimension(1)});
  CHECK(applies.verdict == Verdict::holds);
  REQUIRE(applies.checks.size() == 1);
  CHECK(applies.checks[0].kind == CheckKind::target);
  const ClaimResult does_not = run(right_claim(), {.target = target_of_dimension(2)});
  CHECK(does_not.verdict == Verdict::not_applicable);
  CHECK(does_not.reason == "d = 1");
  CHECK(exit_code({does_not}, false) == 77);
  CHECK(exit_code({does_not, applies}, false) == 0);
  Claim closed = right_claim();
  closed.on_target = {};
  CHECK(run(closed, {.target = target_of_dimension(1)}).verdict == Verdict::not_applicable);
}

TEST_CASE("a precondition of the library that breaks on a target is a numerical failure",
          "[claims][control]") {
  Claim breaks = right_claim();
  breaks.on_target = [](const Target&) -> Outcome {
    throw std::invalid_argument("precision: the covariance is singular");
  };
  const ClaimResult result = run(breaks, {.target = target_of_dimension(1)});
  CHECK(result.verdict == Verdict::numerical_failure);
  CHECK(result.reason == "precision: the covariance is singular");
  CHECK(exit_code({result}, false) == 3);
}

TEST_CASE("a part that was left out is named, and does not speak for the claim",
          "[claims][exact]") {
  Claim partial = right_claim();
  partial.on_target = [](const Target&) -> Outcome {
    return std::vector<Bound>{{.lhs = 1.0, .rhs = 2.0, .part = "first"},
                              left_out("second", "d = 1")};
  };
  const ClaimResult result = run(partial, {.target = target_of_dimension(1)});
  CHECK(result.verdict == Verdict::holds);
  REQUIRE(result.checks.size() == 2);
  CHECK(result.checks[1].part == "second");
  CHECK(result.checks[1].verdict == Verdict::not_applicable);
  CHECK(result.checks[1].reason == "d = 1");
  CHECK(result.checks[1].draws == 0);

  partial.on_target = [](const Target&) -> Outcome {
    return std::vector<Bound>{left_out("second", "d = 1")};
  };
  const ClaimResult nothing = run(partial, {.target = target_of_dimension(1)});
  CHECK(nothing.verdict == Verdict::not_applicable);
  CHECK(nothing.reason == "d = 1");

  // Of a family it is left out only where no draw has it; elsewhere it is counted.
  int draw = 0;
  partial.instances[0].draw = [&draw](Trial&) -> Outcome {
    return std::vector<Bound>{++draw % 2 == 0 ? left_out("second", "even")
                                              : Bound{.lhs = 1.0, .rhs = 2.0, .part = "second"}};
  };
  const CheckResult family = run(partial).checks[0];
  CHECK(family.verdict == Verdict::holds);
  CHECK(family.draws == draw_count(Scale::quick) / 2);
  CHECK(family.reason == "4 of 8 left out: even");
}

TEST_CASE("the check of a target says when the claim knows no ε", "[claims][exact]") {
  Claim claim = right_claim();
  Target target = target_of_dimension(1);
  target.error = 0.1;
  CHECK(run(claim, {.target = target}).checks.at(0).instance == "target");
  claim.without_error = true;
  CHECK(run(claim, {.target = target}).checks.at(0).instance == "target, no ε");
  target.error = 0.0;
  CHECK(run(claim, {.target = target}).checks.at(0).instance == "target");
}

TEST_CASE("a claim is vacuous where all its bounds are out of proportion", "[claims][exact]") {
  Claim claim = right_claim();
  const auto with = [&](std::vector<Bound> bounds) {
    claim.instances = {{.name = "bounds", .draw = [bounds](Trial&) -> Outcome { return bounds; }}};
    claim.tight.clear();
    return run(claim);
  };
  const Bound loose{.lhs = 1.0, .rhs = 1e9, .part = "loose"};
  CHECK(is_vacuous(with({loose})));
  CHECK_FALSE(is_vacuous(with({{.lhs = 1.0, .rhs = 1e5, .part = "loose"}})));
  CHECK_FALSE(is_vacuous(with({{.lhs = 0.0, .rhs = 1.0, .part = "zero"}})));
  const ClaimResult mixed = with({loose, identity(2.0, 2.0, "equal")});
  CHECK(is_vacuous(mixed.checks[0]));
  CHECK_FALSE(is_vacuous(mixed));
  CHECK_FALSE(is_vacuous(with({loose, {.lhs = 1.0, .rhs = 2.0, .part = "close"}})));
  CHECK(is_vacuous(with({loose, left_out("other", "none")})));
}

TEST_CASE("an infinite bound is no evidence", "[claims][exact]") {
  Claim claim = right_claim();
  claim.tight.clear();
  claim.instances[0].draw = [](Trial&) -> Outcome {
    return std::vector<Bound>{{.lhs = 1.0, .rhs = 2.0, .part = "finite"},
                              {.lhs = 1.0, .rhs = infinity, .part = "infinite"},
                              {.lhs = 1.0, .rhs = exp(Estimate(800.0)), .part = "too large"}};
  };
  const std::vector<CheckResult> checks = run(claim).checks;
  CHECK(checks.at(0).verdict == Verdict::holds);
  CHECK(checks.at(1).verdict == Verdict::not_applicable);
  CHECK(checks.at(1).reason == "left out: the bound is infinite");
  CHECK(checks.at(2).verdict == Verdict::not_applicable);
  CHECK(checks.at(2).reason == "left out: the bound is beyond the numbers' range");
}

TEST_CASE("the tightness of an auxiliary bound is not the claim's", "[claims][exact]") {
  Claim claim = right_claim();
  claim.tight.clear();
  claim.instances[0].draw = [](Trial&) -> Outcome {
    return std::vector<Bound>{{.lhs = 0.25, .rhs = 1.0, .part = "statement"},
                              {.lhs = 0.99, .rhs = 1.0, .part = "proof", .auxiliary = true}};
  };
  const ClaimResult result = run(claim);
  CHECK(result.verdict == Verdict::holds);
  CHECK(result.tightness() == 0.25);
  CHECK(std::isnan(result.checks.at(1).tightness));
  // It votes all the same.
  claim.instances[0].draw = [](Trial&) -> Outcome {
    return Bound{.lhs = 2.0, .rhs = 1.0, .auxiliary = true};
  };
  CHECK(run(claim).verdict == Verdict::violated);
}

TEST_CASE("a family is worth what its weakest draw is", "[claims][exact]") {
  Claim mixed = right_claim();
  int draw = 0;
  mixed.instances[0].draw = [&draw](Trial&) -> Outcome {
    // The closest draw, which is shown, has the stronger evidence.
    return ++draw == 3 ? Bound{.lhs = 0.1, .rhs = Estimate::between(9.0, 8.0, 10.0, Grade::sampled)}
                       : square_below(0.5, 1.0).bounds.front();
  };
  const ClaimResult result = run(mixed);
  CHECK(result.verdict == Verdict::holds);
  CHECK(result.checks.at(0).lhs.grade == Grade::closed_form);
  CHECK(result.checks.at(0).grade == Grade::sampled);
  CHECK(result.grade() == Grade::sampled);
  draw = 0;
  const ClaimResult asked = run(mixed, {.least_grade = Grade::closed_form});
  CHECK(asked.verdict == Verdict::inconclusive);
  CHECK_THAT(asked.reason, Catch::Contains("sampled"));
}

TEST_CASE("sides that are both infinite do not hide the draws that say something",
          "[claims][control]") {
  for (const Relation relation : {Relation::identity, Relation::bound}) {
    CAPTURE(static_cast<int>(relation));
    Claim claim = right_claim();
    int draw = 0;
    claim.instances[0].draw = [&](Trial&) -> Outcome {
      const double value = draw++ == 0 ? infinity : 2.0;
      return Bound{
          .lhs = value, .rhs = Estimate::closed_form(value + 1e-12, 1e-11), .relation = relation};
    };
    const ClaimResult result = run(claim);
    CHECK(result.verdict == Verdict::holds);
    CHECK(result.checks.at(0).verdict == Verdict::tight);
    CHECK(result.checks.at(0).rhs.width() > 0.0);
  }
}

TEST_CASE("evidence weaker than asked for is inconclusive", "[claims][exact]") {
  CHECK(run(right_claim(), {.least_grade = Grade::closed_form}).verdict == Verdict::holds);
  CHECK(run(right_claim(), {.least_grade = Grade::certified}).verdict == Verdict::inconclusive);
}

TEST_CASE("a draw replays alone", "[claims][property]") {
  const ClaimResult all = run(right_claim());
  const CheckResult& shown = all.checks[0];
  const ClaimResult one = run(right_claim(), {.replay = Replay{"random", shown.draw_seed}});
  REQUIRE(one.checks.size() == 1);
  CHECK(one.checks[0].lhs.value == shown.lhs.value);
  CHECK(one.checks[0].draws == 1);
  CHECK(one.verdict == Verdict::holds);
  // A replayed control has to break: that is its good news.
  CHECK(run(right_claim(), {.replay = Replay{"x² ≤ 0.9 x", 1}}).verdict == Verdict::holds);
  Claim toothless = right_claim();
  toothless.controls[0].draw = [](Trial&) { return square_below(0.5, 0.9); };
  CHECK(run(toothless, {.replay = Replay{"x² ≤ 0.9 x", 1}}).verdict == Verdict::powerless);
}

TEST_CASE("a draw that ends its claim shows no sides of another draw", "[claims][control]") {
  Claim throws = right_claim();
  int draw = 0;
  throws.instances[0].draw = [&draw](Trial&) -> Outcome {
    if (++draw == 3) throw std::runtime_error("did not converge");
    return square_below(0.5, 1.0);
  };
  const CheckResult result = run(throws).checks.at(0);
  CHECK(result.verdict == Verdict::numerical_failure);
  CHECK(result.draws == 0);
  CHECK(std::isnan(result.tightness));
}

TEST_CASE("results do not depend on the number of threads or the selection", "[claims][property]") {
  Claim other = right_claim();
  other.id = "TEST-09";
  const std::vector<Claim> both = {right_claim(), other};
  const std::vector<ClaimResult> together = check_all(both, both);
  const tbb::global_control one_thread(tbb::global_control::max_allowed_parallelism, 1);
  const std::vector<ClaimResult> alone = check_all({other}, both);
  CHECK(alone.at(0).checks[0].lhs.value == together.at(1).checks[0].lhs.value);
  CHECK(alone.at(0).checks[0].draw_seed == together.at(1).checks[0].draw_seed);
}

TEST_CASE("the false-alarm budget is shared by every statistical interval of the registry",
          "[claims][exact]") {
  std::set<double> shares;
  std::mutex mutex;
  Claim statistical = right_claim();
  statistical.instances[0].confidence_intervals = 3;
  statistical.instances[0].draw = [&](Trial& trial) {
    const std::lock_guard lock(mutex);
    shares.insert(trial.false_alarm);
    return square_below(0.5, 1.0);
  };
  const std::vector<ClaimResult> results =
      check_all({statistical}, {right_claim(), statistical}, {.false_alarm_budget = 1e-3});
  CHECK(results.size() == 1);
  REQUIRE(shares.size() == 1);
  CHECK(*shares.begin() == Approx(1e-3 / (3 * draw_count(Scale::quick))));
  CHECK_THROWS_AS(check_all({}, {}, {.false_alarm_budget = 0.0}), std::invalid_argument);
}

TEST_CASE("steps of a proof alone do not make a claim hold", "[claims][control]") {
  Claim claim = right_claim();
  claim.on_target = [](const Target&) -> Outcome {
    return std::vector<Bound>{{.lhs = 1.0, .rhs = 2.0, .part = "one step", .auxiliary = true},
                              left_out("in the end", "γλ < 2")};
  };
  const ClaimResult result = run(claim, {.target = target_of_dimension(1)});
  CHECK(result.verdict == Verdict::not_applicable);
  CHECK(result.reason == "γλ < 2");
}

TEST_CASE("a stopped run leaves out what it did not finish", "[claims][exact]") {
  const std::atomic<bool> stop = true;
  CHECK(check_all({right_claim()}, {right_claim()}, {.stop = &stop}).empty());
}

TEST_CASE("exit codes: numerical failure before violated before inconclusive", "[claims][exact]") {
  const auto with = [](Verdict verdict) {
    return ClaimResult{.claim = right_claim(), .verdict = verdict};
  };
  const ClaimResult holds = with(Verdict::holds);
  CHECK(exit_code({holds, with(Verdict::violated), with(Verdict::numerical_failure)}, true) == 3);
  CHECK(exit_code({holds, with(Verdict::powerless), with(Verdict::inconclusive)}, true) == 1);
  CHECK(exit_code({holds, with(Verdict::inconclusive)}, true) == 4);
  CHECK(exit_code({with(Verdict::not_applicable)}, true) == 77);
}

TEST_CASE("verdicts are named", "[claims][exact]") {
  for (const Verdict verdict :
       {Verdict::not_applicable, Verdict::tight, Verdict::holds, Verdict::inconclusive,
        Verdict::powerless, Verdict::numerical_failure, Verdict::violated}) {
    CHECK(verdict_from_string(to_string(verdict)) == verdict);
  }
  CHECK_THROWS_AS(verdict_from_string("proved"), std::invalid_argument);
}

}  // namespace flowcheck::check_test
