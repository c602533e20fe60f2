#pragma once

#include "measures/input_file.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace flowcheck {

/// The number that the whole of a field is, independent of the locale: decimal point, blanks around
/// it allowed. Infinities and NaN count as numbers; what a double cannot hold does not.
std::optional<double> number_in_field(std::string_view field);

/// A field that stands for a missing value: empty, NA or NaN, whatever the case.
bool is_missing(std::string_view field);

/// Whether the first line of a table names its columns. A line of numbers and texts is neither
/// names nor numbers, and refused where it would have to be guessed which: a datum with a slip in
/// it must not pass for a header. What is written as a number that a double cannot hold (1e400,
/// 0x10) counts as a number there, so that it is refused as one. Where it is detected, the first
/// line may begin with #, as numpy.savetxt writes its header: it names the columns if it has a name
/// for each number of the row below, and is a remark otherwise.
enum class CsvHeader {
  required,  ///< the first line names the columns
  detected,  ///< it does so if no field of it is a number, and one is not a missing value either
};

/// A table read from comma separated text.
///
/// Strict: every row has as many fields as the first, and names are unique and not empty. Fields
/// in quotes are read as RFC 4180 writes them; lines end in LF or CR LF. A field is text, and may
/// be empty, until its column is asked for as numbers.
class CsvTable {
 public:
  /// @throws InputError  "file:line: ...", where the text is not such a table
  CsvTable(std::string_view text,
           std::string name,
           CsvHeader header = CsvHeader::required,
           const InputLimits& limits = {});

  std::size_t rows() const { return columns_.front().size(); }
  bool has_header() const { return has_header_; }
  const std::vector<std::string>& names() const { return names_; }  ///< "1", "2", … if none
  bool has(std::string_view column) const;
  std::size_t line(std::size_t row) const { return lines_[row]; }  ///< at which a row begins

  // All: @throws InputError  there is no such column, or a field is not what is asked for.
  const std::vector<std::string>& text(std::string_view column) const;
  std::vector<double> numbers(std::string_view column) const;  ///< finite, decimal point
  std::vector<int> integers(std::string_view column) const;
  std::vector<double> numbers_or_missing(std::size_t index) const;  ///< NaN where is_missing()

 private:
  [[noreturn]] void fail(std::size_t line, const std::string& what) const;
  void start(std::vector<std::string>& fields, std::size_t line, CsvHeader header);
  void add_row(std::vector<std::string>& fields, std::size_t line);

  std::string file_;
  bool has_header_ = true;
  std::vector<std::size_t> lines_;
  std::vector<std::string> names_;
  std::vector<std::vector<std::string>> columns_;
};

/// @throws InputError  unreadable, larger than the limits, or not such a table
CsvTable read_csv_table(const std::string& path, const InputLimits& limits = {});

}  // namespace flowcheck
