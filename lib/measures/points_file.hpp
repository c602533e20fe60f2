#pragma once

#include "measures/data_treatment.hpp"
#include "measures/input_file.hpp"

#include <string>
#include <string_view>

namespace flowcheck {

// Points from the content of a file, one row of it a point. `name` stands for the file in messages.

/// Comma separated text. The first line is one of names if no field of it is a number (and not all
/// are missing values); it is the first point if all fields are numbers or missing values; with
/// numbers and texts in it the file is refused, see CsvHeader. Below a line of names the columns
/// that are not selected may hold anything.
/// @throws InputError  not such a table, a text in a selected column, or what treated() refuses
TreatedPoints parse_csv_points(std::string_view text,
                               const std::string& name,
                               const DataTreatment& treatment = {},
                               const InputLimits& limits = {});

/// A NumPy array of shape (n, d), or (n,) for points on the line; its columns have numbers only.
/// @throws InputError  as parse_npy(), or what treated() refuses
TreatedPoints parse_npy_points(std::string_view bytes,
                               const std::string& name,
                               const DataTreatment& treatment = {},
                               const InputLimits& limits = {});

}  // namespace flowcheck
