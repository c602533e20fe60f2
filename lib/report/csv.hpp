#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace flowcheck {

/// A field as RFC 4180 wants it: in quotes, quotes doubled, where it holds a comma, a quote or a
/// line break; as it is elsewhere.
std::string csv_field(std::string_view text);

/// A number with 17 significant digits, so that reading it back gives the same double; inf, -inf,
/// nan.
std::string csv_number(double value);

/// The content of a data.csv: a header line and rows of text, quoted fields undone; every row has
/// as many fields as the header.
struct DataTable {
  std::vector<std::string> columns = {};
  std::vector<std::vector<std::string>> rows = {};
};

/// @param name  stands for the file in messages
/// @throws InputError  no header, a ragged row, or an open quote, with its line
DataTable parse_data_table(std::string_view text, const std::string& name);

}  // namespace flowcheck
