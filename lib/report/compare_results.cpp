#include "report/compare_results.hpp"

#include "measures/csv_table.hpp"

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

// Half-width that the enclosures of both sides leave to lhs/rhs, and a millionth for other C
// libraries' draws.
double tightness_tolerance(const CheckResult& check) {
  const double of_sides =
      (check.lhs.width() + check.tightness * check.rhs.width()) / std::abs(check.rhs.value);
  return of_sides + 1e-6 * std::abs(check.tightness);
}

void compare_checks(const std::string& name,
                    const CheckResult& a,
                    const CheckResult& b,
                    ResultsComparison& result) {
  if (a.verdict != b.verdict) {
    result.moved.push_back(
        fmt::format("{}: {} -> {}", name, to_string(a.verdict), to_string(b.verdict)));
  }
  if (a.relation != Relation::bound || std::isnan(a.tightness) || std::isnan(b.tightness)) return;
  ++result.numbers;
  const double tolerance = tightness_tolerance(a) + tightness_tolerance(b);
  if (!(std::abs(a.tightness - b.tightness) <= tolerance)) {
    result.moved.push_back(fmt::format("{}: tightness {} -> {}", name, a.tightness, b.tightness));
  }
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

void compare_verdicts(const VerdictFile& a, const VerdictFile& b, ResultsComparison& result) {
  if (!(a.run == b.run)) {
    result.notes.push_back(fmt::format("verdicts.json: settings differ (seed {}, scale {}; {}, {})",
                                       a.run.seed, to_string(a.run.scale), b.run.seed,
                                       to_string(b.run.scale)));
  }
  match<ClaimResult>(
      a.claims, b.claims, [](const ClaimResult& claim) { return claim.claim.id; }, result,
      [&result](const ClaimResult& x, const ClaimResult& y) { compare_claims(x, y, result); });
}

CsvTable read_data(const ResultsFolder& folder, const std::string& experiment) {
  const auto path = std::filesystem::path(folder.path) / experiment / "data.csv";
  return read_csv_table(path.string(), {.file_bytes = std::uintmax_t{1} << 30});
}

}  // namespace

ResultsComparison compare_results(const ResultsFolder& a, const ResultsFolder& b) {
  ResultsComparison result;
  if (a.verdicts && b.verdicts) {
    compare_verdicts(*a.verdicts, *b.verdicts, result);
  } else if (a.verdicts || b.verdicts) {
    result.moved.push_back(a.verdicts ? "verdicts.json: gone" : "verdicts.json: new");
  }
  match<Manifest>(
      a.experiments, b.experiments, [](const Manifest& manifest) { return manifest.experiment; },
      result,
      [&](const Manifest& x, const Manifest& y) {
        if (x.settings != y.settings || x.seed != y.seed || x.scale != y.scale) {
          result.notes.push_back(
              fmt::format("{}: settings differ ({}; {})", x.experiment, x.command, y.command));
        }
        compare_tables(x.experiment + "/data.csv", read_data(a, x.experiment),
                       read_data(b, x.experiment), x, result);
      });
  return result;
}

}  // namespace flowcheck
