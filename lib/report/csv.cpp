#include "report/csv.hpp"

#include "measures/measure_file.hpp"

#include <fmt/format.h>

#include <utility>

namespace flowcheck {

std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

std::string csv_number(double value) {
  return fmt::format("{:.17g}", value);
}

DataTable parse_data_table(std::string_view text, const std::string& name) {
  std::vector<std::vector<std::string>> records;
  std::vector<std::size_t> lines;  // at which each record begins
  std::vector<std::string> record;
  std::string field;
  bool quoted = false;
  std::size_t line = 1;
  std::size_t first_line = 1;
  const auto end_record = [&] {
    record.push_back(std::exchange(field, {}));
    records.push_back(std::exchange(record, {}));
    lines.push_back(first_line);
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n') ++line;
    if (quoted) {
      if (c == '"' && i + 1 < text.size() && text[i + 1] == '"') {
        field += text[++i];
      } else if (c == '"') {
        quoted = false;
      } else {
        field += c;
      }
    } else if (c == '"' && field.empty()) {
      quoted = true;
    } else if (c == ',') {
      record.push_back(std::exchange(field, {}));
    } else if (c == '\n') {
      end_record();
      first_line = line;
    } else if (c != '\r') {
      field += c;
    }
  }
  if (quoted)
    throw InputError(fmt::format("{}:{}: a quoted field is not closed", name, first_line));
  if (!field.empty() || !record.empty()) end_record();
  if (records.empty()) throw InputError(fmt::format("{}:1: expected a header line", name));

  DataTable table{.columns = std::move(records.front())};
  for (std::size_t i = 1; i < records.size(); ++i) {
    if (records[i].size() != table.columns.size()) {
      throw InputError(fmt::format("{}:{}: {} fields, the header has {}", name, lines[i],
                                   records[i].size(), table.columns.size()));
    }
    table.rows.push_back(std::move(records[i]));
  }
  return table;
}

}  // namespace flowcheck
