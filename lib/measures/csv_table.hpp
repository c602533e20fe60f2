#pragma once

#include "measures/measure_file.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace flowcheck {

/// A table read from comma separated text whose first line names the columns.
///
/// Strict: every row has as many fields as the header, and names are unique and not empty. Fields
/// in quotes are read as RFC 4180 writes them. A field is text, and may be empty, until its column
/// is asked for as numbers.
class CsvTable {
 public:
  /// @throws InputError  "file:line: ...", where the text is not such a table
  CsvTable(std::string_view text, std::string name);

  std::size_t rows() const { return columns_.front().size(); }
  const std::vector<std::string>& names() const { return names_; }
  bool has(std::string_view column) const;

  // All three: @throws InputError  there is no such column, or a field is not what is asked for.
  const std::vector<std::string>& text(std::string_view column) const;
  std::vector<double> numbers(std::string_view column) const;  ///< finite, decimal point
  std::vector<int> integers(std::string_view column) const;

 private:
  [[noreturn]] void fail(std::size_t line, const std::string& what) const;
  void add_row(std::vector<std::string> fields, std::size_t line);

  std::string file_;                // as in messages
  std::vector<std::size_t> lines_;  // at which each row begins
  std::vector<std::string> names_;
  std::vector<std::vector<std::string>> columns_;
};

/// @throws InputError  unreadable, larger than the limits, or not such a table
CsvTable read_csv_table(const std::string& path, const InputLimits& limits = {});

}  // namespace flowcheck
