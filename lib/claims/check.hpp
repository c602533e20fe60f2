#pragma once

#include "claims/claim.hpp"
#include "claims/verdict.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace flowcheck {

enum class CheckKind { random, tight, target, control };

std::string_view to_string(CheckKind kind);

/// One part of a claim on one family of instances: the draw with the least margin speaks for all.
struct CheckResult {
  std::string
      instance;  ///< of a target with the place of the bound shown: "target, linear, t = 0.5"
  CheckKind kind = CheckKind::random;
  std::string part = {};
  Relation relation = Relation::bound;
  Estimate lhs = {};
  Estimate rhs = {};
  double scale = 0.0;      ///< Bound::scale where it exceeds both sides, else 0
  double tightness = 0.0;  ///< lhs / rhs; NaN where that says nothing, or is not the statement's
  Verdict verdict = Verdict::not_applicable;
  std::string reason = {};  ///< the hypothesis that failed, or what went wrong numerically; where
                            ///< the others hold, "3 of 8 left out: …"
  bool auxiliary = false;   ///< a step of the proof or a cross-check, not the statement
  int draws = 0;            ///< how many bounds voted
  std::uint64_t draw_seed = 0;  ///< of the draw shown; replays it alone
  Grade grade = Grade::exact;   ///< weakest evidence of any draw, not only of the one shown
};

/// A claim after its run. `holds` means every check holds or is tight and every control is violated
/// with room.
struct ClaimResult {
  Claim claim;
  Verdict verdict = Verdict::not_applicable;
  std::string reason = {};
  std::vector<CheckResult> checks = {};
  std::vector<CheckResult> controls = {};

  Grade grade() const;       ///< weakest grade of a check that voted; exact if none did
  double tightness() const;  ///< largest of the checks' that voted; NaN if none
};

/// A bound that holds by being out of proportion says next to nothing: its right side is more than
/// 10⁶ times the left at the closest of its draws. False of left sides that are zero.
inline constexpr double vacuous_tightness = 1e-6;
bool is_vacuous(const CheckResult& check);

/// Whether a claim rests on nothing else: every part that has a ratio, and no identity or order.
bool is_vacuous(const ClaimResult& result);

/// One draw to be repeated by itself.
struct Replay {
  std::string instance;
  std::uint64_t draw_seed = 0;
};

struct CheckOptions {
  std::uint64_t seed = 1;
  Scale scale = Scale::quick;
  double false_alarm_budget = 1e-6;    ///< of the whole run, shared by all statistical intervals
  std::optional<Target> target = {};   ///< check a user's problem instead of the claim's instances
  Grade least_grade = Grade::sampled;  ///< weaker evidence counts as inconclusive
  std::optional<Replay> replay = {};
  const std::atomic<bool>* stop = nullptr;  ///< becomes true: finish nothing more
  std::function<void(const ClaimResult&)> on_finished =
      {};  ///< called for each claim, in any order
};

/// Checks one claim by itself, with the whole false-alarm budget.
[[nodiscard]] ClaimResult check(const Claim& claim, const CheckOptions& options = {});

/// Checks claims in parallel (oneTBB); the result does not depend on how many threads run, nor on
/// which other claims are selected: the false-alarm budget is always shared among `registered`.
/// Claims that were not finished when `stop` became true are left out.
[[nodiscard]] std::vector<ClaimResult> check_all(const std::vector<Claim>& selected,
                                                 const std::vector<Claim>& registered,
                                                 const CheckOptions& options = {});

/// Draws made of a repeated family: 8, 100, 2000.
int draw_count(Scale scale);

/// 0 nothing failed; 1 violated or powerless; 3 numerical failure; 4 inconclusive, where `strict`;
/// 77 nothing applies. Several at once: 3, then 1, then 4.
int exit_code(const std::vector<ClaimResult>& results, bool strict);

}  // namespace flowcheck
