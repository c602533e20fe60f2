#include "measures/measure_file.hpp"

#include "measures/measure_text.hpp"
#include "measures/pgm.hpp"
#include "measures/pixel_mixture.hpp"
#include "measures/points_file.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <stdexcept>
#include <utility>

namespace flowcheck {
namespace {

[[noreturn]] void fail_covariance(const MeasureText& text,
                                  const std::string& name,
                                  const std::string& what) {
  throw InputError(fmt::format("{}:{}: {}", name, text.covariance_line, what));
}

// Which component it is that the mixture refuses.
[[noreturn]] void fail_component(const MeasureText& text,
                                 const std::string& name,
                                 const std::string& otherwise) {
  for (std::size_t k = 0; k < text.covariances.size(); ++k) {
    try {
      const Gaussian component(text.means.col(static_cast<Index>(k)), text.covariances[k]);
    } catch (const std::invalid_argument& error) {
      fail_covariance(text, name, fmt::format("component {}: {}", k + 1, error.what()));
    }
  }
  fail_covariance(text, name, otherwise);
}

Measure measure_of(const MeasureText& text, const std::string& name) {
  if (text.type == "gaussian") {
    try {
      return Gaussian(text.means.col(0), text.covariances.front());
    } catch (const std::invalid_argument& error) {
      fail_covariance(text, name, error.what());
    }
  }
  try {
    return GaussianMixture(text.weights, text.means, text.covariances);
  } catch (const std::invalid_argument& error) {
    fail_component(text, name, error.what());
  }
}

bool holds_points(const std::string& path) {
  return file_extension(path) == ".csv" || file_extension(path) == ".npy";
}

// The file's wishes and the caller's together.
DataTreatment both(const DataTreatment& file,
                   const DataTreatment& caller,
                   const std::string& name) {
  if (!file.columns.empty() && !caller.columns.empty()) {
    throw InputError(name + ":1: selects columns itself; give no others");
  }
  const auto is_weighted = [](const DataTreatment& treatment) {
    return !treatment.weight_column.empty() || !treatment.weights.empty();
  };
  if (is_weighted(file) && is_weighted(caller)) {
    throw InputError(name + ":1: gives weights itself; give no others");
  }
  const DataTreatment& weighted = is_weighted(file) ? file : caller;
  return {.columns = file.columns.empty() ? caller.columns : file.columns,
          .drop_missing = file.drop_missing || caller.drop_missing,
          .drop_constant = caller.drop_constant,
          .dequantise = file.dequantise || caller.dequantise,
          .standardise = file.standardise || caller.standardise,
          .seed = file.dequantise ? file.seed : caller.seed,
          .weight_column = weighted.weight_column,
          .weights = weighted.weights};
}

MeasureFile read_points(const std::string& path,
                        const DataTreatment& treatment,
                        const InputLimits& limits) {
  const std::string bytes = read_text_file(path, limits.data_bytes);
  TreatedPoints result = file_extension(path) == ".npy"
                             ? parse_npy_points(bytes, path, treatment, limits)
                             : parse_csv_points(bytes, path, treatment, limits);
  PointCloud cloud = result.weights.size() == 0
                         ? PointCloud(std::move(result.points))
                         : PointCloud(std::move(result.points), std::move(result.weights));
  return {.measure = std::move(cloud),
          .columns = std::move(result.columns),
          .notes = std::move(result.notes),
          .warnings = std::move(result.warnings)};
}

MeasureFile read_image(const std::string& path, const InputLimits& limits) {
  const Matrix grey = parse_pgm(read_text_file(path, limits.data_bytes), path, limits);
  return {.measure = pixel_mixture(grey)};
}

}  // namespace

Index dimension(const Measure& measure) {
  return std::visit([](const auto& p) { return p.dimension(); }, measure);
}

std::string_view type_name(const Measure& measure) {
  if (std::holds_alternative<Gaussian>(measure)) return "gaussian";
  if (std::holds_alternative<GaussianMixture>(measure)) return "gaussian_mixture";
  return "points";
}

MeasureFile read_measure(const std::string& path,
                         const DataTreatment& treatment,
                         const InputLimits& limits) {
  if (holds_points(path)) return read_points(path, treatment, limits);
  if (file_extension(path) == ".pgm") return read_image(path, limits);
  if (file_extension(path) != ".json") {
    throw InputError(path + ":1: expected a measure: a file .json, .csv, .npy or .pgm");
  }
  const MeasureText text =
      parse_measure_text(read_text_file(path, limits.file_bytes), path, limits);
  if (text.file.empty()) return {.measure = measure_of(text, path)};
  const std::string file = (std::filesystem::path(path).parent_path() / text.file).string();
  if (!holds_points(file)) return read_image(file, limits);
  return read_points(file, both(text.treatment, treatment, path), limits);
}

}  // namespace flowcheck
