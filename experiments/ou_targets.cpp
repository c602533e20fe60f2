#include "ou_targets.hpp"

#include "measures/csv_table.hpp"
#include "measures/data_file.hpp"

#include <fmt/format.h>

#include <limits>
#include <map>
#include <utility>

namespace flowcheck {
namespace {

// Entries start as NaN, so that one that the file lacks is refused with the Gaussian.
struct Entries {
  explicit Entries(Index d)
      : mean(Vector::Constant(d, std::numeric_limits<double>::quiet_NaN())),
        covariance(Matrix::Constant(d, d, std::numeric_limits<double>::quiet_NaN())) {}

  Vector mean;
  Matrix covariance;
};

}  // namespace

std::vector<OuTarget> read_ou_targets() {
  const std::string path = data_file("ou_benchmark/ou_targets.csv");
  const CsvTable table = read_csv_table(path);
  const std::vector<int> dimension = table.integers("dim");
  const std::vector<int> repeat = table.integers("exp");
  const std::vector<std::string>& entry = table.text("entry");
  const std::vector<int> row = table.integers("i");
  const std::vector<int> column = table.integers("j");
  const std::vector<double> value = table.numbers("value");

  std::map<std::pair<int, int>, Entries> targets;
  for (std::size_t k = 0; k < table.rows(); ++k) {
    const int d = dimension[k];
    const bool is_mean = entry[k] == "mean";
    const bool inside =
        d >= 1 && d <= 64 && row[k] >= 0 && row[k] < d && column[k] >= 0 && column[k] <= row[k];
    if (!inside || (!is_mean && entry[k] != "cov")) {
      throw InputError(fmt::format(
          "{}:{}: expected mean or cov with j <= i < dim, the lower triangle", path, k + 2));
    }
    Entries& target = targets.try_emplace({d, repeat[k]}, d).first->second;
    if (is_mean) {
      target.mean(row[k]) = value[k];
    } else {
      target.covariance(row[k], column[k]) = value[k];
      target.covariance(column[k], row[k]) = value[k];
    }
  }

  std::vector<OuTarget> result;
  for (const auto& [key, target] : targets) {
    try {
      result.push_back({.dimension = key.first,
                        .repeat = key.second,
                        .law = Gaussian(target.mean, target.covariance)});
    } catch (const std::invalid_argument& error) {
      throw InputError(
          fmt::format("{}:1: dim {}, exp {}: {}", path, key.first, key.second, error.what()));
    }
  }
  return result;
}

}  // namespace flowcheck
