#include "measures/points_file.hpp"

#include "measures/csv_table.hpp"
#include "measures/npy.hpp"

#include <fmt/format.h>

#include <utility>

namespace flowcheck {
namespace {

void require_dimension(std::size_t columns, const std::string& file, const InputLimits& limits) {
  if (columns > static_cast<std::size_t>(limits.dimension)) {
    throw InputError(
        fmt::format("{}:1: {} columns, at most {} are read; select some with --columns", file,
                    columns, limits.dimension));
  }
}

// Before the table is made: the numbers given as weights are one a row.
void require_weights(const DataTreatment& treatment, std::size_t rows, const std::string& file) {
  const std::size_t weights = treatment.weights.size();
  if (weights > 0 && weights != rows) {
    throw InputError(fmt::format("{}:1: {} rows, and {} weights for them", file, rows, weights));
  }
}

// Of a treatment's own, or of the column that `values` reads.
template <class Values>
void add_weights(DataTable& table, const DataTreatment& treatment, const Values& values) {
  const std::vector<double>& given = treatment.weights;
  if (!given.empty()) {
    table.weights = Eigen::Map<const Vector>(given.data(), static_cast<Index>(given.size()));
  } else if (!treatment.weight_column.empty()) {
    table.weights = values();
    table.weight_name = treatment.weight_column;
  }
}

}  // namespace

TreatedPoints parse_csv_points(std::string_view text,
                               const std::string& name,
                               const DataTreatment& treatment,
                               const InputLimits& limits) {
  const CsvTable csv(text, name, CsvHeader::detected, limits);
  const std::vector<std::size_t> columns = selected_columns(treatment, csv.names(), name);
  require_dimension(columns.size(), name, limits);
  require_weights(treatment, csv.rows(), name);
  DataTable table{
      .file = name,
      .values = Matrix(static_cast<Index>(columns.size()), static_cast<Index>(csv.rows()))};
  for (std::size_t k = 0; k < columns.size(); ++k) {
    const std::vector<double> numbers = csv.numbers_or_missing(columns[k]);
    table.values.row(static_cast<Index>(k)) =
        Eigen::Map<const Vector>(numbers.data(), table.values.cols()).transpose();
    table.names.push_back(csv.names()[columns[k]]);
  }
  for (std::size_t row = 0; row < csv.rows(); ++row) table.lines.push_back(csv.line(row));
  add_weights(table, treatment, [&]() -> Vector {
    const std::vector<double> numbers =
        csv.numbers_or_missing(*weight_column(treatment, csv.names(), name));
    return Eigen::Map<const Vector>(numbers.data(), table.values.cols());
  });
  return treated(table, treatment);
}

TreatedPoints parse_npy_points(std::string_view bytes,
                               const std::string& name,
                               const DataTreatment& treatment,
                               const InputLimits& limits) {
  const Matrix array = parse_npy(bytes, name, limits);
  std::vector<std::string> names;
  for (Index k = 1; k <= array.rows(); ++k) names.push_back(std::to_string(k));
  const std::vector<std::size_t> columns = selected_columns(treatment, names, name);
  require_dimension(columns.size(), name, limits);
  require_weights(treatment, static_cast<std::size_t>(array.cols()), name);
  DataTable table{.file = name, .values = Matrix(static_cast<Index>(columns.size()), array.cols())};
  for (std::size_t k = 0; k < columns.size(); ++k) {
    table.values.row(static_cast<Index>(k)) = array.row(static_cast<Index>(columns[k]));
    table.names.push_back(names[columns[k]]);
  }
  add_weights(table, treatment, [&]() -> Vector {
    return array.row(static_cast<Index>(*weight_column(treatment, names, name)));
  });
  return treated(table, treatment);
}

}  // namespace flowcheck
