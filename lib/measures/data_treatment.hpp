#pragma once

#include "numerics/types.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace flowcheck {

/// What the user asks to be done with a table of data before it is a set of points; nothing is
/// done that was not asked for. In this order:
///
///   columns       only these, in this order: each a name, or else a number counted from 1
///   weight_column this one holds each row's weight and is no coordinate
///   weights       or else these are, one a row of the file
///   drop_missing  rows with a missing value (an empty field, NA, NaN) are left out
///   drop_constant columns with one value in all the rows are left out
///   dequantise    to each value uniform noise in [0, q) is added, q the column's quantum: the
///                 smallest gap between two of its values; 1 for a constant column of integers
///   standardise   each column to mean 0 and standard deviation 1 (of the rows themselves: 1/n, or
///                 by their weights), each set by its own: two sets no longer differ in location
///                 and scale
///
/// Weights are divided by their sum, unless that is one within 1e-9; rows of weight zero, before it
/// or after, are left out, and equal weights are none.
struct DataTreatment {
  std::vector<std::string> columns = {};  ///< empty: all of them
  bool drop_missing = false;
  bool drop_constant = false;
  bool dequantise = false;
  bool standardise = false;
  std::uint64_t seed = 1;            ///< of dequantise; column k has stream k
  std::string weight_column = {};    ///< "": none
  std::vector<double> weights = {};  ///< finite and not negative, some positive; empty: none

  bool asks_for_nothing() const {
    return columns.empty() && !drop_missing && !drop_constant && !dequantise && !standardise &&
           weight_column.empty() && weights.empty();
  }
};

/// Numbers as a file has them, columns chosen, before the rest of the treatment.
struct DataTable {
  std::string file = {};                ///< as in messages
  std::vector<std::string> names = {};  ///< of the columns, for messages
  std::vector<std::size_t> lines = {};  ///< at which each row stands; empty where not in lines
  Matrix values = {};                   ///< d × n: one row of the file a column; NaN is missing
  Vector weights = {};                  ///< length n, NaN is missing; empty: none
  std::string weight_name = {};         ///< of their column, for messages
};

/// Points, what was done to the file's rows to get them, and what is worth knowing of them.
struct TreatedPoints {
  Matrix points = {};                     ///< d × n
  std::vector<std::string> columns = {};  ///< what the coordinates are called in the file, d names
  Vector weights = {};  ///< length n, positive, summing to one within 1e-9; empty: equal ones
  std::vector<std::string> notes = {};     ///< "3 of 100 rows dropped: missing values"
  std::vector<std::string> warnings = {};  ///< duplicate rows, ties, a nearly singular covariance
};

/// Which columns a treatment selects as coordinates, counted from 0.
/// @param names  as the file has them, or "1", "2", …
/// @throws InputError  no such column, one selected twice, or none left beside the weights
std::vector<std::size_t> selected_columns(const DataTreatment& treatment,
                                          const std::vector<std::string>& names,
                                          const std::string& file);

/// The column of the weights, counted from 0, if a treatment names one.
/// @throws InputError  no such column
std::optional<std::size_t> weight_column(const DataTreatment& treatment,
                                         const std::vector<std::string>& names,
                                         const std::string& file);

/// Everything of the treatment but the choice of columns.
///
/// @throws InputError  a missing value without drop_missing, an infinite value, no row left, a
///                     negative weight or all of them zero, no column left, a constant column with
///                     standardise, a
///                     quantum that cannot be told
TreatedPoints treated(const DataTable& table, const DataTreatment& treatment);

}  // namespace flowcheck
