#include "measures/csv_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <set>
#include <utility>

namespace flowcheck {
namespace {

// One row of text, quotes undone; `text` and `line` move on to the next. No fields at all where
// there are too many.
struct RowReader {
  std::string_view text;
  std::size_t largest = 0;  // number of fields
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
        if (fields.size() == largest) return {};
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
bool parse(std::string_view field, Number& number) {
  const char* end = field.data() + field.size();
  const auto [stopped, error] = std::from_chars(field.data(), end, number);
  return error == std::errc() && stopped == end;
}

std::string_view without_blanks(std::string_view field) {
  const std::size_t first = field.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return field.substr(first, field.find_last_not_of(" \t") - first + 1);
}

// A number, or what would be one if it fitted a double or were not hexadecimal.
bool is_written_as_number(std::string_view field) {
  if (number_in_field(field)) return !is_missing(field);
  std::string_view digits = without_blanks(field);
  if (digits.starts_with('+') || digits.starts_with('-')) digits.remove_prefix(1);
  const char* end = digits.data() + digits.size();
  double number = 0.0;
  const auto [stopped, error] = std::from_chars(digits.data(), end, number);
  if (error == std::errc::result_out_of_range) return stopped == end;
  if (!digits.starts_with("0x") && !digits.starts_with("0X")) return false;
  digits.remove_prefix(2);
  return !digits.empty() &&
         digits.find_first_not_of("0123456789abcdefABCDEF.pP+-") == std::string_view::npos;
}

bool is_name(const std::string& field) {
  return !is_written_as_number(field) && !is_missing(field);
}

// A text that begins with a line as numpy.savetxt writes its header, "# x,y": from the first name
// on, if there is one for each field of the row of numbers below; nothing where it is a remark.
std::string_view names_of_remark(std::string_view text, std::size_t largest) {
  text.remove_prefix(std::min(text.find_first_not_of("# \t"), text.size()));
  RowReader reader{.text = text, .largest = largest};
  const std::vector<std::string> names = reader.next();
  if (names.empty() || reader.open_quote) return {};
  const std::vector<std::string> row = reader.next();
  const bool fits = names.size() == row.size() &&
                    std::all_of(names.begin(), names.end(), is_name) &&
                    std::none_of(row.begin(), row.end(), is_name);
  return fits ? text : std::string_view();
}

// For a field that should be a number: separators of other countries are the usual reason.
std::string_view advice(std::string_view field) {
  return field.find_first_of(";\t") != std::string_view::npos
             ? "fields are separated by commas, decimals by a point"
             : "mend it, or leave the column out with --columns";
}

}  // namespace

std::optional<double> number_in_field(std::string_view field) {
  std::string_view digits = without_blanks(field);
  if (digits.starts_with('+') && !digits.starts_with("+-")) digits.remove_prefix(1);
  double number = 0.0;
  if (digits.empty() || !parse(digits, number)) return std::nullopt;
  return number;
}

bool is_missing(std::string_view field) {
  std::string word(without_blanks(field));
  std::transform(word.begin(), word.end(), word.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return word.empty() || word == "NA" || word == "NAN";
}

CsvTable::CsvTable(std::string_view text,
                   std::string name,
                   CsvHeader header,
                   const InputLimits& limits)
    : file_(std::move(name)) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // some programs mark UTF-8 so
  if (text.find('\0') != std::string_view::npos) {
    fail(1, "not a text; expected comma separated values in UTF-8");
  }
  const auto largest = static_cast<std::size_t>(limits.values);
  std::size_t first_line = 1;
  if (header == CsvHeader::detected && text.starts_with('#')) {
    if (const std::string_view names = names_of_remark(text, largest); !names.empty()) {
      text = names;
    } else {
      text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
      first_line = 2;
    }
  }
  const std::string too_many = fmt::format("more than {} fields, the most that are read", largest);
  RowReader reader{.text = text, .largest = largest, .line = first_line};
  while (!reader.text.empty()) {
    const std::size_t line = reader.line;
    std::vector<std::string> fields = reader.next();
    if (fields.empty()) fail(line, too_many);
    if (reader.open_quote) fail(line, "a quoted field is not closed");
    if (names_.empty()) {
      start(fields, line, header);
    } else {
      add_row(fields, line);
    }
    if (lines_.size() > largest / names_.size()) fail(line, too_many);
  }
  if (lines_.empty()) {
    fail(names_.empty() ? first_line : first_line + 1,
         "expected a line of column names and at least one row");
  }
}

void CsvTable::start(std::vector<std::string>& fields, std::size_t line, CsvHeader header) {
  const auto name = std::find_if(fields.begin(), fields.end(), is_name);
  has_header_ = header == CsvHeader::required || name != fields.end();
  if (header == CsvHeader::detected && has_header_) {
    const auto number = std::find_if(fields.begin(), fields.end(), is_written_as_number);
    if (number != fields.end()) {
      fail(line, fmt::format("found both {}, which is no number, and {}: neither a row of numbers "
                             "nor a line of names; mend the field, or put a line of names that "
                             "are no numbers first",
                             shown(*name), shown(*number)));
    }
  }
  std::set<std::string_view> seen;
  for (const std::string& field : fields) {
    if (!has_header_) {
      names_.push_back(std::to_string(names_.size() + 1));
      continue;
    }
    if (field.empty()) fail(line, fmt::format("column {} has no name", names_.size() + 1));
    if (!seen.insert(field).second) fail(line, fmt::format("column {} stands twice", shown(field)));
    names_.push_back(field);
  }
  columns_.resize(names_.size());
  if (!has_header_) add_row(fields, line);
}

void CsvTable::add_row(std::vector<std::string>& fields, std::size_t line) {
  if (fields.size() != names_.size()) {
    if (fields.size() == 1 && fields.front().empty()) {
      fail(line, fmt::format("an empty line, expected {} fields", names_.size()));
    }
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
    fail(1, fmt::format("column {} is missing; there are: {}", shown(column), shown(names_)));
  }
  return columns_[static_cast<std::size_t>(found - names_.begin())];
}

std::vector<double> CsvTable::numbers(std::string_view column) const {
  const std::vector<std::string>& fields = text(column);
  std::vector<double> result(fields.size());
  for (std::size_t row = 0; row < fields.size(); ++row) {
    const std::optional<double> number = number_in_field(fields[row]);
    if (!number || !std::isfinite(*number)) {
      fail(lines_[row], fmt::format("column {}: expected a finite number, found {}", shown(column),
                                    shown(fields[row])));
    }
    result[row] = *number;
  }
  return result;
}

std::vector<double> CsvTable::numbers_or_missing(std::size_t column) const {
  const std::vector<std::string>& fields = columns_[column];
  std::vector<double> result(fields.size(), std::numeric_limits<double>::quiet_NaN());
  for (std::size_t row = 0; row < fields.size(); ++row) {
    if (is_missing(fields[row])) continue;
    const std::optional<double> number = number_in_field(fields[row]);
    if (!number) {
      fail(lines_[row],
           fmt::format("column {}: expected a number, found {}; {}", shown(names_[column]),
                       shown(fields[row]), advice(fields[row])));
    }
    result[row] = *number;
  }
  return result;
}

std::vector<int> CsvTable::integers(std::string_view column) const {
  const std::vector<std::string>& fields = text(column);
  std::vector<int> result(fields.size());
  for (std::size_t row = 0; row < fields.size(); ++row) {
    if (!parse(fields[row], result[row])) {
      fail(lines_[row], fmt::format("column {}: expected an integer, found {}", shown(column),
                                    shown(fields[row])));
    }
  }
  return result;
}

void CsvTable::fail(std::size_t line, const std::string& what) const {
  throw InputError(fmt::format("{}:{}: {}", file_, line, what));
}

CsvTable read_csv_table(const std::string& path, const InputLimits& limits) {
  return {read_text_file(path, limits.file_bytes), path, CsvHeader::required, limits};
}

}  // namespace flowcheck
