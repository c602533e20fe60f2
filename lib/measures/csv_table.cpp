#include "measures/csv_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

namespace flowcheck {
namespace {

// One row of text, quotes undone; `text` and `line` move on to the next.
struct RowReader {
  std::string_view text;
  std::size_t line = 1;
  bool open_quote = false;  // the text ended inside quotes

  std::vector<std::string> next() {
    std::vector<std::string> fields(1);
    bool quoted = false;
    bool was_quoted = false;  // a quote opens a field only at its beginning
    while (!text.empty()) {
      const char c = text.front();
      text.remove_prefix(1);
      if (c == '\n') ++line;
      if (quoted) {
        if (c != '"') {
          fields.back() += c;
        } else if (text.starts_with('"')) {
          fields.back() += c;
          text.remove_prefix(1);
        } else {
          quoted = false;
        }
      } else if (c == '"' && fields.back().empty() && !was_quoted) {
        quoted = was_quoted = true;
      } else if (c == ',') {
        fields.emplace_back();
        was_quoted = false;
      } else if (c == '\n') {
        return fields;
      } else if (c != '\r' || !(text.empty() || text.starts_with('\n'))) {
        fields.back() += c;
      }
    }
    open_quote = quoted;
    return fields;
  }
};

// Independent of the locale; the whole field has to be the number.
template <class Number>
bool parse(const std::string& field, Number& number) {
  const char* end = field.data() + field.size();
  const auto [stopped, error] = std::from_chars(field.data(), end, number);
  return error == std::errc() && stopped == end;
}

}  // namespace

CsvTable::CsvTable(std::string_view text, std::string name) : file_(std::move(name)) {
  RowReader reader{.text = text};
  while (!reader.text.empty()) {
    const std::size_t line = reader.line;
    std::vector<std::string> fields = reader.next();
    if (reader.open_quote) fail(line, "a quoted field is not closed");
    add_row(std::move(fields), line);
  }
  if (lines_.empty()) {
    fail(names_.empty() ? 1 : 2, "expected a line of column names and at least one row");
  }
}

void CsvTable::add_row(std::vector<std::string> fields, std::size_t line) {
  if (names_.empty()) {
    for (std::string& field : fields) {
      if (field.empty()) fail(line, fmt::format("column {} has no name", names_.size() + 1));
      if (has(field)) fail(line, fmt::format("column \"{}\" stands twice", field));
      names_.push_back(std::move(field));
    }
    columns_.resize(names_.size());
    return;
  }
  if (fields.size() != names_.size()) {
    fail(line, fmt::format("{} fields, expected {}", fields.size(), names_.size()));
  }
  for (std::size_t k = 0; k < fields.size(); ++k) columns_[k].push_back(std::move(fields[k]));
  lines_.push_back(line);
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
      fail(lines_[row], fmt::format("column \"{}\": expected a finite number, found \"{}\"", column,
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
      fail(lines_[row],
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
