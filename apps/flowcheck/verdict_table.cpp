#include "verdict_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

namespace flowcheck {
namespace {

std::string interval(const Estimate& side) {
  return fmt::format("{} [{}, {}] {}", side.value, side.lower, side.upper, to_string(side.grade));
}

std::string caught(const ClaimResult& result) {
  const auto count = std::count_if(
      result.controls.begin(), result.controls.end(),
      [](const CheckResult& control) { return control.verdict == Verdict::violated; });
  return fmt::format("{}/{}", count, result.controls.size());
}

bool as_it_should_be(const CheckResult& check) {
  if (check.kind == CheckKind::control) return check.verdict == Verdict::violated;
  return check.verdict == Verdict::holds || check.verdict == Verdict::tight ||
         check.verdict == Verdict::not_applicable;
}

// ": reason", or "". The name of a hypothesis by itself would read like a fact; the message of a
// broken precondition, "function: what is wrong", does not.
std::string told(const std::string& reason, bool names_hypothesis) {
  if (reason.empty()) return "";
  const bool bare = names_hypothesis && reason.find(": ") == std::string::npos;
  return fmt::format(": {}{}", bare ? "hypothesis not met: " : "", reason);
}

std::string told(const CheckResult& check) {
  return told(check.reason, check.verdict == Verdict::not_applicable);
}

// Six digits, or its power of ten where they would all be zero.
std::string shown_tightness(double tightness) {
  const bool tiny = tightness > 0.0 && tightness < vacuous_tightness;
  return tiny ? fmt::format("{:.0e}", tightness) : fmt::format("{:.6f}", tightness);
}

std::string sides(const CheckResult& check) {
  if (check.draws == 0) return "";
  const std::string tightness =
      std::isnan(check.tightness)
          ? ""
          : fmt::format("    tightness {}\n", shown_tightness(check.tightness));
  return fmt::format("    lhs {}\n    rhs {}\n{}", interval(check.lhs), interval(check.rhs),
                     tightness);
}

// Why a claim does not hold, and how to see it again; of a replay all there is.
std::string explanation(const ClaimResult& result, const CheckSettings& run) {
  std::string text =
      fmt::format("{}: {}{}\n", result.claim.id, to_string(result.verdict), told_reason(result));
  for (const auto* part : {&result.checks, &result.controls}) {
    for (const CheckResult& check : *part) {
      if (as_it_should_be(check) && run.replay.empty()) continue;
      text += fmt::format("  {} \"{}\"{}{}: {}{}\n{}", to_string(check.kind), check.instance,
                          check.part.empty() ? "" : ", ", check.part, to_string(check.verdict),
                          told(check), sides(check));
      const std::string replay = replay_string(result, check);
      if (!replay.empty()) {
        text += fmt::format("    again: flowcheck check --scale {} --replay '{}'\n",
                            to_string(run.scale), replay);
      }
    }
  }
  return text;
}

// Of a target, for which a claim holds, what of it was not checked, what holds only because its
// bound is out of proportion, and where it is tightest.
std::string told_of_target(const ClaimResult& result) {
  std::string text;
  const CheckResult* tightest = nullptr;
  for (const CheckResult& check : result.checks) {
    if (check.kind != CheckKind::target) continue;
    const bool closer = tightest == nullptr || check.tightness > tightest->tightness;
    if (!std::isnan(check.tightness) && closer) tightest = &check;
    const std::string part = check.part.empty() ? "" : fmt::format("\"{}\"", check.part);
    if (is_vacuous(check)) {
      text += fmt::format("{}: holds{}{}, vacuously: the bound is {:.0e} times the value\n",
                          result.claim.id, part.empty() ? "" : ", ", part, 1.0 / check.tightness);
    }
    if (check.verdict == Verdict::not_applicable) {
      text += fmt::format("{}: holds, without {}{}\n", result.claim.id,
                          part.empty() ? "a part" : part, told(check));
    } else if (!check.reason.empty()) {
      text += fmt::format("{}: holds{}{}, {}\n", result.claim.id, part.empty() ? "" : ", ", part,
                          check.reason);
    }
  }
  if (tightest != nullptr && tightest->instance.find("t = ") != std::string::npos) {
    text += fmt::format("{}: tightest on {}{}\n", result.claim.id, tightest->instance,
                        tightest->part.empty() ? "" : fmt::format(": \"{}\"", tightest->part));
  }
  return text;
}

}  // namespace

std::string told_reason(const ClaimResult& result) {
  // Without a check there was no hypothesis to fail.
  return told(result.reason, result.verdict == Verdict::not_applicable && !result.checks.empty());
}

std::string verdict_table(const VerdictFile& file) {
  const std::vector<ClaimResult>& results = file.claims;
  const CheckSettings& run = file.run;
  const std::size_t open = file.unfinished.size();
  std::string text = fmt::format("{:<8} {:<17} {:<11} {:>9} {:>8}  {}\n", "claim", "verdict",
                                 "grade", "tightness", "controls", "statement");
  std::string explanations;
  std::map<Verdict, int> counts;
  for (const ClaimResult& result : results) {
    ++counts[result.verdict];
    const bool applies = result.verdict != Verdict::not_applicable;
    const double tightness = result.tightness();
    text += fmt::format("{:<8} {:<17} {:<11} {:>9} {:>8}  {}\n", result.claim.id,
                        to_string(result.verdict), applies ? to_string(result.grade()) : "-",
                        applies && !std::isnan(tightness) ? shown_tightness(tightness) : "-",
                        applies ? caught(result) : "-", result.claim.statement);
    if (result.verdict != Verdict::holds || !run.replay.empty()) {
      explanations += explanation(result, run);
    } else {
      explanations += told_of_target(result);
    }
  }
  text += fmt::format("{} {}", results.size(), results.size() == 1 ? "claim" : "claims");
  for (const auto& [verdict, count] : counts) {
    text += fmt::format(", {} {}", count, to_string(verdict));
  }
  if (open > 0) text += fmt::format("; interrupted, {} unfinished", open);
  return text + "\n" + (explanations.empty() ? "" : "\n" + explanations);
}

}  // namespace flowcheck
