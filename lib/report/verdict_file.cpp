#include "report/verdict_file.hpp"

#include "report/json_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace flowcheck {
namespace {

constexpr const char* schema = "flowcheck.verdicts/1";

Json to_json(const Estimate& estimate) {
  return {{"value", json_number(estimate.value)},
          {"lower", json_number(estimate.lower)},
          {"upper", json_number(estimate.upper)},
          {"grade", to_string(estimate.grade)}};
}

Json to_json(const ClaimResult& claim, const CheckResult& check) {
  Json json;
  if (check.kind == CheckKind::control) json["name"] = check.instance;
  json["instance"] = check.instance;
  if (check.kind != CheckKind::control) json["kind"] = to_string(check.kind);
  json["part"] = check.part;
  json["relation"] = to_string(check.relation);
  json["lhs"] = check.draws > 0 ? to_json(check.lhs) : Json();
  json["rhs"] = check.draws > 0 ? to_json(check.rhs) : Json();
  if (check.scale > 0.0) json["scale"] = json_number(check.scale);
  json["tightness"] = json_number(check.tightness);
  if (is_vacuous(check)) json["vacuous"] = true;
  json["verdict"] = to_string(check.verdict);
  json["reason"] = check.reason;
  json["draws"] = check.draws;
  json["grade"] = to_string(check.grade);
  json["draw_seed"] = check.draw_seed;
  json["replay"] = replay_string(claim, check);
  return json;
}

Json to_json(const ClaimResult& result) {
  const Claim& claim = result.claim;
  Json json = {{"id", claim.id},
               {"statement", claim.statement},
               {"source", claim.source},
               {"provenance", to_string(claim.provenance)},
               {"scope", claim.scope},
               {"hypotheses", claim.hypotheses},
               {"file", claim.file},
               {"verdict", to_string(result.verdict)},
               {"reason", result.reason},
               {"grade", to_string(result.grade())},
               {"tightness", json_number(result.tightness())},
               {"checks", Json::array()},
               {"controls", Json::array()}};
  if (is_vacuous(result)) json["vacuous"] = true;
  for (const CheckResult& check : result.checks) json["checks"].push_back(to_json(result, check));
  for (const CheckResult& control : result.controls) {
    json["controls"].push_back(to_json(result, control));
  }
  return json;
}

Json to_json(const CheckSettings& run) {
  Json json = {{"version", run.version},
               {"seed", run.seed},
               {"scale", to_string(run.scale)},
               {"min_grade", to_string(run.least_grade)}};
  if (!run.target.empty()) {
    json["target"] = run.target;
    json["target_sha256"] = run.target_sha256;
    json["reference"] = run.reference;
    json["reference_sha256"] = run.reference_sha256;
    if (!run.treatment.empty()) json["treatment"] = run.treatment;
    json["gamma"] = run.step_size;
    json["epsilon"] = run.error;
    if (!run.schedule.empty()) json["schedule"] = run.schedule;
  }
  if (!run.replay.empty()) json["replay"] = run.replay;
  return json;
}

Estimate estimate_from(const Json& json) {
  if (json.is_null()) return {};
  return Estimate::between(number_from(json.at("value")), number_from(json.at("lower")),
                           number_from(json.at("upper")),
                           grade_from_string(json.at("grade").get<std::string>()));
}

CheckResult check_from(const Json& json) {
  const CheckKind kind =
      json.contains("kind")
          ? word_from(json["kind"], {CheckKind::random, CheckKind::tight, CheckKind::target})
          : CheckKind::control;
  return {.instance = json.at("instance"),
          .kind = kind,
          .part = json.at("part"),
          .relation = word_from(json.at("relation"),
                                {Relation::bound, Relation::identity, Relation::order}),
          .lhs = estimate_from(json.at("lhs")),
          .rhs = estimate_from(json.at("rhs")),
          .scale = json.contains("scale") ? number_from(json["scale"]) : 0.0,
          .tightness = number_from(json.at("tightness")),
          .verdict = verdict_from_string(json.at("verdict").get<std::string>()),
          .reason = json.at("reason"),
          .draws = json.at("draws"),
          .draw_seed = json.at("draw_seed"),
          .grade = grade_from_string(json.value("grade", "exact"))};
}

ClaimResult claim_from(const Json& json) {
  ClaimResult result;
  Claim& claim = result.claim;
  claim.id = json.at("id");
  claim.statement = json.at("statement");
  claim.source = json.at("source");
  claim.provenance = word_from(json.at("provenance"),
                               {Provenance::quoted, Provenance::recalled, Provenance::derived});
  claim.scope = json.at("scope");
  claim.hypotheses = json.at("hypotheses").get<std::vector<std::string>>();
  claim.file = json.at("file");
  result.verdict = verdict_from_string(json.at("verdict").get<std::string>());
  result.reason = json.at("reason");
  for (const Json& check : json.at("checks")) result.checks.push_back(check_from(check));
  for (const Json& control : json.at("controls")) result.controls.push_back(check_from(control));
  return result;
}

CheckSettings settings_from(const Json& json) {
  CheckSettings run{
      .version = json.at("version"),
      .seed = json.at("seed"),
      .scale = word_from(json.at("scale"), {Scale::quick, Scale::standard, Scale::paper}),
      .least_grade = grade_from_string(json.at("min_grade").get<std::string>())};
  if (json.contains("target")) {
    run.target = json.at("target");
    run.target_sha256 = json.value("target_sha256", "");
    run.reference = json.at("reference");
    run.reference_sha256 = json.value("reference_sha256", "");
    run.treatment = json.value("treatment", "");
    run.step_size = json.at("gamma");
    run.error = json.at("epsilon");
    run.schedule = json.value("schedule", "");
  }
  if (json.contains("replay")) run.replay = json.at("replay");
  return run;
}

}  // namespace

