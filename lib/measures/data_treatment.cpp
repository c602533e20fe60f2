#include "measures/data_treatment.hpp"

#include "measures/csv_table.hpp"
#include "measures/input_file.hpp"
#include "numerics/rng.hpp"
#include "numerics/spd.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>
#include <utility>

namespace flowcheck {
namespace {

constexpr double largest_condition =
    1e8;  // of the correlations: beyond it half the digits are lost

// The rows that stay, and where in the file they stand.
class Rows {
 public:
  explicit Rows(const DataTable& table)
      : table_(table), kept_(static_cast<std::size_t>(table.values.cols())) {
    std::iota(kept_.begin(), kept_.end(), Index{0});
  }

  // Without a treatment of missing values the first one is the end.
  void drop_missing(bool asked_for, TreatedPoints& result) {
    const std::size_t before = kept_.size();
    std::erase_if(kept_, [&](Index row) {
      const auto point = table_.values.col(row);
      bool missing = false;
      for (Index k = 0; k < point.size(); ++k) {
        missing = is_missing(row, name_of(k), point(k), asked_for) || missing;
      }
      if (weighted()) {
        const double weight = table_.weights(row);
        missing = is_missing(row, table_.weight_name, weight, asked_for) || missing;
        if (weight < 0.0) fail(row, table_.weight_name, "is below 0; expected weights");
      }
      return missing;
    });
    if (kept_.empty()) throw InputError(table_.file + ":1: no row without a missing value");
    if (asked_for) {
      result.notes.push_back(
          fmt::format("{} of {} rows dropped: missing values", before - kept_.size(), before));
    }
  }

  // A point without mass is none.
  void drop_weightless(TreatedPoints& result) {
    if (!weighted()) return;
    const std::size_t before = kept_.size();
    std::erase_if(kept_, [&](Index row) { return table_.weights(row) == 0.0; });
    if (kept_.empty()) throw InputError(table_.file + ":1: all weights are zero");
    if (kept_.size() < before) {
      result.notes.push_back(
          fmt::format("{} of {} rows left out: weight zero", before - kept_.size(), before));
    }
  }

  // Divided by their sum, unless that is one to within what ten digits say; a row whose weight is
  // none then has none. Empty where all are equal: those are 1/n without rounding.
  Vector take_weights(TreatedPoints& result) {
    if (!weighted()) return {};
    Vector weights = table_.weights(kept_);
    const double largest = weights.maxCoeff();
    if (weights.minCoeff() == largest) return {};
    if (std::abs(weights.sum() - 1.0) <= 1e-9) return weights;
    result.notes.push_back(fmt::format("weights divided by their sum, {:g}", weights.sum()));
    // By a power of two first: their sum may be no double.
    const int exponent = std::ilogb(largest) + 1;
    weights = weights.unaryExpr([exponent](double w) { return std::ldexp(w, -exponent); }).eval();
    weights /= weights.sum();
    std::vector<Index> heavy;
    for (Index i = 0; i < weights.size(); ++i) {
      if (weights(i) > 0.0) heavy.push_back(i);
    }
    if (heavy.size() == kept_.size()) return weights;
    result.notes.push_back(fmt::format("{} of {} rows left out: weight zero beside the others",
                                       kept_.size() - heavy.size(), kept_.size()));
    weights = weights(heavy).eval();
    for (std::size_t i = 0; i < heavy.size(); ++i) {
      kept_[i] = kept_[static_cast<std::size_t>(heavy[i])];
    }
    kept_.resize(heavy.size());
    return weights.minCoeff() == weights.maxCoeff() ? Vector() : weights;
  }

  Matrix points() const {
    Matrix result(table_.values.rows(), static_cast<Index>(kept_.size()));
    for (Index i = 0; i < result.cols(); ++i) {
      result.col(i) = table_.values.col(kept_[static_cast<std::size_t>(i)]);
    }
    return result;
  }

 private:
  bool weighted() const { return table_.weights.size() > 0; }

  const std::string& name_of(Index column) const {
    return table_.names[static_cast<std::size_t>(column)];
  }

  bool is_missing(Index row, const std::string& name, double value, bool allowed) const {
    if (std::isinf(value)) fail(row, name, "is infinite; expected finite numbers");
    if (std::isnan(value) && !allowed) {
      fail(row, name, "is missing; mend the row, or ask for --drop-missing");
    }
    return std::isnan(value);
  }

  [[noreturn]] void fail(Index row, const std::string& name, const char* what) const {
    if (table_.lines.empty()) {
      throw InputError(fmt::format("{}:1: row {}, column {}: a value {}", table_.file, row + 1,
                                   shown(name), what));
    }
    throw InputError(fmt::format("{}:{}: column {}: a value {}", table_.file,
                                 table_.lines[static_cast<std::size_t>(row)], shown(name), what));
  }

