#include "measures/csv_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

namespace flowcheck {
namespace {

std::vector<std::string_view> fields_of(std::string_view line) {
  std::vector<std::string_view> fields;
  for (;;) {
    const std::size_t comma = line.find(',');
    fields.push_back(line.substr(0, comma));
    if (comma == std::string_view::npos) return fields;
    line.remove_prefix(comma + 1);
  }
}

// Independent of the locale; the whole field has to be the number.
template <class Number>
bool parse(const std::string& field, Number& number) {
  const char* end = field.data() + field.size();
  const auto [stopped, error] = std::from_chars(field.data(), end, number);
  return error == std::errc() && stopped == end;
}

}  // namespace

CsvTable::CsvTable(std::string_view text, std::string name) : file_(std::move(name)) {
  std::size_t number = 0;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    add_line(line, ++number);
  }
  if (number < 2) fail(number + 1, "expected a line of column names and at least one row");
}

void CsvTable::add_line(std::string_view line, std::size_t number) {
  if (line.find('"') != std::string_view::npos) fail(number, "quoted fields are not read");
  const std::vector<std::string_view> fields = fields_of(line);
  if (number > 1 && fields.size() != names_.size()) {
    fail(number, fmt::format("{} fields, expected {}", fields.size(), names_.size()));
  }
  for (std::size_t k = 0; k < fields.size(); ++k) {
    if (number > 1) {
      columns_[k].emplace_back(fields[k]);
      continue;
    }
    if (fields[k].empty()) fail(number, fmt::format("column {} has no name", k + 1));
    if (has(fields[k])) fail(number, fmt::format("column \"{}\" stands twice", fields[k]));
    names_.emplace_back(fields[k]);
    columns_.emplace_back();
  }
}

bool CsvTable::has(std::string_view column) const {
  return std::find(names_.begin(), names_.end(), column) != names_.end();
}

const std::vector<std::string>& CsvTable::text(std::string_view column) const {
  const auto found = std::find(names_.begin(), names_.end(), column);
  if (found == names_.end()) {
    fail(1,
         fmt::format("column \"{}\" is missing; there are: {}", column, fmt::join(names_, ", ")));
  }
  return columns_[static_cast<std::size_t>(found - names_.begin())];
}

std::vector<double> CsvTable::numbers(std::string_view column) const {
  const std::vector<std::string>& fields = text(column);
  std::vector<double> result(fields.size());
  for (std::size_t row = 0; row < fields.size(); ++row) {
    if (!parse(fields[row], result[row]) || !std::isfinite(result[row])) {
      fail(row + 2, fmt::format("column \"{}\": expected a finite number, found \"{}\"", column,
                                fields[row]));
    }
  }
  return result;
}

std::vector<int> CsvTable::integers(std::string_view column) const {
  const std::vector<std::string>& fields = text(column);
  std::vector<int> result(fields.size());
  for (std::size_t row = 0; row < fields.size(); ++row) {
    if (!parse(fields[row], result[row])) {
      fail(row + 2,
           fmt::format("column \"{}\": expected an integer, found \"{}\"", column, fields[row]));
    }
  }
  return result;
}

void CsvTable::fail(std::size_t line, const std::string& what) const {
  throw InputError(fmt::format("{}:{}: {}", file_, line, what));
}

CsvTable read_csv_table(const std::string& path, const InputLimits& limits) {
  return {read_text_file(path, limits.file_bytes), path};
}

}  // namespace flowcheck