std::string replay_string(const ClaimResult& claim, const CheckResult& check) {
  if (check.kind == CheckKind::target || check.verdict == Verdict::not_applicable) return "";
  return fmt::format("{}:{}:{}", claim.claim.id, check.instance, check.draw_seed);
}

std::string verdicts_json(const VerdictFile& file) {
  Json json = {{"schema", schema}, {"run", to_json(file.run)}, {"claims", Json::array()}};
  for (const auto& [name, constant] : file.constants) {
    json["target_constants"][name] = to_json(constant);
  }
  for (const ClaimResult& claim : file.claims) json["claims"].push_back(to_json(claim));
  if (!file.unfinished.empty()) json["unfinished"] = file.unfinished;
  return json_text(json);
}

VerdictFile parse_verdicts(std::string_view text, const std::string& name) {
  VerdictFile file;
  read_json(text, name, schema, [&file](const Json& json) {
    file.run = settings_from(json.at("run"));
    if (json.contains("target_constants")) {
      for (const auto& [name, constant] : json["target_constants"].items()) {
        file.constants.push_back({name, estimate_from(constant)});
      }
    }
    for (const Json& claim : json.at("claims")) file.claims.push_back(claim_from(claim));
    if (json.contains("unfinished")) json["unfinished"].get_to(file.unfinished);
  });
  return file;
}

VerdictFile merged(const VerdictFile& previous, const VerdictFile& fresh) {
  if (!(previous.run == fresh.run)) return fresh;
  const auto has = [](const std::vector<ClaimResult>& claims, const std::string& id) {
    return std::any_of(claims.begin(), claims.end(),
                       [&id](const ClaimResult& claim) { return claim.claim.id == id; });
  };
  VerdictFile result = fresh;
  if (result.constants.empty()) result.constants = previous.constants;
  for (const ClaimResult& old : previous.claims) {
    if (!has(fresh.claims, old.claim.id)) result.claims.push_back(old);
  }
  std::stable_sort(
      result.claims.begin(), result.claims.end(),
      [](const ClaimResult& a, const ClaimResult& b) { return a.claim.id < b.claim.id; });
  std::vector<std::string>& open = result.unfinished;
  open.insert(open.end(), previous.unfinished.begin(), previous.unfinished.end());
  std::sort(open.begin(), open.end());
  open.erase(std::unique(open.begin(), open.end()), open.end());
  std::erase_if(open, [&](const std::string& id) { return has(result.claims, id); });
  return result;
}

}  // namespace flowcheck
