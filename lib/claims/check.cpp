#include "claims/check.hpp"

#include "numerics/require.hpp"

#include <fmt/format.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

namespace flowcheck {
namespace {

// The smallest unit of work: one instance family of one claim, all its draws in order.
struct Cell {
  const Instance* instance = nullptr;  // none: the user's target
  std::string name = {};
  CheckKind kind = CheckKind::random;
  std::vector<CheckResult> results = {};
};

bool stopped(const CheckOptions& options) {
  return options.stop != nullptr && *options.stop;
}

int draws_of(const Instance& instance, Scale scale) {
  return instance.repeat ? draw_count(scale) : 1;
}

int interval_count(const std::vector<Claim>& claims, Scale scale) {
  int count = 0;
  for (const Claim& claim : claims) {
    for (const auto* family : {&claim.instances, &claim.tight, &claim.controls}) {
      for (const Instance& i : *family) count += i.confidence_intervals * draws_of(i, scale);
    }
  }
  return count;
}

bool is_nan(const Bound& bound) {
  return bound.lhs.is_nan() || bound.rhs.is_nan();
}

// How close a bound is to breaking, to choose the one that is shown; never a NaN. Two sides that
// are the same infinity agree, and what is not a number could not be further off.
double pressure(const Bound& bound) {
  if (is_nan(bound)) return infinity;
  const double ratio = tightness(bound);
  if (bound.relation == Relation::bound && !std::isnan(ratio)) return ratio;
  const double gap = bound.lhs.value == bound.rhs.value ? 0.0 : bound.lhs.value - bound.rhs.value;
  return bound.relation == Relation::bound ? gap : std::abs(gap);
}

// What overlapping sides were judged by, where neither of them shows it.
double scale_beyond_sides(const Bound& bound) {
  const auto is_below = [&](const Estimate& side) { return std::abs(side.value) < bound.scale; };
  return is_below(bound.lhs) && is_below(bound.rhs) ? bound.scale : 0.0;
}

// `tight` and `holds` are equally good news.
Verdict severity(Verdict verdict) {
  return verdict == Verdict::tight ? Verdict::holds : verdict;
}

// lhs ≤ ∞ says nothing.
bool is_unbounded(const Bound& bound) {
  return bound.relation == Relation::bound && bound.rhs.value == infinity && !is_nan(bound);
}
// Why: it is infinite, or what is computed of it is, beyond the largest number.
std::string unbounded(const Bound& bound) {
  return bound.rhs.lower == infinity ? "left out: the bound is infinite"
                                     : "left out: the bound is beyond the numbers' range";
}

// Bounds of a part of which nothing is said.
struct LeftOut {
  int count = 0;
  std::string why = {};  // of the first
};

// A part that holds where it was compared says of how many bounds it does not.
void tell_left_out(CheckResult& result, const LeftOut& left_out) {
  if (left_out.count == 0 || severity(result.verdict) != Verdict::holds) return;
  constexpr std::string_view prefix = "left out: ";
  const std::string_view why = left_out.why;
  result.reason = fmt::format("{} of {} {}{}", left_out.count, left_out.count + result.draws,
                              prefix, why.starts_with(prefix) ? why.substr(prefix.size()) : why);
}

// Draws of one family, gathered by part: verdicts add up to the worst, the closest bound is shown.
class Gathering {
 public:
  Gathering(const Claim& claim, const Cell& cell) : claim_(claim), cell_(cell) {}

  void add(const Outcome& outcome, std::uint64_t draw_seed) {
    if (!outcome.applies()) {
      if (parts_.empty()) hypothesis_ = outcome.failed_hypothesis;
      return;
    }
    for (const Bound& bound : outcome.bounds) add(bound, draw_seed);
  }

  void fail(const std::string& reason, std::uint64_t draw_seed) {
    CheckResult& result = part("");
    result.verdict = Verdict::numerical_failure;
    result.reason = reason;
    result.draws = 0;  // the sides found so far are of other draws than the one that failed
    result.tightness = std::numeric_limits<double>::quiet_NaN();
    result.draw_seed = draw_seed;
    pressure_[""] = infinity;
  }

