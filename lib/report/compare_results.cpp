#include "report/compare_results.hpp"

#include "measures/csv_table.hpp"
#include "measures/measure_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>

namespace flowcheck {
namespace {

std::optional<double> number_in(const std::string& field) {
  char* end = nullptr;
  const double value = std::strtod(field.c_str(), &end);
  if (field.empty() || *end != '\0') return std::nullopt;
  return value;
}

bool same_within(double a, double b, double relative, double absolute) {
  if (a == b || (std::isnan(a) && std::isnan(b))) return true;
  return std::abs(a - b) <= absolute + relative * std::max(std::abs(a), std::abs(b)) &&
         std::isfinite(a) && std::isfinite(b);
}

// Things of two lists by name: what is on one side only is reported, pairs go to `compare`.
template <class Item>
void match(const std::vector<Item>& a,
           const std::vector<Item>& b,
           const std::function<std::string(const Item&)>& name_of,
           ResultsComparison& result,
           const std::function<void(const Item&, const Item&)>& compare) {
  std::map<std::string, const Item*> in_b;
  for (const Item& item : b) in_b.emplace(name_of(item), &item);
  for (const Item& item : a) {
    const auto found = in_b.find(name_of(item));
    if (found == in_b.end()) {
      result.moved.push_back(fmt::format("{}: gone", name_of(item)));
    } else {
      compare(item, *found->second);
      in_b.erase(found);
    }
  }
  for (const auto& [name, item] : in_b) result.moved.push_back(fmt::format("{}: new", name));
}

void compare_tables(const std::string& name,
                    const CsvTable& a,
                    const CsvTable& b,
                    const Manifest& manifest,
                    ResultsComparison& result) {
  for (const std::string& column : b.names()) {
    if (!a.has(column)) result.moved.push_back(fmt::format("{}: column {} new", name, column));
  }
  if (a.rows() != b.rows()) {
    result.moved.push_back(fmt::format("{}: {} rows, were {}", name, b.rows(), a.rows()));
  }
  for (const std::string& column : a.names()) {
    if (!b.has(column)) {
      result.moved.push_back(fmt::format("{}: column {} gone", name, column));
      continue;
    }
    for (std::size_t row = 0; row < std::min(a.rows(), b.rows()); ++row) {
      const std::string& before = a.text(column)[row];
      const std::string& after = b.text(column)[row];
      const std::optional<double> x = number_in(before);
      const std::optional<double> y = number_in(after);
      if (x && y) ++result.numbers;
      const bool same =
          x && y ? same_within(*x, *y, manifest.relative_tolerance, manifest.absolute_tolerance)
                 : before == after;
      if (!same) {
        result.moved.push_back(
            fmt::format("{}: row {}, {}: {} -> {}", name, row + 1, column, before, after));
      }
    }
  }
}

// What another C library's exp and log may change in a number that the enclosures do not cover,
// relative: draws and what is computed from them.
constexpr double other_library = 1e-6;

// Widths of an enclosure's finite parts: an end at infinity leaves nothing open to the value.
double slack(const Estimate& x) {
  const auto part = [](double width) { return std::isfinite(width) ? width : 0.0; };
  return part(x.value - x.lower) + part(x.upper - x.value);
}

// Half-width that the enclosures of both sides leave to lhs/rhs.
double tightness_tolerance(const CheckResult& check) {
  const double of_sides =
      (slack(check.lhs) + check.tightness * slack(check.rhs)) / std::abs(check.rhs.value);
  return of_sides + other_library * std::abs(check.tightness);
}

// Nearly equal draws change places from machine to machine. What they have in common is how close
// the bound is to breaking, by which the draw that is shown is chosen.
void compare_other_draws(const std::string& name,
                         const CheckResult& a,
                         const CheckResult& b,
                         ResultsComparison& result) {
  ++result.numbers;
  result.notes.push_back(fmt::format("{}: shows another draw", name));
  if (a.relation == Relation::bound && !std::isnan(a.tightness) && !std::isnan(b.tightness)) {
    const double tolerance = tightness_tolerance(a) + tightness_tolerance(b);
    if (!same_within(a.tightness, b.tightness, 0.0, tolerance)) {
      result.moved.push_back(fmt::format("{}: tightness {} -> {}", name, a.tightness, b.tightness));
    }
    return;
  }
  double tolerance = 0.0;
  for (const Estimate* side : {&a.lhs, &a.rhs, &b.lhs, &b.rhs}) {
    tolerance += slack(*side);
    if (std::isfinite(side->value)) tolerance += other_library * std::abs(side->value);
  }
  const double before = a.lhs.value - a.rhs.value;
  const double after = b.lhs.value - b.rhs.value;
  if (!same_within(before, after, 0.0, tolerance)) {
    result.moved.push_back(fmt::format("{}: lhs - rhs {} -> {}", name, before, after));
  }
}

void compare_sides(const std::string& name,
                   const Estimate& a,
                   const Estimate& b,
                   ResultsComparison& result) {
  ++result.numbers;
  if (!same_within(a.value, b.value, other_library, slack(a) + slack(b))) {
    result.moved.push_back(fmt::format("{} {} -> {}", name, a.value, b.value));
  }
  if (a.grade != b.grade) {
    result.moved.push_back(
        fmt::format("{} is {}, was {}", name, to_string(b.grade), to_string(a.grade)));
  }
}

void compare_checks(const std::string& name,
                    const CheckResult& a,
                    const CheckResult& b,
                    ResultsComparison& result) {
  if (a.verdict != b.verdict) {
    result.moved.push_back(
        fmt::format("{}: {} -> {}", name, to_string(a.verdict), to_string(b.verdict)));
  }
  if (a.relation != b.relation) {
    result.moved.push_back(
        fmt::format("{}: {} -> {}", name, to_string(a.relation), to_string(b.relation)));
  }
  if (a.draws != b.draws) {
    result.moved.push_back(fmt::format("{}: {} draws, were {}", name, b.draws, a.draws));
  }
  if (a.draws == 0 || b.draws == 0) return;
  if (a.draw_seed != b.draw_seed) return compare_other_draws(name, a, b, result);
  compare_sides(name + ": lhs", a.lhs, b.lhs, result);
  compare_sides(name + ": rhs", a.rhs, b.rhs, result);
}

void compare_claims(const ClaimResult& a, const ClaimResult& b, ResultsComparison& result) {
  if (a.verdict != b.verdict) {
    result.moved.push_back(
        fmt::format("{}: {} -> {}", a.claim.id, to_string(a.verdict), to_string(b.verdict)));
  }
  const std::function<std::string(const CheckResult&)> name_of = [&a](const CheckResult& check) {
    return fmt::format("{}: {} \"{}\"{}{}", a.claim.id, to_string(check.kind), check.instance,
                       check.part.empty() ? "" : ", ", check.part);
  };
  const std::function<void(const CheckResult&, const CheckResult&)> compare =
      [&](const CheckResult& x, const CheckResult& y) { compare_checks(name_of(x), x, y, result); };
  match(a.checks, b.checks, name_of, result, compare);
  match(a.controls, b.controls, name_of, result, compare);
}

// Something that two runs must have in common for their numbers to be comparable.
struct Setting {
  std::string name;
  std::string identity;
  std::string shown;  // what the user called it
};

Setting file_setting(const char* name, const std::string& path, const std::string& digest) {
  if (path.empty()) return {.name = name, .identity = "", .shown = "none"};
  return {.name = name,
          .identity = digest,
          .shown = fmt::format("{} (sha256 {})", path, digest.substr(0, 8))};
}

Setting word_setting(const char* name, const std::string& value) {
  return {.name = name, .identity = value, .shown = value.empty() ? "none" : value};
}

std::vector<Setting> settings_of(const CheckSettings& run) {
  return {word_setting("scale", std::string(to_string(run.scale))),
          word_setting("seed", fmt::format("{}", run.seed)),
          word_setting("min-grade", std::string(to_string(run.least_grade))),
          file_setting("target", run.target, run.target_sha256),
          file_setting("reference", run.reference, run.reference_sha256),
          word_setting("treatment", run.treatment),
          word_setting("gamma", fmt::format("{}", run.step_size)),
          word_setting("epsilon", fmt::format("{}", run.error)),
          word_setting("schedule", run.schedule),
          word_setting("replay", run.replay)};
}

std::vector<Setting> settings_of(const Manifest& manifest) {
  std::vector<Setting> settings = {word_setting("scale", std::string(to_string(manifest.scale))),
                                   word_setting("seed", fmt::format("{}", manifest.seed))};
  for (const auto& [name, value] : manifest.settings) {
    settings.push_back(word_setting(name.c_str(), value));
  }
  return settings;
}

// A setting that only one of them has came with another version.
template <class Run>
void require_same_settings(const std::string& name,
                           const Run& in_a,
                           const Run& in_b,
                           const std::string& a,
                           const std::string& b,
                           ResultsComparison& result) {
  if (in_a.version != in_b.version) {
    result.notes.push_back(fmt::format("{}: version {}, was {}", name, in_b.version, in_a.version));
  }
  const std::vector<Setting> others = settings_of(in_b);
  for (const Setting& setting : settings_of(in_a)) {
    const auto other = std::find_if(
        others.begin(), others.end(),
        [&setting](const Setting& candidate) { return candidate.name == setting.name; });
    if (other == others.end() || other->identity == setting.identity) continue;
    throw InputError(fmt::format("not comparable: {}: {} {} in {}, {} in {}", name, setting.name,
                                 setting.shown, a, other->shown, b));
  }
}

void compare_verdicts(const VerdictFile& a, const VerdictFile& b, ResultsComparison& result) {
  match<ClaimResult>(
      a.claims, b.claims, [](const ClaimResult& claim) { return claim.claim.id; }, result,
      [&result](const ClaimResult& x, const ClaimResult& y) { compare_claims(x, y, result); });
}

CsvTable read_data(const ResultsFolder& folder, const std::string& experiment) {
  const auto path = std::filesystem::path(folder.path) / experiment / "data.csv";
  return read_csv_table(path.string(), {.file_bytes = std::uintmax_t{1} << 30});
}

// Items whose names the other list has too.
template <class Item, class Name>
void keep_common(std::vector<Item>& items, const std::vector<Item>& others, const Name& name_of) {
  const auto is_missing = [&](const Item& item) {
    return std::none_of(others.begin(), others.end(),
                        [&](const Item& other) { return name_of(other) == name_of(item); });
  };
  items.erase(std::remove_if(items.begin(), items.end(), is_missing), items.end());
}

}  // namespace

ResultsFolder in_common(ResultsFolder folder, const ResultsFolder& other) {
  keep_common(folder.experiments, other.experiments,
              [](const Manifest& manifest) { return manifest.experiment; });
  if (folder.verdicts && other.verdicts) {
    keep_common(folder.verdicts->claims, other.verdicts->claims,
                [](const ClaimResult& result) { return result.claim.id; });
  } else {
    folder.verdicts.reset();
  }
  return folder;
}

ResultsComparison compare_results(const ResultsFolder& a, const ResultsFolder& b) {
  ResultsComparison result;
  if (a.verdicts && b.verdicts) {
    require_same_settings("verdicts.json", a.verdicts->run, b.verdicts->run, a.path, b.path,
                          result);
    compare_verdicts(*a.verdicts, *b.verdicts, result);
  } else if (a.verdicts || b.verdicts) {
    result.moved.push_back(a.verdicts ? "verdicts.json: gone" : "verdicts.json: new");
  }
  match<Manifest>(
      a.experiments, b.experiments, [](const Manifest& manifest) { return manifest.experiment; },
      result,
      [&](const Manifest& x, const Manifest& y) {
        require_same_settings(x.experiment, x, y, a.path, b.path, result);
        compare_tables(x.experiment + "/data.csv", read_data(a, x.experiment),
                       read_data(b, x.experiment), x, result);
      });
  return result;
}

}  // namespace flowcheck
