#include "report/verdict_file.hpp"

#include "measures/measure_file.hpp"
#include "report/compare_results.hpp"
#include "report/junit.hpp"
#include "report/manifest.hpp"
#include "report/markup.hpp"
#include "report/report_page.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <functional>
#include <limits>

namespace flowcheck::verdict_file_test {

using Catch::Contains;

namespace {

constexpr double nan_value = std::numeric_limits<double>::quiet_NaN();

ClaimResult result_of(std::string id, Verdict verdict, double tightness = 0.9) {
  ClaimResult result;
  result.claim = {.id = std::move(id),
                  .statement = "x < y & \"z\"",
                  .source = "tests",
                  .provenance = Provenance::recalled,
                  .hypotheses = {"x > 0"},
                  .file = "proofs-check/x.cpp"};
  result.verdict = verdict;
  result.reason = verdict == Verdict::holds ? "" : "because";
  result.checks = {{.instance = "random",
                    .part = "one step",
                    .lhs = Estimate::closed_form(tightness, 1e-15),
                    .rhs = 1.0,
                    .tightness = tightness,
                    .verdict = verdict,
                    .draws = 8,
                    .draw_seed = 18446744073709551615u,
                    .grade = Grade::statistical},
                   {.instance = "unbounded",
                    .kind = CheckKind::tight,
                    .relation = Relation::identity,
                    .lhs = Estimate::between(1.0, -infinity, infinity, Grade::sampled),
                    .rhs = infinity,
                    .scale = 1e6,
                    .tightness = nan_value,
                    .verdict = Verdict::inconclusive,
                    .reason = "wide",
                    .draws = 1}};
  result.controls = {{.instance = "wrong rate",
                      .kind = CheckKind::control,
                      .lhs = 2.0,
                      .rhs = 1.0,
                      .tightness = 2.0,
                      .verdict = Verdict::violated,
                      .draws = 8,
                      .draw_seed = 3}};
  return result;
}

VerdictFile file_of(std::vector<ClaimResult> claims) {
  return {.run = {.version = "0.1.0", .seed = 4, .scale = Scale::standard},
          .claims = std::move(claims)};
}

ResultsFolder folder_of(std::vector<ClaimResult> claims) {
  return {.path = ".", .verdicts = file_of(std::move(claims))};
}

}  // namespace

TEST_CASE("Verdicts survive being written and read", "[report][property]") {
  VerdictFile file =
      file_of({result_of("A-1", Verdict::holds), result_of("A-2", Verdict::powerless)});
  file.run.target = "start.json";
  file.run.target_sha256 = "12";
  file.run.reference = "q.json";
  file.run.reference_sha256 = "34";
  file.constants = {{"kappa", Estimate::between(0.5, 0.25, 1.0, Grade::converged)},
                    {"sigma", Estimate(2.0)}};
  const std::string text = verdicts_json(file);
  const VerdictFile back = parse_verdicts(text, "verdicts.json");
  CHECK(back.run == file.run);
  REQUIRE(back.claims.size() == 2);
  CHECK(back.claims[1].verdict == Verdict::powerless);
  CHECK(back.claims[1].reason == "because");
  const CheckResult& wide = back.claims[0].checks.at(1);
  CHECK(wide.kind == CheckKind::tight);
  CHECK(wide.relation == Relation::identity);
  CHECK(wide.lhs.lower == -infinity);
  CHECK(wide.rhs.value == infinity);
  CHECK(wide.scale == 1e6);
  CHECK(back.claims[0].checks[0].scale == 0.0);
  CHECK(text.find("\"scale\": 1") != std::string::npos);
  CHECK(std::isnan(wide.tightness));
  CHECK(back.claims[0].checks[0].draw_seed == 18446744073709551615u);
  CHECK(back.claims[0].checks[0].grade == Grade::statistical);  // of a draw that is not shown
  CHECK(back.claims[0].controls.at(0).kind == CheckKind::control);
  REQUIRE(back.constants.size() == 2);
  CHECK(back.constants[0].name == "kappa");
  CHECK(back.constants[0].constant.lower == 0.25);
  CHECK(verdicts_json(back) == text);  // to the last byte
  CHECK_THAT(text, Contains("\"-inf\"") && Contains("\"tightness\": null"));
  CHECK_THAT(text, Contains("\"replay\": \"A-1:random:18446744073709551615\""));
}

TEST_CASE("A bound out of proportion is marked, and its claim where there is nothing else",
          "[report][exact]") {
  ClaimResult claim = result_of("A-1", Verdict::holds, 1e-9);
  const auto marks = [&] {
    const std::string text = verdicts_json(file_of({claim}));
    CHECK(verdicts_json(parse_verdicts(text, "v")) == text);
    int count = 0;
    const std::string mark = "\"vacuous\": true";
    for (std::size_t i = text.find(mark); i < text.size(); i = text.find(mark, i + 1)) ++count;
    return count;
  };
  CHECK(marks() == 1);  // beside an identity
  claim.checks.pop_back();
  CHECK(marks() == 2);
  claim.checks[0].tightness = 1e-5;
  CHECK(marks() == 0);
}

TEST_CASE("Only a draw that is shown can be replayed", "[report][control]") {
  const ClaimResult claim = result_of("A-1", Verdict::holds);
  CHECK(replay_string(claim, claim.controls[0]) == "A-1:wrong rate:3");
  CheckResult left_out{.instance = "random", .part = "one step", .reason = "x > 0"};
  CHECK(replay_string(claim, left_out).empty());
  CheckResult target = claim.checks[0];
  target.kind = CheckKind::target;
  CHECK(replay_string(claim, target).empty());
}

TEST_CASE("A file that does not tell verdicts is refused with its name", "[report][precondition]") {
  CHECK_THROWS_WITH(parse_verdicts("{\n]", "v.json"), Contains("v.json:2: not JSON"));
  CHECK_THROWS_WITH(parse_verdicts("[]", "v.json"), Contains("v.json:1: expected \"schema\""));
  CHECK_THROWS_AS(parse_verdicts(R"({"schema": "flowcheck.verdicts/2"})", "v.json"), InputError);
  CHECK_THROWS_AS(parse_verdicts(R"({"schema": "flowcheck.verdicts/1", "run": 3})", "v.json"),
                  InputError);
  std::string text = verdicts_json(file_of({result_of("A-1", Verdict::holds)}));
  text.replace(text.find("\"holds\""), 7, "\"hopes\"");
  CHECK_THROWS_AS(parse_verdicts(text, "v.json"), InputError);
}

TEST_CASE("A run's verdicts replace their own and keep the others of the same settings",
          "[report][exact]") {
  const VerdictFile old =
      file_of({result_of("A-1", Verdict::holds), result_of("A-3", Verdict::holds)});
  const VerdictFile fresh =
      file_of({result_of("A-3", Verdict::violated), result_of("A-2", Verdict::holds)});
  const VerdictFile both = merged(old, fresh);
  REQUIRE(both.claims.size() == 3);
  CHECK(both.claims[0].claim.id == "A-1");
  CHECK(both.claims[1].claim.id == "A-2");
  CHECK(both.claims[2].verdict == Verdict::violated);

  VerdictFile interrupted = old;
  interrupted.unfinished = {"A-2", "A-4"};
  CHECK(parse_verdicts(verdicts_json(interrupted), "v").unfinished == interrupted.unfinished);
  CHECK(merged(interrupted, fresh).unfinished == std::vector<std::string>{"A-4"});
  CHECK(merged(fresh, interrupted).unfinished == std::vector<std::string>{"A-4"});

  VerdictFile known = old;
  known.constants = {{"kappa", Estimate(1.0)}};
  CHECK(merged(known, fresh).constants.size() == 1);  // claims that need no constants keep them

  for (const CheckSettings& other :
       {CheckSettings{.version = "0.2.0", .seed = 4, .scale = Scale::standard},
        CheckSettings{.version = "0.1.0", .seed = 5, .scale = Scale::standard},
        CheckSettings{.version = "0.1.0", .seed = 4, .scale = Scale::paper},
        CheckSettings{
            .version = "0.1.0", .seed = 4, .scale = Scale::standard, .least_grade = Grade::exact},
        CheckSettings{.version = "0.1.0",
        .seed = 4,
        .scale = Scale::standard,
        .target_sha256 = "of another file under the same name"}}) {
    CHECK(merged({.run = other, .claims = old.claims}, fresh).claims.size() == 2);
  }
}

TEST_CASE("compare_results is silent about equal records and names every change",
          "[report][control]") {
  const auto a = folder_of({result_of("A-1", Verdict::holds), result_of("A-2", Verdict::holds)});
  CHECK(compare_results(a, a).moved.empty());
  CHECK(compare_results(a, a).numbers == 12);  // both sides of two checks and a control, twice

  const auto moved = [&](const ResultsFolder& b) { return compare_results(a, b).moved; };
  // Within what the enclosures leave open, nothing moved.
  CHECK(moved(folder_of({result_of("A-1", Verdict::holds, 0.9 + 1e-16),
                         result_of("A-2", Verdict::holds)}))
            .empty());
  CHECK_THAT(
      moved(folder_of({result_of("A-1", Verdict::holds, 0.91), result_of("A-2", Verdict::holds)})),
      Catch::Equals(std::vector<std::string>{"A-1: random \"random\", one step: lhs 0.9 -> 0.91"}));
  CHECK(moved(folder_of({result_of("A-1", Verdict::holds)})) ==
        std::vector<std::string>{"A-2: gone"});
  const auto violated =
      moved(folder_of({result_of("A-1", Verdict::violated), result_of("A-2", Verdict::holds)}));
  REQUIRE(violated.size() == 2);
  CHECK(violated[0] == "A-1: holds -> violated");

  ResultsFolder no_verdicts = a;
  no_verdicts.verdicts.reset();
  CHECK(moved(no_verdicts) == std::vector<std::string>{"verdicts.json: gone"});
}

TEST_CASE("compare_results sees both sides of every kind of check", "[report][control]") {
  const ResultsFolder a = folder_of({result_of("A-1", Verdict::holds)});
  const auto moved = [&a](const std::function<void(ClaimResult&)>& change) {
    ResultsFolder b = a;
    change(b.verdicts->claims.front());
    return compare_results(a, b).moved;
  };
  using Lines = std::vector<std::string>;
  // An identity with infinite sides and no tightness.
  CHECK(moved([](ClaimResult& claim) { claim.checks[1].lhs.value = 1.1; }) ==
        Lines{"A-1: tight \"unbounded\": lhs 1 -> 1.1"});
  CHECK(moved([](ClaimResult& claim) { claim.checks[1].lhs.value += 1e-7; }).empty());
  CHECK(moved([](ClaimResult& claim) { claim.checks[1].rhs = 1e9; }) ==
        Lines{"A-1: tight \"unbounded\": rhs inf -> 1000000000"});
  CHECK(moved([](ClaimResult& claim) { claim.checks[1].lhs.value = nan_value; }).size() == 1);
  // A control, its tightness as it was.
  CHECK(
      moved([](ClaimResult& claim) { claim.controls[0].lhs = claim.controls[0].rhs = 4.0; }) ==
      Lines{"A-1: control \"wrong rate\": lhs 2 -> 4", "A-1: control \"wrong rate\": rhs 1 -> 4"});
  CHECK(moved([](ClaimResult& claim) { claim.controls[0].verdict = Verdict::inconclusive; }) ==
        Lines{"A-1: control \"wrong rate\": violated -> inconclusive"});
  // What the enclosures leave open, and no more.
  const auto wide = [](double value) {
    return
        [value](ClaimResult& claim) { claim.checks[0].lhs = Estimate::closed_form(value, 0.05); };
  };
  CHECK(moved(wide(0.99)).empty());
  CHECK(moved(wide(1.01)).size() == 1);
  // How much was measured, and what it is worth.
  CHECK(moved([](ClaimResult& claim) { claim.checks[0].draws = 7; }) ==
        Lines{"A-1: random \"random\", one step: 7 draws, were 8"});
  CHECK(moved([](ClaimResult& claim) { claim.checks[0].rhs.grade = Grade::sampled; }) ==
        Lines{"A-1: random \"random\", one step: rhs is sampled, was exact"});
  CHECK(moved([](ClaimResult& claim) { claim.checks[0].relation = Relation::order; }) ==
        Lines{"A-1: random \"random\", one step: bound -> order"});
}

TEST_CASE("Checks that show different draws are compared by how close they are to breaking",
          "[report][exact]") {
  const ResultsFolder a = folder_of({result_of("A-1", Verdict::holds)});
  const auto compare = [&a](double lhs, double rhs) {
    ResultsFolder b = a;
    CheckResult& check = b.verdicts->claims[0].checks[0];
    check.draw_seed = 5;
    check.lhs = Estimate::closed_form(lhs, 1e-15);
    check.rhs = rhs;
    check.tightness = lhs / rhs;
    CheckResult& same = b.verdicts->claims[0].checks[1];
    same.draw_seed = 6;
    return compare_results(a, b);
  };
  CHECK(compare(9.0, 10.0).moved.empty());
  CHECK(compare(9.0, 10.0).notes ==
        std::vector<std::string>{"A-1: random \"random\", one step: shows another draw",
                                 "A-1: tight \"unbounded\": shows another draw"});
  CHECK(compare(9.1, 10.0).moved ==
        std::vector<std::string>{
            "A-1: random \"random\", one step: tightness 0.9 -> 0.9099999999999999"});
}

TEST_CASE("Verdicts of other settings are not compared number by number",
          "[report][precondition]") {
  ResultsFolder a = folder_of({result_of("A-1", Verdict::holds)});
  a.path = "old";
  a.verdicts->run.target = "start.json";
  a.verdicts->run.target_sha256 = "0123456789";
  const auto refused = [&a](const std::function<void(CheckSettings&)>& change,
                            const std::string& line) {
    ResultsFolder b = a;
    b.path = "new";
    change(b.verdicts->run);
    CHECK_THROWS_WITH(compare_results(a, b), "not comparable: verdicts.json: " + line);
  };
  refused([](CheckSettings& run) { run.scale = Scale::quick; },
          "scale standard in old, quick in new");
  refused([](CheckSettings& run) { run.seed = 5; }, "seed 4 in old, 5 in new");
  refused([](CheckSettings& run) { run.least_grade = Grade::exact; },
          "min-grade sampled in old, exact in new");
  refused([](CheckSettings& run) { run.target_sha256 = "abcdefghij"; },
          "target start.json (sha256 01234567) in old, start.json (sha256 abcdefgh) in new");
  refused(
      [](CheckSettings& run) {
        run.reference = "q.json";
        run.reference_sha256 = "1";
      },
      "reference none in old, q.json (sha256 1) in new");
  refused([](CheckSettings& run) { run.step_size = 0.25; }, "gamma 0 in old, 0.25 in new");
  refused([](CheckSettings& run) { run.error = 0.5; }, "epsilon 0 in old, 0.5 in new");
  refused([](CheckSettings& run) { run.replay = "A-1:x:3"; }, "replay none in old, A-1:x:3 in new");

  ResultsFolder moved_away = a;  // the same measure under another name
  moved_away.verdicts->run.target = "elsewhere/start.json";
  CHECK(compare_results(a, moved_away).moved.empty());
}

TEST_CASE("Markup is escaped", "[report][exact]") {
  CHECK(escape_markup("a < b & \"c\" > 'd'") == "a &lt; b &amp; &quot;c&quot; &gt; &#39;d&#39;");
  CHECK(escape_markup("λ\x01\n") == "λ\n");
}

TEST_CASE("The report page escapes what claims say", "[report][exact]") {
  ResultsFolder folder = folder_of({result_of("A-1", Verdict::powerless)});
  folder.verdicts->claims[0].claim.source = "<script>alert(1)</script>";
  folder.experiments = {{.experiment = "e", .question = "Is a < b?", .settings = {{"x", "\"<\""}}}};
  const std::string page = report_page(folder);
  CHECK_THAT(page, !Contains("<script>") && Contains("&lt;script&gt;"));
  CHECK_THAT(page, Contains("Is a &lt; b?") && Contains("&quot;&lt;&quot;"));
  CHECK_THAT(page, Contains("powerless: because") && Contains("1 of 1 caught"));
}

TEST_CASE("JUnit XML tells failures from errors from skipped claims", "[report][exact]") {
  const std::vector<ClaimResult> results = {
      result_of("A-1", Verdict::holds),          result_of("A-2", Verdict::violated),
      result_of("A-3", Verdict::powerless),      result_of("A-4", Verdict::numerical_failure),
      result_of("A-5", Verdict::not_applicable), result_of("A-6", Verdict::inconclusive)};
  CHECK_THAT(junit_xml(results, {}, false),
             Contains("tests=\"6\" failures=\"2\" errors=\"1\" skipped=\"2\""));
  CHECK_THAT(junit_xml(results, {"A-7"}, true),
             Contains("tests=\"7\" failures=\"3\" errors=\"2\" skipped=\"1\"") &&
                 Contains("name=\"A-7\">\n   <error message=\"interrupted\"/>"));
  CHECK_THAT(junit_xml(results, {}, false), Contains("<failure message=\"violated: because\"/>"));
}

TEST_CASE("A manifest survives being written and read", "[report][property]") {
  int steps = 3;
  double size = 0.1;
  std::vector<double> errors = {0.0, 1e-3};
  const Manifest manifest{
      .experiment = "e",
      .question = "why?",
      .claims = {"A-1"},
      .version = "0.1.0",
      .seed = 9,
      .scale = Scale::paper,
      .command = "flowcheck run e",
      .settings = settings_of(
          {{"--steps", "n", &steps}, {"--step-size", "γ", &size}, {"--errors", "ε", &errors}}),
      .verdict = Verdict::holds,
      .relative_tolerance = 1e-9,
      .absolute_tolerance = 1e-12,
      .files = {{"data.csv", "abc"}}};
  const std::string text = manifest_json(manifest);
  CHECK(manifest_json(parse_manifest(text, "manifest.json")) == text);
  CHECK(manifest.settings.at(1) == std::pair<std::string, std::string>{"step-size", "0.1"});
  CHECK(manifest.settings.at(2).second == "[0.0,0.001]");
  CHECK_THROWS_AS(parse_manifest("{}", "manifest.json"), InputError);
}

}  // namespace flowcheck::verdict_file_test