  std::vector<CheckResult> take() {
    if (parts_.empty()) {
      CheckResult& result = part("");
      result.verdict = Verdict::not_applicable;
      result.reason = hypothesis_;
    }
    std::vector<CheckResult> results;
    for (const std::string& name : order_) {
      CheckResult& result = parts_.at(name);
      tell_left_out(result, left_out_[name]);
      results.push_back(std::move(result));
    }
    return results;
  }

 private:
  CheckResult& part(const std::string& name) {
    const auto [where, is_new] = parts_.try_emplace(name);
    if (is_new) {
      order_.push_back(name);
      where->second = {.instance = cell_.name,
                       .kind = cell_.kind,
                       .part = name,
                       .tightness = std::numeric_limits<double>::quiet_NaN()};
      pressure_[name] = -infinity;
    }
    return where->second;
  }

  // A control need only break somewhere, so its best draw speaks; everything else by its worst.
  void add(const Bound& bound, std::uint64_t draw_seed) {
    CheckResult& result = part(bound.part);
    const std::string unsaid = is_unbounded(bound) ? unbounded(bound) : bound.failed_hypothesis;
    if (!unsaid.empty()) {
      LeftOut& left_out = left_out_[bound.part];
      if (left_out.count++ == 0) left_out.why = unsaid;
      if (result.draws == 0) result.reason = unsaid;
      return;
    }
    if (result.draws++ == 0) result.reason.clear();
    result.grade = std::min({result.grade, bound.lhs.grade, bound.rhs.grade});
    if (result.verdict == Verdict::numerical_failure) return;  // a NaN is not forgotten
    Verdict verdict =
        judge(bound, bound.relation == Relation::order ? claim_.order_tolerance : claim_.tolerance);
    const bool control = cell_.kind == CheckKind::control;
    if (control && verdict == Verdict::violated && !violated_with_room(bound, claim_.tolerance)) {
      verdict = Verdict::inconclusive;
    }
    const double strength = pressure(bound);
    const bool nan = verdict == Verdict::numerical_failure;
    if (nan || severity(verdict) > severity(result.verdict) ||
        (severity(verdict) == severity(result.verdict) && strength > pressure_[bound.part])) {
      result.verdict = verdict;
      result.relation = bound.relation;
      if (cell_.kind == CheckKind::target && !bound.place.empty()) {
        result.instance = cell_.name + ", " + bound.place;
      }
      result.lhs = bound.lhs;
      result.rhs = bound.rhs;
      result.scale = scale_beyond_sides(bound);
      result.tightness =
          bound.auxiliary ? std::numeric_limits<double>::quiet_NaN() : tightness(bound);
      result.auxiliary = bound.auxiliary;
      result.draw_seed = draw_seed;
      if (nan)
        result.reason = is_nan(bound) ? "not a number" : "one of two equal sides is infinite";
      pressure_[bound.part] = strength;
    }
  }