  const DataTable& table_;
  std::vector<Index> kept_;
};

Vector sorted(const Matrix& points, Index k) {
  Vector values = points.row(k);
  std::sort(values.begin(), values.end());
  return values;
}

// Smallest gap between two of the values; infinite where all are the same.
double smallest_gap(const Vector& ascending) {
  double gap = infinity;
  for (Index i = 1; i < ascending.size(); ++i) {
    if (ascending(i) > ascending(i - 1)) gap = std::min(gap, ascending(i) - ascending(i - 1));
  }
  return gap;
}

[[noreturn]] void fail_column(const std::string& file,
                              const TreatedPoints& points,
                              Index k,
                              const char* what) {
  throw InputError(fmt::format("{}:1: column {} {}", file,
                               shown(points.columns[static_cast<std::size_t>(k)]), what));
}

void drop_constant(const std::string& file, TreatedPoints& result) {
  std::vector<Index> kept;
  std::vector<std::string> names;
  std::vector<std::string> dropped;
  for (Index k = 0; k < result.points.rows(); ++k) {
    const bool constant = result.points.row(k).minCoeff() == result.points.row(k).maxCoeff();
    (constant ? dropped : names).push_back(result.columns[static_cast<std::size_t>(k)]);
    if (!constant) kept.push_back(k);
  }
  if (kept.empty()) throw InputError(file + ":1: every column is constant");
  if (dropped.empty()) return;
  result.notes.push_back(fmt::format("constant columns left out: {}", shown(dropped)));
  result.points = result.points(kept, Eigen::all).eval();
  result.columns = std::move(names);
}

void dequantise(const std::string& file, std::uint64_t seed, TreatedPoints& result) {
  double least = infinity;
  double largest = 0.0;
  for (Index k = 0; k < result.points.rows(); ++k) {
    const Vector ascending = sorted(result.points, k);
    double quantum = smallest_gap(ascending);
    if (ascending(0) == ascending(ascending.size() - 1)) {
      if (ascending(0) != std::floor(ascending(0))) {
        fail_column(file, result, k,
                    "is constant and no integer, its quantum cannot be told; leave it out with "
                    "--columns");
      }
      quantum = 1.0;
    }
    Rng rng(seed, static_cast<std::uint64_t>(k));
    for (Index i = 0; i < result.points.cols(); ++i) result.points(k, i) += quantum * rng.uniform();
    least = std::min(least, quantum);
    largest = std::max(largest, quantum);
  }
  if (!result.points.allFinite()) throw InputError(file + ":1: too large to be dequantised");
  result.notes.push_back(fmt::format(
      "dequantised: uniform noise of each column's quantum added, {:g} to {:g}, seed {}", least,
      largest, seed));
}

void standardise(const std::string& file, TreatedPoints& result) {
  constexpr const char* constant =
      "is constant and cannot be standardised; leave it out with --columns";
  const auto n = static_cast<double>(result.points.cols());
  const auto mean = [&](const auto& values) {
    if (result.weights.size() == 0) return values.sum() / n;
    return values.dot(result.weights.transpose()) / result.weights.sum();
  };
  for (Index k = 0; k < result.points.rows(); ++k) {
    auto row = result.points.row(k);
    if (row.minCoeff() == row.maxCoeff()) fail_column(file, result, k, constant);
    // Twice: the spread's own size comes out once the mean is gone. Powers of two keep every digit,
    // and squares neither overflow nor vanish.
    for (int pass = 0; pass < 2; ++pass) {
      const int exponent = std::ilogb(row.cwiseAbs().maxCoeff());
      row = row.unaryExpr([exponent](double x) { return std::ldexp(x, -exponent); }).eval();
      row.array() -= mean(row);
    }
    const double variance = mean(row.cwiseAbs2());
    if (variance == 0.0) fail_column(file, result, k, constant);  // but for rows next to weightless
    row /= std::sqrt(variance);
  }
  result.notes.push_back(
      "standardised: each column by its own mean and standard deviation, now 0 and 1: differences "
      "in location and scale between this set and another are gone");
}

// Of a column by its name, or else by its number.
std::size_t index_of(const std::string& column,
                     const std::vector<std::string>& names,
                     const std::string& file) {
  const auto found = std::find(names.begin(), names.end(), column);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  std::size_t number = 0;
  const char* end = column.data() + column.size();
  const auto [stopped, error] = std::from_chars(column.data(), end, number);
  const bool counted = error == std::errc() && stopped == end;
  if (!counted || number < 1 || number > names.size()) {
    throw InputError(fmt::format("{}:1: no column {}; expected a number from 1 to {}, or one of {}",
                                 file, shown(column), names.size(), shown(names)));
  }
  return number - 1;
}

Index repeated_points(const Matrix& points) {
  std::vector<Index> order(static_cast<std::size_t>(points.cols()));
  std::iota(order.begin(), order.end(), Index{0});
  const auto less = [&points](Index a, Index b) {
    return std::lexicographical_compare(points.col(a).begin(), points.col(a).end(),
                                        points.col(b).begin(), points.col(b).end());
  };
  std::sort(order.begin(), order.end(), less);
  Index repeated = 0;
  for (std::size_t i = 1; i < order.size(); ++i) {
    if (!less(order[i - 1], order[i])) ++repeated;
  }
  return repeated;
}

// λ_max / λ_min of the correlations; constant columns left out.
double correlation_condition(const Matrix& points) {
  Matrix centred = points.colwise() - points.rowwise().mean();
  Index varying = 0;
  for (Index k = 0; k < centred.rows(); ++k) {
    const double norm = centred.row(k).stableNorm();
    if (norm == 0.0 || !std::isfinite(norm)) continue;
    centred.row(varying++) = centred.row(k) / norm;
  }
  if (varying < 2) return 1.0;
  const Matrix correlation = centred.topRows(varying) * centred.topRows(varying).transpose();
  const Vector lambda = symmetric_eigen(correlation).values;
  return lambda(varying - 1) / std::max(lambda(0), 0.0);
}

void warn(TreatedPoints& result) {
  const Matrix& points = result.points;
  const Index d = points.rows();
  const Index n = points.cols();
  if (const Index repeated = repeated_points(points); repeated > 0) {
    result.warnings.push_back(fmt::format("{} of {} rows repeat another", repeated, n));
  }
  std::vector<std::string> constant;
  std::vector<std::string> tied;
  for (Index k = 0; k < d; ++k) {
    const Vector ascending = sorted(points, k);
    Index values = 1;
    for (Index i = 1; i < n; ++i) values += ascending(i) > ascending(i - 1) ? 1 : 0;
    const std::string& name = result.columns[static_cast<std::size_t>(k)];
    if (values == 1 && n > 1) {
      constant.push_back(name);
    } else if (2 * values < n) {
      tied.push_back(name);
    }
  }
  if (!constant.empty()) {
    result.warnings.push_back("constant: " + shown(constant));
  }
  if (!tied.empty()) {
    result.warnings.push_back("ties, fewer values than half the rows: " + shown(tied) +
                              "; --dequantise spreads them");
  }
  if (n <= d) {
    result.warnings.push_back(
        fmt::format("{} rows in dimension {}: the covariance is singular", n, d));
  } else if (const double condition = correlation_condition(points);
             condition > largest_condition) {
    result.warnings.push_back(fmt::format(
        "the covariance is nearly singular: condition {:.1e} of the correlations", condition));
  }
}

}  // namespace

std::vector<std::size_t> selected_columns(const DataTreatment& treatment,
                                          const std::vector<std::string>& names,
                                          const std::string& file) {
  const std::optional<std::size_t> weights = weight_column(treatment, names, file);
  std::vector<std::size_t> selected;
  if (treatment.columns.empty()) {
    for (std::size_t index = 0; index < names.size(); ++index) {
      if (index != weights) selected.push_back(index);
    }
    if (selected.empty()) throw InputError(file + ":1: no column beside the weights");
    return selected;
  }
  for (const std::string& column : treatment.columns) {
    const std::size_t index = index_of(column, names, file);
    if (index == weights) {
      throw InputError(fmt::format("{}:1: column {} holds the weights, it is no coordinate", file,
                                   shown(column)));
    }
    if (std::find(selected.begin(), selected.end(), index) != selected.end()) {
      throw InputError(fmt::format("{}:1: column {} is selected twice", file, shown(column)));
    }
    selected.push_back(index);
  }
  return selected;
}

std::optional<std::size_t> weight_column(const DataTreatment& treatment,
                                         const std::vector<std::string>& names,
                                         const std::string& file) {
  if (treatment.weight_column.empty()) return std::nullopt;
  return index_of(treatment.weight_column, names, file);
}

TreatedPoints treated(const DataTable& table, const DataTreatment& treatment) {
  TreatedPoints result;
  Rows rows(table);
  rows.drop_missing(treatment.drop_missing, result);
  rows.drop_weightless(result);
  result.weights = rows.take_weights(result);
  result.points = rows.points();
  result.columns = table.names;
  if (treatment.drop_constant) drop_constant(table.file, result);
  if (treatment.dequantise) dequantise(table.file, treatment.seed, result);
  if (treatment.standardise) standardise(table.file, result);
  warn(result);
  return result;
}

}  // namespace flowcheck