  const Claim& claim_;
  const Cell& cell_;
  std::vector<std::string> order_;
  std::map<std::string, CheckResult> parts_;
  std::map<std::string, double> pressure_;
  std::map<std::string, LeftOut> left_out_;
  std::string hypothesis_ = "no instance";
};

void run_cell(const Claim& claim, Cell& cell, const CheckOptions& options, double false_alarm) {
  Gathering gathering(claim, cell);
  if (cell.instance == nullptr) {
    try {
      gathering.add(claim.on_target(*options.target), 0);
    } catch (const std::exception& error) {
      gathering.fail(error.what(), 0);
    }
    cell.results = gathering.take();
    return;
  }
  const int draws = options.replay ? 1 : draws_of(*cell.instance, options.scale);
  for (int i = 0; i < draws && !stopped(options); ++i) {
    const std::uint64_t draw_seed =
        options.replay ? options.replay->draw_seed
                       : derive_seed(options.seed, claim.id + ":" + cell.instance->name,
                                     static_cast<std::uint64_t>(i));
    Trial trial{.rng = Rng(draw_seed), .scale = options.scale, .false_alarm = false_alarm};
    try {
      gathering.add(cell.instance->draw(trial), draw_seed);
    } catch (const std::exception& error) {
      gathering.fail(error.what(), draw_seed);
      break;  // ends this claim, and no other
    }
  }
  cell.results = gathering.take();
}

// Replaces weak evidence, where more was asked for, by `inconclusive`.
void hold_to_grade(CheckResult& result, Grade least) {
  const bool decided = result.verdict == Verdict::holds || result.verdict == Verdict::tight;
  if (decided && result.grade < least) {
    result.verdict = Verdict::inconclusive;
    result.reason =
        fmt::format("evidence is {}, {} was asked for", to_string(result.grade), to_string(least));
  }
}

void conclude(ClaimResult& result, const CheckOptions& options) {
  for (CheckResult& check : result.checks) hold_to_grade(check, options.least_grade);

  const CheckResult* worst = nullptr;
  for (const CheckResult& check : result.checks) {
    if (worst == nullptr || check.verdict > worst->verdict) worst = &check;
  }
  if (options.replay) {  // one draw has no say about the claim beyond itself
    for (const CheckResult& check : result.checks) {
      result.verdict = std::max(result.verdict, severity(check.verdict));
    }
    for (const CheckResult& control : result.controls) {  // a control has to break
      const bool failed = control.verdict == Verdict::numerical_failure;
      const Verdict here = failed ? control.verdict : Verdict::powerless;
      result.verdict =
          std::max(result.verdict, control.verdict == Verdict::violated ? Verdict::holds : here);
    }
    return;
  }
  if (worst == nullptr || worst->verdict == Verdict::not_applicable) {
    result.verdict = Verdict::not_applicable;
    result.reason =
        worst == nullptr ? "no way to check a measure given from outside" : worst->reason;
    return;
  }
  // Steps of the proof alone are not the statement: where all of that was left out, say why.
  const auto of_statement = [](const CheckResult& check) {
    return check.verdict != Verdict::not_applicable && !check.auxiliary;
  };
  const auto left_out =
      std::ranges::find(result.checks, Verdict::not_applicable, &CheckResult::verdict);
  if (severity(worst->verdict) == Verdict::holds && left_out != result.checks.end() &&
      std::ranges::none_of(result.checks, of_statement)) {
    result.verdict = Verdict::not_applicable;
    result.reason = left_out->reason;
    return;
  }
  result.verdict = severity(worst->verdict);
  if (result.verdict != Verdict::holds) result.reason = worst->reason;

  Verdict of_controls = result.controls.empty() ? Verdict::powerless : Verdict::holds;
  std::string reason = result.controls.empty() ? "no negative control" : "";
  for (const CheckResult& control : result.controls) {
    if (control.verdict == Verdict::violated) continue;
    const bool failed = control.verdict == Verdict::numerical_failure;
    const Verdict here = failed ? Verdict::numerical_failure : Verdict::powerless;
    if (here > of_controls) {
      of_controls = here;
      reason = fmt::format("control \"{}\" {}", control.instance,
                           failed ? control.reason : "gets through");
    }
  }
  if (of_controls > result.verdict) {
    result.verdict = of_controls;
    result.reason = reason;
  }
}

std::vector<Cell> cells_of(const Claim& claim, const CheckOptions& options) {
  std::vector<Cell> cells;
  const auto add = [&](const std::vector<Instance>& family, CheckKind kind) {
    for (const Instance& instance : family) {
      if (options.replay && options.replay->instance != instance.name) continue;
      cells.push_back({.instance = &instance, .name = instance.name, .kind = kind});
    }
  };
  if (options.target && !options.replay) {
    if (!claim.on_target) return cells;
    const bool ignored = claim.without_error && options.target->error > 0.0;
    cells.push_back({.name = ignored ? "target, no ε" : "target", .kind = CheckKind::target});
  } else {
    add(claim.instances, CheckKind::random);
    add(claim.tight, CheckKind::tight);
  }
  add(claim.controls, CheckKind::control);
  return cells;
}

std::vector<ClaimResult> run(const std::vector<Claim>& claims,
                             const CheckOptions& options,
                             double false_alarm) {
  std::vector<std::vector<Cell>> cells;
  std::vector<std::pair<std::size_t, std::size_t>> work;
  for (std::size_t i = 0; i < claims.size(); ++i) {
    cells.push_back(cells_of(claims[i], options));
    for (std::size_t j = 0; j < cells[i].size(); ++j) work.emplace_back(i, j);
  }

  std::vector<std::atomic<std::size_t>> open(claims.size());
  std::vector<std::optional<ClaimResult>> finished(claims.size());
  const auto finish = [&](std::size_t i) {
    ClaimResult result{.claim = claims[i]};
    for (const Cell& cell : cells[i]) {
      auto& where = cell.kind == CheckKind::control ? result.controls : result.checks;
      where.insert(where.end(), cell.results.begin(), cell.results.end());
    }
    conclude(result, options);
    if (options.on_finished) options.on_finished(result);
    finished[i] = std::move(result);
  };
  for (std::size_t i = 0; i < claims.size(); ++i) {
    open[i] = cells[i].size();
    if (cells[i].empty()) finish(i);
  }
  tbb::parallel_for(std::size_t{0}, work.size(), [&](std::size_t k) {
    const auto [i, j] = work[k];
    if (stopped(options)) return;
    run_cell(claims[i], cells[i][j], options, false_alarm);
    if (!stopped(options) && --open[i] == 0) finish(i);
  });

  std::vector<ClaimResult> results;
  for (auto& result : finished) {
    if (result) results.push_back(std::move(*result));
  }
  return results;
}

}  // namespace

std::string_view to_string(CheckKind kind) {
  constexpr std::array<std::string_view, 4> words = {"random", "tight", "target", "control"};
  return words.at(static_cast<std::size_t>(kind));
}

Grade ClaimResult::grade() const {
  Grade weakest = Grade::exact;
  for (const CheckResult& check : checks) {
    if (check.verdict == Verdict::not_applicable) continue;
    weakest = std::min({weakest, check.grade, check.lhs.grade, check.rhs.grade});
  }
  return weakest;
}

double ClaimResult::tightness() const {
  double largest = std::numeric_limits<double>::quiet_NaN();
  for (const CheckResult& check : checks) {
    if (check.relation == Relation::bound) largest = std::fmax(largest, check.tightness);
  }
  return largest;
}

bool is_vacuous(const CheckResult& check) {
  return check.relation == Relation::bound && check.verdict == Verdict::holds &&
         check.lhs.value > 0.0 && check.tightness < vacuous_tightness;
}

bool is_vacuous(const ClaimResult& result) {
  bool found = false;
  for (const CheckResult& check : result.checks) {
    const bool of_no_ratio = check.relation == Relation::bound && std::isnan(check.tightness);
    if (check.verdict == Verdict::not_applicable || of_no_ratio) continue;
    if (!is_vacuous(check)) return false;
    found = true;
  }
  return found;
}

int draw_count(Scale scale) {
  switch (scale) {
    case Scale::quick:
      return 8;
    case Scale::standard:
      return 100;
    case Scale::paper:
      return 2000;
  }
  return 0;
}

ClaimResult check(const Claim& claim, const CheckOptions& options) {
  std::vector<ClaimResult> results = check_all({claim}, {claim}, options);
  if (results.empty()) return {.claim = claim, .reason = "stopped"};
  return std::move(results.front());
}

std::vector<ClaimResult> check_all(const std::vector<Claim>& selected,
                                   const std::vector<Claim>& registered,
                                   const CheckOptions& options) {
  require(options.false_alarm_budget > 0.0 && options.false_alarm_budget < 1.0,
          "check_all: the false-alarm budget must lie between 0 and 1");
  const int intervals = std::max(1, interval_count(registered, options.scale));
  return run(selected, options, options.false_alarm_budget / intervals);
}

int exit_code(const std::vector<ClaimResult>& results, bool strict) {
  const auto any = [&](Verdict verdict) {
    return std::any_of(results.begin(), results.end(),
                       [verdict](const ClaimResult& result) { return result.verdict == verdict; });
  };
  if (any(Verdict::numerical_failure)) return 3;
  if (any(Verdict::violated) || any(Verdict::powerless)) return 1;
  if (strict && any(Verdict::inconclusive)) return 4;
  const bool nothing = std::all_of(results.begin(), results.end(), [](const ClaimResult& result) {
    return result.verdict == Verdict::not_applicable;
  });
  return nothing ? 77 : 0;
}

}  // namespace flowcheck
